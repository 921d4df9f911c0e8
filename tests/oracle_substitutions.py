"""The substitutions report (D10) worked out plainly over the facts of `tests.oracle`: hours, and what was not made up.

Day by day and slot by slot, without the program's own steps: whoever is wanted in a lesson is asked of the facts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from ejd.kernel.ids import lesson_stream
from tests import oracle as o
from tests.oracle_reports import moment

Answer = dict[str, Any]


@dataclass
class Seen:
    """A lesson that is due or was held, wherever it takes place."""

    key: o.LessonKey
    stream: str
    day: date
    slot: int
    due: bool
    record: o.Lesson | None
    wanted: set[str]
    """Whose load it is."""
    taught_by: set[str]
    over: bool

    @property
    def cancelled(self) -> bool:
        """Whether it does not take place."""
        return self.record is not None and self.record.cancelled

    @property
    def alone(self) -> bool:
        """Whether its pupils work alone."""
        return self.record is not None and self.record.self_study

    def other_subject(self, own: str) -> str:
        """Answer what is given in place of the journal's own subject."""
        if self.record is None or self.record.self_study or self.record.other_subject == own:
            return ""
        return self.record.other_subject


def lessons(facts: o.Facts, year: str, first: date, last: date, now: int) -> list[Seen]:
    """Answer all lessons of a year between two days, cancelled ones too."""
    found = []
    for journal, opened in facts.journals.items():
        if opened.year == year:
            for key, stream, day, slot, due, record in _placed(facts, journal, first, last):
                wanted = o.givers(facts, key, day)
                taught_by = set(wanted)
                if record is not None and (record.cancelled or record.self_study):
                    taught_by = set()
                elif record is not None and record.substitute:
                    taught_by = {record.substitute}
                bell = facts.years[year].bells.get(opened.bells, {}).get(slot)
                over = moment(facts, day, 1440 if bell is None else bell.ends) <= now
                found.append(Seen(key, stream, day, slot, due, record, wanted, taught_by, over))
    return found


def _placed(
    facts: o.Facts, journal: str, first: date, last: date
) -> Iterator[tuple[o.LessonKey, str, date, int, bool, o.Lesson | None]]:
    timetable = set(o.due(facts, journal))
    for record in facts.lessons_of.get(journal, ()):
        _, planned, slot, ordinal = record.key
        by_timetable = ordinal == 1 and (planned, slot) in timetable
        if ordinal == 1:
            timetable.discard((planned, slot))
        due = by_timetable or record.extra
        if (due or record.held) and first <= record.day <= last:
            yield record.key, record.stream, record.day, record.slot, due, record
    for day, slot in timetable:
        if first <= day <= last:
            key = (journal, day, slot, 1)
            yield key, lesson_stream(*key), day, slot, True, None


def hours(facts: o.Facts, year: str, first: date, last: date, now: int) -> dict[tuple[str, str], Counter[str]]:
    """Answer by teacher and month whatever is not 0."""
    all_of_them = lessons(facts, year, first, last, now)
    hosts: dict[tuple[str, date, int], set[str]] = defaultdict(set)
    for one in all_of_them:
        if one.record is None or not one.record.merged_with:
            hosts[one.key[0], one.day, one.slot] |= one.taught_by
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in all_of_them:
        merged_with = "" if one.record is None else one.record.merged_with
        together = bool(merged_with) and bool(one.taught_by & hosts[merged_with, one.day, one.slot])
        for who in one.wanted | one.taught_by | _supervisor(one):
            row = found[who, f"{one.day:%Y-%m}"]
            row.update(_figures(one, who, together=together))
    return {key: +row for key, row in found.items() if +row}


def _supervisor(one: Seen) -> set[str]:
    if one.record is None or not one.alone or one.cancelled or not one.over:
        return set()
    return {one.record.substitute} - {""}


def _figures(one: Seen, who: str, *, together: bool) -> Iterator[str]:
    if who in one.wanted:
        yield "planned"
        if who not in one.taught_by:
            yield "lost"
            yield "lost_cancelled" if one.cancelled else "lost_self_study" if one.alone else "lost_substituted"
    if who in _supervisor(one):
        yield "supervised"
    if who not in one.taught_by:
        return
    if not one.over:
        yield "ahead"
    elif together:
        yield "merged"
    else:
        yield "hours"
        yield "own" if who in one.wanted else "substituted"
        if one.record is None or not one.record.held:
            yield "not_recorded"


def not_made_up(facts: o.Facts, year: str, first: date, last: date, now: int) -> Answer:
    """Answer how many lessons were lost and made up, and those that were not, with the day of a planned make-up."""
    opened = facts.years[year].opened
    assert opened is not None
    for_what: dict[str, list[Seen]] = defaultdict(list)
    for one in lessons(facts, year, date.min, date.max, now):
        subject = facts.journals[one.key[0]].subject
        good = not one.cancelled and not one.alone and not one.other_subject(subject)
        if one.record is not None and one.record.makes_up and good:
            for_what[one.record.makes_up].append(one)
    lost = made_up = 0
    rows: dict[str, Answer] = {}
    for one in lessons(facts, year, first, last, now):
        given = one.other_subject(facts.journals[one.key[0]].subject)
        if not one.due or not (one.cancelled or given):
            continue
        lost += 1
        if any(extra.over for extra in for_what[one.stream]):
            made_up += 1
            continue
        ahead = min(((extra.day, extra.slot) for extra in for_what[one.stream]), default=None)
        why = "cancelled" if one.cancelled else "other-subject"
        rows[one.stream] = {"at": (one.day, one.slot), "why": why, "whose": sorted(one.wanted), "ahead": ahead}
    return {"lost": lost, "made_up": made_up, "rows": rows}
