"""The school's norms for control works: dated, with their source, each rule an error, a warning or off (C6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, Strict

from ejd.kernel.access import Access
from ejd.kernel.command import Refusal
from ejd.kernel.events.control_works import ControlNorms, ControlNormsAdopted, NormRule
from ejd.kernel.rights import Administers
from ejd_commands import known
from ejd_commands.fields import Day, Name
from ejd_commands.school import SchoolCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

WORKS_A_WEEK_MAX = 50
WEEKS_TENTHS_MAX = 400
RULES_MAX = 12
MINUTES_MAX = 600

Works = Annotated[int, Strict(), Field(ge=1, le=WORKS_A_WEEK_MAX)]
Minutes = Annotated[int, Strict(), Field(ge=1, le=MINUTES_MAX)]
Rules = Annotated[tuple[NormRule, ...], Field(max_length=RULES_MAX)]


class ErrorAndOff(Refusal):
    """A rule is either enforced or not looked for."""


class AdoptControlNorms(SchoolCommand):
    """Adopt norms for control works from a day on, whole, with their source; they replace the official set (C6).

    Without `minutes_min` and `lesson_minutes_max` nothing is asked of the time that the bells give a work.
    """

    name: ClassVar[str] = "adopt-control-norms"
    access: ClassVar[Access] = Access("administer", "school", "adopt norms for control works")
    starts: Day
    source: Name
    per_day_max: Works = 1
    per_week_max: Works = 3
    weeks_between_tenths: Annotated[int, Strict(), Field(ge=0, le=WEEKS_TENTHS_MAX)] = 25
    hours_percent_max: Annotated[int, Strict(), Field(ge=0, le=100)] = 10
    single_hour_exception: Annotated[bool, Strict()] = True
    written_only: Annotated[bool, Strict()] = True
    lessons_max: Works = 2
    minutes_min: Minutes | None = None
    lesson_minutes_max: Minutes | None = None
    errors: Rules = ("per-day",)
    off: Rules = ()

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Only administration decides on norms (п. 5: the schedule of control works)."""
        return Administers("adopt norms for control works")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a rule that is named twice."""
        known.only_once(self.errors, "errors")
        known.only_once(self.off, "off")
        both = sorted(set(self.errors) & set(self.off))
        if both:
            msg = f"{both[0]} stands in errors and in off: leave it in one of them"
            raise ErrorAndOff(msg, field="off")
        norms = ControlNorms(**self.model_dump(exclude={"starts"}))
        if known.school(context).control_norms.get(self.starts) != norms:
            yield ControlNormsAdopted(starts=self.starts, norms=norms)
