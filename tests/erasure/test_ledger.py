"""The erasure ledger outlives crashes, tells when somebody altered it, and repeats erasures after a restore."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ejd.access.ledger import ErasureLedger, LedgerError
from tests.cli.commanding import Ejd
from tests.cli.conftest import bare
from tests.erasure import story as s
from tests.schools import make_school

__all__ = ["bare"]

PERSONS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(3)]


def filled(path: Path) -> ErasureLedger:
    """Answer a ledger with three lines."""
    ledger = ErasureLedger(path)
    for number, person in enumerate(PERSONS):
        assert ledger.note(person=person, request=person, approved_at=number)
    return ledger


def test_a_person_stands_once_and_lines_keep_their_order(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "ledger")
    assert not ledger.note(person=PERSONS[1], request=PERSONS[0], approved_at=9)
    assert [(one.person, one.approved_at) for one in ledger.entries()] == list(zip(PERSONS, range(3), strict=True))
    assert (tmp_path / "ledger").stat().st_mode & 0o077 == 0
    assert ErasureLedger(tmp_path / "none").entries() == []


@pytest.mark.parametrize("kept_bytes", [1, 100, -1])
def test_a_line_torn_by_a_crash_is_written_again(tmp_path: Path, kept_bytes: int) -> None:
    ledger = filled(tmp_path / "ledger")
    whole = ledger.path.read_bytes()
    first_two = b"".join(whole.splitlines(keepends=True)[:2])
    torn = whole.splitlines(keepends=True)[2][:kept_bytes]
    ledger.path.write_bytes(first_two + torn)
    assert len(ledger.entries()) == 2
    assert ledger.note(person=PERSONS[2], request=PERSONS[2], approved_at=2)
    assert ledger.path.read_bytes() == whole


@pytest.mark.parametrize("change", ["alter", "take out", "garbage"])
def test_an_altered_ledger_is_refused_with_the_line(tmp_path: Path, change: str) -> None:
    ledger = filled(tmp_path / "ledger")
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    match change:
        case "alter":
            lines[1] = lines[1].replace(PERSONS[1].encode(), PERSONS[0].encode(), 1)
        case "take out":
            del lines[1]
        case _:
            lines[1] = b"{}\n"
    ledger.path.write_bytes(b"".join(lines))
    with pytest.raises(LedgerError, match="line 2 of the erasure ledger"):
        ledger.entries()


def test_the_program_finishes_lists_and_repeats_after_a_restore(bare: Ejd, tmp_path: Path) -> None:
    tiny = make_school("sqlite", tmp_path)
    s.tell(tiny)
    tiny.school.close()
    folder, backup, elsewhere = tmp_path / "school", tmp_path / "backup", tmp_path / "elsewhere.jsonl"
    shutil.copytree(folder, backup)
    with s.reopened(tiny) as open_again:
        s.approve(open_again)
    finished = bare("erasures", "finish")
    assert (finished.code, finished.out.strip()) == (0, "nothing is left to erase"), finished
    assert bare("erasures", "list").out.split()[:2] == [s.CHILD, s.REQUEST]
    shutil.copy(folder / "erasures.jsonl", elsewhere)
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)
    assert bare("erasures", "list").out == ""
    replayed = bare("erasures", "replay", str(elsewhere))
    assert (replayed.code, replayed.out.splitlines()[0]) == (0, "1 erasures were not in the ledger here"), replayed
    assert "nothing is left to erase" in replayed.out
    assert bare("erasures", "replay", str(elsewhere)).out.startswith("0 erasures")
    with s.reopened(tiny) as open_again:
        [stored] = open_again.school.store.find_events(names=["key-destroyed/1"])
        assert (stored.stream, b'"replayed":true' in stored.state) == (s.REQUEST, True)
    assert "no ledger at" in bare.fails("erasures", "replay", str(tmp_path / "nowhere"))
