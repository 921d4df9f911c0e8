"""The school's own rules for its timetable (C5): which conflicts are errors, which rooms several may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, Strict

from ejd.kernel.access import Access
from ejd.kernel.command import Refusal
from ejd.kernel.due import SLOTS_MAX
from ejd.kernel.events.timetable import (
    ERRORS,
    ConflictKind,
    OwnDailyLimit,
    RoomNeed,
    TimetableRules,
    TimetableRulesAdopted,
)
from ejd.kernel.rights import Administers
from ejd_commands import known
from ejd_commands.fields import GRADE_MAX, Grade, Id, Part, ShortText
from ejd_commands.school import SchoolCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

KINDS_MAX = 20
SHARED_ROOMS_MAX = 100
SUBJECTS_MAX = 500
LIMITS_MAX = GRADE_MAX + 1

LessonsADay = Annotated[int, Strict(), Field(ge=1, le=SLOTS_MAX)]


class NotALimit(Refusal):
    """The grades or numbers of a daily limit contradict one another."""


class RoomNeedPart(Part):
    """A subject is taught in rooms of these kinds only."""

    subject: Id
    kinds: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=KINDS_MAX)]


class DailyLimitPart(Part):
    """At most `lessons` a day for the grades; once a week `once_a_week` (left out: the same)."""

    first_grade: Grade
    last_grade: Grade
    lessons: LessonsADay
    once_a_week: LessonsADay | None = None


class AdoptTimetableRules(SchoolCommand):
    """Adopt the school's rules for timetables, whole: which kinds of conflicts refuse a change; the rest only warn."""

    name: ClassVar[str] = "adopt-timetable-rules"
    access: ClassVar[Access] = Access("administer", "school", "adopt rules for timetables")
    errors: Annotated[tuple[ConflictKind, ...], Field(max_length=KINDS_MAX)] = ERRORS
    shared_rooms: Annotated[tuple[Id, ...], Field(max_length=SHARED_ROOMS_MAX)] = ()
    room_kinds: Annotated[tuple[RoomNeedPart, ...], Field(max_length=SUBJECTS_MAX)] = ()
    daily_limits: Annotated[tuple[DailyLimitPart, ...], Field(max_length=LIMITS_MAX)] = ()

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """What counts as an error is the administration's to say, not a program's."""
        return Administers("adopt rules for timetables")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse rooms and subjects that are not there, a kind or subject twice, grades that no limit can be for."""
        school = known.school(context)
        known.only_once(self.errors, "errors")
        known.only_once(self.shared_rooms, "shared_rooms")
        known.only_once((need.subject for need in self.room_kinds), "room_kinds")
        for index, room in enumerate(self.shared_rooms):
            known.check_room(context, room, f"shared_rooms.{index}")
        for index, need in enumerate(self.room_kinds):
            known.subject(context, need.subject, f"room_kinds.{index}.subject")
        rules = TimetableRules(
            errors=self.errors,
            shared_rooms=self.shared_rooms,
            room_kinds=tuple(RoomNeed(subject=need.subject, kinds=need.kinds) for need in self.room_kinds),
            daily_limits=self._limits(),
        )
        if rules != school.timetable_rules:
            yield TimetableRulesAdopted(rules=rules)

    def _limits(self) -> tuple[OwnDailyLimit, ...]:
        limits = []
        taken: set[int] = set()
        for index, one in enumerate(self.daily_limits):
            grades = set(range(one.first_grade, one.last_grade + 1))
            if not grades or grades & taken:
                msg = f"grades {one.first_grade} to {one.last_grade}: name each grade once, the lower one first"
                raise NotALimit(msg, field=f"daily_limits.{index}.last_grade")
            taken |= grades
            once = one.lessons if one.once_a_week is None else one.once_a_week
            if once < one.lessons:
                msg = f"once a week there may be more than {one.lessons} lessons, not fewer: correct the number"
                raise NotALimit(msg, field=f"daily_limits.{index}.once_a_week")
            limits.append(
                OwnDailyLimit(
                    first_grade=one.first_grade, last_grade=one.last_grade, lessons=one.lessons, once_a_week=once
                )
            )
        return tuple(limits)
