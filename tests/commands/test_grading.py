"""Grading systems in use: who is marked by which, and what a change of the system may not lose (A7)."""

from __future__ import annotations

from typing import Any

import pytest

from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.ids import final_marks_stream
from ejd.kernel.policies import GRADING_SYSTEMS
from ejd_commands.classes import FormClass
from ejd_commands.grading import MarksOfAnotherScale
from ejd_commands.journals import OpenJournal
from ejd_commands.marks import NotThisMark, RecordMark
from tests.scenario import World, given, uid
from tests.worlds import (
    A_JOURNAL,
    A_YEAR,
    ADA,
    CLASS_5A,
    DEPUTY,
    HEAD,
    JOURNAL,
    LESSON,
    LESSON_DAY,
    LESSON_SLOT,
    MATHS,
    VERA,
    YEAR,
)

MARKED: World = (
    *A_JOURNAL,
    (LESSON, e.MarkRecorded(journal=JOURNAL, date=LESSON_DAY, slot=LESSON_SLOT, pupil=VERA, work="oral", value="5")),
    (
        final_marks_stream(JOURNAL, "q1"),
        f.FinalMarkDecided(journal=JOURNAL, period="q1", pupil=VERA, value="н/а", basis=f.Basis()),
    ),
)


def marked_by(system: str) -> OpenJournal:
    fields = {"journal": JOURNAL, "subject": MATHS, "group": CLASS_5A, "group_kind": "class", "grading_system": system}
    return OpenJournal.model_validate(fields)


def test_a_journal_keeps_a_system_that_knows_its_marks() -> None:
    scenario = given(MARKED)
    refused = scenario.when(marked_by("pass-fail"), by=HEAD)
    refused.then_refused(MarksOfAnotherScale, saying="Зачёт/незачёт does not know (5)", field="grading_system")
    scenario.when(marked_by("unmarked"), by=HEAD).then_refused(MarksOfAnotherScale, saying="(5, н/а)")
    (changed,) = scenario.when(marked_by("ten-point"), by=HEAD).events
    assert isinstance(changed, j.JournalOpened)
    assert changed.grading_system == "ten-point", "5 and н/а are marks there too"
    assert given(A_JOURNAL).when(marked_by("letter"), by=HEAD).events, "no mark was given yet"


@pytest.mark.parametrize(
    ("system", "fits", "strange"),
    [
        ("five-point", "4", "6"),
        ("pass-fail", "зач", "4"),
        ("hundred-point", "87", "101"),
        ("ten-point", "10", "0"),
        ("letter", "B", "4"),
    ],
)
def test_a_mark_is_one_of_the_journals_system(system: str, fits: str, strange: str) -> None:
    scenario = given(A_JOURNAL)
    if system != "five-point":
        scenario = scenario.when(marked_by(system), by=HEAD).and_then_given()
    mark: dict[str, Any] = {"journal": JOURNAL, "day": LESSON_DAY, "slot": LESSON_SLOT, "pupil": VERA, "work": "oral"}
    assert scenario.when(RecordMark(**mark, value=fits), by=ADA).events
    scenario.when(RecordMark(**mark, value=strange), by=ADA).then_refused(NotThisMark)


@pytest.mark.parametrize(("grade", "system"), [(1, "unmarked"), (2, "five-point")])
def test_the_first_grade_is_without_marks_unless_said_otherwise(grade: int, system: str) -> None:
    form = {"class_id": uid("class 1a"), "year": YEAR, "title": "1А", "grade": grade, "scheme": "quarters"}
    command = FormClass.model_validate(form | {"bells": "first-shift"})
    (formed,) = given(A_YEAR).when(command, by=DEPUTY).events
    assert isinstance(formed, j.ClassFormed)
    assert formed.grading_system == system
    named = FormClass.model_validate(form | {"bells": "first-shift", "grading_system": "ten-point"})
    (formed,) = given(A_YEAR).when(named, by=DEPUTY).events
    assert isinstance(formed, j.ClassFormed)
    assert formed.grading_system == "ten-point"


def test_no_mark_is_given_in_an_unmarked_journal() -> None:
    scenario = given(A_JOURNAL).when(marked_by("unmarked"), by=HEAD).and_then_given()
    mark: dict[str, Any] = {"journal": JOURNAL, "day": LESSON_DAY, "slot": LESSON_SLOT, "pupil": VERA, "work": "oral"}
    scenario.when(RecordMark(**mark, value="5"), by=ADA).then_refused(NotThisMark)


def test_the_five_scales_and_none_are_shipped() -> None:
    codes = [system.code for system in GRADING_SYSTEMS]
    assert codes == ["five-point", "pass-fail", "hundred-point", "ten-point", "letter", "unmarked"]
