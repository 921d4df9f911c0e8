"""The reports in the words of the oracle, and every question that is asked of a school: a list of differences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from ejd_projections.asking import SelectionError
from ejd_projections.figures import Mean, Percent
from ejd_projections.fill_completeness import By, FillCounts, Part, fill_completeness
from ejd_projections.fill_counting import Filling
from ejd_projections.gradebook import Gradebook, GradebookPupil, gradebook
from ejd_projections.missed_topics import PupilMissed, missed_topics
from ejd_projections.progress import By as ProgressBy
from ejd_projections.progress import ProgressRow, progress
from tests import oracle as o
from tests import oracle_reports as r

Answer = dict[str, Any]
FILL_BY: tuple[By, ...] = ("journal", "teacher", "class", "subject")
PROGRESS_BY: tuple[ProgressBy, ...] = ("class", "line", "subject", "teacher", "grade", "pupil")
PAGE = 10_000


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


def differences(c: sa.Connection, facts: o.Facts, now: int, *, thorough: bool = True) -> Differences:
    """Ask everything: all journals, classes, groups, pupils, subjects, teachers and periods of every year.

    Not thorough: each report once for each journal, class and period, for a big school.
    """
    for year_id, year in list(facts.years.items()):
        if year.opened is None:
            continue
        spans = {
            (period.first_day, period.last_day) for periods in year.schemes.values() for period in periods[:2]
        } | {(year.opened.first_day, year.opened.last_day)}
        today = o.school_day(facts, now)
        if thorough:
            spans.add((max(year.opened.first_day, today - timedelta(days=9)), today + timedelta(days=2)))
        for first, last in sorted(spans):
            yield from _of_gradebooks(c, facts, year_id, first, last)
            yield from _of_missed(c, facts, year_id, (first, last), thorough=thorough)
            yield from _of_fill(c, facts, r.FillChoice(year_id, first, last, now), thorough=thorough)
        codes = [period.code for periods in year.schemes.values() for period in periods]
        for period in (*codes, *r.YEAR_PERIODS):
            yield from _of_progress(c, facts, r.ProgressChoice(year_id, period), thorough=thorough)


def _in_year(facts: o.Facts, year: str) -> list[str]:
    return [journal for journal, opened in facts.journals.items() if opened.year == year]


def compare(question: str, oracle: Any, report: Any) -> Differences:
    """Answer a difference for each key that differs, so that it can be read."""
    if oracle == report:
        return
    if isinstance(oracle, dict) and isinstance(report, dict):
        for key in [*oracle, *(key for key in report if key not in oracle)]:
            yield from compare(f"{question} {key}", oracle.get(key, "nothing"), report.get(key, "nothing"))
        return
    yield Difference(question, oracle, report)


def _of_gradebooks(c: sa.Connection, facts: o.Facts, year: str, first: date, last: date) -> Differences:
    for journal in _in_year(facts, year):
        page = gradebook(c, journal=journal, first=first.isoformat(), last=last.isoformat())
        oracle = r.gradebook(facts, journal, first, last)
        yield from compare(f"gradebook {journal} {first} {last}:", oracle, gradebook_answer(page))


def _places(facts: o.Facts, year: str) -> dict[str, list[str]]:
    """Answer what reports can be chosen by: ids of classes, groups, subjects, teachers, pupils of a year."""
    opened = [facts.journals[journal] for journal in _in_year(facts, year)]
    loads = {load.staff for journal in _in_year(facts, year) for load in facts.loads.get(journal, ())}
    return {
        "class_id": [one for one, formed in facts.classes.items() if formed.year == year],
        "group": sorted({one.group for one in opened}),
        "subject": sorted({one.subject for one in opened}),
        "teacher": sorted(loads | {one.substitute for one in facts.lessons.values() if one.substitute}),
        "pupil": list(facts.pupils),
    }


def _of_missed(
    c: sa.Connection, facts: o.Facts, year: str, days: tuple[date, date], *, thorough: bool
) -> Differences:
    first, last = days
    choices: list[dict[str, str]] = [{"class_id": one} for one in _places(facts, year)["class_id"]]
    if thorough:
        for by in ("group", "subject", "teacher", "pupil"):
            choices += [{by: one} for one in _places(facts, year)[by]]
        choices += [{"journal": one} for one in _in_year(facts, year)]
        choices += [{"class_id": a, "subject": b} for a in _places(facts, year)["class_id"][:2] for b in _places(facts, year)["subject"][:2]]
    for choice in choices:
        report = missed_topics(c, first=first.isoformat(), last=last.isoformat(), limit=500, **choice)  # type: ignore[arg-type]  # names of texts
        assert report.pupils_total == len(report.pupils)
        oracle = r.missed_topics(facts, first, last, r.MissedChoice(**choice))
        question = f"missed topics {choice} {first} {last}:"
        yield from compare(question, oracle, {one.pupil: missed_answer(one) for one in report.pupils})
        sums = tuple(sum(one[key] for one in oracle.values()) for key in ("missed", "lessons"))
        yield from compare(f"{question} sums", sums, (report.numerator, report.denominator))


def _of_fill(c: sa.Connection, facts: o.Facts, choice: r.FillChoice, *, thorough: bool) -> Differences:
    places = _places(facts, choice.year)
    for by in FILL_BY:
        yield from _fill(c, facts, choice, by)
    some = [replace(choice, class_id=one) for one in places["class_id"]]
    if thorough:
        some += [replace(choice, group=one) for one in places["group"]]
        some += [replace(choice, subject=one) for one in places["subject"]]
        some += [replace(choice, teacher=one) for one in places["teacher"]]
        some += [replace(choice, pupil=one) for one in places["pupil"]]
        some.append(replace(choice, journals=_in_year(facts, choice.year)[:2]))
    for index, one in enumerate(some):
        yield from _fill(c, facts, one, FILL_BY[index % 4])


def _fill(c: sa.Connection, facts: o.Facts, choice: r.FillChoice, by: By) -> Differences:
    fields = {
        name: getattr(choice, name)
        for name in ("class_id", "group", "subject", "teacher", "pupil", "journals")
        if getattr(choice, name) is not None
    }
    oracle = r.fill(facts, choice, by)

    def ask(part: Part) -> Any:
        return fill_completeness(
            c,
            year=choice.year,
            first=choice.first.isoformat(),
            last=choice.last.isoformat(),
            now=choice.now,
            by=by,
            part=part,
            limit=PAGE,
            rows_limit=PAGE,
            **fields,
        )

    report = ask("lesson")
    question = f"fill by {by} {fields} {choice.first} {choice.last}:"
    rows = {row.id: fill_answer(row) for row in report.rows}
    assert len(rows) == report.rows_total == len(report.rows)
    yield from compare(f"{question} total", oracle["total"], fill_answer(report.total))
    yield from compare(f"{question} row", oracle["rows"], rows)
    parts = r.PARTS if by == "journal" else r.PARTS[:1]
    for part in parts:
        late = ask(part).late if part != "lesson" else report.late
        yield from compare(f"{question} late {part}", oracle["late"][part], {one.lesson: one.days_late for one in late})


def _of_progress(c: sa.Connection, facts: o.Facts, choice: r.ProgressChoice, *, thorough: bool) -> Differences:
    places = _places(facts, choice.year)
    yield from _progress(c, facts, choice, PROGRESS_BY)
    some = [replace(choice, class_id=one) for one in places["class_id"]]
    if thorough:
        some += [replace(choice, group=one) for one in places["group"]]
        some += [replace(choice, subject=one) for one in places["subject"]]
        some += [replace(choice, teacher=one) for one in places["teacher"]]
        some += [replace(choice, pupil=one) for one in places["pupil"]]
        some += [replace(choice, grade=one) for one in (1, 5)]
        some.append(replace(choice, journals=_in_year(facts, choice.year)[:2]))
    for index, one in enumerate(some):
        yield from _progress(c, facts, one, [PROGRESS_BY[index % 6], PROGRESS_BY[(index + 1) % 6]])


def _progress(
    c: sa.Connection, facts: o.Facts, choice: r.ProgressChoice, kinds: Collection[ProgressBy]
) -> Differences:
    names = ("class_id", "grade", "group", "subject", "teacher", "pupil", "journals")
    fields = {name: getattr(choice, name) for name in names if getattr(choice, name) is not None}
    oracle = r.progress(facts, choice)
    for by in kinds:
        report = progress(c, year=choice.year, period=choice.period, by=by, limit=PAGE, **fields)
        question = f"progress by {by} {fields} {choice.period}:"
        key: Callable[[ProgressRow], Any] = _line_key if by == "line" else _id_key
        rows = {key(row): progress_answer(row) for row in report.rows}
        assert len(rows) == report.rows_total == len(report.rows)
        yield from compare(f"{question} total", oracle["total"], progress_answer(report.total))
        yield from compare(f"{question} row", oracle[by], rows)


def _line_key(row: ProgressRow) -> tuple[str, str]:
    return row.class_id, row.subject


def _id_key(row: ProgressRow) -> str:
    return row.id


__all__ = ["Difference", "SelectionError", "differences"]
