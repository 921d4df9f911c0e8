"""Missed topics (D5), the figures worked out by hand."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.ids import lesson_stream
from ejd_projections.asking import SelectionError
from ejd_projections.missed_topics import MissedTopics, PupilMissed, missed_topics
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    ALGEBRA_7B,
    CLASS_7A,
    CLASS_7B,
    ENGLISH,
    EREMIN,
    GROUP,
    YOZHIKOVA,
    ZHUKOV,
    Story,
    a_school,
    at,
    day,
    why,
)

FIRST, SECOND, THIRD = at(ALGEBRA, "09-01", 2), at(ALGEBRA, "09-03", 3), at(ALGEBRA, "09-08", 2)


def quarter(c: sa.Connection, **chosen: str) -> MissedTopics:
    return missed_topics(c, first="2026-09-01", last="2026-10-25", **chosen)  # type: ignore[arg-type]  # only names of ids


def row_of(report: MissedTopics, pupil: str) -> PupilMissed:
    return next(one for one in report.pupils if one.pupil == pupil)


def three_lessons() -> Story:
    """Three rolls in algebra; Eremin: ill, absent, late; Zhukov: excused once; Yozhikova: never away."""
    story = a_school().held(FIRST, "Дроби", absent={EREMIN: "ill"})
    story.held(SECOND, "Степени", absent={EREMIN: "absent", ZHUKOV: "excused"})
    return story.held(THIRD, "Корни", absent={EREMIN: "late"})


def test_each_pupil_has_the_missed_topics_with_the_reason(ask: Ask) -> None:
    report = quarter(ask(three_lessons()), class_id=CLASS_7A)
    assert [(one.name, one.missed, one.lessons) for one in report.pupils] == [
        ("Еремин Анна", 2, 3),
        ("Ёжикова Анна", 0, 3),
        ("Жуков Анна", 1, 3),
    ]
    eremin = report.pupils[0]
    # 2 / 3 = 66.666… %, in hundredths half up 6667; late is not missed.
    assert (eremin.percent_hundredths, eremin.ill, eremin.absent, eremin.excused) == (6667, 1, 1, 0)
    assert [(one.date, one.topic, one.kind) for one in eremin.journals[0].rows] == [
        ("2026-09-01", "Дроби", "ill"),
        ("2026-09-03", "Степени", "absent"),
    ]
    assert (eremin.journals[0].subject_name, eremin.class_name) == ("Алгебра", "7А")
    # (2 + 0 + 1) of (3 + 3 + 3) = 33.333… %.
    assert (report.numerator, report.denominator, report.percent_hundredths) == (3, 9, 3333)
    assert report.pupils_total == 3


def test_a_mark_given_later_in_the_missed_lesson_makes_up_for_it(ask: Ask) -> None:
    story = three_lessons()
    for value, work, when in (("3", "independent", "09-12 09:00"), ("4", "oral", "09-10 23:30")):
        mark = {"pupil": EREMIN, "work": work, "value": value}
        story.in_lesson(FIRST, (e.MarkRecorded, mark), when=when)
    eremin = row_of(quarter(ask(story), pupil=EREMIN), EREMIN)
    first, second = eremin.journals[0].rows
    # The earlier of two marks, on the day by Moscow time.
    assert (first.made_up, first.made_up_on, first.made_up_mark) == (True, "2026-09-10", "4")
    assert (second.made_up, second.made_up_on, second.made_up_mark) == (False, None, None)
    assert (eremin.made_up, eremin.journals[0].made_up) == (1, 1)


def test_a_mark_of_before_the_absence_does_not_make_up_for_it(ask: Ask) -> None:
    story = a_school().held(FIRST, marks={EREMIN: "5"}, absent={EREMIN: "absent"})
    assert row_of(quarter(ask(story), pupil=EREMIN), EREMIN).made_up == 0


def test_a_restored_roll_knew_of_the_absence_first(ask: Ask) -> None:
    # The roll of the 1st (version 2) is void; a mark of the 5th; the roll again on the 8th, after the mark: not made
    # up. With the roll of the 1st restored the absence was known before the mark, which made up for it.
    stream = lesson_stream(ALGEBRA, day("09-01"), 2)
    mark = (e.MarkRecorded, {"pupil": EREMIN, "work": "oral", "value": "4"})
    story = a_school().held(FIRST, absent={EREMIN: "ill"}).void(stream, 2)
    story.in_lesson(FIRST, mark, when="09-05 12:00")
    again = (e.RollTaken, {"absences": (e.Absence(pupil=EREMIN, kind="ill"), e.Absence(pupil=ZHUKOV, kind="ill"))})
    story.in_lesson(FIRST, again, when="09-08 12:00").restore(stream, 2)
    report = quarter(ask(story))
    (row,) = row_of(report, EREMIN).journals[0].rows
    assert (row.made_up, row.made_up_on, row.made_up_mark) == (True, "2026-09-05", "4")
    assert row_of(report, ZHUKOV).missed == 1


def test_who_joined_or_left_in_between_counts_only_what_was_while_there(ask: Ask) -> None:
    # Novikova is there for the 3rd and 8th; Zhukov leaves on the 8th and has the 1st and 3rd.
    story = (
        three_lessons().pupil("pupil-new", "Новикова", since="09-02").tell(ZHUKOV, p.PupilLeft(left_on=day("09-08")))
    )
    c = ask(story)
    by_journal = quarter(c, journal=ALGEBRA)
    assert (row_of(by_journal, "pupil-new").missed, row_of(by_journal, "pupil-new").lessons) == (0, 2)
    assert (row_of(by_journal, ZHUKOV).missed, row_of(by_journal, ZHUKOV).lessons) == (1, 2)
    # Who left is in no class on the last day, so that no class lists him.
    assert ZHUKOV not in {one.pupil for one in quarter(c, class_id=CLASS_7A).pupils}
    # Without a class he stands behind those who are in one.
    assert (by_journal.pupils[-1].pupil, by_journal.pupils[-1].class_name) == (ZHUKOV, "")


def test_who_moved_is_listed_in_the_new_class_with_the_rows_of_the_old(ask: Ask) -> None:
    story = three_lessons().held(at(ALGEBRA_7B, "09-08", 1), "Углы", absent={EREMIN: "ill"})
    moved = p.PupilTransferred(old_class=CLASS_7A, new_class=CLASS_7B, transferred_on=day("09-08"))
    c = ask(story.tell(EREMIN, moved))
    assert {one.pupil for one in quarter(c, class_id=CLASS_7A).pupils} == {YOZHIKOVA, ZHUKOV}
    (eremin,) = quarter(c, class_id=CLASS_7B).pupils
    # 7А: the 1st and 3rd, both missed; the 8th there was after the transfer. 7Б: the 8th, missed.
    assert [(one.journal, one.missed, one.lessons) for one in eremin.journals] == [(ALGEBRA, 2, 2), (ALGEBRA_7B, 1, 1)]
    assert (eremin.missed, eremin.lessons, eremin.percent_hundredths) == (3, 3, 10_000)


def test_a_cancelled_lesson_and_one_without_a_roll_do_not_count(ask: Ask) -> None:
    story = three_lessons().in_lesson(FIRST, (e.LessonCancelled, {"reason": why()}), when="09-09 09:00")
    story.in_lesson(at(ALGEBRA, "09-10", 3), (e.TopicRecorded, {"topic": "Тема"}), when="09-10 12:00")
    eremin = row_of(quarter(ask(story), class_id=CLASS_7A), EREMIN)
    assert (eremin.missed, eremin.lessons) == (1, 2)


def test_a_lesson_moved_over_the_end_of_the_quarter_counts_where_it_took_place(ask: Ask) -> None:
    where = at(ALGEBRA, "10-22", 3)
    moved = {"old_date": day("10-22"), "old_slot": 3, "new_date": day("11-02"), "new_slot": 5}
    story = a_school().in_lesson(where, (e.LessonMoved, moved), when="10-21 09:00")
    c = ask(story.held(where, absent={EREMIN: "ill"}, when="11-02 15:00"))
    first = quarter(c, class_id=CLASS_7A)
    assert (first.numerator, first.denominator, first.percent_hundredths) == (0, 0, None)
    second = missed_topics(c, first="2026-11-02", last="2026-12-29", class_id=CLASS_7A)
    assert (second.numerator, second.denominator) == (1, 3)
    assert row_of(second, EREMIN).journals[0].rows[0].date == "2026-11-02"


def test_an_individual_plan_takes_journals_away(ask: Ask) -> None:
    # From the 3rd on Eremin does not learn algebra with the class: one roll of three is his.
    plan = p.IndividualPlanSet(starts=day("09-03"), class_journals=())
    eremin = row_of(quarter(ask(three_lessons().tell(EREMIN, plan)), class_id=CLASS_7A), EREMIN)
    assert (eremin.missed, eremin.lessons) == (1, 1)


def test_journals_are_chosen_by_group_subject_and_teacher(ask: Ask) -> None:
    story = three_lessons().tell(YOZHIKOVA, p.GroupJoined(group=GROUP, joined_on=day("09-01")))
    c = ask(story.held(at(ENGLISH, "09-02", 1), "Time", absent={YOZHIKOVA: "absent"}))
    by_group = quarter(c, group=GROUP)
    assert [(one.pupil, one.missed, one.lessons) for one in by_group.pupils] == [(YOZHIKOVA, 1, 1)]
    assert quarter(c, subject="subject-english") == by_group
    by_teacher = quarter(c, teacher=ADA)
    assert [(one.missed, one.lessons) for one in by_teacher.pupils] == [(2, 3), (0, 3), (1, 3)]
    both = quarter(c, class_id=CLASS_7A, subject="subject-english")
    assert [(one.missed, one.lessons) for one in both.pupils] == [(0, 0), (1, 1), (0, 0)]
    assert row_of(quarter(c, class_id=CLASS_7A), YOZHIKOVA).lessons == 4
    assert quarter(c, subject="unknown").pupils == []
    assert quarter(c, class_id=CLASS_7A, pupil=ZHUKOV).pupils_total == 1


def test_the_whole_school_comes_in_pages(ask: Ask) -> None:
    c = ask(three_lessons().pupil("pupil-7b", "Абрамова", CLASS_7B))
    whole = quarter(c)
    assert [one.class_name for one in whole.pupils] == ["7А", "7А", "7А", "7Б"]
    page = missed_topics(c, first="2026-09-01", last="2026-10-25", limit=2, offset=2)
    assert ([one.pupil for one in page.pupils], page.pupils_total) == ([ZHUKOV, "pupil-7b"], 4)
    # A pupil of a class without lessons: 0 of 0, and no percentage.
    assert (page.pupils[1].lessons, page.pupils[1].percent_hundredths) == (0, None)
    with pytest.raises(SelectionError):
        missed_topics(c, first="2026-09-01", last="2026-10-25", limit=0)


def test_an_empty_class_has_an_empty_report(ask: Ask) -> None:
    report = quarter(ask(three_lessons()), class_id=CLASS_7B)
    assert (report.pupils, report.numerator, report.denominator, report.percent_hundredths) == ([], 0, 0, None)
