"""What `ejd export` writes, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from tests.cli.commanding import Ejd
from tests.oneroster_rules import problems_of, read_package
from tests.schools import tiny_school


def test_a_year_is_written_as_a_oneroster_package(ejd: Ejd, tmp_path: Path) -> None:
    with tiny_school("sqlite", tmp_path / "tiny", build=False) as tiny:
        ejd.env(data_dir=str(tiny.settings.data_dir))
    written = tmp_path / "roster.zip"
    ran = ejd("export", "oneroster", "--year", "2025/26", "--out", str(written))
    assert ran.code == 0, ran
    assert f"2025/26 is in {written}" in ran.out
    assert problems_of(written.read_bytes()) == []
    assert len(read_package(written.read_bytes())[1]["users"]) == 9
    assert "the school has 2025/26" in ejd.fails("export", "oneroster", "--year", "2030/31", "--out", str(written))


def test_a_school_without_a_year_has_nothing_to_export(ejd: Ejd) -> None:
    ejd("init")
    assert "open one first" in ejd.fails("export", "oneroster")


def test_a_grid_is_tried_and_then_stored(ejd: Ejd, tmp_path: Path) -> None:
    with tiny_school("sqlite", tmp_path / "tiny", build=False) as tiny:
        ejd.env(data_dir=str(tiny.settings.data_dir))
    file = tmp_path / "grid.xlsx"
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet("Расписание")
        for number, row in enumerate([["День", "Урок", "5А"], ["Пн", 1, "Математика Лавлинская А. 12"], ["", 2, "?"]]):
            page.write_row(number, 0, row)
    assert "ejd import grid grid-empty.xlsx" in ejd("template", "grid", "--out", "grid-empty.xlsx").out
    assert "as xlsx" in ejd.fails("template", "grid", "--format", "csv")
    assert "has no lessons" in ejd.fails("import", "grid", "grid-empty.xlsx", "--year", "2025/26")
    trial = ejd("import", "grid", str(file), "--year", "2025/26")
    assert trial.code == 0, trial
    assert "added: lesson Математика, 5А, Пн 1 12" in trial.out
    assert "This is a trial" in trial.out
    stored = ejd("import", "grid", str(file), "--year", "2025/26", "--apply")
    assert stored.code == 0, stored
    assert "row 3, column C" in stored.out
    assert "Nothing has changed" in ejd("import", "grid", str(file), "--year", "2025/26").out
    import_id = stored.out.splitlines()[-1].split()[3].rstrip(":")
    assert ejd("import", "list").out.startswith(import_id)
    assert f"Import {import_id} is undone" in ejd("import", "undo", import_id).out
    again = ejd("import", "grid", str(file), "--year", "2025/26")
    assert "added: lesson Математика, 5А, Пн 1 12" in again.out
    assert "no academic year 2030/31" in ejd.fails("import", "grid", str(file), "--year", "2030/31")
