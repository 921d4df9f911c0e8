"""The journal page (D1), its figures worked out by hand."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ejd.kernel.events import control_works as w
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.ids import SCHOOL, final_marks_stream, lesson_stream
from ejd_projections.asking import NotThereError, SelectionError
from ejd_projections.gradebook import JOURNALS_MAX, Gradebook, GradebookPupil, gradebook, gradebooks
from ejd_projections.journal_catalogue import find_journals
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    ALGEBRA_7B,
    BORIS,
    CLASS_7A,
    CLASS_7B,
    EREMIN,
    YOZHIKOVA,
    ZHUKOV,
    Story,
    a_school,
    at,
    day,
    micros,
    sealed,
    why,
)

FIRST, SECOND, THIRD = at(ALGEBRA, "09-01", 2), at(ALGEBRA, "09-03", 3), at(ALGEBRA, "09-08", 2)


def quarter(c: sa.Connection, journal: str = ALGEBRA, pupil: str | None = None) -> Gradebook:
    return gradebook(c, journal=journal, first="2026-09-01", last="2026-10-25", pupil=pupil)


def row_of(page: Gradebook, pupil: str) -> GradebookPupil:
    return next(one for one in page.pupils if one.pupil == pupil)


def values(row: GradebookPupil) -> list[str]:
    return [mark.value for mark in row.marks]


def test_a_page_has_pupils_by_name_and_lessons_by_time(ask: Ask) -> None:
    story = a_school().held(SECOND, "Степени").held(FIRST, "Дроби")
    page = quarter(ask(story))
    assert [one.name for one in page.pupils] == ["Еремин Анна", "Ёжикова Анна", "Жуков Анна"]
    assert [(one.date, one.slot, one.topic) for one in page.lessons] == [
        ("2026-09-01", 2, "Дроби"),
        ("2026-09-03", 3, "Степени"),
    ]
    assert [one.staff for one in page.teachers] == [ADA]
    assert (page.journal.subject_name, page.journal.group_name) == ("Алгебра", "7А")


def test_several_marks_stand_in_one_cell(ask: Ask) -> None:
    story = a_school().in_lesson(
        FIRST,
        (e.MarkRecorded, {"pupil": EREMIN, "work": "essay", "number": 2, "value": "5"}),
        (e.MarkRecorded, {"pupil": EREMIN, "work": "essay", "value": "4"}),
        when="09-01 12:00",
    )
    row = row_of(quarter(ask(story)), EREMIN)
    assert values(row) == ["4", "5"]
    assert len({mark.lesson for mark in row.marks}) == 1
    assert row.absences == []


def test_the_average_is_weighted_and_exact(ask: Ask) -> None:
    # oral 5 (weight 1), oral 4 (1), control 3 (2): (5 + 4 + 2·3) / 4 = 3.75.
    story = a_school().held(FIRST, marks={EREMIN: "5"}).held(SECOND, marks={EREMIN: "4"})
    story.held(THIRD, marks={EREMIN: "3"}, work="control")
    page = quarter(ask(story))
    row = row_of(page, EREMIN)
    assert (row.weighted_sum, row.weight_sum, row.average_hundredths, row.marks_counted) == (1500, 400, 375, 3)
    without = row_of(page, ZHUKOV)
    assert (without.average_hundredths, without.weight_sum, without.marks) == (None, 0, [])


def test_averages_are_rounded_half_up(ask: Ask) -> None:
    # 4 with weight 1.05 and 5 with weight 0.95 would be 4.475: rounded to 4.48, not to 4.47.
    kinds = (s.WorkKind(code="a", name="A", weight=105), s.WorkKind(code="b", name="B", weight=95))
    story = a_school().tell(SCHOOL, s.WorkKindsDefined(kinds=kinds))
    story.held(FIRST, marks={EREMIN: "4"}, work="a").held(SECOND, marks={EREMIN: "5"}, work="b")
    assert row_of(quarter(ask(story)), EREMIN).average_hundredths == 448


def test_a_corrected_mark_counts_with_its_new_value_and_a_withdrawn_one_not(ask: Ask) -> None:
    cell = {"pupil": EREMIN, "work": "oral"}
    story = a_school().held(FIRST, marks={EREMIN: "2", ZHUKOV: "3"})
    story.in_lesson(
        FIRST, (e.MarkCorrected, {**cell, "old_value": "2", "new_value": "4", "reason": why()}), when="09-02 09:00"
    )
    gone = {"pupil": ZHUKOV, "work": "oral", "old_value": "3", "reason": why()}
    story.in_lesson(FIRST, (e.MarkWithdrawn, gone), when="09-02 09:00")
    page = quarter(ask(story))
    (mark,) = row_of(page, EREMIN).marks
    # Topic 1, roll 2, marks 3 and 4, so that the correction is version 5 of the lesson.
    assert (mark.value, mark.corrected, mark.version, mark.recorded_at) == ("4", 1, 5, micros("09-01 12:00"))
    assert row_of(page, ZHUKOV).marks == []


def test_a_correction_stands_though_the_mark_it_corrected_is_void(ask: Ask) -> None:
    cell = {"pupil": EREMIN, "work": "oral", "old_value": "2", "new_value": "4", "reason": why()}
    story = a_school().held(FIRST, marks={EREMIN: "2"}).in_lesson(FIRST, (e.MarkCorrected, cell), when="09-02 09:00")
    stream = lesson_stream(ALGEBRA, day("09-01"), 2)
    (mark,) = row_of(quarter(ask(story.void(stream, 3))), EREMIN).marks
    assert (mark.value, mark.version, mark.recorded_at) == ("4", 4, micros("09-02 09:00"))


def test_a_restored_mark_gives_the_newer_one_its_time(ask: Ask) -> None:
    # Topic 1, roll 2, mark 3 of the 1st, void by 4; recorded again by 5 on the 2nd; 6 restores 3.
    stream = lesson_stream(ALGEBRA, day("09-01"), 2)
    again = (e.MarkRecorded, {"pupil": EREMIN, "work": "oral", "value": "4"})
    story = a_school().held(FIRST, marks={EREMIN: "2"}).void(stream, 3)
    story.in_lesson(FIRST, again, when="09-02 09:00").restore(stream, 3)
    (mark,) = row_of(quarter(ask(story)), EREMIN).marks
    assert (mark.value, mark.corrected, mark.version, mark.recorded_at) == ("4", 0, 5, micros("09-01 12:00"))


def test_a_lesson_whose_events_are_all_void_is_not_on_the_page(ask: Ask) -> None:
    story = a_school().held(FIRST, marks={EREMIN: "2"})
    page = quarter(ask(story.void(lesson_stream(ALGEBRA, day("09-01"), 2), 1, 2, 3)))
    assert page.lessons == []
    assert row_of(page, EREMIN).marks == []


def test_absences_count_where_the_roll_was_taken(ask: Ask) -> None:
    # Rolls on the 1st and 3rd; on the 8th a topic only. Ill on the 1st, late on the 3rd: 1 missed of 2.
    story = a_school().held(FIRST, absent={EREMIN: "ill"}).held(SECOND, absent={EREMIN: "late"})
    story.in_lesson(THIRD, (e.TopicRecorded, {"topic": "Тема"}), when="09-08 12:00")
    page = quarter(ask(story))
    row = row_of(page, EREMIN)
    assert [one.kind for one in row.absences] == ["ill", "late"]
    assert (row.missed, row.lessons) == (1, 2)
    assert [one.roll_taken for one in page.lessons] == [True, True, False]


def test_a_corrected_roll_counts_as_corrected(ask: Ask) -> None:
    ill, late = e.Absence(pupil=EREMIN, kind="ill"), e.Absence(pupil=EREMIN, kind="late", minutes=10)
    story = a_school().held(FIRST, absent={EREMIN: "ill", ZHUKOV: "absent"})
    corrections = (
        (e.AttendanceCorrected, {"pupil": EREMIN, "old": ill, "new": late, "reason": why()}),
        (e.AttendanceCorrected, {"pupil": ZHUKOV, "reason": why()}),
        (
            e.AttendanceCorrected,
            {"pupil": YOZHIKOVA, "new": e.Absence(pupil=YOZHIKOVA, kind="excused"), "reason": why()},
        ),
    )
    page = quarter(ask(story.in_lesson(FIRST, *corrections, when="09-02 09:00")))
    assert [(row.missed, row.lessons) for row in page.pupils] == [(0, 1), (1, 1), (0, 1)]
    assert [(one.kind, one.minutes) for one in row_of(page, EREMIN).absences] == [("late", 10)]


def test_who_moved_stands_in_both_journals_with_the_days(ask: Ask) -> None:
    # In 7А until 2 September: one of the two rolls there is Eremin's, the mark of the 1st stays in the old journal.
    story = a_school().held(FIRST, marks={EREMIN: "5"}).held(SECOND)
    story.held(at(ALGEBRA_7B, "09-08", 1), absent={EREMIN: "absent"})
    moved = p.PupilTransferred(old_class=CLASS_7A, new_class=CLASS_7B, transferred_on=day("09-03"))
    c = ask(story.tell(EREMIN, moved))
    old = row_of(quarter(c), EREMIN)
    assert [(one.starts, one.ends) for one in old.stays] == [("2026-09-01", "2026-09-03")]
    assert (old.lessons, old.missed, old.average_hundredths) == (1, 0, 500)
    new = row_of(quarter(c, ALGEBRA_7B), EREMIN)
    # His 5 and the roll of the 1st came with him (rules.md, formulas): 1 of 2 lessons missed, average 5.
    assert (new.lessons, new.missed, new.average_hundredths) == (2, 1, 500)
    assert (new.marks, [(one.journal, one.date, one.value) for one in new.followed]) == (
        [],
        [(ALGEBRA, "2026-09-01", "5")],
    )
    # In a page that begins when he was there already nothing is left to follow.
    later = row_of(gradebook(c, journal=ALGEBRA_7B, first="2026-09-03", last="2026-10-25"), EREMIN)
    assert (later.lessons, later.average_hundredths, later.followed) == (1, None, [])


def test_a_mark_of_somebody_who_never_belonged_there_is_still_shown(ask: Ask) -> None:
    story = a_school().pupil("pupil-guest", "Гостев", CLASS_7B).held(FIRST, marks={"pupil-guest": "4"})
    row = row_of(quarter(ask(story)), "pupil-guest")
    assert (row.stays, row.lessons, row.average_hundredths) == ([], 0, 400)


def test_a_class_without_pupils_and_a_journal_without_lessons_are_empty(ask: Ask) -> None:
    page = quarter(ask(a_school()), ALGEBRA_7B)
    assert (page.pupils, page.lessons, page.teachers) == ([], [], [])


def test_the_unmarked_first_grade_has_no_average(ask: Ask) -> None:
    story = a_school().form_class("class-1a", "1А", 1, system="unmarked").pupil("pupil-1", "Малышева", "class-1a")
    story.open_journal("journal-1a", "Чтение 1А", "class-1a", grade=1, system="unmarked")
    story.held(at("journal-1a", "09-01", 1), absent={"pupil-1": "ill"})
    row = row_of(quarter(ask(story), "journal-1a"), "pupil-1")
    assert (row.average_hundredths, row.missed, row.lessons) == (None, 1, 1)


def test_a_cancelled_lesson_is_shown_and_does_not_count(ask: Ask) -> None:
    story = a_school().held(FIRST, absent={EREMIN: "ill"})
    page = quarter(ask(story.in_lesson(FIRST, (e.LessonCancelled, {"reason": why()}), when="09-02 09:00")))
    assert [one.cancelled for one in page.lessons] == [True]
    assert (row_of(page, EREMIN).missed, row_of(page, EREMIN).lessons) == (0, 0)


def test_a_lesson_moved_over_the_end_of_the_quarter_counts_where_it_took_place(ask: Ask) -> None:
    where = at(ALGEBRA, "10-22", 3)
    moved = {"old_date": day("10-22"), "old_slot": 3, "new_date": day("11-02"), "new_slot": 5}
    story = a_school().in_lesson(where, (e.LessonMoved, moved), when="10-21 09:00")
    c = ask(story.held(where, marks={EREMIN: "5"}, when="11-02 15:00"))
    assert quarter(c).lessons == []
    page = gradebook(c, journal=ALGEBRA, first="2026-11-02", last="2026-12-29")
    assert [(one.date, one.planned_date, one.moved) for one in page.lessons] == [("2026-11-02", "2026-10-22", True)]
    assert row_of(page, EREMIN).average_hundredths == 500


def test_homework_topics_and_substitutes_stand_over_the_columns(ask: Ask) -> None:
    home = e.Homework(text="№ 5", due=day("09-03"), minutes=20, links=("https://example.org/5",))
    instead = e.Substitution(teacher=BORIS)
    story = a_school().in_lesson(
        FIRST,
        (e.LessonSubstituted, {"substitution": instead}),
        (e.TopicRecorded, {"topic": "Дроби", "plan_item": 1}),
        (e.TopicCorrected, {"old_topic": "Дроби", "new_topic": "Степени", "new_plan_item": 2, "reason": why()}),
        (e.HomeworkSet, {"homework": home}),
        when="09-01 12:00",
    )
    story.in_lesson(SECOND, (e.HomeworkSet, {"homework": home}), when="09-03 12:00")
    story.in_lesson(SECOND, (e.HomeworkCorrected, {"old": home, "reason": why()}), when="09-03 13:00")
    first, second = quarter(ask(story)).lessons
    assert (first.topic, first.plan_item, first.substitute_name) == ("Степени", 2, "Борисов Ада")
    assert (first.homework, first.homework_due, first.homework_minutes) == ("№ 5", "2026-09-03", 20)
    assert first.homework_links == ["https://example.org/5"]
    assert (second.homework, second.homework_links, second.topic) == (None, [], None)


def final(period: str, value: str, pupil: str = EREMIN) -> f.FinalMarkDecided:
    basis = f.Basis(weighted_sum=1500, weight_sum=400, proposed="4")
    return f.FinalMarkDecided(journal=ALGEBRA, period=period, pupil=pupil, value=value, basis=basis)


def with_final_marks() -> Story:
    story = a_school().pupil("pupil-gone", "Ушедшая")
    for period, value in (("q1", "4"), ("q2", "н/а"), ("year", "5")):
        story.tell(final_marks_stream(ALGEBRA, period), final(period, value))
    return story.tell(final_marks_stream(ALGEBRA, "q1"), final("q1", "осв", ZHUKOV))


def test_final_marks_are_those_of_the_periods_that_the_page_touches(ask: Ask) -> None:
    c = ask(with_final_marks())
    page = quarter(c)
    assert [(one.period, one.value) for one in row_of(page, EREMIN).final_marks] == [("q1", "4")]
    assert [one.value for one in row_of(page, ZHUKOV).final_marks] == ["осв"]
    # The scheme's last period ends on 29 December: there the year's mark belongs.
    both = gradebook(c, journal=ALGEBRA, first="2026-10-01", last="2026-12-29")
    assert [(one.period, one.value) for one in row_of(both, EREMIN).final_marks] == [
        ("q1", "4"),
        ("q2", "н/а"),
        ("year", "5"),
    ]


def test_a_corrected_final_mark_keeps_its_first_time_and_a_withdrawn_one_is_gone(ask: Ask) -> None:
    basis = f.Basis(proposed="5")
    about = {"journal": ALGEBRA, "period": "q1"}
    story = with_final_marks().tell(
        final_marks_stream(ALGEBRA, "q1"),
        f.FinalMarkCorrected(**about, pupil=EREMIN, old_value="4", new_value="5", basis=basis, reason=why()),
        f.FinalMarkWithdrawn(**about, pupil=ZHUKOV, old_value="осв", reason=why()),
        when="10-26 09:00",
    )
    page = quarter(ask(story))
    (one,) = row_of(page, EREMIN).final_marks
    assert (one.value, one.proposed, one.corrected, one.recorded_at) == ("5", "5", 1, micros("09-01 08:00"))
    assert row_of(page, ZHUKOV).final_marks == []


def test_a_restored_final_mark_gives_the_newer_one_its_time(ask: Ask) -> None:
    # Version 1 is Eremin's «4» of 1 September, void when «5» is decided on 26 October, then restored.
    stream = final_marks_stream(ALGEBRA, "q1")
    again = f.FinalMarkDecided(journal=ALGEBRA, period="q1", pupil=EREMIN, value="5", basis=f.Basis(proposed="5"))
    story = with_final_marks().void(stream, 1).tell(stream, again, when="10-26 09:00").restore(stream, 1)
    (one,) = row_of(quarter(ask(story)), EREMIN).final_marks
    assert (one.value, one.proposed, one.corrected, one.recorded_at) == ("5", "5", 0, micros("09-01 08:00"))


def test_control_works_and_their_marks_name_each_other(ask: Ask) -> None:
    planned = w.ControlWorkPlanned(journal=ALGEBRA, day=day("09-03"), title="КР № 1", form="письменная", work="control")
    story = a_school().tell("work-1", planned)
    story.tell("work-1", w.ControlWorkMoved(journal=ALGEBRA, old_day=day("09-03"), new_day=day("09-08"), reason=why()))
    story.tell("work-2", planned, w.ControlWorkCancelled(journal=ALGEBRA, reason=why()))
    story.tell("work-3", planned).void("work-3", 1)
    mark = {"pupil": EREMIN, "work": "control", "value": "4", "control_work": "work-1", "variant": 2, "points": 17}
    page = quarter(ask(story.in_lesson(THIRD, (e.MarkRecorded, mark), when="09-08 12:00")))
    assert [(one.stream, one.day, one.cancelled, one.moved) for one in page.control_works] == [
        ("work-2", "2026-09-03", True, 0),
        ("work-1", "2026-09-08", False, 1),
    ]
    (given,) = row_of(page, EREMIN).marks
    assert (given.control_work, given.variant, given.points) == ("work-1", 2, 17)


def test_recommendations_are_in_clear_until_the_pupil_is_erased(ask: Ask) -> None:
    story = a_school().pupil("pupil-erased", "Стёртая")
    for who in (EREMIN, "pupil-erased"):
        text = sealed(who, "Повторить дроби", "recommendation-given.text")
        story.in_lesson(FIRST, (e.RecommendationGiven, {"pupil": who, "text": text}), when="09-01 12:00")
    page = quarter(ask(story))
    assert [one.text for one in row_of(page, EREMIN).recommendations] == ["Повторить дроби"]
    erased = page.pupils[-1]
    assert (erased.name, [one.text for one in erased.recommendations]) == ("удалено", [""])


def test_one_pupil_is_asked_for_alone(ask: Ask) -> None:
    story = a_school().held(FIRST, marks={EREMIN: "5", ZHUKOV: "3"}, absent={YOZHIKOVA: "ill"})
    c = ask(story)
    alone = quarter(c, pupil=ZHUKOV)
    assert [one.pupil for one in alone.pupils] == [ZHUKOV]
    assert alone.pupils[0] == row_of(quarter(c), ZHUKOV)
    assert len(alone.lessons) == 1
    assert [one.pupil for one in quarter(c, pupil=YOZHIKOVA).pupils] == [YOZHIKOVA]


def test_several_journals_are_the_same_pages_as_one_by_one(ask: Ask) -> None:
    story = a_school().held(FIRST, marks={EREMIN: "5"}).held(at(ALGEBRA_7B, "09-01", 1))
    c = ask(story)
    journals = find_journals(c)
    pages = gradebooks(c, journals, first="2026-09-01", last="2026-10-25")
    assert pages == [quarter(c, one.id) for one in journals]
    assert gradebooks(c, [], first="2026-09-01", last="2026-10-25") == []


def test_what_cannot_be_asked_is_said(ask: Ask) -> None:
    c = ask(a_school())
    with pytest.raises(NotThereError):
        quarter(c, "unknown")
    with pytest.raises(SelectionError):
        gradebook(c, journal=ALGEBRA, first="2026-10-25", last="2026-09-01")
    with pytest.raises(SelectionError):
        gradebooks(c, find_journals(c) * JOURNALS_MAX, first="2026-09-01", last="2026-10-25")
