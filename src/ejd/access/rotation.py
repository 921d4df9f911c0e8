"""Exchanging the master key while the service runs: every wrapped key is wrapped anew, the files change their names.

Stopped or killed at any moment it goes on where it was: what is to be done is read from files and rows.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ejd.access.keys import KeyNotOpenedError, KeyRow, key_in, wrap, wrapped_under
from ejd.access.ring import NEXT, OLD, MasterKey, MasterKeys
from ejd.access.secrets import create_master_key, make_entry_durable

if TYPE_CHECKING:
    from ejd.access.keys import KeyTable
    from ejd.access.secrets import RandomBytes

BATCH_KEYS_MAX: Final = 1_000
SWEEPS_MAX: Final = 20
"""Each takes in what others wrapped under the old key meanwhile; they look at the file before each new key."""

Progress = Callable[[int], None]
"""Takes how many keys were wrapped anew so far."""


class Rotated(NamedTuple):
    """What a rotation did: keys wrapped anew, and whether the key files were exchanged (else somebody else does it)."""

    keys: int
    exchanged: bool


class Checked(NamedTuple):
    """How many keys there are by the id of the master key that wraps them, and whose do not open."""

    by_master: dict[str, int]
    broken: list[str]


def rotate(
    table: KeyTable,
    masters: MasterKeys,
    *,
    random_bytes: RandomBytes,
    pause: Callable[[], None],
    progress: Progress = lambda _: None,
) -> Rotated:
    """Wrap everything under a new master key and make it the present one.

    A rotation that was begun is finished; where there is none to finish, a new key is made. In a folder that cannot be
    written (systemd credentials) a `.next` that is there is used, and exchanging the files is left to who gave them.
    """
    done = 0
    following = masters.next()
    if following is None and _strangers(table, masters.current()):  # stopped after the exchange
        return Rotated(_sweep(table, masters, random_bytes, pause, progress), exchanged=True)
    if following is None:
        path = masters.path.with_name(masters.path.name + NEXT)
        create_master_key(path, random_bytes)
        following = masters.next()
        assert following is not None, "it was made just now"  # noqa: S101 - invariant
    done += wrap_all(table, masters, following, random_bytes, progress)
    if not os.access(masters.path.parent, os.W_OK):
        return Rotated(done, exchanged=False)
    exchange(masters.path)
    done += _sweep(table, masters, random_bytes, pause, progress)
    return Rotated(done, exchanged=True)


def _strangers(table: KeyTable, master: MasterKey) -> bool:
    """Say whether any key is wrapped under another master key."""
    after = ""
    while rows := table.page(after, BATCH_KEYS_MAX):
        after = rows[-1].person
        if not all(wrapped_under(row, master) for row in rows):
            return True
    return False


def _sweep(
    table: KeyTable, masters: MasterKeys, random_bytes: RandomBytes, pause: Callable[[], None], progress: Progress
) -> int:
    """Wrap what others still wrapped under the key before, until a look after a pause finds nothing."""
    done = 0
    for _ in range(SWEEPS_MAX):
        found = wrap_all(table, masters, masters.current(), random_bytes, progress)
        done += found
        pause()
        if not found and not _strangers(table, masters.current()):
            break
    table.wipe()
    return done


def wrap_all(
    table: KeyTable, masters: MasterKeys, target: MasterKey, random_bytes: RandomBytes, progress: Progress
) -> int:
    """Wrap every key under one master key that is not yet, batch by batch, and answer how many were."""
    done, after = 0, ""
    while rows := table.page(after, BATCH_KEYS_MAX):
        after = rows[-1].person
        changes = []
        for row in rows:
            if not wrapped_under(row, target):
                new = wrap(target, row.person, key_in(row, masters), random_bytes)
                changes.append((row, KeyRow(row.person, new)))
        done += table.rewrap(changes)
        progress(done)
    return done


def check(table: KeyTable, masters: MasterKeys) -> Checked:
    """Open every key, and count them by the master key that wraps them."""
    counted: Counter[str] = Counter()
    broken: list[str] = []
    after = ""
    while rows := table.page(after, BATCH_KEYS_MAX):
        after = rows[-1].person
        for row in rows:
            try:
                key_in(row, masters)
            except KeyNotOpenedError:
                broken.append(row.person)
                continue
            counted[next(one.id.hex() for one in masters.all() if wrapped_under(row, one))] += 1
    return Checked(dict(counted), broken)


def exchange(path: Path) -> None:
    """Make the next key the present one and keep the one before as `.old`; each step is whole or not done."""
    following, old = path.with_name(path.name + NEXT), path.with_name(path.name + OLD)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    os.link(path, part)
    part.replace(old)
    make_entry_durable(path.parent)
    following.replace(path)
    make_entry_durable(path.parent)
