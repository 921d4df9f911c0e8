"""Classes with their working mode and class teachers, teaching groups and streams (C1, C3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ejd.kernel.command import Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import journals as j
from ejd.kernel.ids import derived
from ejd.kernel.states.teaching import ClassState, GroupState
from ejd_commands import known
from ejd_commands.fields import Code, Day, Grade, Id, Name
from ejd_commands.known import SetUpCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event

GROUP_CLASSES_MAX = 100
UNMARKED_GRADE = 1
"""First grade is without marks (A7)."""


class NotOneClass(Refusal):
    """A group for individual teaching has its pupil from one class."""


class KindIsAnother(WrongState):
    """A group for individual teaching stays one, and no other group becomes one."""


class FormClass(SetUpCommand):
    """Form a class of one year, or change its name and working mode (C1, C3)."""

    name: ClassVar[str] = "form-class"
    class_id: Id | None = None
    year: Id
    title: Name
    grade: Grade
    scheme: Code
    bells: Code
    week_days: Literal[5, 6, 7] = 5
    grading_system: Code | None = None

    def stream(self, context: Context) -> str:
        """Answer the class's stream."""
        return self.class_id or derived(context.command_id, "class")

    def target(self, context: Context) -> Target:
        """Answer the class's stream."""
        stream = self.stream(context)
        return Target(stream, Scope(kind="class", class_id=stream, year=self.year))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse what year and school do not have; first grade is unmarked unless another system is named (A7)."""
        stream = self.stream(context)
        state = context.load(ClassState, stream)
        known.same_year(None if state.formed is None else state.formed.year, self.year, "class")
        known.check_course(context, self.year, scheme=self.scheme, bells=self.bells)
        grading_system = self.grading_system or ("unmarked" if self.grade == UNMARKED_GRADE else "five-point")
        known.check_grading_system(context, grading_system)
        event = j.ClassFormed(
            year=self.year,
            name=self.title,
            grade=self.grade,
            scheme=self.scheme,
            bells=self.bells,
            week_days=self.week_days,
            grading_system=grading_system,
        )
        if state.formed != event:
            old_title = "" if state.formed is None else state.formed.name
            known.claim_title(context, "class", f"class/{self.year}", self.title, old_title, stream)
            yield event


class AppointClassTeacher(SetUpCommand):
    """Appoint the class teacher (классный руководитель) from a day on, until the next one (C3)."""

    name: ClassVar[str] = "appoint-class-teacher"
    class_id: Id
    staff: Id
    starts: Day

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the class's stream."""
        return Target(self.class_id, Scope(kind="class", class_id=self.class_id))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse somebody who does not work here then."""
        known.class_on_a_day(context, self.class_id, self.starts, "starts")
        known.working(context, self.staff, self.starts)
        if context.load(ClassState, self.class_id).teachers.get(self.starts) != self.staff:
            yield j.ClassTeacherAppointed(staff=self.staff, starts=self.starts)


class FormTeachingGroup(SetUpCommand):
    """Form a teaching group over one or several classes, or change its name, kind and classes (C3)."""

    name: ClassVar[str] = "form-teaching-group"
    group: Id | None = None
    year: Id
    title: Name
    kind: Literal["subgroup", "stream", "elective", "club", "individual"]
    classes: Annotated[tuple[Id, ...], Field(min_length=1, max_length=GROUP_CLASSES_MAX)]

    def stream(self, context: Context) -> str:
        """Answer the group's stream."""
        return self.group or derived(context.command_id, "group")

    def target(self, context: Context) -> Target:
        """Answer the group's stream; the directory keeps the class of a group that has only one."""
        class_id = self.classes[0] if len(self.classes) == 1 else ""
        return Target(self.stream(context), Scope(kind="group", class_id=class_id, year=self.year))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse classes of another year."""
        stream = self.stream(context)
        state = context.load(GroupState, stream)
        known.same_year(None if state.formed is None else state.formed.year, self.year, "teaching group")
        known.year(context, self.year)
        known.only_once(self.classes, "classes")
        for index, class_id in enumerate(self.classes):
            formed = known.class_formed(context, class_id, f"classes.{index}")
            if formed.year != self.year:
                msg = f"class {formed.name} is of another academic year: choose classes of this one"
                raise known.BelongsToAnotherYear(msg, field=f"classes.{index}")
        if self.kind == "individual" and len(self.classes) != 1:
            raise NotOneClass("individual teaching is for one pupil: name the pupil's class only", field="classes")
        if state.formed is not None and (state.formed.kind == "individual") != (self.kind == "individual"):
            msg = "individual teaching and groups of several pupils do not turn into each other: form a new group"
            raise KindIsAnother(msg, field="kind")
        event = j.TeachingGroupFormed(year=self.year, name=self.title, kind=self.kind, classes=self.classes)
        if state.formed != event:
            old_title = "" if state.formed is None else state.formed.name
            known.claim_title(context, "teaching group", f"group/{self.year}", self.title, old_title, stream)
            yield event
