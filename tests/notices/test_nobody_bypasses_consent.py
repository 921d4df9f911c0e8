"""Whoever writes to the outbox says whom it is for: to a family only with what the rule of consents answered (E5)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("src", "commands", "projections")
OUTBOX = ROOT / "src/ejd/store/outbox.py"
STAFF_WRITERS = {"notices/readiness.py", "notices/reminders.py", "http/looking.py"}
"""About duties at the school, to staff."""
OWNER_WRITERS = {"signing/service.py"}
"""About the safety of the own account, to its owner."""
FAMILY_WRITERS = {"notices/retractions.py"}
VERDICT_PLACE = 4


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Answer every call of the program with the last part of the name that is called."""
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield path, node, ast.unparse(node.func).rpartition(".")[2]


def writers(name: str) -> set[str]:
    return {path.relative_to(ROOT / "src/ejd").as_posix() for path, _, called in calls() if called == name}


def test_a_notice_is_made_in_three_ways_only() -> None:
    from_outbox = {path for path, _, called in calls() if called == "Notice" and path != ROOT / BREACH_NOTICE}
    assert from_outbox == {OUTBOX}


BREACH_NOTICE = "src/ejd/http/breach_state.py"
"""Has a `Notice` of its own: what the regulator is told."""


def test_whoever_writes_is_known_to_write_to_staff_owners_or_families() -> None:
    assert writers("to_staff") <= STAFF_WRITERS
    assert writers("to_owner") == OWNER_WRITERS
    assert writers("to_family") == FAMILY_WRITERS


def test_every_notice_to_a_family_carries_what_the_rule_answered() -> None:
    """The verdict is the answer of `may`, made in the same function: neither a constant nor one of another pupil."""
    found = 0
    for path in sorted(ROOT.joinpath("src").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            asked = {
                ast.unparse(node.targets[0])
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and ast.unparse(node.value.func) == "may"
            }
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "to_family":
                    assert ast.unparse(node.args[VERDICT_PLACE]) in asked, f"{path.name}:{node.lineno}"
                    found += 1
    assert found == len(FAMILY_WRITERS)


def test_the_tables_of_the_outbox_are_written_by_the_outbox_alone() -> None:
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            if path != OUTBOX:
                assert "INSERT INTO outbox" not in path.read_text(encoding="utf-8"), path
