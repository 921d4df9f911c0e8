"""Several journals change together: checked as a whole, so that lessons can swap, and stored as a whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.envelope import Ref
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd_commands.known import NamedTwice, NoSuchCycleDay, NoSuchRoom, OutsideTheYear, UnknownYear
from ejd_commands.lesson_base import UnknownJournal
from ejd_commands.timetable import JournalOfAnotherYear, NotItsTeacher, ScheduleOfClosedPeriod, SlotTwice
from ejd_commands.timetable_changes import ChangeTimetable, LaterScheduleExists, NoSuchEntry, NotAChange
from ejd_commands.timetable_picture import TimetableHasConflicts
from tests.commands.test_timetable_conflicts import ENGLISH_2, MATHS_5B, THE_SCHOOL, scheduled
from tests.scenario import given, refused_as_input, uid
from tests.worlds import (
    A_GROUP_JOURNAL,
    ADA_STAFF,
    BORIS_STAFF,
    CLASS_5A,
    DINA,
    FIRST_DAY,
    GROUP_JOURNAL,
    HEAD,
    JOURNAL,
    ROOM_12,
    ROOM_14,
    STRANGER,
    TIMETABLE,
    YEAR,
)

NOVEMBER = date(2025, 11, 10)


def change(*journals: dict[str, Any], **more: Any) -> ChangeTimetable:
    return ChangeTimetable.model_validate({"year": YEAR, "starts": NOVEMBER, "journals": journals, **more})


def at(cycle_day: int, slot: int, **more: Any) -> dict[str, Any]:
    return {"cycle_day": cycle_day, "slot": slot, **more}


def move(cycle_day: int, slot: int, to_cycle_day: int, to_slot: int, **more: Any) -> dict[str, Any]:
    return {"cycle_day": cycle_day, "slot": slot, "to_cycle_day": to_cycle_day, "to_slot": to_slot, **more}


def entry(cycle_day: int, slot: int, room: str = "", *teachers: str) -> ScheduleEntry:
    return ScheduleEntry(cycle_day=cycle_day, slot=slot, room=room, teachers=teachers)


def event(journal: str, *entries: ScheduleEntry, despite: int = 0) -> JournalScheduled:
    return JournalScheduled(journal=journal, starts=NOVEMBER, entries=entries, despite=despite)


def test_two_lessons_swap_their_places() -> None:
    """Monday's mathematics and English exchange slots 2 and 3; neither change alone would pass."""
    maths = {"journal": JOURNAL, "moves": [move(1, 2, 1, 3)]}
    english = {"journal": GROUP_JOURNAL, "moves": [move(1, 3, 1, 2, to_room=ROOM_12)]}
    scenario = given(THE_SCHOOL)
    scenario.when(change(maths), by=HEAD).then_refused(TimetableHasConflicts)
    scenario.when(change(english), by=HEAD).then_refused(TimetableHasConflicts)
    outcome = scenario.when(change(maths, english), by=HEAD)
    outcome.then(
        event(JOURNAL, entry(1, 3, ROOM_12), *(entry(n, 2, ROOM_12) for n in range(2, 6))),
        event(GROUP_JOURNAL, entry(1, 2, ROOM_12)),
    ).in_stream(TIMETABLE)
    outcome.when(change({"journal": GROUP_JOURNAL, "entries": [at(1, 2, room=ROOM_12)]}), by=HEAD).then_nothing()


def test_an_event_stands_on_its_own_journal_only() -> None:
    both = ({"journal": JOURNAL, "entries": [at(1, 4)]}, {"journal": MATHS_5B, "entries": [at(1, 5, room=ROOM_14)]})
    first, second = given(THE_SCHOOL).when(change(*both), by=HEAD).decided
    assert {Ref(JOURNAL, 1), Ref(YEAR, 1), Ref(CLASS_5A, 1)} <= set(first.refs)
    assert {Ref(MATHS_5B, 1), Ref(ROOM_14, 1)}.isdisjoint(first.refs)
    assert {Ref(MATHS_5B, 1), Ref(ROOM_14, 1)} <= set(second.refs)
    assert Ref(JOURNAL, 1) not in second.refs


def test_from_november_on_chemistry_is_on_tuesday() -> None:
    partial = {
        "journal": JOURNAL,
        "removed": [at(1, 2)],
        "moves": [move(2, 2, 2, 3), move(3, 2, 2, 2, to_room=ROOM_14)],
        "added": [at(1, 2), at(5, 4, room=ROOM_14, teachers=[ADA_STAFF])],
    }
    given(THE_SCHOOL).when(change(partial), by=HEAD).then(
        event(
            JOURNAL,
            entry(1, 2),
            entry(2, 2, ROOM_14),
            entry(2, 3, ROOM_12),
            entry(4, 2, ROOM_12),
            entry(5, 2, ROOM_12),
            entry(5, 4, ROOM_14, ADA_STAFF),
        )
    )


def test_who_gives_a_lesson_moves_with_it() -> None:
    named = given(
        THE_SCHOOL,
        (JOURNAL, j.TeacherAssigned(staff=BORIS_STAFF, starts=FIRST_DAY)),
        (TIMETABLE, JournalScheduled(journal=JOURNAL, starts=FIRST_DAY, entries=(entry(1, 2, "", BORIS_STAFF),))),
    )
    outcome = named.when(change({"journal": JOURNAL, "moves": [move(1, 2, 4, 5)]}), by=HEAD)
    outcome.then(event(JOURNAL, entry(4, 5, "", BORIS_STAFF)))


def test_a_journal_without_lessons_can_only_get_some() -> None:
    given(THE_SCHOOL).when(change({"journal": MATHS_5B, "added": [at(1, 5)]}), by=HEAD).then(
        event(MATHS_5B, entry(1, 5))
    )
    refused = given(THE_SCHOOL).when(change({"journal": MATHS_5B, "removed": [at(1, 5)]}), by=HEAD)
    refused.then_refused(NoSuchEntry, saying="no lesson on cycle day 1 in slot 5", field="journals.0.removed.0")


def test_all_or_nothing() -> None:
    """The second journal's conflict refuses the first one's harmless change too; accepted, each keeps its count."""
    harmless = {"journal": JOURNAL, "entries": [at(4, 6)]}
    other = {"journal": MATHS_5B, "entries": [at(1, 5), at(1, 6, room=ROOM_12)]}
    clash = {"journal": ENGLISH_2, "entries": [at(1, 6, room=ROOM_12)]}
    refused = given(THE_SCHOOL).when(change(harmless, other, clash), by=HEAD)
    refused.then_refused(TimetableHasConflicts, saying="2 conflict(s)")
    accepted = given(THE_SCHOOL).when(change(harmless, other, clash, accept_conflicts=True), by=HEAD)
    assert [one.despite for one in accepted.events if isinstance(one, JournalScheduled)] == [0, 2, 2]


@pytest.mark.parametrize(
    ("journals", "refusal", "field"),
    [
        ([{"journal": JOURNAL}], NotAChange, "journals.0.entries"),
        ([{"journal": JOURNAL, "entries": [], "removed": [at(1, 2)]}], NotAChange, "journals.0.entries"),
        ([{"journal": JOURNAL, "entries": []}] * 2, NamedTwice, "journals"),
        ([{"journal": JOURNAL, "moves": [move(1, 3, 1, 2)]}], NoSuchEntry, "journals.0.moves.0"),
        ([{"journal": JOURNAL, "moves": [move(1, 2, 2, 2)]}], SlotTwice, "journals.0.moves"),
        ([{"journal": JOURNAL, "added": [at(2, 2)]}], SlotTwice, "journals.0.added"),
        ([{"journal": JOURNAL, "added": [at(2, 3), at(2, 3)]}], SlotTwice, "journals.0.added"),
        (
            [{"journal": JOURNAL, "entries": []}, {"journal": STRANGER, "entries": []}],
            UnknownJournal,
            "journals.1.journal",
        ),
        ([{"journal": JOURNAL, "entries": [at(9, 1)]}], NoSuchCycleDay, "journals.0.entries.0.cycle_day"),
        ([{"journal": JOURNAL, "entries": [at(1, 1, room=STRANGER)]}], NoSuchRoom, "journals.0.entries.0.room"),
        (
            [{"journal": JOURNAL, "entries": [at(1, 1, teachers=[BORIS_STAFF])]}],
            NotItsTeacher,
            "journals.0.entries.0.teachers",
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[-40:],
)
def test_changes_that_cannot_be_are_refused(journals: list[dict[str, Any]], refusal: type[Any], field: str) -> None:
    given(THE_SCHOOL).when(change(*journals), by=HEAD).then_refused(refusal, field=field)


def test_a_later_schedule_is_not_replaced_by_the_way() -> None:
    later = scheduled(JOURNAL, (1, 1), starts=date(2026, 1, 12))
    partial = change({"journal": JOURNAL, "moves": [move(1, 2, 1, 4)]})
    refused = given(THE_SCHOOL, later).when(partial, by=HEAD)
    refused.then_refused(LaterScheduleExists, saying="from 12.01.2026 on", field="journals.0.journal")
    whole = change({"journal": JOURNAL, "entries": [at(1, 4)]})
    given(THE_SCHOOL, later).when(whole, by=HEAD).then(event(JOURNAL, entry(1, 4)))


def test_year_and_day_are_checked() -> None:
    journals = [{"journal": JOURNAL, "entries": []}]
    given(THE_SCHOOL).when(change(*journals, starts="2026-08-01"), by=HEAD).then_refused(OutsideTheYear, field="starts")
    given(THE_SCHOOL).when(change(*journals, year=STRANGER), by=HEAD).then_refused(UnknownYear, field="year")
    other = uid("another year")
    opened = (other, y.AcademicYearOpened(name="2026/27", first_day=date(2025, 9, 1), last_day=date(2026, 8, 31)))
    refused = given(THE_SCHOOL, opened).when(change(*journals, year=other), by=HEAD)
    refused.then_refused(JournalOfAnotherYear, saying="Математика, 5А is a journal of another academic year")
    closed = given(THE_SCHOOL, (YEAR, y.PeriodClosed(period="q2")))
    closed.when(change(*journals), by=HEAD).then_refused(ScheduleOfClosedPeriod, saying="Математика, 5А")


def test_a_change_without_journals_is_none() -> None:
    refused_as_input(ChangeTimetable, field="journals", year=YEAR, starts=NOVEMBER, journals=[])


def test_a_pupil_who_left_again_before_coming_is_in_nobodys_way() -> None:
    """A stay that fell away leaves memberships without any stay."""
    gone = (DINA, p.PupilLeft(left_on=FIRST_DAY))
    world = given(A_GROUP_JOURNAL, gone)
    assert world.when(change({"journal": JOURNAL, "entries": [at(1, 3)]}, accept_conflicts=True), by=HEAD).events
