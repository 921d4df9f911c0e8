"""Positions of staff by date: changed from a day on, corrected as a whole with the reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from ejd.kernel.command import NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.events import people as p
from ejd.kernel.states.people import StaffState
from ejd_commands.known import NotEmployedThen, UnknownStaffMember
from ejd_commands.positions import (
    POSITIONS_MAX,
    AnotherPositionLater,
    ChangeStaffPosition,
    CorrectStaffPositions,
    NoPositionThen,
    PositionPart,
    PositionsNotInOrder,
    TooManyPositions,
)
from tests.scenario import given, refused_as_input, sealed
from tests.worlds import A_SCHOOL, ADA, ADA_STAFF, API_CLIENT, DEPUTY, HEAD, STRANGER

EMPLOYED, OCTOBER, NOVEMBER = date(2020, 8, 20), date(2025, 10, 1), date(2025, 11, 1)
WHY = "Приказ от другого числа"
LEFT = (ADA_STAFF, p.StaffMemberLeft(left_on=date(2025, 10, 31)))
AGAIN = (ADA_STAFF, p.StaffMemberEmployed(name=sealed(ADA_STAFF, "{}"), position="методист", employed_on=NOVEMBER))


def change(**changed: Any) -> ChangeStaffPosition:
    return ChangeStaffPosition.model_validate({"staff": ADA_STAFF, "position": "завуч", "starts": OCTOBER, **changed})


def correct(*held: tuple[str, date], **changed: Any) -> CorrectStaffPositions:
    parts = tuple(PositionPart(position=position, starts=starts) for position, starts in held)
    return CorrectStaffPositions.model_validate({"staff": ADA_STAFF, "positions": parts, "reason": WHY, **changed})


def positions(*held: tuple[str, date]) -> tuple[p.PositionFrom, ...]:
    return tuple(p.PositionFrom(position=position, starts=starts) for position, starts in held)


def test_a_position_counts_from_its_day_on() -> None:
    school = given(A_SCHOOL).when(change(), by=DEPUTY)
    school.then(p.StaffPositionChanged(position="завуч", starts=OCTOBER)).in_stream(ADA_STAFF).standing_on(
        Ref(ADA_STAFF, 1)
    )
    school.when(change(), by=API_CLIENT).then_nothing()
    school.when(change(starts=NOVEMBER), by=HEAD).then_nothing()
    posts = school.and_then_given().state(StaffState, ADA_STAFF).posts
    assert [(post.position, post.starts) for post in posts] == [("учитель", EMPLOYED), ("завуч", OCTOBER)]
    given(A_SCHOOL).when(change(), by=ADA).then_refused(NotAllowed)


def test_what_was_said_for_a_day_is_said_anew() -> None:
    school = given(A_SCHOOL).when(change(), by=DEPUTY).when(change(position="методист"), by=DEPUTY)
    posts = school.and_then_given().state(StaffState, ADA_STAFF).posts
    assert [(post.position, post.starts) for post in posts] == [("учитель", EMPLOYED), ("методист", OCTOBER)]


def test_a_change_before_another_one_is_a_correction() -> None:
    school = given(A_SCHOOL).when(change(starts=NOVEMBER), by=DEPUTY)
    earlier = change(position="методист")
    school.when(earlier, by=DEPUTY).then_refused(AnotherPositionLater, saying="use correct-staff-positions")


def test_nobody_has_a_position_without_working_here() -> None:
    given(A_SCHOOL).when(change(staff=STRANGER), by=DEPUTY).then_refused(UnknownStaffMember)
    given(A_SCHOOL, LEFT).when(change(starts=NOVEMBER), by=DEPUTY).then_refused(NotEmployedThen, field="starts")


def test_somebody_employed_again_begins_with_the_position_of_that_day() -> None:
    posts = given(A_SCHOOL, LEFT, AGAIN).state(StaffState, ADA_STAFF).posts
    assert [(post.position, post.ref.version) for post in posts] == [("учитель", 1), ("методист", 3)]


def test_positions_have_an_end_in_number() -> None:
    many = tuple(
        (ADA_STAFF, p.StaffPositionChanged(position=f"должность {number}", starts=date.fromordinal(737_700 + number)))
        for number in range(POSITIONS_MAX - 1)
    )
    given(A_SCHOOL, *many).when(change(), by=DEPUTY).then_refused(TooManyPositions, saying="leave some out")
    refused_as_input(
        CorrectStaffPositions,
        field="positions",
        staff=ADA_STAFF,
        reason=WHY,
        positions=[{"position": "завуч", "starts": "2025-10-01"}] * (POSITIONS_MAX + 1),
    )


def test_a_correction_keeps_what_was_recorded_and_why() -> None:
    outcome = given(A_SCHOOL).when(change(starts=NOVEMBER), by=DEPUTY)
    right = (("учитель", EMPLOYED), ("завуч", OCTOBER))
    corrected = outcome.when(correct(*right), by=HEAD)
    old = positions(("учитель", EMPLOYED), ("завуч", NOVEMBER))
    event = p.StaffPositionsCorrected(old=old, new=positions(*right), reason=sealed(ADA_STAFF, WHY))
    corrected.then(event).in_stream(ADA_STAFF).sealing(ADA_STAFF, WHY, field="staff-positions-corrected.reason")
    after = corrected.and_then_given()
    assert [post.ref.version for post in after.state(StaffState, ADA_STAFF).posts] == [1, 3]
    corrected.when(correct(*right), by=HEAD).then_nothing()
    corrected.when(change(position="методист"), by=HEAD).then(
        p.StaffPositionChanged(position="методист", starts=OCTOBER)
    )


def test_a_correction_covers_every_employment_and_nothing_else() -> None:
    school = given(A_SCHOOL, LEFT, AGAIN)
    both = (("учитель", EMPLOYED), ("завуч", NOVEMBER))
    school.when(correct(*both), by=DEPUTY).then(
        p.StaffPositionsCorrected(
            old=positions(("учитель", EMPLOYED), ("методист", NOVEMBER)),
            new=positions(*both),
            reason=sealed(ADA_STAFF, WHY),
        )
    )
    school.when(correct(("завуч", NOVEMBER)), by=DEPUTY).then_refused(NoPositionThen, saying="20.08.2020")
    before = correct(("учитель", date(2019, 1, 1)), *both)
    school.when(before, by=DEPUTY).then_refused(NotEmployedThen, field="positions.0.starts")
    for wrong in (both[::-1], (both[0], both[0])):
        school.when(correct(*wrong), by=DEPUTY).then_refused(PositionsNotInOrder, field="positions.1.starts")
    school.when(correct(*both, staff=STRANGER), by=DEPUTY).then_refused(UnknownStaffMember)
    school.when(correct(*both), by=ADA).then_refused(NotAllowed)
    refused_as_input(CorrectStaffPositions, field="positions", staff=ADA_STAFF, reason=WHY, positions=[])
