"""What happened to every lesson of the year: noted while it is played, and what reports must say by that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from tests.year import plan as p

Place = tuple[date, int, int]
"""Planned day, slot and ordinal."""


@dataclass
class Entry:
    """One lesson: where it took place, who gave it, what it came to."""

    journal: p.Journal
    place: Place
    day: date
    slot: int
    extra: bool = False
    makes_up: date | None = None
    """The planned day of the lesson that it is held for."""
    cancelled: bool = False
    substitute: str = ""
    subject: str = ""
    """Another subject than the journal's."""
    alone: bool = False
    """The pupils work alone, supervised by the substitute."""
    merged_with: str = ""
    """The journal together with which it was taught."""
    held_by: str = ""
    """Who recorded it; nobody: it was forgotten, or did not take place."""
    plan_item: int | None = None
    absent: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Answer what it is to the substitute."""
        return "supervised" if self.alone else "merged" if self.merged_with else "substituted"

    @property
    def teacher(self) -> str:
        """Answer who was to give it."""
        return self.substitute or teacher_on(self.journal, self.place[0])


@dataclass
class Ledger:
    """All lessons of all journals, by journal and place."""

    entries: dict[str, dict[Place, Entry]] = field(default_factory=dict)

    @classmethod
    def of_plan(cls) -> Ledger:
        """Begin with what the timetable has."""
        return cls(
            {
                one.key: {(day, slot, 1): Entry(one, (day, slot, 1), day, slot) for day, slot in p.due(one)}
                for one in p.JOURNALS
            }
        )

    def all(self) -> Iterator[Entry]:
        """Answer every lesson."""
        for entries in self.entries.values():
            yield from entries.values()

    def on(self, day: date) -> list[Entry]:
        """Answer what takes place on a day, in order of slot."""
        found = [one for one in self.all() if one.day == day and not one.cancelled]
        return sorted(found, key=lambda one: (one.slot, one.journal.key))

    def next_item(self, one: p.Journal) -> int:
        """Answer the first line of the thematic plan that no lesson has taken."""
        return 1 + sum(entry.plan_item is not None for entry in self.entries[one.key].values())

    def payroll(self) -> dict[tuple[str, str], Counter[str]]:
        """Answer what was planned, given and lost at the end of the year, by teacher and month (2025-09)."""
        found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for one in self.all():
            month = f"{one.day:%Y-%m}"
            own = found[teacher_on(one.journal, one.day), month]
            own["planned"] += 1
            if one.cancelled or one.alone or one.substitute:
                own["lost"] += 1
            else:
                own["own"] += 1
            if one.substitute and not one.cancelled:
                found[one.substitute, month][one.kind] += 1
            if not one.cancelled and not one.alone and not one.merged_with and not one.held_by:
                found[one.teacher, month]["not_recorded"] += 1
        return {key: +counts for key, counts in found.items()}

    def not_made_up(self) -> set[tuple[str, str]]:
        """Answer the lost lessons without one that was held for them, by journal and planned day."""
        lost = {(one.journal.key, one.place[0]) for one in self.all() if one.cancelled or one.subject}
        made_up = {(one.journal.key, one.makes_up) for one in self.all() if one.makes_up}
        return {(key, day.isoformat()) for key, day in lost if (key, day) not in made_up}

    def programme(self, one: p.Journal, plan_hours: int) -> dict[str, int]:
        """Answer planned and taught lessons of a journal at the end of the year, the lag and its causes."""
        entries = self.entries[one.key].values()
        cycle = p.cycle(one)
        taught = sum(bool(entry.held_by) and not entry.subject for entry in entries)
        lost = [entry for entry in entries if not entry.extra]
        holidays = {*p.HOLIDAYS, *p.HOLIDAYS_ON_SATURDAY}
        planned = min(len(cycle), plan_hours)
        return {
            "planned": planned,
            "taught": taught,
            "lag": planned - taught,
            "holiday": sum(day in holidays for day, _ in cycle),
            "calendar": sum(day in p.TRANSFERRED for day, _ in cycle)
            - sum(day in p.TRANSFERRED for day, _ in p.due(one)),
            "cancelled": sum(entry.cancelled for entry in lost),
            "other_subject": sum(bool(entry.subject) for entry in lost),
            "not_held": sum(not entry.cancelled and not entry.subject and not entry.held_by for entry in lost),
            "extra": sum(entry.extra and bool(entry.held_by) for entry in entries),
            "beyond_plan": len(cycle) - planned,
        }


def teacher_on(one: p.Journal, day: date) -> str:
    """Answer whose load a lesson is in."""
    if one.key == p.HANDED_OVER and day >= p.HANDED_OVER_ON:
        return p.SPARE
    return one.teacher
