"""What a change of the timetable would do, before it is made: nothing is written (C5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from ejd.handling.authentication import Authenticated
from ejd.http.asking import Answered, Asking, Desk, Limit, Offset, QuestionParameters
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.dry_run import decided
from ejd.http.routes import add_question, problems, who
from ejd.kernel.calendar import Calendar, calendar_from_json
from ejd.kernel.conflict_words import ShownConflict, by_kind, severity
from ejd.kernel.conflicts import find_conflicts
from ejd.kernel.due import Schedule, occurrences, with_schedule
from ejd.kernel.envelope import Ref
from ejd.kernel.events.timetable import JournalScheduled
from ejd.kernel.ids import timetable_stream
from ejd_commands.timetable_changes import ChangeTimetable
from ejd_projections.control_works import ControlWorkRow, control_works_in
from ejd_projections.gradebook_tables import LessonRow
from ejd_projections.journal_catalogue import Journal, find_journals, planned_hours
from ejd_projections.lessons_due import lesson_records, marks_in_lessons
from ejd_projections.school_catalogue import find_year
from ejd_projections.timetable import schedules_of
from ejd_projections.timetable_conflicts import picture_of, with_names

JOURNALS_LIMIT = 100
LESSONS_LIMIT = 20
LESSONS_MAX = 400
CONFLICTS_TOLD_MAX = 100


class PreviewParameters(QuestionParameters):
    """A page of journals, and how many of the lessons of each are listed; all are counted."""

    limit: Limit = JOURNALS_LIMIT
    offset: Offset = 0
    lessons: Annotated[int, Field(ge=0, le=LESSONS_MAX, description="Lessons of each list of a journal.")] = (
        LESSONS_LIMIT
    )


@dataclass(slots=True)
class LessonAt:
    """A lesson by day and slot; the room is an id or ""."""

    date: str
    slot: int
    room: str


@dataclass(slots=True)
class MovedLesson:
    """A due lesson that goes to another place in the same week."""

    date: str
    slot: int
    new_date: str
    new_slot: int


@dataclass(slots=True)
class LessonWithRecords:
    """A lesson that is no longer due and holds records: it stays, and what is recorded counts."""

    date: str
    slot: int
    held: bool
    marks: int
    substituted: bool
    moved: bool
    cancelled: bool


@dataclass(slots=True)
class WorkWithoutLesson:
    """A planned control work on a day on which the journal would have no lesson; `had_lesson`: now it has one."""

    control_work: str
    day: str
    title: str
    form: str
    had_lesson: bool


@dataclass(slots=True)
class JournalChange:
    """What changes in one journal; `hours_…` are due lessons of the whole year, `hours_planned` of the thematic plan.

    `replaces` are the first days of later schedules that would no longer count.
    """

    journal: str
    name: str
    hours_before: int
    hours_after: int
    hours_planned: int
    replaces: list[str]
    vanishing_total: int
    vanishing: list[LessonAt]
    appearing_total: int
    appearing: list[LessonAt]
    moving_total: int
    moving: list[MovedLesson]
    other_room_total: int
    with_records_total: int
    with_records: list[LessonWithRecords]
    control_works_total: int
    control_works: list[WorkWithoutLesson]


@dataclass(slots=True)
class TimetablePreview:
    """What `change-timetable` with the same body would do; `refused`: it has errors and does not accept them."""

    year: str
    starts: str
    refused: bool
    journals_total: int
    journals: list[JournalChange]
    errors: int
    warnings: int
    conflicts_by_kind: dict[str, int]
    conflicts: list[ShownConflict]


class _Year:
    """The year of a change, and its schedules before and after."""

    def __init__(self, asking: Asking, command: ChangeTimetable, events: Sequence[JournalScheduled]) -> None:
        self.c = asking.c
        self.found = find_year(asking.c, year=command.year)
        self.calendar: Calendar = calendar_from_json(self.found.calendar)
        self.starts = command.starts
        self.first, self.last = (date.fromisoformat(day) for day in (self.found.first_day, self.found.last_day))
        ids = [event.journal for event in events]
        self.before = schedules_of(asking.c, ids)
        ref = Ref(timetable_stream(command.year), 0)
        self.after = {
            event.journal: with_schedule(self.before.get(event.journal, ()), Schedule(event.starts, event.entries, ref))
            for event in events
        }

    def due(self, journal: Journal, schedules: Mapping[str, Sequence[Schedule]]) -> dict[tuple[date, int], str]:
        """Answer the due lessons of the year, each with its room."""
        own = schedules.get(journal.id, ())
        found = occurrences(
            self.calendar, journal.grade, journal.id, own, self.first, self.last, classes=journal.classes
        )
        return {(one.date, one.slot): one.room for one in found}


def preview(
    school: SchoolService, asking: Asking, command: ChangeTimetable, query: PreviewParameters
) -> TimetablePreview:
    """What a change of the timetable would do: due lessons that vanish, appear, move, and all conflicts (C5).

    Takes the body of `change-timetable` and answers its refusals, but conflicts refuse nothing here: they are listed.
    Of the vanishing lessons those that hold records are named, and control works that would stand on a day without a
    lesson; the hours of the year before and after. Nothing is written.
    """
    accepting = command.model_copy(update={"accept_conflicts": True})
    events = [one for one in decided(school, accepting, asking) if isinstance(one, JournalScheduled)]
    year = _Year(asking, command, events)
    page = list(year.after)[query.offset : query.offset + query.limit]
    journals = {one.id: one for one in find_journals(asking.c, ids=page)}
    chosen = [journals[one] for one in page if one in journals]
    picture, named = picture_of(asking.c, year.found, year.after)
    found = find_conflicts(picture, since=command.starts, changed=year.after) if year.after else []
    errors = sum(severity(one, picture) == "error" for one in found)
    found.sort(key=lambda one: severity(one, picture) != "error")
    return TimetablePreview(
        year=command.year,
        starts=command.starts.isoformat(),
        refused=errors > 0 and not command.accept_conflicts,
        journals_total=len(events),
        journals=_changes(year, chosen, query.lessons),
        errors=errors,
        warnings=len(found) - errors,
        conflicts_by_kind=by_kind(found),
        conflicts=with_names(asking.c, found[:CONFLICTS_TOLD_MAX], picture, named),
    )


def _changes(year: _Year, journals: Sequence[Journal], lessons_max: int) -> list[JournalChange]:
    ids = [one.id for one in journals]
    if not ids:
        return []
    first, last = year.starts.isoformat(), year.found.last_day
    records = lesson_records(year.c, ids, first, last)
    marked = marks_in_lessons(year.c, ids, first, last)
    works: defaultdict[str, list[ControlWorkRow]] = defaultdict(list)
    for work in control_works_in(year.c, ids, first=first, last=last):
        works[work.journal].append(work)
    hours = planned_hours(year.c, ids)
    return [
        _change(
            year,
            one,
            list(records.get(one.id, {}).values()),
            marked,
            works[one.id],
            hours.get(one.id, 0),
            lessons_max,
        )
        for one in journals
    ]


def _change(  # noqa: PLR0913 - what is known of a journal
    year: _Year,
    journal: Journal,
    records: Sequence[LessonRow],
    marked: Mapping[str, int],
    works: Sequence[ControlWorkRow],
    hours_planned: int,
    lessons_max: int,
) -> JournalChange:
    before, after = year.due(journal, year.before), year.due(journal, year.after)
    gone = sorted(before.keys() - after.keys())
    vanishing, appearing, moving = _in_weeks(gone, sorted(after.keys() - before.keys()))
    gone_set = {(day.isoformat(), slot) for day, slot in gone}
    kept = [
        LessonWithRecords(
            row.date,
            row.slot,
            held=row.topic is not None or row.roll_taken,
            marks=marked.get(row.stream, 0),
            substituted=bool(row.substitute),
            moved=row.moved,
            cancelled=row.cancelled,
        )
        for row in sorted(records, key=lambda row: (row.date, row.slot))
        if row.ordinal == 1 and (row.date, row.slot) in gone_set
    ]
    had, has = _days_with_lessons(before, records), _days_with_lessons(after, records)
    without = [
        WorkWithoutLesson(row.stream, row.day, row.title, row.form, row.day in had)
        for row in works
        if not row.cancelled and row.day not in has
    ]
    own = year.before.get(journal.id, ())
    return JournalChange(
        journal=journal.id,
        name=journal.name,
        hours_before=len(before),
        hours_after=len(after),
        hours_planned=hours_planned,
        replaces=[one.starts.isoformat() for one in own if one.starts > year.starts],
        vanishing_total=len(vanishing),
        vanishing=[LessonAt(day.isoformat(), slot, before[day, slot]) for day, slot in vanishing[:lessons_max]],
        appearing_total=len(appearing),
        appearing=[LessonAt(day.isoformat(), slot, after[day, slot]) for day, slot in appearing[:lessons_max]],
        moving_total=len(moving),
        moving=[MovedLesson(d.isoformat(), s, to.isoformat(), ts) for (d, s), (to, ts) in moving[:lessons_max]],
        other_room_total=sum(before[one] != after[one] for one in before.keys() & after.keys()),
        with_records_total=len(kept),
        with_records=kept[:lessons_max],
        control_works_total=len(without),
        control_works=without[:lessons_max],
    )


_Place = tuple[date, int]


def _in_weeks(
    gone: Sequence[_Place], come: Sequence[_Place]
) -> tuple[list[_Place], list[_Place], list[tuple[_Place, _Place]]]:
    """Answer what vanishes, what appears, and what moves: in each week the first that goes to the first that comes."""
    weeks: defaultdict[date, tuple[list[_Place], list[_Place]]] = defaultdict(lambda: ([], []))
    for which, places in enumerate((gone, come)):
        for place in places:
            weeks[place[0] - timedelta(days=place[0].weekday())][which].append(place)
    vanishing: list[_Place] = []
    appearing: list[_Place] = []
    moving: list[tuple[_Place, _Place]] = []
    for _, (less, more) in sorted(weeks.items()):
        both = min(len(less), len(more))
        moving += zip(less[:both], more[:both], strict=True)
        vanishing += less[both:]
        appearing += more[both:]
    return vanishing, appearing, moving


def _days_with_lessons(due: Mapping[_Place, str], records: Sequence[LessonRow]) -> set[str]:
    """Answer the days on which lessons take place: moved ones where they were moved to, extra ones too."""
    elsewhere = {(row.date, row.slot) for row in records if row.ordinal == 1 and (row.moved or row.cancelled)}
    due_places = {(day.isoformat(), slot) for day, slot in due}
    days = {day for day, _ in due_places - elsewhere}
    for row in records:
        if not row.cancelled and (row.extra or (row.moved and (row.date, row.slot) in due_places)):
            days.add(row.placed_date)
    return days


def add_timetable_preview(app: FastAPI, school: SchoolService, desk: Desk) -> None:
    """Add the route; a question with a body, since a whole timetable fits into no address."""

    def ask(
        request: Request,
        command: ChangeTimetable,
        query: Annotated[PreviewParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        return desk.answer(
            "timetable-preview",
            lambda asking: preview(school, asking, command, query),
            request=request,
            who=client,
            after=query.after,
            at=moment_of(simulated_time),
        )

    add_question(
        app,
        name="timetable-preview",
        path="/reports/timetable/preview",
        endpoint=ask,
        model=Answered[TimetablePreview],
        responses=problems(400, 401, 403, 404, 406, 408, 409, 413, 415, 422, 503),
        tag="reports",
        description=preview.__doc__,
        method="POST",
    )
