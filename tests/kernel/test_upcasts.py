"""Events of older shapes, as their bytes stand in stores since the first release, count as before."""

from __future__ import annotations

from datetime import date

import msgspec

from ejd.kernel.envelope import Ref
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.school import Regulation, RegulationAdopted
from ejd.kernel.events.year import PeriodClosed, PeriodReopened
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.school import SchoolState, YearState

REOPENED_1 = b'{"period":"q1","reason":{"person":"5f0e7e8e-7a4b-5c57-9d51-0f8f6f7f2d11","box":"0KHQuw=="}}'
REGULATION_1 = (
    b'{"starts":"2025-09-01","regulation":{"topic_days":1,"homework_days":2,"roll_days":0,"mark_days":3,'
    b'"correction_window_days":5,"round_up_from_hundredths":60,"not_attested_absence_percent":67,'
    b'"marks_per_period_min":5}}'
)
PLAIN_1 = b'{"starts":"2000-01-01","regulation":{}}'
JOURNAL = "0b9d3a54-7f38-5f0b-8f7c-6d1f4f0f4a01"


def state_of_year(*events: PeriodClosed | PeriodReopened) -> YearState:
    state = YearState()
    for version, event in enumerate(events, start=1):
        state.evolve(event, Ref("year", version))
    return state


def test_a_reopening_of_shape_1_opens_the_whole_period_for_good() -> None:
    event = CATALOGUE.decode("period-reopened/1", REOPENED_1)
    assert event == PeriodReopened(period="q1", reason=Sealed("5f0e7e8e-7a4b-5c57-9d51-0f8f6f7f2d11", "Сл".encode()))
    assert isinstance(event, PeriodReopened)
    state = state_of_year(PeriodClosed(period="q1"), event)
    assert not state.is_closed("q1", JOURNAL, now=2**62)
    assert state.closed == set()


def test_a_reopening_of_shape_2_leaves_the_period_closed_but_for_its_journals_and_time() -> None:
    sealed = Sealed("5f0e7e8e-7a4b-5c57-9d51-0f8f6f7f2d11", b"box")
    one = PeriodReopened(period="q1", journals=(JOURNAL,), until=100, reason=sealed)
    state = state_of_year(PeriodClosed(period="q1"), one)
    assert not state.is_closed("q1", JOURNAL, now=99)
    assert state.is_closed("q1", JOURNAL, now=100)
    assert state.is_closed("q1", "another journal", now=99)
    assert not state.is_closed("q2", JOURNAL, now=99)
    assert state_of_year(PeriodClosed(period="q1"), one, PeriodClosed(period="q1")).is_closed("q1", JOURNAL, now=99)


def test_a_regulation_of_shape_1_has_its_one_window_for_every_kind_of_record() -> None:
    event = CATALOGUE.decode("regulation-adopted/1", REGULATION_1)
    regulation = Regulation(
        topic_days=1,
        homework_days=2,
        mark_days=3,
        round_up_from_hundredths=60,
        not_attested_absence_percent=67,
        marks_per_period_min=5,
        topic_window_days=5,
        homework_window_days=5,
        attendance_window_days=5,
        mark_window_days=5,
        written_work_window_days=12,
        substitution_window_days=5,
    )
    assert event == RegulationAdopted(starts=date(2025, 9, 1), regulation=regulation)
    state = SchoolState()
    state.evolve(event, Ref("school", 1))
    assert state.regulation_on(date(2025, 9, 1)) == regulation
    assert state.regulation_on(date(2025, 8, 31)) == Regulation()


def test_a_regulation_of_shape_1_that_said_nothing_is_the_default_one() -> None:
    event = CATALOGUE.decode("regulation-adopted/1", PLAIN_1)
    assert event == RegulationAdopted(starts=date(2000, 1, 1), regulation=Regulation())
    assert msgspec.json.decode(PLAIN_1)["regulation"] == {}
