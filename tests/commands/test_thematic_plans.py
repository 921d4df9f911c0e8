"""A thematic plan goes on: its future is revised, topics combined, reserve dropped; what was taught stays."""

from __future__ import annotations

from typing import Any

from ejd.kernel.command import NotAllowed
from ejd.kernel.dependents import writes
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.ids import SCHOOL, lesson_stream
from ejd_commands.journals import TOPICS_MAX, AdoptThematicPlan
from ejd_commands.known import NamedTwice
from ejd_commands.lesson_base import UnknownJournal
from ejd_commands.lessons import NotInThePlan, RecordTopic
from ejd_commands.plan_record import TaughtTopicChanged, TaughtTopicRemoved
from ejd_commands.thematic_plans import (
    CombineTopics,
    DropReserveHours,
    NoPlanYet,
    NoSuchLine,
    NotEnoughReserve,
    NothingIsSaved,
    PlanIsFull,
    ReviseThematicPlan,
)
from tests.scenario import World, given, sealed
from tests.worlds import (
    A_GROUP_JOURNAL,
    A_JOURNAL,
    ADA,
    API_CLIENT,
    DEPUTY,
    FIRST_DAY,
    GROUP_JOURNAL,
    HEAD,
    JOURNAL,
    LESSON_DAY,
    LESSON_SLOT,
    STRANGER,
)

WHY = "карантин"


def topic(number: int, text: str, **more: Any) -> j.PlannedTopic:
    return j.PlannedTopic(number=number, section="Дроби", topic=text, **more)


PLAN = (
    topic(1, "Доли", hours=2),
    topic(2, "Сравнение", hours=2),
    topic(3, "Сложение", hours=3),
    topic(4, "Контрольная", control=True),
    topic(5, "Резерв", hours=2, reserve=True),
    topic(6, "Резерв в конце года", hours=1, reserve=True),
)


def held(number: int, slot: int, *, cancelled: bool = False) -> World:
    """Lessons of the first day on a line of the plan."""
    identity: dict[str, Any] = {"journal": JOURNAL, "date": FIRST_DAY, "slot": slot}
    stream = lesson_stream(JOURNAL, FIRST_DAY, slot)
    told = (stream, e.TopicRecorded(**identity, topic="Тема", plan_item=number))
    return (told, (stream, e.LessonCancelled(**identity, reason=sealed(SCHOOL, WHY)))) if cancelled else (told,)


A_PLAN: World = (*A_JOURNAL, (JOURNAL, j.ThematicPlanAdopted(topics=PLAN)))
TAUGHT: World = (*A_PLAN, *held(1, 1), *held(1, 2), *held(2, 3), *held(4, 4, cancelled=True))
"""Line 1 is taught, line 2 begun; the lesson on line 4 was cancelled."""


def lines(*topics: j.PlannedTopic) -> list[dict[str, Any]]:
    names = ("number", "section", "topic", "hours", "control", "reserve")
    return [{name: getattr(one, name) for name in names} for one in topics]


def revise(topics: list[dict[str, Any]], journal: str = JOURNAL) -> ReviseThematicPlan:
    return ReviseThematicPlan.model_validate({"journal": journal, "topics": topics, "reason": WHY})


def combine(*numbers: int, hours: int = 1, **more: Any) -> CombineTopics:
    return CombineTopics.model_validate({"journal": JOURNAL, "numbers": numbers, "hours": hours, "reason": WHY, **more})


def drop(hours: int) -> DropReserveHours:
    return DropReserveHours(journal=JOURNAL, hours=hours, reason=WHY)


def test_the_future_is_revised_and_new_lines_get_numbers_of_their_own() -> None:
    new = {"section": "Дроби", "topic": "Задачи", "hours": 2}
    outcome = given(TAUGHT).when(revise([*lines(*PLAN[:2], PLAN[3]), new, *lines(PLAN[2])]), by=API_CLIENT)
    revised = (*PLAN[:2], PLAN[3], topic(31, "Задачи", hours=2), PLAN[2])
    outcome.then(j.ThematicPlanRevised(topics=revised, reason=sealed(SCHOOL, WHY))).in_stream(JOURNAL)
    outcome.sealing(SCHOOL, WHY, field="thematic-plan-revised.reason")
    again = outcome.when(revise([*lines(*revised), {"topic": "Ещё"}]), by=HEAD)
    (event,) = again.events
    assert isinstance(event, j.ThematicPlanRevised)
    assert event.topics[-1] == j.PlannedTopic(number=32, section="", topic="Ещё"), (
        "numbers up to 30 were used by the plan before"
    )
    outcome.when(revise(lines(*revised)), by=HEAD).then_nothing()


def test_a_taught_line_stays_and_is_named_when_it_would_not() -> None:
    scenario = given(TAUGHT)
    without = scenario.when(revise(lines(*PLAN[1:])), by=DEPUTY)
    without.then_refused(TaughtTopicRemoved, saying="line 1 «Доли» was taught in 2 lessons", field="topics")
    renamed = scenario.when(revise(lines(PLAN[0], topic(2, "Другое"), *PLAN[2:])), by=DEPUTY)
    renamed.then_refused(TaughtTopicChanged, saying="line 2 «Сравнение» was taught: leave section and topic")
    fewer = scenario.when(revise(lines(topic(1, "Доли", hours=1), *PLAN[1:])), by=DEPUTY)
    fewer.then_refused(TaughtTopicChanged, saying="leave it at least so many hours")
    begun = lines(PLAN[0], topic(2, "Сравнение", hours=1), PLAN[2])
    assert scenario.when(revise(begun), by=DEPUTY).events, (
        "one lesson was held on line 2, and the cancelled one on 4 not"
    )


def test_more_lessons_than_hours_do_not_keep_a_line_from_staying() -> None:
    more = given(TAUGHT, *held(1, 5))
    assert more.when(revise(lines(*PLAN[:2])), by=HEAD).events


def test_adopting_a_whole_new_plan_keeps_what_was_taught_too() -> None:
    def adopt(*topics: j.PlannedTopic) -> AdoptThematicPlan:
        return AdoptThematicPlan.model_validate({"journal": JOURNAL, "topics": lines(*topics)})

    scenario = given(TAUGHT)
    scenario.when(adopt(topic(1, "Новая"), *PLAN[1:]), by=HEAD).then_refused(TaughtTopicChanged)
    scenario.when(adopt(PLAN[0]), by=HEAD).then_refused(TaughtTopicRemoved, saying="line 2")
    scenario.when(adopt(*PLAN[:3]), by=HEAD).then(j.ThematicPlanAdopted(topics=PLAN[:3]))


def test_the_first_plan_of_a_journal_has_nothing_to_keep() -> None:
    first = AdoptThematicPlan.model_validate({"journal": GROUP_JOURNAL, "topics": lines(*PLAN)})
    given(A_GROUP_JOURNAL).when(first, by=HEAD).then(j.ThematicPlanAdopted(topics=PLAN))


def test_what_a_revision_cannot_name_is_refused() -> None:
    scenario = given(A_PLAN)
    scenario.when(revise(lines(topic(9, "Нет такой"))), by=HEAD).then_refused(
        NoSuchLine, saying="no line 9", field="topics.0.number"
    )
    scenario.when(revise(lines(PLAN[0], PLAN[0])), by=HEAD).then_refused(NamedTwice)
    scenario.when(revise(lines(PLAN[0]), STRANGER), by=HEAD).then_refused(UnknownJournal)
    scenario.when(revise(lines(PLAN[0])), by=ADA).then_refused(NotAllowed)
    empty = given(A_GROUP_JOURNAL)
    empty.when(revise(lines(PLAN[0]), GROUP_JOURNAL), by=HEAD).then_refused(NoPlanYet, saying="adopt-thematic-plan")
    full = given(A_JOURNAL, (JOURNAL, j.ThematicPlanAdopted(topics=(topic(TOPICS_MAX, "Последняя"),))))
    full.when(revise([{"topic": "Ещё"}]), by=HEAD).then_refused(PlanIsFull, field="topics.0.number")


def test_topics_are_combined_in_fewer_lessons() -> None:
    outcome = given(TAUGHT).when(combine(3, 4, hours=2), by=DEPUTY)
    whole = topic(3, "Сложение; Контрольная", hours=2, control=True, combined=(4,))
    expected = j.ThematicPlanRevised(topics=(*PLAN[:2], whole, *PLAN[4:]), kind="combined", reason=sealed(SCHOOL, WHY))
    outcome.then(expected)
    further = outcome.when(combine(5, 3, hours=3, topic="Всё вместе"), by=DEPUTY)
    (event,) = further.events
    assert isinstance(event, j.ThematicPlanRevised)
    assert event.topics[2:] == (
        topic(5, "Всё вместе", hours=3, control=True, combined=(3, 4)),
        PLAN[5],
    )
    kept = further.when(revise(lines(*event.topics)), by=HEAD)
    kept.then_nothing()


def test_what_cannot_be_combined_is_refused() -> None:
    scenario = given(TAUGHT)
    scenario.when(combine(3, 2), by=HEAD).then_refused(TaughtTopicChanged, saying="line 2", field="numbers.1")
    scenario.when(combine(3, 9), by=HEAD).then_refused(NoSuchLine, field="numbers.1")
    scenario.when(combine(3, 3), by=HEAD).then_refused(NamedTwice, field="numbers")
    scenario.when(combine(3, 4, hours=4), by=HEAD).then_refused(NothingIsSaved, saying="4 lessons apart")


def test_reserve_is_dropped_from_the_end_and_never_what_was_taught() -> None:
    scenario = given(TAUGHT, *held(5, 5))
    outcome = scenario.when(drop(2), by=DEPUTY)
    kept = (*PLAN[:4], topic(5, "Резерв", hours=1, reserve=True))
    outcome.then(j.ThematicPlanRevised(topics=kept, kind="reserve-dropped", reason=sealed(SCHOOL, WHY)))
    outcome.when(drop(1), by=DEPUTY).then_refused(NotEnoughReserve, saying="has 0 hours of reserve", field="hours")
    scenario.when(drop(3), by=DEPUTY).then_refused(NotEnoughReserve, saying="has 2 hours")
    only = given(A_JOURNAL, (JOURNAL, j.ThematicPlanAdopted(topics=(topic(1, "Резерв", reserve=True),))))
    only.when(drop(1), by=DEPUTY).then_refused(NotEnoughReserve)


def test_a_lesson_takes_its_topic_from_the_revised_plan() -> None:
    revised = given(A_PLAN).when(revise([*lines(PLAN[0]), {"topic": "Задачи"}]), by=HEAD).and_then_given()
    lesson: dict[str, Any] = {"journal": JOURNAL, "day": LESSON_DAY, "slot": LESSON_SLOT}
    (event,) = revised.when(RecordTopic(**lesson, plan_item=31), by=ADA).events
    assert isinstance(event, e.TopicRecorded)
    assert (event.topic, event.plan_item) == ("Задачи", 31)
    revised.when(RecordTopic(**lesson, plan_item=2), by=ADA).then_refused(NotInThePlan)


def test_a_revision_stands_on_the_plan_before() -> None:
    revised = j.ThematicPlanRevised(topics=PLAN, reason=sealed(SCHOOL, WHY))
    assert writes(revised) == writes(j.ThematicPlanAdopted(topics=PLAN)) == (("plan",),)
