"""Conflicts refuse a schedule, all named at once, by the school's rules; what is legal does not."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from ejd.kernel.conflict_words import shown
from ejd.kernel.conflicts import KINDS, find_conflicts
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import timetable as t
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd_commands.placing import TeacherIsNeededElsewhere
from ejd_commands.substitutions import SubstituteTeacher
from ejd_commands.timetable import ScheduleJournal
from ejd_commands.timetable_picture import TimetableHasConflicts
from ejd_commands.timetable_rules import AdoptTimetableRules, NotALimit
from tests.scenario import Outcome, Scenario, World, given, refused_as_input, uid
from tests.timetabling import whole_picture
from tests.worlds import (
    A_GROUP_JOURNAL,
    ADA,
    ADA_STAFF,
    API_CLIENT,
    BORIS_STAFF,
    CLASS_5A,
    CLASS_5B,
    DINA,
    ENGLISH,
    FIRST_DAY,
    GLEB,
    GROUP,
    GROUP_JOURNAL,
    HEAD,
    JOURNAL,
    MATHS,
    MISHA,
    ROOM_12,
    ROOM_14,
    STRANGER,
    TIMETABLE,
    TODAY,
    VERA,
    YEAR,
)

MATHS_5B = uid("journal maths 5b")
GROUP_2, ENGLISH_2 = uid("group english 2 of 5a"), uid("journal english 2")
MONDAY = "Понедельник"


def a_journal(journal: str, group: str, kind: str, *classes: str, subject: str = MATHS, name: str = "") -> World:
    opened = j.JournalOpened(
        year=YEAR,
        subject=subject,
        group=group,
        group_kind="class" if kind == "class" else "group",
        classes=classes or (group,),
        grade=5,
        scheme="quarters",
        bells="first-shift",
        grading_system="five-point",
        name=name or f"{kind} journal",
    )
    return ((journal, opened),)


THE_SCHOOL: World = (
    *A_GROUP_JOURNAL,
    *a_journal(MATHS_5B, CLASS_5B, "class", name="Математика, 5Б"),
    (GROUP_2, j.TeachingGroupFormed(year=YEAR, name="5А англ. 2", kind="subgroup", classes=(CLASS_5A,))),
    (DINA, p.GroupJoined(group=GROUP_2, joined_on=FIRST_DAY)),
    *a_journal(ENGLISH_2, GROUP_2, "group", CLASS_5A, subject=ENGLISH, name="Английский язык, 5А англ. 2"),
    (MATHS_5B, j.TeacherAssigned(staff=BORIS_STAFF, starts=FIRST_DAY)),
    (ENGLISH_2, j.TeacherAssigned(staff=BORIS_STAFF, starts=FIRST_DAY)),
)
"""5А has mathematics (ADA) in slot 2 of every day and English in two groups; 5Б has mathematics with BORIS."""


def schedule(journal: str, *entries: tuple[int, int] | tuple[int, int, str], **more: Any) -> ScheduleJournal:
    lessons = [dict(zip(("cycle_day", "slot", "room"), entry, strict=False)) for entry in entries]
    starts = more.pop("starts", date(2025, 11, 10))
    return ScheduleJournal.model_validate({"journal": journal, "starts": starts, "entries": lessons, **more})


def scheduled(journal: str, *entries: tuple[int, int], starts: date = FIRST_DAY) -> tuple[str, Event]:
    lessons = tuple(t.ScheduleEntry(cycle_day=day, slot=slot) for day, slot in entries)
    return TIMETABLE, t.JournalScheduled(journal=journal, starts=starts, entries=lessons)


def rules(**change: Any) -> tuple[str, Event]:
    return SCHOOL, t.TimetableRulesAdopted(rules=t.TimetableRules(**change))


def told(outcome: Outcome) -> list[dict[str, Any]]:
    outcome.then_refused(TimetableHasConflicts, field="entries")
    assert outcome.refusal is not None
    return list(outcome.refusal.more["conflicts"])


def test_a_teacher_room_and_class_twice_are_named_at_once() -> None:
    in_both = (MATHS_5B, j.TeacherAssigned(staff=ADA_STAFF, starts=FIRST_DAY))
    outcome = given(THE_SCHOOL, in_both).when(schedule(MATHS_5B, (1, 2, ROOM_12), (6, 2), (2, 9)), by=HEAD)
    found = told(outcome)
    assert [(one["kind"], one["what"], one["cycle_day_name"]) for one in found] == [
        ("teacher", ADA_STAFF, MONDAY),
        ("room", ROOM_12, MONDAY),
        ("free-day", CLASS_5B, "Суббота"),
        ("no-bell", "", "Вторник"),
    ]
    room = found[1]
    assert (room["name"], room["first_day"], room["last_day"], room["days"]) == ("12", "2025-11-10", "2026-05-25", 27)
    assert [(one["name"], one["slot"]) for one in room["lessons"]] == [("Математика, 5А", 2), ("Математика, 5Б", 2)]
    assert room["says"].startswith("room 12 has several lessons at once: Математика, 5А (slot 2); Математика, 5Б")
    assert outcome.refusal is not None
    assert outcome.refusal.status == 409
    assert outcome.refusal.more["conflicts_by_kind"] == {"teacher": 1, "room": 1, "free-day": 1, "no-bell": 1}
    assert "4 conflict(s)" in outcome.refusal.sentence
    assert msgspec.json.encode(outcome.refusal.more)


def test_a_class_is_in_one_lesson_at_a_time() -> None:
    other = uid("journal music")
    world = (*THE_SCHOOL, *a_journal(other, CLASS_5A, "class", subject=ENGLISH, name="Музыка, 5А"))
    (found,) = told(given(world).when(schedule(other, (1, 2)), by=HEAD))
    assert (found["kind"], found["what"], found["name"], found["pupils"]) == ("class", CLASS_5A, "5А", [])


def test_a_group_of_the_class_cannot_meet_while_the_class_has_a_lesson() -> None:
    """The class's lesson against one of a part of it: whose pupils overlap, and only on the days on which they do."""
    (found,) = told(given(THE_SCHOOL).when(schedule(ENGLISH_2, (3, 2)), by=HEAD))
    assert (found["kind"], found["what"], found["pupils"]) == ("class", CLASS_5A, [DINA])
    left = (DINA, p.GroupLeft(group=GROUP_2, left_on=date(2025, 11, 1)))
    assert given(THE_SCHOOL, left).when(schedule(ENGLISH_2, (3, 2)), by=HEAD).events
    plan = (DINA, p.IndividualPlanSet(starts=FIRST_DAY, class_journals=()))
    assert given(THE_SCHOOL, plan).when(schedule(ENGLISH_2, (3, 2)), by=HEAD).events
    planned = (DINA, p.IndividualPlanSet(starts=FIRST_DAY, class_journals=(JOURNAL,)))
    assert told(given(THE_SCHOOL, planned).when(schedule(ENGLISH_2, (3, 2)), by=HEAD))
    ended = (DINA, p.IndividualPlanEnded(ends=date(2026, 1, 1)))
    (found,) = told(given(THE_SCHOOL, plan, ended).when(schedule(ENGLISH_2, (3, 2)), by=HEAD))
    assert found["first_day"] == "2026-01-14"


def test_parallel_groups_are_legal_until_they_share_a_pupil() -> None:
    parallel = schedule(ENGLISH_2, (1, 3))
    assert given(THE_SCHOOL).when(parallel, by=HEAD).events
    shared = (GLEB, p.GroupJoined(group=GROUP_2, joined_on=date(2025, 12, 1)))
    (found,) = told(given(THE_SCHOOL, shared).when(parallel, by=HEAD))
    assert (found["kind"], found["what"], found["pupils"]) == ("pupil", "", [GLEB])
    assert found["first_day"] == "2025-12-01"
    assert "1 pupil(s) have several lessons at once" in found["says"]


def test_two_journals_of_one_group_meet_one_after_the_other() -> None:
    other = uid("journal french")
    world = (*THE_SCHOOL, *a_journal(other, GROUP, "group", CLASS_5A, name="Французский язык"))
    (found,) = told(given(world).when(schedule(other, (1, 3)), by=HEAD))
    assert (found["kind"], found["what"], found["name"]) == ("group", GROUP, "5А англ. 1")


def test_lessons_of_different_validity_do_not_meet() -> None:
    """A schedule counts until the next one of its journal, a load from day to day, A and B weeks are other days."""
    shared_teacher = (MATHS_5B, j.TeacherAssigned(staff=ADA_STAFF, starts=FIRST_DAY))
    ends = scheduled(JOURNAL, starts=date(2025, 11, 10))
    later = scheduled(JOURNAL, (1, 2), starts=date(2025, 12, 1))
    command = schedule(MATHS_5B, (1, 2))
    assert given(THE_SCHOOL, shared_teacher, ends).when(command, by=HEAD).events
    (found,) = told(given(THE_SCHOOL, shared_teacher, ends, later).when(command, by=HEAD))
    assert (found["first_day"], found["last_day"]) == ("2025-12-01", "2026-05-25")
    left = (JOURNAL, j.TeacherUnassigned(staff=ADA_STAFF, ends=date(2025, 11, 16)))
    (found,) = told(given(THE_SCHOOL, shared_teacher, left).when(command, by=HEAD))
    assert (found["first_day"], found["last_day"], found["days"]) == ("2025-11-10", "2025-11-10", 1)


def test_two_teachers_of_one_journal_are_no_conflict_and_named_ones_are_where_they_are_named() -> None:
    both = (JOURNAL, j.TeacherAssigned(staff=BORIS_STAFF, starts=FIRST_DAY))
    world = given(THE_SCHOOL, both)
    assert world.when(schedule(JOURNAL, (1, 2), (2, 2)), by=HEAD).events
    found = told(world.when(schedule(MATHS_5B, (1, 2)), by=HEAD))
    assert [(one["kind"], one["what"]) for one in found] == [("teacher", BORIS_STAFF)]
    named = {"cycle_day": 1, "slot": 2, "teachers": [ADA_STAFF]}
    after = world.when(schedule(JOURNAL, entries=[named]), by=HEAD).and_then_given()
    assert after.when(schedule(MATHS_5B, (1, 2)), by=HEAD).events


def test_who_shares_a_journal_is_free_while_another_teacher_gives_its_lesson() -> None:
    """A substitute is looked for among those who give lessons then; who replaced a named teacher gives them too."""
    both = (JOURNAL, j.TeacherAssigned(staff=BORIS_STAFF, starts=FIRST_DAY))
    instead = SubstituteTeacher(journal=GROUP_JOURNAL, day=TODAY, slot=3, teacher=BORIS_STAFF)

    def at_three(*teachers: str) -> tuple[str, Event]:
        entry = t.ScheduleEntry(cycle_day=1, slot=3, teachers=teachers)
        return TIMETABLE, t.JournalScheduled(journal=JOURNAL, starts=FIRST_DAY, entries=(entry,))

    everybody = given(THE_SCHOOL, both, at_three())
    everybody.when(instead, by=HEAD).then_refused(TeacherIsNeededElsewhere, saying="Математика, 5А")
    named = given(THE_SCHOOL, both, at_three(ADA_STAFF))
    assert named.when(instead, by=HEAD).events
    replaced = given(
        THE_SCHOOL, both, at_three(ADA_STAFF), (JOURNAL, j.TeacherUnassigned(staff=ADA_STAFF, ends=FIRST_DAY))
    )
    replaced.when(instead, by=HEAD).then_refused(TeacherIsNeededElsewhere, saying="Математика, 5А")


def test_what_is_accepted_is_kept_with_the_change() -> None:
    (event,) = given(THE_SCHOOL).when(schedule(ENGLISH_2, (3, 2), (4, 3), accept_conflicts=True), by=HEAD).events
    assert isinstance(event, t.JournalScheduled)
    assert event.despite == 1
    (event,) = given(THE_SCHOOL).when(schedule(ENGLISH_2, (4, 3), accept_conflicts=True), by=HEAD).events
    assert isinstance(event, t.JournalScheduled)
    assert event.despite == 0


def test_the_school_says_what_is_an_error() -> None:
    command = schedule(ENGLISH_2, (3, 2))
    assert given(THE_SCHOOL, rules(errors=("teacher",))).when(command, by=HEAD).events
    assert given(THE_SCHOOL, rules(errors=())).when(command, by=HEAD).events
    busy = schedule(MATHS_5B, (1, 2, ROOM_12))
    assert [one["kind"] for one in told(given(THE_SCHOOL).when(busy, by=HEAD))] == ["room"]
    assert given(THE_SCHOOL, rules(shared_rooms=(ROOM_12,))).when(busy, by=HEAD).events


def test_load_norm_and_seats_are_errors_for_a_school_that_wants_it() -> None:
    strict = rules(
        errors=KINDS,
        room_kinds=(t.RoomNeed(subject=MATHS, kinds=("кабинет",)),),
        daily_limits=(t.OwnDailyLimit(first_grade=5, last_grade=5, lessons=1, once_a_week=1),),
    )
    small = (ROOM_14, s.RoomDefined(name="14", capacity=2))
    found = told(
        given(THE_SCHOOL, strict, small).when(
            schedule(JOURNAL, *((n, 2, ROOM_14) for n in range(1, 6)), (1, 4)), by=HEAD
        )
    )
    assert [(one["kind"], one["count"], one["limit"], one["source"]) for one in found] == [
        ("load", 6, 5, ""),
        ("daily-limit", 2, 1, "правила школы"),
        ("daily-limit", 3, 1, "правила школы"),
        ("room-size", 3, 2, ""),
        ("room-kind", 0, 0, ""),
    ]
    assert found[1]["pupils"] == [DINA]
    assert set(found[2]["pupils"]) == {VERA, GLEB}


def test_a_room_is_large_enough_when_its_seats_are_taken_in_turn() -> None:
    """Four pupils are in 5А in the year, and never more than three at once."""
    day = date(2025, 12, 1)
    turn = (
        (DINA, p.PupilTransferred(old_class=CLASS_5A, new_class=CLASS_5B, transferred_on=day)),
        (MISHA, p.PupilTransferred(old_class=CLASS_5B, new_class=CLASS_5A, transferred_on=day)),
    )
    seats = (ROOM_14, s.RoomDefined(name="14", capacity=3))
    world = given(THE_SCHOOL, turn, seats, rules(errors=("room-size",)))
    assert world.when(schedule(JOURNAL, (1, 2, ROOM_14)), by=HEAD).events
    early = (MISHA, p.PupilTransferred(old_class=CLASS_5B, new_class=CLASS_5A, transferred_on=date(2025, 11, 20)))
    (found,) = told(
        given(THE_SCHOOL, turn[:1], early, seats, rules(errors=("room-size",))).when(
            schedule(JOURNAL, (1, 2, ROOM_14)), by=HEAD
        )
    )
    assert (found["count"], found["limit"], found["first_day"], found["days"]) == (4, 3, "2025-11-24", 1)


def test_a_club_is_no_lesson_of_the_day() -> None:
    club = uid("journal chess")
    world = (
        *THE_SCHOOL,
        (uid("group chess"), j.TeachingGroupFormed(year=YEAR, name="Шахматы", kind="club", classes=(CLASS_5A,))),
        (VERA, p.GroupJoined(group=uid("group chess"), joined_on=FIRST_DAY)),
        *a_journal(club, uid("group chess"), "group", CLASS_5A, name="Шахматы"),
        rules(
            errors=("daily-limit",),
            daily_limits=(t.OwnDailyLimit(first_grade=5, last_grade=5, lessons=2, once_a_week=2),),
        ),
    )
    assert given(world).when(schedule(club, (1, 5), (1, 6)), by=HEAD).events
    assert told(given(world).when(schedule(JOURNAL, (1, 5), (1, 6)), by=HEAD))


def test_what_is_void_is_in_no_conflict() -> None:
    """A journal whose opening is void keeps its schedule, and nobody has it; nor has it a class or a room."""
    world = given(tuple(one for one in THE_SCHOOL if not isinstance(one[1], j.JournalOpened) or one[0] != JOURNAL))
    assert world.when(schedule(MATHS_5B, (1, 2, ROOM_12)), by=HEAD).events
    no_classes = given(tuple(one for one in THE_SCHOOL if not isinstance(one[1], j.ClassFormed)), rules(errors=KINDS))
    assert no_classes.when(schedule(MATHS_5B, (6, 4)), by=HEAD).events


def sentences(world: Scenario) -> dict[str, str]:
    """Answer the first sentence of each kind, without its days."""
    picture = whole_picture(world)
    found = [shown(one, picture, {}) for one in find_conflicts(picture, since=FIRST_DAY)]
    return {one.kind: one.says.partition(", ")[0] for one in reversed(found)} | {"severity": found[0].severity}


def test_every_kind_has_its_sentence() -> None:
    world = given(
        THE_SCHOOL,
        rules(errors=(), room_kinds=(t.RoomNeed(subject=MATHS, kinds=("кабинет",)),)),
        (ROOM_12, s.RoomDefined(name="12", capacity=1)),
        (YEAR, y.BellScheduleDefined(code="first-shift", name="1", bells=(y.Bell(slot=1, starts=510, ends=555),))),
        (CLASS_5A, j.ClassFormed(year=YEAR, name="5А", grade=5, scheme="quarters", bells="first-shift", week_days=4)),
        scheduled(MATHS_5B, *((1, slot) for slot in range(1, 9))),
        (MATHS_5B, j.TeacherAssigned(staff=BORIS_STAFF, starts=FIRST_DAY, hours_per_week=2)),
    )
    found = sentences(world)
    assert found["severity"] == "warning"
    assert found["load"] == f"{MATHS_5B} has 8 lessons in the cycle"
    assert found["daily-limit"] == f"class {CLASS_5B} has 8 lessons"
    assert found["room-size"] == f"room {ROOM_12} has 1 seats for 3 pupils: {JOURNAL} on 12"[: len(found["room-size"])]
    assert found["room-kind"] == f"room {ROOM_12} is not of a kind that the subject is taught in: {JOURNAL}"
    assert found["no-bell"].startswith("the journal's bell schedule has no such slot: ")
    assert (
        found["free-day"]
        == f"class {CLASS_5A} has no lessons on that day by its working mode: {JOURNAL} (slot 2) on Пятница"
    )


def test_rules_are_adopted_once_and_by_the_administration() -> None:
    command = AdoptTimetableRules.model_validate(
        {
            "errors": ["teacher", "room"],
            "shared_rooms": [ROOM_12],
            "room_kinds": [{"subject": MATHS, "kinds": ["кабинет"]}],
            "daily_limits": [{"first_grade": 1, "last_grade": 4, "lessons": 4}],
        }
    )
    expected = t.TimetableRules(
        errors=("teacher", "room"),
        shared_rooms=(ROOM_12,),
        room_kinds=(t.RoomNeed(subject=MATHS, kinds=("кабинет",)),),
        daily_limits=(t.OwnDailyLimit(first_grade=1, last_grade=4, lessons=4, once_a_week=4),),
    )
    outcome = given(THE_SCHOOL).when(command, by=HEAD).then(t.TimetableRulesAdopted(rules=expected))
    outcome.in_stream(SCHOOL).standing_on(Ref(ROOM_12, 1), Ref(MATHS, 1))
    outcome.when(command, by=HEAD).then_nothing()
    given(THE_SCHOOL).when(AdoptTimetableRules(), by=HEAD).then_nothing()
    for program in (API_CLIENT, ADA):
        refusal = given(THE_SCHOOL).when(command, by=program).refusal
        assert refusal is not None
        assert "adopt rules for timetables" in refusal.sentence


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"errors": ["teacher", "teacher"]}, "errors"),
        ({"shared_rooms": [ROOM_12, ROOM_12]}, "shared_rooms"),
        ({"shared_rooms": [ROOM_12, STRANGER]}, "shared_rooms.1"),
        ({"room_kinds": [{"subject": STRANGER, "kinds": ["x"]}]}, "room_kinds.0.subject"),
        ({"room_kinds": [{"subject": MATHS, "kinds": ["x"]}] * 2}, "room_kinds"),
        ({"daily_limits": [{"first_grade": 4, "last_grade": 1, "lessons": 4}]}, "daily_limits.0.last_grade"),
        (
            {
                "daily_limits": [
                    {"first_grade": 1, "last_grade": 4, "lessons": 4},
                    {"first_grade": 4, "last_grade": 5, "lessons": 4},
                ]
            },
            "daily_limits.1.last_grade",
        ),
        (
            {"daily_limits": [{"first_grade": 1, "last_grade": 1, "lessons": 4, "once_a_week": 3}]},
            "daily_limits.0.once_a_week",
        ),
    ],
    ids=str,
)
def test_rules_that_contradict_themselves_are_refused(fields: dict[str, Any], field: str) -> None:
    outcome = given(THE_SCHOOL).when(AdoptTimetableRules.model_validate(fields), by=HEAD)
    assert outcome.refusal is not None
    assert outcome.refusal.field == field
    if field.startswith("daily_limits"):
        assert isinstance(outcome.refusal, NotALimit)


def test_an_unknown_kind_is_no_rule() -> None:
    refused_as_input(AdoptTimetableRules, field="errors.0", errors=["whatever"])
