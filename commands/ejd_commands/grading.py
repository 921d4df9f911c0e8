"""What a grading system must keep: the marks that were given by the one before (A7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.kernel.command import WrongState
from ejd.kernel.policies import grade_value
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.teaching import FinalMarksState

if TYPE_CHECKING:
    from ejd.kernel.command import Context
    from ejd.kernel.events.school import GradingSystem


class MarksOfAnotherScale(WrongState):
    """Marks of the journal are none in the other grading system."""


def check_marks_fit(context: Context, journal: str, system: GradingSystem) -> None:
    """Raise MarksOfAnotherScale when a current or final mark of the journal is no mark in the system."""
    lessons = context.load_many(LessonState, context.streams_of(journal, "lesson"))
    finals = context.load_many(FinalMarksState, context.streams_of(journal, "final-marks"))
    given = [mark.value for lesson in lessons for mark in lesson.marks.values()]
    given += [value for one in finals for value in one.values.values()]
    strange = sorted({value for value in given if grade_value(system, value) is None})
    if strange:
        told = ", ".join(strange[:10])
        msg = (
            f"the journal has marks that {system.name} does not know ({told}): keep its grading system, or withdraw"
            " them first"
        )
        raise MarksOfAnotherScale(msg, field="grading_system")
