"""Readiness of a year's set-up, section by section, with gaps worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date

import pytest
import sqlalchemy as sa

from ejd.kernel.events import accounts as a
from ejd.kernel.events import control_works as k
from ejd.kernel.events import curricula as u
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd_projections.readiness import ground_of, holders_of_role, term_of
from ejd_projections.readiness_sections import DEPUTY, IDS_SHOWN_MAX, Gap, Section, section, sections_of
from ejd_projections.school_catalogue import find_year
from tests.projections.conftest import Ask, fill
from tests.projections.story import (
    ADA,
    ALGEBRA,
    CLASS_7A,
    CLASS_7B,
    ENGLISH,
    EREMIN,
    GROUP,
    YEAR,
    YOZHIKOVA,
    ZHUKOV,
    Story,
    a_school,
    day,
    why,
)

TODAY = "2026-10-01"


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Fold a story into new tables in memory, as often as wanted; both databases are asked by tests/http."""
    with ExitStack() as stack:

        def fold(story: Story) -> sa.Connection:
            engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
            stack.callback(engine.dispose)
            connection = stack.enter_context(engine.connect())
            fill(connection, story)
            return connection

        yield fold


def found(ask: Ask, story: Story, today: str = TODAY) -> dict[tuple[str, str], Section]:
    c = ask(story)
    sections = sections_of(ground_of(c, find_year(c, year=YEAR), today))
    return {(one.section, one.class_id): one for one in sections}


def kinds(one: Section) -> list[str]:
    return [gap.kind for gap in one.gaps]


def test_a_section_is_done_partly_or_not_started() -> None:
    nothing = section("rooms", 0, 0, [])
    assert (nothing.state, nothing.percent, kinds(nothing)) == ("not-started", 0, ["nothing-yet"])
    assert (section("rooms", 3, 3, []).state, section("rooms", 3, 3, []).percent) == ("done", 100)
    gap = Gap("no-teacher", DEPUTY, about="x", name="Физика")
    partly = section("load", 199, 200, [gap])
    assert (partly.state, partly.percent, gap.sentence) == ("partly", 99, "Физика: nobody teaches it")
    assert section("load", 0, 1, [gap]).state == "not-started"


def test_ids_of_a_gap_are_limited_and_its_figures_are_not() -> None:
    ids = [f"p{number}" for number in range(IDS_SHOWN_MAX + 1)]
    gap = Gap("pupils-in-no-group", DEPUTY, name="Физика", need=len(ids), ids=ids)
    assert (len(gap.ids), gap.need) == (IDS_SHOWN_MAX, IDS_SHOWN_MAX + 1)


def test_every_pupil_is_in_exactly_one_subgroup_of_a_split_subject(ask: Ask) -> None:
    story = a_school().tell(YOZHIKOVA, p.GroupJoined(group=GROUP, joined_on=day("09-01")))
    one = found(ask, story)["groups", CLASS_7A]
    assert kinds(one) == ["pupils-in-no-group"]
    assert one.gaps[0].ids == sorted([EREMIN, ZHUKOV])
    assert (one.done, one.total, one.percent) == (1, 3, 33)
    story.tell(EREMIN, p.GroupJoined(group=GROUP, joined_on=day("09-01")))
    story.tell(ZHUKOV, p.IndividualPlanSet(starts=day("09-01"), class_journals=(ALGEBRA,)))
    assert found(ask, story)["groups", CLASS_7A].state == "done"


def test_a_subject_that_the_class_has_as_a_whole_needs_no_groups_and_two_are_too_many(ask: Ask) -> None:
    second = j.TeachingGroupFormed(year=YEAR, name="Англ 2", kind="subgroup", classes=(CLASS_7A,))
    story = a_school().tell("group-2", second)
    assert "group-without-journal" in kinds(found(ask, story)["groups", CLASS_7A])
    story.open_journal(
        "journal-2", "Английский 7А/2", "group-2", subject="subject-english", group_kind="group", classes=(CLASS_7A,)
    )
    for pupil in (YOZHIKOVA, EREMIN, ZHUKOV):
        story.tell(pupil, p.GroupJoined(group=GROUP, joined_on=day("09-01")))
    story.tell(EREMIN, p.GroupJoined(group="group-2", joined_on=day("09-01")))
    twice = found(ask, story)["groups", CLASS_7A]
    assert (kinds(twice), twice.gaps[0].ids) == (["pupils-in-two-groups"], [EREMIN])


def test_the_curriculum_is_compared_with_journals_loads_and_plans(ask: Ask) -> None:
    story = a_school()
    bare = found(ask, story)["curriculum", CLASS_7A]
    assert (bare.state, kinds(bare)) == ("not-started", ["no-curriculum"])
    lines = (
        u.CurriculumLine(subject="subject-algebra", hours_per_week_hundredths=250, hours_per_year=85),
        u.CurriculumLine(subject="subject-art", hours_per_week_hundredths=100, hours_per_year=34),
    )
    story.tell("plan-7", u.CurriculumAdopted(year=YEAR, name="7 класс", grades=(7,), lines=lines))
    story.tell("subject-art", s.SubjectDefined(name="ИЗО"))
    story.tell(CLASS_7A, u.CurriculumAssigned(curriculum="plan-7", starts=day("09-01")))
    story.tell(ALGEBRA, j.TeacherAssigned(staff=ADA, starts=day("09-01"), hours_per_week=3))
    topics = (j.PlannedTopic(number=1, section="", topic="Степени", hours=83),)
    story.tell(ALGEBRA, j.ThematicPlanAdopted(topics=topics))
    sections = found(ask, story)
    load, art = sorted(sections["curriculum", CLASS_7A].gaps, key=lambda gap: gap.name)
    assert load.sentence == "Алгебра: load 3 h a week, curriculum 2.5 h"
    assert art.sentence == "ИЗО: in the curriculum, but no journal"
    (hours,) = [gap for gap in sections["thematic-plans", CLASS_7A].gaps if gap.kind == "plan-hours"]
    assert (hours.sentence, hours.owner.staff) == ("Алгебра: plan 83 h, curriculum 85 h", ADA)


def test_the_timetable_is_compared_with_the_load(ask: Ask) -> None:
    story = a_school().tell(ALGEBRA, j.TeacherAssigned(staff="t", starts=day("09-01"), hours_per_week=9))
    story.tell(ALGEBRA, j.TeacherAssigned(staff=ADA, starts=day("09-01"), hours_per_week=3))
    (gap,) = [one for one in found(ask, story)["timetable", CLASS_7A].gaps if one.about == ALGEBRA]
    assert (gap.kind, gap.have, gap.need) == ("timetable-hours", 2, 9)
    story.tell(ALGEBRA, j.TeacherUnassigned(staff="t", ends=day("09-10")))
    story.schedule(ALGEBRA, "09-01", (2, 2), (4, 3), (5, 9))
    assert ALGEBRA not in {one.about for one in found(ask, story)["timetable", CLASS_7A].gaps}
    (late,) = found(ask, story)["bells", ""].gaps
    assert (late.kind, late.name) == ("slot-without-times", "first, 9")
    story.schedule(ALGEBRA, "09-01")
    (gone,) = [one for one in found(ask, story)["timetable", CLASS_7A].gaps if one.about == ALGEBRA]
    assert gone.kind == "not-in-timetable"


def test_control_works_of_the_plan_stand_in_the_schedule(ask: Ask) -> None:
    topics = (
        j.PlannedTopic(number=1, section="", topic="Степени", hours=3),
        j.PlannedTopic(number=2, section="", topic="Контрольная", control=True),
    )
    story = a_school().tell(ALGEBRA, j.ThematicPlanAdopted(topics=topics))
    (gap,) = [one for one in found(ask, story)["control-works", CLASS_7A].gaps if one.about == ALGEBRA]
    assert (gap.have, gap.need) == (0, 1)
    planned = k.ControlWorkPlanned(journal=ALGEBRA, day=day("10-05"), title="К", form="written", work="control-work")
    story.tell("control-1", planned)
    assert ALGEBRA not in {one.about for one in found(ask, story)["control-works", CLASS_7A].gaps}
    story.tell("control-1", k.ControlWorkCancelled(journal=ALGEBRA, reason=why()))
    assert ALGEBRA in {one.about for one in found(ask, story)["control-works", CLASS_7A].gaps}
    story.tell(ALGEBRA, j.ThematicPlanAdopted(topics=topics[:1])).tell(
        ENGLISH, j.ThematicPlanAdopted(topics=topics[:1])
    )
    assert found(ask, story)["control-works", CLASS_7A].state == "done", "nothing is planned to be checked"


def test_a_void_account_is_none_and_roles_end(ask: Ask) -> None:
    opened = a.AccountOpened(kind="person", login="d", person="deputy")
    story = a_school().tell("acc", opened, a.RoleGranted(role="deputy-head", starts=day("09-01"), ends=day("10-01")))
    assert holders_of_role(ask(story), "deputy-head", "2026-10-01") == ["deputy"]
    assert holders_of_role(ask(story), "deputy-head", "2026-10-02") == []
    story.tell("acc", a.RoleRevoked(role="deputy-head"))
    assert holders_of_role(ask(story), "deputy-head", "2026-10-01") == []


def test_the_term_is_of_the_year(ask: Ask) -> None:
    story = a_school()
    c = ask(story)
    assert term_of(c, find_year(c, year=YEAR)) == "2026-09-15"
    c = ask(story.tell(YEAR, y.ReadinessDateSet(day=date(2026, 9, 20))))
    assert term_of(c, find_year(c, year=YEAR)) == "2026-09-20"


def test_classes_name_what_the_year_has_and_rooms_their_seats(ask: Ask) -> None:
    odd = j.ClassFormed(year=YEAR, name="7В", grade=7, scheme="thirds", bells="night", grading_system="stars")
    story = a_school().tell("class-7v", odd).tell("room-x", s.RoomDefined(name="x"))
    sections = found(ask, story)
    assert kinds(sections["periods", ""]) == ["unknown-periods"]
    assert "unknown-bells" in kinds(sections["bells", ""])
    assert kinds(sections["grading-systems", ""]) == ["unknown-grading-system"]
    assert kinds(sections["rooms", ""]) == ["rooms-without-capacity"]
    for name in ("class-teacher", "pupils", "journals", "load", "thematic-plans", "timetable", "control-works"):
        assert sections[name, "class-7v"].state == "not-started", name


def test_days_before_and_after_the_year_are_its_first_and_last(ask: Ask) -> None:
    c = ask(a_school())
    year = find_year(c, year=YEAR)
    assert ground_of(c, year, "2020-01-01").day == year.first_day
    assert ground_of(c, year, "2050-01-01").day == year.last_day
    assert {CLASS_7A, CLASS_7B} <= {row.stream for row in ground_of(c, year, TODAY).classes}
    assert ENGLISH in {one.id for one in ground_of(c, year, TODAY).journals}
