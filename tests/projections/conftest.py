"""Questions are asked on both databases: `ask` folds a story and answers a connection to its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from ejd.kernel.events import CATALOGUE
from ejd.read.folding import Folding, tuples
from ejd.read.projection import StreamRows
from ejd_projections import all_projections
from tests.postgres import PostgresDatabase
from tests.projections.story import Story, open_box

Ask = Callable[[Story], sa.Connection]


@pytest.fixture(params=["sqlite", "postgres"])
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """Fold the whole story into empty tables; once in a test."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        else:
            database: PostgresDatabase = request.getfixturevalue("postgres_database")
            _, address = database.dsn.split("://", 1)
            engine = sa.create_engine(f"postgresql+psycopg://{address}", poolclass=sa.NullPool)
        stack.callback(engine.dispose)

        def fold(story: Story) -> sa.Connection:
            connection = stack.enter_context(engine.connect())
            fill(connection, story)
            return connection

        yield fold


def fill(connection: sa.Connection, story: Story) -> None:
    """Fold the whole story into empty tables."""
    folding = Folding(all_projections(), CATALOGUE, unseal=open_box)
    streams: dict[str, StreamRows] = {}
    folding.fold(story.events, streams, folding.void_versions(story.events))
    for projection in all_projections():
        projection.metadata.create_all(connection)
    for table, rows in tuples(streams.values()).items():
        if rows:
            connection.execute(table.table.insert(), [dict(zip(table.columns, row, strict=True)) for row in rows])
    connection.commit()
