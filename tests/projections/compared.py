"""The reports in the words of the oracle, and the questions about a school whose two answers are compared."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache, partial
from typing import Any, get_args

import sqlalchemy as sa

from ejd_projections import curriculum_compared as cc
from ejd_projections import programme as prog
from ejd_projections.control_schedule import control_schedule
from ejd_projections.figures import Mean, Percent
from ejd_projections.fill_completeness import By, FillCounts, fill_completeness
from ejd_projections.fill_counting import Filling, Part
from ejd_projections.gradebook import Gradebook, GradebookPupil, gradebook
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.lesson_course import moment_of
from ejd_projections.lost_lessons import lost_lessons
from ejd_projections.missed_topics import PupilMissed, missed_topics
from ejd_projections.progress import By as ProgressBy
from ejd_projections.progress import ProgressRow, progress
from ejd_projections.school_catalogue import find_year
from ejd_projections.teaching_hours import FIGURES, teaching_hours
from ejd_projections.thematic_plan import thematic_plan
from tests import oracle as o
from tests import oracle_control as n
from tests import oracle_programme as g
from tests import oracle_reports as r
from tests import oracle_substitutions as u

Answer = dict[str, Any]
FILL_BY: tuple[By, ...] = ("journal", "teacher", "class", "subject")
PROGRESS_BY: tuple[ProgressBy, ...] = ("class", "line", "subject", "teacher", "grade", "pupil")
PAGE, PUPILS = 10_000, 500


def day(text: str | None) -> date | None:
    """Answer the date of an ISO text."""
    return None if text is None else date.fromisoformat(text)


def checked(percent: Percent | Mean) -> tuple[int, int]:
    """Answer numerator and denominator, and see that the quotient printed is theirs."""
    if isinstance(percent, Percent):
        assert percent.percent_hundredths == r.half_up(percent.numerator, percent.denominator, 10_000)
    else:
        assert percent.hundredths == r.half_up(percent.numerator, percent.denominator)
    return percent.numerator, percent.denominator


def gradebook_answer(page: Gradebook) -> Answer:
    """Answer D1 in the oracle's words."""
    first, last = date.fromisoformat(page.first), date.fromisoformat(page.last)
    columns = [
        {
            "lesson": one.lesson,
            "key": (day(one.planned_date), one.planned_slot, one.ordinal),
            "placed": (day(one.date), one.slot),
            "topic": (one.topic, one.plan_item),
            "homework": None if one.homework is None else (one.homework, day(one.homework_due), one.homework_minutes),
            "roll_taken": one.roll_taken,
            "cancelled": one.cancelled,
            "extra": one.extra,
            "substitute": one.substitute,
        }
        for one in page.lessons
    ]
    pupils = {one.pupil: _gradebook_pupil(one, first, last) for one in page.pupils}
    assert len(pupils) == len(page.pupils)
    return {"lessons": columns, "pupils": pupils}


def _gradebook_pupil(one: GradebookPupil, first: date, last: date) -> Answer:
    marks = {
        (mark.lesson, mark.work, mark.number): (
            *(mark.value, mark.control_work, mark.recorded_at, mark.version),
            mark.corrected,
        )
        for mark in one.marks
    }
    assert len(marks) == len(one.marks)
    figures = ("marks_counted", "weighted_sum", "weight_sum", "average_hundredths", "lessons", "missed")
    return {
        "days": {at for at in o.days_between(first, last) if any(stay.on(at.isoformat()) for stay in one.stays)},
        "marks": marks,
        "absences": {line.lesson: (line.kind, line.minutes) for line in one.absences},
        "advice": [(advice.lesson, advice.version, advice.text) for advice in one.recommendations],
        "final_marks": {
            mark.period: (
                *(mark.value, mark.proposed, mark.weighted_sum, mark.weight_sum),
                *(mark.recorded_at, mark.corrected),
            )
            for mark in one.final_marks
        },
        "followed": Counter((m.journal, m.lesson, day(m.date), m.work, m.value) for m in one.followed),
    } | {name: getattr(one, name) for name in figures}


def missed_answer(one: PupilMissed) -> Answer:
    """Answer one pupil of D5 in the oracle's words."""
    answer: Answer = {"class": one.class_id, "journals": {}}
    for journal in one.journals:
        assert journal.missed == len(journal.rows)
        assert journal.percent_hundredths == r.half_up(journal.missed, journal.lessons, 10_000)
        rows = [
            {
                "lesson": row.lesson,
                "placed": (day(row.date), row.slot),
                "topic": (row.topic, row.plan_item),
                "kind": row.kind,
                "made_up": (day(row.made_up_on), row.made_up_mark) if row.made_up else None,
            }
            for row in journal.rows
        ]
        answer["journals"][journal.journal] = {"lessons": journal.lessons, "made_up": journal.made_up, "rows": rows}
    figures = ("lessons", "missed", "absent", "excused", "ill", "made_up", "percent_hundredths")
    return answer | {name: getattr(one, name) for name in figures}


def fill_answer(counts: FillCounts) -> Answer:
    """Answer one row of D2 in the oracle's words."""
    parts: dict[str, Filling] = {
        "lesson": counts.lessons,
        "roll": counts.roll,
        "topic": counts.topics,
        "homework": counts.homework,
    }
    names = ("due", "filled", "on_time", "late", "missing", "in_term", "late_days", "late_days_max")
    answer: Answer = {
        part: {name: getattr(one, name) for name in names}
        | {"completeness": checked(one.completeness), "timeliness": checked(one.timeliness)}
        for part, one in parts.items()
    }
    marks = counts.marks
    return answer | {
        "marks": {
            "marks": marks.marks,
            "lessons": checked(marks.lessons),
            "written_begun": checked(marks.written_begun),
            "written_whole": checked(marks.written_whole),
        }
    }


def progress_answer(row: ProgressRow) -> Answer:
    """Answer one row of D4 in the oracle's words."""
    one = row.statistics
    return {
        "pupils": row.pupils,
        "progress": checked(row.progress),
        "statistics": {
            "counts": (one.n5, one.n4, one.n3, one.n2, one.not_attested, one.exempt, one.without_mark, one.n),
            "progress": checked(one.progress),
            "quality": checked(one.quality),
            "degree": checked(one.degree),
            "average": checked(one.average),
        },
    }


@dataclass(frozen=True)
class Difference:
    """A question with two answers."""

    question: str
    oracle: Any
    report: Any


Differences = Iterator[Difference]
Span = tuple[date, date]
"""First and last day."""
Choices = list[dict[str, Any]]
"""What reports are chosen by: names and values of their conditions."""


@dataclass(frozen=True)
class Question:
    """One question: its words, and how to ask both for their differences."""

    words: str
    differences: Callable[[sa.Connection, str], Differences]

    def chosen(self, seed: int, percent: int) -> bool:
        """Answer whether it is among a share of all questions: by its words, so that it stays when a story shrinks."""
        return zlib.crc32(f"{seed} {self.words}".encode()) % 100 < percent


def differences(  # noqa: PLR0913 - what to ask, and how much of it
    c: sa.Connection, facts: o.Facts, now: int, *, thorough: bool = True, seed: int = 0, percent: int = 100
) -> Differences:
    """Ask a share of all questions; see `questions`."""
    for one in questions(facts, now, thorough=thorough):
        if one.chosen(seed, percent):
            yield from one.differences(c, one.words)


def compare(question: str, oracle: Any, report: Any) -> Differences:
    """Answer a difference for each key that differs, so that it can be read."""
    if oracle == report:
        return
    if isinstance(oracle, dict) and isinstance(report, dict):
        for key in [*oracle, *(key for key in report if key not in oracle)]:
            yield from compare(f"{question} {key}", oracle.get(key, "nothing"), report.get(key, "nothing"))
        return
    yield Difference(question, oracle, report)


def questions(facts: o.Facts, now: int, *, thorough: bool = True) -> Iterator[Question]:
    """Answer questions about all journals, classes and periods of every year.

    Thorough: also by each group, subject, teacher and pupil, and about the days around now.
    """
    for year_id, year in list(facts.years.items()):
        if year.opened is None:
            continue
        periods = [period for some in year.schemes.values() for period in some]
        today = o.school_day(facts, now)
        begun = [one for one in periods if one.first_day <= today]
        spans = {(one.first_day, one.last_day) for one in begun}
        if thorough:
            spans.add((year.opened.first_day, year.opened.last_day))
            spans.add((max(year.opened.first_day, today - timedelta(days=9)), today + timedelta(days=2)))
        choices = _choices(facts, year_id, thorough=thorough)
        for days in sorted(spans):
            yield from _about_days(facts, year_id, days, now, choices)
        yield Question(f"control works {year_id}", partial(_control_works, facts, year_id))
        for on in (None, today - timedelta(days=6)):
            yield Question(f"curriculum {year_id} on {on}", partial(_curriculum, facts, year_id, now, on))
            yield Question(f"programme {year_id} on {on}", partial(_programme, facts, year_id, now, on))
            for journal in _in_year(facts, year_id):
                if facts.plans.get(journal):
                    yield Question(f"plan {journal} on {on}", partial(_plan, facts, journal, now, on))
        codes = [one.code for one in (periods if thorough else begun)]
        yield from _about_periods(facts, year_id, (*codes, *r.YEAR_PERIODS), choices)


def compared_answer(row: cc.ComparedRow) -> Answer:
    """Answer one row of the curriculum report in the oracle's words."""
    answer = {
        "week": row.hours_per_week_hundredths,
        "year": row.hours_per_year,
        "load": row.load_hundredths,
        "timetable": row.timetable_hundredths,
        "plan": row.plan_hours,
        "due_year": row.due_year,
        "due": row.due,
        "taught": row.taught,
    }
    differences: Answer = {one.kind: (one.expected, one.found) for one in row.differences}
    return answer | {"differences": differences}


def _curriculum(  # noqa: PLR0913 - the question, and what it is asked of
    facts: o.Facts, year: str, now: int, on: date | None, c: sa.Connection, words: str
) -> Differences:
    opened = find_year(c, year=year)
    asked = (on or o.school_day(facts, now)).isoformat()
    report = cc.curriculum_compared(
        c,
        opened,
        day=min(max(asked, opened.first_day), opened.last_day),
        moment=moment_of(now, facts.timezone, on),
        choice=cc.Choice(),
    )
    rows: dict[Any, Answer] = {}
    for row in report.rows:
        apart = [one for one in row.journals if facts.journals[one].group_kind == "group" and not row.pupil]
        way = (*sorted(one for one in row.journals if one not in apart), *apart)
        rows[row.class_id, row.pupil, row.subject, row.group_kind, *way] = compared_answer(row)
    assert len(rows) == report.total == len(report.rows)
    assert report.differing == sum(bool(row.differences) for row in report.rows)
    yield from compare(words, g.curriculum(facts, year, now, on), rows)


def _programme(  # noqa: PLR0913 - the question, and what it is asked of
    facts: o.Facts, year: str, now: int, on: date | None, c: sa.Connection, words: str
) -> Differences:
    opened = find_year(c, year=year)
    asked = (on or o.school_day(facts, now)).isoformat()
    day = min(max(asked, opened.first_day), opened.last_day)
    journals, moment = find_journals(c, year=year), moment_of(now, facts.timezone, on)
    oracle = g.programme(facts, year, now, on)
    for by in get_args(prog.By):
        report = prog.programme(c, opened, journals, moment, by=by, day=day, limit=PAGE)
        rows = {row.id: asdict(row.counts) for row in report.rows}
        assert len(rows) == report.rows_total == len(report.rows)
        yield from compare(f"{words} by {by}", oracle.get(by, {}), rows)
        if journals:
            yield from compare(f"{words} total", oracle["school"][""], asdict(report.total))


def _plan(  # noqa: PLR0913 - the question, and what it is asked of
    facts: o.Facts, journal: str, now: int, on: date | None, c: sa.Connection, words: str
) -> Differences:
    (found,) = find_journals(c, ids=[journal])
    moment = moment_of(now, facts.timezone, on)
    report = thematic_plan(c, c, find_year(c, year=found.year), found, moment)
    lines = [
        {
            "number": line.number,
            "planned": (day(line.planned_on), day(line.planned_until)),
            "taught": (line.taught, day(line.taught_on), day(line.taught_until)),
            "forecast": (day(line.forecast_on), day(line.forecast_until)),
            "lag_days": line.lag_days,
        }
        for line in report.lines
    ]
    yield from compare(words, g.plan(facts, journal, now, on), lines)
    counts = g.fulfilled(facts, journal, g.until(facts, now, on))
    shortage = report.hours - report.taught - report.ahead
    assert report.shortage == shortage
    figures = ("planned", "taught", "lag", "off_plan", "ahead")
    yield from compare(words, {one: counts[one] for one in figures}, {one: getattr(report, one) for one in figures})
    yield from compare(words, (counts["plan_hours"], counts["shortage"]), (report.hours, max(shortage, 0)))
    assert [len(version) for _, version in facts.plans[journal]] == [one.lines for one in report.versions]


def _control_works(facts: o.Facts, year: str, c: sa.Connection, words: str) -> Differences:
    opened, journals = find_year(c, year=year), _in_year(facts, year)
    first, last = opened.first_day, opened.last_day
    report = control_schedule(c, opened, first=first, last=last, journals=journals, limit=PAGE)
    names = {one: formed.name for one, formed in facts.classes.items()}
    names |= {one: page.name for one, page in facts.journals.items()}
    oracle = n.breaches(facts, n.Works(facts.control_works, facts.control_norms))
    found = {
        (one.rule, one.severity, day(one.day), one.where, one.found, one.limit, frozenset(one.works))
        for one in report.breaches
    }
    expected = {(rule, severity, on, names.get(where, ""), *rest) for rule, severity, on, where, *rest in oracle}
    yield from compare(words, expected, found)
    planned = {one.control_work: (day(one.day), one.slot) for one in report.works if not one.cancelled}
    yield from compare(
        words,
        {one: rest for one, (_, *rest) in facts.control_works.items()},
        {one: list(at) for one, at in planned.items()},
    )
    assert (report.errors, report.warnings) == tuple(
        sum(one.severity == severity for one in report.breaches) for severity in ("error", "warning")
    )


def _hours(facts: o.Facts, year: str, span: Span, now: int, c: sa.Connection, words: str) -> Differences:  # noqa: PLR0913 - the question, and what it is asked of
    opened, moment = find_year(c, year=year), moment_of(now, facts.timezone)
    days = (span[0].isoformat(), span[1].isoformat())
    oracle = u.hours(facts, year, *span, now)
    report = teaching_hours(c, year=opened, days=days, moment=moment)
    rows = {(row.staff, row.month): Counter({name: getattr(row, name) for name in FIGURES}) for row in report.rows}
    assert len(rows) == len(report.rows)
    yield from compare(words, oracle, {key: +row for key, row in rows.items() if +row})
    total: Counter[str] = sum(rows.values(), Counter())
    assert total == +Counter({name: getattr(report.total, name) for name in FIGURES})
    for row in report.rows:
        own_lost = (row.lost_cancelled, row.lost_substituted, row.lost_self_study)
        assert (row.hours, row.lost) == (row.own + row.substituted, sum(own_lost))
    for staff in {staff for staff, _ in oracle}:
        alone = teaching_hours(c, year=opened, days=days, moment=moment, teacher=staff)
        assert alone.rows == [row for row in report.rows if row.staff == staff]


def _lost(facts: o.Facts, year: str, span: Span, now: int, c: sa.Connection, words: str) -> Differences:  # noqa: PLR0913 - the question, and what it is asked of
    report = lost_lessons(
        c,
        year=find_year(c, year=year),
        journals=find_journals(c, year=year),
        days=(span[0].isoformat(), span[1].isoformat()),
        moment=moment_of(now, facts.timezone),
        limit=PAGE,
    )
    rows = {
        one.lesson: {
            "at": (day(one.date), one.slot),
            "why": one.why,
            "whose": sorted(one.teachers),
            "ahead": None if one.make_up_date is None else (day(one.make_up_date), one.make_up_slot),
        }
        for one in report.lessons
    }
    assert len(rows) == report.total == len(report.lessons)
    answer = {"lost": report.lost, "made_up": report.made_up, "rows": rows}
    yield from compare(words, u.not_made_up(facts, year, *span, now), answer)


def _about_days(facts: o.Facts, year: str, span: Span, now: int, choices: Choices) -> Iterator[Question]:
    days = f"{span[0]} {span[1]}"
    yield Question(f"hours {year} {days}", partial(_hours, facts, year, span, now))
    yield Question(f"not made up {year} {days}", partial(_lost, facts, year, span, now))
    for journal in _in_year(facts, year):
        yield Question(f"gradebook {journal} {days}", partial(_gradebook, facts, journal, span))
    for choice in choices:
        if choice and not {"grade", "journals"} & set(choice):
            yield Question(f"missed {choice} {days}", partial(_missed, facts, span, choice))
        if "grade" not in choice:
            fill = r.FillChoice(year, *span, now, **choice)
            for by in FILL_BY:
                yield Question(f"fill {choice} by {by} {days}", partial(_fill, facts, fill, by))


def _about_periods(facts: o.Facts, year: str, periods: Iterable[str], choices: Choices) -> Iterator[Question]:
    for period in periods:
        for choice in choices:
            # The oracle answers all groupings at once; it is asked when the first of them is.
            oracle = cache(partial(r.progress, facts, r.ProgressChoice(year, period, **choice)))
            for by in PROGRESS_BY:
                fields = {"year": year, "period": period, **choice}
                yield Question(f"progress {choice} by {by} {period}", partial(_progress, oracle, fields, by))


def _in_year(facts: o.Facts, year: str) -> list[str]:
    return [journal for journal, opened in facts.journals.items() if opened.year == year]


def _choices(facts: o.Facts, year: str, *, thorough: bool) -> Choices:
    """Answer what reports are chosen by: nothing, a class, and so on."""
    journals = _in_year(facts, year)
    opened = [facts.journals[journal] for journal in journals]
    classes = [one for one, formed in facts.classes.items() if formed.year == year]
    found: Choices = [{}, *({"class_id": one} for one in classes)]
    if not thorough:
        return found
    loads = {load.staff for journal in journals for load in facts.loads.get(journal, ())}
    teachers = loads | {one.substitute for one in facts.lessons.values() if one.substitute}
    subjects = sorted({one.subject for one in opened})
    found += [{"group": one} for one in sorted({one.group for one in opened})]
    found += [{"subject": one} for one in subjects]
    found += [{"teacher": one} for one in sorted(teachers)]
    found += [{"pupil": one} for one in facts.pupils]
    found += [{"grade": one} for one in sorted({facts.classes[one].grade for one in classes})]
    found += [{"journals": tuple(some)} for some in (journals[:1], journals[1:4])]
    found += [{"class_id": one, "subject": subject} for one in classes[:2] for subject in subjects[:2]]
    found += [{"class_id": one, "teacher": teacher} for one in classes[:2] for teacher in sorted(teachers)[:2]]
    return found


def _gradebook(facts: o.Facts, journal: str, span: Span, c: sa.Connection, words: str) -> Differences:
    first, last = span
    page = gradebook(c, journal=journal, first=first.isoformat(), last=last.isoformat())
    yield from compare(words, r.gradebook(facts, journal, first, last), gradebook_answer(page))


def _missed(facts: o.Facts, span: Span, choice: dict[str, str], c: sa.Connection, words: str) -> Differences:
    first, last = span
    report = missed_topics(c, first=first.isoformat(), last=last.isoformat(), limit=PUPILS, **choice)  # type: ignore[arg-type]  # only texts are chosen by
    assert report.pupils_total == len(report.pupils)
    oracle = r.missed_topics(facts, first, last, r.MissedChoice(**choice))
    yield from compare(words, oracle, {one.pupil: missed_answer(one) for one in report.pupils})
    sums = tuple(sum(one[key] for one in oracle.values()) for key in ("missed", "lessons"))
    yield from compare(f"{words} sums", sums, (report.numerator, report.denominator))


def _fill(facts: o.Facts, choice: r.FillChoice, by: By, c: sa.Connection, words: str) -> Differences:
    """Each way of grouping lists the late lessons by another part."""
    names = ("class_id", "group", "subject", "teacher", "pupil", "journals")
    chosen: dict[str, Any] = {name: getattr(choice, name) for name in names}
    part: Part = r.PARTS[FILL_BY.index(by)]
    days: dict[str, Any] = {"year": choice.year, "first": choice.first.isoformat(), "last": choice.last.isoformat()}
    ask = partial(fill_completeness, c, **days, now=choice.now, by=by, part=part, **chosen)
    report = ask(limit=PAGE, rows_limit=PAGE)
    late = {one.lesson: one.days_late for one in report.late}
    for offset in range(PAGE, report.late_total, PAGE):
        late |= {one.lesson: one.days_late for one in ask(limit=PAGE, offset=offset, rows_limit=1).late}
    assert len(late) == report.late_total
    oracle = r.fill(facts, choice, by)
    rows = {row.id: fill_answer(row) for row in report.rows}
    assert len(rows) == report.rows_total == len(report.rows)
    yield from compare(f"{words} total", oracle["total"], fill_answer(report.total))
    yield from compare(f"{words} row", oracle["rows"], rows)
    yield from compare(f"{words} late {part}", oracle["late"][part], late)


def _progress(
    oracle: Callable[[], Answer], fields: dict[str, Any], by: ProgressBy, c: sa.Connection, words: str
) -> Differences:
    report = progress(c, by=by, limit=PAGE, **fields)
    rows = {(row.class_id, row.subject) if by == "line" else row.id: progress_answer(row) for row in report.rows}
    assert len(rows) == report.rows_total == len(report.rows)
    yield from compare(f"{words} total", oracle()["total"], progress_answer(report.total))
    yield from compare(f"{words} row", oracle()[by], rows)
