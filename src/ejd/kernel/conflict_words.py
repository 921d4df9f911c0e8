"""Conflicts as programs and people read them: with names, a sentence, and whether the school calls them errors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ejd.kernel.calendar import Calendar
    from ejd.kernel.conflict_facts import At, Picture
    from ejd.kernel.conflicts import Conflict

SHOWN_LESSONS_MAX = 20
SHOWN_PUPILS_MAX = 20
"""A conflict of a whole class names some of its pupils and counts all."""


@dataclass(slots=True)
class LessonInConflict:
    """A lesson of a journal; slot 0: whichever it has."""

    journal: str
    name: str
    slot: int


@dataclass(slots=True)
class ShownConflict:
    """One conflict; `what` is the id of the teacher, room, class or group that it is about, "" where it is none.

    `cycle_day` 0: not about one day of the cycle. Lessons and pupils are the first ones, the totals count all. `days`
    are those between first and last day on which it is so. `count` and `limit`: lessons or pupils, and how many may be.
    """

    severity: str
    kind: str
    what: str
    name: str
    cycle_day: int
    cycle_day_name: str
    lessons: list[LessonInConflict]
    lessons_total: int
    pupils: list[str]
    pupils_total: int
    first_day: str
    last_day: str
    days: int
    count: int
    limit: int
    source: str
    says: str


def shown(conflict: Conflict, picture: Picture, names: Mapping[str, str]) -> ShownConflict:
    """Answer a conflict with names; what has none is called by its id."""
    lessons = [LessonInConflict(one.journal, names.get(one.journal, ""), one.slot) for one in conflict.lessons]
    day = cycle_day_name(picture.calendar, conflict.cycle_day)
    return ShownConflict(
        severity=severity(conflict, picture),
        kind=conflict.kind,
        what=conflict.what,
        name=names.get(conflict.what, ""),
        cycle_day=conflict.cycle_day,
        cycle_day_name=day,
        lessons=lessons[:SHOWN_LESSONS_MAX],
        lessons_total=len(lessons),
        pupils=list(conflict.pupils[:SHOWN_PUPILS_MAX]),
        pupils_total=len(conflict.pupils),
        first_day=conflict.first_day.isoformat(),
        last_day=conflict.last_day.isoformat(),
        days=conflict.days,
        count=conflict.number,
        limit=conflict.limit,
        source=conflict.source,
        says=sentence(conflict, day, names),
    )


def severity(conflict: Conflict, picture: Picture) -> str:
    """Answer `error` or `warning`, by the school's rules."""
    return "error" if conflict.kind in picture.rules.errors else "warning"


def cycle_day_name(calendar: Calendar, number: int) -> str:
    """Answer how the school calls a day of the cycle, "" for none."""
    cycle = calendar.data.cycle
    return cycle.days[number - 1].name if cycle is not None and 0 < number <= len(cycle.days) else ""


def sentence(conflict: Conflict, day: str, names: Mapping[str, str]) -> str:
    """Answer what is wrong in words; the days are at the end."""
    lessons = _lessons(conflict.lessons, names)
    what = names.get(conflict.what) or conflict.what
    pupils = f"{len(conflict.pupils)} pupil(s)"
    words: dict[str, Callable[[], str]] = {
        "teacher": lambda: f"teacher {what} has several lessons at once: {lessons}",
        "room": lambda: f"room {what} has several lessons at once: {lessons}",
        "class": lambda: (
            f"class {what} has several lessons at once: {lessons}" + (f" ({pupils})" if conflict.pupils else "")
        ),
        "group": lambda: f"group {what} has several lessons at once: {lessons}",
        "pupil": lambda: f"{pupils} have several lessons at once: {lessons}",
        "free-day": lambda: f"class {what} has no lessons on that day by its working mode: {lessons}",
        "no-bell": lambda: f"the journal's bell schedule has no such slot: {lessons}",
        "load": lambda: (
            f"{lessons} has {conflict.number} lessons in the cycle, the load has hours for {conflict.limit}"
        ),
        "daily-limit": lambda: (
            f"class {what} has {conflict.number} lessons, {conflict.limit} are allowed ({conflict.source})"
        ),
        "room-size": lambda: f"room {what} has {conflict.limit} seats for {conflict.number} pupils: {lessons}",
        "room-kind": lambda: f"room {what} is not of a kind that the subject is taught in: {lessons}",
    }
    on = f" on {day}" if day else ""
    return (
        f"{words[conflict.kind]()}{on}, {conflict.days} day(s) from {conflict.first_day:%d.%m.%Y}"
        f" to {conflict.last_day:%d.%m.%Y}"
    )


def _lessons(lessons: Sequence[At], names: Mapping[str, str]) -> str:
    told = [
        (names.get(one.journal) or one.journal) + (f" (slot {one.slot})" if one.slot else "")
        for one in lessons[:SHOWN_LESSONS_MAX]
    ]
    more = len(lessons) - len(told)
    return "; ".join(told) + (f" and {more} more" if more else "")


def by_kind(conflicts: Sequence[Conflict]) -> dict[str, int]:
    """Answer how many there are of each kind, in order of kinds."""
    return dict(Counter(one.kind for one in conflicts))
