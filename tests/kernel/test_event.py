"""Stored names, canonical bytes, and shapes that are no longer written."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from ejd.kernel.event import UPCAST_STEPS_MAX, Catalogue, Event, UnknownEventError, encode
from ejd.kernel.events import CATALOGUE


class LessonRated(Event, frozen=True, kw_only=True):
    """Third shape: the rating has a scale."""

    stored_name: ClassVar[str] = "lesson-rated/3"
    lesson: str
    rating: int
    highest: int = 5


def _to_second(fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Shape 1 had stars as text: "***"."""
    return "lesson-rated/2", {"lesson": fields["lesson"], "rating": len(fields["stars"])}


def _to_third(fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Shape 2 was out of three."""
    return "lesson-rated/3", {**fields, "highest": 3}


RATINGS = Catalogue([LessonRated], {"lesson-rated/1": _to_second, "lesson-rated/2": _to_third})


def test_the_newest_shape_is_decoded_as_it_is() -> None:
    event = LessonRated(lesson="l", rating=4)
    assert RATINGS.decode("lesson-rated/3", encode(event)) == event


def test_an_old_shape_is_read_as_the_newest_one() -> None:
    assert RATINGS.decode("lesson-rated/2", b'{"lesson":"l","rating":2}') == LessonRated(
        lesson="l", rating=2, highest=3
    )


def test_the_oldest_shape_goes_through_all_that_came_after_it() -> None:
    assert RATINGS.decode("lesson-rated/1", b'{"lesson":"l","stars":"***"}') == LessonRated(
        lesson="l", rating=3, highest=3
    )


def test_an_unknown_name_says_what_to_do() -> None:
    with pytest.raises(UnknownEventError, match="install the version of ejd that wrote it"):
        RATINGS.decode("lesson-rated/4", b"{}")


def test_an_upcaster_into_nothing_is_told() -> None:
    lost = Catalogue([], {"a/1": lambda fields: ("a/2", fields)})
    with pytest.raises(UnknownEventError, match="'a/2'"):
        lost.decode("a/1", b"{}")


def test_upcasters_in_a_circle_end() -> None:
    steps: list[str] = []

    def turn(fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        steps.append("step")
        return "a/1", fields

    with pytest.raises(UnknownEventError):
        Catalogue([], {"a/1": turn}).decode("a/1", b"{}")
    assert len(steps) == UPCAST_STEPS_MAX


def test_an_upcast_event_is_checked_like_any_other() -> None:
    with pytest.raises(msgspec.ValidationError):
        RATINGS.decode("lesson-rated/2", b'{"lesson":"l","rating":"two"}')


def test_bytes_that_are_not_the_event_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        RATINGS.decode("lesson-rated/3", b'{"rating":2}')


def test_two_classes_cannot_have_one_name_and_none_can_go_without() -> None:
    with pytest.raises(ValueError, match="a stored name of its own"):
        Catalogue([LessonRated, LessonRated])
    with pytest.raises(ValueError, match="a stored name of its own"):
        Catalogue([Event])


def test_bytes_are_canonical_and_leave_defaults_out() -> None:
    assert encode(LessonRated(rating=4, lesson="Ё")) == '{"lesson":"Ё","rating":4}'.encode()


@pytest.mark.parametrize("name", CATALOGUE.events)
def test_a_stored_name_is_kebab_case_with_a_shape_number_and_a_sentence(name: str) -> None:
    noun, _, shape = name.partition("/")
    assert noun.replace("-", "").isalpha()
    assert noun == noun.lower()
    assert shape.isdecimal()
    assert CATALOGUE.events[name].__doc__
