"""The breach of `tests.breach_story` on either database, and the school opened a second time as by another process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ejd.app import School, open_school
from tests.breach_story import Story
from tests.postgres import PostgresDatabase
from tests.schools import tiny_school


@pytest.fixture(params=["sqlite", "postgres"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    """The tiny school before anything happened."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database) as tiny:
        yield Story(tiny)


@pytest.fixture
def elsewhere(story: Story) -> Iterator[School]:
    """The same school in what would be another process, under the same clock."""
    school = open_school(story.tiny.settings, clock=story.tiny.clock)
    yield school
    school.close()
