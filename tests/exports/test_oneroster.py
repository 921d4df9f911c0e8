"""A package's outside: manifest, columns, cells that nobody can run; and the rules find what is wrong."""

from __future__ import annotations

import csv
from datetime import date, datetime
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ejd.exports import oneroster
from ejd.exports.oneroster import (
    COLUMNS,
    FILES,
    LIFECYCLE,
    OWN,
    Cell,
    PackageTooLargeError,
    cell_text,
    grade_code,
    write_package,
)
from ejd.exports.spreadsheet import is_formula
from tests.oneroster_rules import MANIFEST_FILES, TABLES, columns, problems_of

MADE_AT = datetime(2025, 10, 6, 12)  # noqa: DTZ001 - a zip knows no zones


def package(**files: list[tuple[str, dict[str, Cell]]]) -> bytes:
    given_files = {name: (lambda rows=rows: rows) for name, rows in files.items()}
    with write_package(given_files, made_at=MADE_AT, system="ejd", code="x") as out:
        return out.read()


def test_the_columns_are_those_of_the_standard_in_its_order() -> None:
    assert set(COLUMNS) == set(TABLES)
    for name, own in COLUMNS.items():
        standard = [column.name for column in columns(name)]
        assert list(own[: len(standard)]) == standard, name
        assert all(column.startswith(OWN) for column in own[len(standard) :]), name
    assert list(FILES) == MANIFEST_FILES
    assert LIFECYCLE == ("sourcedId", "status", "dateLastModified")


def test_the_manifest_tells_of_every_file() -> None:
    data = package(orgs=[("o", {"name": "Школа № 7", "type": "school"})])
    manifest = ZipFile(BytesIO(data)).read("manifest.csv").decode()
    assert manifest.startswith("propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,1.2\r\n")
    assert "file.orgs,bulk\r\n" in manifest
    assert manifest.count(",absent\r\n") == len(FILES) - 1
    assert manifest.endswith("source.systemName,ejd\r\nsource.systemCode,x\r\n")
    assert ZipFile(BytesIO(data)).infolist()[0].date_time == (2025, 10, 6, 12, 0, 0)
    assert package(orgs=[]) == package(orgs=[]), "the same school is the same file"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (date(2025, 9, 1), "2025-09-01"),
        (-5, "-5"),
        ("-7", "-7"),
        ("+7 900 123-45-67", "+7 900 123-45-67"),
        ("-1.5", "-1.5"),
        ("=1+1", "'=1+1"),
        ("+7;=1", "'+7;=1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-x", "'-x"),
        ("две\nстроки", "две строки"),
        (["a", "b"], "a,b"),
        (["=a", "b"], "'=a,b"),
        ((), ""),
    ],
)
def test_a_cell_is_as_the_standard_has_it_and_runs_nowhere(cell: Cell, text: str) -> None:
    assert cell_text(cell) == text


def test_grades_are_two_digits() -> None:
    assert (list(grade_code(5)), list(grade_code(11)), list(grade_code(0))) == (["05"], ["11"], [])


def test_more_rows_than_a_file_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oneroster, "ROWS_MAX", 30)
    with pytest.raises(PackageTooLargeError, match=r"orgs\.csv would have more than 30 rows"):
        package(orgs=[(str(number), {}) for number in range(31)])


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=40))
def test_whatever_is_written_is_one_cell_and_no_formula(text: str) -> None:
    data = package(orgs=[("o", {"name": text, "type": "school"})])
    lines = list(csv.reader(StringIO(ZipFile(BytesIO(data)).read("orgs.csv").decode(), newline="")))
    assert len(lines) == 2
    name = lines[1][3]
    assert name.removeprefix("'") == " ".join(text.split()).removeprefix("'")
    assert not is_formula(name) or oneroster.NUMBER.fullmatch(name)


def test_the_rules_notice_what_is_wrong() -> None:
    good: dict[str, list[tuple[str, dict[str, Cell]]]] = {name: [] for name in TABLES}
    good["orgs"] = [("o", {"name": "x", "type": "school"})]
    assert problems_of(package(**good)) == []
    spoiled: list[tuple[str, tuple[str, dict[str, Cell]], str]] = [
        ("orgs", ("p", {"name": "x", "type": "castle"}), "type 'castle'"),
        ("orgs", ("p", {"type": "school"}), "name is required"),
        ("orgs", ("o", {"name": "x", "type": "school"}), "a sourcedId comes twice"),
        ("orgs", ("", {"name": "x", "type": "school"}), "sourcedId ''"),
        ("orgs", ("p", {"name": "x", "type": "school", "parentSourcedId": "q"}), "'q' is nowhere"),
        ("categories", ("c", {"title": "x", "weight": 101}), "'101' is no percent"),
        ("demographics", ("d", {}), "demographics of nobody"),
        ("users", ("u", {"enabledUser": True, "username": "u", "givenName": "a", "familyName": "b"}), "primary role"),
    ]
    for name, row, saying in spoiled:
        found = problems_of(package(**{**good, name: [*good[name], row]}))
        assert len(found) == 1, found
        assert saying in found[0]
