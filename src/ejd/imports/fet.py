"""The timetable in a file of FET: when, where and to whom its activities were fixed.

The format is that of FET 5 and 6 (lalescu.ro/liviu/fet).

FET keeps the solved timetable as constraints: an active ConstraintActivityPreferredStartingTime of weight 100
% says when an activity starts, whether it is Permanently_Locked or not (the flag only tells FET's own
generator what it may move); an active ConstraintActivityPreferredRoom of weight 100 % says where. A lighter
weight is a wish. Home rooms and lists of preferred rooms are wishes about many activities and are not read.
"""

from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from ejd.imports.fet_students import read_student_sets
from ejd.imports.safe_xml import Element, ImportRefused, child_text, parse_xml, read_limited, shown, texts
from ejd.imports.timetable_file import (
    PERIODS_MAX,
    SLOTS_PER_DAY_MAX,
    STUDENT_SETS_MAX,
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

__all__ = ["read_fet", "read_fet_file"]

_UNLIMITED_SEATS: Final = 30_000
"""FET's own default capacity, which stands for a room without a limit."""
_BINDING_PERCENT: Final = 100.0
_NUMBER_DIGITS_MAX: Final = 6
_OFFICIAL_MODE: Final = "Official"


def read_fet_file(path: Path) -> TimetableFile:
    """Return the timetable in a FET file; raises ImportRefused."""
    return read_fet(read_limited(path))


def read_fet(content: bytes) -> TimetableFile:
    """Return the timetable in the bytes of a FET file; raises ImportRefused."""
    root = parse_xml(content, root="fet", made_by="FET")
    mode = child_text(root, "Mode")
    if mode not in {"", _OFFICIAL_MODE}:
        raise ImportRefused(f"The file is in FET's mode “{shown(mode)}”, not “{_OFFICIAL_MODE}”: convert it in FET.")
    return _Reader(root).read()


class _Refusal(Exception):
    def __init__(self, kind: RefusalKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: RefusalKind = kind
        self.reason = reason


class _Start(msgspec.Struct, frozen=True):
    """Names as the constraint gives them; '' where it gives none."""

    day: str
    hour: str


class _Reader:
    def __init__(self, root: Element) -> None:
        self._root = root
        self._activities = tuple(root.iterfind("Activities_List/Activity"))
        self._days = texts(root, "Days_List/Day/Name")
        self._hours = texts(root, "Hours_List/Hour/Name")
        self._subjects = texts(root, "Subjects_List/Subject/Name")
        self._teachers = texts(root, "Teachers_List/Teacher/Name")
        self._rooms = _rooms(root)
        named = Counter(name for activity in self._activities for name in texts(activity, "Students"))
        self._student_sets = read_student_sets(root.find("Students_List"), named)
        self._known = {
            "Subject": frozenset(self._subjects),
            "Teacher": frozenset(self._teachers),
            "Students": frozenset(each.id for each in self._student_sets),
        }
        self._notes: list[str] = []

    def read(self) -> TimetableFile:
        self._refuse_unusable()
        starts, wished = self._starts()
        rooms = self._rooms_of_activities()
        lessons: list[PlannedActivity] = []
        refusals: list[Refused] = []
        periods = 0
        for element in self._activities:
            lesson = _activity(element)
            try:
                placements = self._placements(element, lesson, starts, wished)
            except _Refusal as refusal:
                refusals.append(Refused(lesson.id, refusal.kind, f"{_described(lesson)} {refusal.reason}"))
                placements = ()
            room = rooms.get(lesson.id)
            placed = tuple(Placement(day, slot, room) for day, slot in placements)
            lessons.append(msgspec.structs.replace(lesson, placements=placed))
            periods += len(placed)
            if periods > PERIODS_MAX:
                raise ImportRefused(f"The file places more than {PERIODS_MAX} lessons: export one school at a time.")
        return TimetableFile(
            source_format="fet",
            school_name=child_text(self._root, "Institution_Name"),
            days=cycle(self._days),
            slots_per_day=len(self._hours),
            slot_names=self._hours,
            subjects=tuple(Named(name, name) for name in self._subjects),
            teachers=tuple(Named(name, name) for name in self._teachers),
            rooms=self._rooms,
            classes=tuple(each for each in self._student_sets if isinstance(each, SchoolClass)),
            groups=tuple(each for each in self._student_sets if isinstance(each, TeachingGroup)),
            pupils=tuple(each for each in self._student_sets if isinstance(each, Pupil)),
            lessons=tuple(lessons),
            refusals=tuple(refusals),
            notes=tuple(self._notes),
        )

    def _refuse_unusable(self) -> None:
        """Refuse a file whose timetable has no grid, or whose activities cannot be told apart."""
        for names, what in ((self._days, "Day"), (self._hours, "Hour")):
            if not names:
                raise ImportRefused(f"The file names no {what.lower()}s: open it in FET, enter them and save it again.")
            if len(names) < len(self._root.findall(f"{what}s_List/{what}")):
                raise ImportRefused(f"Two {what.lower()}s of the file share a name or have none: rename them in FET.")
        for found, most, what in (
            (len(self._hours), SLOTS_PER_DAY_MAX, "hours a day"),
            (len(self._student_sets), STUDENT_SETS_MAX, "student sets"),
        ):
            if found > most:
                raise ImportRefused(
                    f"The file has {found} {what} and at most {most} are read: export one school at a time."
                )
        ids = Counter(child_text(element, "Id") for element in self._activities)
        if "" in ids:
            raise ImportRefused("An activity of the file has no Id: open the file in FET and save it again.")
        repeated = [each for each, times in ids.items() if times > 1]
        if repeated:
            raise ImportRefused(f"Several activities have the Id {shown(repeated[0])}: save the file again in FET.")

    def _starts(self) -> tuple[dict[str, set[_Start]], frozenset[str]]:
        """Return the binding starts of each activity, and the activities that have a wished one."""
        starts: dict[str, set[_Start]] = {}
        wished: set[str] = set()
        for element in self._root.iterfind("Time_Constraints_List/ConstraintActivityPreferredStartingTime"):
            activity = child_text(element, "Activity_Id")
            if not _is_active(element):
                continue
            if _is_binding(element):
                start = _Start(child_text(element, "Preferred_Day"), child_text(element, "Preferred_Hour"))
                starts.setdefault(activity, set()).add(start)
            else:
                wished.add(activity)
        return starts, frozenset(wished)

    def _rooms_of_activities(self) -> dict[str, str]:
        known = {room.id for room in self._rooms}
        rooms: dict[str, str] = {}
        for element in self._root.iterfind("Space_Constraints_List/ConstraintActivityPreferredRoom"):
            activity, room = child_text(element, "Activity_Id"), child_text(element, "Room")
            if not (_is_active(element) and _is_binding(element)):
                continue
            if room not in known:
                self._notes.append(
                    f"Activity {shown(activity)} is in room “{shown(room)}”, which the file does not list."
                )
            elif rooms.setdefault(activity, room) != room:
                self._notes.append(
                    f"Activity {shown(activity)} has several rooms; “{shown(rooms[activity])}” was taken."
                )
        return rooms

    def _placements(
        self,
        element: Element,
        lesson: PlannedActivity,
        starts: dict[str, set[_Start]],
        wished: frozenset[str],
    ) -> tuple[tuple[int, int], ...]:
        """Return (day index, slot) of each period of an activity, or raise _Refusal."""
        if not _is_active(element):
            raise _Refusal("inactive", "is switched off in FET: activate it there to have it imported.")
        if not lesson.subject:
            raise _Refusal("no-subject", "has no subject: give it one in FET.")
        if not lesson.student_sets:
            raise _Refusal("no-students", "is taught to nobody: give it students in FET.")
        self._refuse_unknown_names(lesson)
        if lesson.duration_slots == 0:
            raise _Refusal("bad-duration", "has no duration that is a whole number of hours: correct it in FET.")
        found = starts.get(lesson.id, set())
        if len(found) > 1:
            raise _Refusal("several-times", "is fixed at several starting times at once: remove all but one in FET.")
        if not found and lesson.id in wished:
            raise _Refusal(
                "only-a-wish",
                "has a starting time of less than 100 % weight: generate the timetable in FET and fix it.",
            )
        if not found:
            raise _Refusal("no-time", "has no day and hour: generate the timetable in FET and fix it.")
        return self._periods(found.pop(), lesson.duration_slots)

    def _refuse_unknown_names(self, lesson: PlannedActivity) -> None:
        named = {"Subject": (lesson.subject,), "Teacher": lesson.teachers, "Students": lesson.student_sets}
        for kind, names in named.items():
            for name in names:
                if name not in self._known[kind]:
                    reason = f"names “{shown(name)}” ({kind}), which the file does not list: add it in FET."
                    raise _Refusal("unknown-name", reason)

    def _periods(self, start: _Start, duration: int) -> tuple[tuple[int, int], ...]:
        if not start.day or not start.hour:
            raise _Refusal("incomplete-time", "has only a day or only an hour: fix both in FET.")
        for name, names, what in ((start.day, self._days, "day"), (start.hour, self._hours, "hour")):
            if name not in names:
                raise _Refusal(
                    "unknown-name",
                    f"starts at the {what} “{shown(name)}”, which the file does not list: correct it in FET.",
                )
        day, first = self._days.index(start.day), self._hours.index(start.hour) + 1
        last = first + duration - 1
        if last > len(self._hours):
            reason = f"would end in slot {last} of a day of {len(self._hours)}: start it earlier in FET."
            raise _Refusal("past-the-end", reason)
        return tuple((day, slot) for slot in range(first, last + 1))


def _activity(element: Element) -> PlannedActivity:
    division = child_text(element, "Activity_Group_Id")
    return PlannedActivity(
        id=child_text(element, "Id"),
        subject=child_text(element, "Subject"),
        teachers=texts(element, "Teacher"),
        student_sets=texts(element, "Students"),
        duration_slots=_whole_number(child_text(element, "Duration")) or 0,
        # FET writes 0 for an activity that is not split.
        division=None if division in {"", "0"} else division,
    )


def _described(lesson: PlannedActivity) -> str:
    people = ", ".join((*lesson.student_sets, *lesson.teachers))
    return f"Activity {shown(lesson.id)} ({shown(': '.join(part for part in (lesson.subject, people) if part))})"


def _rooms(root: Element) -> tuple[Room, ...]:
    rooms: dict[str, Room] = {}
    for element in root.iterfind("Rooms_List/Room"):
        name = child_text(element, "Name")
        seats = _whole_number(child_text(element, "Capacity"))
        if name:
            rooms.setdefault(name, Room(name, name, None if seats == _UNLIMITED_SEATS else seats))
    return tuple(rooms.values())


def _is_active(element: Element) -> bool:
    """FET before 5.22 wrote no Active element: everything was."""
    return child_text(element, "Active").lower() in {"", "true", "yes"}


def _is_binding(element: Element) -> bool:
    try:
        return float(child_text(element, "Weight_Percentage")) >= _BINDING_PERCENT
    except ValueError:
        return False


def _whole_number(text: str) -> int | None:
    """Return a positive number, None for anything else."""
    fits = text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX
    return int(text) or None if fits else None
