"""Timetables as they hang on the wall: read with the school's own names, refused by cell, and round again."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ejd.exports.spreadsheet import to_xlsx
from ejd.founding import IMPORTER, cli_actor
from ejd.http.list_files import grid_sheet
from ejd.imports.grid_file import GridFile, column_name, read_grid
from ejd.imports.roster_file import Refused
from ejd.imports.roster_report import RosterReport, report_lines
from ejd.imports.roster_year import WantedYear
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_import import BroughtTimetable, TimetableImport
from ejd.imports.workbook import Grid, read_workbook
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.school import TimetableState
from ejd_commands import classes as c
from ejd_commands import journals as j
from ejd_commands import school as s
from ejd_commands import timetable as t
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.school_catalogue import find_year
from ejd_projections.timetable_grid import TimetableGrid, cycle_grid
from tests import worlds as w
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import JOURNAL_5B, NOON, TinySchool, microseconds, tiny_school

ENGLISH, PE = uid("english"), uid("pe")
GROUPS = {name: uid(f"group {name}") for name in ("5А-1", "5А-2", "5 поток")}
JOURNALS = {name: uid(f"journal {name}") for name in GROUPS}
HEAD: list[Any] = ["День", "Урок", "5A", "5Б"]
"""The first class is written with a Latin letter."""
MATHS_A, MATHS_B = "Математика Лавлинская А. 12", "Математика\nБорисов Б.\n12"


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """The tiny school with English in two groups and a stream of both classes, none of them in the timetable."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database, simulated=True) as tiny:
        more(tiny)
        yield tiny


@pytest.fixture
def small(tmp_path: Path) -> Iterator[TinySchool]:
    """The same where the database makes no difference."""
    with tiny_school("sqlite", tmp_path, simulated=True) as tiny:
        more(tiny)
        yield tiny


def more(tiny: TinySchool) -> None:
    commands: list[Any] = [
        s.DefineSubject(subject=ENGLISH, title="Английский язык (базовый)"),
        s.DefineSubject(subject=PE, title="Физкультура"),
        s.DefineRoom(room=uid("hall"), title="Зал"),
    ]
    taught = (("5А-1", "subgroup", ENGLISH, w.ADA_STAFF), ("5А-2", "subgroup", ENGLISH, w.BORIS_STAFF))
    for name, kind, subject, teacher in (*taught, ("5 поток", "stream", PE, w.BORIS_STAFF)):
        classes = (w.CLASS_5A,) if kind == "subgroup" else (w.CLASS_5A, w.CLASS_5B)
        group = GROUPS[name]
        commands += [
            c.FormTeachingGroup(group=group, year=w.YEAR, title=name, kind=kind, classes=classes),  # type: ignore[arg-type]
            j.OpenJournal(journal=JOURNALS[name], subject=subject, group=group, group_kind="group"),
            j.AssignTeacher(journal=JOURNALS[name], staff=teacher, starts=w.FIRST_DAY),
        ]
    tiny.send_all(commands, account=IMPORTER)


def workbook(rows: Sequence[Sequence[Any]], merged: Sequence[str] = (), sheet: str = "Расписание") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        for one in merged:
            page.merge_range(one, "")
            first = one.partition(":")[0]
            column, line = ord(first[0]) - ord("A"), int(first[1:]) - 1
            page.write(line, column, rows[line][column])
    return out.getvalue()


def bring(
    tiny: TinySchool, rows: Any, merged: Sequence[str] = (), *, apply: bool = True, **options: Any
) -> RosterReport:
    """Bring a grid in, or only compare it; `name` and `starts` are of the year."""
    wanted = WantedYear(options.pop("name", "2025/26"), starts=options.pop("starts", None))
    content = rows if isinstance(rows, bytes) else workbook(rows, merged)
    brought = BroughtTimetable(kind="grid", file_name="grid.xlsx", content=content, wanted=wanted, **options)
    found = TimetableImport(tiny.school, brought, cli_actor(IMPORTER), at=microseconds(NOON))
    return found.apply() if apply else found.report()


def told(report: RosterReport) -> list[str]:
    return [f"{one.kind}: {one.title}" for one in report.differences]


def entries(tiny: TinySchool, journal: str) -> list[tuple[int, int, str]]:
    state = tiny.school.states.fresh(TimetableState, timetable_stream(w.YEAR))
    schedules = state.schedules.get(journal, ())
    return sorted((one.cycle_day, one.slot, one.room) for one in schedules[-1].entries) if schedules else []


def why(refusals: Sequence[Refused]) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.reason) for one in refusals]


WEEK: list[list[Any]] = [
    ["Школа № 7. Расписание на год", "", "", ""],
    HEAD,
    ["Понедельник", 1, MATHS_A, ""],
    ["", 2, "Английский язык (базовый) Лавлинская А. 12 / Английский язык (базовый) Борисов Б.", ""],
    ["", 3, "Физкультура\nБорисов Б.\nкаб. Зал", ""],
    ["Вт", "1 урок", MATHS_A, ""],
    ["Вт", "2.", "", MATHS_B],
]


def test_a_grid_becomes_the_timetable(tiny: TinySchool) -> None:
    rows, merged = WEEK, ["A3:A5", "C5:D5"]
    trial = bring(tiny, rows, merged, apply=False)
    position = tiny.school.store.last_position()
    assert (trial.refusals, trial.events, trial.state) == ((), 0, "rehearsed")
    report = bring(tiny, rows, merged)
    assert told(report) == told(trial)
    assert tiny.school.store.last_position() > position
    assert entries(tiny, w.JOURNAL) == [(1, 1, w.ROOM_12), (2, 1, w.ROOM_12)]
    assert entries(tiny, JOURNAL_5B) == [(2, 2, w.ROOM_12)]
    assert entries(tiny, JOURNALS["5А-1"]) == [(1, 2, w.ROOM_12)]
    assert entries(tiny, JOURNALS["5А-2"]) == [(1, 2, "")]
    assert entries(tiny, JOURNALS["5 поток"]) == [(1, 3, uid("hall"))], "one cell over two classes is their stream"
    assert "ended: Математика, 5А, Ср 2 12" in told(report)
    assert "added: Математика, 5А, Пн 1 12" in told(report)
    again = bring(tiny, rows, merged)
    assert (again.commands, again.differences) == (0, ())
    assert list(report_lines(again))[-1].startswith("Nothing has changed")
    assert list(report_lines(trial))[-1].startswith("This is a trial")


def test_what_is_not_understood_is_refused_by_cell_and_the_rest_is_brought_in(small: TinySchool) -> None:
    rows = [
        [*HEAD, "6В"],
        ["", 1, MATHS_A, ""],
        ["Понедельник", 1, "Астрономия Лавлинская А.", MATHS_B],
        ["", 2, "Математика Неизвестная Н. 12", "Математика\nБорисов Б.\nАктовый зал"],
        ["", 3, "Английский язык (базовый) Дымова Д.", "Английский язык (базовый) / "],
        ["", "", "", ""],
        ["", 25, MATHS_A, ""],
        ["Воскресенье", 1, MATHS_A, ""],
        ["Пятница", 1, MATHS_A, "Математика\nБорисов Б.\n12\n[замена]"],
    ]
    report = bring(small, rows, accept_conflicts=True)
    assert why(report.refusals) == [
        (1, "E", "this heading is no class of the school: its column is not read"),
        (2, "C", "no day of the week stands before this lesson"),
        (7, "C", "the lesson has no number from 1 to 20"),
        (3, "C", "this is no subject with teacher and room that the school has"),
        (4, "C", "this is no subject with teacher and room that the school has"),
        (4, "D", "“Актовый зал” is neither a teacher nor a room of the school"),
        (5, "D", "a group without a lesson stands beside a «/»"),
        (8, "C", "the school's cycle does not have this day, or this week"),
        (9, "D", "“[замена]” is neither a teacher nor a room of the school"),
        (5, "D", "no group here has a journal of this subject with this teacher: form it, or name it"),
    ]
    assert entries(small, w.JOURNAL) == [(5, 1, w.ROOM_12)]
    assert any(line.startswith("  refused: ") and "row 5, column D" in line for line in report_lines(report))
    assert "added: a journal of 5А" in told(report), "a subject of a class without a journal gets one"


def test_two_of_one_name_are_not_guessed(small: TinySchool) -> None:
    from ejd_commands.people import EmployStaffMember  # noqa: PLC0415 - only here

    hired = EmployStaffMember(
        staff=uid("another"), family="Лавлинская", given="Анна", position="учитель", employed_on=date(2025, 8, 1)
    )
    small.send_all([hired], account=IMPORTER)
    rows = [HEAD, ["Понедельник", 1, MATHS_A, ""], ["", 2, "Математика Лавлинская Ада 12", ""]]
    report = bring(small, rows)
    assert why(report.refusals) == [
        (2, "C", "several of the school's teachers are called like this: write the whole name")
    ]
    assert entries(small, w.JOURNAL) == [(1, 2, w.ROOM_12)]


def test_lines_and_columns_of_one_lesson_belong_together(small: TinySchool) -> None:
    rows = [
        ["День", "Урок", "5А", "5А"],
        ["Понедельник", 1, "Математика", ""],
        ["", 1, "Лавлинская Ада", 12],
        ["Среда", 2, "Математика Лавлинская А.", 12],
    ]
    report = bring(small, rows)
    assert report.refusals == ()
    assert entries(small, w.JOURNAL) == [(1, 1, w.ROOM_12), (3, 2, w.ROOM_12)]


def test_conflicts_stop_it_unless_they_are_accepted(small: TinySchool) -> None:
    rows = [HEAD, ["Понедельник", 1, MATHS_A, MATHS_B]]
    with pytest.raises(ImportRefused, match="conflict"):
        bring(small, rows)
    report = bring(small, rows, accept_conflicts=True)
    assert report.events > 0
    assert entries(small, JOURNAL_5B) == [(1, 1, w.ROOM_12)]


def test_a_formula_is_no_lesson(small: TinySchool) -> None:
    rows = [HEAD, ["Понедельник", 1, '="Математика"', MATHS_B]]
    report = bring(small, rows)
    assert [reason for _, _, reason in why(report.refusals)] in (["a formula stands here: write the value"], [])


@pytest.mark.parametrize(
    ("rows", "options", "saying"),
    [
        ([["x"]], {"name": "2030/31"}, "no academic year 2030/31"),
        ([HEAD], {"starts": date(2030, 1, 1)}, "outside the year"),
        ([HEAD], {}, "has no lessons"),
        (b"not a workbook", {}, "grid.xlsx"),
    ],
)
def test_a_file_or_year_that_cannot_be_is_refused(
    small: TinySchool, rows: Any, options: dict[str, Any], saying: str
) -> None:
    with pytest.raises(ImportRefused, match=saying):
        bring(small, rows, **options)


def test_a_sheet_without_classes_is_named(small: TinySchool) -> None:
    report = bring(small, [["что-то"], ["другое"]])
    assert [one.reason for one in report.refusals] == [
        "no row of this sheet names a class of the school: it is not read"
    ]


@pytest.mark.parametrize(("place", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_called_as_in_spreadsheets(place: int, name: str) -> None:
    assert column_name(place) == name


TEXTS = st.sampled_from(
    [
        "",
        "5А",
        "8A",
        "Понедельник",
        "Вт, 2 неделя",
        "1",
        "урок",
        "/",
        "a / b",
        "\n/\n",
        "Математика\n12",
        "9" * 30,
        "\x00",
    ]
) | st.text(max_size=12)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.lists(TEXTS | st.integers(-1, 30) | st.floats() | st.booleans(), max_size=6), max_size=8))
def test_any_cells_are_read_or_refused_and_nothing_else(rows: list[list[Any]]) -> None:
    with suppress(ImportRefused):
        assert isinstance(read_grid([Grid("x.xlsx", "Лист", rows)], ["5А", "8А"]), GridFile)


def exported(tiny: TinySchool) -> TimetableGrid:
    tiny.feed()
    with tiny.school.read.snapshot() as snapshot:
        connection = snapshot.connection
        year = find_year(connection, year=w.YEAR)
        return cycle_grid(connection, year, find_journals(connection, year=w.YEAR), day="2025-10-06")


def test_what_is_exported_comes_back_into_a_school_without_a_timetable(tiny: TinySchool) -> None:
    lessons: tuple[tuple[str, tuple[tuple[int, int, str], ...]], ...] = (
        (w.JOURNAL, ((1, 1, w.ROOM_12), (2, 1, w.ROOM_12))),
        (JOURNAL_5B, ((2, 2, w.ROOM_12),)),
        (JOURNALS["5А-1"], ((1, 2, w.ROOM_12),)),
        (JOURNALS["5А-2"], ((1, 2, ""),)),
        (JOURNALS["5 поток"], ((1, 3, uid("hall")),)),
    )
    for journal, places in lessons:
        planned = tuple(t.ScheduleEntryPart(cycle_day=day, slot=slot, room=room or None) for day, slot, room in places)
        tiny.send_all([t.ScheduleJournal(journal=journal, starts=w.FIRST_DAY, entries=planned)], account=IMPORTER)
    before = exported(tiny)
    assert sum(len(day.slots) for day in before.days) > 0
    content = to_xlsx(grid_sheet(before), made_at=NOON.replace(tzinfo=None))
    assert read_workbook(content, "x.xlsx")[0].merged > 0
    emptied = [
        t.ScheduleJournal(journal=one, starts=w.FIRST_DAY, entries=())
        for one in (w.JOURNAL, JOURNAL_5B, *JOURNALS.values())
    ]
    tiny.send_all(emptied, account=IMPORTER)
    assert not any(day.slots for day in exported(tiny).days)
    report = bring(tiny, content)
    assert report.refusals == ()
    assert exported(tiny) == before
