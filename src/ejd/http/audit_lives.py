"""The routes of lives (A10): of a cell, of a part of a lesson, of a final mark; for the administration."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from pydantic import Field

from ejd.handling.authentication import Authenticated
from ejd.history.life import Cell
from ejd.history.lives import Life, Lives
from ejd.http.asking import Answered, Asking, Desk, QuestionParameters
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.routes import add_question, problems, who
from ejd_commands.fields import MARK_NUMBER_MAX, Code, Id

LessonPart = Literal["topic", "homework", "roll", "substitution"]
KINDS: dict[LessonPart, frozenset[str]] = {
    "topic": frozenset({"topic"}),
    "homework": frozenset({"homework"}),
    "roll": frozenset({"attendance"}),
    "substitution": frozenset({"substitution", "lesson"}),
}
"""Moving, cancelling and reinstating stand with the substitution: they say who gives the lesson, and when."""
CELL_KINDS = frozenset({"mark", "attendance"})

Lesson = Annotated[Id, Path(description="The lesson's id, as gradebooks and lists of lessons have it.")]


class CellParameters(QuestionParameters):
    """Without a kind of work: all marks of the pupil in the lesson, and the line of the roll."""

    work: Annotated[Code | None, Field(description="Marks of one kind of work only.")] = None
    number: Annotated[int | None, Field(ge=1, le=MARK_NUMBER_MAX, description="One of several marks.")] = None


def lives(school: SchoolService, asking: Asking) -> Lives:
    """Answer who tells lives up to the position of the reports."""
    unseal, kind_of = school.read.folding.unseal, school.states.kind_of
    return Lives(school.store, asking.c, unseal, kind_of, upto=asking.position)


def add_lives(app: FastAPI, school: SchoolService, desk: Desk) -> None:
    """Add the routes."""
    routes: tuple[tuple[str, str, Any], ...] = (
        ("audit-cell", "/audit/cells/{lesson}/{pupil}", _cell(school, desk)),
        ("audit-lesson", "/audit/lessons/{lesson}/{part}", _part(school, desk)),
        ("audit-final-mark", "/audit/final-marks/{journal}/{period}/{pupil}", _final_mark(school, desk)),
    )
    for name, path, endpoint in routes:
        add_question(
            app,
            name=name,
            path=path,
            endpoint=endpoint,
            model=Answered[Life],
            responses=problems(400, 401, 403, 404, 406, 422, 503),
            tag="audit",
            description=endpoint.__doc__,
        )


def _cell(school: SchoolService, desk: Desk) -> Callable[..., Response]:
    def cell(  # noqa: PLR0913 - the parts of the address
        request: Request,
        lesson: Lesson,
        pupil: Id,
        query: Annotated[CellParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        """The whole life of a cell: recorded, corrected, requested, approved, void, restored, seen by the parent."""
        kinds = CELL_KINDS if query.work is None and query.number is None else frozenset({"mark"})
        asked = Cell(kinds, pupil, query.work or "", query.number or 0)
        return desk.answer(
            "audit-cell",
            lambda asking: lives(school, asking).of_lesson(lesson, asked),
            request=request,
            who=client,
            after=query.after,
            at=moment_of(simulated_time),
        )

    return cell


def _part(school: SchoolService, desk: Desk) -> Callable[..., Response]:
    def part(  # noqa: PLR0913 - the parts of the address
        request: Request,
        lesson: Lesson,
        part: LessonPart,
        query: Annotated[QuestionParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        """The whole life of a lesson's topic, homework, roll or substitution."""
        return desk.answer(
            "audit-lesson",
            lambda asking: lives(school, asking).of_lesson(lesson, Cell(KINDS[part])),
            request=request,
            who=client,
            after=query.after,
            at=moment_of(simulated_time),
        )

    return part


def _final_mark(school: SchoolService, desk: Desk) -> Callable[..., Response]:
    def final_mark(  # noqa: PLR0913 - the parts of the address
        request: Request,
        journal: Id,
        period: Code,
        pupil: Id,
        query: Annotated[QuestionParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        """The whole life of a final mark; the period is a grading period's code, or year, exam, overall."""
        return desk.answer(
            "audit-final-mark",
            lambda asking: lives(school, asking).of_final_mark(journal, period, pupil),
            request=request,
            who=client,
            after=query.after,
            at=moment_of(simulated_time),
        )

    return final_mark
