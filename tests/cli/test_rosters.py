"""Rosters from the command line: a trial first, then applied, listed, undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commanding import Ejd
from tests.imports.roster_files import oneroster
from tests.imports.shared_data import real_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a roster."""
    made = tmp_path / "roster"
    made.mkdir()
    for name, content in oneroster().items():
        (made / name).write_bytes(content)
    return made


def test_a_roster_is_tried_applied_listed_and_undone(ejd: Ejd, folder: Path) -> None:
    assert ejd("init", "--name", "Школа").code == 0
    trial = ejd("import", "oneroster", str(folder))
    assert (trial.code, trial.out.splitlines()[-1]) == (
        0,
        "This is a trial, nothing is stored: 22 commands would be sent (--apply sends them)",
    )
    assert ejd("import", "list").out == ""
    applied = ejd("import", "oneroster", str(folder), "--apply").out.splitlines()[-1]
    import_id = applied.split()[3].rstrip(":")
    assert applied == f"Applied as import {import_id}: 22 commands, 22 events"
    again = ejd("import", "oneroster", str(folder), "--apply").out
    assert again.splitlines()[-1] == "Nothing has changed: everything was so already"
    listed = ejd("import", "list").out
    assert listed.startswith(import_id)
    assert "applied" in listed
    assert "roster: 22 added, 0 changed, 0 ended, 0 refused" in listed
    assert "22 events in" in ejd("import", "undo", import_id).out
    assert "was undone before" in ejd("import", "undo", import_id).out
    assert "undone" in ejd("import", "list").out


def test_what_cannot_be_is_one_sentence(bare: Ejd, tmp_path: Path) -> None:
    assert bare("init", "--name", "Школа").code == 0
    assert "check the path" in bare.fails("import", "oneroster", str(tmp_path / "none.zip"))
    assert "list" in bare.fails("import", "undo", "no-id")
    assert "there is no import" in bare.fails("import", "undo", "0198c0de-7a3b-7000-8000-3f1c2a9d4e55")


def test_the_real_zip_of_version_1_1_comes_in(ejd: Ejd) -> None:
    assert ejd("init", "--name", "Школа").code == 0
    ran = ejd("import", "oneroster", str(real_file("roster/oneroster-1.1-full.zip")), "--apply", "--year", "2022/23")
    assert (ran.code, ran.err) == (0, "")
    assert "Added: 15, changed: 0, ended: 0, so already: 2" in ran.out
    assert "Applied as import" in ran.out


def test_a_template_is_written_once_filled_in_and_imported(ejd: Ejd, tmp_path: Path) -> None:
    assert ejd("init", "--name", "Школа").code == 0
    assert "Written: all.xlsx" in ejd("template").out
    assert "not overwritten" in ejd.fails("template", "all")
    assert "as xlsx or csv" in ejd.fails("template", "rooms")
    assert "as xlsx or csv" in ejd.fails("template", "all", "--format", "csv")
    assert "Written: list.csv" in ejd("template", "classes", "--format", "csv", "--out", "list.csv").out
    classes = (tmp_path / "list.csv").read_text("utf-8-sig") + "1;5А;5;\r\n"
    (tmp_path / "list.csv").write_text(classes, "cp1251", newline="")
    assert "--year" in ejd.fails("import", "roster", "list.csv")
    year = ("--year", "2026/27", "--from", "2026-09-01", "--to", "2027-05-31")
    ran = ejd("import", "roster", "list.csv", *year, "--apply")
    assert (ran.code, "added: class 5А — list.csv, row 3" in ran.out) == (0, True), ran


def test_a_template_needs_no_school(bare: Ejd, tmp_path: Path) -> None:
    assert bare("template", "pupils").code == 0
    assert (tmp_path / "pupils.xlsx").read_bytes().startswith(b"PK")
