"""Tables as files: read back by a program of somebody else, letters and types as they were, and nothing that runs."""

from __future__ import annotations

import csv
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from ejd.exports import spreadsheet
from ejd.exports.spreadsheet import (
    CELL_CHARACTERS_MAX,
    CUT,
    SHEETS_MAX,
    Column,
    Sheet,
    Value,
    hundredths,
    is_formula,
    to_csv,
    to_xlsx,
)

MADE_AT = datetime(2025, 10, 6, 12)  # noqa: DTZ001 - a spreadsheet knows no zones
MOMENT = datetime(2025, 10, 6, 9, 25, 1)  # noqa: DTZ001 - as above
DANGEROUS = [
    "=1+1",
    "+7 900",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "=cmd|' /C calc'!A0",
]
HARMLESS = ["", "5", "н/а", "Ёлкина = Дина", "1-2", "тема: «=»", "4/5", "'"]


def sheet(*rows: list[Value], headings: tuple[str, ...] = ("Что", "Ещё")) -> Sheet:
    return Sheet("Исправления", [Column(one) for one in headings], rows)


def read_csv(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def read_xlsx(data: bytes) -> Any:
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    assert book.sheet_names == ["Исправления"]
    return book.get_sheet_by_index(0).to_python()


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_looks_like_a_formula_is_text_in_both_files(text: str) -> None:
    assert is_formula(text)
    data = to_csv(sheet([text, "x"]))
    assert read_csv(data)[1] == ["'" + text, "x"]
    workbook = to_xlsx(sheet([text, "x"]), made_at=MADE_AT)
    assert str(read_xlsx(workbook)[1][0]).strip() == text.strip()
    page = ZipFile(BytesIO(workbook)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in page, "no formula"
    assert b"quotePrefix" in ZipFile(BytesIO(workbook)).read("xl/styles.xml"), "stays text when somebody edits it"


@pytest.mark.parametrize("text", HARMLESS)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert not is_formula(text)
    assert read_csv(to_csv(sheet([text, "x"])))[1] == [text, "x"]
    assert read_xlsx(to_xlsx(sheet([text, "x"]), made_at=MADE_AT))[1] == [text, "x"]


def test_numbers_days_and_times_are_what_they_are() -> None:
    rows: list[list[Value]] = [[-5, date(2025, 10, 6)], [None, MOMENT]]
    assert read_csv(to_csv(sheet(*rows))) == [
        ["Что", "Ещё"],
        ["-5", "06.10.2025"],
        ["", "06.10.2025 09:25:01"],
    ]
    found = read_xlsx(to_xlsx(sheet(*rows), made_at=MADE_AT))
    assert found == [
        ["Что", "Ещё"],
        [-5, date(2025, 10, 6)],
        ["", MOMENT],
    ]


def test_the_csv_is_as_russian_excel_opens_it() -> None:
    assert to_csv(sheet(["Ёж; уж", 'кавычка "'])) == '\ufeffЧто;Ещё\r\n"Ёж; уж";"кавычка """\r\n'.encode()


def test_a_text_too_long_for_a_cell_is_cut_and_shows_it() -> None:
    found = read_xlsx(to_xlsx(sheet(["ж" * 40_000, "x"]), made_at=MADE_AT))[1]
    assert str(found[0]).endswith("ж" + CUT)
    assert len(str(found[0])) == CELL_CHARACTERS_MAX - 1
    assert found[1] == "x"


def test_the_same_table_is_the_same_file() -> None:
    rows: list[list[Value]] = [["Ёлкина", 5]]
    assert to_xlsx(sheet(*rows), made_at=MADE_AT) == to_xlsx(sheet(*rows), made_at=MADE_AT)


def test_hundredths_are_fractions_with_a_comma_in_csv() -> None:
    row: list[Value] = [hundredths(9231), hundredths(None)]
    assert read_csv(to_csv(sheet(row)))[1] == ["92,31", ""]
    assert read_xlsx(to_xlsx(sheet(row), made_at=MADE_AT))[1] == [92.31, ""]


def test_a_workbook_has_sheets_with_names_of_their_own_and_a_footer() -> None:
    names = ["Алгебра/8А", "алгебра 8а", "Ж" * 40, "ж" * 40, "'"]
    data = to_xlsx([Sheet(name, [Column("Что")], [["x"]]) for name in names], made_at=MADE_AT, note="Учебная школа")
    found = CalamineWorkbook.from_filelike(BytesIO(data)).sheet_names
    assert found == ["Алгебра 8А", "алгебра 8а (2)", "Ж" * 31, "ж" * 27 + " (2)", "Лист"]
    assert "&amp;LУчебная школа" in ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize("count", [0, SHEETS_MAX + 1])
def test_a_workbook_without_sheets_or_with_too_many_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {SHEETS_MAX} sheets, not {count}"):
        to_xlsx([Sheet(str(number), [Column("Что")], []) for number in range(count)], made_at=MADE_AT)


def test_lines_above_and_merged_cells_are_for_people_not_for_csv() -> None:
    rows: list[list[Value]] = [["Пн", 1], ["Пн", 2], ["Вт", 1], ["Пн", 1]]
    table = Sheet("Исправления", [Column("День"), Column("Урок", wrap=True)], rows, above=("Школа № 7",), merged=1)
    assert read_csv(to_csv(table))[1:] == [["Пн", "1"], ["Пн", "2"], ["Вт", "1"], ["Пн", "1"]]
    data = to_xlsx(table, made_at=MADE_AT)
    assert read_xlsx(data)[:4] == [["Школа № 7", ""], ["День", "Урок"], ["Пн", 1], ["", 2]]
    page = ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert b'<mergeCells count="1"><mergeCell ref="A3:A4"/>' in page, "equal neighbours, and no others"


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "ROWS_MAX", 2)
    with pytest.raises(ValueError, match="a sheet holds 2 rows"):
        to_xlsx(sheet(["x"], ["y"], ["z"]), made_at=MADE_AT)
    assert len(read_xlsx(to_xlsx(sheet(), made_at=MADE_AT))) == 1, "an empty table has its heading"


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_whatever_text_comes_back(rows: list[tuple[str, str]]) -> None:
    found = read_csv(to_csv(Sheet("Исправления", [Column("Что"), Column("Ещё")], rows)))[1:]
    assert [tuple(row) for row in found] == [
        tuple(f"'{one}" if is_formula(one) else one for one in row) for row in rows
    ]
    assert not any(one.startswith(tuple("=+-@")) for row in found for one in row)
