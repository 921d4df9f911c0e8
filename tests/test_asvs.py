"""The table of ASVS 5.0 is whole, what it names as evidence is there, and what it says of the program's text is so."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CHAPTERS: dict[int, tuple[int, int]] = {
    1: (8, 19),
    2: (4, 7),
    3: (8, 11),
    4: (2, 8),
    5: (4, 5),
    6: (13, 22),
    7: (6, 12),
    8: (4, 3),
    9: (4, 3),
    10: (5, 24),
    11: (3, 11),
    12: (3, 6),
    13: (1, 12),
    14: (2, 7),
    15: (3, 10),
    16: (0, 16),
    17: (0, 7),
}
"""Requirements of levels 1 and 2 by chapter, counted in the standard's own table (OWASP/ASVS, 5.0.0)."""
SOURCES = sorted(path for folder in ("src", "commands", "projections") for path in (ROOT / folder).rglob("*.py"))
SECTION = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The script that writes the page."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(generator: ModuleType) -> list[Any]:
    found = generator.requirements()
    assert isinstance(found, list)
    return found


def test_every_requirement_of_levels_1_and_2_stands_there_once_in_order(rows: list[Any]) -> None:
    ids = [tuple(int(part) for part in row.id.split(".")) for row in rows]
    assert ids == sorted(set(ids))
    levels = Counter((place[0], row.level) for place, row in zip(ids, rows, strict=True))
    assert levels == Counter(
        {(chapter, str(n)): count for chapter, counts in CHAPTERS.items() for n, count in enumerate(counts, 1) if count}
    )
    assert (len(rows), sum(first for first, _ in CHAPTERS.values())) == (253, 70)


def test_each_says_how_it_stands_and_why(rows: list[Any]) -> None:
    for row in rows:
        assert row.what, row.id
        match row.state:
            case "met":
                assert row.evidence, f"{row.id}: name a test or a file"
            case "operator":
                assert any(one.startswith("docs/") or one == "run" for one in row.evidence), (
                    f"{row.id}: where is it told?"
                )
                assert row.why, row.id
            case "gap" | "none":
                assert re.fullmatch(r"[A-Z].*[.)]", row.why), f"{row.id}: say why in a sentence"
            case other:
                pytest.fail(f"{row.id}: {other!r} is no state")


def test_what_is_named_as_evidence_is_there(rows: list[Any]) -> None:
    for row in rows:
        for one in row.evidence:
            name, _, test = one.partition("::")
            name, _, section = name.partition("#")
            path = ROOT / name
            assert path.exists(), f"{row.id} names {name}"
            assert not test or test in functions_of(path), f"{row.id} names {one}"
            assert not section or section in sections_of(path), f"{row.id} names {one}"


@cache
def functions_of(path: Path) -> frozenset[str]:
    return frozenset(node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef))


@cache
def sections_of(path: Path) -> frozenset[str]:
    """Answer the names by which links find the headings of a page."""
    headings = SECTION.findall(path.read_text("utf-8"))
    return frozenset(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings)


def test_the_page_about_security_tells_the_totals(generator: ModuleType) -> None:
    text = " ".join((ROOT / "docs" / "security.md").read_text("utf-8").split())
    assert generator.totals(generator.requirements()) in text, "write this sentence into docs/security.md"


def test_the_rules_notice_what_is_wrong() -> None:
    wrong = (
        "import subprocess\nfrom urllib.request import urlopen\nimport hashlib\nhashlib.md5(b'')\nre.sub(f'{x}', '', y)"
    )
    tree = ast.parse(wrong)
    assert set(imports(tree)) & STRANGERS == {"subprocess", "urllib.request"}
    assert set(attributes(tree, "hashlib")) == {"md5"}
    assert [one for one in expressions(tree) if not is_constant(one)]


STRANGERS = frozenset(
    {
        *("subprocess", "pty", "ctypes", "code", "codeop"),
        *("pickle", "marshal", "shelve", "dill", "yaml"),
        *("urllib.request", "http.client", "ftplib", "smtplib", "imaplib", "telnetlib", "xmlrpc.client", "webbrowser"),
        *("requests", "httpx", "httpx2", "aiohttp", "urllib3"),
        *("jinja2", "mako", "ldap3", "lxml"),
    }
)
"""Modules that start programs, run what they read, or ask other machines."""
DANGEROUS = frozenset({"eval", "exec", "compile", "__import__"})
HASHES = {"sha256": (), "blake2b": ("src/ejd/read/postgres.py",), "sha1": ("src/ejd/kernel/ids.py",)}
"""With the only files that may use it: blake2b makes the number of a lock, SHA-1 a UUID 5 of a name, no secrets."""
EXPRESSIONS = frozenset({"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"})


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in SOURCES:
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def attributes(tree: ast.Module, module: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module:
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (one.name for one in node.names)


def expressions(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield what is given to the module of regular expressions as an expression."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[first, *_]) if (
                name in EXPRESSIONS
            ):
                yield first


def is_constant(node: ast.expr) -> bool:
    """Say whether an expression is made of constants of the program's text only."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper()
        case ast.JoinedStr(values=parts):
            return all(is_constant(part) for part in parts)
        case ast.FormattedValue(value=value):
            return is_constant(value)
        case ast.BinOp(left=left, right=right):
            return is_constant(left) and is_constant(right)
        case _:
            return False


def test_the_program_starts_nothing_and_asks_nobody() -> None:
    for path, tree in trees():
        assert set(imports(tree)) & STRANGERS == set(), path
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert called & DANGEROUS == set(), path
        assert not set(attributes(tree, "os")) & {"system", "popen", "execv", "execve", "spawnv"}, path


def test_no_regular_expression_is_made_of_what_is_sent() -> None:
    found = 0
    for path, tree in trees():
        for one in expressions(tree):
            found += 1
            assert is_constant(one), f"{path}:{one.lineno}: {ast.unparse(one)}"
    assert found > 20


def test_no_weak_hash_is_used() -> None:
    """What is secret is made by os.urandom; `random` is for the demo, which tells a story of nobody."""
    for path, tree in trees():
        for name in attributes(tree, "hashlib"):
            assert name in HASHES, f"{path} uses {name}"
            assert path in (HASHES[name] or (path,)), f"{path} uses {name}"
        if not path.startswith("src/ejd/demo/"):
            assert "random" not in set(imports(tree)), path
