"""A real school on each database, brought to a state by storing a world's events as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest
from psycopg import sql

from ejd.app import School, initialise, open_school
from ejd.kernel.envelope import CommandRecord, Commit, NewEvent, Ref, Scope
from ejd.kernel.event import Event, encode
from ejd.kernel.sealed import Sealed
from ejd.settings import Settings
from tests.postgres import PostgresDatabase
from tests.scenario import World, uid

SERVICE_ROLE = "ejd_service_handling"
NOON = int(datetime(2025, 10, 6, 12, tzinfo=ZoneInfo("Europe/Moscow")).timestamp()) * 1_000_000


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Where an initialised school is, on either database."""
    if request.param == "sqlite":
        settings = Settings(data_dir=tmp_path / "school")
        initialise(settings)
        yield settings
        return
    database: PostgresDatabase = request.getfixturevalue("postgres_database")
    create_service_role(database)
    settings = Settings(
        data_dir=tmp_path / "school",
        database_url=database.dsn_as(SERVICE_ROLE),
        owner_database_url=database.dsn,
        school="school7",
    )
    initialise(settings)
    yield settings


@pytest.fixture
def school(settings: Settings) -> Iterator[School]:
    """The school, empty; its clock stands at noon of `worlds.TODAY`."""
    school = open_school(settings, clock=lambda: NOON)
    yield school
    school.close()


def create_service_role(database: PostgresDatabase) -> str:
    """Make the role that the service has in tests, once in a server; roles are the server's, not the database's."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SERVICE_ROLE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(SERVICE_ROLE)))
    return SERVICE_ROLE


def resealed(school: School, event: Event, at: Ref) -> Event:
    """Answer a world's event with its texts really sealed; a world's own seal is the clear text."""
    boxes = {
        field: school.vault.seal(
            value.person, value.box.decode(), field=f"{event.stored_name.partition('/')[0]}.{field}", at=at
        )
        for field in event.__struct_fields__
        if isinstance(value := getattr(event, field), Sealed)
    }
    return msgspec.structs.replace(event, **boxes)


def resealed_world(school: School, world: Iterable[tuple[str, Event]]) -> Iterator[tuple[str, Event]]:
    """Yield a world's events sealed for the versions that they have in streams which do not exist yet."""
    versions: Counter[str] = Counter()
    for stream, event in world:
        versions[stream] += 1
        yield stream, resealed(school, event, Ref(stream, versions[stream]))


def store_world(school: School, world: World) -> None:
    """Store a world's events as one commit of nobody in particular."""
    heads: dict[str, int] = {}
    for stream, _ in world:
        heads.setdefault(stream, 0)
    command = uid(f"world of {len(world)}")
    numbers = count(1)
    school.store.append(
        Commit(
            actor=uid("nobody"),
            session=uid("session"),
            client="tests",
            recorded_at=next(numbers),
            commands=(CommandRecord(command_id=command, name="world", body_hash=b"-"),),
            events=tuple(
                NewEvent(stream=stream, name=event.stored_name, state=encode(event), command_id=command)
                for stream, event in resealed_world(school, world)
            ),
            expected=heads,
            scopes={stream: Scope(kind="") for stream in heads},
        )
    )
