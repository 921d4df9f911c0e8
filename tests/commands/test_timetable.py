"""What a journal has in the cycle, from a day on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.envelope import Ref
from ejd.kernel.events import journals as j
from ejd.kernel.events import year as y
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd_commands.known import NoSuchCycleDay, NoSuchRoom, OutsideTheYear
from ejd_commands.lesson_base import UnknownJournal
from ejd_commands.timetable import NotItsTeacher, ScheduleJournal, ScheduleOfClosedPeriod, SlotTwice
from ejd_commands.timetable_picture import TimetableHasConflicts
from tests.scenario import World, given, refused_as_input
from tests.worlds import (
    A_JOURNAL,
    ADA_STAFF,
    API_CLIENT,
    BORIS_STAFF,
    CLASS_5A,
    FIRST_DAY,
    HEAD,
    JOURNAL,
    LESSON_SLOT,
    ROOM_12,
    ROOM_14,
    STRANGER,
    TIMETABLE,
    YEAR,
    class_formed,
)

NOVEMBER = date(2025, 11, 10)
SIX_DAYS = j.ClassFormed(year=YEAR, name="5А", grade=5, scheme="quarters", bells="first-shift", week_days=6)


def schedule(
    *entries: tuple[int, int] | tuple[int, int, str] | tuple[int, int, str, list[str]],
    starts: date = NOVEMBER,
    **change: Any,
) -> ScheduleJournal:
    lessons = [dict(zip(("cycle_day", "slot", "room", "teachers"), entry, strict=False)) for entry in entries]
    return ScheduleJournal.model_validate({"journal": JOURNAL, "starts": starts, "entries": lessons, **change})


def test_a_journal_is_scheduled_once() -> None:
    command = schedule((3, 1), (1, 2, ROOM_14))
    outcome = given(A_JOURNAL).when(command, by=API_CLIENT)
    entries = (ScheduleEntry(cycle_day=1, slot=2, room=ROOM_14), ScheduleEntry(cycle_day=3, slot=1))
    outcome.then(JournalScheduled(journal=JOURNAL, starts=NOVEMBER, entries=entries)).in_stream(TIMETABLE)
    outcome.standing_on(Ref(JOURNAL, 1), Ref(YEAR, 1), Ref(ROOM_14, 1), Ref(CLASS_5A, 1))
    outcome.when(command, by=HEAD).then_nothing()


def test_what_counts_already_is_not_scheduled_again() -> None:
    as_it_is = schedule(*((n, LESSON_SLOT, ROOM_12) for n in range(1, 6)))
    given(A_JOURNAL).when(as_it_is, by=HEAD).then_nothing()
    later = (TIMETABLE, JournalScheduled(journal=JOURNAL, starts=date(2026, 1, 12), entries=()))
    assert given(A_JOURNAL, later).when(as_it_is, by=HEAD).events


def test_a_journal_without_lessons_stays_so_and_can_become_so() -> None:
    from_the_start = given(*(pair for pair in A_JOURNAL if pair[0] != TIMETABLE))
    from_the_start.when(schedule(), by=HEAD).then_nothing()
    given(A_JOURNAL).when(schedule(), by=HEAD).then(JournalScheduled(journal=JOURNAL, starts=NOVEMBER, entries=()))


@pytest.mark.parametrize(
    ("command", "refusal", "field"),
    [
        (schedule((1, 1), starts=date(2025, 8, 31)), OutsideTheYear, "starts"),
        (schedule((1, 1), (7, 1)), NoSuchCycleDay, "entries.1.cycle_day"),
        (schedule((1, 8)), TimetableHasConflicts, "entries"),
        (schedule((1, 1), (1, 1, ROOM_12)), SlotTwice, "entries.1.slot"),
        (schedule((1, 1, STRANGER)), NoSuchRoom, "entries.0.room"),
        (schedule((5, 1), (6, 1)), TimetableHasConflicts, "entries"),
        (schedule((1, 1), (2, 1, ROOM_12, [BORIS_STAFF])), NotItsTeacher, "entries.1.teachers"),
        (schedule((1, 1), journal=STRANGER), UnknownJournal, "journal"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[-60:],
)
def test_lessons_that_do_not_fit_are_refused(command: ScheduleJournal, refusal: type[Any], field: str) -> None:
    given(A_JOURNAL).when(command, by=HEAD).then_refused(refusal, field=field)


def test_a_lesson_is_in_a_slot_of_the_day() -> None:
    refused_as_input(
        ScheduleJournal,
        field="entries.0.slot",
        journal=JOURNAL,
        starts=NOVEMBER,
        entries=[{"cycle_day": 1, "slot": 21}],
    )


def test_a_lesson_can_name_who_of_the_journals_teachers_gives_it() -> None:
    shared = given(A_JOURNAL, (JOURNAL, j.TeacherAssigned(staff=BORIS_STAFF, starts=NOVEMBER)))
    entry = ScheduleEntry(cycle_day=1, slot=2, room=ROOM_14, teachers=(BORIS_STAFF,))
    outcome = shared.when(schedule((1, 2, ROOM_14, [BORIS_STAFF, BORIS_STAFF])), by=HEAD)
    outcome.then(JournalScheduled(journal=JOURNAL, starts=NOVEMBER, entries=(entry,)))
    ended = given(A_JOURNAL, (JOURNAL, j.TeacherUnassigned(staff=ADA_STAFF, ends=date(2025, 11, 9))))
    refused = ended.when(schedule((1, 2, ROOM_14, [ADA_STAFF])), by=HEAD)
    refused.then_refused(NotItsTeacher, saying="no load in this journal from 10.11.2025 on")


def test_a_six_day_class_has_lessons_on_saturday() -> None:
    assert given(A_JOURNAL, (CLASS_5A, SIX_DAYS)).when(schedule((6, 1)), by=HEAD).events


def with_cycle(cycle: y.CycleDefined) -> World:
    return (*A_JOURNAL, (YEAR, cycle), (CLASS_5A, class_formed("5А")))


def test_five_days_are_the_first_five_of_the_schools_week() -> None:
    """Sunday to Thursday with a Friday of clubs: the class is free on Friday, not on Sunday."""
    days = tuple(y.CycleDay(name=name, weekday=n) for name, n in zip("SMTWTF", (6, 0, 1, 2, 3, 4), strict=True))
    scenario = given(with_cycle(y.CycleDefined(kind="weekly", days=days)))
    assert scenario.when(schedule((1, 1)), by=HEAD).events
    refused = scenario.when(schedule((6, 1)), by=HEAD)
    refused.then_refused(TimetableHasConflicts, saying="class 5А has no lessons on that day by its working mode")


def test_alternating_weeks_have_the_same_free_days() -> None:
    days = tuple(y.CycleDay(name=f"{n}/{week}", weekday=n, week=week) for week in (1, 2) for n in range(6))
    scenario = given(with_cycle(y.CycleDefined(kind="weekly", days=days, weeks=2)))
    assert scenario.when(schedule((5, 1), (11, 1)), by=HEAD).events
    scenario.when(schedule((12, 1)), by=HEAD).then_refused(TimetableHasConflicts, saying="on 5/2, ")


def test_days_that_are_counted_are_never_free() -> None:
    days = tuple(y.CycleDay(name=f"Day {n}") for n in range(1, 7))
    scenario = given(with_cycle(y.CycleDefined(kind="rolling", days=days)))
    assert scenario.when(schedule((6, 1)), by=HEAD).events


def test_nothing_can_be_scheduled_without_a_cycle() -> None:
    bare = (pair for pair in A_JOURNAL if not isinstance(pair[1], y.CycleDefined))
    scenario = given(*bare)
    scenario.when(schedule((1, 1)), by=HEAD).then_refused(NoSuchCycleDay, saying="define the cycle first")
    assert scenario.when(schedule(), by=HEAD).events


def test_what_was_due_in_a_closed_period_stays() -> None:
    closed = given(A_JOURNAL, (YEAR, y.PeriodClosed(period="q1")))
    refused = closed.when(schedule((1, 1), starts=FIRST_DAY), by=HEAD)
    refused.then_refused(ScheduleOfClosedPeriod, saying="start after 24.10.2025", field="starts")
    assert closed.when(schedule((1, 1), starts=date(2025, 10, 25)), by=HEAD).events
