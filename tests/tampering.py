"""Altering stored events as somebody would who has the database itself: with its owner's rights, past all triggers."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
from psycopg import sql

from ejd.settings import Settings

REFUSING = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"


def state_of(settings: Settings, stream: str, version: int) -> bytes:
    """Answer the stored JSON of an event."""
    where = (stream, version)
    if settings.database_url is None:
        with closing(sqlite3.connect(settings.data_dir / "events.db")) as file:
            row = file.execute(
                "SELECT state FROM events WHERE originator_id = ? AND originator_version = ?", where
            ).fetchone()
    else:
        with psycopg.connect(settings.owner_database_url or "") as owner:
            question = sql.SQL("SELECT state FROM {} WHERE originator_id = %s AND originator_version = %s")
            row = owner.execute(question.format(sql.Identifier(settings.school, "events")), where).fetchone()
    assert row is not None, "there is no such event"
    return bytes(row[0])


def alter(settings: Settings, stream: str, version: int, state: bytes) -> None:
    """Put other JSON in the place of an event's own."""
    if settings.database_url is None:
        with closing(sqlite3.connect(settings.data_dir / "events.db", timeout=10)) as file:
            triggers = file.execute(REFUSING).fetchall()
            for name, _ in triggers:
                file.execute(f"DROP TRIGGER {name}")
            changed = file.execute(
                "UPDATE events SET state = ? WHERE originator_id = ? AND originator_version = ?",
                (state, stream, version),
            ).rowcount
            for _, text in triggers:
                file.execute(text)
            file.commit()
    else:
        with psycopg.connect(settings.owner_database_url or "") as owner:
            table = sql.Identifier(settings.school, "events")
            triggers = owner.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table.as_string()]
            ).fetchall()
            owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
            statement = sql.SQL("UPDATE {} SET state = %s WHERE originator_id = %s AND originator_version = %s")
            named = statement.format(table)
            changed = owner.execute(named, (state, stream, version)).rowcount
            for [name] in triggers:
                owner.execute(sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(table, sql.Identifier(name)))
    assert changed == 1
