"""The norms for control works (C6), looked up plainly over the facts of `tests.oracle`: day by day, class by class."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from ejd.kernel.control_norms import OFFICIAL
from ejd.kernel.events import control_works as w
from tests import oracle as o

Found = set[tuple[str, str, date, str, int, int, frozenset[str]]]
"""Rule, severity, day, class or journal, found, limit, works."""


@dataclass
class Works:
    """Control works that are to be written, by stream, and the school's norms."""

    planned: dict[str, tuple[w.ControlWorkPlanned, date, int | None]]
    norms: dict[date, w.ControlNorms]


def norms_on(works: Works, day: date) -> w.ControlNorms | None:
    """Answer the norms of a day: the last ones the school adopted, else the official ones."""
    own = [starts for starts in works.norms if starts <= day]
    if own:
        return works.norms[max(own)]
    for one in OFFICIAL:
        if one.first_day <= day <= (one.last_day or date.max):
            return one.norms
    return None


def breaches(facts: o.Facts, works: Works) -> Found:
    """Answer every breach of every rule."""
    found: Found = set()

    def enter(rule: w.NormRule, streams: list[str], where: str, count: int, limit: int) -> None:
        day = max(works.planned[one][1] for one in streams)
        norms = norms_on(works, day)
        if norms is not None and rule not in norms.off:
            severity = "error" if rule in norms.errors else "warning"
            found.add((rule, severity, day, where, count, limit, frozenset(streams)))

    _crowded(facts, works, enter)
    _too_near(facts, works, enter)
    _too_many(facts, works, enter)
    for stream, (planned, day, slot) in works.planned.items():
        _where_it_is(facts, works, enter, stream, planned, day, slot)
    return found


def _limits(works: Works, day: date) -> w.ControlNorms:
    return norms_on(works, day) or w.ControlNorms(source="")


def _crowded(facts: o.Facts, works: Works, enter: object) -> None:
    assert callable(enter)
    for class_id in facts.classes:
        by_day: dict[date, list[str]] = defaultdict(list)
        by_week: dict[tuple[int, int], list[str]] = defaultdict(list)
        for stream, (planned, day, _) in works.planned.items():
            if class_id in facts.journals[planned.journal].classes:
                by_day[day].append(stream)
                by_week[day.isocalendar()[:2]].append(stream)
        for day, streams in by_day.items():
            if _of_a_pupil(facts, works, streams) > _limits(works, day).per_day_max:
                enter("per-day", streams, class_id, _of_a_pupil(facts, works, streams), _limits(works, day).per_day_max)
        for streams in by_week.values():
            limit = _limits(works, max(works.planned[one][1] for one in streams)).per_week_max
            if _of_a_pupil(facts, works, streams) > limit:
                enter("per-week", streams, class_id, _of_a_pupil(facts, works, streams), limit)


def _of_a_pupil(facts: o.Facts, works: Works, streams: list[str]) -> int:
    """Count works as a pupil may have to write them: in one subject only one journal's."""
    journals = [works.planned[one][0].journal for one in streams]
    subjects = {facts.journals[one].subject for one in journals}
    return sum(
        max(journals.count(one) for one in set(journals) if facts.journals[one].subject == subject)
        for subject in subjects
    )


def _too_near(facts: o.Facts, works: Works, enter: object) -> None:
    assert callable(enter)
    for one, (first, first_day, _) in works.planned.items():
        for other, (second, second_day, _) in works.planned.items():
            if (first_day, one) >= (second_day, other):
                continue
            a, b = facts.journals[first.journal], facts.journals[second.journal]
            if (a.subject, a.grade) != (b.subject, b.grade):
                continue
            same_work = first.title.lower().split() == second.title.lower().split()
            if first.journal != second.journal and same_work:
                continue
            limit = _limits(works, second_day).weeks_between_tenths
            days = (second_day - first_day).days
            if days < 7 * limit / 10:
                enter("between", [one, other], second.journal, days, limit)


def _too_many(facts: o.Facts, works: Works, enter: object) -> None:
    assert callable(enter)
    for journal in facts.journals:
        streams = [one for one, (planned, _, _) in works.planned.items() if planned.journal == journal]
        if not streams:
            continue
        plan = facts.plans.get(journal)
        hours = sum(topic.hours for topic in plan[-1][1]) if plan else len(o.due(facts, journal))
        lessons = sum(works.planned[one][0].lessons for one in streams)
        percent = _limits(works, max(works.planned[one][1] for one in streams)).hours_percent_max
        if lessons * 100 > hours * percent:
            enter("hours", streams, journal, lessons, hours * percent // 100)


def _where_it_is(  # noqa: PLR0913 - the work, and where it is
    facts: o.Facts,
    works: Works,
    enter: object,
    stream: str,
    planned: w.ControlWorkPlanned,
    day: date,
    slot: int | None,
) -> None:
    assert callable(enter)
    journal, norms = planned.journal, _limits(works, day)
    page = facts.journals[journal]
    kind = facts.kinds.get(planned.work)
    if norms.written_only and not (kind and kind.written):
        enter("written", [stream], journal, 0, 1)
    if planned.lessons > norms.lessons_max:
        enter("length", [stream], journal, planned.lessons, norms.lessons_max)
    if _after_a_break(facts, journal, day):
        enter("after-break", [stream], journal, 1, 0)
    own = sorted(at for on, at in o.due(facts, journal) if on == day)
    if not own or (slot is not None and slot not in own):
        enter("no-lesson", [stream], journal, 0, 1)
        return
    possible = own if slot is None else [slot]
    _by_the_bells(facts, enter, stream, planned, norms, possible)
    schedules = [one for one in facts.schedules[journal] if one.starts <= day]
    cycle = facts.years[page.year].cycle
    single = len(schedules[-1].entries) <= (cycle.weeks if cycle else 1)
    for class_id in page.classes:
        whole = [
            at
            for other, opened in facts.journals.items()
            if class_id in opened.classes and opened.year == page.year
            for on, at in o.due(facts, other)
            if on == day
        ]
        if day.weekday() == 0 and all(at == min(whole) for at in possible):
            enter("monday-first", [stream], class_id, min(possible), min(whole))
        ends = [at == min(whole) or at + planned.lessons > max(whole) for at in possible]
        if all(ends) and not (single and norms.single_hour_exception):
            enter("first-or-last", [stream], class_id, min(possible), 0)


def _by_the_bells(  # noqa: PLR0913 - the work, its norms and where it may be
    facts: o.Facts,
    enter: object,
    stream: str,
    planned: w.ControlWorkPlanned,
    norms: w.ControlNorms,
    possible: list[int],
) -> None:
    """A work is too short only where it can be written nowhere that day for long enough, and so for long lessons."""
    assert callable(enter)
    page = facts.journals[planned.journal]
    bells = facts.years[page.year].bells.get(page.bells, {})
    wholes, lessons = [], []
    for at in possible:
        whole = 0
        lengths = []
        for number in range(planned.lessons):
            if at + number not in bells:
                return
            bell = bells[at + number]
            lengths.append(bell.ends - bell.starts)
            whole += lengths[-1]
        wholes.append(whole)
        lessons.append(max(lengths))
    if norms.minutes_min and all(whole < norms.minutes_min for whole in wholes):
        enter("too-short", [stream], planned.journal, max(wholes), norms.minutes_min)
    if norms.lesson_minutes_max and all(one > norms.lesson_minutes_max for one in lessons):
        enter("long-lesson", [stream], planned.journal, min(lessons), norms.lesson_minutes_max)


def _after_a_break(facts: o.Facts, journal: str, day: date) -> bool:
    page = facts.journals[journal]
    year = facts.years[page.year]
    taught = o.cycle_days(year, page.grade, page.classes)
    assert year.opened is not None
    before = [on for on in taught if on < day]
    if not before:
        return False
    gap = (max(before) + timedelta(days=n) for n in range(1, (day - max(before)).days))
    return any(
        one.first_day <= on <= one.last_day
        and (
            not (one.grades or one.classes)
            or page.grade in one.grades
            or set(page.classes)
            <= {named for other in year.breaks if other.first_day <= on <= other.last_day for named in other.classes}
        )
        for on in gap
        for one in year.breaks
    )
