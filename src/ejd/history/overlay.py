"""Progress of a class as it would be: the rows it is counted from, copied into memory, with changed streams put in."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from ejd.history.changes import ProgressChange
from ejd.history.comparing import Comparison
from ejd.read import sqlite
from ejd.read.projection import Table
from ejd_projections import final_marks as finals
from ejd_projections import gradebook_tables as book
from ejd_projections import journal_catalogue as catalogue
from ejd_projections import memberships as members
from ejd_projections import people
from ejd_projections import school_catalogue as school
from ejd_projections.asking import DAY_MAX, fetch, is_in, within
from ejd_projections.progress import progress
from ejd_projections.progress_results import YEAR_PERIODS, span_of
from ejd_projections.timetable import journal_schedules

PROGRESS_MAX = 100
"""Classes × periods that are compared; each takes some ten milliseconds."""
CHUNK = 5_000

ALL_OF = (
    school.academic_years,
    school.closed_periods,
    school.reopened_periods,
    school.subjects,
    school.grading_systems,
    catalogue.classes,
    catalogue.teaching_groups,
)
"""Small tables that are copied whole."""
TABLES: tuple[Table[Any], ...] = (
    *ALL_OF,
    catalogue.journals,
    catalogue.journal_classes,
    catalogue.journal_teachers,
    people.persons,
    journal_schedules,
    book.lessons,
    members.stays,
    members.individual_plans,
    finals.final_marks,
)
_SCHEMA = ";".join([*sqlite.schema(TABLES), *sqlite.indexes(TABLES)])
ENGINE = sa.create_engine("sqlite://", creator=sqlite.memory, poolclass=sa.NullPool)


class Pair(NamedTuple):
    """A class and a period of final marks."""

    year: str
    period: str
    class_id: str


class ProgressComparison:
    """Compares the progress of classes whose final marks or members change."""

    def __init__(self, c: sa.Connection, comparison: Comparison) -> None:
        """Find out nothing yet."""
        self._c = c
        self._comparison = comparison
        self._years = {year.id: year for year in school.years(c)}

    def compare(self) -> int:
        """Put the classes and periods that differ into the list; answer how many were left out: too many."""
        if not (self._comparison.final_mark_changes or self._comparison.pupils):
            return 0
        pairs = sorted(self._pairs())
        for pair in pairs[:PROGRESS_MAX]:
            self._compare(pair)
        return max(0, len(pairs) - PROGRESS_MAX)

    def _pairs(self) -> set[Pair]:
        """Answer the classes whose pupils' final marks change in a period, and every period of changed members."""
        classes = {row.stream: row for row in catalogue.classes_by_name(self._c)}
        journals: dict[str, catalogue.Journal] = {}
        ids = sorted({journal for journal, _, _ in self._comparison.final_mark_changes})
        for start in range(0, len(ids), CHUNK):
            journals |= {one.id: one for one in catalogue.find_journals(self._c, ids=ids[start : start + CHUNK])}
        stays = self._stays({pupil for _, _, pupil in self._comparison.final_mark_changes})
        found: set[Pair] = set()
        for journal, period, pupil in self._comparison.final_mark_changes:
            year = journals[journal].year if journal in journals else ""
            own = {stay.place for stay in stays.get(pupil, ())} & set(classes)
            found |= {Pair(year, period, one) for one in own if classes[one].year == year}
        moved = {stay.place for sides in self._comparison.pupils.values() for side in sides for stay in side.stays}
        for class_id in moved & set(classes):
            found |= {Pair(classes[class_id].year, code, class_id) for code in self._codes(classes[class_id])}
        return {pair for pair in found if pair.period in self._known_periods(pair.year)}

    def _known_periods(self, year: str) -> set[str]:
        opened = self._years.get(year)
        return set() if opened is None else {*(one.code for one in opened.periods), *YEAR_PERIODS}

    def _codes(self, row: catalogue.ClassRow) -> Iterable[str]:
        year = self._years.get(row.year)
        if year is not None:
            yield from (one.code for one in year.periods if one.scheme == row.scheme)
            yield from YEAR_PERIODS

    def _stays(self, pupils: Collection[str]) -> dict[str, list[members.StayRow]]:
        """Answer the classes of pupils on either side."""
        found: dict[str, list[members.StayRow]] = {}
        ids = sorted(pupils)
        for start in range(0, len(ids), CHUNK):
            for row in members.stays_of(self._c, ids[start : start + CHUNK], first="", last=DAY_MAX):
                if row.kind == "class":
                    found.setdefault(row.stream, []).append(row)
        for pupil in pupils:
            for side in self._comparison.pupils.get(pupil, ()):
                found.setdefault(pupil, []).extend(stay for stay in side.stays if stay.kind == "class")
        return found

    def _compare(self, pair: Pair) -> None:
        old = progress(self._c, year=pair.year, period=pair.period, class_id=pair.class_id)
        with ENGINE.connect() as overlay:
            self._fill(overlay, pair)
            new = progress(overlay, year=pair.year, period=pair.period, class_id=pair.class_id)
        before, after = old.total.progress, new.total.progress
        if before != after:
            name = next((row.name for row in catalogue.classes_by_name(self._c, ids=[pair.class_id])), "")
            self._comparison.lists.progress.add(
                ProgressChange(
                    *(pair.year, pair.period, pair.class_id, name),
                    numerator_before=before.numerator,
                    denominator_before=before.denominator,
                    before_hundredths=before.percent_hundredths,
                    numerator_after=after.numerator,
                    denominator_after=after.denominator,
                    after_hundredths=after.percent_hundredths,
                )
            )

    def _fill(self, overlay: sa.Connection, pair: Pair) -> None:
        """Copy what the progress of a class is counted from: as it is, but changed streams as they would be."""
        raw = overlay.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - what `memory` opens
        raw.executescript(_SCHEMA)
        for table in ALL_OF:
            _insert(raw, table, fetch(self._c, table))
        link = catalogue.journal_classes.c
        own = set(self._c.scalars(sa.select(link.stream).where(link.class_id == pair.class_id)))
        inside = self._pupils(pair, own)
        self._memberships(raw, inside)
        final_marks = self._final_marks(pair, own, inside)
        _insert(raw, finals.final_marks, final_marks)
        self._journals(raw, own | {row.journal for row in final_marks})
        _insert(raw, journal_schedules, fetch(self._c, journal_schedules, is_in(journal_schedules.c.journal, own)))
        self._lessons(raw, pair, own)

    def _pupils(self, pair: Pair, journals: set[str]) -> set[str]:
        """Answer who is, or would be, in the class or in a group of its journals."""
        j, s = catalogue.journals.c, members.stays.c
        places = set(self._c.scalars(sa.select(j.group_id).where(is_in(j.stream, journals)))) | {pair.class_id}
        found = set(self._c.scalars(sa.select(s.stream).where(is_in(s.place, places))))
        for pupil, (_, after) in self._comparison.pupils.items():
            if any(stay.place in places for stay in after.stays):
                found.add(pupil)
        return found

    def _memberships(self, raw: sqlite3.Connection, inside: set[str]) -> None:
        changed = inside & set(self._comparison.pupils)
        as_they_are = sorted(inside - changed)
        for start in range(0, len(as_they_are), CHUNK):
            chunk = as_they_are[start : start + CHUNK]
            _insert(raw, members.stays, fetch(self._c, members.stays, is_in(members.stays.c.stream, chunk)))
            plans = members.individual_plans
            _insert(raw, plans, fetch(self._c, plans, is_in(plans.c.stream, chunk)))
        for pupil in changed:
            side = self._comparison.pupils[pupil][1]
            _insert(raw, members.stays, side.stays)
            _insert(raw, members.individual_plans, side.plans)

    def _final_marks(self, pair: Pair, own: set[str], inside: set[str]) -> list[finals.FinalMarkRow]:
        """Answer the final marks of the pupils, wherever given, and all of the class's journals."""
        f, changed = finals.final_marks.c, self._comparison.final_marks
        chosen = sa.or_(is_in(f.pupil, inside), is_in(f.journal, own))
        kept = fetch(self._c, finals.final_marks, f.period == pair.period, chosen)
        rows = [row for row in kept if row.stream not in changed]
        for after in changed.values():
            rows += [row for row in after if row.period == pair.period and (row.pupil in inside or row.journal in own)]
        return rows

    def _journals(self, raw: sqlite3.Connection, ids: set[str]) -> None:
        _insert(raw, catalogue.journals, fetch(self._c, catalogue.journals, is_in(catalogue.journals.c.stream, ids)))
        links, loads = catalogue.journal_classes, catalogue.journal_teachers
        _insert(raw, links, fetch(self._c, links, is_in(links.c.stream, ids)))
        _insert(raw, loads, fetch(self._c, loads, is_in(loads.c.stream, ids)))

    def _lessons(self, raw: sqlite3.Connection, pair: Pair, own: set[str]) -> None:
        """Copy the lessons that say whether a journal without final marks is taught in the period."""
        span, t = span_of(self._years[pair.year], pair.period), book.lessons.c
        near = sa.or_(within(t.placed_date, span.first, span.last), within(t.date, span.first, span.last))
        changed = self._comparison.lesson_rows
        rows = fetch(self._c, book.lessons, is_in(t.journal, own), near)
        _insert(raw, book.lessons, [row for row in rows if row.stream not in changed])
        _insert(raw, book.lessons, [row for row in changed.values() if row is not None and row.journal in own])


def _insert(raw: sqlite3.Connection, table: Table[Any], rows: Iterable[Any]) -> None:
    raw.executemany(sqlite.STATEMENTS["insert"](table), map(table.as_tuple, rows))
