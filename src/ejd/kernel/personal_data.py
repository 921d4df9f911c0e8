"""Which fields of events are about people, found by looking at the classes: a new event cannot be forgotten.

Every text field of every event has a meaning here, by its name; one without a meaning is found by
`tests/kernel/test_personal_data.py`, and so is one that is no longer there.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

import msgspec

from ejd.kernel.sealed import Sealed

Meaning = Literal["sealed", "person", "account", "stream", "words", "other"]
"""A sealed text; the id of a person; of an account; of a stream that may be a person's; words in clear; no person."""

PERSON: frozenset[str] = frozenset(
    "absent_teacher giver guardian person pupil pupils staff teacher teachers".split()  # noqa: SIM905 - a list to read
)
ACCOUNT = frozenset({"account"})
STREAM = frozenset("external id left record stream".split())  # noqa: SIM905 - as above
WORDS = frozenset(
    "client column file form links login name new_topic old_topic position reason relation section sheet short "  # noqa: SIM905
    "source text title topic".split()
)
"""Words that people chose and that stand in clear: about lessons, things and posts, never about a person's life."""
OTHER = frozenset(
    "bells breach class_id class_journals classes code codes command commands control_work credential curriculum "  # noqa: SIM905
    "digest factor grading_system group journal journals kind kinds lesson makes_up merged_journal new_class new_room "
    "new_value old_class old_value period profile proposed purpose room scheme sessions shared_rooms subject subjects "
    "timezone token value where work year".split()
)


class Place(NamedTuple):
    """One text in an event: the path with `[]` for each list, the field's name, and what it means."""

    path: str
    field: str
    meaning: Meaning


def meaning_of(field: str) -> Meaning | None:
    """Answer what a text field means by its name; None: nobody has said."""
    named: dict[Meaning, frozenset[str]] = {
        "person": PERSON,
        "account": ACCOUNT,
        "stream": STREAM,
        "words": WORDS,
        "other": OTHER,
    }
    return next((meaning for meaning, fields in named.items() if field in fields), None)


@cache
def places_of(event: type[msgspec.Struct]) -> tuple[Place, ...]:
    """Answer every text of an event class; raises LookupError for a field without a meaning."""
    return tuple(_places(event, "", ""))


def persons_in(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the persons that an event names or seals for, each with the path; void of meaning: nothing."""
    yield from _persons(value, "", "")


def kept_for(value: Any, concerns: Callable[[Any], bool], open_box: Callable[[Sealed, str], Any]) -> Any:
    """Answer an event as plain JSON for one person: lines of lists that are about others only are left out.

    `concerns` says of a list's element whether it may stay; `open_box` takes a box and its field.
    """
    return _kept(value, "", concerns, open_box)


def _places(kind: Any, path: str, field: str) -> Iterator[Place]:
    origin = typing.get_origin(kind)
    if kind is Sealed:
        yield Place(path, field, "sealed")
    elif kind is str:
        meaning = meaning_of(field)
        if meaning is None:
            raise LookupError(f"say in ejd.kernel.personal_data what {field!r} ({path}) means")
        yield Place(path, field, meaning)
    elif origin in (tuple, list):
        for part in typing.get_args(kind):
            yield from _places(part, f"{path}[]", field)
    elif origin in (typing.Union, types.UnionType):
        for part in typing.get_args(kind):
            yield from _places(part, path, field)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        for name in kind.__struct_fields__:
            yield from _places(hints[name], f"{path}.{name}" if path else name, name)


def _persons(value: Any, path: str, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Sealed):
        yield value.person, path
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _persons(getattr(value, name), f"{path}.{name}" if path else name, name)
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _persons(one, f"{path}[]", field)
    elif isinstance(value, str) and value and meaning_of(field) in {"person", "account", "stream"}:
        yield value, path


def _kept(value: Any, field: str, concerns: Callable[[Any], bool], open_box: Callable[[Sealed, str], Any]) -> Any:
    if isinstance(value, Sealed):
        return open_box(value, field)
    if isinstance(value, msgspec.Struct):
        return {name: _kept(getattr(value, name), name, concerns, open_box) for name in value.__struct_fields__}
    if isinstance(value, (tuple, list)):
        people = meaning_of(field) in {"person", "account"}
        return [
            _kept(one, field, concerns, open_box)
            for one in value
            if concerns(one) or not (people or any(True for _ in persons_in(one)))
        ]
    return msgspec.to_builtins(value)
