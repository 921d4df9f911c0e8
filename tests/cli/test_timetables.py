"""Timetables from the command line: a trial first, then stored as one import with an id, listed, undone."""

from __future__ import annotations

from pathlib import Path

from tests.cli.commanding import Ejd
from tests.imports.test_asc import WHOLE

YEAR = ("--year", "2026/27")


def test_a_timetable_is_tried_applied_listed_and_undone(ejd: Ejd, tmp_path: Path) -> None:
    assert ejd("init", "--name", "Школа").code == 0
    file = tmp_path / "asc.xml"
    file.write_bytes(WHOLE)
    trial = ejd("import", "asc", str(file), *YEAR)
    assert (trial.code, trial.err) == (0, "")
    assert "added: academic year" in trial.out
    assert "This is a trial, nothing is stored" in trial.out
    assert ejd("import", "list").out == ""
    applied = ejd("import", "asc", str(file), *YEAR, "--apply").out.splitlines()[-1]
    import_id = applied.split()[3].rstrip(":")
    assert applied.startswith(f"Applied as import {import_id}: ")
    again = ejd("import", "asc", str(file), *YEAR, "--apply").out
    assert again.splitlines()[-1] == "Nothing has changed: everything was so already"
    listed = ejd("import", "list").out
    assert listed.startswith(import_id)
    assert "asc.xml" in listed
    undone = ejd("import", "undo", import_id).out
    assert f"Import {import_id} is undone" in undone
    assert "left" not in undone
    assert "added: academic year" in ejd("import", "asc", str(file), *YEAR).out


def test_the_days_of_a_new_year_can_be_named(ejd: Ejd, tmp_path: Path) -> None:
    assert ejd("init", "--name", "Школа").code == 0
    file = tmp_path / "asc.xml"
    file.write_bytes(WHOLE)
    days = ("--from", "2026-09-02", "--to", "2027-05-20", "--starts", "2026-10-05")
    ran = ejd("import", "asc", str(file), "--year", "Новый", *days, "--term", "1")
    assert (ran.code, ran.err) == (0, "")
    assert "for the academic year Новый, from 2026-10-05 on" in ran.out
