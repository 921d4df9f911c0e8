"""Movement of pupils: transfer, departure, return; teaching groups, individual plans."""

from __future__ import annotations

from datetime import date

import pytest

from ejd.kernel.command import Command
from ejd.kernel.envelope import Ref
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.states.people import PupilState
from ejd_commands.known import BelongsToAnotherYear, NamedTwice, OutsideTheYear, UnknownClass, UnknownGroup
from ejd_commands.lesson_base import UnknownJournal, UnknownPupil
from ejd_commands.movement import (
    EndIndividualPlan,
    InAClassAlready,
    IndividualGroupIsTaken,
    JoinGroup,
    LeaveGroup,
    NoIndividualPlan,
    NotAJournalOfTheClass,
    NotInAClass,
    NotInTheGroup,
    NotOfTheseClasses,
    RecordDeparture,
    RecordReturn,
    SameClass,
    SetIndividualPlan,
    TransferPupil,
)
from tests.scenario import World, given, sealed, uid
from tests.worlds import (
    A_CLASS_5A,
    A_GROUP_JOURNAL,
    A_JOURNAL,
    CLASS_5A,
    CLASS_5B,
    DINA,
    FIRST_DAY,
    GLEB,
    GROUP,
    GROUP_JOURNAL,
    HEAD,
    JOURNAL,
    MISHA,
    STRANGER,
    VERA,
    YEAR,
)

OCTOBER, NOVEMBER = date(2025, 10, 1), date(2025, 11, 10)
NEXT_YEAR, CLASS_6A = uid("year 2026/27"), uid("class 6a")
A_NEXT_YEAR: World = (
    (
        NEXT_YEAR,
        y.AcademicYearOpened(name="2026/27", first_day=date(2026, 9, 1), last_day=date(2027, 5, 28)),
    ),
    (CLASS_6A, j.ClassFormed(year=NEXT_YEAR, name="6А", grade=6, scheme="quarters", bells="first-shift")),
)
ALONE = uid("group of one")
AN_INDIVIDUAL_GROUP: World = (
    (ALONE, j.TeachingGroupFormed(year=YEAR, name="Обучение на дому", kind="individual", classes=(CLASS_5A,))),
)
VERA_LEFT = (VERA, p.PupilLeft(left_on=OCTOBER))


def transfer(class_id: str = CLASS_5B, day: date = OCTOBER, pupil: str = VERA) -> TransferPupil:
    return TransferPupil(pupil=pupil, class_id=class_id, transferred_on=day)


def test_a_pupil_is_transferred_once() -> None:
    outcome = given(A_CLASS_5A).when(transfer(), by=HEAD)
    outcome.then(p.PupilTransferred(old_class=CLASS_5A, new_class=CLASS_5B, transferred_on=OCTOBER))
    outcome.standing_on(Ref(VERA, 1), Ref(CLASS_5B, 1)).in_stream(VERA)
    outcome.when(transfer(), by=HEAD).then_nothing()


def test_a_transfer_leaves_the_groups_that_are_not_for_the_new_class() -> None:
    outcome = given(A_GROUP_JOURNAL).when(transfer(), by=HEAD)
    outcome.then(
        p.PupilTransferred(old_class=CLASS_5A, new_class=CLASS_5B, transferred_on=OCTOBER),
        p.GroupLeft(group=GROUP, left_on=OCTOBER),
    )
    memberships = outcome.and_then_given().state(PupilState, VERA).memberships
    assert memberships.member_of(GROUP, "group", GROUP_JOURNAL, OCTOBER) is None


def test_a_transfer_stays_in_groups_over_both_classes_and_in_ones_that_are_over() -> None:
    both = (GROUP, j.TeachingGroupFormed(year=YEAR, name="Поток", kind="stream", classes=(CLASS_5A, CLASS_5B)))
    given(A_GROUP_JOURNAL, both).when(transfer(), by=HEAD).then(
        p.PupilTransferred(old_class=CLASS_5A, new_class=CLASS_5B, transferred_on=OCTOBER)
    )
    over = (VERA, p.GroupLeft(group=GROUP, left_on=date(2025, 9, 20)))
    assert len(given(A_GROUP_JOURNAL, over).when(transfer(), by=HEAD).events) == 1


def test_a_transfer_leads_to_another_class_of_the_same_year() -> None:
    refused = given(A_CLASS_5A).when(transfer(CLASS_5A), by=HEAD)
    refused.then_refused(SameClass, saying="since 01.09.2025", field="class_id")
    given(A_CLASS_5A, A_NEXT_YEAR).when(transfer(CLASS_6A, date(2026, 9, 1)), by=HEAD).then_refused(
        BelongsToAnotherYear, saying="record the return", field="class_id"
    )
    given(A_CLASS_5A).when(transfer(STRANGER), by=HEAD).then_refused(UnknownClass)
    given(A_CLASS_5A).when(transfer(day=date(2026, 6, 1)), by=HEAD).then_refused(OutsideTheYear)


@pytest.mark.parametrize(
    "command",
    [
        transfer(),
        RecordDeparture(pupil=VERA, left_on=NOVEMBER),
        JoinGroup(pupil=VERA, group=GROUP, joined_on=NOVEMBER),
        SetIndividualPlan(pupil=VERA, starts=NOVEMBER, class_journals=(JOURNAL,)),
    ],
    ids=lambda command: command.name,
)
def test_whoever_left_is_in_no_class(command: Command) -> None:
    given(A_GROUP_JOURNAL, VERA_LEFT).when(command, by=HEAD).then_refused(NotInAClass, saying="in no class")


def test_nothing_is_recorded_of_a_pupil_who_is_not_there() -> None:
    command = RecordDeparture(pupil=STRANGER, left_on=OCTOBER)
    given(A_CLASS_5A).when(command, by=HEAD).then_refused(UnknownPupil, saying="enrol-pupil", field="pupil")


def test_a_departure_is_recorded_once_and_ends_groups() -> None:
    command = RecordDeparture(pupil=VERA, left_on=OCTOBER)
    outcome = given(A_GROUP_JOURNAL).when(command, by=HEAD)
    outcome.then(p.PupilLeft(left_on=OCTOBER)).standing_on(Ref(VERA, 1))
    outcome.when(command, by=HEAD).then_nothing()


def test_a_departure_frees_the_place_in_individual_teaching() -> None:
    alone = (VERA, p.GroupJoined(group=ALONE, joined_on=FIRST_DAY))
    scenario = given(A_CLASS_5A, AN_INDIVIDUAL_GROUP, alone).with_reserved({f"individual/{ALONE}": VERA})
    for command in (RecordDeparture(pupil=VERA, left_on=OCTOBER), transfer()):
        assert scenario.when(command, by=HEAD).reserved == {}


def test_a_pupil_returns_after_a_departure() -> None:
    command = RecordReturn(pupil=VERA, class_id=CLASS_5B, returned_on=NOVEMBER)
    outcome = given(A_CLASS_5A, VERA_LEFT).when(command, by=HEAD)
    outcome.then(p.PupilReturned(class_id=CLASS_5B, returned_on=NOVEMBER))
    outcome.when(command, by=HEAD).then_nothing()


def test_a_pupil_comes_into_a_class_of_the_next_year() -> None:
    command = RecordReturn(pupil=VERA, class_id=CLASS_6A, returned_on=date(2026, 9, 1))
    given(A_CLASS_5A, A_NEXT_YEAR).when(command, by=HEAD).then(
        p.PupilReturned(class_id=CLASS_6A, returned_on=date(2026, 9, 1))
    )


def test_whoever_is_in_a_class_does_not_return() -> None:
    command = RecordReturn(pupil=VERA, class_id=CLASS_5B, returned_on=OCTOBER)
    given(A_CLASS_5A).when(command, by=HEAD).then_refused(InAClassAlready, saying="transfer-pupil")


def test_a_pupil_joins_a_group_of_the_own_class_once() -> None:
    command = JoinGroup(pupil=DINA, group=GROUP, joined_on=OCTOBER)
    outcome = given(A_GROUP_JOURNAL).when(command, by=HEAD)
    outcome.then(p.GroupJoined(group=GROUP, joined_on=OCTOBER)).standing_on(Ref(DINA, 1), Ref(GROUP, 1))
    outcome.when(command, by=HEAD).then_nothing()
    assert outcome.reserved == {}


def test_a_pupil_of_another_class_does_not_join() -> None:
    command = JoinGroup(pupil=MISHA, group=GROUP, joined_on=OCTOBER)
    refused = given(A_GROUP_JOURNAL).when(command, by=HEAD)
    refused.then_refused(NotOfTheseClasses, saying="is not for the pupil's class", field="group")


def test_a_group_is_joined_where_and_when_it_is() -> None:
    unknown = JoinGroup(pupil=DINA, group=STRANGER, joined_on=OCTOBER)
    given(A_GROUP_JOURNAL).when(unknown, by=HEAD).then_refused(UnknownGroup, field="group")
    late = JoinGroup(pupil=DINA, group=GROUP, joined_on=date(2026, 7, 1))
    given(A_GROUP_JOURNAL).when(late, by=HEAD).then_refused(OutsideTheYear, field="joined_on")


def test_a_return_into_another_class_leaves_the_groups_that_are_not_for_it() -> None:
    later = (
        VERA,
        p.ClassStaysCorrected(old=(), new=(p.Spell(where=CLASS_5A, starts=NOVEMBER),), reason=sealed(VERA, "")),
    )
    command = RecordReturn(pupil=VERA, class_id=CLASS_5B, returned_on=OCTOBER)
    given(A_GROUP_JOURNAL, later).when(command, by=HEAD).then(
        p.PupilReturned(class_id=CLASS_5B, returned_on=OCTOBER), p.GroupLeft(group=GROUP, left_on=OCTOBER)
    )


def test_a_group_joined_back_dated_is_left_when_the_pupil_went() -> None:
    command = JoinGroup(pupil=VERA, group=ALONE, joined_on=FIRST_DAY)
    gone = given(A_CLASS_5A, AN_INDIVIDUAL_GROUP, VERA_LEFT).with_reserved({f"individual/{ALONE}": GLEB})
    gone.when(command, by=HEAD).then(
        p.GroupJoined(group=ALONE, joined_on=FIRST_DAY), p.GroupLeft(group=ALONE, left_on=OCTOBER)
    )


def test_individual_teaching_has_exactly_one_pupil() -> None:
    scenario = given(A_CLASS_5A, AN_INDIVIDUAL_GROUP)
    joined = scenario.when(JoinGroup(pupil=VERA, group=ALONE, joined_on=OCTOBER), by=HEAD)
    joined.then(p.GroupJoined(group=ALONE, joined_on=OCTOBER))
    second = JoinGroup(pupil=GLEB, group=ALONE, joined_on=OCTOBER)
    joined.when(second, by=HEAD).then_refused(IndividualGroupIsTaken, saying="another pupil", field="group")
    left = joined.when(LeaveGroup(pupil=VERA, group=ALONE, left_on=NOVEMBER), by=HEAD)
    assert left.when(second, by=HEAD).events


def test_a_place_that_was_given_up_is_not_taken_from_the_next_pupil() -> None:
    """VERA leaves in November, GLEB has the place; then it turns out that VERA left the school in October."""
    joined = (VERA, p.GroupJoined(group=ALONE, joined_on=FIRST_DAY))
    left = (VERA, p.GroupLeft(group=ALONE, left_on=NOVEMBER))
    scenario = given(A_CLASS_5A, AN_INDIVIDUAL_GROUP, joined, left).with_reserved({f"individual/{ALONE}": GLEB})
    for command in (
        RecordDeparture(pupil=VERA, left_on=OCTOBER),
        transfer(),
        LeaveGroup(pupil=VERA, group=ALONE, left_on=OCTOBER),
    ):
        outcome = scenario.when(command, by=HEAD)
        assert outcome.events
        assert outcome.reserved == {f"individual/{ALONE}": GLEB}


def test_a_group_is_left_once() -> None:
    command = LeaveGroup(pupil=VERA, group=GROUP, left_on=OCTOBER)
    outcome = given(A_GROUP_JOURNAL).when(command, by=HEAD)
    outcome.then(p.GroupLeft(group=GROUP, left_on=OCTOBER)).standing_on(Ref(VERA, 2))
    outcome.when(command, by=HEAD).then_nothing()
    later = LeaveGroup(pupil=VERA, group=GROUP, left_on=NOVEMBER)
    outcome.when(later, by=HEAD).then_refused(NotInTheGroup, field="group")
    given(A_GROUP_JOURNAL).when(LeaveGroup(pupil=DINA, group=GROUP, left_on=OCTOBER), by=HEAD).then_refused(
        NotInTheGroup, saying="is not in this group"
    )


def plan(*journals: str) -> SetIndividualPlan:
    return SetIndividualPlan(pupil=VERA, starts=OCTOBER, class_journals=journals)


def test_an_individual_plan_is_set_once() -> None:
    outcome = given(A_JOURNAL).when(plan(JOURNAL), by=HEAD)
    outcome.then(p.IndividualPlanSet(starts=OCTOBER, class_journals=(JOURNAL,))).standing_on(Ref(JOURNAL, 1))
    outcome.when(plan(JOURNAL), by=HEAD).then_nothing()
    outcome.when(plan(), by=HEAD).then(p.IndividualPlanSet(starts=OCTOBER, class_journals=()))


def test_an_individual_plan_lists_journals_of_the_own_class_once() -> None:
    scenario = given(A_GROUP_JOURNAL)
    refused = scenario.when(plan(JOURNAL, GROUP_JOURNAL), by=HEAD)
    refused.then_refused(NotAJournalOfTheClass, saying="join its group", field="class_journals.1")
    scenario.when(plan(JOURNAL, JOURNAL), by=HEAD).then_refused(NamedTwice, field="class_journals")
    scenario.when(plan(STRANGER), by=HEAD).then_refused(UnknownJournal, field="class_journals.0")


def test_an_individual_plan_ends_once() -> None:
    command = EndIndividualPlan(pupil=VERA, ends=NOVEMBER)
    given(A_JOURNAL).when(command, by=HEAD).then_refused(NoIndividualPlan, saying="no individual plan", field="ends")
    outcome = given(A_JOURNAL, (VERA, p.IndividualPlanSet(starts=OCTOBER, class_journals=()))).when(command, by=HEAD)
    outcome.then(p.IndividualPlanEnded(ends=NOVEMBER))
    outcome.when(command, by=HEAD).then_nothing()
