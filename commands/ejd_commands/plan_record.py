"""What a thematic plan must keep: the lines on which lessons were held already (C4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.kernel.command import WrongState
from ejd.kernel.states.lesson import LessonState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ejd.kernel.command import Context
    from ejd.kernel.events.journals import PlannedTopic


class TaughtTopicRemoved(WrongState):
    """A line of the plan that was taught stays in it."""


class TaughtTopicChanged(WrongState):
    """A line of the plan that was taught stays as it was taught."""


def taught_lessons(context: Context, journal: str) -> dict[int, int]:
    """Answer how many lessons were held on each line of the plan; cancelled ones do not count."""
    taught: dict[int, int] = {}
    for lesson in context.load_many(LessonState, context.streams_of(journal, "lesson")):
        if lesson.plan_item is not None and not lesson.cancelled:
            taught[lesson.plan_item] = taught.get(lesson.plan_item, 0) + 1
    return taught


def named(topic: PlannedTopic) -> str:
    """Answer a line as a user would name it."""
    return f"line {topic.number} «{topic.topic}»"


def check_taught(
    taught: Mapping[int, int], before: Mapping[int, PlannedTopic], topics: Sequence[PlannedTopic], field: str = "topics"
) -> None:
    """Raise TaughtTopicRemoved or TaughtTopicChanged unless each taught line stays, with hours for what was held."""
    after = {topic.number: topic for topic in topics}
    for number, topic in before.items():
        if number not in taught:
            continue
        new = after.get(number)
        if new is None:
            msg = f"{named(topic)} was taught in {taught[number]} lessons: keep it in the plan, revise what comes after"
            raise TaughtTopicRemoved(msg, field=field)
        if (new.section, new.topic, new.control) != (topic.section, topic.topic, topic.control):
            msg = f"{named(topic)} was taught: leave section and topic as they are, or correct the lessons' topics"
            raise TaughtTopicChanged(msg, field=field)
        if new.hours < min(taught[number], topic.hours):
            msg = f"{named(topic)} was taught in {taught[number]} lessons: leave it at least so many hours"
            raise TaughtTopicChanged(msg, field=field)
