"""Where the machine plays: the small school of `tests.histories` on a real database, with tokens and spare deciders.

A place is prepared once for each cycle and copied for each run: SQLite by its folder, PostgreSQL by its template.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from ejd.access.secrets import new_token
from ejd.app import School, initialise, opened
from ejd.kernel.envelope import CommandRecord, Commit, NewEvent, Scope
from ejd.kernel.event import encode
from ejd.kernel.events import accounts as a
from ejd.read.rebuild import ensure_built
from ejd.settings import Settings
from tests import histories as h
from tests import worlds as w
from tests.handling.conftest import create_service_role, resealed_world
from tests.postgres import PostgresDatabase, PostgresServer, database
from tests.scenario import World, uid
from tests.schools import microseconds

DEPUTY_2, DEPUTY_2_STAFF = uid("account deputy 2"), uid("staff deputy 2")
SUPPORT_2 = uid("account support 2")
PEOPLE = {
    w.HEAD: "head",
    w.DEPUTY: "deputy",
    DEPUTY_2: "deputy-2",
    w.SUPPORT: "support",
    SUPPORT_2: "support-2",
    w.ADA: "ada",
    w.BORIS: "boris",
    w.PARENT: "olga",
}
"""Accounts that act, with their logins."""
TOKEN_DAYS = 300
EXPIRES_AT = microseconds(h.FIRST_CLOCK + timedelta(days=TOKEN_DAYS))
Clock = Callable[[], int]
Open = Callable[[str, Clock], AbstractContextManager[School]]
"""Gives a fresh copy of the school with a cycle, under a clock in microseconds since 1970 UTC."""


class Held(NamedTuple):
    """A token as its owner keeps it: public id, and the whole text."""

    token: str
    text: str
    digest: str


def token_of(words: str) -> Held:
    """Answer the same token for the same words."""
    made = new_token(lambda size: sha256(f"{words} {size}".encode()).digest()[:size])
    return Held(made.token_id, made.text, made.digest)


def owners_token(account: str) -> Held:
    """The token that an account has from the beginning."""
    return token_of(f"of {PEOPLE[account]}")


def _issued(account: str) -> tuple[str, a.TokenIssued]:
    made = owners_token(account)
    return account, a.TokenIssued(token=made.token, digest=made.digest, client="tests", expires_at=EXPIRES_AT)


def the_school(cycle: str) -> World:
    """The small school, a second deputy head, a second support, and a token for everybody who acts."""
    return (
        *h.a_small_school(cycle),
        w.staff(DEPUTY_2_STAFF, "Ежова", "Елена", "заместитель директора"),
        *w.account(DEPUTY_2, "deputy-2", "deputy-head", DEPUTY_2_STAFF),
        *w.account(SUPPORT_2, "support-2", "support"),
        *(_issued(account) for account in PEOPLE),
    )


def store(school: School, world: World) -> None:
    """Store the world a week before the clock begins, one command for each event, with its unique keys."""
    heads: dict[str, int] = {}
    events, keys = [], {}
    for number, (stream, event) in enumerate(resealed_world(school, world)):
        heads.setdefault(stream, 0)
        command = uid(f"world {number}")
        state = encode(event)
        events.append(NewEvent(stream=stream, name=event.stored_name, state=state, command_id=command))
        if isinstance(event, a.TokenIssued):
            keys[f"token/{event.token}"] = stream
    school.store.append(
        Commit(
            actor=uid("nobody"),
            session=uid("session"),
            client="tests",
            recorded_at=microseconds(h.FIRST_CLOCK - timedelta(days=7)),
            commands=tuple(CommandRecord(command_id=one.command_id, name="world", body_hash=b"-") for one in events),
            events=tuple(events),
            expected=heads,
            scopes={stream: Scope(kind="") for stream in heads},
            reserve=keys,
        )
    )


def _prepare(settings: Settings, cycle: str) -> None:
    initialise(settings)
    with opened(settings, clock=lambda: microseconds(h.FIRST_CLOCK)) as school:
        store(school, the_school(cycle))
        ensure_built(school.read, school.workshop, processes=1)


def on_sqlite(folder: Path) -> Open:
    """Answer how to get a school in a folder of its own below this one."""

    @cache
    def prepared(cycle: str) -> Path:
        place = folder / f"prepared {CYCLES.index(cycle)}"
        _prepare(Settings(data_dir=place), cycle)
        return place

    @contextmanager
    def open_copy(cycle: str, clock: Clock) -> Iterator[School]:
        place = folder / "played"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(prepared(cycle), place)
        with opened(Settings(data_dir=place), clock=clock) as school:
            yield school

    return open_copy


def _grant(fresh: PostgresDatabase) -> None:
    """Let the service make generations: rights on a database do not come with its template."""
    role, name = sql.Identifier(create_service_role(fresh)), sql.Identifier(fresh.name)
    with psycopg.connect(fresh.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(name, role))


def on_postgres(server: PostgresServer, folder: Path) -> Open:
    """Answer how to get a school in a database of its own on a server."""

    def settings(fresh: PostgresDatabase, cycle: str) -> Settings:
        return Settings(
            data_dir=folder / f"prepared {CYCLES.index(cycle)}",
            database_url=fresh.dsn_as(create_service_role(fresh)),
            owner_database_url=fresh.dsn,
        )

    @cache
    def prepared(cycle: str) -> PostgresDatabase:
        fresh = server.create_database(server.new_name("played"))
        _prepare(settings(fresh, cycle), cycle)
        return fresh

    @contextmanager
    def open_copy(cycle: str, clock: Clock) -> Iterator[School]:
        template = prepared(cycle)
        with database(server, template.name) as fresh:
            _grant(fresh)
            with opened(settings(fresh, cycle), clock=clock) as school:
                yield school

    return open_copy


CYCLES = h.CYCLES
