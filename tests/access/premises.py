"""A school as the vault sees it: a master key, a place for keys, and what a thief would find there."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ejd.access.keys import KeyPlace, KeyStore
from ejd.access.ring import MasterKeys
from ejd.access.vault import Vault, VaultFactory

NOON = 1_757_000_000_000_000
SCHOOL = "lyceum_7"


@dataclass
class Premises:
    """A school with a master key and a place for its keys; what it opened is closed after the test."""

    master_key_path: Path
    place: KeyPlace
    read_raw: Callable[[], bytes]
    """Everything the key store has put down, as a thief would see it."""
    closing: ExitStack = field(default_factory=ExitStack)

    @property
    def factory(self) -> VaultFactory:
        """What a worker process is sent."""
        return VaultFactory(self.master_key_path, self.place)

    def open_vault(self) -> Vault:
        """Open as another process would: nothing is shared with vaults opened before."""
        return self.closing.enter_context(self.factory.open(random_bytes=os.urandom, now=lambda: NOON))

    def open_keys(self, monotonic: Callable[[], float] = lambda: 0.0) -> KeyStore:
        """Open the store alone; its clock for tombstones stands still unless a test moves it."""
        keys = KeyStore(
            self.place.open(),
            MasterKeys(self.master_key_path),
            random_bytes=os.urandom,
            now=lambda: NOON,
            monotonic=monotonic,
        )
        self.closing.callback(keys.close)
        return keys
