"""Control works against the norms: official sets with their days and sources, and every breach of them (C6). Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from ejd.kernel.events.control_works import ControlNorms, NormRule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from ejd.kernel.calendar import Calendar

MONDAY = 0
WEEK_DAYS = 7
LOOK_BACK_DAYS_MAX = 120
"""A break (summer is none) is shorter than that."""

Severity = Literal["error", "warning"]


class NormSet(NamedTuple):
    """Norms that count from the first to the last day, both included; None: still."""

    first_day: date
    last_day: date | None
    norms: ControlNorms


LETTERS_2021 = NormSet(
    date(2021, 8, 6),
    date(2025, 8, 31),
    ControlNorms(
        source="письма Минпросвещения и Рособрнадзора от 06.08.2021 № СК-228/03 и № 01-169/08-01",
        minutes_min=30,
    ),
)
"""At least 30 minutes, one a day and class, one in 2.5 weeks in a subject and parallel, 10 % of the hours (H)."""
ORDER_704 = NormSet(
    date(2025, 9, 1),
    None,
    ControlNorms(
        source="письма от 06.08.2021 № СК-228/03 и № 01-169/08-01, приказ Минпросвещения № 704 (с 01.09.2025)",
        written_only=True,
        minutes_min=30,
        lesson_minutes_max=45,
        off=("per-week", "after-break", "monday-first"),
    ),
)
"""From 01.09.2025 beside it: written, one or two lessons of at most 45 minutes (rules.md, H)."""
OFFICIAL = (LETTERS_2021, ORDER_704)
WITHOUT = ControlNorms(
    source="",
    errors=(),
    off=(
        *("per-day", "per-week", "between", "hours", "first-or-last", "after-break"),
        *("monday-first", "no-lesson", "written", "length"),
        *("too-short", "long-lesson"),
    ),
)
"""Before the first set nothing is asked for."""


def norms_on(adopted: Mapping[date, ControlNorms], day: date) -> ControlNorms:
    """Answer the norms of a day: the school's own, else the official set that counts then."""
    starts = max((one for one in adopted if one <= day), default=None)
    if starts is not None:
        return adopted[starts]
    for one in OFFICIAL:
        if one.first_day <= day and (one.last_day is None or day <= one.last_day):
            return one.norms
    return WITHOUT


class Work(NamedTuple):
    """A control work as it is planned now; `slot` is its first lesson, None: any of the journal's that day."""

    id: str
    journal: str
    subject: str
    grade: int
    classes: tuple[str, ...]
    day: date
    slot: int | None
    lessons: int
    title: str
    written: bool


class Facts(Protocol):
    """What the rules ask of timetable, calendar and plans."""

    @property
    def calendar(self) -> Calendar:
        """The calendar of the year."""
        ...

    def norms(self, day: date) -> ControlNorms:
        """Answer the norms of a day."""
        ...

    def class_slots(self, class_id: str, day: date) -> Collection[int]:
        """Answer the slots in which a class has lessons on a day."""
        ...

    def journal_slots(self, journal: str, day: date) -> Collection[int]:
        """Answer the slots in which a journal has lessons on a day."""
        ...

    def lesson_minutes(self, journal: str, slot: int) -> int | None:
        """Answer how long a lesson of the journal in a slot is by its bells; None: they have no such slot."""
        ...

    def once_a_week(self, journal: str, day: date) -> bool:
        """Say whether the timetable of that day has at most one lesson of the journal a week."""
        ...

    def year_hours(self, journal: str) -> int:
        """Answer the lessons of the journal in the year, by its thematic plan or else by the timetable."""
        ...


class Breach(NamedTuple):
    """A rule that works break: `found` against `limit`; `where` is the class or journal that it is about."""

    rule: NormRule
    severity: Severity
    works: tuple[str, ...]
    day: date
    where: str
    found: int
    limit: int
    source: str


def find_breaches(works: Sequence[Work], facts: Facts, *, about: Collection[str]) -> list[Breach]:
    """Answer the breaches of the norms in which one of the works `about` is, by day and rule; none is cancelled."""
    found: list[Breach] = []
    for rule in (_in_a_day, _in_a_week, _between, _of_the_hours):
        found += rule(works, facts)
    chosen = set(about)
    found = [one for one in found if not chosen.isdisjoint(one.works)]
    for work in works:
        if work.id in chosen:
            found += _alone(work, facts)
    found.sort(key=lambda one: (one.day, one.rule, one.where, one.works))
    return found


def _breach(  # noqa: PLR0913 - the parts of a breach
    facts: Facts, rule: NormRule, works: Sequence[Work], where: str, found: int, limit: int
) -> Iterator[Breach]:
    """Answer the breach, by the norms of the last work's day, unless they leave the rule out."""
    last = max(works, key=lambda one: (one.day, one.id))
    norms = facts.norms(last.day)
    if rule in norms.off:
        return
    severity: Severity = "error" if rule in norms.errors else "warning"
    ids = tuple(sorted(one.id for one in works))
    yield Breach(rule, severity, ids, last.day, where, found, limit, norms.source)


def _in_a_day(works: Sequence[Work], facts: Facts) -> Iterator[Breach]:
    for (class_id, day), own in _by_class(works, lambda day: day).items():
        count, limit = _written_by_one(own), facts.norms(day).per_day_max
        if count > limit:
            yield from _breach(facts, "per-day", own, class_id, count, limit)


def _in_a_week(works: Sequence[Work], facts: Facts) -> Iterator[Breach]:
    for (class_id, _), own in _by_class(works, lambda day: day - timedelta(days=day.weekday())).items():
        count, limit = _written_by_one(own), facts.norms(max(one.day for one in own)).per_week_max
        if count > limit:
            yield from _breach(facts, "per-week", own, class_id, count, limit)


def _by_class(works: Sequence[Work], key: Callable[[date], date]) -> dict[tuple[str, date], list[Work]]:
    found: dict[tuple[str, date], list[Work]] = defaultdict(list)
    for one in works:
        for class_id in one.classes:
            found[class_id, key(one.day)].append(one)
    return found


def _written_by_one(works: Sequence[Work]) -> int:
    """Answer how many works a pupil may have to write: groups of a class write side by side in one subject."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in works:
        counts[one.subject][one.journal] += 1
    return sum(max(by_journal.values()) for by_journal in counts.values())


def _between(works: Sequence[Work], facts: Facts) -> Iterator[Breach]:
    """At most one in 2.5 weeks in a subject per parallel; the same work in other classes of it is the same one."""
    parallels: dict[tuple[str, int], list[Work]] = defaultdict(list)
    for one in works:
        parallels[one.subject, one.grade].append(one)
    for own in parallels.values():
        for first, second in combinations(sorted(own, key=lambda one: (one.day, one.id)), 2):
            limit = facts.norms(second.day).weeks_between_tenths
            another = first.journal == second.journal or _plain(first.title) != _plain(second.title)
            days = (second.day - first.day).days
            if another and 10 * days < WEEK_DAYS * limit:
                yield from _breach(facts, "between", (first, second), second.journal, days, limit)


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())


def _of_the_hours(works: Sequence[Work], facts: Facts) -> Iterator[Breach]:
    by_journal: dict[str, list[Work]] = defaultdict(list)
    for one in works:
        by_journal[one.journal].append(one)
    for journal, own in by_journal.items():
        lessons, limit = sum(one.lessons for one in own), facts.norms(max(one.day for one in own)).hours_percent_max
        hours = facts.year_hours(journal)
        if 100 * lessons > limit * hours:
            yield from _breach(facts, "hours", own, journal, lessons, limit * hours // 100)


def _alone(work: Work, facts: Facts) -> Iterator[Breach]:
    """Look at what a work breaks by its day and lesson."""
    norms, slots = facts.norms(work.day), facts.journal_slots(work.journal, work.day)
    if norms.written_only and not work.written:
        yield from _breach(facts, "written", [work], work.journal, 0, 1)
    if work.lessons > norms.lessons_max:
        yield from _breach(facts, "length", [work], work.journal, work.lessons, norms.lessons_max)
    if first_after_a_break(facts.calendar, work):
        yield from _breach(facts, "after-break", [work], work.journal, 1, 0)
    if not slots or (work.slot is not None and work.slot not in slots):
        yield from _breach(facts, "no-lesson", [work], work.journal, 0, 1)
        return
    possible = slots if work.slot is None else [work.slot]
    yield from _by_the_bells(work, facts, norms, possible)
    days = {one: facts.class_slots(one, work.day) for one in work.classes}
    for class_id, own in days.items():
        if work.day.weekday() == MONDAY and all(slot == min(own) for slot in possible):
            yield from _breach(facts, "monday-first", [work], class_id, min(possible), min(own))
        at_an_end = all(_first_or_last(slot, work.lessons, own) for slot in possible)
        excused = norms.single_hour_exception and facts.once_a_week(work.journal, work.day)
        if at_an_end and not excused:
            yield from _breach(facts, "first-or-last", [work], class_id, min(possible), 0)


def _by_the_bells(work: Work, facts: Facts, norms: ControlNorms, possible: Collection[int]) -> Iterator[Breach]:
    """Look at the time that the bells give the work; wherever they say nothing, nothing is found."""
    times = [
        [facts.lesson_minutes(work.journal, number) for number in range(slot, slot + work.lessons)] for slot in possible
    ]
    known = [[minutes for minutes in own if minutes is not None] for own in times]
    if any(len(own) < work.lessons for own in known):
        return
    longest = max(sum(own) for own in known)
    if norms.minutes_min is not None and longest < norms.minutes_min:
        yield from _breach(facts, "too-short", [work], work.journal, longest, norms.minutes_min)
    lesson = min(max(own) for own in known)
    if norms.lesson_minutes_max is not None and lesson > norms.lesson_minutes_max:
        yield from _breach(facts, "long-lesson", [work], work.journal, lesson, norms.lesson_minutes_max)


def _first_or_last(slot: int, lessons: int, day: Collection[int]) -> bool:
    return slot == min(day) or slot + lessons - 1 >= max(day)


def first_after_a_break(calendar: Calendar, work: Work) -> bool:
    """Say whether a break lies between the work's day and the last day before it with lessons."""
    day, seen = work.day, False
    for _ in range(LOOK_BACK_DAYS_MAX):
        day -= timedelta(days=1)
        if calendar.cycle_day(day, work.grade, work.classes) is not None:
            return seen
        seen = seen or calendar.in_break(day, work.grade, work.classes)
    return False


RULES: dict[NormRule, str] = {
    "per-day": "{found} control works of a class on one day, at most {limit}",
    "per-week": "{found} control works of a class in one week, at most {limit}",
    "between": "{found} days after another one in the subject and parallel, at least {limit} tenths of a week",
    "hours": "{found} lessons of control works, {limit} are allowed by the yearly hours",
    "first-or-last": "in the first or last lesson of the class",
    "after-break": "on the first day after a break",
    "monday-first": "in Monday's first lesson",
    "no-lesson": "the journal has no lesson then",
    "written": "the kind of work is not a written one",
    "length": "{found} lessons long, at most {limit}",
    "too-short": "{found} minutes by the bells, at least {limit}",
    "long-lesson": "a lesson of {found} minutes by the bells, at most {limit}",
}


def in_words(one: Breach) -> str:
    """Answer what is broken, and by which norm: 'per-day: 2 control works … (source)'."""
    words = RULES[one.rule].format(found=one.found, limit=one.limit)
    source = f" ({one.source})" if one.source else ""
    return f"{one.day:%d.%m.%Y}, {one.rule}: {words}{source}"
