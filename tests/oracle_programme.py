"""Curriculum, load, timetable and programme (C2, C4, D8), worked out lesson by lesson over the facts of `tests.oracle`.

Written from docs/programme.md. The report counts by arithmetic over cycle days; here every lesson is named.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ejd.kernel.events import curricula as u
from ejd.kernel.events import year as y
from tests import oracle as o

Answer = dict[str, Any]
Lessons = set[tuple[date, int]]
MIDNIGHT = 1440


def until(facts: o.Facts, now: int, on: date | None) -> tuple[date, int]:
    """Answer day and minutes up to which lessons are over."""
    local = datetime.fromtimestamp(now / 1_000_000, tz=ZoneInfo(facts.timezone))
    if on is not None and on < local.date():
        return on, MIDNIGHT
    return local.date(), local.hour * 60 + local.minute


@dataclass
class Course:
    """What became of the lessons of a journal."""

    cycle: Lessons = field(default_factory=set)
    due: Lessons = field(default_factory=set)
    causes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: list[o.Lesson] = field(default_factory=list)
    ahead: list[tuple[date, int, int]] = field(default_factory=list)


def course(facts: o.Facts, journal: str, cut: tuple[date, int], known: tuple[y.Break, ...] | None = None) -> Course:
    """Answer how the lessons went up to a moment; `known`: the breaks that the plan knew, today's by default."""
    opened = facts.journals[journal]
    year = facts.years[opened.year]
    free = replace(year, breaks=year.breaks if known is None else known, holidays=set(), transferred={}, cycle_days={})
    without = replace(facts, years={opened.year: free}, due_of={})
    bells = year.bells.get(opened.bells, {})

    def over(lesson: tuple[date, int]) -> bool:
        day, slot = lesson
        ends = bells[slot].ends if slot in bells else MIDNIGHT
        return (day, ends) <= cut

    found = Course(cycle=o.due(without, journal), due=o.due(facts, journal))
    for day in {day for day, _ in found.cycle | found.due}:
        lost = sum(over(one) for one in found.cycle if one[0] == day)
        lost -= sum(over(one) for one in found.due if one[0] == day)
        breaks = [one for one in year.breaks if one.first_day <= day <= one.last_day]
        own = {named for one in breaks for named in one.classes}
        on_break = any(not (one.grades or one.classes) or opened.grade in one.grades for one in breaks)
        on_break = on_break or set(opened.classes) <= own
        why = "holiday" if day in year.holidays else "in_break" if on_break else "calendar"
        found.causes[why if lost > 0 else "calendar"] += lost
    records = {(one.key[1], one.key[2]): one for one in facts.lessons_of.get(journal, ()) if one.key[3] == 1}
    for one in found.due:
        _due_lesson(found, one, records.get(one), opened.subject, over(one), over)
    for lesson in facts.lessons_of.get(journal, ()):
        if lesson.key[3] != 1 or lesson.key[1:3] not in found.due:
            _beside(found, lesson, opened.subject, over)
    found.held.sort(key=lambda one: (one.day, one.slot, one.key[3], one.stream))
    found.ahead.sort()
    return found


def _given_away(lesson: o.Lesson, subject: str) -> bool:
    return lesson.other_subject not in {"", subject}


def _due_lesson(  # noqa: PLR0913 - the lesson, and where it is
    found: Course, one: tuple[date, int], lesson: o.Lesson | None, subject: str, passed: bool, over: Any
) -> None:
    if lesson is None:
        if passed:
            found.causes["not_held"] += 1
        else:
            found.ahead.append((*one, 1))
        return
    here = over((lesson.day, lesson.slot))
    if lesson.cancelled or _given_away(lesson, subject):
        if passed:
            found.causes["cancelled" if lesson.cancelled else "other_subject"] += 1
        return
    if not here:
        found.causes["moved_later"] += passed
        found.ahead.append((lesson.day, lesson.slot, 1))
    elif lesson.held:
        found.held.append(lesson)
        found.causes["extra"] += not passed
    elif passed:
        found.causes["not_held"] += 1


def _beside(found: Course, lesson: o.Lesson, subject: str, over: Any) -> None:
    """Take a lesson that the timetable does not have."""
    if lesson.cancelled or _given_away(lesson, subject):
        return
    if over((lesson.day, lesson.slot)):
        if lesson.held:
            found.held.append(lesson)
            found.causes["extra"] += 1
    elif lesson.extra or lesson.held:
        found.ahead.append((lesson.day, lesson.slot, lesson.key[3]))


def passed(facts: o.Facts, journal: str, lessons: Lessons, cut: tuple[date, int]) -> int:
    """Count the lessons that are over."""
    opened = facts.journals[journal]
    bells = facts.years[opened.year].bells.get(opened.bells, {})
    return sum((day, bells[slot].ends if slot in bells else MIDNIGHT) <= cut for day, slot in lessons)


# Curriculum against load against timetable against taught.


def curriculum(facts: o.Facts, year: str, now: int, on: date | None) -> dict[tuple[str, ...], Answer]:
    """Answer every row by class, pupil, subject, kind of group and journals."""
    opened = facts.years[year].opened
    assert opened is not None
    day = min(max(on or o.school_day(facts, now), opened.first_day), opened.last_day)
    cut = until(facts, now, on)
    rows: dict[tuple[str, ...], Answer] = {}
    for class_id, formed in facts.classes.items():
        if formed.year != year:
            continue
        here = {one: page for one, page in facts.journals.items() if page.year == year and class_id in page.classes}
        plan = _adopted(facts, year, class_id, day)
        for (subject, kind), ways in _ways(facts, plan, here).items():
            lines = [one for one in plan.lines if (one.subject, one.group_kind) == (subject, kind)] if plan else []
            for way in ways:
                rows[class_id, "", subject, kind, *way] = _row(facts, plan, lines, way, day, cut)
        for pupil in facts.pupils:
            own = _last(facts.curricula_of.get(pupil, {}), day)
            if own and o.class_on(facts, pupil, day) == class_id:
                _pupil_rows(facts, rows, (class_id, pupil, own), here, day, cut)
    return rows


def _last(by_day: dict[date, str], day: date) -> str:
    before = [starts for starts in by_day if starts <= day]
    return by_day[max(before)] if before else ""


def _adopted(facts: o.Facts, year: str, stream: str, day: date) -> u.CurriculumAdopted | None:
    found = facts.curricula.get(_last(facts.curricula_of.get(stream, {}), day))
    return found if found is not None and found.year == year else None


def _ways(
    facts: o.Facts, plan: u.CurriculumAdopted | None, here: dict[str, Any]
) -> dict[tuple[str, str], list[tuple[str, ...]]]:
    lines = {(one.subject, one.group_kind) for one in plan.lines} if plan else set()
    taught: dict[tuple[str, str], list[str]] = {one: [] for one in lines}
    for journal, page in here.items():
        kind = facts.groups[page.group].kind if page.group in facts.groups else ""
        named = (page.subject, kind) in lines
        if not named and kind in {"club", "individual"}:
            continue
        if not named and kind in {"subgroup", "stream"}:
            taught.setdefault((page.subject, ""), []).append(journal)
        else:
            taught.setdefault((page.subject, kind), []).append(journal)
    answer = {}
    for key, journals in taught.items():
        whole = tuple(sorted(one for one in journals if here[one].group_kind == "class"))
        apart = [one for one in journals if here[one].group_kind == "group"]
        answer[key] = [(*whole, one) for one in apart] or [whole]
    return answer


def _pupil_rows(  # noqa: PLR0913 - the pupil, and what there is to be taught by
    facts: o.Facts,
    rows: dict[tuple[str, ...], Answer],
    who: tuple[str, str, str],
    here: dict[str, Any],
    day: date,
    cut: tuple[date, int],
) -> None:
    class_id, pupil, own = who
    plan = facts.curricula.get(own)
    year = facts.classes[class_id].year
    plan = plan if plan is not None and plan.year == year else None
    lines = list(plan.lines) if plan else []
    mine = [one for one in here if o.belongs(facts, pupil, one, day)]
    for subject in {one.subject for one in lines} | {here[one].subject for one in mine}:
        wanted = [one for one in lines if one.subject == subject]
        clubs = {
            one for one in mine if here[one].group in facts.groups and facts.groups[here[one].group].kind == "club"
        }
        way = tuple(sorted(one for one in mine if here[one].subject == subject and (wanted or one not in clubs)))
        if wanted or way:
            rows[class_id, pupil, subject, "", *way] = _row(facts, plan, wanted, way, day, cut)


def _row(  # noqa: PLR0913 - what is held against what
    facts: o.Facts,
    plan: u.CurriculumAdopted | None,
    lines: list[u.CurriculumLine],
    way: tuple[str, ...],
    day: date,
    cut: tuple[date, int],
) -> Answer:
    courses = [course(facts, journal, cut) for journal in way]
    week = sum(one.hours_per_week_hundredths for one in lines) or None
    year = sum(one.hours_per_year for one in lines) or None
    row: Answer = {
        "week": week,
        "year": year,
        "load": _all([_load(facts, one, day) for one in way]),
        "timetable": _all([_weekly(facts, one, day) for one in way]),
        "plan": _all([_plan_hours(facts, one) for one in way]),
        "due_year": sum(len(one.due) for one in courses),
        "due": sum(passed(facts, journal, one.due, cut) for journal, one in zip(way, courses, strict=True)),
        "taught": sum(len(one.held) for one in courses),
    }
    row["differences"] = _differences(row, known=plan is not None, way=way)
    return row


def _all(figures: list[int | None]) -> int | None:
    known = [one for one in figures if one is not None]
    return sum(known) if known and len(known) == len(figures) else None


def _load(facts: o.Facts, journal: str, day: date) -> int | None:
    hours = [
        load.hours
        for load in facts.loads.get(journal, ())
        if load.starts <= day and (load.ends is None or day <= load.ends) and load.hours is not None
    ]
    return 100 * sum(hours) if hours else None


def _weekly(facts: o.Facts, journal: str, day: date) -> int | None:
    cycle = facts.years[facts.journals[journal].year].cycle
    current = None
    for schedule in facts.schedules.get(journal, ()):
        if schedule.starts <= day:
            current = schedule
    if current is None or not current.entries:
        return None
    count = len(current.entries)
    if cycle is None or not cycle.days:
        return 100 * count
    if cycle.kind == "weekly":
        return _half_up(100 * count, cycle.weeks)
    return _half_up(100 * count * len(cycle.weekdays), len(cycle.days))


def _half_up(above: int, below: int) -> int:
    whole, rest = divmod(above, below)
    return whole + (2 * rest >= below)


def _plan_hours(facts: o.Facts, journal: str) -> int | None:
    versions = facts.plans.get(journal)
    return sum(topic.hours for topic in versions[-1][1]) if versions else None


def _differences(row: Answer, *, known: bool, way: tuple[str, ...]) -> dict[str, tuple[int | None, int | None]]:
    found: dict[str, tuple[int | None, int | None]] = {}
    week, year, load, weekly = row["week"], row["year"], row["load"], row["timetable"]
    if not known:
        found["no-curriculum"] = (None, None)
    elif week is None:
        found["not-in-curriculum"] = (None, None)
    if not way:
        return found | {"no-journal": (week, None)}
    if load is None:
        found["no-load"] = (week, None)
    elif week not in {None, load}:
        found["load"] = (week, load)
    if weekly is None:
        found["no-timetable"] = (week, None)
    elif week not in {None, weekly}:
        found["timetable"] = (week, weekly)
    if load is not None and weekly is not None and load != weekly:
        found["timetable-load"] = (load, weekly)
    return found | _yearly(row, year)


def _yearly(row: Answer, year: int | None) -> dict[str, tuple[int | None, int | None]]:
    found: dict[str, tuple[int | None, int | None]] = {}
    if row["plan"] is None:
        found["no-plan"] = (year, None)
    elif year not in {None, row["plan"]}:
        found["plan"] = (year, row["plan"])
    if year not in {None, row["due_year"]}:
        found["year"] = (year, row["due_year"])
    if row["taught"] != row["due"]:
        found["taught"] = (row["due"], row["taught"])
    return found


# How the programme is fulfilled.


def known_breaks(facts: o.Facts, journal: str) -> tuple[y.Break, ...] | None:
    """Answer the breaks as they were said when the first plan was adopted, or first afterwards; None: today's."""
    versions = facts.plans.get(journal)
    said = facts.years[facts.journals[journal].year].breaks_at
    if not versions or not said:
        return None
    before = [breaks for position, breaks in said if position < versions[0][0]]
    return before[-1] if before else said[0][1]


def fulfilled(facts: o.Facts, journal: str, cut: tuple[date, int]) -> Answer:
    """Answer the counts of one journal."""
    one = course(facts, journal, cut, known_breaks(facts, journal))
    versions = facts.plans.get(journal)
    topics = versions[-1][1] if versions else ()
    cycle = passed(facts, journal, one.cycle, cut)
    hours = sum(topic.hours for topic in topics) if versions else cycle
    planned = min(hours, cycle)
    causes = {
        name: one.causes[name]
        for name in (
            *("holiday", "in_break", "calendar", "cancelled"),
            *("other_subject", "moved_later", "not_held", "extra"),
        )
    }
    causes["beyond_plan"] = cycle - planned
    # What the causes explain is the lag: nothing is lost between plan and lessons.
    gained = causes["extra"] + causes["beyond_plan"]
    assert planned - len(one.held) == sum(causes.values()) - 2 * gained
    numbers = {topic.number for topic in topics}
    ahead, taught = len(one.ahead), len(one.held)
    starts = [sum(topic.hours for topic in topics[:place]) for place in range(len(topics))]
    return {
        "journals": 1,
        "without_plan": int(not versions),
        "plan_hours": hours if versions else 0,
        "planned": planned,
        "taught": taught,
        "lag": planned - taught,
        "causes": causes,
        "topics": len(topics),
        "topics_planned": sum(start < planned for start in starts),
        "topics_taught": len(numbers & {lesson.plan_item for lesson in one.held}),
        "off_plan": sum(lesson.plan_item not in numbers for lesson in one.held) if versions else 0,
        "moved": sum((lesson.day, lesson.slot) != lesson.key[1:3] for lesson in one.held),
        "combined": sum(len(topic.combined) for topic in topics),
        "hours_dropped": max(sum(topic.hours for topic in versions[0][1]) - hours, 0) if versions else 0,
        "ahead": ahead,
        "forecast": taught + ahead,
        "shortage": max(hours - taught - ahead, 0) if versions else 0,
    }


def programme(facts: o.Facts, year: str, now: int, on: date | None) -> dict[str, dict[str, Answer]]:
    """Answer the rows of every grouping by id, and the total."""
    opened = facts.years[year].opened
    assert opened is not None
    cut = until(facts, now, on)
    day = min(max(on or o.school_day(facts, now), opened.first_day), opened.last_day)
    found: dict[str, dict[str, Answer]] = defaultdict(dict)
    for journal, page in facts.journals.items():
        if page.year != year:
            continue
        counts = fulfilled(facts, journal, cut)
        profiles = set()
        for one in page.classes:
            plan = _adopted(facts, year, one, day)
            profiles.add(plan.profile if plan else "")
        groups = {
            "journal": {journal},
            "teacher": o.loads_on(facts, journal, day, day),
            "subject": {page.subject},
            "class": {one for one in page.classes if one in facts.classes},
            "grade": {str(page.grade)},
            "profile": profiles,
            "school": {""},
        }
        for by, keys in groups.items():
            for key in keys:
                found[by][key] = _plus(found[by].get(key), counts)
    return found


def _plus(total: Answer | None, one: Answer) -> Answer:
    if total is None:
        return one
    return {
        name: {cause: total[name][cause] + count for cause, count in value.items()}
        if isinstance(value, dict)
        else total[name] + value
        for name, value in one.items()
    }


def plan(facts: o.Facts, journal: str, now: int, on: date | None) -> list[Answer]:
    """Answer the lines of a journal's plan with their days."""
    topics = facts.plans[journal][-1][1]
    one = course(facts, journal, until(facts, now, on), known_breaks(facts, journal))
    due = [day for day, _ in sorted(one.due)]
    ahead = [day for day, _, _ in one.ahead]
    lines = []
    for topic in topics:
        own, due = due[: topic.hours], due[topic.hours :]
        taught = [lesson.day for lesson in one.held if lesson.plan_item == topic.number]
        left = max(0, topic.hours - len(taught))
        coming, ahead = ahead[:left], ahead[left:]
        begun = [*taught, *coming][:1]
        lines.append(
            {
                "number": topic.number,
                "planned": (own[0] if own else None, own[-1] if len(own) == topic.hours else None),
                "taught": (len(taught), min(taught, default=None), max(taught, default=None)),
                "forecast": (min(coming, default=None), max(coming) if coming and len(coming) == left else None),
                "lag_days": (begun[0] - own[0]).days if begun and own else None,
            }
        )
    return lines
