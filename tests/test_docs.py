"""Everything that can be named is documented, links lead somewhere, and the generated pages are those of the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from ejd.kernel.events import event_classes
from ejd.settings import Settings
from ejd_commands.catalogue import catalogue
from ejd_projections import all_projections

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The script that writes the catalogues."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_catalogues_are_those_of_the_code(generator: ModuleType) -> None:
    assert generator.stale() == [], "run ./run docs"


def test_every_event_command_and_projection_is_documented() -> None:
    for thing in (*event_classes(), *catalogue().values()):
        assert thing.__doc__, f"{thing.__qualname__} has no docstring"
        assert thing.__doc__.strip().endswith((".", ")")), thing.__qualname__
    for projection in all_projections():
        for table in projection.tables:
            assert table.row.__doc__
            assert not table.row.__doc__.startswith(f"{table.row.__name__}("), f"{table.name} has no docstring"


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_backquotes_exist(page: Path) -> None:
    if "catalogues" in page.parts:
        return
    for target in re.findall(
        r"`((?:src|commands|projections|tests|docs|benchmarks)/[\w./-]+)`", page.read_text("utf-8")
    ):
        assert (ROOT / target).exists(), f"{page.name} names {target}"


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "decisions").glob("0*.md"):
        assert page.name in listed
