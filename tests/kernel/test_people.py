"""Memberships of pupils, terms of staff, guardianship: by date, right whatever was voided before."""

from __future__ import annotations

from datetime import date

from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import people as p
from ejd.kernel.events.journals import ClassTeacherAppointed
from ejd.kernel.states.people import GuardianState, Memberships, PupilState, StaffState, Stay
from tests.scenario import folded, sealed

SEP, OCT, NOV, DEC = (date(2025, month, 1) for month in (9, 10, 11, 12))
NAME = sealed("pupil", "")
ENROLLED = p.PupilEnrolled(name=NAME, class_id="5A", enrolled_on=SEP)
OTHER = ClassTeacherAppointed(staff="", starts=SEP)


def pupil(*events: Event) -> Memberships:
    """The memberships after these events."""
    return folded(PupilState, "pupil", events).memberships


def classes(found: Memberships) -> list[str | None]:
    """The class on the first of each month."""
    stays = [found.class_on(day) for day in (SEP, OCT, NOV, DEC)]
    return [stay.where if stay else None for stay in stays]


def test_a_pupil_is_in_a_class_from_the_day_of_enrolment() -> None:
    found = pupil(ENROLLED, OTHER)
    assert classes(found) == ["5A", "5A", "5A", "5A"]
    assert found.class_on(date(2025, 8, 31)) is None
    assert found.classes == (Stay("5A", SEP, None, Ref("pupil", 1)),)


def test_a_pupil_moves_on_the_day_of_the_transfer() -> None:
    moved = p.PupilTransferred(old_class="5A", new_class="5B", transferred_on=NOV)
    assert classes(pupil(ENROLLED, moved)) == ["5A", "5A", "5B", "5B"]


def test_a_transfer_back_in_time_takes_the_place_of_what_was_planned_after_it() -> None:
    planned = p.PupilTransferred(old_class="5A", new_class="5B", transferred_on=DEC)
    sooner = p.PupilTransferred(old_class="5A", new_class="5C", transferred_on=OCT)
    assert classes(pupil(ENROLLED, planned, sooner)) == ["5A", "5C", "5C", "5C"]


def test_a_pupil_who_left_is_in_no_class_and_no_group_until_the_return() -> None:
    joined = p.GroupJoined(group="choir", joined_on=SEP)
    found = pupil(ENROLLED, joined, p.PupilLeft(left_on=OCT), p.PupilReturned(class_id="5B", returned_on=DEC))
    assert classes(found) == ["5A", None, None, "5B"]
    assert found.member_of("choir", "group", "j", SEP) is not None
    assert found.member_of("choir", "group", "j", DEC) is None


def test_a_fold_is_right_though_the_enrolment_is_void() -> None:
    assert classes(pupil(p.PupilTransferred(old_class="5A", new_class="5B", transferred_on=NOV))) == [
        None,
        None,
        "5B",
        "5B",
    ]
    assert classes(pupil(p.PupilLeft(left_on=OCT))) == [None] * 4


def test_groups_are_joined_and_left_one_by_one() -> None:
    found = pupil(
        ENROLLED,
        p.GroupJoined(group="choir", joined_on=SEP),
        p.GroupJoined(group="chess", joined_on=SEP),
        p.GroupLeft(group="choir", left_on=OCT),
        p.GroupJoined(group="choir", joined_on=DEC),
    )
    assert [found.member_of("choir", "group", "j", day) is not None for day in (SEP, OCT, NOV, DEC)] == [
        True,
        False,
        False,
        True,
    ]
    assert found.member_of("chess", "group", "j", NOV) == Stay("chess", SEP, None, Ref("pupil", 3))


def test_an_individual_plan_decides_which_class_journals_are_the_pupils() -> None:
    found = pupil(
        ENROLLED,
        p.IndividualPlanSet(starts=OCT, class_journals=("maths",)),
        p.IndividualPlanEnded(ends=DEC),
    )
    member = [bool(found.member_of("5A", "class", "physics", day)) for day in (SEP, OCT, NOV, DEC)]
    assert member == [True, False, False, True]
    assert found.member_of("5A", "class", "maths", NOV) is not None
    assert (found.plan_on(SEP), found.plan_on(OCT), found.plan_on(DEC)) == (None, ("maths",), None)


def test_a_plan_set_again_takes_the_place_of_later_ones() -> None:
    found = pupil(
        ENROLLED,
        p.IndividualPlanSet(starts=NOV, class_journals=("maths",)),
        p.IndividualPlanSet(starts=OCT, class_journals=()),
    )
    assert found.plans == ((OCT, ()),)


EMPLOYED = p.StaffMemberEmployed(name=NAME, position="", employed_on=SEP)


def works(*events: Event) -> list[bool]:
    """Whether the staff member works on the first of each month."""
    found = folded(StaffState, "staff", events)
    return [found.works_on(day) for day in (SEP, OCT, NOV, DEC)]


def test_staff_work_from_the_first_to_the_last_day() -> None:
    assert works() == [False] * 4
    assert works(EMPLOYED, OTHER) == [True] * 4
    assert works(EMPLOYED, p.StaffMemberLeft(left_on=OCT)) == [True, True, False, False]
    assert works(p.StaffMemberLeft(left_on=OCT)) == [False] * 4


def test_employment_again_leaves_the_first_term_as_it_was() -> None:
    again = p.StaffMemberEmployed(name=NAME, position="", employed_on=DEC)
    left = p.StaffMemberLeft(left_on=OCT)
    assert works(EMPLOYED, left, again) == [True, True, False, True]
    found = folded(StaffState, "staff", (EMPLOYED, left, again))
    assert (found.employed_on, found.left_on) == (DEC, None)
    assert folded(StaffState, "staff", ()).employed_on is None
    assert folded(StaffState, "staff", ()).left_on is None


def test_employment_again_ends_a_term_that_was_not_ended() -> None:
    again = p.StaffMemberEmployed(name=NAME, position="", employed_on=NOV)
    found = folded(StaffState, "staff", (EMPLOYED, again))
    assert [(term.starts, term.ends) for term in found.terms] == [(SEP, date(2025, 10, 31)), (NOV, None)]


def test_a_guardian_acts_for_a_pupil_by_date() -> None:
    begun = p.GuardianshipEstablished(pupil="vera", relation="mother", starts=SEP)
    ended = p.GuardianshipEnded(pupil="vera", ends=NOV)
    found = folded(GuardianState, "g", (p.GuardianRegistered(name=NAME), begun, ended, OTHER))
    assert found.registered
    assert [bool(found.acts_for("vera", day)) for day in (SEP, OCT, NOV, DEC)] == [True, True, False, False]
    assert found.acts_for("gleb", SEP) is None
    assert found.relations == {"vera": "mother"}
