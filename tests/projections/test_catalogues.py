"""School and journal catalogues: what reports name and choose by."""

from __future__ import annotations

import pytest

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.events import journals as j
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd_projections import all_projections
from ejd_projections.asking import NotThereError, SelectionError
from ejd_projections.journal_catalogue import (
    class_teachers_on,
    classes_by_name,
    find_journals,
    groups_by_name,
    plan_of,
    teachers_of,
)
from ejd_projections.period import select_days
from ejd_projections.school_catalogue import (
    Reopening,
    find_year,
    kinds_of_work,
    regulation_on,
    regulations_by_start,
    rooms_by_name,
    school,
    subjects_by_name,
    systems_of_grading,
    years,
)
from tests.projections.conftest import Ask
from tests.projections.story import ADA, ALGEBRA, ALGEBRA_7B, BORIS, CLASS_7A, ENGLISH, GROUP, YEAR, a_school, day, why


def test_every_module_with_a_projection_is_found() -> None:
    found = {projection.name for projection in all_projections()}
    assert found >= {"school_catalogue", "journal_catalogue", "people", "memberships", "timetable", "gradebook"}


def test_the_school_is_known_with_its_lists(ask: Ask) -> None:
    c = ask(a_school().tell("subject-yoga", s.SubjectDefined(name="Ёга")))
    opened = school(c)
    assert opened is not None
    assert (opened.name, opened.simulated) == ("Школа 1", True)
    # Ё stands behind Е and before Ж, so behind А: Алгебра, Английский язык, Ёга.
    assert [row.name for row in subjects_by_name(c)] == ["Алгебра", "Английский язык", "Ёга"]
    assert [row.capacity for row in rooms_by_name(c)] == [30]
    assert kinds_of_work(c)["control"].weight == 200
    assert list(kinds_of_work(c))[:2] == ["oral", "homework"]
    assert systems_of_grading(c)["hundred-point"].highest == 100


def test_a_new_list_of_kinds_of_work_replaces_the_old_one(ask: Ask) -> None:
    c = ask(a_school().tell(SCHOOL, s.WorkKindsDefined(kinds=(s.WorkKind(code="oral", name="Устно", weight=300),))))
    assert {code: kind.weight for code, kind in kinds_of_work(c).items()} == {"oral": 300}


def test_the_regulation_counts_from_its_day(ask: Ask) -> None:
    adopted = s.RegulationAdopted(starts=day("10-01"), regulation=s.Regulation(topic_days=2))
    found = regulations_by_start(ask(a_school().tell(SCHOOL, adopted)))
    assert regulation_on(found, "2026-09-30").topic_days == 0
    assert regulation_on(found, "2026-10-01").topic_days == 2


def test_a_year_has_periods_closed_ones_and_a_calendar(ask: Ask) -> None:
    story = a_school().tell(YEAR, y.PeriodClosed(period="q1"), y.PeriodClosed(period="q2"))
    story.tell(YEAR, y.PeriodReopened(period="q2", reason=why()))
    c = ask(story)
    year = find_year(c, day="2026-10-01")
    assert [(one.code, one.closed) for one in year.periods] == [("h1", False), ("q1", True), ("q2", False)]
    # 2026-10-27 lies in the break, 2026-11-02 is a Monday: cycle day 1.
    calendar = calendar_from_json(year.calendar)
    assert calendar.cycle_day(day("10-27"), 7) is None
    assert calendar.cycle_day(day("11-02"), 7) == 1
    assert [one.name for one in years(c)] == ["2026/27"]
    with pytest.raises(NotThereError):
        find_year(c, year="unknown")


def test_a_period_reopened_in_some_journals_stays_closed_and_says_where_and_until_when(ask: Ask) -> None:
    first = y.PeriodReopened(period="q1", journals=("maths",), until=10, reason=why())
    second = y.PeriodReopened(period="q1", journals=("art", "maths"), until=20, reason=why())
    story = a_school().tell(YEAR, y.PeriodClosed(period="q1"), first, second)
    told = {one.code: one for one in find_year(ask(story)).periods}
    assert told["q1"].closed
    assert told["q1"].reopened == [Reopening(["maths"], 10), Reopening(["art", "maths"], 20)]
    assert (told["q2"].closed, told["q2"].reopened) == (False, [])


def test_closing_again_ends_the_reopenings_of_that_period_only(ask: Ask) -> None:
    one, other = (y.PeriodReopened(period=q, journals=("maths",), until=10, reason=why()) for q in ("q1", "q2"))
    story = a_school().tell(YEAR, y.PeriodClosed(period="q1"), y.PeriodClosed(period="q2"), one, other)
    story.tell(YEAR, y.PeriodClosed(period="q1"))
    told = {one.code: one for one in find_year(ask(story)).periods}
    assert (told["q1"].closed, told["q1"].reopened) == (True, [])
    assert told["q2"].reopened == [Reopening(["maths"], 10)]


def test_classes_stand_by_grade_and_letter(ask: Ask) -> None:
    assert [row.name for row in classes_by_name(ask(a_school()), year=YEAR)] == ["7А", "7Б", "10А"]


def test_the_class_teacher_counts_until_the_next_one(ask: Ask) -> None:
    first = j.ClassTeacherAppointed(staff=ADA, starts=day("09-01"))
    c = ask(a_school().tell(CLASS_7A, first, j.ClassTeacherAppointed(staff=BORIS, starts=day("10-01"))))
    assert class_teachers_on(c, [CLASS_7A], "2026-09-30") == {CLASS_7A: ADA}
    assert class_teachers_on(c, [CLASS_7A], "2026-10-01") == {CLASS_7A: BORIS}


def test_journals_are_found_by_class_group_subject_and_teacher(ask: Ask) -> None:
    c = ask(a_school())
    assert {one.id for one in find_journals(c, class_id=CLASS_7A)} == {ALGEBRA, ENGLISH}
    (english,) = find_journals(c, groups=[GROUP])
    assert (english.subject_name, english.group_name) == ("Английский язык", "7А англ. 1")
    assert [one.id for one in find_journals(c, subject="subject-algebra")] == [ALGEBRA, ALGEBRA_7B]
    assert [one.group_name for one in find_journals(c, teacher=ADA)] == ["7А"]
    assert [one.id for one in find_journals(c, year=YEAR, limit=1, offset=1)] == [ALGEBRA_7B]
    assert [row.name for row in groups_by_name(c, year=YEAR)] == ["7А англ. 1"]
    with pytest.raises(SelectionError):
        find_journals(c, limit=0)


def test_a_load_ends_and_another_teacher_takes_over(ask: Ask) -> None:
    story = a_school().tell(ALGEBRA, j.TeacherUnassigned(staff=ADA, ends=day("09-30")))
    c = ask(story.tell(ALGEBRA, j.TeacherAssigned(staff=BORIS, starts=day("10-01"), hours_per_week=3)))
    assert [one.name for one in teachers_of(c, [ALGEBRA])[ALGEBRA]] == ["Борисов Ада", "Лавлейс Ада"]
    october = teachers_of(c, [ALGEBRA], first="2026-10-01", last="2026-10-31")[ALGEBRA]
    assert [(one.staff, one.hours_per_week) for one in october] == [(BORIS, 3)]
    assert find_journals(c, teacher=ADA, first="2026-10-01") == []


def test_a_new_thematic_plan_replaces_the_old_one(ask: Ask) -> None:
    story = a_school()
    for topics in (("Дроби", "Степени"), ("Корни",)):
        lines = tuple(j.PlannedTopic(number=n, section="I", topic=one) for n, one in enumerate(topics, start=1))
        story.tell(ALGEBRA, j.ThematicPlanAdopted(topics=lines))
    assert [(row.number, row.topic) for row in plan_of(ask(story), ALGEBRA)] == [(1, "Корни")]


def test_days_are_chosen_by_period_scheme_or_dates(ask: Ask) -> None:
    year = find_year(ask(a_school()))
    chosen = select_days(year, today="2026-12-01", period="q1")
    assert (chosen.first, chosen.last, chosen.name) == ("2026-09-01", "2026-10-25", "1 четверть")
    # 2026-10-28 lies between the quarters: the last begun one counts.
    assert select_days(year, today="2026-10-28", scheme="quarters").period == "q1"
    assert select_days(year, today="2026-08-01", scheme="quarters").period == "q1"
    assert select_days(year, today="2026-10-28").last == "2027-05-31"
    assert select_days(year, today="2026-10-28", first="2026-10-01").last == "2027-05-31"
    for wrong in ({"period": "q9"}, {"scheme": "trimesters"}, {"period": "q1", "first": "2026-09-01"}):
        with pytest.raises(SelectionError):
            select_days(year, today="2026-10-28", **wrong)
    for first, last in (("2026-13-01", None), ("2026-10-02", "2026-10-01"), ("2020-01-01", "2026-01-01")):
        with pytest.raises(SelectionError):
            select_days(year, today="2026-10-28", first=first, last=last)
