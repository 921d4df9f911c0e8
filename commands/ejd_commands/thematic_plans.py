"""Going on with a thematic plan (КТП): its future is revised, topics are combined, reserve hours dropped (C4, D8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from pydantic import Field, Strict

from ejd.kernel.command import Refusal, WrongState
from ejd.kernel.events import journals as j
from ejd.kernel.ids import SCHOOL
from ejd_commands import known
from ejd_commands.fields import TOPIC_CHARACTERS_MAX, Part, Reason, Topic
from ejd_commands.journals import TOPICS_MAX, JournalCommand, PlannedTopicText, TopicHours, TopicNumber
from ejd_commands.plan_record import TaughtTopicChanged, check_taught, named, taught_lessons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event
    from ejd.kernel.states.teaching import JournalState

COMBINED_MAX = 50
DROPPED_HOURS_MAX = 100


class NoPlanYet(WrongState):
    """The journal has no thematic plan that could be changed."""


class NoSuchLine(Refusal):
    """The thematic plan has no line of this number."""


class PlanIsFull(Refusal):
    """No more lines can be numbered."""


class NothingIsSaved(Refusal):
    """Combined topics take fewer lessons than they did apart."""


class NotEnoughReserve(Refusal):
    """The plan has not so many untaught hours of reserve."""


class RevisedTopicPart(Part):
    """A line of the revised plan: with its number one that is there, without a number a new one."""

    number: TopicNumber | None = None
    section: Topic = ""
    topic: PlannedTopicText
    hours: TopicHours = 1
    control: Annotated[bool, Strict()] = False
    reserve: Annotated[bool, Strict()] = False


class PlanCommand(JournalCommand):
    """Base of what changes a thematic plan that is there, with the reason."""

    reason: Reason

    def plan(self, context: Context) -> JournalState:
        """Answer the journal with its plan; raises NoPlanYet."""
        state, opened = known.journal(context, self.journal)
        if not state.plan:
            msg = f"{opened.name} has no thematic plan: adopt one with adopt-thematic-plan"
            raise NoPlanYet(msg, field="journal")
        return state

    def line(self, state: JournalState, number: int, field: str) -> j.PlannedTopic:
        """Answer a line; raises NoSuchLine."""
        found = state.plan.get(number)
        if found is None:
            msg = f"the thematic plan has no line {number}: look it up in GET /api/v1/reports/thematic-plan"
            raise NoSuchLine(msg, field=field)
        return found


class ReviseThematicPlan(PlanCommand):
    """Revise the whole plan in the order of teaching; lines that were taught stay as they are (C4).

    New lines get the next free numbers, so that what was taught keeps its own.
    """

    name: ClassVar[str] = "revise-thematic-plan"
    topics: Annotated[tuple[RevisedTopicPart, ...], Field(min_length=1, max_length=TOPICS_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a plan without a taught line, naming it."""
        state = self.plan(context)
        known.only_once((str(one.number) for one in self.topics if one.number is not None), "topics")
        topics = tuple(self._lines(state))
        check_taught(taught_lessons(context, self.journal), state.plan, topics)
        if topics != tuple(state.plan.values()):
            reason = context.seal(SCHOOL, self.reason, field="thematic-plan-revised.reason")
            yield j.ThematicPlanRevised(topics=topics, reason=reason)

    def _lines(self, state: JournalState) -> Iterator[j.PlannedTopic]:
        number = state.plan_number_max
        for index, one in enumerate(self.topics):
            combined: tuple[int, ...] = ()
            if one.number is not None:
                combined = self.line(state, one.number, f"topics.{index}.number").combined
            else:
                number += 1
                if number > TOPICS_MAX:
                    msg = f"a plan has at most {TOPICS_MAX} lines over all its versions: change lines that are there"
                    raise PlanIsFull(msg, field=f"topics.{index}.number")
            fields = one.model_dump(exclude={"number"})
            yield j.PlannedTopic(number=one.number or number, combined=combined, **fields)


class CombineTopics(PlanCommand):
    """Combine topics that are not taught yet into the first, in fewer lessons, because lessons were lost (D8)."""

    name: ClassVar[str] = "combine-topics"
    numbers: Annotated[tuple[TopicNumber, ...], Field(min_length=2, max_length=COMBINED_MAX)]
    hours: TopicHours
    topic: PlannedTopicText | None = None

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse topics that were taught, and hours that save nothing."""
        state = self.plan(context)
        known.only_once(map(str, self.numbers), "numbers")
        lines = [self.line(state, number, f"numbers.{index}") for index, number in enumerate(self.numbers)]
        taught = taught_lessons(context, self.journal)
        for index, line in enumerate(lines):
            if line.number in taught:
                msg = f"{named(line)} was taught already: combine topics that are still to come"
                raise TaughtTopicChanged(msg, field=f"numbers.{index}")
        hours = sum(line.hours for line in lines)
        if self.hours >= hours:
            msg = f"these topics take {hours} lessons apart: give the combined one fewer"
            raise NothingIsSaved(msg, field="hours")
        first, *others = lines
        combined = (*first.combined, *(number for line in others for number in (line.number, *line.combined)))
        whole = msgspec.structs.replace(
            first,
            topic=self.topic or "; ".join(line.topic for line in lines)[:TOPIC_CHARACTERS_MAX],
            hours=self.hours,
            control=any(line.control for line in lines),
            reserve=all(line.reserve for line in lines),
            combined=combined,
        )
        gone = {line.number for line in others}
        topics = tuple(
            whole if number == first.number else line for number, line in state.plan.items() if number not in gone
        )
        reason = context.seal(SCHOOL, self.reason, field="thematic-plan-revised.reason")
        yield j.ThematicPlanRevised(topics=topics, kind="combined", reason=reason)


class DropReserveHours(PlanCommand):
    """Drop hours of the reserve that were not taught, the last ones first, because lessons were lost (D8)."""

    name: ClassVar[str] = "drop-reserve-hours"
    hours: Annotated[int, Strict(), Field(ge=1, le=DROPPED_HOURS_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse more hours than the reserve has, or all the plan has."""
        state = self.plan(context)
        taught = taught_lessons(context, self.journal)
        left = {
            number: max(line.hours - taught.get(number, 0), 0) for number, line in state.plan.items() if line.reserve
        }
        to_drop, kept = self.hours, []
        for number, line in reversed(state.plan.items()):
            dropped = min(left.get(number, 0), to_drop)
            to_drop -= dropped
            if dropped < line.hours:
                kept.append(msgspec.structs.replace(line, hours=line.hours - dropped))
        if to_drop or not kept:
            msg = f"the plan has {sum(left.values())} hours of reserve to drop: drop fewer, or combine topics"
            raise NotEnoughReserve(msg, field="hours")
        reason = context.seal(SCHOOL, self.reason, field="thematic-plan-revised.reason")
        yield j.ThematicPlanRevised(topics=tuple(reversed(kept)), kind="reserve-dropped", reason=reason)
