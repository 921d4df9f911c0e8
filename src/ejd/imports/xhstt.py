"""The timetable in an XHSTT archive: one instance (a school) with one of its solutions.

An archive may carry several solutions; the first that belongs to the instance is read unless another is
named. An event lasts `Duration` times; the solution splits it into parts, and a part takes as many times as
it lasts in the order of the archive's Times, over the end of a day too (so the format counts; each period is
placed for itself). A part without a time of its own takes the one that the instance fixes.

*Subject*: the event's Course; without one, its event groups except those that hold every event of the
instance, joined with `+` (DK-FG-12 teaches some courses together); without any, the event's own name.

*Split classes*: research instances give the classes of parallel electives to one event only and link the
others to it with a LinkEventsConstraint, leaving them without students (ZA-WD-09: 47 of 278 events). So where
linked events have students in some and none in others, each of them is taught to a teaching group of its own,
drawn from the classes of all.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ejd.imports.safe_xml import Element, ImportRefused, child_text, parse_xml, read_limited, shown
from ejd.imports.timetable_file import (
    PERIODS_MAX,
    SLOTS_PER_DAY_MAX,
    CycleDay,
    Named,
    Placement,
    PlannedActivity,
    Pupil,
    RefusalKind,
    Refused,
    Room,
    SchoolClass,
    TeachingGroup,
    TimetableFile,
)
from ejd.imports.weekdays import cycle
from ejd.imports.xhstt_archive import (
    Event,
    Part,
    Resource,
    ResourceKind,
    Time,
    read_events,
    read_parts,
    read_resources,
    read_times,
)

__all__ = ["read_xhstt", "read_xhstt_file"]


def read_xhstt_file(path: Path, *, solution: str | None = None, instance: str | None = None) -> TimetableFile:
    """Return one school's timetable from an archive; raises ImportRefused."""
    return read_xhstt(read_limited(path), solution=solution, instance=instance)


def read_xhstt(content: bytes, *, solution: str | None = None, instance: str | None = None) -> TimetableFile:
    """Return one school's timetable from an archive's bytes; raises ImportRefused.

    `instance` is an Instance's Id, `solution` a SolutionGroup's Id; the first ones are read where they are
    not given, and a note says which was taken out of how many.
    """
    root = parse_xml(content, root="HighSchoolTimetableArchive", made_by="an XHSTT archive's publisher")
    school, instance_notes = _choose(root.findall("Instances/Instance"), instance, "instance")
    groups = [
        group
        for group in root.iterfind("SolutionGroups/SolutionGroup")
        if any(each.get("Reference") == school.get("Id") for each in group.iterfind("Solution"))
    ]
    if not groups and solution is None:
        notes = (*instance_notes, "The archive has no solution, so only events with a fixed time are placed.")
        return _Reader(school, {}, notes).read()
    group, solution_notes = _choose(groups, solution, "solution")
    solved = next(each for each in group.iterfind("Solution") if each.get("Reference") == school.get("Id"))
    return _Reader(school, read_parts(solved), (*instance_notes, *solution_notes)).read()


def _choose(found: list[Element], wanted: str | None, what: str) -> tuple[Element, tuple[str, ...]]:
    """Return the wanted or the first element, and a note where there was a choice."""
    ids = [each.get("Id", "") for each in found]
    if not found:
        raise ImportRefused(f"The archive has no {what}: choose an archive that carries one.")
    if wanted is not None and wanted not in ids:
        raise ImportRefused(f"The archive has no {what} “{shown(wanted)}”: choose one of {shown(', '.join(ids))}.")
    chosen = found[0] if wanted is None else found[ids.index(wanted)]
    if len(found) == 1:
        return chosen, ()
    others = ", ".join(shown(each) for each in ids if each != chosen.get("Id", ""))
    return chosen, (f"Of {len(found)} {what}s “{shown(chosen.get('Id', ''))}” was read; the others are {others}.",)


class _Refusal(Exception):
    def __init__(self, kind: RefusalKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: RefusalKind = kind
        self.reason = reason


class _Reader:
    def __init__(self, instance: Element, parts: dict[str, list[Part]], notes: Iterable[str]) -> None:
        self._instance = instance
        self._parts = parts
        self._notes = list(notes)
        self._resources = {each.id: each for each in read_resources(instance)}
        self._events = read_events(instance)
        times = read_times(instance)
        self._days, self._places = _grid(times)
        self._place_of_time = {time.id: place for place, time in enumerate(times)}
        self._subject_of = _subjects(instance, self._events)
        self._split_groups = self._split()

    def read(self) -> TimetableFile:
        lessons: list[PlannedActivity] = []
        refusals: list[Refused] = []
        periods = 0
        for event in self._events:
            lesson = self._activity(event)
            try:
                placements = self._placements(event, lesson)
            except _Refusal as refusal:
                subject = shown(self._subject_of[event.id].name)
                refusals.append(
                    Refused(event.id, refusal.kind, f"Event {shown(event.id)} ({subject}) {refusal.reason}")
                )
                placements = ()
            lessons.append(msgspec.structs.replace(lesson, placements=placements))
            periods += len(placements)
            if periods > PERIODS_MAX:
                raise ImportRefused(f"The archive places more than {PERIODS_MAX} lessons: export one school at a time.")
        self._note_left_out()
        slots_per_day = max(slot for _, slot in self._places)
        return TimetableFile(
            source_format="xhstt",
            school_name=child_text(self._instance, "MetaData/Name"),
            days=self._days,
            slots_per_day=slots_per_day,
            slot_names=tuple(str(slot) for slot in range(1, slots_per_day + 1)),
            subjects=tuple({subject.id: subject for subject in self._subject_of.values()}.values()),
            teachers=tuple(Named(each.id, each.name) for each in self._of_kind("teacher")),
            rooms=tuple(Room(each.id, each.name) for each in self._of_kind("room")),
            classes=tuple(SchoolClass(each.id, each.name) for each in self._of_kind("class")),
            groups=tuple(self._split_groups.values()),
            pupils=tuple(Pupil(each.id, each.name) for each in self._of_kind("student")),
            lessons=tuple(lessons),
            refusals=tuple(refusals),
            notes=tuple(self._notes),
        )

    def _of_kind(self, *kinds: ResourceKind) -> Iterable[Resource]:
        return (each for each in self._resources.values() if each.kind in kinds)

    def _chosen(self, ids: Iterable[str], *kinds: ResourceKind) -> tuple[str, ...]:
        """Return those ids, each once, whose resource is of one of the kinds."""
        return tuple(
            dict.fromkeys(each for each in ids if each in self._resources and self._resources[each].kind in kinds)
        )

    def _demanded(self, event: Event) -> tuple[str, ...]:
        """Return what the instance gives to the event and what the solution adds for all its parts."""
        return (
            *event.resources,
            *(each for part in self._parts.get(event.id, ()) for each in part.resources),
        )

    def _activity(self, event: Event) -> PlannedActivity:
        demanded = self._demanded(event)
        split = self._split_groups.get(event.id)
        return PlannedActivity(
            id=event.id,
            subject=self._subject_of[event.id].id,
            teachers=self._chosen(demanded, "teacher"),
            student_sets=self._chosen(demanded, "class", "student") if split is None else (split.id,),
            duration_slots=event.duration,
        )

    def _split(self) -> dict[str, TeachingGroup]:
        """Return by event the teaching groups of split classes, by the rule of the module."""
        linked = dict.fromkeys(
            group.get("Reference", "")
            for group in self._instance.iterfind("Constraints/LinkEventsConstraint/AppliesTo/EventGroups/EventGroup")
        )
        events_of: dict[str, list[Event]] = {link: [] for link in linked}
        for event in self._events:
            for link in event.groups:
                if link in events_of:
                    events_of[link].append(event)
        groups: dict[str, TeachingGroup] = {}
        for together in events_of.values():
            students = [self._chosen(self._demanded(event), "class", "student") for event in together]
            drawn_from = tuple(dict.fromkeys(each for some in students for each in some))
            if drawn_from and not all(students):
                names = shown(", ".join(self._resources[each].name for each in drawn_from))
                for event in together:
                    name = f"{self._subject_of[event.id].name} ({names})"
                    groups.setdefault(event.id, TeachingGroup(f"split:{event.id}", name, classes=drawn_from))
        if groups:
            self._notes.append(
                f"{len(groups)} events are parallel electives of the same classes; the archive does not say"
                " who takes which, so each has a teaching group of its own."
            )
        return groups

    def _placements(self, event: Event, lesson: PlannedActivity) -> tuple[Placement, ...]:
        """Return where the event's periods are, in the cycle's order, or raise _Refusal."""
        if not lesson.student_sets:
            raise _Refusal("no-students", "is taught to nobody: give it students in the archive.")
        for each in self._demanded(event):
            if each not in self._resources:
                raise _Refusal(
                    "unknown-name",
                    f"needs “{shown(each)}”, which the archive does not list: add that resource.",
                )
        if event.duration == 0:
            raise _Refusal(
                "bad-duration", "has no duration that is a positive whole number: correct it in the archive."
            )
        parts = self._parts.get(event.id) or [Part(None, "", ())]
        timed = [(part, self._time(event, part, alone=len(parts) == 1), part.duration) for part in parts]
        lengths = [event.duration if duration is None else duration for _, time, duration in timed if time]
        if not lengths:
            raise _Refusal("no-time", "has no time in this solution: choose another solution.")
        if sum(lengths) != event.duration:
            reason = f"has times for {sum(lengths)} of its {event.duration} periods: choose another solution."
            raise _Refusal("incomplete-time", reason)
        placed = [
            placement
            for (part, time, _), length in zip((each for each in timed if each[1]), lengths, strict=True)
            for placement in self._periods(event, part, time, length)
        ]
        if len({(each.day, each.slot) for each in placed}) < len(placed):
            raise _Refusal("twice-at-once", "is at one time more than once in this solution: choose another solution.")
        return tuple(sorted(placed, key=lambda each: (each.day, each.slot)))

    def _time(self, event: Event, part: Part, *, alone: bool) -> str:
        """Return the part's time; a time that the instance fixes is that of an undivided event."""
        return part.time or (event.time if alone else "")

    def _periods(self, event: Event, part: Part, time: str, length: int) -> Iterable[Placement]:
        first = self._place_of_time.get(time)
        if first is None:
            raise _Refusal(
                "unknown-name", f"starts at “{shown(time)}”, which the archive does not list: add that time."
            )
        if first + length > len(self._places):
            raise _Refusal("past-the-end", "would run on after the last time of the cycle: choose another solution.")
        room = next(iter(self._chosen((*part.resources, *event.resources), "room")), None)
        return (Placement(day, slot, room) for day, slot in self._places[first : first + length])

    def _note_left_out(self) -> None:
        unknown = len(self._parts.keys() - {event.id for event in self._events})
        if unknown:
            self._notes.append(f"Events of the solution that the instance does not have were left out: {unknown}.")
        others = sum(1 for _ in self._of_kind("other"))
        if others:
            self._notes.append(
                f"Resources that are neither teachers, rooms, classes nor students were left out: {others}."
            )


def _grid(times: tuple[Time, ...]) -> tuple[tuple[CycleDay, ...], list[tuple[int, int]]]:
    """Return the cycle's days (a day of two weeks is two), and for each time its (day index, slot)."""
    weeks = list(dict.fromkeys(time.week for time in times if time.week))
    day_of: dict[tuple[str, str], int] = {}
    slots: Counter[int] = Counter()
    places: list[tuple[int, int]] = []
    for time in times:
        day = day_of.setdefault((time.week, time.day), len(day_of))
        slots[day] += 1
        places.append((day, slots[day]))
    if max(slots.values()) > SLOTS_PER_DAY_MAX:
        raise ImportRefused(f"A day of the archive has more than {SLOTS_PER_DAY_MAX} times: check the archive's Times.")
    names = {(time.week, time.day): time.day_name for time in times}
    numbered = [weeks.index(week) + 1 if week else None for week, _ in day_of] if len(weeks) > 1 else None
    return cycle([names[key] for key in day_of], numbered), places


def _subjects(instance: Element, events: tuple[Event, ...]) -> dict[str, Named]:
    """Return the subject of each event, by the rule of the module."""
    names = {
        element.get("Id", ""): child_text(element, "Name") or element.get("Id", "")
        for element in instance.iterfind("Events/EventGroups/*")
    }
    sizes = Counter(group for event in events for group in event.groups)
    subjects: dict[str, Named] = {}
    for event in events:
        ids = (event.course,) if event.course else tuple(group for group in event.groups if sizes[group] < len(events))
        name = "+".join(names.get(each, each) for each in ids)
        subjects[event.id] = Named("+".join(ids) or event.id, name or event.name or event.id)
    return subjects
