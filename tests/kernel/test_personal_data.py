"""Every text of every event has a meaning: what is about people is known of events that nobody has thought of yet."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import msgspec
import pytest

from ejd.http.person_words import EVENT_TITLES, title_of
from ejd.kernel import personal_data as d
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import lessons as e
from ejd.kernel.sealed import Sealed
from tests import worlds as w

EVENTS = list(CATALOGUE.events.values())


@pytest.mark.parametrize("event", EVENTS, ids=[one.stored_name for one in EVENTS])
def test_every_text_of_an_event_has_a_meaning_and_every_event_a_name_in_russian(event: type[Event]) -> None:
    places = d.places_of(event)
    assert len({place.path for place in places}) == len(places)
    assert title_of(event.stored_name) == EVENT_TITLES[event.stored_name.partition("/")[0]]


def test_no_meaning_is_left_over_and_no_field_has_two() -> None:
    used = {place.field for event in EVENTS for place in d.places_of(event) if place.meaning != "sealed"}
    groups = (d.PERSON, d.ACCOUNT, d.STREAM, d.WORDS, d.OTHER)
    assert set().union(*groups) == used
    assert sum(map(len, groups)) == len(used)
    assert {one.partition("/")[0] for one in CATALOGUE.events} == set(EVENT_TITLES)


def test_a_new_event_with_an_unknown_text_is_found() -> None:
    class Visited(Event, frozen=True, kw_only=True):
        stored_name: ClassVar[str] = "visited/1"
        visitor: str

    with pytest.raises(LookupError, match="what 'visitor' \\(visitor\\) means"):
        d.places_of(Visited)


@pytest.mark.parametrize("event", EVENTS, ids=[one.stored_name for one in EVENTS])
def test_whoever_stands_in_a_place_is_found_there(event: type[Event]) -> None:
    """Each event of the catalogue is filled with somebody of his own in each place."""
    made, persons = filled(event)
    expected = {
        place.path for place in d.places_of(event) if place.meaning in {"sealed", "person", "account", "stream"}
    }
    found = dict(d.persons_in(made))
    assert set(persons.values()) == expected
    assert {person: persons[person] for person in persons} == found


def test_lines_about_others_are_left_out_and_foreign_boxes_stay_shut() -> None:
    lines = tuple(e.Absence(pupil=one, kind="absent") for one in (w.VERA, w.GLEB))
    roll = e.RollTaken(journal=w.JOURNAL, date=w.TODAY, slot=2, absences=lines)

    def concerns(one: Any) -> bool:
        return w.VERA in dict(d.persons_in(one))

    data = d.kept_for(roll, concerns, lambda box, field: f"{field} of {box.person}")
    assert [line["pupil"] for line in data["absences"]] == [w.VERA]
    advice = e.RecommendationGiven(journal=w.JOURNAL, date=w.TODAY, slot=2, pupil=w.GLEB, text=Sealed(w.GLEB, b""))
    assert d.kept_for(advice, concerns, lambda box, field: f"{field} of {box.person}")["text"] == f"text of {w.GLEB}"


def filled(event: type[Event]) -> tuple[Event, dict[str, str]]:
    """Answer an event with one element in every list and a person of its own in every place."""
    persons: dict[str, str] = {}
    made = _value(event, "", "", persons)
    assert isinstance(made, Event)
    return made, persons


def _value(kind: Any, path: str, field: str, persons: dict[str, str]) -> Any:
    origin = typing.get_origin(kind)
    if kind is Sealed or (kind is str and d.meaning_of(field) in {"person", "account", "stream"}):
        person = f"00000000-0000-4000-8000-{len(persons):012d}"
        persons[person] = path
        return Sealed(person, b"box") if kind is Sealed else person
    if origin is Literal:
        return typing.get_args(kind)[0]
    if origin is tuple:
        return (_value(typing.get_args(kind)[0], f"{path}[]", field, persons),)
    if origin is not None or isinstance(kind, type(int | None)):
        return _value(next(one for one in typing.get_args(kind) if one is not type(None)), path, field, persons)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        return kind(**{n: _value(hints[n], f"{path}.{n}" if path else n, n, persons) for n in _fields(kind)})
    if isinstance(kind, type) and issubclass(kind, tuple):
        return kind("", 0)  # type: ignore[call-arg]  # a Ref
    return {str: "text", int: 1, bool: True}.get(kind, w.TODAY)


def _fields(kind: type[msgspec.Struct]) -> Iterator[str]:
    yield from kind.__struct_fields__
