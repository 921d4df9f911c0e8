"""Curricula, and by which of them classes and single pupils are taught."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.dependents import writes
from ejd.kernel.envelope import Ref
from ejd.kernel.events import curricula as u
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.ids import derived
from ejd_commands.curricula import (
    AdoptCurriculum,
    AssignCurriculum,
    AssignPupilCurriculum,
    EndPupilCurriculum,
    NoPupilCurriculum,
    NotForThisGrade,
)
from ejd_commands.fields import unique_key
from ejd_commands.known import (
    BelongsToAnotherYear,
    NamedTwice,
    NameTaken,
    NoSuchSubject,
    OutsideTheYear,
    UnknownClass,
    UnknownCurriculum,
    UnknownYear,
)
from ejd_commands.lesson_base import UnknownPupil
from ejd_commands.movement import NotInAClass
from tests.scenario import World, given, refused_as_input, uid
from tests.worlds import (
    A_CLASS_5A,
    ADA,
    API_CLIENT,
    CLASS_5A,
    DEPUTY,
    ENGLISH,
    FIRST_DAY,
    HEAD,
    LAST_DAY,
    MATHS,
    STRANGER,
    VERA,
    YEAR,
)

CURRICULUM, OTHER_YEAR = uid("curriculum"), uid("year 2024/25")
JANUARY = date(2026, 1, 12)
LINES = [
    {"subject": MATHS, "hours_per_week_hundredths": 500},
    {"subject": MATHS, "hours_per_week_hundredths": 50, "component": "participants"},
    {"subject": ENGLISH, "hours_per_week_hundredths": 300, "hours_per_year": 105, "group_kind": "subgroup"},
]
ADOPTED = u.CurriculumAdopted(
    year=YEAR,
    name="5 класс",
    grades=(5, 6),
    lines=(
        u.CurriculumLine(subject=MATHS, hours_per_week_hundredths=500, hours_per_year=170),
        u.CurriculumLine(subject=MATHS, hours_per_week_hundredths=50, hours_per_year=17, component="participants"),
        u.CurriculumLine(subject=ENGLISH, hours_per_week_hundredths=300, hours_per_year=105, group_kind="subgroup"),
    ),
)
A_CURRICULUM: World = (*A_CLASS_5A, (CURRICULUM, ADOPTED))
A_YEAR_BEFORE: World = (
    (OTHER_YEAR, y.AcademicYearOpened(name="2024/25", first_day=date(2024, 9, 2), last_day=date(2025, 5, 30))),
)


def adopt(**change: Any) -> AdoptCurriculum:
    fields = {"curriculum": CURRICULUM, "year": YEAR, "title": "5 класс", "grades": (6, 5), "lines": LINES, **change}
    return AdoptCurriculum.model_validate(fields)


def test_a_curriculum_is_adopted_with_the_hours_of_the_year_worked_out() -> None:
    outcome = given(A_CLASS_5A).when(adopt(), by=API_CLIENT)
    outcome.then(ADOPTED).in_stream(CURRICULUM).standing_on(Ref(YEAR, 1), Ref(MATHS, 1), Ref(ENGLISH, 1))
    assert outcome.reserved == {f"curriculum/{YEAR}/{unique_key('5 класс')}": CURRICULUM}
    assert outcome.targets[0].scope.year == YEAR
    outcome.when(adopt(), by=HEAD).then_nothing()


def test_half_a_lesson_of_the_year_counts_up() -> None:
    # 0.25 h a week in 34 weeks are 8.5 lessons.
    lines = [{"subject": MATHS, "hours_per_week_hundredths": 25}]
    (event,) = given(A_CLASS_5A).when(adopt(lines=lines), by=DEPUTY).events
    assert isinstance(event, u.CurriculumAdopted)
    assert event.lines[0].hours_per_year == 9


def test_a_curriculum_without_an_id_gets_one_from_its_command() -> None:
    outcome = given(A_CLASS_5A).when(adopt(curriculum=None), by=HEAD)
    outcome.in_stream(derived(uid("command 1"), "curriculum"))


def test_a_changed_curriculum_replaces_the_whole_and_can_get_another_name() -> None:
    outcome = given(A_CURRICULUM).when(adopt(title="5-6 классы", profile="инженерный", lines=LINES[:1]), by=HEAD)
    (event,) = outcome.events
    assert isinstance(event, u.CurriculumAdopted)
    assert (event.name, event.profile, len(event.lines)) == ("5-6 классы", "инженерный", 1)
    assert outcome.released == [f"curriculum/{YEAR}/{unique_key('5 класс')}"]


def test_what_does_not_fit_is_refused() -> None:
    scenario = given(A_CURRICULUM, *A_YEAR_BEFORE)
    taken = scenario.with_reserved({f"curriculum/{YEAR}/{unique_key('6 класс')}": uid("another")})
    taken.when(adopt(title="6 класс"), by=HEAD).then_refused(NameTaken, field="title")
    scenario.when(adopt(year=STRANGER, curriculum=None), by=HEAD).then_refused(UnknownYear)
    scenario.when(adopt(year=OTHER_YEAR), by=HEAD).then_refused(BelongsToAnotherYear)
    unknown = [*LINES, {"subject": STRANGER, "hours_per_week_hundredths": 100}]
    scenario.when(adopt(lines=unknown), by=HEAD).then_refused(NoSuchSubject, field="lines.3.subject")
    scenario.when(adopt(lines=[*LINES, LINES[0]]), by=HEAD).then_refused(NamedTwice, saying="Математика, federal")
    scenario.when(adopt(grades=(5, 5)), by=HEAD).then_refused(NamedTwice, field="grades")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("lines", {"lines": []}),
        ("weeks", {"weeks": 0}),
        ("lines.0.component", {"lines": [{**LINES[0], "component": "regional"}]}),
    ],
)
def test_what_cannot_be_meant_is_no_command(field: str, wrong: dict[str, Any]) -> None:
    fields = {"year": YEAR, "title": "5 класс", "lines": LINES}
    refused_as_input(AdoptCurriculum, field=field, **{**fields, **wrong})


def test_a_class_is_taught_by_a_curriculum_from_a_day_on() -> None:
    assign = AssignCurriculum(class_id=CLASS_5A, curriculum=CURRICULUM, starts=FIRST_DAY)
    outcome = given(A_CURRICULUM).when(assign, by=API_CLIENT)
    outcome.then(u.CurriculumAssigned(curriculum=CURRICULUM, starts=FIRST_DAY)).in_stream(CLASS_5A)
    outcome.standing_on(Ref(CURRICULUM, 1), Ref(CLASS_5A, 1))
    outcome.when(assign, by=HEAD).then_nothing()
    later = assign.model_copy(update={"starts": JANUARY})
    outcome.when(later, by=HEAD).then(u.CurriculumAssigned(curriculum=CURRICULUM, starts=JANUARY))


def test_a_curriculum_fits_the_class_that_gets_it() -> None:
    grade_9 = ADOPTED.__class__(year=YEAR, name="9 класс", grades=(9,), lines=ADOPTED.lines)
    of_before = ADOPTED.__class__(year=OTHER_YEAR, name="5 класс", grades=(), lines=ADOPTED.lines)
    any_grade = ADOPTED.__class__(year=YEAR, name="Любой", grades=(), lines=ADOPTED.lines)
    nine, before, anyone = uid("curriculum 9"), uid("curriculum before"), uid("curriculum any")
    scenario = given(A_CURRICULUM, *A_YEAR_BEFORE, (nine, grade_9), (before, of_before), (anyone, any_grade))

    def assign(**change: Any) -> AssignCurriculum:
        fields = {"class_id": CLASS_5A, "curriculum": CURRICULUM, "starts": FIRST_DAY, **change}
        return AssignCurriculum.model_validate(fields)

    scenario.when(assign(curriculum=nine), by=HEAD).then_refused(NotForThisGrade, saying="grades 9, not for grade 5")
    scenario.when(assign(curriculum=before), by=HEAD).then_refused(BelongsToAnotherYear)
    scenario.when(assign(curriculum=STRANGER), by=HEAD).then_refused(UnknownCurriculum)
    scenario.when(assign(class_id=STRANGER), by=HEAD).then_refused(UnknownClass)
    scenario.when(assign(starts=date(2025, 8, 1)), by=HEAD).then_refused(OutsideTheYear)
    scenario.when(assign(curriculum=anyone), by=HEAD).then(u.CurriculumAssigned(curriculum=anyone, starts=FIRST_DAY))


def test_a_pupil_has_an_individual_curriculum_for_a_time() -> None:
    assign = AssignPupilCurriculum(pupil=VERA, curriculum=CURRICULUM, starts=FIRST_DAY)
    outcome = given(A_CURRICULUM).when(assign, by=DEPUTY)
    outcome.then(u.PupilCurriculumAssigned(curriculum=CURRICULUM, starts=FIRST_DAY)).in_stream(VERA)
    outcome.standing_on(Ref(VERA, 1), Ref(CURRICULUM, 1))
    outcome.when(assign, by=HEAD).then_nothing()
    early = outcome.and_then_given().when(assign.model_copy(update={"starts": LAST_DAY}), by=DEPUTY)
    early.when(EndPupilCurriculum(pupil=VERA, ends=JANUARY), by=HEAD).then(u.PupilCurriculumEnded(ends=JANUARY))
    ended = outcome.when(EndPupilCurriculum(pupil=VERA, ends=JANUARY), by=HEAD)
    ended.then(u.PupilCurriculumEnded(ends=JANUARY)).in_stream(VERA)
    ended.when(EndPupilCurriculum(pupil=VERA, ends=JANUARY), by=HEAD).then_nothing()
    after = ended.when(EndPupilCurriculum(pupil=VERA, ends=LAST_DAY), by=HEAD)
    after.then_refused(NoPupilCurriculum, saying="29.05.2026", field="ends")


def test_a_pupils_curriculum_needs_a_pupil_in_a_class_of_its_year() -> None:
    left = given(A_CURRICULUM, (VERA, p.PupilLeft(left_on=JANUARY)))
    assign = AssignPupilCurriculum(pupil=VERA, curriculum=CURRICULUM, starts=JANUARY)
    left.when(assign, by=HEAD).then_refused(NotInAClass)
    nobody = AssignPupilCurriculum(pupil=STRANGER, curriculum=CURRICULUM, starts=JANUARY)
    left.when(nobody, by=HEAD).then_refused(UnknownPupil)
    left.when(EndPupilCurriculum(pupil=VERA, ends=JANUARY), by=HEAD).then_refused(NoPupilCurriculum)
    seventh = j.ClassFormed(year=YEAR, name="7А", grade=7, scheme="quarters", bells="first-shift")
    moved = (VERA, p.PupilTransferred(old_class=CLASS_5A, new_class=uid("class 7a"), transferred_on=JANUARY))
    in_seventh = given(A_CURRICULUM, (uid("class 7a"), seventh), moved)
    in_seventh.when(assign, by=HEAD).then_refused(NotForThisGrade, saying="not for grade 7")


def test_teachers_do_not_set_curricula() -> None:
    refused = given(A_CURRICULUM).when(adopt(title="Мой план"), by=ADA)
    assert refused.refusal is not None
    assert refused.refusal.status == 403


def test_a_later_assignment_stands_on_the_cell_of_the_one_before() -> None:
    events = (
        u.CurriculumAssigned(curriculum=CURRICULUM, starts=FIRST_DAY),
        u.PupilCurriculumAssigned(curriculum=CURRICULUM, starts=FIRST_DAY),
        u.PupilCurriculumEnded(ends=JANUARY),
    )
    assert {writes(event) for event in events} == {(("curriculum",),)}
