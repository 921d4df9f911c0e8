"""Classes, class teachers, teaching groups."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.envelope import Ref
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.ids import derived
from ejd_commands.classes import AppointClassTeacher, FormClass, FormTeachingGroup, KindIsAnother, NotOneClass
from ejd_commands.fields import unique_key
from ejd_commands.known import (
    BelongsToAnotherYear,
    NamedTwice,
    NameTaken,
    NotEmployedThen,
    NotInTheSetUp,
    OutsideTheYear,
    UnknownClass,
    UnknownStaffMember,
    UnknownYear,
)
from tests.scenario import given, refused_as_input, uid
from tests.worlds import (
    A_CLASS_5A,
    A_GROUP_JOURNAL,
    A_SCHOOL,
    A_YEAR,
    ADA_STAFF,
    API_CLIENT,
    BORIS_STAFF,
    CLASS_5A,
    CLASS_5B,
    DEPUTY,
    FIRST_DAY,
    GROUP,
    HEAD,
    LAST_DAY,
    STRANGER,
    YEAR,
    class_formed,
)

OTHER_YEAR, OTHER_CLASS = uid("year 2024/25"), uid("class of the year before")
A_YEAR_BEFORE = (
    (OTHER_YEAR, y.AcademicYearOpened(name="2024/25", first_day=date(2024, 9, 2), last_day=date(2025, 5, 30))),
    (OTHER_CLASS, j.ClassFormed(year=OTHER_YEAR, name="4А", grade=4, scheme="quarters", bells="first-shift")),
)


def form(**change: Any) -> FormClass:
    fields = {
        "class_id": CLASS_5A,
        "year": YEAR,
        "title": "5А",
        "grade": 5,
        "scheme": "quarters",
        "bells": "first-shift",
        **change,
    }
    return FormClass.model_validate(fields)


def test_a_class_is_formed_once() -> None:
    outcome = given(A_YEAR).when(form(), by=API_CLIENT)
    outcome.then(class_formed("5А")).standing_on(Ref(YEAR, 1)).in_stream(CLASS_5A)
    assert outcome.reserved == {f"class/{YEAR}/5а": CLASS_5A}
    outcome.when(form(), by=HEAD).then_nothing()


def test_a_class_gets_an_id_that_follows_from_the_command() -> None:
    command_id = uid("command of a class")
    stream = derived(command_id, "class")
    given(A_YEAR).when(form(class_id=None), by=HEAD, command_id=command_id).in_stream(stream)


def test_a_class_can_change_its_name_and_working_mode() -> None:
    scenario = given(A_CLASS_5A).with_reserved({f"class/{YEAR}/5а": CLASS_5A})
    outcome = scenario.when(form(title="5 «А»", week_days=6), by=HEAD)
    (event,) = outcome.events
    assert isinstance(event, j.ClassFormed)
    assert event.week_days == 6
    assert outcome.reserved == {f"class/{YEAR}/5 «а»": CLASS_5A}


@pytest.mark.parametrize(
    ("grade", "given_system", "system"),
    [(1, None, "unmarked"), (0, None, "five-point"), (11, None, "five-point"), (1, "pass-fail", "pass-fail")],
)
def test_first_grade_is_without_marks_unless_said_otherwise(grade: int, given_system: str, system: str) -> None:
    (event,) = given(A_YEAR).when(form(grade=grade, grading_system=given_system), by=HEAD).events
    assert isinstance(event, j.ClassFormed)
    assert event.grading_system == system


@pytest.mark.parametrize(
    ("change", "saying", "field"),
    [
        ({"scheme": "trimesters"}, "it has quarters, half-years", "scheme"),
        ({"bells": "second-shift"}, "it has first-shift", "bells"),
        ({"grading_system": "stars"}, "use one of five-point", "grading_system"),
    ],
)
def test_a_class_has_what_year_and_school_have(change: dict[str, str], saying: str, field: str) -> None:
    given(A_YEAR).when(form(**change), by=HEAD).then_refused(NotInTheSetUp, saying=saying, field=field)


def test_a_class_needs_periods_and_bells_first() -> None:
    bare = given(A_SCHOOL, (YEAR, y.AcademicYearOpened(name="2025/26", first_day=FIRST_DAY, last_day=LAST_DAY)))
    bare.when(form(), by=HEAD).then_refused(NotInTheSetUp, saying="define-grading-periods")
    periods = y.GradingPeriodsDefined(scheme="quarters", periods=())
    with_periods = given(*((stream, e) for stream, es in bare.streams.items() for e in es), (YEAR, periods))
    with_periods.when(form(), by=HEAD).then_refused(NotInTheSetUp, saying="define-bell-schedule")


@pytest.mark.parametrize("title", ["5A", "5а"])
def test_two_classes_of_a_year_cannot_have_names_that_look_alike(title: str) -> None:
    taken = given(A_CLASS_5A).with_reserved({f"class/{YEAR}/5а": CLASS_5A})
    taken.when(form(class_id=CLASS_5B, title=title), by=HEAD).then_refused(NameTaken, field="title")


def test_yo_is_a_letter_of_its_own() -> None:
    taken = given(A_YEAR).with_reserved({f"class/{YEAR}/5е": CLASS_5A})
    assert taken.when(form(class_id=CLASS_5B, title="5Ё"), by=HEAD).events


def test_a_class_stays_in_its_year() -> None:
    moved = form(class_id=OTHER_CLASS)
    refused = given(A_YEAR, A_YEAR_BEFORE).when(moved, by=HEAD)
    refused.then_refused(BelongsToAnotherYear, saying="form a new one", field="year")
    given(A_YEAR).when(form(year=STRANGER), by=HEAD).then_refused(UnknownYear, field="year")


def test_working_weeks_have_five_six_or_seven_days() -> None:
    refused_as_input(FormClass, field="week_days", **{**form().model_dump(), "week_days": 4})


def test_a_class_teacher_is_appointed_once() -> None:
    command = AppointClassTeacher(class_id=CLASS_5A, staff=ADA_STAFF, starts=FIRST_DAY)
    outcome = given(A_CLASS_5A).when(command, by=DEPUTY)
    outcome.then(j.ClassTeacherAppointed(staff=ADA_STAFF, starts=FIRST_DAY)).standing_on(Ref(ADA_STAFF, 1))
    outcome.when(command, by=DEPUTY).then_nothing()
    other = AppointClassTeacher(class_id=CLASS_5A, staff=BORIS_STAFF, starts=FIRST_DAY)
    outcome.when(other, by=DEPUTY).then(j.ClassTeacherAppointed(staff=BORIS_STAFF, starts=FIRST_DAY))


def test_a_class_teacher_works_here_then() -> None:
    left = given(A_CLASS_5A, (ADA_STAFF, p.StaffMemberLeft(left_on=date(2025, 9, 30))))
    command = AppointClassTeacher(class_id=CLASS_5A, staff=ADA_STAFF, starts=date(2025, 10, 1))
    left.when(command, by=HEAD).then_refused(NotEmployedThen, saying="01.10.2025", field="staff")
    unknown = command.model_copy(update={"staff": STRANGER})
    left.when(unknown, by=HEAD).then_refused(UnknownStaffMember, field="staff")
    late = command.model_copy(update={"starts": date(2026, 6, 1)})
    left.when(late, by=HEAD).then_refused(OutsideTheYear, field="starts")


def group(**change: Any) -> FormTeachingGroup:
    fields = {
        "group": GROUP,
        "year": YEAR,
        "title": "5А англ. 1",
        "kind": "subgroup",
        "classes": [CLASS_5A],
        **change,
    }
    return FormTeachingGroup.model_validate(fields)


def test_a_teaching_group_is_formed_once() -> None:
    outcome = given(A_CLASS_5A).when(group(), by=HEAD)
    outcome.then(j.TeachingGroupFormed(year=YEAR, name="5А англ. 1", kind="subgroup", classes=(CLASS_5A,)))
    outcome.standing_on(Ref(CLASS_5A, 1))
    assert outcome.targets[0].scope.class_id == CLASS_5A
    outcome.when(group(), by=HEAD).then_nothing()


def test_a_stream_is_over_several_classes_and_can_change() -> None:
    over_both = group(kind="stream", title="Поток", classes=[CLASS_5A, CLASS_5B])
    outcome = given(A_GROUP_JOURNAL).when(over_both, by=HEAD)
    outcome.then(j.TeachingGroupFormed(year=YEAR, name="Поток", kind="stream", classes=(CLASS_5A, CLASS_5B)))
    assert outcome.targets[0].scope.class_id == ""
    new = group(group=None)
    stream = derived(uid("new"), "group")
    given(A_CLASS_5A).when(new, by=HEAD, command_id=uid("new")).in_stream(stream)


def test_a_group_is_of_classes_of_its_year() -> None:
    scenario = given(A_CLASS_5A, A_YEAR_BEFORE)
    refused = scenario.when(group(classes=[CLASS_5A, OTHER_CLASS]), by=HEAD)
    refused.then_refused(BelongsToAnotherYear, saying="class 4А", field="classes.1")
    scenario.when(group(classes=[STRANGER]), by=HEAD).then_refused(UnknownClass, field="classes.0")
    scenario.when(group(classes=[CLASS_5A, CLASS_5A]), by=HEAD).then_refused(NamedTwice, field="classes")
    moved = given(A_GROUP_JOURNAL, A_YEAR_BEFORE).when(group(year=OTHER_YEAR), by=HEAD)
    moved.then_refused(BelongsToAnotherYear, saying="this teaching group", field="year")


def test_individual_teaching_is_of_one_class() -> None:
    command = group(kind="individual", classes=[CLASS_5A, CLASS_5B])
    given(A_CLASS_5A).when(command, by=HEAD).then_refused(NotOneClass, field="classes")
    assert given(A_CLASS_5A).when(group(kind="individual"), by=HEAD).events


def test_a_group_of_several_pupils_never_becomes_one_for_a_single_pupil() -> None:
    given(A_GROUP_JOURNAL).when(group(kind="individual"), by=HEAD).then_refused(KindIsAnother, field="kind")


def test_two_groups_of_a_year_cannot_have_one_name() -> None:
    taken = given(A_CLASS_5A).with_reserved({f"group/{YEAR}/" + unique_key("5А англ. 1"): uid("another group")})
    taken.when(group(), by=HEAD).then_refused(NameTaken, saying="another teaching group", field="title")
