"""Conflicts of real schools are those that an independent count finds, and an import says what becomes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest

from ejd.app import School
from ejd.imports.apply import ImportRefused, report_lines
from ejd.imports.fet import read_fet_file
from ejd.imports.timetable_file import Placement, PlannedActivity, Pupil, SchoolClass, TeachingGroup, TimetableFile
from ejd.imports.xhstt import read_xhstt_file
from ejd.kernel.conflicts import Conflict, find_conflicts
from ejd.kernel.events import CATALOGUE
from ejd.read.rebuild import ensure_built
from ejd_projections.school_catalogue import find_year
from ejd_projections.timetable_conflicts import picture_of
from tests.conflicting import as_named, days
from tests.imports.importing import FIRST_DAY, bring, empty_school
from tests.imports.shared_data import real_file
from tests.oracle import facts_of
from tests.oracle_conflicts import all_conflicts
from tests.postgres import PostgresDatabase

_SCHOOLS: dict[str, tuple[str, Callable[[Path], TimetableFile]]] = {
    "uae": ("fet/United-Arab-Emirates__IBDP-School-2016.fet", read_fet_file),
    "greece": ("fet/Greece__Didymoteicho__6th-Primary-School.fet", read_fet_file),
    "italy": ("fet/Italy__2010__Liceo-2010.fet", read_fet_file),
    "woodlands": ("xhstt/ZA-WD-09.xml", read_xhstt_file),
    "falkon": ("xhstt/DK-FG-12.xml", read_xhstt_file),
}
_TWO_WEEKS = 14
_MOVED = 60
Cell = tuple[str, int, int]
"""A teacher, room or pupil; day of the cycle; slot."""


def _file(name: str) -> TimetableFile:
    path, read = _SCHOOLS[name]
    return read(real_file(path))


def _conflicts(school: School, year: str, since: date) -> list[Conflict]:
    """Answer what the report says, from the read model."""
    ensure_built(school.read, school.workshop, processes=1)
    school.feeder.run_to_end()
    with school.read.snapshot() as snapshot:
        picture, _ = picture_of(snapshot.connection, find_year(snapshot.connection, year=year))
    return find_conflicts(picture, since=since)


@pytest.mark.parametrize("name", _SCHOOLS)
def test_a_real_school_has_the_conflicts_that_an_oracle_finds_day_by_day(name: str, tmp_path: Path) -> None:
    """Also too much for a day, a load or a room; nothing of it is an error, so that the import goes through."""
    with empty_school(tmp_path) as school:
        report = bring(school, _file(name))
        assert (report.conflicts_total, report.conflicts) == (0, ())
        since = FIRST_DAY + timedelta(days=-FIRST_DAY.weekday() % 7 + 6)
        found = _conflicts(school, report.year, since)
        events = [(one, CATALOGUE.decode(one.name, one.state)) for one in school.store.read_page(0, 100_000)]
        expected = all_conflicts(facts_of(events), report.year, days(since, since + timedelta(days=_TWO_WEEKS - 1)))
        assert as_named(found).keys() == expected.keys()
        assert {one.kind for one in found} <= {"load", "daily-limit", "room-size"}


def _disturbed(file: TimetableFile) -> TimetableFile:
    """Answer the file with some activities moved to where others are, as a careless hand would."""
    rnd = Random(f"{file.school_name} moved")
    places = sorted({(place.day, place.slot) for lesson in file.lessons for place in lesson.placements})
    chosen = set(rnd.sample([lesson.id for lesson in file.lessons if len(lesson.placements) == 1], _MOVED))

    def moved(lesson: PlannedActivity) -> PlannedActivity:
        if lesson.id not in chosen:
            return lesson
        day, slot = rnd.choice(places)
        placement = Placement(day, slot, lesson.placements[0].room)
        return msgspec.structs.replace(lesson, placements=(placement,))

    return msgspec.structs.replace(file, lessons=tuple(moved(lesson) for lesson in file.lessons))


def _pupils(file: TimetableFile, sets: tuple[str, ...]) -> set[str]:
    """Answer the pupils of student sets, as far as the file names them."""
    known = file.student_sets
    found: set[str] = set()
    for each in sets:
        thing = known.get(each)
        if isinstance(thing, Pupil):
            found.add(each)
        elif isinstance(thing, SchoolClass):
            found |= {pupil.id for pupil in file.pupils if pupil.class_id == each}
        elif isinstance(thing, TeachingGroup):
            found |= _pupils(file, thing.members)
    return found


def _counted(file: TimetableFile) -> dict[str, int]:
    """Count, pair by pair over the file, the cells in which somebody or some room is in two courses."""
    at: defaultdict[tuple[int, int], list[tuple[PlannedActivity, str | None]]] = defaultdict(list)
    for lesson in file.lessons:
        for place in lesson.placements:
            at[place.day, place.slot].append((lesson, place.room))
    pupils = {sets: _pupils(file, sets) for sets in {lesson.student_sets for lesson in file.lessons}}
    found: dict[str, set[Cell]] = {"teacher": set(), "room": set(), "pupil": set()}
    for (day, slot), there in at.items():
        for number, (one, room) in enumerate(there):
            for other, other_room in there[:number]:
                if (one.subject, set(one.student_sets)) == (other.subject, set(other.student_sets)):
                    continue  # one course, and so one lesson
                found["teacher"] |= {(who, day, slot) for who in set(one.teachers) & set(other.teachers)}
                if room is not None and room == other_room:
                    found["room"].add((room, day, slot))
                if one.student_sets != other.student_sets or len(one.student_sets) > 1:
                    both = pupils[one.student_sets] & pupils[other.student_sets]
                    found["pupil"] |= {(who, day, slot) for who in both}
    return {kind: len(cells) for kind, cells in found.items()}


def _told(found: list[Conflict]) -> dict[str, int]:
    cells: dict[str, set[Cell]] = {"teacher": set(), "room": set(), "pupil": set()}
    for one in found:
        slot = one.lessons[0].slot
        if one.kind in {"teacher", "room"}:
            cells[one.kind].add((one.what, one.cycle_day, slot))
        elif one.kind in {"class", "pupil"}:
            cells["pupil"] |= {(pupil, one.cycle_day, slot) for pupil in one.pupils}
    return {kind: len(own) for kind, own in cells.items()}


@pytest.mark.parametrize(("name", "database"), [("uae", "sqlite"), ("falkon", "postgres")])
def test_conflicts_of_a_disturbed_school_stop_the_import_or_are_taken_as_warnings(
    name: str, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: PostgresDatabase | None = None
    if database == "postgres":
        postgres = request.getfixturevalue("postgres_database")
    file = _disturbed(_file(name))
    expected = _counted(file)
    assert min(expected.values()) > 0
    with empty_school(tmp_path, postgres) as school:
        position = school.store.last_position()
        with pytest.raises(ImportRefused, match=r"The timetable of the file has \d+ conflict\(s\)") as refused:
            bring(school, file)
        assert "several lessons at once" in str(refused.value)
        assert school.store.last_position() == position, "nothing half done"
        report = bring(school, file, accept_conflicts=True)
        found = [
            one
            for one in _conflicts(school, report.year, FIRST_DAY)
            if one.kind not in {"load", "daily-limit", "room-size"}
        ]
        assert _told(found) == expected
        assert report.conflicts_total == len(found)
        assert any(
            line.startswith(f"Conflicts of the timetable, taken as warnings: {len(found)}")
            for line in report_lines(report)
        )
        again = bring(school, file)
        assert (again.events_stored, again.conflicts_total) == (0, 0), "what is so already is not judged again"
        mended = bring(school, _file(name))
        assert mended.conflicts_total == 0
        assert _told(_conflicts(school, mended.year, FIRST_DAY)) == {"teacher": 0, "room": 0, "pupil": 0}
