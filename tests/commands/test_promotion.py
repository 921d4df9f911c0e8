"""Pupils go on to the next year, each named once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.command import NotAllowed
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.states.people import PupilState
from ejd_commands.known import NamedTwice
from ejd_commands.promotion import NobodyNamed, NoLaterClass, NotOfThisClass, NotTheNextYear, PromoteClass
from tests.commands.test_movement import A_NEXT_YEAR, CLASS_6A, NEXT_YEAR
from tests.scenario import Scenario, given, uid
from tests.worlds import A_GROUP_JOURNAL, API_CLIENT, CLASS_5A, CLASS_5B, DEPUTY, DINA, GLEB, GROUP, MISHA, VERA, YEAR

SEPTEMBER = date(2026, 9, 1)
NEXT_5A = uid("class 5a of next year")
FORMED = (NEXT_5A, j.ClassFormed(year=NEXT_YEAR, name="5А", grade=5, scheme="quarters", bells="first-shift"))
SHUT = (YEAR, y.AcademicYearClosed(journals_kept_until=date(2031, 12, 31), sheets_kept_until=date(2051, 12, 31)))


def world(*more: Any) -> Scenario:
    return given(A_GROUP_JOURNAL, A_NEXT_YEAR, FORMED, *more).at("2026-06-10 12:00")


def promote(**fields: Any) -> PromoteClass:
    return PromoteClass.model_validate({"class_id": CLASS_5A, "on": SEPTEMBER, "new_class": CLASS_6A, **fields})


def promoted(terms: Any, new_class: str = CLASS_6A, on: date = SEPTEMBER) -> p.PupilPromoted:
    return p.PupilPromoted(old_class=CLASS_5A, new_class=new_class, terms=terms, starts=on)


def test_pupils_go_on_as_the_council_decided_also_from_a_closed_year() -> None:
    command = promote(promoted=[VERA], conditional=[GLEB], repeaters=[{"pupil": DINA, "class_id": NEXT_5A}])
    outcome = world(SHUT).when(command, by=DEPUTY)
    outcome.then(
        promoted("promoted"),
        p.PupilReturned(class_id=CLASS_6A, returned_on=SEPTEMBER),
        p.GroupLeft(group=GROUP, left_on=SEPTEMBER),
        promoted("conditional"),
        p.PupilReturned(class_id=CLASS_6A, returned_on=SEPTEMBER),
        p.GroupLeft(group=GROUP, left_on=SEPTEMBER),
        promoted("repeats", NEXT_5A),
        p.PupilReturned(class_id=NEXT_5A, returned_on=SEPTEMBER),
    )
    assert [one.stream for one in outcome.decided] == [VERA] * 3 + [GLEB] * 3 + [DINA] * 2
    stay = outcome.and_then_given().state(PupilState, VERA).memberships.class_on(SEPTEMBER)
    assert stay is not None
    assert stay.where == CLASS_6A
    outcome.when(command, by=DEPUTY).then_nothing()


def test_graduates_leave_the_school() -> None:
    july = date(2026, 7, 1)
    command = promote(on=july, new_class=None, graduated=[VERA])
    outcome = world().when(command, by=DEPUTY)
    outcome.then(
        p.PupilPromoted(old_class=CLASS_5A, new_class="", terms="graduated", starts=july),
        p.PupilLeft(left_on=july),
    )
    outcome.when(command, by=DEPUTY).then_nothing()


@pytest.mark.parametrize(
    ("fields", "refusal", "field"),
    [
        ({}, NobodyNamed, "promoted"),
        ({"promoted": [VERA], "graduated": [VERA]}, NamedTwice, "promoted"),
        ({"promoted": [VERA, MISHA]}, NotOfThisClass, "promoted.1"),
        ({"conditional": [VERA], "new_class": None}, NoLaterClass, "new_class"),
        ({"promoted": [VERA], "new_class": NEXT_5A}, NotTheNextYear, "new_class"),
        ({"promoted": [VERA], "on": date(2026, 5, 29)}, NotTheNextYear, "on"),
        ({"repeaters": [{"pupil": VERA, "class_id": CLASS_6A}]}, NotTheNextYear, "repeaters.0"),
    ],
    ids=range(7),
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], refusal: Any, field: str) -> None:
    world().when(promote(**fields), by=DEPUTY).then_refused(refusal, field=field)


def test_a_class_of_the_same_year_is_no_later_one() -> None:
    longer = (YEAR, y.AcademicYearOpened(name="2025/26", first_day=date(2025, 9, 1), last_day=date(2026, 5, 29)))
    sixth = (CLASS_5B, j.ClassFormed(year=NEXT_YEAR, name="6Б", grade=7, scheme="quarters", bells="first-shift"))
    refused = world(longer, sixth).when(promote(promoted=[VERA], new_class=CLASS_5B), by=DEPUTY)
    refused.then_refused(NotTheNextYear, saying="6Б is no class of grade 6", field="new_class")


def test_programs_promote_nobody() -> None:
    world().when(promote(promoted=[VERA]), by=API_CLIENT).then_refused(NotAllowed)
