"""Verbs for the master key: exchange it while the service runs, check that every key opens."""

from __future__ import annotations

import os
import time

import typer

from ejd.access import rotation
from ejd.access.ring import NEXT, OLD, MasterKeys
from ejd.app import vault_factory
from ejd.cli.parts import Unusable, app, out
from ejd.settings import Settings

PAUSE_SECONDS = 1.0
"""Longer than anybody takes from looking at the key file to storing a key wrapped under it."""
BROKEN_SHOWN_MAX = 20

keys = typer.Typer(no_args_is_help=True, help="The master key: `ejd keys check`, `ejd keys rotate`.")
app.add_typer(keys, name="keys")


@keys.command()
def check() -> None:
    """Open every person's key, and say under which master key how many are wrapped. Exit code 1: some do not open."""
    settings = Settings()
    masters = MasterKeys(settings.master_key_path)
    table = vault_factory(settings).keys.open()
    try:
        found = rotation.check(table, masters)
    finally:
        table.close()
    current = masters.current().id.hex()
    for name, count in sorted(found.by_master.items()):
        out.print(f"master key {name}{' (the present one)' if name == current else ''}: {count} keys", markup=False)
    others = sum(found.by_master.values()) - found.by_master.get(current, 0)
    out.print(
        "no other master key is needed" if not others else f"{others} keys need another one: run `ejd keys rotate`"
    )
    if found.broken:
        shown = ", ".join(found.broken[:BROKEN_SHOWN_MAX])
        raise Unusable(f"{len(found.broken)} keys do not open: restore them or their master key ({shown})")


@keys.command()
def rotate() -> None:
    """Wrap every key under a new master key and make it the present one; the service may run. Killed, it goes on."""
    settings = Settings()
    path = settings.master_key_path
    masters = MasterKeys(path)
    factory = vault_factory(settings)
    with factory.open() as vault:
        vault.keep_secrets()
    table = factory.keys.open()
    try:
        done = rotation.rotate(
            table,
            masters,
            random_bytes=os.urandom,
            pause=lambda: time.sleep(PAUSE_SECONDS),
            progress=lambda count: out.print(f"{count} keys wrapped anew"),
        )
    finally:
        table.close()
    if not done.exchanged:
        out.print(
            f"{done.keys} keys are wrapped under {path.name}{NEXT}. Give it to the service as {path.name} now, the old "
            f"one as {path.name}{OLD}, then run `ejd keys rotate` once more"
        )
        return
    out.print(
        f"{done.keys} keys are wrapped under the new master key {masters.current().id.hex()} in {path}. Keep a copy of "
        f"it, and {path.name}{OLD} with the backups made before today: nothing else needs it"
    )
