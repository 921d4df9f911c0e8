"""Memberships: who was in a class, a group, a journal, on a day and over a range."""

from __future__ import annotations

from ejd.kernel.events import people as p
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.memberships import Member, class_members_on, members_of, stays_in, stays_of
from tests.projections.conftest import Ask
from tests.projections.story import (
    ALGEBRA,
    ALGEBRA_7B,
    CLASS_7A,
    CLASS_7B,
    ENGLISH,
    EREMIN,
    GROUP,
    YOZHIKOVA,
    ZHUKOV,
    a_school,
    day,
)

Q1 = {"first": "2026-09-01", "last": "2026-10-25"}


def test_who_moved_counts_in_the_class_of_the_last_day(ask: Ask) -> None:
    moved = p.PupilTransferred(old_class=CLASS_7A, new_class=CLASS_7B, transferred_on=day("10-25"))
    c = ask(a_school().tell(EREMIN, moved))
    assert [one.pupil for one in class_members_on(c, day="2026-10-25", classes=[CLASS_7B])] == [EREMIN]
    assert EREMIN not in {one.pupil for one in class_members_on(c, day="2026-10-25", classes=[CLASS_7A])}
    # On the day before they were still together.
    assert len(class_members_on(c, day="2026-10-24", classes=[CLASS_7A])) == 3
    assert [one.class_id for one in class_members_on(c, day="2026-10-24", pupils=[EREMIN])] == [CLASS_7A]


def test_the_journals_of_both_classes_know_from_when_to_when(ask: Ask) -> None:
    moved = p.PupilTransferred(old_class=CLASS_7A, new_class=CLASS_7B, transferred_on=day("10-01"))
    c = ask(a_school().tell(EREMIN, moved))
    found = members_of(c, find_journals(c), **Q1)
    assert Member(EREMIN, "2026-09-01", "2026-10-01") in found[ALGEBRA]
    assert found[ALGEBRA_7B] == [Member(EREMIN, "2026-10-01", None)]
    # A range that ends before the transfer, or begins with it, knows one of them only.
    september = members_of(c, find_journals(c), first="2026-09-01", last="2026-09-30")
    assert september[ALGEBRA_7B] == []
    october = members_of(c, find_journals(c), first="2026-10-01", last="2026-10-25")
    assert EREMIN not in {one.pupil for one in october[ALGEBRA]}


def test_who_left_and_came_back_has_two_lines(ask: Ask) -> None:
    story = a_school().tell(ZHUKOV, p.PupilLeft(left_on=day("09-10")))
    c = ask(story.tell(ZHUKOV, p.PupilReturned(class_id=CLASS_7A, returned_on=day("10-05"))))
    found = members_of(c, find_journals(c, ids=[ALGEBRA]), **Q1, pupil=ZHUKOV)[ALGEBRA]
    assert found == [Member(ZHUKOV, "2026-09-01", "2026-09-10"), Member(ZHUKOV, "2026-10-05", None)]
    assert [one.on("2026-09-10") for one in found] == [False, False]
    assert class_members_on(c, day="2026-09-20", pupils=[ZHUKOV]) == []


def test_a_subgroup_has_the_pupils_who_joined_it(ask: Ask) -> None:
    story = a_school().tell(YOZHIKOVA, p.GroupJoined(group=GROUP, joined_on=day("09-07")))
    story.tell(EREMIN, p.GroupJoined(group=GROUP, joined_on=day("09-07")))
    c = ask(story.tell(EREMIN, p.GroupLeft(group=GROUP, left_on=day("09-21"))))
    found = members_of(c, find_journals(c, ids=[ENGLISH]), **Q1)[ENGLISH]
    assert found == [Member(EREMIN, "2026-09-07", "2026-09-21"), Member(YOZHIKOVA, "2026-09-07", None)]
    assert [row.stream for row in stays_in(c, [GROUP], first="2026-09-21", last="2026-09-21")] == [YOZHIKOVA]
    assert {row.place for row in stays_of(c, [YOZHIKOVA], **Q1)} == {CLASS_7A, GROUP}


def test_an_individual_plan_decides_which_class_journals_are_the_pupils(ask: Ask) -> None:
    # Algebra is left out from 5 to 19 October; on 12 October a new plan says the same: one gap, not two.
    story = a_school().tell(
        EREMIN,
        p.IndividualPlanSet(starts=day("10-05"), class_journals=("other",)),
        p.IndividualPlanSet(starts=day("10-12"), class_journals=("other", "another")),
        p.IndividualPlanSet(starts=day("10-19"), class_journals=(ALGEBRA,)),
        p.IndividualPlanEnded(ends=day("10-22")),
    )
    c = ask(story)
    algebra = find_journals(c, ids=[ALGEBRA])
    assert members_of(c, algebra, **Q1, pupil=EREMIN)[ALGEBRA] == [
        Member(EREMIN, "2026-09-01", "2026-10-05"),
        Member(EREMIN, "2026-10-19", None),
    ]
    gap = members_of(c, algebra, first="2026-10-05", last="2026-10-18", pupil=EREMIN)
    assert gap[ALGEBRA] == []


def test_a_void_transfer_never_happened(ask: Ask) -> None:
    moved = p.PupilTransferred(old_class=CLASS_7A, new_class=CLASS_7B, transferred_on=day("10-01"))
    c = ask(a_school().tell(EREMIN, moved).void(EREMIN, 2))
    assert [one.class_id for one in class_members_on(c, day="2026-10-25", pupils=[EREMIN])] == [CLASS_7A]
