"""Progress percentage (D4), against figures worked out by hand.

7А has Еремин, Ёжикова and Жуков; 7Б and 10А have nobody. Algebra of 7А has lessons all year, the other journals of
`a_school` have none, and so nobody is to be assessed in them.
"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.ids import SCHOOL, final_marks_stream
from ejd.kernel.policies import PASS_FAIL
from ejd_projections.asking import NotThereError, SelectionError
from ejd_projections.progress import Progress, ProgressRow, progress
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    ALGEBRA_7B,
    BORIS,
    CLASS_7A,
    CLASS_7B,
    CLASS_10A,
    ENGLISH,
    EREMIN,
    GROUP,
    YEAR,
    YOZHIKOVA,
    ZHUKOV,
    Story,
    a_school,
    at,
    day,
    why,
)

ENGLISH_7A, GROUP_2, ENGLISH_2 = "journal-english-7a", "group-english-2", "journal-english-7a-2"


def decide(story: Story, journal: str, marks: dict[str, str], period: str = "q1", when: str = "10-24 12:00") -> Story:
    """Decide final marks, by pupil."""
    stream = final_marks_stream(journal, period)
    for pupil, value in marks.items():
        decided = f.FinalMarkDecided(journal=journal, period=period, pupil=pupil, value=value, basis=f.Basis())
        story.tell(stream, decided, when=when)
    return story


def ask_progress(c: sa.Connection, **conditions: Any) -> Progress:
    """Ask about the first quarter; its last day, 25 October, is the count date."""
    return progress(c, **{"year": YEAR, "period": "q1", **conditions})


def quotient(row: ProgressRow) -> tuple[int, int, int | None]:
    """Answer what the row's own formula gives."""
    return row.progress.numerator, row.progress.denominator, row.progress.percent_hundredths


def two_subjects() -> Story:
    """Algebra: Еремин 5, Ёжикова 3, Жуков 4. English of the whole class: Еремин 4, Ёжикова н/а, Жуков осв."""
    story = a_school().open_journal(ENGLISH_7A, "Английский 7А", subject="subject-english")
    decide(story.schedule(ENGLISH_7A, "09-01", (5, 1)), ALGEBRA, {EREMIN: "5", YOZHIKOVA: "3", ZHUKOV: "4"})
    return decide(story, ENGLISH_7A, {EREMIN: "4", YOZHIKOVA: "н/а", ZHUKOV: "осв"})


def test_one_subject_and_class_by_hand(ask: Ask) -> None:
    # 5, 3, 2 of 3 pupils: (a) 2 / 3 = 66.67 %; quality 1 / 3 = 33.33 %; СОУ (100 + 36 + 16) / 3 = 50.67;
    # average (5 + 3 + 2) / 3 = 3.33.
    report = ask_progress(ask(decide(a_school(), ALGEBRA, {EREMIN: "5", YOZHIKOVA: "3", ZHUKOV: "2"})), by="line")
    (line,) = report.rows
    assert (line.class_name, line.subject_name, line.name) == ("7А", "Алгебра", "7А, Алгебра")
    assert quotient(line) == (2, 3, 66_67)
    assert line.progress.formula == "final marks of the period not lower than «3» / pupils in the class × 100 %"
    figures = line.statistics
    assert (figures.n5, figures.n4, figures.n3, figures.n2, figures.n, figures.without_mark) == (1, 0, 1, 1, 3, 0)
    assert (figures.progress.numerator, figures.progress.percent_hundredths) == (2, 66_67)
    assert (figures.quality.numerator, figures.quality.percent_hundredths) == (1, 33_33)
    assert (figures.degree.numerator, figures.degree.denominator, figures.degree.hundredths) == (152, 3, 50_67)
    assert (figures.average.numerator, figures.average.denominator, figures.average.hundredths) == (10, 3, 3_33)
    assert (report.period_name, report.last) == ("1 четверть", "2026-10-25")


def test_not_attested_is_no_progress_and_exempt_does_not_count(ask: Ask) -> None:
    # (b) Еремин and Жуков (his English is осв) have only marks from 3 on, Ёжикова has н/а: 2 of 3.
    # (c) Еремин 2 of 2, Ёжикова 1 of 2, Жуков 1 of 1 (осв is not to be assessed).
    # N = 5·1 + 4·2 + 3·1 + н/а·1 = 5 marks; progress 4 / 5, quality 3 / 5, СОУ (100 + 2·64 + 36 + 7) / 5 = 54.20,
    # average (5 + 8 + 3) / 4 = 4.00: н/а is in N and not in the average.
    c = ask(two_subjects())
    report = ask_progress(c, class_id=CLASS_7A)
    assert quotient(report.rows[0]) == quotient(report.total) == (2, 3, 66_67)
    figures = report.total.statistics
    assert (figures.not_attested, figures.exempt, figures.n) == (1, 1, 5)
    assert (figures.progress.percent_hundredths, figures.quality.percent_hundredths) == (80_00, 60_00)
    assert (figures.degree.hundredths, figures.average.hundredths) == (54_20, 4_00)
    pupils = ask_progress(c, by="pupil").rows
    assert [(row.name, *quotient(row)) for row in pupils] == [
        ("Еремин Анна", 2, 2, 100_00),
        ("Ёжикова Анна", 1, 2, 50_00),
        ("Жуков Анна", 1, 1, 100_00),
    ]
    # (a) of English exactly as written: one mark from 3 on (Еремин's) over all 3 pupils; beside it 1 of N = 2.
    english = ask_progress(c, by="line", subject="subject-english").rows[0]
    assert quotient(english) == (1, 3, 33_33)
    assert (english.statistics.progress.numerator, english.statistics.progress.denominator) == (1, 2)


def test_a_class_without_pupils_has_nothing_below_the_line(ask: Ask) -> None:
    c = ask(a_school().schedule(ALGEBRA_7B, "09-01", (1, 1)))
    (row,) = ask_progress(c, class_id=CLASS_7B).rows
    assert (row.name, row.pupils, *quotient(row)) == ("7Б", 0, 0, 0, None)
    assert (row.statistics.degree.hundredths, row.statistics.average.hundredths) == (None, None)
    assert quotient(ask_progress(c, class_id=CLASS_7B, by="line").rows[0]) == (0, 0, None)


def test_who_left_does_not_count_and_who_joined_does(ask: Ask) -> None:
    # Еремин leaves on 1 October and Жуков on the last day itself, each with a 2; Яшин joins on 20 October and has no
    # mark yet. On the count date there are Ёжикова (4) and Яшин: (a) 1 / 2, N = 1, one mark still to be given.
    story = a_school().pupil("pupil-yashin", "Яшин", since="10-20")
    decide(story, ALGEBRA, {EREMIN: "2", ZHUKOV: "2", YOZHIKOVA: "4"}, when="09-30 12:00")
    story.tell(EREMIN, p.PupilLeft(left_on=day("10-01"))).tell(ZHUKOV, p.PupilLeft(left_on=day("10-25")))
    line = ask_progress(ask(story), by="line").rows[0]
    assert quotient(line) == (1, 2, 50_00)
    assert (line.statistics.n, line.statistics.without_mark) == (1, 1)


def test_who_moved_counts_in_the_class_of_the_last_day(ask: Ask) -> None:
    # Жуков moves to 7Б on 10 October with a 5 of 7А's algebra: 7А 1 of 2 (4, 2), 7Б 1 of 1.
    story = decide(a_school().schedule(ALGEBRA_7B, "09-01", (1, 1)), ALGEBRA, {EREMIN: "4", YOZHIKOVA: "2"})
    decide(story, ALGEBRA, {ZHUKOV: "5"}, when="10-09 12:00")
    moved = p.PupilTransferred(old_class=CLASS_7A, new_class=CLASS_7B, transferred_on=day("10-10"))
    c = ask(story.tell(ZHUKOV, moved))
    rows = ask_progress(c).rows
    assert [(row.name, *quotient(row)) for row in rows if row.pupils] == [("7А", 1, 2, 50_00), ("7Б", 1, 1, 100_00)]
    assert ask_progress(c, class_id=CLASS_7B).total.statistics.n5 == 1


def test_of_two_marks_in_a_subject_that_of_the_present_class_counts(ask: Ask) -> None:
    # Жуков has a 5 in 7А, decided last, and a 3 in 7Б, where he is: 7Б's counts, once.
    story = decide(a_school(), ALGEBRA_7B, {ZHUKOV: "3"}, when="10-20 12:00")
    moved = p.PupilTransferred(old_class=CLASS_7A, new_class=CLASS_7B, transferred_on=day("10-10"))
    c = ask(decide(story.tell(ZHUKOV, moved), ALGEBRA, {ZHUKOV: "5"}, when="10-24 12:00"))
    figures = ask_progress(c, class_id=CLASS_7B).total.statistics
    assert (figures.n3, figures.n) == (1, 1)


def english_in_two_groups() -> Story:
    """Group 1, of Ada: Еремин 5, Ёжикова 2. Group 2, of Boris until 20 October: Жуков 4."""
    story = a_school().tell(GROUP_2, j.TeachingGroupFormed(year=YEAR, name="2", kind="subgroup", classes=(CLASS_7A,)))
    story.open_journal(
        ENGLISH_2, "Английский 7А/2", GROUP_2, subject="subject-english", group_kind="group", classes=(CLASS_7A,)
    )
    for pupil, group in ((EREMIN, GROUP), (YOZHIKOVA, GROUP), (ZHUKOV, GROUP_2)):
        story.tell(pupil, p.GroupJoined(group=group, joined_on=day("09-01")))
    story.tell(ENGLISH, j.TeacherAssigned(staff=ADA, starts=day("09-01")))
    story.tell(ENGLISH_2, j.TeacherAssigned(staff=BORIS, starts=day("09-01"), ends=day("10-20")))
    decide(story, ENGLISH, {EREMIN: "5", YOZHIKOVA: "2"})
    return decide(story, ENGLISH_2, {ZHUKOV: "4"})


def test_a_class_split_in_groups_is_one_line(ask: Ask) -> None:
    # (a) of English: 2 marks from 3 on of the class's 3 pupils, over both groups.
    line = ask_progress(ask(english_in_two_groups()), by="line", subject="subject-english").rows[0]
    assert quotient(line) == (2, 3, 66_67)


def test_teachers_answer_for_the_pupils_of_their_journals(ask: Ask) -> None:
    # Ada has algebra (3 pupils, no marks yet) and English group 1 (2 pupils: 5, 2): 1 of 3 + 2 = 5; 3 pupils in all.
    # Boris had group 2 last, and nobody after him: 1 of 1.
    c = ask(english_in_two_groups())
    rows = ask_progress(c, by="teacher").rows
    assert [(row.id, row.pupils, *quotient(row)) for row in rows] == [(BORIS, 1, 1, 1, 100_00), (ADA, 3, 1, 5, 20_00)]
    # Only Boris's: the class's line has the one pupil of his group, and the headline too.
    assert [quotient(row) for row in ask_progress(c, teacher=BORIS, by="line").rows] == [(1, 1, 100_00)]
    assert quotient(ask_progress(c, teacher=BORIS).total) == (1, 1, 100_00)
    assert [row.id for row in ask_progress(c, teacher=BORIS, by="teacher").rows] == [BORIS]
    assert quotient(ask_progress(c, group=GROUP).total) == (1, 2, 50_00)
    assert ask_progress(c, journals=[]).rows == []


def test_an_individual_curriculum_takes_the_subject_off_the_pupil(ask: Ask) -> None:
    # Еремин follows a plan without algebra. (a) as written has all 3 pupils below the line; N has 2; nothing is to
    # be assessed for Еремин.
    plan = p.IndividualPlanSet(starts=day("09-01"), class_journals=())
    c = ask(decide(a_school().tell(EREMIN, plan), ALGEBRA, {YOZHIKOVA: "4", ZHUKOV: "5"}))
    line = ask_progress(c, by="line").rows[0]
    assert quotient(line) == (2, 3, 66_67)
    assert (line.statistics.n, line.statistics.without_mark) == (2, 0)
    assert quotient(ask_progress(c, by="pupil", pupil=EREMIN).rows[0]) == (0, 0, None)


def test_a_period_without_lessons_has_nothing_to_assess(ask: Ask) -> None:
    # From 1 November on the timetable is empty: the second quarter has no line and nothing below any line.
    c = ask(a_school().schedule(ALGEBRA, "11-01"))
    report = ask_progress(c, period="q2", class_id=CLASS_7A)
    assert (report.rows[0].pupils, *quotient(report.rows[0])) == (3, 0, 0, None)
    assert ask_progress(c, period="q2", by="line").rows == []
    assert quotient(ask_progress(c, period="q1").total) == (0, 3, 0)


def test_a_lesson_moved_over_the_end_of_the_period_is_assessed_where_it_takes_place(ask: Ask) -> None:
    # English has one lesson, on Friday 23 October; moved to 3 November it belongs to the second quarter.
    # The same with a lesson that is cancelled: it belongs to none.
    story = a_school().open_journal(ENGLISH_7A, "Английский 7А", subject="subject-english")
    story.schedule(ENGLISH_7A, "10-23", (5, 1)).schedule(ENGLISH_7A, "10-24")
    story.open_journal("art", "Искусство 7А", subject="subject-art")
    story.schedule("art", "10-23", (5, 2)).schedule("art", "10-24")
    moved = {"old_date": day("10-23"), "old_slot": 1, "new_date": day("11-03"), "new_slot": 1}
    story.in_lesson(at(ENGLISH_7A, "10-23", 1), (e.LessonMoved, moved), when="10-20 12:00")
    c = ask(story.in_lesson(at("art", "10-23", 2), (e.LessonCancelled, {"reason": why()}), when="10-20 12:00"))
    assert [row.subject for row in ask_progress(c, by="line").rows] == ["subject-algebra"]
    assert [row.subject for row in ask_progress(c, by="line", period="q2").rows] == [
        "subject-algebra",
        "subject-english",
    ]


def test_a_moved_lesson_that_the_timetable_no_longer_has_is_none(ask: Ask) -> None:
    """English of 23 October was moved to 3 November; then the timetable lost it: nobody is to be assessed."""
    story = a_school().open_journal(ENGLISH_7A, "Английский 7А", subject="subject-english")
    story.schedule(ENGLISH_7A, "10-23", (5, 1)).schedule(ENGLISH_7A, "10-24")
    moved = {"old_date": day("10-23"), "old_slot": 1, "new_date": day("11-03"), "new_slot": 1}
    story.in_lesson(at(ENGLISH_7A, "10-23", 1), (e.LessonMoved, moved), when="10-20 12:00")
    c = ask(story.schedule(ENGLISH_7A, "10-23"))
    assert [row.subject for row in ask_progress(c, by="line", period="q2").rows] == ["subject-algebra"]


def test_the_unmarked_first_grade_is_not_assessed(ask: Ask) -> None:
    story = a_school().form_class("class-1a", "1А", 1, system="unmarked").pupil("pupil-1", "Яшин", "class-1a")
    story.open_journal("journal-1a", "Чтение 1А", "class-1a", grade=1, system="unmarked")
    c = ask(story.schedule("journal-1a", "09-01", (2, 1)))
    row = ask_progress(c, class_id="class-1a").rows[0]
    assert (row.pupils, *quotient(row), row.statistics.without_mark) == (1, 0, 0, None, 0)
    # 7А's three are below the line of the school, the first grade's pupil is not.
    assert quotient(ask_progress(c).total)[1] == 3


def test_other_scales_count_by_their_level_and_a_one_counts_as_a_two(ask: Ask) -> None:
    # Hundred points: 85 is a 5, 49 a 2. Pass/fail: зач is a 3. Five-point: 1 counts with the 2.
    # n5 = 1, n3 = 1, n2 = 2, N = 4: average (5 + 3 + 2·2) / 4 = 3.00.
    story = a_school().tell(SCHOOL, s.GradingSystemDefined(system=PASS_FAIL))
    story.open_journal("art", "Искусство 7А", subject="subject-art", system="hundred-point")
    story.open_journal("sport", "Физкультура 7А", subject="subject-sport", system="pass-fail")
    decide(decide(story, "art", {EREMIN: "85", ZHUKOV: "49"}), "sport", {EREMIN: "зач"})
    figures = ask_progress(ask(decide(story, ALGEBRA, {EREMIN: "1"}))).total.statistics
    assert (figures.n5, figures.n4, figures.n3, figures.n2, figures.n) == (1, 0, 1, 2, 4)
    assert figures.average.hundredths == 3_00


def test_corrected_withdrawn_and_void_final_marks(ask: Ask) -> None:
    # Еремин: 2 corrected to 3. Ёжикова: 5 withdrawn. Жуков: 4 is void. Remains one 3: (a) 1 of 3, N = 1.
    stream = final_marks_stream(ALGEBRA, "q1")
    story = decide(a_school(), ALGEBRA, {EREMIN: "2", YOZHIKOVA: "5", ZHUKOV: "4"})
    where = {"journal": ALGEBRA, "period": "q1"}
    corrected = f.FinalMarkCorrected(**where, pupil=EREMIN, old_value="2", new_value="3", basis=f.Basis(), reason=why())
    story.tell(stream, corrected, f.FinalMarkWithdrawn(**where, pupil=YOZHIKOVA, old_value="5", reason=why()))
    line = ask_progress(ask(story.void(stream, 3)), by="line").rows[0]
    assert (*quotient(line), line.statistics.n, line.statistics.without_mark) == (1, 3, 33_33, 1, 2)


def test_year_marks_and_exam_marks_have_their_own_figures(ask: Ask) -> None:
    # Year: 5, 4, 2 of 3. Exam: only Еремин sat it: (a) as written 1 of 3, nobody else's mark is awaited.
    story = decide(a_school(), ALGEBRA, {EREMIN: "5", YOZHIKOVA: "4", ZHUKOV: "2"}, period="year")
    c = ask(decide(story, ALGEBRA, {EREMIN: "4"}, period="exam"))
    year, exam = (ask_progress(c, period=period, by="line").rows[0] for period in ("year", "exam"))
    assert (*quotient(year), year.statistics.n) == (2, 3, 66_67, 3)
    assert (*quotient(exam), exam.statistics.n, exam.statistics.without_mark) == (1, 3, 33_33, 1, 0)
    assert ask_progress(c, period="overall", by="line").rows == []


def test_a_class_of_half_years_is_not_in_the_quarters(ask: Ask) -> None:
    opened = j.JournalOpened(
        year=YEAR,
        subject="subject-algebra",
        group="class-11a",
        group_kind="class",
        classes=("class-11a",),
        grade=11,
        scheme="halves",
        bells="first",
        grading_system="five-point",
        name="Алгебра 11А",
    )
    story = a_school().form_class("class-11a", "11А", 11, scheme="halves").pupil("pupil-11", "Яшин", "class-11a")
    story.tell("journal-11a", opened).schedule("journal-11a", "09-01", (1, 1))
    c = ask(decide(story, "journal-11a", {"pupil-11": "4"}, period="h1"))
    assert "11А" not in [row.name for row in ask_progress(c).rows]
    assert [(row.name, *quotient(row)) for row in ask_progress(c, period="h1").rows] == [("11А", 1, 1, 100_00)]


def test_grades_subjects_and_the_school(ask: Ask) -> None:
    # 7А: 2 of 3 (see above). 7Б: Яшин with a 4 in algebra: 1 of 1. Grade 7: 3 of 4; 10А has nobody.
    # Algebra: marks from 3 on 3 + 1 = 4 over 3 + 1 pupils; English: 1 over 3.
    story = two_subjects().pupil("pupil-7b", "Яшин", CLASS_7B)
    c = ask(decide(story, ALGEBRA_7B, {"pupil-7b": "4"}))
    grades, subjects = ask_progress(c, by="grade"), ask_progress(c, by="subject")
    assert [(row.id, *quotient(row)) for row in grades.rows] == [("7", 3, 4, 75_00), ("10", 0, 0, None)]
    assert [(row.name, *quotient(row)) for row in subjects.rows] == [
        ("Алгебра", 4, 4, 100_00),
        ("Английский язык", 1, 3, 33_33),
    ]
    assert quotient(grades.total) == (3, 4, 75_00)
    assert [row.id for row in ask_progress(c, grade=10).rows] == [CLASS_10A]


def test_marks_of_another_year_do_not_count(ask: Ask) -> None:
    # The code q1 comes again every year: the 5 of last year's journal is not this year's.
    opened = j.JournalOpened(
        year="year-2025",
        subject="subject-algebra",
        group="class-6a",
        group_kind="class",
        classes=("class-6a",),
        grade=6,
        scheme="quarters",
        bells="first",
        grading_system="five-point",
        name="Алгебра 6А",
    )
    story = decide(a_school().tell("journal-6a", opened), "journal-6a", {EREMIN: "5"})
    assert ask_progress(ask(story)).total.statistics.n == 0


def test_rows_are_paged_and_wrong_questions_refused(ask: Ask) -> None:
    c = ask(two_subjects())
    page = ask_progress(c, by="pupil", limit=1, offset=1)
    assert (page.rows_total, [row.id for row in page.rows]) == (3, [YOZHIKOVA])
    for field, wrong in (("period", {"period": "q9"}), ("year", {"year": "no-such-year"})):
        with pytest.raises(NotThereError) as unknown:
            ask_progress(c, **wrong)
        assert unknown.value.field == field
    with pytest.raises(SelectionError):
        ask_progress(c, limit=0)


def test_more_classes_need_no_more_statements(ask: Ask) -> None:
    story = two_subjects()
    for number in range(20):
        story.form_class(f"class-{number}", f"8-{number}", 8).pupil(f"pupil-{number}", "Яшин", f"class-{number}")
        story.open_journal(f"journal-{number}", f"Алгебра {number}", f"class-{number}", grade=8)
        story.schedule(f"journal-{number}", "09-01", (1, 1))
        decide(story, f"journal-{number}", {f"pupil-{number}": "4"})
    c = ask(story)
    counted: list[str] = []
    sa.event.listen(c, "before_cursor_execute", lambda *asked: counted.append(asked[2]))
    ask_progress(c, class_id=CLASS_7A, by="pupil")
    few = len(counted)
    counted.clear()
    ask_progress(c, by="pupil")
    assert len(counted) == few
