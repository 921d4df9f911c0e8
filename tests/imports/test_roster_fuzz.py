"""Whatever the bytes are, a reader answers a roster or one sentence, and a school takes of it what its rules let in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ejd.app import School
from ejd.imports.oneroster import read_oneroster
from ejd.imports.packed import csv_members, digest_of
from ejd.imports.roster_file import Roster
from ejd.imports.roster_sheets import read_roster
from ejd.imports.roster_templates import template
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.sheet_words import LISTS
from tests.imports.roster_files import bringing, oneroster
from tests.imports.shared_data import real_file
from tests.schools import NOON, Clock, tiny_school

NASTY = (
    "", " ", "0", "-1", "9" * 400, "99999999999", "2025-02-30", "0001-01-01", "9999-12-31", "31.12.2100", "1999-09-01",
    "tobedeleted", "active", "student", "teacher", "parent", "homeroom", "scheduled",
    "=1+1", "\x07", "\u202e", "Ё" * 300,
    "e1", "u1", "h8a", "p8a", "t1", "8А", "8A", "\ud7ff", "a,b", '"', "²", "٣", "true", "NaN", "1e9", "\x00",
)  # fmt: skip
"""What may stand in a cell, ids of other rows among it."""
READING = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
BRINGING = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A school that is only compared with, never written to."""
    folder = tmp_path_factory.mktemp("fuzz")
    with tiny_school("sqlite", folder, build=False, clock=Clock(NOON)) as made:
        yield made.school


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A school that all examples are stored in, one after another."""
    folder = tmp_path_factory.mktemp("written")
    with tiny_school("sqlite", folder, build=False, clock=Clock(NOON)) as made:
        yield made.school


@st.composite
def spoiled_tables(draw: st.DrawFn, files: dict[str, bytes]) -> dict[str, bytes]:
    """Answer CSV files with cells replaced, rows doubled, dropped or swapped between files, or bytes overwritten."""
    found = dict(files)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(found)))
        text = found[name].decode("utf-8", "replace").splitlines()
        how = draw(st.sampled_from(("cell", "cell", "row", "double", "drop", "bytes", "lose")))
        place = draw(st.integers(0, max(0, len(text) - 1)))
        if how == "lose" or not text:
            del found[name]
            if not found:
                return {name: b"x"}
            continue
        if how == "bytes":
            at = draw(st.integers(0, len(found[name])))
            found[name] = found[name][:at] + draw(st.binary(max_size=6)) + found[name][at + draw(st.integers(0, 9)) :]
            continue
        if how == "cell":
            cells = text[place].split(",")
            cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(NASTY))
            text[place] = ",".join(cells)
        elif how == "row":
            text[place] = ",".join(draw(st.lists(st.sampled_from(NASTY), max_size=12)))
        elif how == "double":
            text.insert(place, text[place])
        else:
            del text[place]
        found[name] = "\n".join(text).encode("utf-8", "replace")
    return found


def is_a_sentence(refused: ImportRefused) -> None:
    """Assert that a person can read it."""
    assert str(refused).endswith((".", ".)", ")."))
    assert "Traceback" not in str(refused)


def complete(roster: Roster) -> None:
    """Assert what holds of every roster that a reader answers."""
    for things in (roster.subjects, roster.staff, roster.classes, roster.pupils, roster.groups, roster.guardians):
        keys = [each.key for each in things]
        assert len(keys) == len(set(keys))
    assert all(each.reason for each in roster.refusals)


def read_or_refuse(files: dict[str, bytes]) -> Roster | None:
    """Answer the roster of OneRoster files, None for one that is refused with a sentence."""
    try:
        roster = read_oneroster(files)
    except ImportRefused as refused:
        is_a_sentence(refused)
        return None
    complete(roster)
    return roster


@READING
@given(st.binary(max_size=400))
@example(b"PK\x05\x06" + b"\x00" * 18)
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
@example("Фамилия;Имя;Класс\n".encode() + b'"' * 50)
def test_any_bytes_are_a_roster_or_refused_with_a_sentence(content: bytes) -> None:
    read_or_refuse({"users.csv": content})
    for read in (
        lambda: csv_members(content, "a.zip"),
        lambda: complete(read_roster({"a.csv": content})),
    ):
        try:
            read()
        except ImportRefused as refused:
            is_a_sentence(refused)


@READING
@given(spoiled_tables(oneroster()))
def test_a_spoiled_oneroster_export_is_read_or_refused(files: dict[str, bytes]) -> None:
    read_or_refuse(files)


def real() -> dict[str, bytes]:
    """Answer the files of the real zip."""
    path = real_file("roster/oneroster-1.1-full.zip")
    return csv_members(path.read_bytes(), path.name)


def test_the_real_export_spoiled_is_read_or_refused_and_compared(school: School) -> None:
    @BRINGING
    @given(spoiled_tables(real()))
    def check(files: dict[str, bytes]) -> None:
        compare(school, files)

    check()


def compare(school: School, files: dict[str, bytes]) -> None:
    """Rehearse an import."""
    roster = read_or_refuse(files)
    if roster is None:
        return
    try:
        report = bringing(school, roster, digest_of(files)).report()
    except ImportRefused as refused:
        is_a_sentence(refused)
        return
    assert report.refused == len(report.refusals)


@BRINGING
@given(files=spoiled_tables(oneroster()))
def test_what_is_brought_twice_changes_nothing_the_second_time(written: School, files: dict[str, bytes]) -> None:
    roster = read_or_refuse(files)
    if roster is None:
        return
    try:
        bringing(written, roster, digest_of(files)).apply()
    except ImportRefused as refused:
        is_a_sentence(refused)
        return
    again = bringing(written, roster, digest_of(files)).report()
    assert again.state == "unchanged", again.differences


@st.composite
def spoiled_workbooks(draw: st.DrawFn, content: bytes) -> bytes:
    """Answer a workbook with bytes overwritten in one of its parts, or in the zip."""
    if draw(st.booleans()):
        at = draw(st.integers(0, len(content)))
        return content[:at] + draw(st.binary(max_size=8)) + content[at + draw(st.integers(0, 40)) :]
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        members = old.infolist()
        spoiled = draw(st.integers(0, len(members) - 1))
        for number, member in enumerate(members):
            part = old.read(member)
            if number == spoiled:
                at = draw(st.integers(0, len(part)))
                part = part[:at] + draw(st.binary(max_size=8)) + part[at + draw(st.integers(0, 40)) :]
            new.writestr(member.filename, part)
    return out.getvalue()


@READING
@given(spoiled_workbooks(template(list(LISTS), "xlsx")))
def test_a_spoiled_workbook_is_read_or_refused(content: bytes) -> None:
    try:
        complete(read_roster({"a.xlsx": content}))
    except ImportRefused as refused:
        is_a_sentence(refused)


LINES = st.lists(
    st.lists(st.sampled_from((*NASTY, "5А", "Ежов", "Егор", "Математика", "мать", "3")), max_size=9), max_size=6
)


@BRINGING
@given(kind=st.sampled_from(sorted(LISTS)), rows=LINES)
def test_lists_of_anything_are_compared_with_the_school(school: School, kind: str, rows: list[list[str]]) -> None:
    head = ";".join(column.heading for shape in LISTS.values() if shape.kind == kind for column in shape.columns)
    text = "\n".join([head, *(";".join(cell.replace(";", "") for cell in row) for row in rows)])
    files = {"список.csv": text.encode("utf-8", "replace")}
    try:
        roster = read_roster(files)
        complete(roster)
        bringing(school, roster, digest_of(files)).report()
    except ImportRefused as refused:
        is_a_sentence(refused)
