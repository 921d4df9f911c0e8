"""Rows of an aSc Timetables file: attributes, lists of ids, masks of days, weeks and terms."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from ejd.imports.safe_xml import Element

__all__ = ["Cycle", "day_place", "ids_of", "mask_places", "number_of", "read_cycle", "rows_of"]

NUMBER_DIGITS_MAX: Final = 4
MASK_CHARACTERS_MAX: Final = 100
_NOBODY: Final = frozenset({"", "-1", "*"})
"""What stands where there is no reference."""


def rows_of(root: Element, many: str, one: str) -> Iterator[Mapping[str, str]]:
    """Yield the attributes of the rows of a table, in the file's order, trimmed."""
    for element in root.iterfind(f"{many}/{one}"):
        yield {key: value.strip() for key, value in element.attrib.items()}


def ids_of(row: Mapping[str, str], *names: str) -> tuple[str, ...]:
    """Answer the ids in the first of the attributes that has any: 2012 has lists, 2008 single ids."""
    for name in names:
        found = tuple(dict.fromkeys(each.strip() for each in row.get(name, "").split(",")))
        found = tuple(each for each in found if each not in _NOBODY)
        if found:
            return found
    return ()


def number_of(text: str) -> int | None:
    """Answer a whole number from 0 on, None for anything else."""
    fits = text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX
    return int(text) if fits else None


def mask_places(mask: str) -> tuple[int, ...]:
    """Answer the places of the ones in a mask such as 01000, from 0; none in what is no mask."""
    if not mask or len(mask) > MASK_CHARACTERS_MAX or set(mask) - {"0", "1"}:
        return ()
    return tuple(place for place, sign in enumerate(mask) if sign == "1")


class Cycle(NamedTuple):
    """How many weeks, and the days of a week by name; `terms` counts the parts of the year."""

    day_names: tuple[str, ...]
    weeks: int
    terms: int


def read_cycle(root: Element, cards: Iterable[Mapping[str, str]]) -> Cycle:
    """Answer the cycle: as wide as the widest mask; weeks count only where some card differs by week."""
    cards = list(cards)
    days = _defined(root, "daysdefs", "daysdef", "days")
    width = max((len(mask) for mask in (*days, *(card.get("days", "") for card in cards)) if _is_mask(mask)), default=0)
    names = {place: name for mask, name in days.items() if len(mask) == width for place in _only(mask)}
    for row in rows_of(root, "days", "day"):  # 2008: days have numbers, cards name one
        place = day_place(root, row.get("day", ""))
        if place is not None:
            names.setdefault(place, row.get("name", ""))
            width = max(width, place + 1)
    width = max([width, *(place + 1 for card in cards if (place := day_place(root, card.get("day", ""))) is not None)])
    day_names = tuple(names.get(place) or f"День {place + 1}" for place in range(min(width, MASK_CHARACTERS_MAX + 1)))
    return Cycle(day_names, _width(cards, "weeks"), _width(cards, "terms"))


def day_place(root: Element, text: str) -> int | None:
    """Answer the place of a day that is named by its number, from 0: files count from 0, or from 1 and say so."""
    number = number_of(text)
    if number is not None and "daynumbering1" in root.get("options", ""):
        number -= 1
    return None if number is None or number < 0 else number


def _defined(root: Element, many: str, one: str, attribute: str) -> dict[str, str]:
    """Answer the definitions of exactly one mask, with their names."""
    return {row[attribute]: row.get("name", "") for row in rows_of(root, many, one) if _is_mask(row.get(attribute, ""))}


def _only(mask: str) -> tuple[int, ...]:
    places = mask_places(mask)
    return places if len(places) == 1 else ()


def _is_mask(text: str) -> bool:
    return bool(text) and len(text) <= MASK_CHARACTERS_MAX and not set(text) - {"0", "1"}


def _width(cards: Iterable[Mapping[str, str]], attribute: str) -> int:
    """Answer the width of the masks of weeks or terms, 1 where every card counts in all of them."""
    masks = [mask for card in cards if _is_mask(mask := card.get(attribute, ""))]
    return max(map(len, masks), default=1) if any("0" in mask for mask in masks) else 1
