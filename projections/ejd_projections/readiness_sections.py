"""The sections of a year's set-up (п. 5, C7): done, partly with what is missing, not started; and who owes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ejd_projections.journal_catalogue import ClassRow, Journal
from ejd_projections.readiness import Ground, group_classes

State: TypeAlias = Literal["done", "partly", "not-started"]
IDS_SHOWN_MAX = 100
"""Ids of one gap; `have` and `need` count all of them."""
WHOLE = 100
HUNDRED = 100

SENTENCES: dict[str, str] = {
    "nothing-yet": "nothing is entered yet",
    "slot-without-times": "{name}: a lesson has no times in this bell schedule",
    "unknown-bells": "{name}: the year has no such bell schedule",
    "unknown-periods": "{name}: the year has no such grading periods",
    "unknown-grading-system": "{name}: the school has no such grading system",
    "rooms-without-capacity": "{need} room(s) without their number of seats",
    "no-class-teacher": "no class teacher",
    "no-pupils": "no pupils",
    "pupils-in-no-group": "{need} pupil(s) in no {name} group",
    "pupils-in-two-groups": "{need} pupil(s) in two {name} groups",
    "group-without-journal": "{name}: the group has no journal",
    "no-journals": "no journals",
    "no-teacher": "{name}: nobody teaches it",
    "no-plan": "{name}: no thematic plan",
    "plan-hours": "{name}: plan {have} h, curriculum {need} h",
    "load-hours": "{name}: load {have_hours} h a week, curriculum {need_hours} h",
    "no-curriculum": "no curriculum",
    "no-journal": "{name}: in the curriculum, but no journal",
    "not-in-timetable": "{name}: not in the timetable",
    "timetable-hours": "{name}: {have} lesson(s) in the timetable, load {need}",
    "no-control-work": "{name}: {need} control work(s) in the plan, {have} in the schedule",
    "staff-without-account": "{name}: no account",
    "pupils-without-parent": "{need} pupil(s) without a parent who has an account",
}
"""By kind of gap what it says; the Russian ones are in `ejd.http.set_up_files`."""


@dataclass(slots=True)
class Owner:
    """Who owes it: the deputy head as such, or a person as class teacher or teacher."""

    role: Literal["deputy-head", "class-teacher", "teacher"]
    staff: str = ""
    name: str = ""


@dataclass(slots=True)
class Gap:
    """One thing that is missing: `about` is the id of the journal, subject, group or person concerned, with `name`.

    `have` and `need` are figures that differ, of a week's load in hundredths of a lesson; `ids` are pupils or rooms, at
    most IDS_SHOWN_MAX of them.
    """

    kind: str
    owner: Owner
    about: str = ""
    name: str = ""
    have: int | None = None
    need: int | None = None
    ids: list[str] = field(default_factory=list)
    sentence: str = ""

    def __post_init__(self) -> None:
        """Say it in a sentence."""
        self.ids = self.ids[:IDS_SHOWN_MAX]
        self.sentence = self.said(SENTENCES, ".")

    def said(self, sentences: Mapping[str, str], point: str) -> str:
        """Answer it in other words; `have_hours` and `need_hours` are hundredths of a lesson, written with a point."""
        have, need = (hours(figure or 0, point) for figure in (self.have, self.need))
        return sentences[self.kind].format(
            name=self.name, have=self.have, need=self.need, have_hours=have, need_hours=need
        )


@dataclass(slots=True)
class Section:
    """One section, of a class or of the school (`class_id` ""): `done` of `total` things are in order."""

    section: str
    class_id: str
    class_name: str
    state: State
    done: int
    total: int
    percent: int
    gaps: list[Gap]


DEPUTY = Owner("deputy-head")


def hours(hundredths: int, point: str = ".") -> str:
    """Answer 200 as 2, and 50 as 0.5."""
    whole, rest = divmod(hundredths, HUNDRED)
    return f"{whole}{point}{rest:02d}".rstrip("0") if rest else str(whole)


def section(name: str, done: int, total: int, gaps: list[Gap], of: ClassRow | None = None) -> Section:
    """Answer a section: without anything to be done it is not started, with a gap never quite 100 %."""
    state: State = "done"
    percent = WHOLE
    if not total or (gaps and not done):
        state, percent = "not-started", 0
        gaps = gaps or [Gap("nothing-yet", DEPUTY)]
    elif gaps:
        state, percent = "partly", min(WHOLE - 1, WHOLE * max(done, 0) // total)
    class_id, class_name = ("", "") if of is None else (of.stream, of.name)
    return Section(name, class_id, class_name, state, done, total, percent, gaps)


def sections_of(g: Ground) -> Iterator[Section]:
    """Answer all sections: those of the school first, then class by class."""
    yield from _school(g)
    for row in g.classes:
        for one in CLASS_SECTIONS:
            yield one(g, row)


def _school(g: Ground) -> Iterator[Section]:
    data = g.calendar.data
    counted: tuple[tuple[str, int], ...] = (
        ("year", 1),
        ("cycle", 0 if data.cycle is None else 1),
        ("breaks", len(data.breaks)),
        ("holidays", len(data.holidays)),
        ("subjects", len(g.subjects)),
        ("staff", g.staff),
        ("regulation", g.regulations),
        ("work-kinds", g.kinds),
        ("classes", len(g.classes)),
    )
    for name, count in counted:
        yield section(name, count, count, [])
    yield _named("periods", "unknown-periods", set(data.schemes), g.classes, lambda row: row.scheme)
    yield _named("grading-systems", "unknown-grading-system", g.systems, g.classes, lambda row: row.grading_system)
    yield _bells(g)
    bare = [row for row in g.rooms if row.capacity is None]
    gaps = [Gap("rooms-without-capacity", DEPUTY, need=len(bare), ids=[row.stream for row in bare])] if bare else []
    yield section("rooms", max(1, len(g.rooms) - len(bare)) if g.rooms else 0, len(g.rooms), gaps)
    yield _staff_accounts(g)


def _named(
    name: str, kind: str, known: set[str], classes: Iterable[ClassRow], code: Callable[[ClassRow], str]
) -> Section:
    """Answer the section of something that classes name by its code."""
    used = {code(row) for row in classes}
    gaps = [Gap(kind, DEPUTY, about=one, name=one) for one in sorted(used - known)]
    return section(name, len(known), len(known | used), gaps)


def _bells(g: Ground) -> Section:
    known = g.calendar.data.bells
    used = {row.bells for row in g.classes} | {journal.bells for journal in g.journals}
    gaps = [Gap("unknown-bells", DEPUTY, about=one, name=one) for one in sorted(used - set(known))]
    missing = {
        (journal.bells, entry.slot)
        for journal in g.journals
        if journal.bells in known and journal.id in g.schedules
        for entry in g.schedules[journal.id].entries
        if g.calendar.bell(journal.bells, entry.slot) is None
    }
    gaps += [Gap("slot-without-times", DEPUTY, about=bells, name=f"{bells}, {slot}") for bells, slot in sorted(missing)]
    return section("bells", len(known), len(set(known) | used) + len(missing), gaps)


def _staff_accounts(g: Ground) -> Section:
    people = {one.staff for own in g.teachers.values() for one in own} | set(g.class_teachers.values())
    without = sorted(people - g.with_account, key=lambda one: (g.names.get(one, ""), one))
    gaps = [Gap("staff-without-account", DEPUTY, about=one, name=g.names.get(one, "")) for one in without]
    return section("staff-accounts", len(people) - len(without), len(people), gaps)


def _class_teacher(g: Ground, row: ClassRow) -> Section:
    gaps = [] if row.stream in g.class_teachers else [Gap("no-class-teacher", DEPUTY)]
    return section("class-teacher", 1 - len(gaps), 1, gaps, row)


def _pupils(g: Ground, row: ClassRow) -> Section:
    count = len(g.members.get(row.stream, ()))
    return section("pupils", count, count, [] if count else [Gap("no-pupils", DEPUTY)], row)


def _groups(g: Ground, row: ClassRow) -> Section:
    """Judge subjects that are taught in subgroups: every pupil is in exactly one group of each of them."""
    owner = class_teacher(g, row)
    pupils = {one.stream for one in g.members.get(row.stream, ())} - g.individual
    split: dict[str, list[Journal]] = {}
    whole = set()
    for journal in g.journals_of(row.stream):
        if journal.group_kind == "class":
            whole.add(journal.subject)
        elif journal.group in g.groups and g.groups[journal.group].kind == "subgroup":
            split.setdefault(journal.subject, []).append(journal)
    gaps, wrong, places = [], 0, 0
    for subject, journals in split.items():
        if subject in whole:
            continue
        places += len(pupils)
        name = journals[0].subject_name
        counts = {one: sum(one in g.in_groups.get(journal.group, ()) for journal in journals) for one in pupils}
        for kind, those in (
            ("pupils-in-no-group", sorted(one for one, count in counts.items() if not count)),
            ("pupils-in-two-groups", sorted(one for one, count in counts.items() if count > 1)),
        ):
            if those:
                wrong += len(those)
                gaps.append(Gap(kind, owner, about=subject, name=name, need=len(those), ids=those))
    kept = {journal.group for journal in g.journals}
    for group in g.groups.values():
        if group.stream not in kept and row.stream in group_classes(group):
            places, wrong = places + 1, wrong + 1
            gaps.append(Gap("group-without-journal", DEPUTY, about=group.stream, name=group.name))
    return section("groups", max(places - wrong, 1 if not places else 0), max(places, 1), gaps, row)


def _journals(g: Ground, row: ClassRow) -> Section:
    count = len(g.journals_of(row.stream))
    return section("journals", count, count, [] if count else [Gap("no-journals", DEPUTY)], row)


def _per_journal(
    name: str,
    g: Ground,
    row: ClassRow,
    judge: Callable[[Ground, Journal], Gap | None],
    *,
    which: list[Journal] | None = None,
) -> Section:
    """Answer a section in which every journal of the class is in order or has one gap."""
    journals = g.journals_of(row.stream) if which is None else which
    gaps = [gap for gap in (judge(g, journal) for journal in journals) if gap is not None]
    return section(name, len(journals) - len(gaps), len(journals), gaps, row)


def _load(g: Ground, row: ClassRow) -> Section:
    def judge(g: Ground, journal: Journal) -> Gap | None:
        return None if g.teachers.get(journal.id) else Gap("no-teacher", DEPUTY, about=journal.id, name=journal.name)

    return _per_journal("load", g, row, judge)


def _plans(g: Ground, row: ClassRow) -> Section:
    """Every journal has a plan, and plans have as many lessons as the curriculum has for the year."""
    journals = g.journals_of(row.stream)
    gaps = [
        Gap("no-plan", teacher(g, journal), about=journal.id, name=journal.name)
        for journal in journals
        if journal.id not in g.plans
    ]
    bare = {gap.about for gap in gaps}
    for way in g.ways.get(row.stream, ()):
        have = sum(g.plans[one.id].hours for one in way.journals if one.id in g.plans)
        need = sum(line.hours_per_year for line in way.lines)
        if way.journals and bare.isdisjoint(one.id for one in way.journals) and have != need:
            last = way.journals[-1]
            name = g.subjects.get(way.subject, last.name)
            gaps.append(Gap("plan-hours", teacher(g, last), about=last.id, name=name, have=have, need=need))
    wrong = len({gap.about for gap in gaps})
    return section("thematic-plans", len(journals) - wrong, len(journals), gaps, row)


def _curriculum(g: Ground, row: ClassRow) -> Section:
    """Every subject of the class's curriculum has a journal, whose load is that of the curriculum."""
    ways = g.ways.get(row.stream, [])
    if row.stream not in g.with_curriculum:
        return section("curriculum", 0, 1, [Gap("no-curriculum", DEPUTY)], row)
    gaps = []
    for way in ways:
        name = g.subjects.get(way.subject, "")
        if not way.journals:
            gaps.append(Gap("no-journal", DEPUTY, about=way.subject, name=name))
            continue
        loads = [one.hours_per_week for journal in way.journals for one in g.teachers.get(journal.id, ())]
        have = sum((load or 0) * HUNDRED for load in loads)
        need = sum(line.hours_per_week_hundredths for line in way.lines)
        if any(loads) and have != need:
            gaps.append(Gap("load-hours", DEPUTY, about=way.subject, name=name, have=have, need=need))
    return section("curriculum", len(ways) - len(gaps), len(ways), gaps, row)


def _timetable(g: Ground, row: ClassRow) -> Section:
    """Compare lessons of one turn of the cycle with the load of as many weeks; a rolling cycle has no weeks."""
    cycle = g.calendar.data.cycle
    weeks = cycle.weeks if cycle is not None and cycle.kind == "weekly" else 0

    def judge(g: Ground, journal: Journal) -> Gap | None:
        schedule = g.schedules.get(journal.id)
        if schedule is None:
            return Gap("not-in-timetable", DEPUTY, about=journal.id, name=journal.name)
        hours = max((one.hours_per_week or 0 for one in g.teachers.get(journal.id, ())), default=0)
        if weeks and hours and len(schedule.entries) != hours * weeks:
            have, need = len(schedule.entries), hours * weeks
            return Gap("timetable-hours", DEPUTY, about=journal.id, name=journal.name, have=have, need=need)
        return None

    return _per_journal("timetable", g, row, judge)


def _control_works(g: Ground, row: ClassRow) -> Section:
    """Every control work of a thematic plan stands in the schedule (ВШК); a class without any has nothing to plan."""
    with_works = [one for one in g.journals_of(row.stream) if one.id in g.plans and g.plans[one.id].control]
    planned = g.journals_of(row.stream) and all(one.id in g.plans for one in g.journals_of(row.stream))

    def judge(g: Ground, journal: Journal) -> Gap | None:
        have, need = g.control_works[journal.id], g.plans[journal.id].control
        if have >= need:
            return None
        return Gap("no-control-work", DEPUTY, about=journal.id, name=journal.name, have=have, need=need)

    if not with_works and planned:
        return section("control-works", 1, 1, [], row)
    return _per_journal("control-works", g, row, judge, which=with_works)


def _parents(g: Ground, row: ClassRow) -> Section:
    pupils = [one.stream for one in g.members.get(row.stream, ())]
    without = [one for one in pupils if g.with_account.isdisjoint(g.guardians.get(one, ()))]
    gaps = []
    if without:
        gaps.append(Gap("pupils-without-parent", class_teacher(g, row), need=len(without), ids=without))
    return section("parent-accounts", len(pupils) - len(without), len(pupils), gaps, row)


CLASS_SECTIONS: tuple[Callable[[Ground, ClassRow], Section], ...] = (
    _class_teacher,
    _pupils,
    _groups,
    _curriculum,
    _journals,
    _load,
    _plans,
    _timetable,
    _control_works,
    _parents,
)


def class_teacher(g: Ground, row: ClassRow) -> Owner:
    """Answer the class teacher, or the deputy head where there is none."""
    person = g.class_teachers.get(row.stream, "")
    return Owner("class-teacher", person, g.names.get(person, "")) if person else DEPUTY


def teacher(g: Ground, journal: Journal) -> Owner:
    """Answer the teacher of a journal, or the deputy head where nobody teaches it."""
    person = g.teacher_of(journal.id)
    return Owner("teacher", person, g.names.get(person, "")) if person else DEPUTY
