"""The contract on SQLite, and what only SQLite can get wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ejd.store.sqlite import open_store
from tests.store.contract import Open, StoreContract


class TestSqliteStore(StoreContract):
    """A folder with a file."""

    @pytest.fixture
    def open_again(self, tmp_path: Path) -> Open:
        """Open the file of this test."""
        return lambda: open_store(tmp_path)
