"""The journal page (D1): pupils × lessons with marks, absences, averages, final marks, topics and homework."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from ejd.kernel.events.school import GradingSystem
from ejd.kernel.policies import Average, grade_value
from ejd_projections.asking import SelectionError, among, bound, checked_range, within
from ejd_projections.control_works import ControlWorkRow, control_works_in
from ejd_projections.final_marks import FinalMarkRow, final_marks_in
from ejd_projections.followed import Followed, FollowedMark, Here, followed
from ejd_projections.gradebook_tables import attendance, lessons, marks, recommendations
from ejd_projections.journal_catalogue import Journal, Teacher, find_journal, teachers_of
from ejd_projections.memberships import Member, members_of
from ejd_projections.people import ERASED_SORT_KEY, PersonRow, people_by_id
from ejd_projections.rolls import MISSED, lessons_while_member, was_member
from ejd_projections.school_catalogue import Year, kinds_of_work, systems_of_grading, years

JOURNALS_MAX = 60
"""Journals in one answer; a class has some twenty."""
ORDINARY_WEIGHT = 100
"""Hundredths; the weight of a kind of work that the school no longer lists."""
FORMULA = "Σ (points × weight) / Σ weight"
"""The weighted average (rules.md, formulas, H: proposed final mark)."""


@dataclass(slots=True)
class Mark:
    """One mark; marks of one lesson share its cell. `version` is the lesson's event that the value stands on."""

    lesson: str
    work: str
    number: int
    value: str
    control_work: str
    variant: int | None
    points: int | None
    recorded_at: int
    version: int
    corrected: int


@dataclass(slots=True)
class Absence:
    """One line of the roll: absent, excused, ill, or late (with minutes)."""

    lesson: str
    kind: str
    minutes: int | None


@dataclass(slots=True)
class GradebookLesson:
    """One column of the page; `date` and `slot` say where the lesson takes place. Homework "" says: none is set."""

    lesson: str
    date: str
    slot: int
    planned_date: str
    planned_slot: int
    ordinal: int
    topic: str | None
    plan_item: int | None
    homework: str | None
    homework_due: str | None
    homework_minutes: int | None
    roll_taken: bool
    cancelled: bool
    moved: bool
    extra: bool
    substitute: str
    substitute_name: str = ""
    homework_links: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Recommendation:
    """Advice given in a lesson; empty text: the pupil's data was erased."""

    lesson: str
    version: int
    text: str


@dataclass(slots=True)
class FinalMark:
    """A final mark with the average it was decided on and what the rules proposed."""

    period: str
    value: str
    proposed: str
    weighted_sum: int
    weight_sum: int
    recorded_at: int
    corrected: int


@dataclass(slots=True)
class GradebookPupil:
    """One row of the page: marks and absences of its cells, in the order of the lessons.

    The average is `weighted_sum` / `weight_sum` of the `marks_counted` marks on the page and of the `followed` ones;
    `average_hundredths` is rounded half up. `missed` of `lessons` with the roll taken while the pupil was in the
    journal, or in another one of the subject from which marks follow.
    """

    pupil: str
    name: str
    stays: list[Member]
    marks: list[Mark]
    absences: list[Absence]
    final_marks: list[FinalMark]
    recommendations: list[Recommendation]
    marks_counted: int
    weighted_sum: int
    weight_sum: int
    average_hundredths: int | None
    lessons: int
    missed: int
    followed: list[FollowedMark]


@dataclass(slots=True)
class Gradebook:
    """One journal in a range of days, both included."""

    journal: Journal
    first: str
    last: str
    formula: str
    teachers: list[Teacher]
    lessons: list[GradebookLesson]
    pupils: list[GradebookPupil]
    control_works: list[ControlWorkRow]


@dataclass(slots=True)
class _Page:
    """What is read of one journal, mostly by pupil, before it is a gradebook."""

    lessons: list[GradebookLesson] = field(default_factory=list)
    marks: dict[str, list[Mark]] = field(default_factory=dict)
    absences: dict[str, list[Absence]] = field(default_factory=dict)
    finals: dict[str, list[FinalMark]] = field(default_factory=dict)
    advice: dict[str, list[Recommendation]] = field(default_factory=dict)
    members: dict[str, list[Member]] = field(default_factory=dict)
    followed: dict[str, Followed] = field(default_factory=dict)

    def everybody(self) -> set[str]:
        """Answer the pupils of the page."""
        return {*self.members, *self.marks, *self.absences, *self.advice}


_l, _m, _a, _r = lessons.c, marks.c, attendance.c, recommendations.c
_HERE = (
    among(_l.journal, "journals"),
    within(_l.placed_date, bound("first"), bound("last")),
)
# Statements are made once: SQLAlchemy then finds the compiled text by the object. The lessons lead, so that the
# cost is theirs: each one's marks stand together under the lesson's stream, however large the store.
_LESSONS = (
    sa.select(
        *(_l.homework_links, _l.journal, _l.stream, _l.placed_date, _l.placed_slot, _l.date, _l.slot, _l.ordinal),
        *(_l.topic, _l.plan_item, _l.homework, _l.homework_due, _l.homework_minutes, _l.roll_taken),
        *(_l.cancelled, _l.moved, _l.extra, _l.substitute),
    )
    .where(*_HERE)
    .order_by(_l.journal, _l.placed_date, _l.placed_slot, _l.ordinal, _l.stream)
)
_MARKS = (
    sa.select(
        *(_m.pupil, _m.stream, _m.work, _m.number, _m.value, _m.control_work, _m.variant, _m.points),
        *(_m.recorded_at, _m.version, _m.corrected),
    )
    .select_from(lessons.table.join(marks.table, _m.stream == _l.stream))
    .where(*_HERE)
)
_ATTENDANCE = (
    sa.select(_a.pupil, _a.stream, _a.kind, _a.minutes)
    .select_from(lessons.table.join(attendance.table, _a.stream == _l.stream))
    .where(*_HERE)
)
_ADVICE = (
    sa.select(_r.stream, _r.pupil, _r.version, _r.text)
    .select_from(lessons.table.join(recommendations.table, _r.stream == _l.stream))
    .where(*_HERE)
    .order_by(_l.placed_date, _l.placed_slot, _r.version)
)
_MARKS_OF_ONE = _MARKS.where(_m.pupil == bound("pupil"))
_ATTENDANCE_OF_ONE = _ATTENDANCE.where(_a.pupil == bound("pupil"))
_ADVICE_OF_ONE = _ADVICE.where(_r.pupil == bound("pupil"))


def gradebook(c: sa.Connection, *, journal: str, first: str, last: str, pupil: str | None = None) -> Gradebook:
    """Answer one journal's page between two dates, both included; with `pupil` only that pupil's row.

    Listed are pupils who belonged in the journal on any day of the range, and those who have a mark, a line of the
    roll or advice there; a moved lesson stands where it took place. Raises NotThereError for an unknown journal.
    """
    return gradebooks(c, [find_journal(c, journal)], first=first, last=last, pupil=pupil)[0]


def gradebooks(
    c: sa.Connection, journals: Sequence[Journal], *, first: str, last: str, pupil: str | None = None
) -> list[Gradebook]:
    """Answer the pages of several journals (of a class, a group, a pupil) with as many queries as one page takes."""
    checked_range(first, last)
    if len(journals) > JOURNALS_MAX:
        raise SelectionError(f"{len(journals)} journals are too many: choose at most {JOURNALS_MAX}", field="journal")
    if not journals:
        return []
    ids = [journal.id for journal in journals]
    pages = _read(c, ids, first, last, pupil)
    _add_finals(c, journals, pages, first, last, pupil)
    for journal_id, members in members_of(c, journals, first=first, last=last, pupil=pupil).items():
        for member in members:
            pages[journal_id].members.setdefault(member.pupil, []).append(member)
    here = [Here(journal, pages[journal.id].members) for journal in journals]
    for journal_id, elsewhere in followed(c, here, first=first, last=last).items():
        pages[journal_id].followed = elsewhere
    substitutes = {one.substitute for page in pages.values() for one in page.lessons if one.substitute}
    people = people_by_id(c, substitutes.union(*(page.everybody() for page in pages.values())))
    for lesson in (one for page in pages.values() for one in page.lessons if one.substitute in people):
        lesson.substitute_name = people[lesson.substitute].full()
    teachers = teachers_of(c, ids, first=first, last=last)
    works: dict[str, list[ControlWorkRow]] = {}
    for work in control_works_in(c, ids, first=first, last=last):
        works.setdefault(work.journal, []).append(work)
    systems = systems_of_grading(c)
    weights = {code: kind.weight for code, kind in kinds_of_work(c).items()}
    return [
        Gradebook(
            journal=journal,
            first=first,
            last=last,
            formula=FORMULA,
            teachers=teachers.get(journal.id, []),
            lessons=pages[journal.id].lessons,
            pupils=_pupils(pages[journal.id], people, Worth(systems.get(journal.grading_system), weights)),
            control_works=works.get(journal.id, []),
        )
        for journal in journals
    ]


def _read(c: sa.Connection, ids: list[str], first: str, last: str, pupil: str | None) -> dict[str, _Page]:
    """Answer what was recorded in the lessons, journal by journal."""
    pages = {journal: _Page() for journal in ids}
    page_of: dict[str, _Page] = {}
    where = {"journals": ids, "first": first, "last": last}
    for links, journal, *content in c.execute(_LESSONS, where).all():
        lesson = GradebookLesson(*content)
        if links != "[]":
            lesson.homework_links = msgspec.json.decode(links, type=list[str])
        page = page_of[lesson.lesson] = pages[journal]
        page.lessons.append(lesson)
    of_one = pupil is not None
    if pupil is not None:
        where["pupil"] = pupil
    for row in c.execute(_MARKS_OF_ONE if of_one else _MARKS, where).all():
        who, stream, work, number, value, control_work, variant, points, at, version, corrected = row
        mark = Mark(stream, work, number, value, control_work, variant, points, at, version, corrected)
        own = page_of[stream].marks
        if who in own:
            own[who].append(mark)
        else:
            own[who] = [mark]
    for who, stream, kind, minutes in c.execute(_ATTENDANCE_OF_ONE if of_one else _ATTENDANCE, where).all():
        page_of[stream].absences.setdefault(who, []).append(Absence(stream, kind, minutes))
    for stream, who, version, text in c.execute(_ADVICE_OF_ONE if of_one else _ADVICE, where).all():
        page_of[stream].advice.setdefault(who, []).append(Recommendation(stream, version, text))
    return pages


def _add_finals(  # noqa: PLR0913 - the question's own parts
    c: sa.Connection,
    journals: Sequence[Journal],
    pages: dict[str, _Page],
    first: str,
    last: str,
    pupil: str | None,
) -> None:
    """Put final marks into the pages: of the periods that the range touches, and of the year where it ends."""
    by_year = {year.id: year for year in years(c, ids={journal.year for journal in journals})}
    shown = {journal.id: _FinalsShown(by_year.get(journal.year), journal.scheme, first, last) for journal in journals}
    for row in final_marks_in(c, [journal.id for journal in journals], pupil=pupil):
        if shown[row.journal].has(row):
            pages[row.journal].finals.setdefault(row.pupil, []).append(
                FinalMark(
                    period=row.period,
                    value=row.value,
                    proposed=row.proposed,
                    weighted_sum=row.weighted_sum,
                    weight_sum=row.weight_sum,
                    recorded_at=row.recorded_at,
                    corrected=row.corrected,
                )
            )


class _FinalsShown:
    """Which final marks belong on a page."""

    def __init__(self, year: Year | None, scheme: str, first: str, last: str) -> None:
        periods = year.periods if year else []
        self._touched = {p.code: p.first_day <= last and p.last_day >= first for p in periods}
        end = max((p.last_day for p in periods if p.scheme == scheme), default=year.last_day if year else "")
        self._at_the_end = last >= end

    def has(self, row: FinalMarkRow) -> bool:
        """Answer whether the period is touched; year, exam and overall belong where the last period ends."""
        return self._touched.get(row.period, self._at_the_end)


class Worth:
    """What a mark counts in the average: points × weight, and weight; nothing for a value without points."""

    def __init__(self, system: GradingSystem | None, weights: dict[str, int]) -> None:
        self._system, self._weights = system, weights
        self._known: dict[tuple[str, str], tuple[int, int]] = {}

    def of(self, given: Iterable[Mark | FollowedMark]) -> tuple[int, int, int]:
        """Answer how many marks count, the sum of points × weight, and the sum of weights."""
        known = self._known
        counted = weighted_sum = weight_sum = 0
        for mark in given:
            kind = mark.value, mark.work
            found = known.get(kind)
            if found is None:
                found = self.one(*kind)
            counted += found[1] > 0
            weighted_sum += found[0]
            weight_sum += found[1]
        return counted, weighted_sum, weight_sum

    def one(self, value: str, work: str) -> tuple[int, int]:
        """Answer points × weight and the weight of one mark; zeros when it does not count."""
        found = self._known.get((value, work))
        if found is None:
            found = self._known[value, work] = self._look_up(value, work)
        return found

    def _look_up(self, value: str, work: str) -> tuple[int, int]:
        meaning = grade_value(self._system, value) if self._system else None
        if meaning is None or meaning.points is None:
            return 0, 0
        weight = self._weights.get(work, ORDINARY_WEIGHT)
        return meaning.points * weight, weight


def _pupils(page: _Page, people: dict[str, PersonRow], worth: Worth) -> list[GradebookPupil]:
    order = {lesson.lesson: place for place, lesson in enumerate(page.lessons)}
    days = {one.lesson: one.date for one in page.lessons if one.roll_taken and not one.cancelled}
    roll_days = sorted(days.values())

    def by_name(pupil: str) -> tuple[str, str]:
        return people[pupil].sort_key if pupil in people else ERASED_SORT_KEY, pupil

    answers, nothing = [], Followed()
    for pupil in sorted(page.everybody(), key=by_name):
        stays = page.members.get(pupil, [])
        given = page.marks.get(pupil, [])
        given.sort(key=lambda mark: (order[mark.lesson], mark.work, mark.number))
        absences = page.absences.get(pupil, [])
        absences.sort(key=lambda absence: order[absence.lesson])
        missed = [days[one.lesson] for one in absences if one.kind in MISSED and one.lesson in days]
        elsewhere = page.followed.get(pupil, nothing)
        counted, weighted_sum, weight_sum = worth.of([*given, *elsewhere.marks])
        answers.append(
            GradebookPupil(
                pupil=pupil,
                name=people[pupil].full() if pupil in people else "",
                stays=stays,
                marks=given,
                absences=absences,
                final_marks=page.finals.get(pupil, []),
                recommendations=page.advice.get(pupil, []),
                marks_counted=counted,
                weighted_sum=weighted_sum,
                weight_sum=weight_sum,
                average_hundredths=Average(weighted_sum, weight_sum).hundredths(),
                lessons=lessons_while_member(roll_days, stays) + elsewhere.lessons,
                missed=sum(was_member(stays, day) for day in missed) + elsewhere.missed,
                followed=elsewhere.marks,
            )
        )
    return answers
