"""Journals, teachers' loads, thematic plans."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.envelope import Ref
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.ids import derived
from ejd_commands.journals import (
    AdoptThematicPlan,
    AssignTeacher,
    JournalExists,
    JournalIsAnother,
    NotAssigned,
    NumbersNotInOrder,
    OpenJournal,
    UnassignTeacher,
)
from ejd_commands.known import (
    EndsBeforeItBegins,
    NoSuchSubject,
    NotEmployedThen,
    NotInTheSetUp,
    OutsideTheYear,
    UnknownClass,
    UnknownGroup,
)
from ejd_commands.lesson_base import UnknownJournal
from tests.scenario import given, refused_as_input, uid
from tests.worlds import (
    A_CLASS_5A,
    A_GROUP_JOURNAL,
    A_JOURNAL,
    ADA_STAFF,
    API_CLIENT,
    BORIS_STAFF,
    CLASS_5A,
    CLASS_5B,
    ENGLISH,
    FIRST_DAY,
    GROUP,
    GROUP_JOURNAL,
    HEAD,
    JOURNAL,
    LOAD,
    MATHS,
    STRANGER,
    THE_PLAN,
    YEAR,
)

MATHS_5A = next(event for stream, event in A_JOURNAL if stream == JOURNAL)
NOVEMBER, DECEMBER = date(2025, 11, 10), date(2025, 12, 30)


def maths(**change: Any) -> OpenJournal:
    fields = {"journal": JOURNAL, "subject": MATHS, "group": CLASS_5A, "group_kind": "class", **change}
    return OpenJournal.model_validate(fields)


def test_a_journal_takes_its_settings_from_the_class() -> None:
    outcome = given(A_CLASS_5A).when(maths(), by=API_CLIENT)
    outcome.then(MATHS_5A).standing_on(Ref(CLASS_5A, 1), Ref(MATHS, 1), Ref(YEAR, 1))
    assert outcome.reserved == {f"journal/{YEAR}/{MATHS}/{CLASS_5A}": JOURNAL}
    assert outcome.targets[0].scope.year == YEAR
    outcome.when(maths(), by=HEAD).then_nothing()


def test_a_journal_of_a_group_takes_its_settings_from_the_first_class() -> None:
    english = maths(journal=GROUP_JOURNAL, subject=ENGLISH, group=GROUP, group_kind="group")
    given(A_GROUP_JOURNAL).when(english, by=HEAD).then_nothing()


def test_a_journal_can_have_settings_of_its_own() -> None:
    change = {"grade": 7, "scheme": "half-years", "grading_system": "pass-fail", "title": "Кружок"}
    (event,) = given(A_JOURNAL).when(maths(**change), by=HEAD).events
    assert isinstance(event, j.JournalOpened)
    assert (event.grade, event.scheme, event.grading_system, event.name) == (7, "half-years", "pass-fail", "Кружок")


def test_a_journal_gets_an_id_that_follows_from_the_command() -> None:
    command_id = uid("command of a journal")
    outcome = given(A_CLASS_5A).when(maths(journal=None), by=HEAD, command_id=command_id)
    outcome.in_stream(derived(command_id, "journal"))


def test_a_subject_has_one_journal_with_a_class() -> None:
    taken = given(A_JOURNAL).with_reserved({f"journal/{YEAR}/{MATHS}/{CLASS_5A}": JOURNAL})
    refused = taken.when(maths(journal=None), by=HEAD)
    refused.then_refused(JournalExists, saying="Математика, 5А has a journal already", field="group")


@pytest.mark.parametrize("change", [{"subject": ENGLISH}, {"group": CLASS_5B}])
def test_a_journal_keeps_its_subject_and_class(change: dict[str, str]) -> None:
    given(A_JOURNAL).when(maths(**change), by=HEAD).then_refused(JournalIsAnother, field="journal")


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"subject": STRANGER}, NoSuchSubject, "subject"),
        ({"group": STRANGER}, UnknownClass, "group"),
        ({"group": STRANGER, "group_kind": "group"}, UnknownGroup, "group"),
        ({"scheme": "trimesters"}, NotInTheSetUp, "scheme"),
        ({"bells": "second-shift"}, NotInTheSetUp, "bells"),
        ({"grading_system": "stars"}, NotInTheSetUp, "grading_system"),
    ],
)
def test_a_journal_is_of_what_is_there(change: dict[str, str], refusal: type[Any], field: str) -> None:
    given(A_CLASS_5A).when(maths(**change), by=HEAD).then_refused(refusal, field=field)


def assign(**change: Any) -> AssignTeacher:
    return AssignTeacher.model_validate({"journal": JOURNAL, "staff": BORIS_STAFF, "starts": NOVEMBER, **change})


def test_a_teacher_is_assigned_once() -> None:
    outcome = given(A_JOURNAL).when(assign(hours_per_week=5), by=HEAD)
    outcome.then(j.TeacherAssigned(staff=BORIS_STAFF, starts=NOVEMBER, hours_per_week=5))
    outcome.standing_on(Ref(BORIS_STAFF, 1), Ref(JOURNAL, 1))
    outcome.when(assign(hours_per_week=5), by=HEAD).then_nothing()


@pytest.mark.parametrize("change", [{"ends": DECEMBER}, {"hours_per_week": 3}])
def test_a_load_can_change_from_a_day_on(change: dict[str, Any]) -> None:
    assert given(A_JOURNAL).when(assign(staff=ADA_STAFF, starts=FIRST_DAY, **change), by=HEAD).events


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"starts": "2025-08-31"}, OutsideTheYear, "starts"),
        ({"ends": "2026-08-31"}, OutsideTheYear, "ends"),
        ({"ends": "2025-11-09"}, EndsBeforeItBegins, "ends"),
        ({"journal": STRANGER}, UnknownJournal, "journal"),
    ],
)
def test_a_load_has_days_of_the_year(change: dict[str, str], refusal: type[Any], field: str) -> None:
    given(A_JOURNAL).when(assign(**change), by=HEAD).then_refused(refusal, field=field)


def test_a_load_is_of_somebody_who_works_here_all_the_time() -> None:
    leaving = given(A_JOURNAL, (BORIS_STAFF, p.StaffMemberLeft(left_on=DECEMBER)))
    refused = leaving.when(assign(), by=HEAD)
    refused.then_refused(NotEmployedThen, saying="last day of work is 30.12.2025", field="ends")
    leaving.when(assign(ends="2026-01-20"), by=HEAD).then_refused(NotEmployedThen, field="ends")
    leaving.when(assign(starts="2026-01-20"), by=HEAD).then_refused(NotEmployedThen, field="staff")
    assert leaving.when(assign(ends=DECEMBER), by=HEAD).events


def test_a_load_ends_once() -> None:
    command = UnassignTeacher(journal=JOURNAL, staff=ADA_STAFF, ends=NOVEMBER)
    outcome = given(A_JOURNAL).when(command, by=HEAD)
    outcome.then(j.TeacherUnassigned(staff=ADA_STAFF, ends=NOVEMBER)).standing_on(LOAD)
    outcome.when(command, by=HEAD).then_nothing()
    later = UnassignTeacher(journal=JOURNAL, staff=ADA_STAFF, ends=DECEMBER)
    outcome.when(later, by=HEAD).then_refused(NotAssigned, saying="after 30.12.2025", field="staff")


def test_a_load_that_never_was_does_not_end() -> None:
    command = UnassignTeacher(journal=JOURNAL, staff=BORIS_STAFF, ends=NOVEMBER)
    given(A_JOURNAL).when(command, by=HEAD).then_refused(NotAssigned)


def test_a_thematic_plan_is_adopted_whole() -> None:
    same = [{"number": t.number, "section": t.section, "topic": t.topic, "control": t.control} for t in THE_PLAN]
    given(A_JOURNAL).when(
        AdoptThematicPlan.model_validate({"journal": JOURNAL, "topics": same}), by=HEAD
    ).then_nothing()
    short = AdoptThematicPlan.model_validate(
        {"journal": JOURNAL, "topics": [{"number": 1, "topic": "Дроби", "hours": 2}]}
    )
    given(A_JOURNAL).when(short, by=HEAD).then(
        j.ThematicPlanAdopted(topics=(j.PlannedTopic(number=1, section="", topic="Дроби", hours=2),))
    )


@pytest.mark.parametrize("numbers", [(2,), (1, 1), (1, 3), (2, 1)], ids=str)
def test_lines_of_a_plan_are_numbered_without_gaps(numbers: tuple[int, ...]) -> None:
    topics = [{"number": number, "topic": "Дроби"} for number in numbers]
    command = AdoptThematicPlan.model_validate({"journal": JOURNAL, "topics": topics})
    given(A_JOURNAL).when(command, by=HEAD).then_refused(NumbersNotInOrder, saying="number the lines")


@pytest.mark.parametrize("line", [{"topic": ""}, {"topic": "\u200b"}, {"hours": 0}, {"number": 0}], ids=str)
def test_a_line_of_a_plan_says_something(line: dict[str, Any]) -> None:
    field = f"topics.0.{next(iter(line))}"
    refused_as_input(AdoptThematicPlan, field=field, journal=JOURNAL, topics=[{"number": 1, "topic": "Д", **line}])


def test_a_plan_has_at_most_a_thousand_lines() -> None:
    lines = [{"number": 1, "topic": "Дроби"}] * 1_001
    refused_as_input(AdoptThematicPlan, field="topics", journal=JOURNAL, topics=lines)
    refused_as_input(AdoptThematicPlan, field="topics", journal=JOURNAL, topics=[])
