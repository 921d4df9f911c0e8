"""Any sequence of membership and timetable changes gives the same due lessons and conflicts as recomputing day by day.

Commands decide, both databases hold what they brought about, and a plain oracle with a calendar of its own judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import pytest
import sqlalchemy as sa

from ejd.kernel.conflicts import find_conflicts
from ejd.kernel.envelope import Ref
from ejd.kernel.events import CATALOGUE
from ejd.kernel.sealed import Sealed
from ejd.read.folding import Folding, tuples
from ejd.read.projection import StreamRows
from ejd_projections import all_projections
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.lessons_due import placed_lessons
from ejd_projections.school_catalogue import find_year
from ejd_projections.timetable_conflicts import picture_of, with_names
from ejd_projections.timetable_week import lessons_of_week
from tests import worlds as w
from tests.conflicting import as_named, as_told, days
from tests.oracle import Facts, belongs, cycle_days, due, loads_on, scheduled_on
from tests.oracle_conflicts import all_conflicts
from tests.postgres import PostgresDatabase
from tests.scenario import Scenario
from tests.timetabling import LAST, PUPILS, SINCE, TEACHERS, facts, walk

FIRST_TEXT, LAST_TEXT = SINCE.isoformat(), LAST.isoformat()
Walked = Callable[[Scenario], sa.Connection]


@pytest.fixture(params=["sqlite", "postgres"])
def folded(request: pytest.FixtureRequest) -> Iterator[Walked]:
    """Fold what a scenario brought about into empty tables, as often as asked."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        else:
            database: PostgresDatabase = request.getfixturevalue("postgres_database")
            _, address = database.dsn.split("://", 1)
            engine = sa.create_engine(f"postgresql+psycopg://{address}", poolclass=sa.NullPool)
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.connect())

        def fold(scenario: Scenario) -> sa.Connection:
            folding = Folding(all_projections(), CATALOGUE, unseal=_open)
            streams: dict[str, StreamRows] = {}
            folding.fold(scenario.log, streams, folding.void_versions(scenario.log))
            for projection in all_projections():
                projection.metadata.drop_all(connection)
                projection.metadata.create_all(connection)
            for table, rows in tuples(streams.values()).items():
                if rows:
                    connection.execute(
                        table.table.insert(), [dict(zip(table.columns, row, strict=True)) for row in rows]
                    )
            return connection

        yield fold


def _open(box: Sealed, _field: str, _at: Ref) -> str:
    return box.box.decode()


@pytest.mark.parametrize("seed", range(12))
def test_the_read_model_says_what_the_oracle_says(seed: int, folded: Walked) -> None:
    scenario = walk(seed + 100, 10 + 4 * seed)
    c, plain = folded(scenario), facts(scenario)
    journals = find_journals(c, year=w.YEAR)
    found = placed_lessons(c, journals, first=FIRST_TEXT, last=LAST_TEXT)
    assert {(one.journal, one.date, one.slot) for one in found} == {
        (journal, day.isoformat(), slot) for journal in plain.journals for day, slot in due(plain, journal)
    }
    since = days(SINCE, LAST)[3 * seed]
    picture, named = picture_of(c, find_year(c, year=w.YEAR))
    conflicts = find_conflicts(picture, since=since)
    assert as_named(conflicts) == as_told(all_conflicts(plain, w.YEAR, days(since, LAST)))
    shown = with_names(c, conflicts, picture, named)
    assert all(one.name for one in shown if one.what)
    _check_weeks(c, plain)


def _check_weeks(c: sa.Connection, plain: Facts) -> None:
    """What a teacher, a pupil and a room have, day by day."""
    journals = find_journals(c, year=w.YEAR)
    for teacher in TEACHERS:
        own = lessons_of_week(c, journals, first=FIRST_TEXT, last=LAST_TEXT, teacher=teacher)
        assert {(one.journal, one.date, one.slot) for one in own} == {
            (journal, day.isoformat(), slot)
            for journal in plain.journals
            for day, slot in due(plain, journal)
            for have in [loads_on(plain, journal, day, day)]
            if teacher in (have & set(_entry(plain, journal, day, slot)) or have)
        }
    for pupil in PUPILS:
        own = lessons_of_week(c, journals, first=FIRST_TEXT, last=LAST_TEXT, pupil=pupil)
        assert {(one.journal, one.date, one.slot) for one in own} == {
            (journal, day.isoformat(), slot)
            for journal in plain.journals
            for day, slot in due(plain, journal)
            if belongs(plain, pupil, journal, day)
        }
    in_room = lessons_of_week(c, journals, first=FIRST_TEXT, last=LAST_TEXT, room=w.ROOM_14)
    assert {one.room for one in in_room} <= {w.ROOM_14}


def _entry(plain: Facts, journal: str, day: date, slot: int) -> tuple[str, ...]:
    """Answer the teachers whom the timetable names for a lesson."""
    schedule = scheduled_on(plain, journal, day)
    assert schedule is not None
    opened = plain.journals[journal]
    number = cycle_days(plain.years[opened.year], opened.grade, opened.classes)[day]
    return next(e.teachers for e in schedule.entries if (e.cycle_day, e.slot) == (number, slot))
