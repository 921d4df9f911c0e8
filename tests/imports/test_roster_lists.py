"""Lists as Russian schools keep them: XLSX and CSV in their encodings, templates, and what is refused by name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from ejd.app import School
from ejd.imports.packed import digest_of
from ejd.imports.roster_report import RosterReport, report_lines
from ejd.imports.roster_sheets import read_roster
from ejd.imports.roster_templates import choices_of, template
from ejd.imports.roster_undo import undo_import
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.sheet_words import LISTS
from ejd.imports.tables import read_csv
from tests import worlds as w
from tests.imports.roster_files import bringing, counts, everything_read, lines
from tests.imports.roster_now import TODAY, Now
from tests.postgres import PostgresDatabase
from tests.schools import NOON, Clock, TinySchool, tiny_school

PUPILS = """Список учеников;;;;
№ п/п;ФАМИЛИЯ ;Имя;Отчество;Дата рождения:;Класс
1;Ёлкин;Ель;;01.09.2014;5A
2;Берёзкина; Берта ;Бук-оглы;2014-10-02;5а
3;Васильева;Вера;;;«5 А»
"""
"""A title above the heading; the class is 5А with a Latin letter, in small letters, in quotes."""


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """The school on either database."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database, build=False, clock=Clock(NOON)) as made:
        yield made


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """The school on SQLite."""
    with tiny_school("sqlite", tmp_path, build=False, clock=Clock(NOON)) as made:
        yield made.school


def taken(school: School, files: dict[str, bytes], **options: Any) -> RosterReport:
    """Import lists."""
    return bringing(school, read_roster(files), digest_of(files), **options).apply()


def workbook(**sheets: list[list[Any]]) -> bytes:
    """Answer a workbook; a text that begins with = is a formula, dates are dates."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "dd.mm.yyyy"}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    page.write(number, place, value)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-8-sig", "utf-16"])
def test_a_class_list_comes_in_whatever_it_is_written_in(tiny: TinySchool, encoding: str) -> None:
    if encoding in {"utf-8", "utf-16"} and tiny.settings.database_url is not None:
        encoding = "cp1251"  # two of the encodings are enough on PostgreSQL
    before = everything_read(tiny.school)
    files = {"список.csv": PUPILS.replace("\n", "\r\n").encode(encoding)}
    report = taken(tiny.school, files)
    assert (counts(report), report.unchanged) == ({"added": 2}, 1)  # Vera is there: by name and class
    assert "Names of classes with Latin letters, taken as Russian ones: 1." in report.notes
    now = Now(tiny.school)
    assert (now.class_of("Ёлкин"), now.class_of("Берёзкина")) == ("5А", "5А")
    assert (now.row("Берёзкина")["middle"], now.row("Берёзкина")["birth_date"]) == ("Бук-оглы", "2014-10-02")
    assert taken(tiny.school, files).state == "unchanged"
    position = tiny.school.store.last_position()
    other = {"иначе.csv": PUPILS.replace("Ёлкин", "ЕЛКИН").replace("Берёзкина", "Березкина").encode()}
    again = taken(tiny.school, other)
    assert (again.refused, len(lines(again, "added"))) == (0, 0)  # ё and е, case: found, and corrected in the school
    assert tiny.school.store.last_position() > position
    for one in (again, report):
        undo_import(tiny.school, one.import_id, bringing(tiny.school, read_roster(files), "0" * 64).actor)
    assert everything_read(tiny.school) == before


def whole_school() -> dict[str, bytes]:
    """Answer one workbook with all lists."""
    content = workbook(
        Предметы=[["Предмет", "Краткое название"], ["Химия", "Хим"], ["Английский язык", ""]],
        Сотрудники=[
            ["Фамилия", "Имя", "Отчество", "Должность", "Предметы"],
            ["Менделеев", "Дмитрий", "Иванович", "учитель", "Химия"],
            ["Шекспир", "Вильям", "", "учитель", "Английский язык, Астрология"],
        ],
        Классы=[["Класс", "Параллель", "Классный руководитель"], ["8А", 8, "Менделеев Д.И."], ["8Б", "", ""]],
        Ученики=[
            [
                *("Фамилия", "Имя", "Дата рождения", "Класс", "Пароль", "Рост"),
                *("Представитель 1: ФИО", "Представитель 1: кто", "Представитель 1: телефон"),
            ],
            ["Ежов", "Егор", date(2011, 2, 3), "8А", "x", 150, "Ежова Мария", "мать", "+7 900 1"],
            ["Ежова", "Ева", date(2012, 2, 3), "8Б", "x", 140, "Ежова Мария", "мама", "+7 900 1"],
        ],
        Группы=[["Группа", "Вид", "Классы"], ["Английский 8", "поток", "8А, 8Б"]],
        Состав=[
            ["Группа", "Фамилия", "Имя", "Класс"],
            ["Английский 8", "Ежов", "Егор", ""],
            ["Английский 8", "Ежова", "Е.", "8Б"],
        ],
        Нагрузка=[
            ["Учитель", "Предмет", "Класс или группа", "Часов в неделю"],
            ["Менделеев Д. И.", "химия", "8A", 2],
            ["Шекспир Вильям", "Английский язык", "английский 8", 3],
            ["Лавлинская Ада", "Математика", "8Б", 5],
        ],
    )
    return {"школа.xlsx": content}


def test_a_workbook_of_all_lists_becomes_a_school(tiny: TinySchool) -> None:
    before = everything_read(tiny.school)
    report = taken(tiny.school, whole_school())
    assert [(one.reason, one.value) for one in report.refusals] == [
        ("the subject is neither in the file nor in the school", "Астрология")
    ]
    now = Now(tiny.school)
    assert (now.class_of("Ежов"), now.row("Ежов")["birth_date"]) == ("8А", "2011-02-03")
    assert now.members("Английский 8") == {"Ежов", "Ежова"}
    assert now.teachers("Химия, 8А") == {"Менделеев"}
    assert now.teachers("Английский язык, Английский 8") == {"Шекспир"}
    assert now.teachers("Математика, 8Б") == {"Лавлинская"}  # of the school, not of the file
    mothers = [row for row in now.people if row[1] == "guardian" and row[3] == "Мария"]
    assert len(mothers) == 1  # of two children
    assert sum("Рост" in note or "passwords" in note for note in report.notes) == 2
    assert taken(tiny.school, whole_school()).state == "unchanged"
    undo_import(tiny.school, report.import_id, bringing(tiny.school, read_roster(whole_school()), "0" * 64).actor)
    assert everything_read(tiny.school) == before


def test_merged_cells_count_in_each_and_formulas_are_refused_by_name(school: School) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet("Лист1")
        page.write_row(0, 0, ["Фамилия", "Имя", "Класс"])
        page.write_row(1, 0, ["Ежов", "Егор"])
        page.write_row(2, 0, ["Белкин", "Борис"])
        page.merge_range(1, 2, 2, 2, "5Б")
        page.write_row(3, 0, ["Аистов", "", "5Б"])
        page.write_formula(3, 1, '=CONCATENATE("А","нтон")', None, "Антон")
    report = taken(school, {"книга.xlsx": out.getvalue()})
    now = Now(school)
    assert (now.class_of("Ежов"), now.class_of("Белкин")) == ("5Б", "5Б")
    assert [(one.sheet, one.row, one.column, one.reason) for one in report.refusals] == [
        ("Лист1", 4, "Имя", "this cell is a formula: write its value")
    ]
    assert any("merged cells, whose value counts in each of them: 1." in note for note in report.notes)
    assert any("row 4, column Имя" in line for line in report_lines(report))


def test_the_name_of_a_sheet_is_the_class_where_there_is_no_such_column(school: School) -> None:
    sheets: dict[str, list[list[Any]]] = {"5 А": [["№", "ФИО"], [1, "Ежов Егор Ёжович"]], "Прочее": [["что-то"]]}
    files = {"классы.xlsx": workbook(**sheets)}
    report = taken(school, files)
    assert counts(report) == {"added": 1}
    assert Now(school).class_of("Ежов") == "5А"
    assert any("no list is recognised" in note for note in report.notes)


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("Ежов;Егор;31.02.2012;5А;", "Дата рождения", "no day"),
        ("Ежов;Егор;01.02.12;5А;", "Дата рождения", "no day"),
        ("Ежов;;;5А;", "Имя", "a part of the name is missing"),
        ("Ежов;Егор;;;", "Класс", "no class is named"),
        ("Ежов;Егор;;9Ж;", "", "the class is neither in the file nor in the school"),
        ("Ежов;Егор;;5А;Ежова", "Представитель 1: ФИО", "family name and given name"),
        (f"{'Ё' * 101};Егор;;5А;", "Фамилия", "at most 100"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_place(school: School, line: str, column: str, reason: str) -> None:
    head = "Фамилия;Имя;Дата рождения;Класс;Представитель 1: ФИО"
    report = taken(school, {"список.csv": f"{head}\n{line}\n".encode()})
    (refusal,) = report.refusals
    assert (refusal.file, refusal.row, refusal.column) == ("список.csv", 2, column)
    assert reason in refusal.reason


LOAD = "Учитель;Предмет;Класс или группа;Часов в неделю"


@pytest.mark.parametrize(
    ("head", "line", "reason"),
    [
        (LOAD, "Лавлинская Ада;Математика;5А;2,5", "whole number"),
        (LOAD, "Никто Н.Н.;Математика;5А;2", "teacher is neither"),
        (LOAD, "Лавлинская Ада;Магия;5А;2", "subject is neither"),
        (
            "Учитель;Предмет;Класс или группа;Часов в неделю",
            "Лавлинская Ада;Математика;9Ж;2",
            "class or group is neither",
        ),
        (LOAD, ";Математика;5А;2", "this cell is empty"),
        ("Группа;Вид;Классы", "Хор;ансамбль;5А", "one of these is known"),
        ("Группа;Фамилия;Имя", "Хор;Васильева;Вера", "group is neither"),
        ("Класс;Параллель;Классный руководитель", "5В;сто;", "no year of schooling"),
    ],
)
def test_each_list_says_what_it_cannot_take(school: School, head: str, line: str, reason: str) -> None:
    report = taken(school, {"список.csv": f"{head}\n{line}\n".encode()})
    assert any(reason in one.reason for one in report.refusals), report.refusals


def test_a_load_changes_and_one_by_hand_stays(school: School) -> None:
    head = "Учитель;Предмет;Класс или группа;Часов в неделю\n"
    first = taken(school, {"a.csv": f"{head}Борисов Борис;Математика;5А;2\nЛавлинская А.;Математика;5А;4\n".encode()})
    assert lines(first, "kept") == ["load Математика, 5А (5 hours a week were set in the school)"]
    assert lines(first, "added") == ["load Математика, 5А"]
    second = taken(school, {"b.csv": f"{head}Борисов Борис;Математика;5А;3\n".encode()})
    assert lines(second, "changed") == ["load Математика, 5А"]
    _, state = Now(school).journal("Математика, 5А")
    load = state.load_of(w.BORIS_STAFF, TODAY)
    assert load is not None
    assert load.hours_per_week == 3


def test_a_filled_in_template_is_read_and_its_example_is_not(school: School) -> None:
    kinds = list(LISTS)
    content = template(kinds, "xlsx", choices_of(school.states))
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == [*(shape.sheet for shape in LISTS.values()), "Пояснения", "Значения"]
    values = book.get_sheet_by_name("Значения").to_python()
    assert "5А" in {cell for row in values for cell in row}
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        pupils = packed.read("xl/worksheets/sheet4.xml").decode()
    assert "<dataValidation" in pupils
    report = taken(school, {"all.xlsx": content})
    assert (report.rows, report.state, report.refusals) == (0, "unchanged", ())
    for kind in kinds:
        text = template([kind], "csv").decode("utf-8-sig")
        assert taken(school, {f"{kind}.csv": text.encode("cp1251")}).rows == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "none of the lists"),
        (b"\x00\x01", "no text"),
        ("Город;Река\nМосква;Москва\n".encode(), "none of the lists"),
        (b"PK\x03\x04nonsense", "no whole zip"),
        (";".join(f"x{n}" for n in range(300)).encode(), "columns"),
        ('Фамилия;Имя\n"Ежов;Егор'.encode(), "no whole CSV"),
    ],
)
def test_a_file_that_is_no_list_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        read_roster({"файл.csv": content})


def changed_member(content: bytes, name: str, change: Any) -> bytes:
    """Answer a zip with one member changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.infolist():
            part = old.read(each)
            new.writestr(each.filename, change(part) if each.filename == name else part)
    return out.getvalue()


GOOD = workbook(Ученики=[["Фамилия", "Имя", "Класс"], ["Ежов", "Егор", "5А"]])
SHEET = "xl/worksheets/sheet1.xml"
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            changed_member(GOOD, SHEET, lambda part: part.replace(b"<worksheet", ENTITIES + b"<worksheet", 1)),
            "document type",
        ),
        (changed_member(GOOD, SHEET, lambda part: part.replace(b'r="A2"', b'r="XFD2"')), "columns"),
        (changed_member(GOOD, SHEET, lambda part: part.replace(b'r="A2"', b'r="A1048576"')), "rows"),
        (changed_member(GOOD, SHEET, lambda part: part[: len(part) // 2]), "broken|none of the lists"),
        (changed_member(GOOD, "xl/workbook.xml", lambda _: b"<workbook"), "broken"),
        (changed_member(GOOD, "[Content_Types].xml", lambda _: b"x" * (300 << 20)), "unpacks to more"),
    ],
)
def test_a_hostile_workbook_is_refused_before_it_is_read(content: bytes, reason: str) -> None:
    assert len(content) < 2 << 20
    with pytest.raises(ImportRefused, match=reason):
        read_roster({"книга.xlsx": content})


def test_a_zip_of_something_else_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("users.csv", "a,b")
    with pytest.raises(ImportRefused, match="a zip and not an XLSX workbook"):
        read_roster({"книга.xlsx": out.getvalue()})


def test_the_apostrophe_of_our_own_exports_is_taken_off_and_no_other_one() -> None:
    table = read_csv("Имя;Что\n'=Роза;'d'Artagnan\n".encode(), "x.csv")
    (row,) = table.rows
    assert (row.text("Имя"), row.text("Что")) == ("=Роза", "'d'Artagnan")


def test_columns_that_mean_the_same_are_named_and_rows_that_contradict_themselves_refused() -> None:
    text = "Фамилия;Имя;Класс;Фамилия\nЕжов;Егор;5А;Ежов\nБелкина;Белла;5А;\nЛисина;Лиза;5А;Волкова\n"
    roster = read_roster({"5А.csv": text.encode()})
    assert [one.family for one in roster.pupils] == ["Ежов", "Белкина"]
    assert [(one.row, one.column, one.reason) for one in roster.refusals] == [
        (4, "Фамилия", "two columns of one meaning say different things: leave one")
    ]
    assert "5А.csv: several columns mean the same, the first that is filled counts: Фамилия." in roster.notes
