"""`ejd production-calendar`: the calendar that comes along, or one's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ejd.app import opened
from ejd.founding import IMPORTER, cli_actor
from ejd.handling.handler import Request
from ejd.imports.production_file import FILE_BYTES_MAX, ROWS_MAX
from ejd.settings import Settings
from ejd_commands.catalogue import catalogue
from tests.cli.commanding import Ejd
from tests.scenario import uid

YEAR = ("production-calendar", "--year", "2025/26")
OWN = "дата;название;перенесён на\r\n20.10.2025;День района;\r\n;;\r\n2025-10-18;;21.10.2025\r\n"


def begin(ejd: Ejd) -> None:
    """Open a school with a year at five days a week."""
    ejd("init")
    year = uid("year")
    bodies: list[tuple[str, dict[str, Any]]] = [
        (
            "open-academic-year",
            {"year": year, "title": "2025/26", "first_day": "2025-09-01", "last_day": "2026-05-29"},
        ),
        (
            "define-cycle",
            {
                "year": year,
                "kind": "weekly",
                "days": [{"title": f"День {number}", "weekday": number} for number in range(5)],
            },
        ),
    ]
    with opened(Settings()) as school:
        for name, body in bodies:
            command = catalogue()[name].model_validate(body)
            school.handler.handle([Request(command, uid(name))], cli_actor(IMPORTER))


def test_the_calendar_that_comes_along_names_its_acts(ejd: Ejd) -> None:
    begin(ejd)
    ran = ejd(*YEAR)
    assert ran.code == 0, ran
    assert "04.10.2024 № 1335" in ran.out
    assert "worked: 1; changed" in ran.out
    assert "everything was so already" in ejd(*YEAR).out
    assert "worked: 0; changed" in ejd(*YEAR, "--week", "6").out
    assert "worked: 0; changed" in ejd(*YEAR, "--no-saturdays").out


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251"])
def test_a_file_of_ones_own_replaces_it(bare: Ejd, tmp_path: Path, encoding: str) -> None:
    begin(bare)
    file = tmp_path / "calendar.csv"
    file.write_bytes(OWN.encode(encoding))
    assert "holidays: 2, worked: 1; changed" in bare(*YEAR, "--file", str(file)).out
    same = tmp_path / "calendar.json"
    same.write_text(
        '{"holidays": [{"day": "2025-10-20", "title": "День района"}],'
        ' "transfers": [{"old": "2025-10-18", "new": "2025-10-21"}]}',
        encoding="utf-8",
    )
    assert "everything was so already" in bare(*YEAR, "--file", str(same)).out


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\x98\xff;", "neither UTF-8 nor Windows-1251"),
        ("a.csv", "день;название".encode(), "headings"),
        ("a.csv", b"", "headings"),
        ("a.csv", "дата,название,перенесен на\n1,2".encode(), "line 2:  the line has 2 cells"),
        ("a.csv", "дата,название,перенесен на\n32.12.2025,2,".encode(), "line 2: дата that is no date"),
        ("a.csv", 'дата,название,перенесен на\n"2025-12-31,2,'.encode(), "no CSV"),
        ("a.csv", ("дата,название,перенесен на\n" + "2025-12-31,a,\n" * ROWS_MAX).encode(), f"more than {ROWS_MAX}"),
        ("a.csv", b" " * (FILE_BYTES_MAX + 1), "bytes"),
        ("a.json", b"{", "is no JSON"),
        ("a.json", b"[" * 100_000, "is no JSON"),
        ("a.json", b"[]", "an object with holidays"),
        ("a.json", b'{"transfers": []}', "an object with holidays"),
    ],
    ids=range(12),
)
def test_a_file_that_is_no_calendar_is_one_sentence(
    bare: Ejd, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    begin(bare)
    file = tmp_path / name
    file.write_bytes(content)
    assert words in bare.fails(*YEAR, "--file", str(file))


def test_what_cannot_be_asked_is_one_sentence(bare: Ejd, tmp_path: Path) -> None:
    begin(bare)
    assert "5 or 6" in bare.fails(*YEAR, "--week", "7")
    assert "no academic year '2030/31'" in bare.fails("production-calendar", "--year", "2030/31")
    wrong = tmp_path / "a.json"
    wrong.write_text('{"holidays": [{"day": "x", "title": "y"}]}', encoding="utf-8")
    assert "a.json, holidays 1: day " in bare.fails(*YEAR, "--file", str(wrong))
    bare.fails(*YEAR, "--file", str(tmp_path / "none.csv"))
