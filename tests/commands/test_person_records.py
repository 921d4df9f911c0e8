"""Correcting names and birth dates, and linking other programs' ids."""

from __future__ import annotations

from datetime import date

import pytest

from ejd.kernel.command import NotAllowed
from ejd.kernel.events import people as p
from ejd.kernel.states.people import PupilState
from ejd.kernel.titles import PersonName, to_text
from ejd_commands.known import UnknownGuardian, UnknownStaffMember
from ejd_commands.lesson_base import UnknownPupil
from ejd_commands.person_records import (
    CorrectBirthDate,
    CorrectPersonName,
    LinkedElsewhere,
    LinkExternalId,
    NothingToLink,
)
from tests.scenario import given, sealed, uid
from tests.worlds import A_CLASS_5A, ADA, ADA_STAFF, CLASS_5A, DEPUTY, GLEB, PARENT_GUARDIAN, STRANGER, VERA

PETROVA = to_text(PersonName(family="Петрова", given="Вера"))
SOURCE, EXTERNAL = "oneroster-12345678", uid("external")


def rename(kind: str, person: str) -> CorrectPersonName:
    return CorrectPersonName.model_validate({"kind": kind, "person": person, "family": "Петрова", "given": "Вера"})


def test_a_corrected_name_is_sealed_and_points_at_the_old_one() -> None:
    outcome = given(A_CLASS_5A).when(rename("pupil", VERA), by=DEPUTY)
    outcome.then(p.PersonNameCorrected(name=sealed(VERA, PETROVA), replaces=1)).in_stream(VERA)
    outcome.sealing(VERA, PETROVA, field="person-name-corrected.name")
    outcome.when(rename("pupil", VERA), by=DEPUTY).then(p.PersonNameCorrected(name=sealed(VERA, PETROVA), replaces=2))


@pytest.mark.parametrize(("kind", "person"), [("staff", ADA_STAFF), ("guardian", PARENT_GUARDIAN)])
def test_staff_and_guardians_have_names_too(kind: str, person: str) -> None:
    (event,) = given(A_CLASS_5A).when(rename(kind, person), by=DEPUTY).events
    assert event == p.PersonNameCorrected(name=sealed(person, PETROVA), replaces=1)


@pytest.mark.parametrize(
    ("kind", "refusal"), [("pupil", UnknownPupil), ("staff", UnknownStaffMember), ("guardian", UnknownGuardian)]
)
def test_a_name_is_somebodys(kind: str, refusal: type[Exception]) -> None:
    given(A_CLASS_5A).when(rename(kind, uid("nobody")), by=DEPUTY).then_refused(refusal)  # type: ignore[arg-type]
    given(A_CLASS_5A).when(rename(kind, VERA), by=ADA).then_refused(NotAllowed, saying="set-up of the school")


def test_a_birth_date_is_added_and_corrected() -> None:
    command = CorrectBirthDate(pupil=VERA, birth_date=date(2014, 3, 5))
    outcome = given(A_CLASS_5A).when(command, by=DEPUTY)
    outcome.then(p.BirthDateCorrected(birth_date=sealed(VERA, "2014-03-05"), replaces=0))
    outcome.when(command, by=DEPUTY).then(p.BirthDateCorrected(birth_date=sealed(VERA, "2014-03-05"), replaces=2))
    unknown = CorrectBirthDate(pupil=STRANGER, birth_date=date(2014, 3, 5))
    given(A_CLASS_5A).when(unknown, by=DEPUTY).then_refused(UnknownPupil)


def test_a_state_knows_where_the_birth_date_stands() -> None:
    state = PupilState()
    born = p.PupilEnrolled(
        name=sealed(VERA, "n"), birth_date=sealed(VERA, "2014-01-01"), class_id=CLASS_5A, enrolled_on=date(2025, 9, 1)
    )
    scenario = given((uid("born"), born))
    assert scenario.state(PupilState, uid("born")).birth_version == 1
    assert state.birth_version == 0


def test_an_id_of_another_program_means_one_thing() -> None:
    link = LinkExternalId(kind="pupil", thing=VERA, source=SOURCE, external=EXTERNAL)
    linked = given(A_CLASS_5A).when(link, by=DEPUTY)
    linked.then(p.ExternalIdLinked(source=SOURCE, external=EXTERNAL)).in_stream(VERA)
    linked.when(link, by=DEPUTY).then_nothing()
    other = LinkExternalId(kind="pupil", thing=GLEB, source=SOURCE, external=EXTERNAL)
    linked.when(other, by=DEPUTY).then_refused(LinkedElsewhere, field="external")


def test_nothing_is_linked_with_what_is_not_there() -> None:
    link = LinkExternalId(kind="class", thing=uid("nothing"), source=SOURCE, external=EXTERNAL)
    given(A_CLASS_5A).when(link, by=DEPUTY).then_refused(NothingToLink, saying="there is no class", field="thing")
