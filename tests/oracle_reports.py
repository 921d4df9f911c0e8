"""The figures of the four reports (D1, D2, D4, D5), worked out plainly over the facts of `tests.oracle`.

A quotient is a pair of integers, numerator and denominator; an answer is made of dicts, tuples and numbers only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ejd.kernel.ids import lesson_stream
from tests import oracle as o

Answer = dict[str, Any]
Quotient = tuple[int, int]
Part = Literal["lesson", "roll", "topic", "homework"]
PARTS: tuple[Part, ...] = ("lesson", "roll", "topic", "homework")
YEAR_PERIODS = ("year", "exam", "overall")


def half_up(numerator: int, denominator: int, times: int = 100) -> int | None:
    """Answer a quotient in hundredths (× 100 again for percent), .5 up; None when nothing stands below the line."""
    if denominator == 0:
        return None
    whole, rest = divmod(times * numerator, denominator)
    return whole + (2 * rest >= denominator)


# D1: the gradebook.


def gradebook(facts: o.Facts, journal: str, first: date, last: date) -> Answer:
    """Answer a journal's page: columns, and by pupil marks, absences, advice, final marks, average, missed lessons."""
    columns = o.recorded_in(facts, journal, first, last)
    pupils: dict[str, Answer] = {}
    members = facts.ever_in.get(facts.journals[journal].group, set())
    belonging = {pupil: o.days_of(facts, pupil, journal, first, last) for pupil in members}
    shown = {pupil for pupil, days in belonging.items() if days}
    for lesson in columns:
        shown |= {pupil for pupil, _, _ in lesson.marks} | set(lesson.lines) | {who for who, _, _ in lesson.advice}
    for pupil in shown:
        days = belonging.get(pupil, set())
        pupils[pupil] = {
            "days": days,
            "marks": {},
            "absences": {},
            "advice": [],
            "final_marks": {},
            "followed": Counter(),
        } | dict.fromkeys(("marks_counted", "weighted_sum", "weight_sum", "lessons", "missed"), 0)
    for lesson in columns:
        _column(facts, journal, lesson, pupils)
    for pupil, row in pupils.items():
        if row["days"]:
            _follow(facts, journal, pupil, row, (first, last))
    for period in _finals_shown(facts, journal, first, last):
        for pupil, mark in facts.finals_of.get((journal, period), {}).items():
            if pupil in pupils:
                pupils[pupil]["final_marks"][period] = (
                    *(mark.value, mark.basis.proposed, mark.basis.weighted_sum, mark.basis.weight_sum),
                    *(mark.at, mark.corrected),
                )
    for one in pupils.values():
        one["average_hundredths"] = half_up(one["weighted_sum"], one["weight_sum"])
    return {"lessons": [_heading(lesson) for lesson in columns], "pupils": pupils}


def _column(facts: o.Facts, journal: str, lesson: o.Lesson, pupils: dict[str, Answer]) -> None:
    """Put one lesson into the rows of the pupils."""
    for (pupil, work, number), mark in lesson.marks.items():
        row = pupils[pupil]
        row["marks"][lesson.stream, work, number] = (
            *(mark.value, mark.control_work, mark.at, mark.version),
            mark.corrected,
        )
        _weigh(facts, journal, work, mark, row)
    for pupil, line in lesson.lines.items():
        pupils[pupil]["absences"][lesson.stream] = (line.kind, line.minutes)
    for pupil, version, text in lesson.advice:
        pupils[pupil]["advice"].append((lesson.stream, version, text))
    if lesson.roll_counts:
        for pupil, row in pupils.items():
            if lesson.day in row["days"]:
                row["lessons"] += 1
                row["missed"] += pupil in lesson.lines and lesson.lines[pupil].kind in o.ABSENT


def _weigh(facts: o.Facts, journal: str, work: str, mark: o.Mark, row: Answer) -> None:
    """Add a mark to the sums, as the grading system of the journal values it."""
    worth = o.meaning(facts, facts.journals[journal].grading_system, mark.value)
    if worth is not None and worth[0] is not None:
        weight = facts.kinds[work].weight if work in facts.kinds else 100
        row["marks_counted"] += 1
        row["weighted_sum"] += worth[0] * weight
        row["weight_sum"] += weight


def _follow(facts: o.Facts, journal: str, pupil: str, row: Answer, span: tuple[date, date]) -> None:
    """Add what follows the pupil from other journals of the subject, of days before it was the pupil's."""
    own = facts.journals[journal]
    for other, opened in facts.journals.items():
        if other == journal or (opened.subject, opened.year) != (own.subject, own.year):
            continue
        if pupil not in facts.ever_in.get(opened.group, ()):
            continue
        for lesson in o.recorded_in(facts, other, *span):
            if (
                lesson.day in row["days"]
                or lesson.day > max(row["days"])
                or not o.belongs(facts, pupil, other, lesson.day)
            ):
                continue
            for (who, work, _), mark in lesson.marks.items():
                if who == pupil:
                    row["followed"][other, lesson.stream, lesson.day, work, mark.value] += 1
                    _weigh(facts, journal, work, mark, row)
            if lesson.roll_counts:
                row["lessons"] += 1
                row["missed"] += pupil in lesson.lines and lesson.lines[pupil].kind in o.ABSENT


def _heading(lesson: o.Lesson) -> Answer:
    homework = lesson.homework
    return {
        "lesson": lesson.stream,
        "key": lesson.key[1:],
        "placed": (lesson.day, lesson.slot),
        "topic": (lesson.topic, lesson.plan_item),
        "homework": None if homework is None else (homework.text, homework.due, homework.minutes),
        "roll_taken": lesson.roll_at is not None,
        "cancelled": lesson.cancelled,
        "extra": lesson.extra,
        "substitute": lesson.substitute,
    }


def _finals_shown(facts: o.Facts, journal: str, first: date, last: date) -> list[str]:
    """Answer the periods of final marks on a page: those it touches, and the year's own where the last one ends."""
    opened = facts.journals[journal]
    periods = facts.years[opened.year].schemes.get(opened.scheme, ())
    shown = [one.code for one in periods if one.first_day <= last and one.last_day >= first]
    if periods and first <= max(one.last_day for one in periods) <= last:
        shown += YEAR_PERIODS
    return shown


# D5: missed topics.


@dataclass
class MissedChoice:
    """Conditions of the report; all that are given must hold."""

    class_id: str | None = None
    group: str | None = None
    journal: str | None = None
    pupil: str | None = None
    subject: str | None = None
    teacher: str | None = None


def missed_topics(facts: o.Facts, first: date, last: date, choice: MissedChoice) -> dict[str, Answer]:
    """Answer by pupil the missed lessons and the figures."""
    journals = [
        journal
        for journal, opened in facts.journals.items()
        if choice.journal in {None, journal}
        and choice.group in {None, opened.group}
        and choice.subject in {None, opened.subject}
        and (choice.teacher is None or choice.teacher in o.loads_on(facts, journal, first, last))
    ]
    found: dict[str, Answer] = {}
    chosen = choice.class_id is not None or choice.pupil is not None
    rolls = {
        journal: [one for one in o.recorded_in(facts, journal, first, last) if one.roll_counts] for journal in journals
    }
    for pupil in list(facts.pupils):
        if choice.pupil not in {None, pupil}:
            continue
        if choice.class_id is not None and o.class_on(facts, pupil, last) != choice.class_id:
            continue
        places = {stay.where for stay in (*facts.pupils[pupil].classes, *facts.pupils[pupil].groups)}
        mine = {
            journal: days
            for journal in journals
            if facts.journals[journal].group in places and (days := o.days_of(facts, pupil, journal, first, last))
        }
        if mine or chosen:
            found[pupil] = _missed_by(facts, pupil, {one: (days, rolls[one]) for one, days in mine.items()}, last)
    return found


def _missed_by(facts: o.Facts, pupil: str, journals: dict[str, tuple[set[date], list[o.Lesson]]], last: date) -> Answer:
    """Answer one pupil's figures and rows by journal; a journal is listed when the pupil had a lesson there."""
    answer: Answer = {"class": o.class_on(facts, pupil, last), "journals": {}}
    answer |= dict.fromkeys(("lessons", "missed", "absent", "excused", "ill", "made_up"), 0)
    for journal, (days, lessons) in journals.items():
        rows: list[Answer] = []
        count = 0
        for lesson in lessons:
            if lesson.day not in days:
                continue
            count += 1
            line = lesson.lines.get(pupil)
            if line is None or line.kind not in o.ABSENT:
                continue
            after = sorted(
                (mark.at, work, number, mark.value)
                for (whose, work, number), mark in lesson.marks.items()
                if whose == pupil and mark.at > line.at
            )
            made_up = (o.school_day(facts, after[0][0]), after[0][3]) if after else None
            rows.append(
                {
                    "lesson": lesson.stream,
                    "placed": (lesson.day, lesson.slot),
                    "topic": (lesson.topic, lesson.plan_item),
                    "kind": line.kind,
                    "made_up": made_up,
                }
            )
            answer[line.kind] += 1
            answer["made_up"] += made_up is not None
        if count:
            made_up_here = sum(row["made_up"] is not None for row in rows)
            answer["journals"][journal] = {"lessons": count, "made_up": made_up_here, "rows": rows}
            answer["lessons"] += count
            answer["missed"] += len(rows)
    answer["percent_hundredths"] = half_up(answer["missed"], answer["lessons"], 10_000)
    return answer


# D2: fill completeness and timeliness.


@dataclass
class FillChoice:
    """Conditions of the report; all that are given must hold."""

    year: str
    first: date
    last: date
    now: int
    class_id: str | None = None
    group: str | None = None
    subject: str | None = None
    teacher: str | None = None
    pupil: str | None = None
    journals: Collection[str] | None = None


@dataclass
class Case:
    """One lesson that has ended and was not cancelled."""

    taking: o.Taking
    journal: str
    owners: set[str]


def fill(facts: o.Facts, choice: FillChoice, by: Literal["journal", "teacher", "class", "subject"]) -> Answer:
    """Answer the figures in total and by journal, teacher, class or subject, and the late lessons by part."""
    cases = list(_cases(facts, choice))
    rows: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        opened = facts.journals[case.journal]
        keys: set[str] = {case.journal}
        if by == "teacher":
            keys = (case.owners or {""}) if choice.teacher is None else {choice.teacher}
        elif by == "class":
            keys = set(opened.classes) if choice.class_id is None else {choice.class_id}
        elif by == "subject":
            keys = {opened.subject}
        for key in keys:
            rows[key].append(case)
    late: dict[str, dict[str, int]] = {}
    for part in PARTS:
        late[part] = {}
        for case in cases:
            days = _entry(facts, case, part, choice.now)[1]
            if days > 0:
                late[part][lesson_stream(*case.taking.key)] = days
    return {
        "total": _counts(facts, cases, choice.now),
        "rows": {key: _counts(facts, some, choice.now) for key, some in rows.items()},
        "late": late,
    }


def _cases(facts: o.Facts, choice: FillChoice) -> Iterable[Case]:
    for journal, opened in facts.journals.items():
        if opened.year != choice.year or (choice.journals is not None and journal not in choice.journals):
            continue
        if choice.class_id is not None and choice.class_id not in opened.classes:
            continue
        if choice.group not in {None, opened.group} or choice.subject not in {None, opened.subject}:
            continue
        for taking in o.taking_place(facts, journal, choice.first, choice.last):
            bell = facts.years[opened.year].bells.get(opened.bells, {}).get(taking.slot)
            if moment(facts, taking.day, 1440 if bell is None else bell.ends) > choice.now:
                continue
            if choice.pupil is not None and not o.belongs(facts, choice.pupil, journal, taking.day):
                continue
            owners = o.givers(facts, taking.key, taking.day)
            if taking.record is not None and taking.record.substitute:
                owners = {taking.record.substitute}
            if choice.teacher is None or choice.teacher in owners:
                yield Case(taking, journal, owners)


def moment(facts: o.Facts, day: date, minutes: int) -> int:
    """Answer the recorded-time value of a school day and minutes since its midnight."""
    midnight = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 - the zone is next
    return int(midnight.replace(tzinfo=ZoneInfo(facts.timezone)).timestamp()) * 1_000_000


def _entry(facts: o.Facts, case: Case, part: Part, now: int) -> tuple[str, int]:
    """Answer the state of one thing that a lesson owes, and the days past its term."""
    rules = o.regulation_on(facts, case.taking.day)
    record = case.taking.record
    topic = None if record is None else record.topic_at
    roll = None if record is None else record.roll_at
    at, days = {
        "topic": (topic, rules.topic_days),
        "roll": (roll, rules.roll_days),
        "homework": (None if record is None or record.homework is None else record.homework_at, rules.homework_days),
        "lesson": _first_of((topic, rules.topic_days), (roll, rules.roll_days)),
    }[part]
    over = moment(facts, case.taking.day + timedelta(days=days), 1440)
    stands = now if at is None else at
    past = 0 if stands < over else (o.school_day(facts, stands) - case.taking.day).days - days
    if at is None:
        return ("missing" if past else "in-term"), past
    return ("late" if past else "on-time"), past


def _first_of(topic: tuple[int | None, int], roll: tuple[int | None, int]) -> tuple[int | None, int]:
    """Answer the first entry with its own term; with neither, the longer term runs."""
    there = [(at, days) for at, days in (topic, roll) if at is not None]
    if not there:
        return None, max(topic[1], roll[1])
    first = min(at for at, _ in there)
    return first, max(days for at, days in there if at == first)


def _counts(facts: o.Facts, cases: list[Case], now: int) -> Answer:
    answer: Answer = {}
    for part in PARTS:
        entries = [_entry(facts, case, part, now) for case in cases]
        states = [state for state, _ in entries]
        late_days = [days for state, days in entries if state == "late"]
        in_term = states.count("in-term")
        filled = states.count("on-time") + states.count("late")
        answer[part] = {
            "due": len(cases),
            "filled": filled,
            "on_time": states.count("on-time"),
            "late": len(late_days),
            "missing": states.count("missing") + in_term,
            "in_term": in_term,
            "late_days": sum(late_days),
            "late_days_max": max(late_days, default=0),
            "completeness": (filled, len(cases)),
            "timeliness": (states.count("on-time"), len(cases) - in_term),
        }
    return answer | {"marks": _marks_entered(facts, cases)}


def _marks_entered(facts: o.Facts, cases: list[Case]) -> Answer:
    marks = with_marks = markable = 0
    works: list[tuple[bool, bool]] = []
    for case in cases:
        system = facts.systems.get(facts.journals[case.journal].grading_system)
        can = system is None or system.scale != "unmarked"
        markable += can
        record = case.taking.record
        if record is None:
            continue
        marks += len(record.marks)
        with_marks += can and bool(record.marks)
        times: dict[str, list[int]] = defaultdict(list)
        for (_, work, _), mark in record.marks.items():
            if work in facts.kinds and facts.kinds[work].written:
                times[work].append(mark.at)
        for work, entered in times.items():
            over = moment(facts, case.taking.day + timedelta(days=facts.kinds[work].mark_days), 1440)
            works.append((min(entered) < over, max(entered) < over))
    return {
        "marks": marks,
        "lessons": (with_marks, markable),
        "written_begun": (sum(begun for begun, _ in works), len(works)),
        "written_whole": (sum(whole for _, whole in works), len(works)),
    }


# D4: progress.


@dataclass
class ProgressChoice:
    """Conditions of the report; all that are given must hold."""

    year: str
    period: str
    class_id: str | None = None
    grade: int | None = None
    group: str | None = None
    subject: str | None = None
    teacher: str | None = None
    pupil: str | None = None
    journals: Collection[str] | None = None


@dataclass
class Results:
    """Who counts, and what each pupil has in each subject: a level, "н/а", "осв" or None (still to be given)."""

    pupils: dict[str, list[str]]
    """By class, also those without pupils."""
    cells: dict[tuple[str, str], int | str | None]
    """By pupil and subject."""
    class_of: dict[str, str]
    by_journals: bool
    assessed: dict[str, set[str]]
    """Journals whose pupils are to be assessed, with those of them who count."""


def span(facts: o.Facts, choice: ProgressChoice) -> tuple[str | None, date, date] | None:
    """Answer scheme (None: the year's own marks), first and last day of a period; None when there is none."""
    year = facts.years[choice.year]
    for scheme, periods in year.schemes.items():
        for period in periods:
            if period.code == choice.period:
                return scheme, period.first_day, period.last_day
    if choice.period in YEAR_PERIODS and year.opened is not None:
        return None, year.opened.first_day, year.opened.last_day
    return None


def answerable(facts: o.Facts, journal: str, first: date, day: date) -> set[str]:
    """Answer who has a journal's load on a period's last day, else those who had it last in the period."""
    now = o.loads_on(facts, journal, day, day)
    if now:
        return now
    ended = [load for load in facts.loads.get(journal, ()) if load.ends is not None and first <= load.ends < day]
    latest = max((load.ends for load in ended if load.ends is not None), default=None)
    return {load.staff for load in ended if load.ends == latest}


def results(facts: o.Facts, choice: ProgressChoice) -> Results:
    """Work out the cells of a choice."""
    found = span(facts, choice)
    assert found is not None
    scheme, first, last = found
    asked = [
        journal
        for journal, opened in facts.journals.items()
        if opened.year == choice.year
        and scheme in {None, opened.scheme}
        and choice.group in {None, opened.group}
        and choice.subject in {None, opened.subject}
        and (choice.teacher is None or choice.teacher in answerable(facts, journal, first, last))
        and (choice.journals is None or journal in choice.journals)
    ]
    by_journals = choice.group is not None or choice.teacher is not None or choice.journals is not None
    assessed = {
        journal: {
            pupil
            for pupil in facts.ever_in.get(facts.journals[journal].group, ())
            if o.belongs(facts, pupil, journal, last)
        }
        for journal in asked
        if _is_assessed(facts, choice, journal, first, last)
    }
    linked = {class_id for journal in asked for class_id in facts.journals[journal].classes}
    whole = not by_journals and choice.subject is None
    classes = [
        class_id
        for class_id, formed in facts.classes.items()
        if formed.year == choice.year
        and choice.class_id in {None, class_id}
        and choice.grade in {None, formed.grade}
        and (class_id in linked or (whole and scheme in {None, formed.scheme}))
    ]
    assessed = {
        journal: members
        for journal, members in assessed.items()
        if not set(classes).isdisjoint(facts.journals[journal].classes)
    }
    counted = {pupil for members in assessed.values() for pupil in members}
    class_of = {}
    pupils: dict[str, list[str]] = {class_id: [] for class_id in classes}
    for pupil in facts.pupils:
        class_id = o.class_on(facts, pupil, last)
        if class_id in pupils and choice.pupil in {None, pupil} and (not by_journals or pupil in counted):
            class_of[pupil] = class_id
            pupils[class_id].append(pupil)
    cells: dict[tuple[str, str], int | str | None] = {}
    best = _best(facts, choice, assessed, class_of)
    for journal, members in assessed.items():
        for pupil in members & set(class_of):
            cell = (pupil, facts.journals[journal].subject)
            if cell in best or choice.period != "exam":
                cells[cell] = best.get(cell)
    if not by_journals:
        cells |= {cell: value for cell, value in best.items() if cell[0] in class_of}
    return Results(pupils, cells, class_of, by_journals, assessed)


def _is_assessed(facts: o.Facts, choice: ProgressChoice, journal: str, first: date, last: date) -> bool:
    """A marked journal in which there are lessons in the period, or final marks of it."""
    system = facts.systems.get(facts.journals[journal].grading_system)
    if system is not None and system.scale == "unmarked":
        return False
    if facts.finals_of.get((journal, choice.period)):
        return True
    if choice.period in {"exam", "overall"}:
        return False
    return bool(o.taking_place(facts, journal, first, last))


def _best(
    facts: o.Facts, choice: ProgressChoice, assessed: dict[str, set[str]], pupils: Collection[str]
) -> dict[tuple[str, str], int | str]:
    """Answer the one final mark of a pupil in a subject.

    That of a journal (of those chosen) that the pupil belongs in, a class's before a group's, the latest decided.
    """
    ranked: dict[tuple[str, str], tuple[tuple[bool, bool, int], int | str]] = {}
    for journal, opened in facts.journals.items():
        if opened.year != choice.year or choice.subject not in {None, opened.subject}:
            continue
        for pupil, mark in facts.finals_of.get((journal, choice.period), {}).items():
            worth = o.meaning(facts, opened.grading_system, mark.value)
            if pupil not in pupils or worth is None:
                continue
            _, level, counts = worth
            value: int | str = max(2, level) if level is not None else "н/а" if counts else "осв"
            rank = (pupil in assessed.get(journal, ()), opened.group_kind == "class", mark.at)
            cell = (pupil, opened.subject)
            if cell not in ranked or ranked[cell][0] < rank:
                ranked[cell] = (rank, value)
    return {cell: value for cell, (_, value) in ranked.items()}


Cells = list[int | str | None]
"""What stands in cells: a level, «н/а», «осв», or None: still to be given."""


def statistics(values: Cells) -> Answer:
    """Answer NetSchool's figures over final marks (rules.md, formulas)."""
    n: dict[int | str | None, int] = dict.fromkeys((5, 4, 3, 2, "н/а", "осв", None), 0)
    for value in values:
        n[value] += 1
    n5, n4, n3, n2, absent = n[5], n[4], n[3], n[2], n["н/а"]
    whole = n5 + n4 + n3 + n2 + absent
    return {
        "counts": (n5, n4, n3, n2, absent, n["осв"], n[None], whole),
        "progress": (n5 + n4 + n3, whole),
        "quality": (n5 + n4, whole),
        "degree": (100 * n5 + 64 * n4 + 36 * n3 + 16 * n2 + 7 * absent, whole),
        "average": (5 * n5 + 4 * n4 + 3 * n3 + 2 * n2, n5 + n4 + n3 + n2),
    }


def _good(value: int | str | None) -> bool:
    return isinstance(value, int) and value >= 3


def _row(pupils: int, figure: Quotient, values: Cells) -> Answer:
    return {"pupils": pupils, "progress": figure, "statistics": statistics(values)}


def _of_classes(found: Results, classes: Collection[str], cells_of: dict[str, dict[str, Cells]]) -> Answer:
    """Formula (b): pupils all of whose final marks are at least «3», of the pupils of classes that are assessed."""
    below = above = everybody = 0
    values: Cells = []
    for class_id in classes:
        mine = cells_of.get(class_id, {})
        everybody += len(found.pupils[class_id])
        below += len(found.pupils[class_id]) if mine else 0
        for some in mine.values():
            values += some
            given = [value for value in some if value is not None and value != "осв"]
            above += bool(given) and all(_good(value) for value in given)
    return _row(everybody, (above, below), values)


def progress(facts: o.Facts, choice: ProgressChoice) -> Answer:
    """Answer the report by class, line (class and subject), subject, grade, pupil and teacher, and in total."""
    found = results(facts, choice)
    grades: dict[int, list[str]] = defaultdict(list)
    for class_id in found.pupils:
        grades[facts.classes[class_id].grade].append(class_id)
    cells_of: dict[str, dict[str, Cells]] = defaultdict(lambda: defaultdict(list))
    for (pupil, _), value in found.cells.items():
        cells_of[found.class_of[pupil]][pupil].append(value)
    pupils: dict[str, Answer] = {}
    for pupil, class_id in found.class_of.items():
        values = cells_of[class_id].get(pupil, [])
        pupils[pupil] = _row(1, (sum(map(_good, values)), sum(value != "осв" for value in values)), values)
    lines = _lines(facts, choice, found)
    return {
        "total": _of_classes(found, list(found.pupils), cells_of),
        "class": {class_id: _of_classes(found, [class_id], cells_of) for class_id in found.pupils},
        "grade": {str(grade): _of_classes(found, classes, cells_of) for grade, classes in grades.items()},
        "line": lines,
        "subject": _subjects(found, lines),
        "pupil": pupils,
        "teacher": _teachers(facts, choice, found),
    }


def _lines(facts: o.Facts, choice: ProgressChoice, found: Results) -> dict[tuple[str, str], Answer]:
    """Formula (a), over the whole class, or over those in the chosen journals; classes without pupils have 0 of 0."""
    values: dict[tuple[str, str], Cells] = defaultdict(list)
    for (pupil, subject), value in found.cells.items():
        values[found.class_of[pupil], subject].append(value)
    inside: dict[str, set[str]] = defaultdict(set)
    for journal, members in found.assessed.items():
        opened = facts.journals[journal]
        inside[opened.subject] |= members
        if choice.pupil is None and not found.by_journals:
            for class_id in opened.classes:
                if found.pupils.get(class_id) == []:
                    values[class_id, opened.subject] = []
    lines = {}
    for (class_id, subject), some in values.items():
        below = set(found.pupils[class_id])
        size = len(below & inside[subject] if found.by_journals else below)
        lines[class_id, subject] = _row(size, (sum(map(_good, some)), size), some)
    return lines


def _subjects(found: Results, lines: dict[tuple[str, str], Answer]) -> dict[str, Answer]:
    values: dict[str, Cells] = defaultdict(list)
    for (_, subject), value in found.cells.items():
        values[subject].append(value)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (_, subject), line in lines.items():
        for place, figure in enumerate((line["pupils"], *line["progress"])):
            sums[subject][place] += figure
    return {subject: _row(size, (above, below), values[subject]) for subject, (size, above, below) in sums.items()}


def _teachers(facts: o.Facts, choice: ProgressChoice, found: Results) -> dict[str, Answer]:
    """Formula (a) for a teacher: each pupil counts once in each of the teacher's subjects."""
    at = span(facts, choice)
    assert at is not None
    taught: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for journal, members in found.assessed.items():
        for staff in answerable(facts, journal, at[1], at[2]):
            if choice.teacher in {None, staff}:
                subject = facts.journals[journal].subject
                taught[staff] |= {(pupil, subject) for pupil in members if pupil in found.class_of}
    rows = {}
    for staff, cells in taught.items():
        values = [found.cells[cell] for cell in cells if cell in found.cells]
        rows[staff] = _row(len({pupil for pupil, _ in cells}), (sum(map(_good, values)), len(cells)), values)
    return rows
