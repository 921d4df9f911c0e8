"""Fill completeness and timeliness (D2), against figures worked out by hand.

Algebra of 7А is due on Tuesdays (slot 2, 8:50-9:30) and Thursdays (slot 3, 9:40-10:20); 2026-09-01 is a Tuesday.
Without a regulation topic, roll and homework are owed on the day of the lesson.
"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.ids import SCHOOL, lesson_stream
from ejd_projections.asking import NotThereError, SelectionError
from ejd_projections.fill_completeness import FillCompleteness, fill_completeness
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    BORIS,
    CLASS_7A,
    CLASS_7B,
    ENGLISH,
    EREMIN,
    GROUP,
    YEAR,
    YOZHIKOVA,
    Identity,
    Story,
    a_school,
    at,
    day,
    micros,
    why,
)

TUE_1, THU_3, TUE_8, THU_10 = (
    at(ALGEBRA, "09-01", 2),
    at(ALGEBRA, "09-03", 3),
    at(ALGEBRA, "09-08", 2),
    at(ALGEBRA, "09-10", 3),
)
FORTNIGHT = {"first": "2026-09-01", "last": "2026-09-14"}
"""Four due lessons: 1, 3, 8 and 10 September."""


def ask_fill(c: sa.Connection, now: str = "09-15 12:00", **conditions: Any) -> FillCompleteness:
    """Ask about the fortnight as it is at a Moscow time."""
    return fill_completeness(c, **{"year": YEAR, **FORTNIGHT, "now": micros(now), **conditions})


def homework(text: str = "№ 1") -> tuple[type[e.HomeworkSet], dict[str, Any]]:
    """Answer the event that sets homework, for `Story.in_lesson`."""
    return e.HomeworkSet, {"homework": e.Homework(text=text)}


def stream(where: Identity) -> str:
    """Answer the stream of a lesson."""
    return lesson_stream(where["journal"], where["date"], where["slot"])


def a_fortnight() -> Story:
    """1 Sep: all on the day. 3 Sep: all on 5 Sep. 8 Sep: the roll only, on the day. 10 Sep: nothing."""
    story = a_school().held(TUE_1).in_lesson(TUE_1, homework(), when="09-01 23:59")
    story.held(THU_3, when="09-05 10:00").in_lesson(THU_3, homework(""), when="09-05 10:00")
    return story.in_lesson(TUE_8, (e.RollTaken, {"absences": ()}), when="09-08 09:00")


def test_a_fortnight_by_hand(ask: Ask) -> None:
    # Due 4. Recorded: 1 (on time), 3 (late, term was 3 Sep, entered 5 Sep: 2 days), 8 (on time by its roll): 3 of 4.
    # Terms of all four are over on 15 Sep: timeliness 2 of 4. Topics: 1 on time, 3 late, 8 and 10 missing.
    # Homework: 1 on time (a minute before midnight), 3 late ("" says that none is set, which is filled).
    report = ask_fill(ask(a_fortnight()))
    lessons, topics, home = report.total.lessons, report.total.topics, report.total.homework
    assert (lessons.due, lessons.filled, lessons.on_time, lessons.late, lessons.missing) == (4, 3, 2, 1, 1)
    assert (lessons.in_term, lessons.late_days, lessons.late_days_max) == (0, 2, 2)
    assert (lessons.completeness.numerator, lessons.completeness.denominator) == (3, 4)
    assert lessons.completeness.percent_hundredths == 75_00
    assert lessons.completeness.formula == "lessons recorded (topic or roll) / lessons due × 100 %"
    assert (lessons.timeliness.numerator, lessons.timeliness.denominator) == (2, 4)
    assert lessons.timeliness.percent_hundredths == 50_00
    assert (topics.filled, topics.on_time, topics.late, topics.missing) == (2, 1, 1, 2)
    assert (home.filled, home.on_time, home.late, home.missing) == (2, 1, 1, 2)
    assert report.total.roll.filled == 3
    assert (report.year_name, report.as_of) == ("2026/27", "2026-09-15T12:00:00+03:00")
    assert [(row.id, row.name, row.lessons.due) for row in report.rows] == [(ALGEBRA, "Алгебра 7А", 4)]


def test_the_worst_lessons_stand_first_and_are_paged(ask: Ask) -> None:
    # On 15 Sep the lesson of 10 Sep is 5 days over its term; that of 3 Sep was recorded 2 days late.
    c = ask(a_fortnight())
    report = ask_fill(c)
    assert [(one.date, one.days_late, one.recorded.state) for one in report.late] == [
        ("2026-09-10", 5, "missing"),
        ("2026-09-03", 2, "late"),
    ]
    late = report.late[1]
    assert (late.lesson, late.journal_name, late.subject_name, late.group_name, late.slot) == (
        stream(THU_3),
        "Алгебра 7А",
        "Алгебра",
        "7А",
        3,
    )
    assert (late.teachers, late.teacher_names, late.substituted) == ([ADA], ["Лавлейс Ада"], False)
    assert late.topic.recorded_at == "2026-09-05T10:00:00+03:00"
    second = ask_fill(c, limit=1, offset=1)
    assert (second.late_total, [one.date for one in second.late]) == (2, ["2026-09-03"])
    # Homework is missing on 8 Sep (7 days) and 10 Sep (5), late on 3 Sep (2).
    assert [one.days_late for one in ask_fill(c, part="homework").late] == [7, 5, 2]


def test_a_lesson_counts_once_it_has_ended_and_is_not_late_before_its_term_is_over(ask: Ask) -> None:
    # On 3 Sep at 10:19 the lesson (9:40-10:20) still runs: only that of 1 Sep is due. At 10:20 two are due,
    # one of them still in its term, so timeliness is 1 of (2 - 1).
    c = ask(a_school().held(TUE_1))
    assert ask_fill(c, "09-03 10:19").total.lessons.due == 1
    ended = ask_fill(c, "09-03 10:20")
    assert (ended.total.lessons.due, ended.total.lessons.missing, ended.total.lessons.in_term) == (2, 1, 1)
    assert (ended.total.lessons.completeness.percent_hundredths, ended.total.lessons.timeliness.denominator) == (
        50_00,
        1,
    )
    assert ended.late_total == 0
    assert ask_fill(c, "09-04 00:00").late_total == 1


def test_the_first_entry_counts_whatever_is_corrected_later(ask: Ask) -> None:
    # Topic and homework on the day; a week later the topic is corrected, the homework withdrawn and set again.
    old, new = e.Homework(text="№ 1"), e.Homework(text="№ 2")
    story = a_school().held(TUE_1).in_lesson(TUE_1, homework(), when="09-01 12:00")
    story.in_lesson(
        TUE_1,
        (e.TopicCorrected, {"old_topic": "Тема", "new_topic": "Дроби", "reason": why()}),
        (e.HomeworkCorrected, {"old": old, "new": None, "reason": why()}),
        when="09-08 12:00",
    )
    c = ask(story.in_lesson(TUE_1, (e.HomeworkSet, {"homework": new}), when="09-09 12:00"))
    total = ask_fill(c, last="2026-09-02").total
    assert (total.topics.on_time, total.homework.on_time) == (1, 1)


def test_withdrawn_homework_is_missing(ask: Ask) -> None:
    withdrawn = (e.HomeworkCorrected, {"old": e.Homework(text="№ 1"), "new": None, "reason": why()})
    c = ask(a_school().in_lesson(TUE_1, homework(), withdrawn, when="09-01 12:00"))
    assert ask_fill(c, last="2026-09-02").total.homework.missing == 1


def test_what_is_void_was_never_entered(ask: Ask) -> None:
    # The topic of the day (version 1) and its roll (2) are void; the topic entered on 4 Sep (3) is the first valid one.
    story = a_school().held(TUE_1).in_lesson(TUE_1, (e.TopicRecorded, {"topic": "Дроби"}), when="09-04 12:00")
    total = ask_fill(ask(story.void(stream(TUE_1), 1, 2)), last="2026-09-02").total
    assert (total.lessons.late, total.lessons.late_days) == (1, 3)
    assert (total.topics.late, total.roll.missing) == (1, 1)


def test_the_regulation_of_the_lessons_day_sets_the_terms(ask: Ask) -> None:
    # From 3 Sep on the topic may come two days later, the roll stays due on the day. 3 Sep is recorded on 5 Sep:
    # topic and roll come together, and the longer term of the two counts: on time; the roll is 2 days late.
    # The lesson of 1 Sep, recorded on 3 Sep, has the old term: 2 days late.
    new = s.RegulationAdopted(starts=day("09-03"), regulation=s.Regulation(topic_days=2))
    c = ask(a_school().tell(SCHOOL, new).held(TUE_1, when="09-03 12:00").held(THU_3, when="09-05 23:00"))
    total = ask_fill(c, last="2026-09-07").total
    assert (total.lessons.on_time, total.lessons.late, total.lessons.late_days) == (1, 1, 2)
    assert (total.topics.on_time, total.topics.late) == (1, 1)
    assert (total.roll.on_time, total.roll.late, total.roll.late_days) == (0, 2, 4)


def test_cancelled_lessons_are_not_due_and_moved_ones_count_where_they_take_place(ask: Ask) -> None:
    # 1 Sep is cancelled. 3 Sep is moved over the end of the range to 16 Sep. 22 Sep is moved into it, to 11 Sep.
    # Of the fortnight remain 8, 10 and 11 Sep; that of 11 Sep is recorded on 12 Sep, one day after its placed day.
    tue_22 = at(ALGEBRA, "09-22", 2)
    moved = {"old_date": day("09-03"), "old_slot": 3, "new_date": day("09-16"), "new_slot": 3}
    back = {"old_date": day("09-22"), "old_slot": 2, "new_date": day("09-11"), "new_slot": 2}
    story = a_school().in_lesson(TUE_1, (e.LessonCancelled, {"reason": why()}), when="08-31 12:00")
    story.in_lesson(THU_3, (e.LessonMoved, moved), when="09-02 12:00")
    story.in_lesson(tue_22, (e.LessonMoved, back), when="09-02 12:00").held(tue_22, when="09-12 12:00")
    report = ask_fill(ask(story), now="09-30 12:00")
    assert (report.total.lessons.due, report.total.lessons.late, report.total.lessons.late_days) == (3, 1, 1)
    assert sorted(one.date for one in report.late) == ["2026-09-08", "2026-09-10", "2026-09-11"]


def test_a_held_lesson_that_is_no_longer_due_still_counts(ask: Ask) -> None:
    # From 8 Sep on the timetable has no algebra; the lesson held on 8 Sep stays, that of 10 Sep is gone: 1, 3, 8.
    c = ask(a_school().held(TUE_8).schedule(ALGEBRA, "09-08"))
    assert (ask_fill(c).total.lessons.due, ask_fill(c).total.lessons.filled) == (3, 1)


def test_the_substitute_owes_the_lesson(ask: Ask) -> None:
    # Boris gives the lesson of 8 Sep: Ada owes 1, 3 and 10 Sep, Boris one, which he recorded.
    given = (e.LessonSubstituted, {"absent_teacher": ADA, "substitution": e.Substitution(teacher=BORIS)})
    c = ask(a_school().in_lesson(TUE_8, given, when="09-07 12:00").held(TUE_8))
    rows = ask_fill(c, by="teacher").rows
    assert [(row.name, row.lessons.due, row.lessons.filled) for row in rows] == [
        ("Борисов Ада", 1, 1),
        ("Лавлейс Ада", 3, 0),
    ]
    own = ask_fill(c, teacher=BORIS, by="teacher")
    assert (own.total.lessons.due, [row.id for row in own.rows]) == (1, [BORIS])
    assert ask_fill(c, teacher=ADA).total.lessons.due == 3


def test_the_load_of_the_day_says_who_owes_it(ask: Ask) -> None:
    # Ada's load ends on 3 Sep, Boris has the journal from 10 Sep; nobody has it on 8 Sep.
    story = a_school().tell(ALGEBRA, j.TeacherUnassigned(staff=ADA, ends=day("09-03")))
    c = ask(story.tell(ALGEBRA, j.TeacherAssigned(staff=BORIS, starts=day("09-10"))))
    rows = ask_fill(c, by="teacher").rows
    assert [(row.id, row.name, row.lessons.due) for row in rows] == [
        (BORIS, "Борисов Ада", 1),
        (ADA, "Лавлейс Ада", 2),
        ("", "", 1),
    ]


def test_marks_and_written_work_by_hand(ask: Ask) -> None:
    # Marks stand in 1 Sep (two oral) and 3 Sep (a control work, 7 days: term until 10 Sep) of 4 due lessons: 50 %.
    # The control work's marks: 4 Sep, in term, and 11 Sep, not: begun in its term 1 of 1, whole 0 of 1.
    late = (e.MarkRecorded, {"pupil": YOZHIKOVA, "work": "control", "value": "4"})
    story = a_school().held(TUE_1, marks={EREMIN: "5", YOZHIKOVA: "4"})
    story.held(THU_3, marks={EREMIN: "5"}, work="control", when="09-04 10:00")
    marks = ask_fill(ask(story.in_lesson(THU_3, late, when="09-11 00:00"))).total.marks
    assert (marks.marks, marks.lessons.numerator, marks.lessons.denominator) == (4, 2, 4)
    assert marks.lessons.percent_hundredths == 50_00
    assert (marks.written_begun.numerator, marks.written_begun.denominator) == (1, 1)
    assert (marks.written_whole.numerator, marks.written_whole.denominator) == (0, 1)


def test_a_restored_mark_was_entered_when_it_was(ask: Ask) -> None:
    # The control work of 3 Sep has its term until 10 Sep. Its mark of 4 Sep (version 3) is void, so that it is entered
    # again on 11 Sep, late; restored, the work is begun and whole in its term: 1 of 1, with one mark in its cell.
    again = (e.MarkRecorded, {"pupil": EREMIN, "work": "control", "value": "4"})
    story = a_school().held(THU_3, marks={EREMIN: "5"}, work="control", when="09-04 10:00").void(stream(THU_3), 3)
    story.in_lesson(THU_3, again, when="09-11 10:00").restore(stream(THU_3), 3)
    marks = ask_fill(ask(story)).total.marks
    assert marks.marks == 1
    assert (marks.written_begun.numerator, marks.written_begun.denominator) == (1, 1)
    assert (marks.written_whole.numerator, marks.written_whole.denominator) == (1, 1)


def test_several_marks_in_one_cell_make_one_lesson_with_marks(ask: Ask) -> None:
    # 4/5 for one pupil on 1 Sep: two marks, one of the four due lessons has marks.
    second = (e.MarkRecorded, {"pupil": EREMIN, "work": "oral", "number": 2, "value": "5"})
    c = ask(a_school().held(TUE_1, marks={EREMIN: "4"}).in_lesson(TUE_1, second, when="09-01 12:00"))
    marks = ask_fill(c).total.marks
    assert (marks.marks, marks.lessons.numerator, marks.lessons.denominator) == (2, 1, 4)


def test_the_unmarked_first_grade_owes_no_marks(ask: Ask) -> None:
    story = a_school().form_class("class-1a", "1А", 1, system="unmarked").pupil("pupil-1", "Яшин", "class-1a")
    story.open_journal("journal-1a", "Чтение 1А", "class-1a", grade=1, system="unmarked")
    c = ask(story.schedule("journal-1a", "09-01", (2, 1)))
    total = ask_fill(c, class_id="class-1a").total
    assert (total.lessons.due, total.marks.lessons.denominator, total.marks.lessons.percent_hundredths) == (2, 0, None)


def test_rows_by_class_and_subject_and_a_stream_of_two_classes(ask: Ask) -> None:
    # The stream of 7А and 7Б (a class without pupils) has Fridays 4 and 11 Sep: 2 lessons for each of the classes,
    # once in the total. 7А: 4 + 2. Subjects: Алгебра 4, Английский 2.
    story = a_school()
    story.open_journal(
        "stream",
        "Английский поток",
        "group-s",
        subject="subject-english",
        group_kind="group",
        classes=(CLASS_7A, CLASS_7B),
    ).schedule("stream", "09-01", (5, 1))
    c = ask(story)
    by_class, by_subject = ask_fill(c, by="class"), ask_fill(c, by="subject")
    assert by_class.total.lessons.due == 6
    assert [(row.name, row.lessons.due) for row in by_class.rows] == [("7А", 6), ("7Б", 2)]
    assert [(row.name, row.lessons.due) for row in by_subject.rows] == [("Алгебра", 4), ("Английский язык", 2)]
    assert [row.id for row in ask_fill(c, by="class", class_id=CLASS_7B).rows] == [CLASS_7B]
    assert [row.name for row in ask_fill(c, rows_limit=1, rows_offset=1).rows] == ["Английский поток"]
    assert ask_fill(c, journals=[ALGEBRA]).rows_total == 1
    assert ask_fill(c, journals=[]).total.lessons.due == 0


def test_for_a_pupil_only_lessons_of_the_own_journals_and_days_count(ask: Ask) -> None:
    # Еремин joins the English group on 9 Sep (English is on Mondays 7 and 14 Sep: 14 counts) and from 8 Sep follows
    # an individual plan without algebra: of algebra remain 1 and 3 Sep. By 15 Sep that makes 3 lessons.
    story = a_school().schedule(ENGLISH, "09-01", (1, 1))
    story.tell(EREMIN, p.GroupJoined(group=GROUP, joined_on=day("09-09")))
    c = ask(story.tell(EREMIN, p.IndividualPlanSet(starts=day("09-08"), class_journals=())))
    rows = ask_fill(c, pupil=EREMIN).rows
    assert [(row.name, row.lessons.due) for row in rows] == [("Алгебра 7А", 2), ("Английский 7А/1", 1)]


def test_a_period_without_lessons_has_nothing_below_the_line(ask: Ask) -> None:
    report = ask_fill(ask(a_school()), first="2026-10-26", last="2026-11-01", now="12-01 12:00")
    lessons = report.total.lessons
    assert (lessons.due, lessons.completeness.percent_hundredths, lessons.timeliness.percent_hundredths) == (
        0,
        None,
        None,
    )
    assert (report.rows, report.late) == ([], [])


def test_nothing_is_due_before_the_year_begins(ask: Ask) -> None:
    assert ask_fill(ask(a_school()), now="08-01 12:00").total.lessons.due == 0


def test_what_cannot_be_asked_is_refused_with_the_field(ask: Ask) -> None:
    c = ask(a_school())
    with pytest.raises(NotThereError):
        ask_fill(c, year="no-such-year")
    for field, wrong in (("last", {"last": "2026-08-01"}), ("limit", {"limit": 0})):
        with pytest.raises(SelectionError) as refused:
            ask_fill(c, **wrong)
        assert refused.value.field == field


def test_more_journals_need_no_more_statements(ask: Ask) -> None:
    story = a_fortnight()
    for number in range(20):
        story.open_journal(f"journal-{number}", f"Алгебра {number}").schedule(f"journal-{number}", "09-01", (1, 1))
    c = ask(story)
    counted: list[str] = []
    sa.event.listen(c, "before_cursor_execute", lambda *asked: counted.append(asked[2]))
    ask_fill(c, journals=[ALGEBRA])
    few = len(counted)
    counted.clear()
    ask_fill(c)
    assert len(counted) == few
