"""The only composition root: everything a process needs for one school, put together in one place."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from ejd.access import keys, postgres_keys, sqlite_keys
from ejd.access.ledger import ErasureLedger
from ejd.access.passwords import Cost, Hasher
from ejd.access.secrets import Purpose, body_hash, create_master_key
from ejd.access.vault import Vault, VaultFactory
from ejd.handling.authentication import Authentication
from ejd.handling.handler import Handler
from ejd.handling.states import States
from ejd.history.dependents import DependentsSearch
from ejd.history.unfinished import UnfinishedCount
from ejd.jobs.erasing import Erasing, drop_uploads
from ejd.jobs.running import Job, Jobs
from ejd.kernel.events import CATALOGUE
from ejd.notices.readiness import ReadinessReminders
from ejd.notices.reminders import OpenDependents
from ejd.notices.retractions import Retractions
from ejd.read.feeder import Feeder
from ejd.read.folding import Folding, nothing_to_close
from ejd.read.model import ReadModel
from ejd.read.rebuild import Workshop, rebuild_where_built
from ejd.read.writing import Feed
from ejd.signing.factors import SecondFactors
from ejd.signing.guessing import Guessing
from ejd.signing.names import NamesInReports
from ejd.signing.service import Signing
from ejd.store import postgres, sqlite
from ejd.store.roles import provision
from ejd_commands.catalogue import catalogue
from ejd_projections import all_projections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ejd.kernel.command import Command
    from ejd.settings import Settings
    from ejd.store.base import BaseStore
    from ejd.store.looks import Looks
    from ejd.store.outbox import Outbox


class NotInitialisedError(Exception):
    """There is no school at that place."""


@dataclass(frozen=True)
class School:
    """One school in one process; close it when done."""

    settings: Settings
    store: BaseStore
    vault: Vault
    states: States
    handler: Handler
    authentication: Authentication
    signing: Signing
    commands: Mapping[str, type[Command]]
    read: ReadModel
    feeder: Feeder
    outbox: Outbox
    looks: Looks
    jobs: Jobs
    workshop: Workshop
    erasing: Erasing
    clock: Callable[[], int]

    def close(self) -> None:
        """Stop feeding, finish appending, then close."""
        self.jobs.stop()
        self.feeder.stop()
        self.store.close()
        self.read.close()
        self.vault.close()


def system_clock() -> int:
    """Answer the time in microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def open_event_store(settings: Settings, random_bytes: Callable[[int], bytes] = os.urandom) -> BaseStore:
    """Open the events of a school that `initialise` has made; raises NotInitialisedError."""
    if settings.database_url is not None:
        return postgres.open_store(settings.database_url, settings.school, random_bytes=random_bytes)
    if not (settings.data_dir / sqlite.FILE_NAME).is_file():
        msg = f"there is no school in {settings.data_dir}: make one with `ejd init`, or name its folder in EJD_DATA_DIR"
        raise NotInitialisedError(msg)
    return sqlite.open_store(settings.data_dir, random_bytes=random_bytes)


def vault_factory(settings: Settings) -> VaultFactory:
    """Answer how to open the school's vault, in this process or another."""
    place: keys.KeyPlace
    if settings.database_url is not None:
        place = postgres_keys.PostgresKeyPlace(settings.database_url, settings.school)
    else:
        place = sqlite_keys.SqliteKeyPlace(settings.data_dir / "keys.db")
    return VaultFactory(settings.master_key_path, place)


def make_folding(settings: Settings) -> Folding:
    """Open a vault and put all projections together; for a rebuild, which closes it, perhaps in another process."""
    vault = vault_factory(settings).open()
    return folding_with(vault, close=vault.close)


def folding_with(vault: Vault, *, close: Callable[[], None] = nothing_to_close) -> Folding:
    """Put all projections together with the service that unseals; `close` closes the vault when it is nobody else's."""
    return Folding(
        all_projections(),
        CATALOGUE,
        unseal=lambda sealed, field, at: vault.unseal(sealed, field=field, at=at),
        close=close,
    )


def initialise(settings: Settings, *, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
    """Make the places of a school: master key, key store, event store. Repeatable; nothing is overwritten."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not settings.master_key_path.exists():
        if settings.database_url is None and (settings.data_dir / "keys.db").exists():
            msg = f"{settings.master_key_path} is missing, yet keys are here that it opens: restore it from its copy"
            raise NotInitialisedError(msg)
        settings.master_key_path.parent.mkdir(parents=True, exist_ok=True)
        create_master_key(settings.master_key_path, random_bytes)
    if settings.database_url is None:
        sqlite_keys.provision_sqlite(settings.data_dir / "keys.db")
        sqlite.open_store(settings.data_dir, random_bytes=random_bytes).close()
        return
    if settings.owner_database_url is None:
        msg = "tables are made by their owner: give that role's address in EJD_OWNER_DATABASE_URL"
        raise NotInitialisedError(msg)
    role = psycopg.conninfo.conninfo_to_dict(settings.database_url).get("user")
    if not role:
        msg = "EJD_DATABASE_URL names no role: put the service's role in it (postgresql://role@…)"
        raise NotInitialisedError(msg)
    provision(settings.owner_database_url, settings.school, str(role))
    with psycopg.connect(settings.owner_database_url) as connection:
        postgres_keys.provision_postgres(connection, school=settings.school, service_role=str(role))
        connection.execute(
            sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
                sql.Identifier(connection.info.dbname), sql.Identifier(str(role))
            )
        )


def open_school(
    settings: Settings,
    *,
    clock: Callable[[], int] = system_clock,
    random_bytes: Callable[[int], bytes] = os.urandom,
    hash_cost: Cost | None = None,
) -> School:
    """Open an initialised school; the feeder is not started. Raises NotInitialisedError, MasterKeyError, StoreError.

    `hash_cost` of passwords is for tests, which hash many.
    """
    store = open_event_store(settings, random_bytes)
    try:
        vault = vault_factory(settings).open(random_bytes=random_bytes)
    except BaseException:
        store.close()
        raise
    folding = folding_with(vault)
    if settings.database_url is not None:
        model = ReadModel.on_postgres(settings.database_url, settings.school, folding)
    else:
        model = ReadModel.on_sqlite(settings.data_dir, folding)
    states = States(
        store, CATALOGUE, dependents=DependentsSearch(store, model), unfinished=UnfinishedCount(store, model)
    )
    workshop = Workshop(partial(open_event_store, settings), partial(make_folding, settings))
    erasing = Erasing(
        states,
        vault,
        ErasureLedger(settings.erasure_ledger_path),
        rebuild=partial(rebuild_where_built, model, workshop),
        drop_old=model.drop_old,
        shut_out=store.forget_signing_in,
        clear_uploads=partial(drop_uploads, settings.data_dir / "uploads"),
        clock=clock,
    )
    handler = Handler(states, vault, clock=clock, body_hash=partial(body_hash, vault.secret(Purpose.HASH_BODIES)))
    authentication = Authentication(states, store.signing_in, clock=clock)
    signing = Signing(
        handler,
        authentication,
        store.signing_in,
        store.outbox,
        Guessing(store.signing_in, clock=clock, key=vault.secret(Purpose.COUNT_GUESSES)),
        Hasher(hash_cost),
        clock,
        random_bytes,
        vault.secret(Purpose.DIGEST_CODES),
        SecondFactors(
            store.factors, clock, random_bytes, vault.secret(Purpose.SEAL_FACTORS), vault.secret(Purpose.DIGEST_CODES)
        ),
        NamesInReports(model),
    )
    return School(
        settings=settings,
        store=store,
        vault=vault,
        states=states,
        handler=handler,
        authentication=authentication,
        signing=signing,
        commands=catalogue(),
        read=model,
        feeder=Feeder(model, Feed(folding, store)),
        outbox=store.outbox,
        looks=store.looks,
        jobs=Jobs(
            model.place,
            [
                *_timetable(settings, states, model, store.outbox, clock),
                Job("erasures", 5, erasing.run),
            ],
        ),
        workshop=workshop,
        erasing=erasing,
        clock=clock,
    )


def _timetable(
    settings: Settings, states: States, model: ReadModel, outbox: Outbox, clock: Callable[[], int]
) -> list[Job]:
    """Answer everything that happens by itself."""
    retractions = Retractions(model, outbox, clock)
    reminders = OpenDependents(states, model, outbox, clock, hour=settings.reminder_hour)
    readiness = ReadinessReminders(model, outbox, clock, hour=settings.reminder_hour)
    return [
        Job("retractions", 30, retractions.run),
        Job("open-dependents", 600, reminders.run),
        Job("readiness", 600, readiness.run),
    ]


@contextmanager
def opened(settings: Settings, **services: Any) -> Iterator[School]:
    """Open a school and close it at the end."""
    school = open_school(settings, **services)
    try:
        yield school
    finally:
        school.close()
