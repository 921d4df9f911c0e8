"""Curriculum against load against timetable against taught; figures worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from ejd.kernel.calendar import Calendar, CalendarData
from ejd.kernel.events import curricula as u
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd_projections.curriculum_compared import (
    Choice,
    ComparedRow,
    CurriculumCompared,
    curriculum_compared,
    per_week_hundredths,
)
from ejd_projections.lesson_course import Moment, moment_of
from ejd_projections.school_catalogue import find_year
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    ALGEBRA_7B,
    BORIS,
    CLASS_7A,
    CLASS_7B,
    ENGLISH,
    EREMIN,
    GROUP,
    YEAR,
    YOZHIKOVA,
    Story,
    a_school,
    at,
    day,
    micros,
    why,
)

PLAN_7, PLAN_OWN = "curriculum-7", "curriculum-eremin"
NOW = "09-10 12:00"
DUE_YEAR = 76
"""39 Tuesdays and 39 Thursdays without the two of the autumn break."""


def line(subject: str, week: int, year: int, **more: Any) -> u.CurriculumLine:
    return u.CurriculumLine(subject=f"subject-{subject}", hours_per_week_hundredths=week, hours_per_year=year, **more)


def adopted(name: str, *lines: u.CurriculumLine, profile: str = "") -> u.CurriculumAdopted:
    return u.CurriculumAdopted(year=YEAR, name=name, grades=(7,), profile=profile, lines=lines)


def planned() -> Story:
    """7А follows a curriculum: algebra 2 h, English 3 h in subgroups."""
    story = a_school()
    lines = (line("algebra", 200, 68), line("english", 300, 102, group_kind="subgroup", component="participants"))
    story.tell(PLAN_7, adopted("7 класс", *lines, profile="языковой"))
    return story.tell(CLASS_7A, u.CurriculumAssigned(curriculum=PLAN_7, starts=day("09-01")))


def compared(c: sa.Connection, now: str = NOW, on: str | None = None, **fields: Any) -> CurriculumCompared:
    chosen = Choice(*(fields.pop(name, None) for name in ("class_id", "grade", "subject")))
    asked = on or now.partition(" ")[0]
    moment = moment_of(micros(now), "Europe/Moscow", None if on is None else day(on))
    return curriculum_compared(
        c, find_year(c, year=YEAR), day=day(asked).isoformat(), moment=moment, choice=chosen, **fields
    )


def algebra(found: CurriculumCompared, pupil: str = "") -> ComparedRow:
    (row,) = [
        one for one in found.rows if (one.class_id, one.subject, one.pupil) == (CLASS_7A, "subject-algebra", pupil)
    ]
    return row


def kinds(row: ComparedRow) -> dict[str, tuple[int | None, int | None]]:
    return {one.kind: (one.expected, one.found) for one in row.differences}


def test_what_is_taught_as_the_curriculum_says_has_no_difference(ask: Ask) -> None:
    story = planned()
    story.tell(ALGEBRA, j.TeacherAssigned(staff=ADA, starts=day("09-01"), hours_per_week=2))
    story.tell(PLAN_7, adopted("7 класс", line("algebra", 200, DUE_YEAR)))
    story.tell(
        ALGEBRA, j.ThematicPlanAdopted(topics=(j.PlannedTopic(number=1, section="", topic="A", hours=DUE_YEAR),))
    )
    for on, slot in (("09-01", 2), ("09-03", 3), ("09-08", 2), ("09-10", 3)):
        story.held(at(ALGEBRA, on, slot))
    row = algebra(compared(ask(story)))
    assert (row.class_name, row.subject_name, row.curriculum_name) == ("7А", "Алгебра", "7 класс")
    assert (row.teachers, row.journals, row.groups, row.components) == (["Лавлейс Ада"], [ALGEBRA], ["7А"], ["federal"])
    figures = (row.hours_per_week_hundredths, row.load_hundredths, row.timetable_hundredths)
    assert figures == (200, 200, 200)
    assert (row.hours_per_year, row.plan_hours, row.due_year, row.due, row.taught) == (DUE_YEAR, DUE_YEAR, 76, 4, 4)
    assert row.differences == []


def test_every_difference_is_named(ask: Ask) -> None:
    story = planned().schedule(ALGEBRA, "09-07", (2, 2), (4, 3), (5, 1))
    story.tell(ALGEBRA, j.TeacherAssigned(staff=BORIS, starts=day("09-01"), hours_per_week=4))
    story.tell(ALGEBRA, j.ThematicPlanAdopted(topics=(j.PlannedTopic(number=1, section="", topic="A", hours=66),)))
    story.held(at(ALGEBRA, "09-01", 2)).held(at(ALGEBRA, "09-03", 3))
    row = algebra(compared(ask(story)))
    # From 7 September on Fridays too: 38 Fridays without that of the break more.
    assert kinds(row) == {
        "load": (200, 400),
        "timetable": (200, 300),
        "timetable-load": (400, 300),
        "plan": (68, 66),
        "year": (68, DUE_YEAR + 37),
        "taught": (4, 2),
    }
    says = {one.kind: one.says for one in row.differences}
    assert says["load"] == "load 4 h a week, curriculum 2 h"
    assert says["taught"] == "2 lessons taught of 4 due by now"


def test_what_is_missing_is_named(ask: Ask) -> None:
    found = compared(ask(planned()))
    by_subject = {(one.class_name, one.subject_name): kinds(one) for one in found.rows}
    assert by_subject[("7А", "Алгебра")] == {
        "no-load": (200, None),
        "no-plan": (68, None),
        "year": (68, 76),
        "taught": (4, 0),
    }
    assert by_subject[("7А", "Английский язык")] == {
        "no-load": (300, None),
        "no-timetable": (300, None),
        "no-plan": (102, None),
        "year": (102, 0),
    }
    assert set(by_subject[("7Б", "Алгебра")]) == {"no-curriculum", "no-load", "no-timetable", "no-plan"}
    assert (found.total, found.differing) == (3, 3)


def test_a_line_without_a_journal_and_a_journal_without_a_line(ask: Ask) -> None:
    story = planned()
    story.tell(PLAN_7, adopted("7 класс", line("algebra", 200, 68), line("art", 50, 17)))
    found = {one.subject: kinds(one) for one in compared(ask(story), class_id=CLASS_7A).rows}
    assert found["subject-art"] == {"no-journal": (50, None)}
    assert "not-in-curriculum" in found["subject-english"]


def test_each_subgroup_is_a_way_of_its_own_and_the_class_journal_is_in_every_way(ask: Ask) -> None:
    story = planned().tell(PLAN_7, adopted("7 класс", line("english", 300, 102)))
    second = j.TeachingGroupFormed(year=YEAR, name="7А англ. 2", kind="stream", classes=(CLASS_7A, CLASS_7B))
    story.tell("group-2", second)
    fields: dict[str, Any] = {"subject": "subject-english"}
    both = (CLASS_7A, CLASS_7B)
    story.open_journal("english-2", "Английский 7А/2", "group-2", group_kind="group", classes=both, **fields)
    story.open_journal("english-all", "Английский 7А", CLASS_7A, **fields)
    for journal, hours in ((ENGLISH, 2), ("english-2", 1), ("english-all", 1)):
        story.tell(journal, j.TeacherAssigned(staff=ADA, starts=day("09-01"), hours_per_week=hours))
    found = compared(ask(story), subject="subject-english")
    rows = {(one.class_name, *one.groups): one.load_hundredths for one in found.rows}
    assert rows == {("7А", "7А", "7А англ. 1"): 300, ("7А", "7А", "7А англ. 2"): 200, ("7Б", "7А англ. 2"): 100}


def test_a_club_stands_beside_the_curriculum_unless_it_names_one(ask: Ask) -> None:
    story = planned()
    club = j.TeachingGroupFormed(year=YEAR, name="Кружок", kind="club", classes=(CLASS_7A,))
    story.tell("group-club", club)
    story.open_journal("club", "Кружок", "group-club", group_kind="group", classes=(CLASS_7A,))
    assert [one.journals for one in compared(ask(story), subject="subject-algebra", class_id=CLASS_7A).rows] == [
        [ALGEBRA]
    ]


def test_a_line_for_a_kind_of_group_is_held_against_groups_of_that_kind(ask: Ask) -> None:
    story = planned()
    elective = j.TeachingGroupFormed(year=YEAR, name="Факультатив", kind="elective", classes=(CLASS_7A,))
    story.tell("group-elective", elective)
    story.open_journal("elective", "Факультатив", "group-elective", group_kind="group", classes=(CLASS_7A,))
    story.tell(PLAN_7, adopted("7 класс", line("algebra", 200, 68), line("algebra", 50, 17, group_kind="elective")))
    rows = compared(ask(story), subject="subject-algebra", class_id=CLASS_7A).rows
    assert [(one.group_kind, one.journals, one.hours_per_week_hundredths) for one in rows] == [
        ("", [ALGEBRA], 200),
        ("elective", ["elective"], 50),
    ]


def test_a_pupil_with_an_own_curriculum_has_rows_of_the_own_journals(ask: Ask) -> None:
    story = planned()
    story.tell(PLAN_OWN, adopted("Еремин", line("algebra", 100, 34), line("art", 100, 34)))
    story.tell(EREMIN, u.PupilCurriculumAssigned(curriculum=PLAN_OWN, starts=day("09-02")))
    story.tell(EREMIN, p.GroupJoined(group=GROUP, joined_on=day("09-01")))
    story.tell(YOZHIKOVA, u.PupilCurriculumAssigned(curriculum=PLAN_OWN, starts=day("09-02")))
    story.tell(YOZHIKOVA, u.PupilCurriculumEnded(ends=day("09-05")))
    c = ask(story)
    found = compared(c, class_id=CLASS_7A)
    own = {one.subject: one for one in found.rows if one.pupil}
    assert {one.pupil_name for one in own.values()} == {"Еремин Анна"}
    assert own["subject-algebra"].journals == [ALGEBRA]
    assert kinds(own["subject-algebra"])["timetable"] == (100, 200)
    assert set(kinds(own["subject-art"])) == {"no-journal"}
    assert "not-in-curriculum" in kinds(own["subject-english"])
    assert [one.pupil for one in compared(c, on="09-01", class_id=CLASS_7A).rows if one.pupil] == []


def test_a_new_assignment_counts_from_its_day(ask: Ask) -> None:
    story = planned().tell("curriculum-new", adopted("Новый", line("algebra", 300, 100)))
    story.tell(CLASS_7A, u.CurriculumAssigned(curriculum="curriculum-new", starts=day("09-08")))
    c = ask(story)
    assert algebra(compared(c, on="09-07")).curriculum_name == "7 класс"
    assert algebra(compared(c)).curriculum_name == "Новый"


def test_lessons_count_when_their_bell_has_rung_and_not_when_given_away(ask: Ask) -> None:
    story = planned()
    story.held(at(ALGEBRA, "09-01", 2)).held(at(ALGEBRA, "09-10", 3), when="09-10 09:45")
    other = e.Substitution(teacher=BORIS, subject="subject-english")
    story.in_lesson(at(ALGEBRA, "09-03", 3), (e.LessonSubstituted, {"substitution": other}), when="09-02 10:00")
    story.held(at(ALGEBRA, "09-03", 3))
    moved = {"old_date": day("09-08"), "old_slot": 2, "new_date": day("09-11"), "new_slot": 1, "reason": why()}
    story.in_lesson(at(ALGEBRA, "09-08", 2), (e.LessonMoved, moved), when="09-07 10:00")
    story.in_lesson(at(ALGEBRA, "09-07", 1, 2), (e.ExtraLessonPlanned, {}), when="09-05 10:00")
    story.held(at(ALGEBRA, "09-07", 1, 2))
    c = ask(story)
    # Slot 3 ends at 10:20. Over before: 1, 3 and 8 September; held of them the 1st, and the extra one.
    before, after = algebra(compared(c, "09-10 10:19")), algebra(compared(c, "09-10 10:20"))
    assert (before.due, before.taught) == (3, 2)
    assert (after.due, after.taught) == (4, 3)


def test_only_rows_that_may_be_seen_are_answered_page_by_page(ask: Ask) -> None:
    c = ask(planned())
    assert compared(c, classes=[], journals=[ALGEBRA_7B]).rows[0].class_id == CLASS_7B
    assert {one.class_id for one in compared(c, classes=[CLASS_7A], journals=[]).rows} == {CLASS_7A}
    assert compared(c, classes=[], journals=[]).rows == []
    pages = [compared(c, limit=1, offset=n).rows[0].subject_name for n in range(3)]
    assert pages == ["Алгебра", "Английский язык", "Алгебра"]
    assert compared(c, grade=10).total == 0
    assert compared(c, differing=True, offset=2).total == 3


@pytest.mark.parametrize(
    ("cycle", "entries", "hundredths"),
    [
        (y.CycleDefined(kind="weekly", days=(y.CycleDay(name="A"),) * 10, weeks=2), 3, 150),
        (y.CycleDefined(kind="rolling", days=(y.CycleDay(name="A"),) * 6), 2, 167),
        (None, 2, 200),
    ],
)
def test_lessons_a_week_follow_from_the_cycle(cycle: y.CycleDefined | None, entries: int, hundredths: int) -> None:
    assert per_week_hundredths(Calendar(CalendarData(cycle=cycle)), entries) == hundredths


def test_up_to_a_day_that_is_over_means_its_end() -> None:
    now = micros("09-10 12:00")
    assert moment_of(now, "Europe/Moscow") == Moment(date(2026, 9, 10), 720)
    assert moment_of(now, "Europe/Moscow", date(2026, 9, 10)) == Moment(date(2026, 9, 10), 720)
    assert moment_of(now, "Europe/Moscow", date(2026, 9, 9)) == Moment(date(2026, 9, 9), 1440)
