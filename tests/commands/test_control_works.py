"""The schedule of control works: planned one by one or as a whole, held against dated norms (C6)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.command import NotAllowed
from ejd.kernel.control_norms import LETTERS_2021, ORDER_704, RULES, WITHOUT, norms_on
from ejd.kernel.events import control_works as w
from ejd.kernel.events import journals as j
from ejd.kernel.events import year as y
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd.kernel.ids import SCHOOL, derived
from ejd_commands.control_norms import AdoptControlNorms, ErrorAndOff
from ejd_commands.control_plan import NormsBroken
from ejd_commands.control_works import (
    ControlWorkExists,
    MoveControlWork,
    NotInTheYear,
    PlanControlWork,
    PlanControlWorks,
)
from ejd_commands.known import NamedTwice
from ejd_commands.lesson_base import UnknownJournal
from ejd_commands.marks import UnknownKindOfWork
from tests.scenario import Outcome, Scenario, World, given, sealed, uid
from tests.worlds import (
    A_GROUP_JOURNAL,
    ADA,
    CLASS_5A,
    CLASS_5B,
    DEPUTY,
    ENGLISH,
    FIRST_DAY,
    GROUP,
    GROUP_JOURNAL,
    HEAD,
    JOURNAL,
    MATHS,
    STRANGER,
    TIMETABLE,
    YEAR,
)

MATHS_B, ART, SECOND_GROUP = uid("journal maths 5b"), uid("journal art"), uid("journal english 2")
OWN = date(2025, 9, 1)


def opened(journal: str, subject: str, group: str, kind: Any, *entries: tuple[int, int]) -> World:
    page = j.JournalOpened(
        year=YEAR,
        subject=subject,
        group=group,
        group_kind=kind,
        classes=(CLASS_5B if group == CLASS_5B else CLASS_5A,),
        grade=5,
        scheme="quarters",
        bells="first-shift",
        grading_system="five-point",
        name=journal[:4],
    )
    lines = tuple(ScheduleEntry(cycle_day=day, slot=slot) for day, slot in entries)
    return (
        (journal, page),
        (TIMETABLE, JournalScheduled(journal=journal, starts=FIRST_DAY, entries=lines)),
    )


PLANNED: World = (
    *A_GROUP_JOURNAL,
    *opened(MATHS_B, MATHS, CLASS_5B, "class", (1, 2), (2, 2), (3, 2)),
    *opened(ART, uid("subject art"), CLASS_5A, "class", (2, 1), (3, 3), (4, 4)),
    *opened(SECOND_GROUP, ENGLISH, GROUP, "group", (1, 3), (3, 4)),
)
"""5А has maths Mon-Fri in slot 2, English on Mondays in slot 3, art on Tue 1, Wed 3, Thu 4, English 2 on Wed 4."""


def norms(*errors: w.NormRule, off: tuple[w.NormRule, ...] = (), **more: Any) -> w.ControlNorms:
    return w.ControlNorms(source="приказ № 5", errors=errors, off=off, **more)


def with_norms(*errors: w.NormRule, **more: Any) -> Scenario:
    return given(PLANNED, (SCHOOL, w.ControlNormsAdopted(starts=OWN, norms=norms(*errors, **more))))


def work(day: str, journal: str = JOURNAL, **more: Any) -> dict[str, Any]:
    return {"journal": journal, "day": day, "title": "Дроби", "form": "контрольная", **more}


def plan(day: str, journal: str = JOURNAL, **more: Any) -> PlanControlWork:
    return PlanControlWork.model_validate(work(day, journal, **more))


def plan_all(*works: dict[str, Any]) -> PlanControlWorks:
    return PlanControlWorks.model_validate({"works": works})


def after(scenario: Scenario, *days: str) -> Scenario:
    """Plan maths works on these days, whatever the norms say."""
    events = tuple(
        (
            uid(f"work {day}"),
            w.ControlWorkPlanned(journal=JOURNAL, day=date.fromisoformat(day), title="Дроби", form="к", work="control"),
        )
        for day in days
    )
    twin = scenario.copy()
    for stream, event in events:
        twin.streams[stream].append(event)
    return twin


def refused(outcome: Outcome, rule: str, *words: str) -> None:
    outcome.then_refused(NormsBroken, saying=f"{rule}: ")
    assert outcome.refusal is not None
    for one in (*words, "(приказ № 5)"):
        assert one in outcome.refusal.sentence


def test_several_works_are_planned_at_once() -> None:
    outcome = given(PLANNED).when(
        plan_all(work("2025-10-08"), work("2025-10-09", ART, lessons=2, first_slot=4)), by=DEPUTY, command_id=uid("c")
    )
    first, second = outcome.decided
    assert (first.stream, second.stream) == (
        derived(uid("c"), "control-work 0"),
        derived(uid("c"), "control-work 1"),
    )
    assert first.event == w.ControlWorkPlanned(
        journal=JOURNAL, day=date(2025, 10, 8), title="Дроби", form="контрольная", work="control"
    )
    assert isinstance(second.event, w.ControlWorkPlanned)
    assert (second.event.slot, second.event.lessons) == (4, 2)


def test_a_plan_is_refused_as_a_whole() -> None:
    two = plan_all(work("2025-10-08"), work("2025-10-08", ART))
    refusal = given(PLANNED).when(two, by=DEPUTY)
    refusal.then_refused(NormsBroken, saying="per-day: 2 control works of a class on one day, at most 1")
    assert refusal.refusal is not None
    assert "№ 704" in refusal.refusal.sentence
    given(PLANNED).when(two, by=ADA).then_refused(NotAllowed)
    days = plan_all(work("2025-10-08"), work("2025-10-12"))
    given(PLANNED).when(days, by=HEAD).then_refused(NotInTheYear, field="works.1.day")
    given(PLANNED).when(plan_all(work("2025-10-08", work="x")), by=HEAD).then_refused(UnknownKindOfWork)
    given(PLANNED).when(plan_all(work("2025-10-08", STRANGER)), by=HEAD).then_refused(UnknownJournal)


def test_the_single_command_is_held_against_what_is_planned_already() -> None:
    scenario = given(PLANNED).when(plan("2025-10-08"), by=DEPUTY).and_then_given()
    scenario.when(plan("2025-10-08", ART), by=DEPUTY).then_refused(NormsBroken, saying="per-day")
    assert scenario.when(plan("2025-10-08", MATHS_B), by=DEPUTY).events, "another class"
    assert scenario.when(plan("2025-10-09", ART), by=DEPUTY).events
    own = plan("2025-10-08", control_work=uid("work"))
    done = given(PLANNED).when(own, by=DEPUTY)
    done.when(own, by=DEPUTY).then_nothing()
    other = plan("2025-10-09", control_work=uid("work"))
    done.when(other, by=DEPUTY).then_refused(ControlWorkExists)


def test_a_cancelled_or_moved_work_is_where_it_is_now() -> None:
    scenario = after(given(PLANNED), "2025-10-08")
    gone = scenario.copy()
    cancelled = w.ControlWorkCancelled(journal=JOURNAL, reason=sealed(SCHOOL, "карантин"))
    gone.streams[uid("work 2025-10-08")].append(cancelled)
    assert gone.when(plan("2025-10-08", ART), by=DEPUTY).events
    move = MoveControlWork(
        control_work=uid("work 2025-10-08"), new_day=date(2025, 10, 9), new_slot=2, reason="карантин"
    )
    moved = scenario.when(move, by=DEPUTY)
    moved.then(
        w.ControlWorkMoved(
            journal=JOURNAL,
            old_day=date(2025, 10, 8),
            new_day=date(2025, 10, 9),
            new_slot=2,
            reason=sealed(SCHOOL, "карантин"),
        )
    )
    moved.when(move, by=DEPUTY).then_nothing()
    moved.when(plan("2025-10-09", ART), by=DEPUTY).then_refused(NormsBroken, saying="per-day")
    assert moved.when(plan("2025-10-08", ART), by=DEPUTY).events
    busy = scenario.when(plan("2025-10-09", ART), by=DEPUTY)
    busy.when(move, by=DEPUTY).then_refused(NormsBroken, saying="per-day")


def test_a_void_plan_is_no_work() -> None:
    from ejd.kernel.events.markers import EventsVoided  # noqa: PLC0415 - only here

    scenario = after(given(PLANNED), "2025-10-08")
    scenario.streams[uid("work 2025-10-08")].append(EventsVoided(breach="b", versions=(1,)))
    assert scenario.when(plan("2025-10-08", ART), by=DEPUTY).events


def test_groups_of_a_class_write_side_by_side() -> None:
    scenario = with_norms("per-day")
    side = plan_all(work("2025-10-06", GROUP_JOURNAL), work("2025-10-06", SECOND_GROUP))
    assert scenario.when(side, by=DEPUTY).events
    three = plan_all(work("2025-10-06", GROUP_JOURNAL), work("2025-10-06", SECOND_GROUP), work("2025-10-06"))
    refused(scenario.when(three, by=DEPUTY), "per-day", "2 control works", "at most 1")


def test_a_week_has_its_own_cap() -> None:
    week = plan_all(work("2025-10-07"), work("2025-10-08", ART), work("2025-10-10"))
    refused(
        with_norms("per-week", per_week_max=2).when(week, by=DEPUTY),
        "per-week",
        "3 control works of a class in one week",
    )
    assert with_norms("per-week").when(week, by=DEPUTY).events


def test_two_and_a_half_weeks_lie_between_works_of_a_subject_in_a_parallel() -> None:
    scenario = after(with_norms("between"), "2025-10-06")
    # 17 days are less than 2.5 weeks, 18 are enough.
    refused(scenario.when(plan("2025-10-23"), by=DEPUTY), "between", "17 days after another", "at least 25 tenths")
    assert scenario.when(plan("2025-10-24"), by=DEPUTY).events
    other_work = plan("2025-10-08", MATHS_B, title="Углы")
    refused(scenario.when(other_work, by=DEPUTY), "between", "2 days after")
    assert scenario.when(plan("2025-10-08", MATHS_B, title="дроби "), by=DEPUTY).events, "the same work in 5Б"
    assert scenario.when(plan("2025-10-08", ART), by=DEPUTY).events, "another subject"


def test_a_tenth_of_the_hours_is_for_control_works() -> None:
    # The plan of maths has 30 hours: three lessons. Art has 3 lessons a week and no plan: 10 % of the timetable's.
    scenario = after(with_norms("hours"), "2025-09-08", "2025-10-06")
    assert scenario.when(plan("2025-11-10"), by=DEPUTY).events
    refused(scenario.when(plan("2025-11-10", lessons=2), by=DEPUTY), "hours", "4 lessons", "3 are allowed")
    assert with_norms("hours").when(plan("2025-10-08", ART, lessons=3), by=DEPUTY).events


def test_a_work_is_not_in_the_first_or_last_lesson() -> None:
    scenario = with_norms("first-or-last")
    refused(scenario.when(plan("2025-10-07", ART), by=DEPUTY), "first-or-last")
    refused(scenario.when(plan("2025-10-09", ART, first_slot=4), by=DEPUTY), "first-or-last")
    assert scenario.when(plan("2025-10-08", ART, first_slot=3), by=DEPUTY).events
    refused(scenario.when(plan("2025-10-08", ART, first_slot=3, lessons=2), by=DEPUTY), "first-or-last")


def test_a_subject_of_one_hour_may_be_written_where_it_falls() -> None:
    assert with_norms("first-or-last").when(plan("2025-10-06", GROUP_JOURNAL), by=DEPUTY).events
    strict = with_norms("first-or-last", single_hour_exception=False)
    refused(strict.when(plan("2025-10-06", GROUP_JOURNAL), by=DEPUTY), "first-or-last")


def test_a_school_may_spare_the_first_day_after_a_break_and_mondays_first_lesson() -> None:
    scenario = with_norms("after-break", "monday-first")
    autumn = y.Break(name="Осень", first_day=date(2025, 10, 25), last_day=date(2025, 11, 4))
    scenario.streams[YEAR].append(y.BreaksDefined(breaks=(autumn,)))
    refused(scenario.when(plan("2025-11-05"), by=DEPUTY), "after-break")
    assert scenario.when(plan("2025-11-06"), by=DEPUTY).events
    monday = opened(uid("journal pe"), uid("subject pe"), CLASS_5A, "class", (1, 1))
    with_first = with_norms("monday-first")
    for stream, event in monday:
        with_first.streams[stream].append(event)
    refused(with_first.when(plan("2025-10-06", uid("journal pe")), by=DEPUTY), "monday-first")
    assert with_first.when(plan("2025-10-06"), by=DEPUTY).events
    assert with_norms("after-break").when(plan("2025-09-01"), by=DEPUTY).events, "the first day of the year"


def test_a_work_is_written_in_a_lesson_of_its_journal_and_of_a_written_kind() -> None:
    scenario = with_norms("no-lesson", "written", "length", written_only=True)
    refused(scenario.when(plan("2025-10-06", ART), by=DEPUTY), "no-lesson")
    refused(scenario.when(plan("2025-10-06", first_slot=5), by=DEPUTY), "no-lesson")
    refused(scenario.when(plan("2025-10-06", work="oral"), by=DEPUTY), "written")
    refused(scenario.when(plan("2025-10-06", lessons=3), by=DEPUTY), "length", "3 lessons long, at most 2")


def test_the_bells_give_a_work_time_enough_and_no_lesson_too_long() -> None:
    half = (
        y.Bell(slot=2, starts=510, ends=535),
        y.Bell(slot=3, starts=540, ends=590),
        y.Bell(slot=4, starts=600, ends=645),
    )
    scenario = with_norms("too-short", "long-lesson", minutes_min=30, lesson_minutes_max=45)
    scenario.streams[YEAR].append(y.BellScheduleDefined(code="first-shift", name="Первая смена", bells=half))
    short = scenario.when(plan("2025-10-08"), by=DEPUTY)
    refused(short, "too-short", "25 minutes by the bells, at least 30")
    long = scenario.when(plan("2025-10-08", lessons=2), by=DEPUTY)
    refused(long, "long-lesson", "a lesson of 50 minutes by the bells, at most 45")
    assert "too-short" not in str(long.refusal), "75 minutes in two lessons"
    assert scenario.when(plan("2025-10-09", ART), by=DEPUTY).events, "45 minutes are enough and not too long"
    assert scenario.when(plan("2025-10-07", ART), by=DEPUTY).events, "the first lesson has no bell: nobody knows"
    unasked = with_norms("too-short", "long-lesson")
    unasked.streams[YEAR].append(y.BellScheduleDefined(code="first-shift", name="Первая смена", bells=half))
    assert unasked.when(plan("2025-10-08", lessons=2), by=DEPUTY).events


def test_a_work_of_any_lesson_is_too_short_only_when_all_of_that_day_are() -> None:
    uneven = (y.Bell(slot=2, starts=510, ends=535), y.Bell(slot=4, starts=600, ends=630))
    scenario = with_norms("too-short", "long-lesson", minutes_min=30, lesson_minutes_max=28)
    scenario.streams[YEAR].append(y.BellScheduleDefined(code="first-shift", name="Первая смена", bells=uneven))
    lines = tuple(ScheduleEntry(cycle_day=3, slot=slot) for slot in (2, 4))
    scenario.streams[TIMETABLE].append(JournalScheduled(journal=ART, starts=FIRST_DAY, entries=lines))
    assert scenario.when(plan("2025-10-08", ART), by=DEPUTY).events
    refused(scenario.when(plan("2025-10-08", ART, first_slot=2), by=DEPUTY), "too-short", "25 minutes")
    refused(scenario.when(plan("2025-10-08", ART, first_slot=4), by=DEPUTY), "long-lesson", "30 minutes")


def test_a_journal_without_a_timetable_has_no_lesson_to_write_in() -> None:
    scenario = with_norms("no-lesson", "hours")
    opening = opened(uid("journal new"), MATHS, CLASS_5B, "class")
    scenario.streams[uid("journal new")].append(opening[0][1])
    outcome = scenario.when(plan("2025-10-06", uid("journal new")), by=DEPUTY)
    refused(outcome, "no-lesson")
    refused(outcome, "hours", "1 lessons", "0 are allowed")


def test_every_breach_is_told_with_its_norm() -> None:
    scenario = with_norms("per-day", "between", "written", "hours", written_only=True)
    outcome = after(scenario, "2025-10-06").when(
        plan_all(work("2025-10-07", work="oral"), work("2025-10-07", ART)), by=DEPUTY
    )
    assert outcome.refusal is not None
    for one in ("3 norm(s) would be broken", "per-day:", "between:", "written:"):
        assert one in outcome.refusal.sentence


def test_a_school_without_errors_only_warns() -> None:
    both = plan_all(work("2025-10-08"), work("2025-10-08", ART))
    assert len(with_norms().when(both, by=DEPUTY).events) == 2
    assert len(with_norms("between", off=("per-day",)).when(both, by=DEPUTY).events) == 2


def adopt(**change: Any) -> AdoptControlNorms:
    return AdoptControlNorms.model_validate({"starts": "2025-09-01", "source": "приказ № 5", **change})


def test_norms_are_adopted_from_a_day_on() -> None:
    command = adopt(errors=["per-day", "hours"], off=["between"], per_week_max=2)
    outcome = given(PLANNED).when(command, by=HEAD)
    expected = norms("per-day", "hours", off=("between",), per_week_max=2, written_only=True)
    outcome.then(w.ControlNormsAdopted(starts=OWN, norms=expected)).in_stream(SCHOOL)
    timed = adopt(minutes_min=30, lesson_minutes_max=45)
    asked = norms("per-day", written_only=True, minutes_min=30, lesson_minutes_max=45)
    given(PLANNED).when(timed, by=HEAD).then(w.ControlNormsAdopted(starts=OWN, norms=asked))
    outcome.when(command, by=DEPUTY).then_nothing()
    given(PLANNED).when(command, by=ADA).then_refused(NotAllowed)


def test_a_rule_is_named_once() -> None:
    scenario = given(PLANNED)
    scenario.when(adopt(errors=["hours", "hours"]), by=HEAD).then_refused(NamedTwice, field="errors")
    scenario.when(adopt(off=["hours", "hours"]), by=HEAD).then_refused(NamedTwice, field="off")
    scenario.when(adopt(errors=["hours"], off=["hours"]), by=HEAD).then_refused(ErrorAndOff, saying="hours stands")


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (date(2021, 8, 5), WITHOUT),
        (date(2021, 8, 6), LETTERS_2021.norms),
        (date(2025, 8, 31), LETTERS_2021.norms),
        (date(2025, 9, 1), ORDER_704.norms),
        (date(2030, 1, 1), ORDER_704.norms),
    ],
)
def test_the_official_norms_are_dated(day: date, found: w.ControlNorms) -> None:
    assert norms_on({}, day) == found


def test_the_schools_norms_replace_the_official_ones_from_their_day() -> None:
    own = norms("hours")
    assert norms_on({OWN: own}, date(2025, 8, 31)) == LETTERS_2021.norms
    assert norms_on({OWN: own}, OWN) == own
    assert norms_on({OWN: WITHOUT, date(2025, 10, 1): own}, date(2025, 10, 2)) == own


def test_every_rule_has_words() -> None:
    assert set(RULES) == set(WITHOUT.off)
