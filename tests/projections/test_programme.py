"""How the programme is fulfilled, and the days of a thematic plan; figures worked out by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
import sqlalchemy as sa

from ejd.kernel.events import curricula as u
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd_projections.asking import NotThereError
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.lesson_course import moment_of
from ejd_projections.programme import Programme, ProgrammeCounts, programme
from ejd_projections.school_catalogue import find_year
from ejd_projections.thematic_plan import ThematicPlan, thematic_plan
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    ALGEBRA_7B,
    BORIS,
    CLASS_7A,
    CLASS_7B,
    YEAR,
    Story,
    a_school,
    a_year,
    at,
    day,
    micros,
    sealed,
    why,
)


def topics(*hours: int) -> tuple[j.PlannedTopic, ...]:
    return tuple(j.PlannedTopic(number=n, section="", topic=f"Т{n}", hours=h) for n, h in enumerate(hours, start=1))


def planned(*hours: int) -> Story:
    """Algebra of 7А on Tuesdays (slot 2) and Thursdays (slot 3) with a plan of lines of so many hours."""
    return a_school().tell(ALGEBRA, j.ThematicPlanAdopted(topics=topics(*hours)))


def taught(story: Story, on: str, slot: int, line: int | None) -> Story:
    where = at(ALGEBRA, on, slot)
    return story.in_lesson(where, (e.TopicRecorded, {"topic": "Т", "plan_item": line}), when=f"{on} 15:00")


def fulfilled(c: sa.Connection, now: str, on: str | None = None, by: Any = "journal", **more: Any) -> Programme:
    asked = day(on or now.partition(" ")[0]).isoformat()
    moment = moment_of(micros(now), "Europe/Moscow", None if on is None else day(on))
    journals = find_journals(c, year=YEAR)
    return programme(c, find_year(c, year=YEAR), journals, moment, by=by, day=asked, **more)


def algebra(c: sa.Connection, now: str, on: str | None = None) -> ProgrammeCounts:
    return next(row.counts for row in fulfilled(c, now, on).rows if row.id == ALGEBRA)


def causes(counts: ProgrammeCounts) -> dict[str, int]:
    return {name: count for name, count in asdict(counts.causes).items() if count}


def plan(c: sa.Connection, now: str, **more: Any) -> ThematicPlan:
    (journal,) = find_journals(c, ids=[ALGEBRA])
    return thematic_plan(c, c, find_year(c, year=YEAR), journal, moment_of(micros(now), "Europe/Moscow"), **more)


def test_hours_and_topics_planned_and_taught(ask: Ask) -> None:
    story = planned(2, 1, 2, 70)
    for on, slot, line in (("09-01", 2, 1), ("09-03", 3, 1), ("09-08", 2, None), ("09-10", 3, 9)):
        taught(story, on, slot, line)
    # Until Thursday the 17th: 1, 3, 8, 10, 15 and 17 September; nothing is written of the last two.
    counts = algebra(ask(story), "09-17 23:00")
    assert (counts.plan_hours, counts.planned, counts.taught, counts.lag) == (75, 6, 4, 2)
    assert causes(counts) == {"not_held": 2}
    # The six hours reach into the fourth line; one line was taught, and two lessons were on none.
    assert (counts.topics, counts.topics_planned, counts.topics_taught, counts.off_plan) == (4, 4, 1, 2)
    # 76 lessons in the year, six are over.
    assert (counts.ahead, counts.forecast, counts.shortage) == (70, 74, 1)


def test_every_cause_of_the_lag_is_counted(ask: Ask) -> None:
    story = planned(60)
    holiday = y.HolidaysDefined(
        holidays=(y.Holiday(day=day("09-03"), name="День"),),
        transferred=(y.TransferredDay(day=day("09-05"), cycle_day=4),),
    )
    story.tell(YEAR, holiday)
    autumn = a_year()[4]
    assert isinstance(autumn, y.BreaksDefined)
    quarantine = y.Break(name="Карантин", first_day=day("09-14"), last_day=day("09-16"), grades=(7,))
    story.tell(YEAR, y.BreaksDefined(breaks=(*autumn.breaks, quarantine)))
    story.in_lesson(at(ALGEBRA, "09-08", 2), (e.LessonCancelled, {"reason": why()}), when="09-07 10:00")
    english = e.Substitution(teacher=BORIS, subject="subject-english")
    story.in_lesson(at(ALGEBRA, "09-10", 3), (e.LessonSubstituted, {"substitution": english}), when="09-07 10:00")
    moved = {"old_date": day("09-17"), "old_slot": 3, "new_date": day("09-25"), "new_slot": 1, "reason": why()}
    story.in_lesson(at(ALGEBRA, "09-17", 3), (e.LessonMoved, moved), when="09-07 10:00")
    story.in_lesson(at(ALGEBRA, "09-18", 1, 2), (e.ExtraLessonPlanned, {}), when="09-16 10:00")
    story.in_lesson(at(ALGEBRA, "09-18", 1, 2), (e.RollTaken, {"absences": ()}), when="09-18 10:00")
    taught(taught(story, "09-01", 2, 1), "09-05", 3, 1)
    counts = algebra(ask(story), "09-22 23:00")
    # By the cycle: 1, 3, 8, 10, 15, 17, 22 September. Taught: the 1st, Saturday the 5th, and the extra lesson.
    assert (counts.planned, counts.taught, counts.lag) == (7, 3, 4)
    assert causes(counts) == {
        "holiday": 1,
        "calendar": -1,
        "in_break": 1,
        "cancelled": 1,
        "other_subject": 1,
        "moved_later": 1,
        "not_held": 1,
        "extra": 1,
    }
    assert counts.moved == 0


def test_a_lesson_held_where_it_was_moved_to_is_taught(ask: Ask) -> None:
    story = planned(60)
    moved = {"old_date": day("09-01"), "old_slot": 2, "new_date": day("09-02"), "new_slot": 1, "reason": why()}
    story.in_lesson(at(ALGEBRA, "09-01", 2), (e.LessonMoved, moved), when="09-01 07:00")
    counts = algebra(ask(taught(story, "09-01", 2, 1)), "09-02 20:00")
    assert (counts.planned, counts.taught, counts.lag, counts.moved) == (1, 1, 0, 1)


def test_breaks_known_when_the_plan_was_adopted_are_no_cause(ask: Ask) -> None:
    counts = algebra(ask(planned(76)), "11-03 23:00")
    # The autumn break was known: 1 September to 3 November has 9 Tuesdays and 8 Thursdays besides it.
    assert (counts.planned, counts.lag) == (17, 17)
    assert causes(counts) == {"not_held": 17}


def test_a_plan_older_than_any_break_knows_the_first_ones_said(ask: Ask) -> None:
    story = Story().tell(ALGEBRA, j.ThematicPlanAdopted(topics=topics(76)))
    for one in a_school().events:
        story.events.append(one._replace(position=one.position + 1, version=one.version + (one.stream == ALGEBRA)))
    assert causes(algebra(ask(story), "11-03 23:00")) == {"not_held": 17}


def test_a_plan_that_is_used_up_plans_no_more(ask: Ask) -> None:
    story = taught(planned(1, 1), "09-01", 2, 1)
    counts = algebra(ask(taught(story, "09-08", 2, 2)), "09-10 23:00")
    assert (counts.planned, counts.taught, counts.lag) == (2, 2, 0)
    assert causes(counts) == {"not_held": 2, "beyond_plan": 2}
    assert counts.shortage == 0


def test_a_journal_without_a_plan_is_held_against_the_cycle(ask: Ask) -> None:
    counts = algebra(ask(taught(a_school(), "09-01", 2, None)), "09-03 23:00")
    assert (counts.without_plan, counts.plan_hours, counts.planned, counts.taught, counts.lag) == (1, 0, 2, 1, 1)
    assert (counts.topics, counts.off_plan, counts.shortage) == (0, 0, 0)


def revised(*lines: j.PlannedTopic, kind: Any = "revised", text: str = "карантин") -> j.ThematicPlanRevised:
    return j.ThematicPlanRevised(topics=lines, kind=kind, reason=sealed(SCHOOL, text, "thematic-plan-revised.reason"))


def test_what_was_combined_and_dropped_is_counted(ask: Ask) -> None:
    story = planned(2, 3, 1)
    first, *_ = topics(2, 3, 1)
    whole = j.PlannedTopic(number=2, section="", topic="Т2; Т3", hours=2, combined=(3,))
    story.tell(ALGEBRA, revised(first, whole, kind="combined"))
    counts = algebra(ask(story), "09-01 07:00")
    assert (counts.combined, counts.hours_dropped, counts.plan_hours, counts.topics) == (1, 2, 4, 2)


def test_rows_are_rolled_up_and_the_total_has_each_journal_once(ask: Ask) -> None:
    story = planned(70).schedule(ALGEBRA_7B, "09-01", (1, 1))
    both = j.TeachingGroupFormed(year=YEAR, name="Поток", kind="stream", classes=(CLASS_7A, CLASS_7B))
    story.tell("stream", both)
    fields: dict[str, Any] = {"subject": "subject-english", "classes": (CLASS_7A, CLASS_7B), "group_kind": "group"}
    story.open_journal("journal-stream", "Поток", "stream", **fields).schedule("journal-stream", "09-01", (2, 1))
    story.tell("journal-stream", j.TeacherAssigned(staff=ADA, starts=day("09-01")))
    line = u.CurriculumLine(subject="subject-algebra", hours_per_week_hundredths=200, hours_per_year=68)
    story.tell("curriculum", u.CurriculumAdopted(year=YEAR, name="7", grades=(), profile="физмат", lines=(line,)))
    story.tell(CLASS_7A, u.CurriculumAssigned(curriculum="curriculum", starts=day("09-01")))
    c = ask(story)
    # Until 8 September at night: algebra of 7А 3 lessons, of 7Б 1 (Mondays), the stream 2 (Tuesdays).
    rows = {
        by: {row.name: row.counts.planned for row in fulfilled(c, "09-08 23:00", by=by).rows}
        for by in ("teacher", "subject", "class", "grade", "profile", "school")
    }
    assert rows == {
        "teacher": {"Лавлейс Ада": 5},
        "subject": {"Алгебра": 4, "Английский язык": 2},
        "class": {"7А": 5, "7Б": 3},
        "grade": {"7": 6},
        "profile": {"": 3, "физмат": 5},
        "school": {"": 6},
    }
    found = fulfilled(c, "09-08 23:00", by="class", classes=[CLASS_7B], limit=1)
    assert ([row.name for row in found.rows], found.rows_total, found.total.planned) == (["7Б"], 1, 6)
    assert fulfilled(c, "09-08 23:00", by="journal", limit=2, offset=3).rows_total == 4


def test_a_plan_says_when_its_topics_were_due_taught_and_will_be(ask: Ask) -> None:
    story = planned(2, 1, 2)
    taught(taught(story, "09-01", 2, 1), "09-08", 2, 2)
    found = plan(ask(story), "09-08 23:00")
    days = [
        (line.planned_on, line.planned_until, line.taught_on, line.forecast_on, line.forecast_until, line.lag_days)
        for line in found.lines
    ]
    # Due: 1, 3, 8, 10, 15 September. Over: until the 8th; one hour of the first line is left, then the third line.
    assert days == [
        ("2026-09-01", "2026-09-03", "2026-09-01", "2026-09-10", "2026-09-10", 0),
        ("2026-09-08", "2026-09-08", "2026-09-08", None, None, 0),
        ("2026-09-10", "2026-09-15", None, "2026-09-15", "2026-09-17", 5),
    ]
    assert (found.hours, found.planned, found.taught, found.lag, found.shortage) == (5, 3, 2, 1, 5 - 2 - 73)


def test_a_plan_that_does_not_fit_into_the_year_says_where_it_ends(ask: Ask) -> None:
    found = plan(ask(planned(75, 2, 1)), "09-01 07:00")
    assert [(line.planned_until, line.forecast_until) for line in found.lines] == [
        ("2027-05-25", "2027-05-25"),
        (None, None),
        (None, None),
    ]
    assert found.lines[1].planned_on == "2027-05-27"
    assert (found.lines[2].planned_on, found.lines[2].lag_days, found.shortage) == (None, None, 2)


def test_versions_of_a_plan_are_kept_with_who_and_when(ask: Ask) -> None:
    story = planned(2, 1)
    story.tell(ALGEBRA, revised(*topics(1, 1)), when="09-05 12:00", by="account-deputy")
    c = ask(story)
    found = plan(c, "09-06 12:00")
    assert [(one.number, one.kind, one.by.account, one.reason, one.hours) for one in found.versions] == [
        (1, "adopted", "account", "", 3),
        (2, "revised", "account-deputy", "карантин", 2),
    ]
    assert (found.versions[1].recorded_at, found.version) == (micros("09-05 12:00"), 2)
    assert (plan(c, "09-06 12:00", version=1).hours, found.hours) == (3, 2)
    with pytest.raises(NotThereError, match="versions 1 to 2"):
        plan(c, "09-06 12:00", version=3)


def test_a_void_revision_leaves_the_version_before(ask: Ask) -> None:
    story = planned(2, 1)
    story.tell(ALGEBRA, revised(*topics(1, 1)))
    version = story.events[-1].version
    found = plan(ask(story.void(ALGEBRA, version)), "09-06 12:00")
    assert (found.version, found.hours) == (1, 3)


def test_a_journal_without_a_plan_has_none_to_show(ask: Ask) -> None:
    with pytest.raises(NotThereError, match="no thematic plan"):
        plan(ask(a_school()), "09-06 12:00")
