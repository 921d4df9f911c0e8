"""Mutation testing of the rules of breaches and of the regulation: `./run mutants [WORD …]`, docs/mutants.md.

mutmut changes one thing in one rule and runs the tests that come by it; a mutant that no test notices survived. This
script gives mutmut our three source folders as the one that it knows, opens properties to it, and counts by file.
"""

from __future__ import annotations

import ast
import fnmatch
import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst
from mutmut.__main__ import _run
from mutmut.configuration import reset_config
from mutmut.mutation import mutators
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.workers import isolation

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "var" / "mutants"
PACKAGES = ("src/ejd", "commands/ejd_commands", "projections/ejd_projections")
TESTS = ("tests/kernel", "tests/commands")
LEAST_KILLED = 95
"""Per cent of a file's mutants; what may survive is named in docs/mutants.md."""
PROCESSES = 2

RULES: dict[str, tuple[str, ...]] = {
    "ejd/kernel/access.py": ("*",),
    "ejd/kernel/void.py": ("*",),
    "ejd/kernel/voiding.py": ("*",),
    "ejd/kernel/dependents.py": ("*",),
    "ejd/kernel/breach_rights.py": ("*",),
    "ejd/kernel/states/breaches.py": ("*",),
    "ejd/kernel/states/corrections.py": ("*",),
    "ejd/kernel/states/access.py": ("*AccountState*",),
    "ejd/kernel/states/school.py": ("*YearStateǁis_closed*", "*SchoolStateǁregulation_on*"),
    "ejd/kernel/rights.py": ("*Approves*", "*AskedForIt*", "*is_the_same_person*", "*same*", "*decider*"),
    "ejd/kernel/policies.py": ("*deadline*",),
    "ejd_commands/breaches.py": ("*",),
    "ejd_commands/breach_ends.py": ("*",),
    "ejd_commands/invalidations.py": ("*",),
    "ejd_commands/windows.py": ("*",),
    "ejd_commands/corrections.py": ("*",),
    "ejd_commands/closing.py": ("*",),
}
"""Which functions of which files are rules of breaches and of the regulation."""


@dataclass
class Count:
    """What became of the mutants of one file."""

    killed: int = 0
    survived: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Answer the per cent that was noticed."""
        total = self.killed + len(self.survived)
        return 100 * self.killed / total if total else 0.0


def codes_only(node: cst.BaseString) -> Iterator[cst.BaseString]:
    """Spoil the words that programs read; the sentence of a refusal is for people, and is not tested by letters."""
    if isinstance(node, cst.SimpleString) and " " not in node.value:
        yield from itertools.islice(mutators.operator_string(node), 1)


def dropped(node: cst.Expr) -> Iterator[cst.Pass]:
    """Leave a whole call or a decided event out: a check that is not made, a token that is not ended."""
    if isinstance(node.value, cst.Call | cst.Yield):
        yield cst.Pass()


def let_through(node: cst.Raise) -> Iterator[cst.Pass]:
    """Refuse nothing."""
    yield cst.Pass()


def turned(node: cst.If | cst.CompIf) -> Iterator[cst.If | cst.CompIf]:
    """Turn a condition round."""
    inner = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), inner))


def operators() -> None:
    """Put our operators beside mutmut's own; those of strings take the place of its one."""
    known = [
        (kind, codes_only if operator is mutators.operator_string else operator)
        for kind, operator in mutators.mutation_operators
    ]
    ours = [(cst.Expr, dropped), (cst.Raise, let_through), (cst.If, turned), (cst.CompIf, turned)]
    assert isinstance(mutators.mutation_operators, list)
    assert (cst.BaseString, codes_only) in known, "mutmut mutates strings in another way now"
    mutators.mutation_operators[:] = [*known, *ours]


def by_processor_time() -> None:
    """Leave endless mutants to the kernel's limit of processor time.

    mutmut's own clock signals numbers of processes long after they have ended, when they may be somebody else's.
    """
    assert "register_timeout" in vars(isolation)
    vars(isolation)["register_timeout"] = lambda pid, timeout_s: None


def opened(source: str) -> str:
    """Write properties as functions that become properties in the next line: mutmut leaves decorated ones alone."""
    lines = source.splitlines(keepends=True)
    properties = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and [one.id for one in node.decorator_list if isinstance(one, ast.Name)] == ["property"]
    ]
    for node in sorted(properties, key=lambda one: one.lineno, reverse=True):
        assert node.end_lineno is not None
        lines.insert(node.end_lineno, f"{' ' * node.col_offset}{node.name} = property({node.name})\n")
        del lines[node.decorator_list[0].lineno - 1]
    return "".join(lines)


def prepare() -> None:
    """Copy sources and tests to the working folder, anew."""
    shutil.rmtree(WORK, ignore_errors=True)
    no_caches = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, WORK / "src" / Path(package).name, ignore=no_caches)
    for folder in TESTS:
        shutil.copytree(ROOT / folder, WORK / folder, ignore=no_caches)
    for module in (ROOT / "tests").glob("*.py"):
        if not module.name.startswith("test_"):
            shutil.copy(module, WORK / "tests")
    for path in RULES:
        file = WORK / "src" / path
        file.write_text(opened(file.read_text()))
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/{path}" for path in RULES],
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
        "pytest_add_cli_args_test_selection": list(TESTS),
        "use_git_change_detection": False,
    }
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    (WORK / "pyproject.toml").write_text(f"{(ROOT / 'pyproject.toml').read_text()}\n[tool.mutmut]\n{lines}")


def names(words: Iterable[str]) -> list[str]:
    """Answer the globs of the mutants that are meant: in files with one of the words in their path, or in all."""
    chosen = tuple(words) or ("",)
    return [
        f"{path.removesuffix('.py').replace('/', '.')}.{glob}"
        for path, globs in RULES.items()
        if any(word in path for word in chosen)
        for glob in globs
    ]


def counted(wanted: Iterable[str]) -> dict[str, Count]:
    """Read what mutmut found, file by file."""
    wanted = list(wanted)
    counts: dict[str, Count] = {}
    for path in RULES:
        results = json.loads((WORK / "mutants" / "src" / f"{path}.meta").read_text())["exit_code_by_key"]
        for name, code in results.items():
            if any(fnmatch.fnmatch(name, one) for one in wanted):
                count = counts.setdefault(path, Count())
                if status_by_exit_code[code] in {"killed", "timeout"}:
                    count.killed += 1
                else:
                    count.survived.append(name)
    return counts


def main(arguments: list[str]) -> int:
    """Make the mutants, run the tests on them, print the table and the survivors; 1 below LEAST_KILLED in a file."""
    began = time.monotonic()
    wanted = names(arguments)
    if not wanted:
        print(f"no file of rules has these words in its path; there are {', '.join(RULES)}")
        return 2
    prepare()
    operators()
    by_processor_time()
    os.chdir(WORK)
    reset_config()
    _run(wanted, PROCESSES)
    counts = counted(wanted)
    for path, count in counts.items():
        for name in count.survived:
            print(f"\nsurvived: {name}\n{get_diff_for_mutant(name, path=f'src/{path}')}")
    print("\n| file | mutants | killed | survived | killed, % |\n|---|---:|---:|---:|---:|")
    for path, count in counts.items():
        survived = len(count.survived)
        print(f"| `{path}` | {count.killed + survived} | {count.killed} | {survived} | {count.share:.1f} |")
    print(f"\n{time.monotonic() - began:.0f} s")
    low = [path for path, count in counts.items() if count.share < LEAST_KILLED]
    if low:
        print(f"below {LEAST_KILLED} %: {', '.join(low)}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
