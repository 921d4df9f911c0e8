"""Staff, pupils as they come, guardians: names and contacts are sealed under each person's key."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.command import NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.events import people as p
from ejd.kernel.ids import derived
from ejd.kernel.titles import Contacts, PersonName, to_text
from ejd_commands.known import (
    NamedTwice,
    NoSuchSubject,
    OutsideTheYear,
    UnknownClass,
    UnknownGuardian,
    UnknownStaffMember,
)
from ejd_commands.lesson_base import UnknownPupil
from ejd_commands.people import (
    AlreadyEmployed,
    AlreadyEnrolled,
    DismissStaffMember,
    EmployStaffMember,
    EndGuardianship,
    EnrolPupil,
    EstablishGuardianship,
    NotEmployed,
    NotTheGuardian,
    QualifyStaffMember,
    RegisterGuardian,
)
from tests.scenario import given, refused_as_input, sealed, uid
from tests.worlds import (
    A_CLASS_5A,
    A_SCHOOL,
    ADA,
    ADA_STAFF,
    API_CLIENT,
    CLASS_5A,
    DEPUTY,
    ENGLISH,
    FIRST_DAY,
    GLEB,
    HEAD,
    MATHS,
    PARENT_GUARDIAN,
    STRANGER,
    VERA,
)

NEW = uid("somebody new")
OLGA = {"family": "Орлова", "given": "Ольга", "middle": "Олеговна"}
OLGA_TEXT = to_text(PersonName(family="Орлова", given="Ольга", middle="Олеговна"))
LAST_WORK = date(2025, 10, 31)


def employ(**change: Any) -> EmployStaffMember:
    fields = {**OLGA, "staff": NEW, "position": "учитель химии", "employed_on": "2025-10-01", **change}
    return EmployStaffMember.model_validate(fields)


def test_a_staff_member_is_employed_with_the_name_sealed() -> None:
    outcome = given(A_SCHOOL).when(employ(), by=DEPUTY)
    outcome.then(
        p.StaffMemberEmployed(name=sealed(NEW, OLGA_TEXT), position="учитель химии", employed_on=date(2025, 10, 1))
    )
    outcome.sealing(NEW, OLGA_TEXT, field="staff-member-employed.name")
    assert outcome.targets[0].scope.person == NEW


def test_an_id_that_was_not_given_follows_from_the_command() -> None:
    command_id = uid("command of a person")
    scenario = given(A_CLASS_5A)
    person = {"class_id": CLASS_5A, "enrolled_on": FIRST_DAY}
    for command, noun in (
        (employ(staff=None), "staff"),
        (EnrolPupil.model_validate({**OLGA, **person}), "pupil"),
        (RegisterGuardian.model_validate(OLGA), "guardian"),
    ):
        scenario.when(command, by=HEAD, command_id=command_id).in_stream(derived(command_id, noun))


def test_whoever_works_here_is_not_employed_again() -> None:
    refused = given(A_SCHOOL).when(employ(staff=ADA_STAFF), by=HEAD)
    refused.then_refused(AlreadyEmployed, saying="since 20.08.2020", field="staff")


def test_whoever_left_can_be_employed_again_on_a_later_day() -> None:
    left = given(A_SCHOOL, (ADA_STAFF, p.StaffMemberLeft(left_on=date(2025, 9, 30))))
    assert left.when(employ(staff=ADA_STAFF), by=HEAD).events
    too_early = employ(staff=ADA_STAFF, employed_on="2025-09-30")
    left.when(too_early, by=HEAD).then_refused(AlreadyEmployed)


def test_the_last_day_of_work_is_recorded_once_and_can_be_corrected() -> None:
    outcome = given(A_SCHOOL).when(DismissStaffMember(staff=ADA_STAFF, left_on=LAST_WORK), by=HEAD)
    outcome.then(p.StaffMemberLeft(left_on=LAST_WORK)).in_stream(ADA_STAFF)
    outcome.when(DismissStaffMember(staff=ADA_STAFF, left_on=LAST_WORK), by=HEAD).then_nothing()
    later = date(2025, 11, 30)
    outcome.when(DismissStaffMember(staff=ADA_STAFF, left_on=later), by=HEAD).then(p.StaffMemberLeft(left_on=later))


def test_nobody_leaves_before_coming() -> None:
    command = DismissStaffMember(staff=ADA_STAFF, left_on=date(2020, 8, 19))
    given(A_SCHOOL).when(command, by=HEAD).then_refused(NotEmployed, field="left_on")
    unknown = DismissStaffMember(staff=STRANGER, left_on=LAST_WORK)
    given(A_SCHOOL).when(unknown, by=HEAD).then_refused(UnknownStaffMember, saying="employ-staff-member", field="staff")


def enrol(**change: Any) -> EnrolPupil:
    fields = {**OLGA, "pupil": NEW, "class_id": CLASS_5A, "enrolled_on": "2025-10-01", **change}
    return EnrolPupil.model_validate(fields)


def test_a_pupil_is_enrolled_with_name_and_birth_date_sealed() -> None:
    outcome = given(A_CLASS_5A).when(enrol(birth_date="2014-03-08"), by=API_CLIENT)
    outcome.then(
        p.PupilEnrolled(
            name=sealed(NEW, OLGA_TEXT),
            birth_date=sealed(NEW, "2014-03-08"),
            class_id=CLASS_5A,
            enrolled_on=date(2025, 10, 1),
        )
    ).standing_on(Ref(CLASS_5A, 1))
    outcome.sealing(NEW, "2014-03-08", field="pupil-enrolled.birth_date")


def test_a_pupil_can_be_enrolled_without_a_birth_date() -> None:
    (event,) = given(A_CLASS_5A).when(enrol(), by=HEAD).events
    assert isinstance(event, p.PupilEnrolled)
    assert event.birth_date is None


def test_a_pupil_is_enrolled_once() -> None:
    given(A_CLASS_5A).when(enrol(pupil=VERA), by=HEAD).then_refused(AlreadyEnrolled, saying="transfer-pupil")


def test_a_pupil_is_enrolled_in_a_class_on_a_day_of_its_year() -> None:
    given(A_CLASS_5A).when(enrol(class_id=STRANGER), by=HEAD).then_refused(UnknownClass, field="class_id")
    early = enrol(enrolled_on="2025-08-31")
    given(A_CLASS_5A).when(early, by=HEAD).then_refused(OutsideTheYear, field="enrolled_on")


def test_teachers_do_not_enrol() -> None:
    given(A_CLASS_5A).when(enrol(), by=ADA).then_refused(NotAllowed)


@pytest.mark.parametrize("family", ["", "Ор\x00лова", "я" * 101])
def test_a_name_is_a_name(family: str) -> None:
    refused_as_input(RegisterGuardian, field="family", family=family, given="Ольга")


def test_a_guardian_is_registered_with_contacts_sealed() -> None:
    command = RegisterGuardian.model_validate({**OLGA, "guardian": NEW, "email": "olga@example.org"})
    contacts = to_text(Contacts(email="olga@example.org"))
    outcome = given(A_SCHOOL).when(command, by=HEAD)
    outcome.then(p.GuardianRegistered(name=sealed(NEW, OLGA_TEXT), contacts=sealed(NEW, contacts)))
    outcome.sealing(NEW, contacts, field="guardian-registered.contacts")


def test_a_guardian_can_be_registered_without_contacts_and_again_to_change_them() -> None:
    command = RegisterGuardian.model_validate({**OLGA, "guardian": PARENT_GUARDIAN})
    event = p.GuardianRegistered(name=sealed(PARENT_GUARDIAN, OLGA_TEXT))
    given(A_CLASS_5A).when(command, by=HEAD).then(event).when(command, by=HEAD).then(event)


def acts(**change: Any) -> EstablishGuardianship:
    fields = {"guardian": PARENT_GUARDIAN, "pupil": VERA, "relation": "mother", "starts": FIRST_DAY, **change}
    return EstablishGuardianship.model_validate(fields)


def test_guardianship_is_established_once() -> None:
    outcome = given(A_CLASS_5A).when(acts(pupil=GLEB), by=HEAD)
    outcome.then(p.GuardianshipEstablished(pupil=GLEB, relation="mother", starts=FIRST_DAY))
    outcome.when(acts(pupil=GLEB), by=HEAD).then_nothing()


@pytest.mark.parametrize("change", [{"relation": "guardian"}, {"starts": "2025-10-01"}])
def test_guardianship_can_be_established_anew(change: dict[str, str]) -> None:
    command = acts(**change)
    given(A_CLASS_5A).when(command, by=HEAD).then(
        p.GuardianshipEstablished(pupil=VERA, relation=command.relation, starts=command.starts)
    )


def test_guardianship_is_between_people_who_are_there() -> None:
    given(A_CLASS_5A).when(acts(pupil=STRANGER), by=HEAD).then_refused(UnknownPupil, field="pupil")
    given(A_CLASS_5A).when(acts(guardian=STRANGER), by=HEAD).then_refused(UnknownGuardian, field="guardian")


def test_guardianship_ends_once() -> None:
    command = EndGuardianship(guardian=PARENT_GUARDIAN, pupil=VERA, ends=date(2025, 10, 1))
    outcome = given(A_CLASS_5A).when(command, by=HEAD)
    outcome.then(p.GuardianshipEnded(pupil=VERA, ends=date(2025, 10, 1))).standing_on(Ref(PARENT_GUARDIAN, 2))
    outcome.when(command, by=HEAD).then_nothing()
    later = EndGuardianship(guardian=PARENT_GUARDIAN, pupil=VERA, ends=date(2025, 10, 2))
    outcome.when(later, by=HEAD).then_refused(NotTheGuardian, field="pupil")
    other = EndGuardianship(guardian=PARENT_GUARDIAN, pupil=GLEB, ends=date(2025, 10, 2))
    given(A_CLASS_5A).when(other, by=HEAD).then_refused(NotTheGuardian, saying="does not act")


def test_a_qualification_names_every_subject_anew() -> None:
    both = QualifyStaffMember(staff=ADA_STAFF, subjects=(MATHS, ENGLISH), category="first")
    qualified = given(A_SCHOOL).when(both, by=DEPUTY)
    qualified.then(p.StaffQualified(subjects=(MATHS, ENGLISH), category="first")).in_stream(ADA_STAFF)
    qualified.when(both, by=API_CLIENT).then_nothing()
    highest = both.model_copy(update={"category": "highest"})
    qualified.when(highest, by=DEPUTY).then(p.StaffQualified(subjects=(MATHS, ENGLISH), category="highest"))
    nothing = QualifyStaffMember(staff=ADA_STAFF, subjects=())
    qualified.when(nothing, by=DEPUTY).then(p.StaffQualified(subjects=()))
    given(A_SCHOOL).when(both, by=ADA).then_refused(NotAllowed)


def test_a_qualification_is_somebodys_for_subjects_that_are_there() -> None:
    def qualify(**change: Any) -> QualifyStaffMember:
        return QualifyStaffMember.model_validate({"staff": ADA_STAFF, "subjects": [MATHS], **change})

    school = given(A_SCHOOL)
    school.when(qualify(staff=STRANGER), by=DEPUTY).then_refused(UnknownStaffMember)
    unknown = qualify(subjects=[MATHS, STRANGER])
    school.when(unknown, by=DEPUTY).then_refused(NoSuchSubject, field="subjects.1")
    school.when(qualify(subjects=[MATHS, MATHS]), by=DEPUTY).then_refused(NamedTwice, field="subjects")
    refused_as_input(QualifyStaffMember, field="subjects", staff=ADA_STAFF, subjects=[MATHS] * 51)
    refused_as_input(QualifyStaffMember, field="category", staff=ADA_STAFF, subjects=[], category="third")
