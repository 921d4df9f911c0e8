"""What follows from a corrected movement: on which days the class is another one, and how groups go with it (C8)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.events.people import Spell

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ejd.kernel.states.people import Stay

FOREVER = date.max
"""Stands for the end of what has none."""

Span = tuple[date, date]
"""From a day (included) to a day (not included)."""


class Segment(NamedTuple):
    """Days without a change on either side: the class before a correction and after it, "" for none."""

    starts: date
    ends: date
    old: str
    new: str


def spells_of(stays: Iterable[Stay]) -> tuple[Spell, ...]:
    """Answer stays as an event keeps them, in order of time."""
    return tuple(
        Spell(where=stay.where, starts=stay.starts, ends=stay.ends)
        for stay in sorted(stays, key=lambda stay: (stay.starts, stay.where))
    )


def joined(spells: Sequence[Spell]) -> tuple[Spell, ...]:
    """Answer spells in order of time with neighbours in one place made one, as if nothing had come between."""
    found: list[Spell] = []
    for one in spells:
        last = found[-1] if found else None
        if last is not None and last.where == one.where and last.ends == one.starts:
            found[-1] = Spell(where=one.where, starts=last.starts, ends=one.ends)
        else:
            found.append(one)
    return tuple(found)


def segments(before: Sequence[Spell], after: Sequence[Spell]) -> list[Segment]:
    """Answer the days of both sides, cut wherever either changes."""
    points = sorted({point for one in (*before, *after) for point in (one.starts, one.ends or FOREVER)})
    return [Segment(a, b, _where(before, a), _where(after, a)) for a, b in pairwise(points)]


def _where(spells: Sequence[Spell], day: date) -> str:
    return next((one.where for one in spells if one.starts <= day < (one.ends or FOREVER)), "")


def following(own: Sequence[Spell], group: str, classes: Collection[str], days: Sequence[Segment]) -> tuple[Spell, ...]:
    """Answer the spells in a teaching group for pupils of some classes after the pupil's class was corrected.

    The group is left on days on which the pupil turned out to be in no class of it. What began or ended with the wrong
    movement begins or ends with the right one; other days without the group are days without it still.
    """
    spans = [(one.starts, one.ends or FOREVER) for one in own]
    for starts, ends in _gained(classes, days):
        if any(last == starts or first == ends for first, last in spans):
            spans.append((starts, ends))
    for one in days:
        if one.old != one.new and one.new not in classes:
            spans = [piece for span in spans for piece in _without(span, one)]
    return tuple(
        Spell(where=group, starts=starts, ends=None if ends == FOREVER else ends) for starts, ends in _merged(spans)
    )


def _gained(classes: Collection[str], days: Sequence[Segment]) -> list[Span]:
    """Answer the days on which the group is for the pupil only since the correction, neighbours made one."""
    return _merged((one.starts, one.ends) for one in days if one.new in classes and one.old not in classes)


def _without(span: Span, cut: Segment) -> Iterator[Span]:
    for starts, ends in ((span[0], min(span[1], cut.starts)), (max(span[0], cut.ends), span[1])):
        if starts < ends:
            yield starts, ends


def _merged(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for starts, ends in sorted(spans):
        if found and starts <= found[-1][1]:
            found[-1] = (found[-1][0], max(ends, found[-1][1]))
        else:
            found.append((starts, ends))
    return found
