"""Due lessons: timetable × calendar, joined with what was held, moved, cancelled."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ejd.kernel.events import lessons as e
from ejd.kernel.events import year as y
from ejd_projections.asking import SelectionError
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.lessons_due import DueLesson, lessons_due
from ejd_projections.timetable import schedules_of
from tests.projections.conftest import Ask
from tests.projections.story import ALGEBRA, BORIS, YEAR, a_school, at, day, why


def algebra(c: sa.Connection, first: str, last: str) -> list[DueLesson]:
    return lessons_due(c, find_journals(c, ids=[ALGEBRA]), first=f"2026-{first}", last=f"2026-{last}")


def when(found: list[DueLesson]) -> list[str]:
    return [f"{one.placed_date[5:]}/{one.placed_slot}" for one in found]


def test_lessons_follow_the_timetable_and_the_calendar(ask: Ask) -> None:
    # Tuesdays and Thursdays; 26 October to 1 November is a break.
    c = ask(a_school())
    found = algebra(c, "10-19", "11-03")
    assert when(found) == ["10-20/2", "10-22/3", "11-03/2"]
    one = found[0]
    assert (one.due, one.held, one.cancelled, one.room_name) == (True, False, False, "12")
    # Slot 2 is from 430 + 2·50 to 470 + 2·50 minutes.
    assert (one.starts_at, one.ends_at) == (530, 570)
    assert lessons_due(c, [], first="2026-09-01", last="2026-09-02") == []


def test_a_changed_timetable_moves_what_is_due_from_its_day_on(ask: Ask) -> None:
    c = ask(a_school().schedule(ALGEBRA, "09-07", (1, 1)).schedule(ALGEBRA, "09-21"))
    assert when(algebra(c, "09-01", "09-30")) == ["09-01/2", "09-03/3", "09-07/1", "09-14/1"]
    assert [one.starts for one in schedules_of(c, [ALGEBRA])[ALGEBRA]] == [day("09-01"), day("09-07"), day("09-21")]


def test_an_earlier_schedule_replaces_the_later_ones(ask: Ask) -> None:
    c = ask(a_school().schedule(ALGEBRA, "09-21", (1, 1)).schedule(ALGEBRA, "09-14", (5, 6)))
    assert when(algebra(c, "09-14", "09-25")) == ["09-18/6", "09-25/6"]


def test_what_was_held_stays_when_the_timetable_or_a_holiday_takes_it_away(ask: Ask) -> None:
    story = a_school().held(at(ALGEBRA, "09-01", 2)).held(at(ALGEBRA, "09-03", 3))
    story.in_lesson(at(ALGEBRA, "09-08", 2), (e.LessonCancelled, {"reason": why()}), when="09-07 10:00")
    story.schedule(ALGEBRA, "09-01", (4, 3))
    story.tell(YEAR, y.HolidaysDefined(holidays=(y.Holiday(day=day("09-03"), name="День"),)))
    found = algebra(ask(story), "09-01", "09-10")
    # Held on the 1st and 3rd, though not due any more; the cancelled one of the 8th is neither due nor held.
    assert [(w, one.due, one.held) for w, one in zip(when(found), found, strict=True)] == [
        ("09-01/2", False, True),
        ("09-03/3", False, True),
        ("09-10/3", True, False),
    ]


def test_a_moved_lesson_is_listed_where_it_takes_place(ask: Ask) -> None:
    # From Thursday 22 October, the last one of the quarter, to Monday 2 November.
    moved = {"old_date": day("10-22"), "old_slot": 3, "new_date": day("11-02"), "new_slot": 5, "new_room": "hall"}
    c = ask(a_school().in_lesson(at(ALGEBRA, "10-22", 3), (e.LessonMoved, moved), when="10-21 10:00"))
    assert when(algebra(c, "10-19", "10-25")) == ["10-20/2"]
    (first, *_rest) = algebra(c, "11-02", "11-06")
    assert (first.placed_date, first.placed_slot, first.date, first.slot) == ("2026-11-02", 5, "2026-10-22", 3)
    assert (first.due, first.moved, first.held, first.room) == (True, True, False, "hall")


def test_a_moved_lesson_keeps_its_room_unless_it_gets_another(ask: Ask) -> None:
    moved = {"old_date": day("10-22"), "old_slot": 3, "new_date": day("11-02"), "new_slot": 5}
    c = ask(a_school().in_lesson(at(ALGEBRA, "10-22", 3), (e.LessonMoved, moved), when="10-21 10:00"))
    assert algebra(c, "11-02", "11-02")[0].room == "room-12"


def test_cancelled_substituted_and_extra_lessons_say_so(ask: Ask) -> None:
    instead = e.Substitution(teacher=BORIS, subject="subject-english")
    story = a_school()
    story.in_lesson(at(ALGEBRA, "09-01", 2), (e.LessonCancelled, {"reason": why()}), when="09-01 07:00")
    story.in_lesson(at(ALGEBRA, "09-03", 3), (e.LessonSubstituted, {"substitution": instead}), when="09-03 07:00")
    extra = at(ALGEBRA, "09-03", 3, 2)
    story.in_lesson(extra, (e.ExtraLessonPlanned, {"room": "hall"}), when="09-02 07:00")
    found = algebra(ask(story), "09-01", "09-04")
    assert when(found) == ["09-01/2", "09-03/3", "09-03/3"]
    assert [one.cancelled for one in found] == [True, False, False]
    assert (found[1].substitute_name, found[1].substitute_subject_name) == ("Борисов Ада", "Английский язык")
    assert (found[2].due, found[2].extra, found[2].ordinal, found[2].room) == (True, True, 2, "hall")


def test_a_reinstated_lesson_and_a_taken_back_substitution_leave_no_trace(ask: Ask) -> None:
    instead = e.Substitution(teacher=BORIS)
    story = a_school().in_lesson(
        at(ALGEBRA, "09-01", 2),
        (e.LessonCancelled, {"reason": why()}),
        (e.LessonReinstated, {"reason": why()}),
        (e.LessonSubstituted, {"substitution": instead}),
        (e.SubstitutionCorrected, {"old": instead, "reason": why()}),
        when="09-01 07:00",
    )
    (one,) = algebra(ask(story), "09-01", "09-01")
    assert (one.cancelled, one.substitute, one.substitute_name) == (False, "", "")


def test_the_range_and_the_page_have_limits(ask: Ask) -> None:
    c = ask(a_school())
    journals = find_journals(c, ids=[ALGEBRA])
    page = lessons_due(c, journals, first="2026-09-01", last="2026-10-25", limit=2, offset=1)
    assert when(page) == ["09-03/3", "09-08/2"]
    with pytest.raises(SelectionError, match="at most 400 days"):
        lessons_due(c, journals, first="2026-09-01", last="2027-10-06")


def test_pages_put_together_are_the_whole_and_a_page_looks_no_further_than_it_needs(ask: Ask) -> None:
    moved = {"new_date": day("11-12"), "new_slot": 5, "old_date": day("09-08"), "old_slot": 2, "reason": why()}
    back = {"new_date": day("09-02"), "new_slot": 6, "old_date": day("10-13"), "old_slot": 2, "reason": why()}
    story = a_school()
    for date, change in (("09-08", moved), ("10-13", back)):
        story = story.in_lesson(at(ALGEBRA, date, 2), (e.LessonMoved, change), when="09-01 07:00")
    c = ask(story)
    journals = find_journals(c, ids=[ALGEBRA])

    def asked(**page: int) -> list[DueLesson]:
        return lessons_due(c, journals, first="2026-09-01", last="2026-12-20", **page)

    whole = asked()
    assert {"09-02/6", "11-12/5"} < set(when(whole))
    assert when(whole) == sorted(when(whole))
    assert [one for offset in range(0, len(whole), 3) for one in asked(limit=3, offset=offset)] == whole
    assert asked(limit=3, offset=len(whole)) == []
    counted: list[str] = []
    sa.event.listen(c, "before_cursor_execute", lambda *known: counted.append(known[2]))
    asked(limit=1)
    first = len(counted)
    asked(limit=1, offset=len(whole) - 1)
    assert len(counted) - first > first
