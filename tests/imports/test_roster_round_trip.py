"""What a school exports as OneRoster comes back into an empty one as the same people, classes, groups and loads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ejd.app import School
from ejd.exports.oneroster_package import oneroster_package
from ejd.imports.packed import csv_members
from ejd_commands.movement import RecordDeparture, RecordReturn, TransferPupil
from ejd_commands.people import EnrolPupil
from ejd_projections import school_catalogue
from tests import worlds as w
from tests.imports.importing import empty_school
from tests.imports.roster_files import counts, everything_read, imported, oneroster
from tests.imports.roster_now import TODAY, hand
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import NOON, Clock, tiny_school

MOVES = (
    TransferPupil(pupil=w.VERA, class_id=w.CLASS_5B, transferred_on=date(2025, 9, 15)),
    RecordDeparture(pupil=w.GLEB, left_on=date(2025, 9, 20)),
    RecordReturn(pupil=w.GLEB, class_id=w.CLASS_5A, returned_on=date(2025, 9, 25)),
    RecordDeparture(pupil=w.MISHA, left_on=date(2025, 10, 1)),
    EnrolPupil(pupil=uid("late"), family="=Ежов", given="Егор", class_id=w.CLASS_5B, enrolled_on=date(2025, 10, 2)),
)
"""A family name that a spreadsheet could run is among them."""


def exported(school: School) -> dict[str, bytes]:
    """Answer the OneRoster files of the school's first year."""
    everything_read(school)
    with school.read.snapshot() as snapshot:
        c = snapshot.connection
        year = school_catalogue.years(c)[0]
        day = TODAY.isoformat()
        opened = school_catalogue.school(c)
        assert opened is not None
        with oneroster_package(c, opened, year, day=day, made_at=NOON) as package:
            return csv_members(package.read(), "oneroster.zip")


def by_names(school: School) -> dict[str, set[tuple[Any, ...]]]:
    """Answer who is where, who teaches what, who acts for whom, by names and days."""
    read = everything_read(school)
    people = {row[0]: row[2:5] for row in read["persons"]}
    heads = {row[0] for row in read["staff_positions"] if "директор" in row}

    def tables(*names: str) -> Iterable[tuple[Any, ...]]:
        return (row for name in names for row in read[name])

    places = {row[0]: row[2] for row in tables("classes", "teaching_groups")}
    return {
        "persons": {(row[1], *row[2:5], row[8]) for row in read["persons"] if row[0] not in heads},
        "stays": {(people[row[0]], row[1], places[row[2]], *row[3:5]) for row in read["stays"]},
        "journals": {(row[9 + 1], places[row[3]], row[4]) for row in read["journals"]},
        "loads": {(people[row[1]], *row[2:4]) for row in read["journal_teachers"]},
        "class teachers": {(places[row[0]], people[row[2]]) for row in read["class_teachers"]},
        "guardianships": {(people[row[0]], people[row[1]], row[4]) for row in read["guardianships"]},
    }


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_school_comes_back_as_it_went(request: pytest.FixtureRequest, tmp_path: Path, database: Any) -> None:
    postgres: PostgresDatabase | None = None
    if database == "postgres":
        postgres = request.getfixturevalue("postgres_database")
    with tiny_school("sqlite", tmp_path / "from", build=False, clock=Clock(NOON)) as tiny:
        imported(tiny.school, oneroster())
        for number, command in enumerate(MOVES):
            hand(tiny.school, command, number)
        files, before = exported(tiny.school), by_names(tiny.school)
    clock = Clock(NOON + timedelta(hours=1))
    with empty_school(tmp_path / "to", postgres, clock=clock) as school:
        report = imported(school, files)
        assert counts(report).get("refused", 0) == 0, report.refusals
        assert by_names(school) == before
        assert imported(school, files).state == "unchanged"
