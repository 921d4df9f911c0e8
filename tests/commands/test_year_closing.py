"""A year is closed after its end, over what stands open only by the head; then nobody writes in it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.closed_years import YearIsClosed
from ejd.kernel.command import Command, NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import YearState
from ejd_commands.acknowledgements import AcknowledgePeriodMarks
from ejd_commands.movement import RecordDeparture, RecordReturn, TransferPupil
from ejd_commands.movement_corrections import CorrectEnrolment, CorrectGroupStay
from ejd_commands.year_closing import (
    CloseAcademicYear,
    ReopenAcademicYear,
    StandsOpen,
    YearIsNotOver,
    YearIsOpen,
)
from tests.commands.test_movement import A_NEXT_YEAR, CLASS_6A
from tests.scenario import Scenario, given, sealed
from tests.worlds import (
    A_GROUP_JOURNAL,
    A_SCHOOL,
    A_YEAR,
    API_CLIENT,
    CLASS_5A,
    CLASS_5B,
    DEPUTY,
    FIRST_DAY,
    GROUP,
    HEAD,
    LAST_DAY,
    PARENT,
    PARENT_GUARDIAN,
    STRANGER,
    VERA,
    YEAR,
)

JUNE = "2026-06-05 12:00"
ALL_PERIODS = tuple((YEAR, y.PeriodClosed(period=code)) for code in ("q1", "q2", "q3", "q4", "h1", "h2"))
WHY = "Учитель уволился, отметки не выставлены"
CLOSE = CloseAcademicYear(year=YEAR)
SHUT = y.AcademicYearClosed(journals_kept_until=date(2031, 12, 31), sheets_kept_until=date(2051, 12, 31))


def over(*more: Any) -> Scenario:
    return given(A_GROUP_JOURNAL, ALL_PERIODS, *more).at(JUNE)


def shut(*more: Any) -> Scenario:
    return over((YEAR, SHUT), *more)


def test_a_year_in_which_nothing_stands_open_is_closed_once() -> None:
    outcome = over().when(CLOSE, by=DEPUTY)
    outcome.then(SHUT).in_stream(YEAR).standing_on(Ref(YEAR, 1))
    outcome.when(CLOSE, by=HEAD).then_nothing()


def test_a_year_is_closed_after_its_last_day() -> None:
    early = given(A_GROUP_JOURNAL, ALL_PERIODS).at("2026-05-29 23:00")
    early.when(CLOSE, by=DEPUTY).then_refused(YearIsNotOver, saying="29.05.2026", field="year")


def test_over_open_points_the_head_closes_with_the_reason() -> None:
    world = given(A_GROUP_JOURNAL, ALL_PERIODS[:5]).at(JUNE).with_open_points(final_mark=2, lesson_without_topic=0)
    refused = world.when(CLOSE, by=HEAD)
    refused.then_refused(StandsOpen, saying="2 final mark(s) missing, 1 grading period(s) not closed", field="reason")
    forced = CloseAcademicYear(year=YEAR, reason=WHY)
    world.when(forced, by=DEPUTY).then_refused(NotAllowed, saying="only a head")
    outcome = world.when(forced, by=HEAD)
    outcome.then(
        y.AcademicYearClosed(
            unfinished=(y.OpenPoint(kind="final-mark", count=2), y.OpenPoint(kind="period", count=1)),
            journals_kept_until=date(2031, 12, 31),
            sheets_kept_until=date(2051, 12, 31),
            reason=sealed(SCHOOL, WHY),
        )
    ).sealing(SCHOOL, WHY, field="academic-year-closed.reason")


def test_a_program_closes_no_year() -> None:
    over().when(CLOSE, by=API_CLIENT).then_refused(NotAllowed)


def test_only_the_head_reopens_with_the_reason() -> None:
    command = ReopenAcademicYear(year=YEAR, reason=WHY)
    shut().when(command, by=DEPUTY).then_refused(NotAllowed)
    outcome = shut().when(command, by=HEAD)
    outcome.then(y.AcademicYearReopened(reason=sealed(SCHOOL, WHY))).standing_on(Ref(YEAR, 14))
    assert not outcome.and_then_given().state(YearState, YEAR).shut
    assert outcome.when(CLOSE, by=DEPUTY).events
    over().when(command, by=HEAD).then_refused(YearIsOpen, saying="2025/26", field="year")


ON: dict[str, Any] = {"pupil": VERA, "reason": "приказ"}


@pytest.mark.parametrize(
    "command",
    [
        TransferPupil(pupil=VERA, class_id=CLASS_5B, transferred_on=LAST_DAY),
        RecordDeparture(pupil=VERA, left_on=LAST_DAY),
        CorrectEnrolment(**ON, class_id=CLASS_5A, enrolled_on=date(2025, 9, 2)),
        CorrectGroupStay(**ON, group=GROUP, recorded_on=FIRST_DAY, starts=FIRST_DAY, ends=LAST_DAY),
    ],
    ids=lambda command: command.name,
)
def test_movement_within_a_closed_year_is_refused(command: Command) -> None:
    shut().when(command, by=HEAD).then_refused(YearIsClosed, saying="2025/26 is closed", field="year")
    assert over().when(command, by=HEAD).events


def test_pupils_go_on_from_a_closed_year_and_parents_still_read_it() -> None:
    assert shut().when(RecordDeparture(pupil=VERA, left_on=date(2026, 6, 20)), by=HEAD).events
    into_the_next = RecordReturn(pupil=VERA, class_id=CLASS_6A, returned_on=date(2026, 9, 1))
    assert shut(A_NEXT_YEAR).when(into_the_next, by=HEAD).events
    read = AcknowledgePeriodMarks(guardian=PARENT_GUARDIAN, pupil=VERA, year=YEAR, period="q1", seen_position=1)
    assert shut().when(read, by=PARENT).events


def test_a_year_that_is_not_there_is_neither_closed_nor_reopened() -> None:
    for command in (CloseAcademicYear(year=STRANGER), ReopenAcademicYear(year=STRANGER, reason="x")):
        assert given(A_SCHOOL).at(JUNE).when(command, by=HEAD).refusal is not None
    assert given(A_YEAR).at(JUNE).when(CLOSE, by=HEAD).refusal is not None
