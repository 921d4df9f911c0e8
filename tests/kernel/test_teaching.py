"""Loads of teachers by date, class teachers, plans."""

from __future__ import annotations

from datetime import date

from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import journals as j
from ejd.kernel.events.days import LessonListed
from ejd.kernel.ids import lesson_stream
from ejd.kernel.states.days import DayState, Planned
from ejd.kernel.states.teaching import ClassState, JournalState, Load
from tests.scenario import folded

SEP, NOV, DEC, JAN = date(2025, 9, 1), date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 12)
FROM_SEPTEMBER = j.TeacherAssigned(staff="ada", starts=SEP)


def loads(*events: Event) -> JournalState:
    """A journal after these events."""
    return folded(JournalState, "journal", events)


def test_a_load_covers_its_days() -> None:
    found = loads(j.TeacherAssigned(staff="ada", starts=SEP, ends=NOV, hours_per_week=5))
    assert found.load_of("ada", NOV) == Load("ada", SEP, NOV, Ref("journal", 1), 5)
    assert found.load_of("ada", DEC) is None
    assert found.load_of("boris", SEP) is None


def test_a_new_load_replaces_the_teachers_own_from_its_day_on() -> None:
    """The first load had no end: it must not come back when the second one ends."""
    found = loads(FROM_SEPTEMBER, j.TeacherAssigned(staff="ada", starts=NOV, ends=DEC))
    assert [load.ref.version if (load := found.load_of("ada", day)) else None for day in (SEP, NOV, DEC, JAN)] == [
        1,
        2,
        2,
        None,
    ]


def test_a_load_taken_away_before_it_began_is_gone() -> None:
    found = loads(FROM_SEPTEMBER, j.TeacherUnassigned(staff="ada", ends=date(2025, 8, 31)))
    assert found.loads == ()


def test_two_teachers_have_loads_side_by_side() -> None:
    found = loads(
        FROM_SEPTEMBER, j.TeacherAssigned(staff="boris", starts=SEP), j.TeacherUnassigned(staff="ada", ends=NOV)
    )
    assert found.load_of("ada", DEC) is None
    assert found.load_of("boris", DEC) is not None


def test_the_last_class_teacher_named_for_a_day_counts() -> None:
    events = (
        j.ClassTeacherAppointed(staff="ada", starts=SEP),
        j.ClassTeacherAppointed(staff="boris", starts=SEP),
        FROM_SEPTEMBER,
    )
    assert folded(ClassState, "class", events).teachers == {SEP: "boris"}


def test_all_whose_load_covers_a_day_teach_then() -> None:
    found = loads(FROM_SEPTEMBER, j.TeacherAssigned(staff="boris", starts=NOV, ends=DEC))
    assert [found.teachers_on(day) for day in (SEP, NOV, DEC, JAN)] == [
        {"ada"},
        {"ada", "boris"},
        {"ada", "boris"},
        {"ada"},
    ]


def test_a_lesson_stands_on_the_list_of_a_day_once() -> None:
    moved_in = LessonListed(day=NOV, journal="journal", date=SEP, slot=3, ordinal=2)
    state = folded(DayState, "day", (moved_in, FROM_SEPTEMBER, moved_in))
    assert state.listed == {lesson_stream("journal", SEP, 3, 2): Planned("journal", SEP, 3, 2)}
