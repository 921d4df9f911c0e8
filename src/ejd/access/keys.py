"""One data key per person, wrapped under the master key, in a file or a schema apart from the events.

Destroying the key is erasing the person: what was sealed stays in the events and nobody can read it any more.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol
from uuid import uuid5

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ejd.access.ring import KEY_ID_BYTES, MasterKey, MasterKeys
from ejd.access.secrets import Purpose, RandomBytes, subkey
from ejd.kernel.ids import NAMESPACE

PERSON_KEY_BYTES = 32
CACHED_KEYS_MAX = 20_000
KEYS_IN_ONE_QUERY_MAX = 5_000
DESTROYED_NOTICED_SECONDS_MAX = 2.0
"""How long another process may still open what was sealed under a key that has just been destroyed."""

_WRAPPED_VERSION = b"\x02"
"""Names the master key: version, its id, nonce, the key under AES-256-GCM, tag. Version 1 had no id."""
_WRAPPED_UNNAMED = b"\x01"
_NONCE_BYTES = 12
_PERSON = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class KeyStoreError(Exception):
    """Something is wrong with the keys; the text says what and what to do."""


class KeyStoreUnavailableError(KeyStoreError):
    """The database or file of keys does not answer now; nothing is known to have changed, try again."""


class KeyDestroyedError(KeyStoreError):
    """The person was erased: nothing more is sealed for them, and no other key is ever made."""

    def __init__(self, person: str) -> None:
        """Keep the person for the refusal."""
        super().__init__(f"the data of person {person} was erased, nothing can be added to it")
        self.person = person


class KeyMissingError(KeyStoreError):
    """A box names a person without a key here: this store is older than the events, or another school's."""

    def __init__(self, person: str) -> None:
        """Keep the person for the message."""
        super().__init__(f"person {person} has no key here: restore the newest backup of the key store")
        self.person = person


class KeyNotOpenedError(KeyStoreError):
    """A wrapped key does not open: another master key wrapped it, or its row was altered or moved."""

    def __init__(self, person: str) -> None:
        """Keep the person for the message."""
        super().__init__(
            f"the key of person {person} does not open: check that the master key is this school's "
            "own, else restore the key store from its backup",
        )
        self.person = person


class KeyRow(NamedTuple):
    """A stored key; `wrapped` is None once destroyed: the row stays as a tombstone."""

    person: str
    wrapped: bytes | None


class KeyTable(Protocol):
    """Where the rows stand. Safe for threads; every write is durable when it returns."""

    def read(self, persons: Sequence[str]) -> list[KeyRow]:
        """Answer the rows there are, in no order."""
        ...

    def add(self, rows: Sequence[KeyRow], created_at: int) -> None:
        """Store rows of persons that have none; a row that is there wins, also a tombstone."""
        ...

    def bury(self, person: str, at: int) -> None:
        """Leave a tombstone in place of the person's key, also where there was none."""
        ...

    def count_buried(self) -> int:
        """Answer the number of tombstones: it only grows, so that a change shows that a key was destroyed."""
        ...

    def find_any(self) -> KeyRow | None:
        """Answer some row with a key, to try the master key on."""
        ...

    def page(self, after: str, limit: int) -> list[KeyRow]:
        """Answer rows with a key whose person comes after one, in order: never a tombstone."""
        ...

    def rewrap(self, changes: Sequence[tuple[KeyRow, KeyRow]]) -> int:
        """Put newly wrapped keys in the place of old ones that are still there; answer how many were."""
        ...

    def wipe(self) -> None:
        """Leave no byte of what was replaced in files of the table."""
        ...

    def close(self) -> None:
        """Close connections; no call may be running."""
        ...


class KeyPlace(Protocol):
    """Where a key table is and how to open it; travels to worker processes."""

    def open(self) -> KeyTable:
        """Connect, or raise KeyStoreError when nothing was provisioned there."""
        ...


class KeyStore:
    """Persons' keys ready for use, in a bounded cache; key material never leaves it, only ciphers do.

    Safe for threads, and for processes that create the same person's key at once: all get the same one.
    """

    def __init__(
        self,
        table: KeyTable,
        masters: MasterKeys,
        *,
        random_bytes: RandomBytes,
        now: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Try the master key on a stored key, so that a wrong one is refused before it wraps anything.

        `now` answers microseconds since 1970 UTC; `monotonic` seconds, to pace the look for tombstones.
        """
        self._table = table
        self._masters = masters
        self._random_bytes = random_bytes
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._cache: dict[str, AESGCM | None] = {}
        self._generation = 0
        # Counted before any key is read: a tombstone that comes later always changes the count.
        self._look_at = monotonic() + DESTROYED_NOTICED_SECONDS_MAX
        self._buried = table.count_buried()
        stored = table.find_any()
        if stored is None:
            masters.current()
        else:
            self._unwrap(stored)

    def get(self, person: str) -> AESGCM | None:
        """Answer the person's cipher, None once destroyed; raises KeyMissingError for one never made."""
        self._look_for_tombstones()
        try:
            return self._cache[person]
        except KeyError:
            pass
        found = self._load([person])
        if person not in found:
            raise KeyMissingError(person)
        return found[person]

    def get_many(self, persons: Iterable[str]) -> dict[str, AESGCM | None]:
        """Answer ciphers by person, None for a destroyed one; a person who never had a key is left out."""
        self._look_for_tombstones()
        found: dict[str, AESGCM | None] = {}
        unknown: list[str] = []
        cache = self._cache
        for person in dict.fromkeys(persons):
            try:
                found[person] = cache[person]
            except KeyError:
                unknown.append(person)
        found.update(self._load(unknown))
        return found

    def get_or_create(self, person: str) -> AESGCM:
        """Answer the person's cipher; a new key is durable before anything is sealed with it."""
        return self.get_or_create_many([person])[person]

    def get_or_create_many(self, persons: Iterable[str]) -> dict[str, AESGCM]:
        """Answer a cipher for each person, with one commit for up to 5,000 new keys.

        Raises KeyDestroyedError when one of them was erased; the others' new keys stay and do no harm.
        """
        wanted = list(dict.fromkeys(persons))
        found = self.get_many(wanted)
        absent = [person for person in wanted if person not in found]
        if absent:
            self._create(absent)
            # Read back, since another process may have been first: its key is the one that counts.
            found.update(self._load(absent))
        ciphers: dict[str, AESGCM] = {}
        for person in wanted:
            cipher = found[person]
            if cipher is None:
                raise KeyDestroyedError(person)
            ciphers[person] = cipher
        return ciphers

    def destroy(self, person: str) -> None:
        """Erase the person's key for good and remember that it was: repeated calls change nothing.

        Other processes notice within DESTROYED_NOTICED_SECONDS_MAX.
        """
        _check_person(person)
        self._table.bury(person, self._now())
        with self._lock:
            self._generation += 1
            self._cache.pop(person, None)

    def secret(self, purpose: Purpose) -> bytes:
        """Answer the school's own 32 bytes for a purpose: they stay when the master key is exchanged.

        They were derived from the master key that the school had when they were first needed.
        """
        name = secret_id(purpose)
        rows = self._table.read([name])
        if not rows:
            master = self._masters.current()
            wrapped = wrap(master, name, subkey(master.key, purpose), self._random_bytes)
            self._table.add([KeyRow(name, wrapped)], self._now())
            rows = self._table.read([name])
        return key_in(rows[0], self._masters)

    def close(self) -> None:
        """Forget the keys and close the table."""
        with self._lock:
            self._generation += 1
            self._cache.clear()
        self._table.close()

    def _look_for_tombstones(self) -> None:
        if self._monotonic() < self._look_at:
            return
        with self._lock:
            now = self._monotonic()
            if now < self._look_at:
                return
            buried = self._table.count_buried()
            if buried != self._buried:
                self._buried = buried
                self._generation += 1
                self._cache.clear()
            # Set last and from the time before the count: after a failed look the next call looks again.
            self._look_at = now + DESTROYED_NOTICED_SECONDS_MAX

    def _load(self, persons: Sequence[str]) -> dict[str, AESGCM | None]:
        generation = self._generation
        found: dict[str, AESGCM | None] = {}
        for some in _slices(persons):
            for row in self._table.read(some):
                found[row.person] = None if row.wrapped is None else self._unwrap(row)
        with self._lock:
            # What was read before a key was destroyed must not come back into the cache after it was dropped.
            if generation == self._generation:
                for person, cipher in found.items():
                    if len(self._cache) >= CACHED_KEYS_MAX:
                        del self._cache[next(iter(self._cache))]
                    self._cache[person] = cipher
        return found

    def _create(self, persons: Sequence[str]) -> None:
        for person in persons:
            _check_person(person)
        # In order, so that two processes that create the same keys wait for each other and never deadlock.
        for some in _slices(sorted(persons)):
            self._table.add([KeyRow(person, self._wrap_new_key(person)) for person in some], self._now())

    def _wrap_new_key(self, person: str) -> bytes:
        key = self._random_bytes(PERSON_KEY_BYTES)
        assert len(key) == PERSON_KEY_BYTES, "random_bytes answered another length"  # noqa: S101 - invariant
        return wrap(self._masters.current(), person, key, self._random_bytes)

    def _unwrap(self, row: KeyRow) -> AESGCM:
        return AESGCM(key_in(row, self._masters))


def secret_id(purpose: Purpose) -> str:
    """Answer under which id the key store has the school's secret for a purpose."""
    return str(uuid5(NAMESPACE, f"secret/{purpose.name}"))


def wrap(master: MasterKey, person: str, key: bytes, random_bytes: RandomBytes) -> bytes:
    """Answer a person's key wrapped under a master key, which the result names."""
    nonce = random_bytes(_NONCE_BYTES)
    head = _WRAPPED_VERSION + master.id
    return head + nonce + master.wrapping.encrypt(nonce, key, b"ejd/key" + head + person.encode())


def wrapped_under(row: KeyRow, master: MasterKey) -> bool:
    """Say whether a row names this master key; one of version 1 names none, it is tried."""
    wrapped = row.wrapped or b""
    if wrapped[:1] == _WRAPPED_UNNAMED:
        return _opened_unnamed(row.person, wrapped, master) is not None
    return wrapped[1 : 1 + KEY_ID_BYTES] == master.id


def key_in(row: KeyRow, masters: MasterKeys) -> bytes:
    """Answer the 32 bytes of a wrapped key; raises KeyNotOpenedError."""
    wrapped = row.wrapped or b""
    key: bytes | None = None
    if wrapped[:1] == _WRAPPED_UNNAMED:
        opened = (_opened_unnamed(row.person, wrapped, master) for master in masters.all())
        key = next((one for one in opened if one is not None), None)
    elif wrapped[:1] == _WRAPPED_VERSION:
        master = masters.by_id(wrapped[1 : 1 + KEY_ID_BYTES])
        key = None if master is None else _opened(wrapped, 1 + KEY_ID_BYTES, row.person, master)
    if key is None:
        raise KeyNotOpenedError(row.person)
    assert len(key) == PERSON_KEY_BYTES, "only whole keys are ever wrapped"  # noqa: S101 - invariant
    return key


def _opened_unnamed(person: str, wrapped: bytes, master: MasterKey) -> bytes | None:
    return _opened(wrapped, 1, person, master)


def _opened(wrapped: bytes, head_bytes: int, person: str, master: MasterKey) -> bytes | None:
    text_at = head_bytes + _NONCE_BYTES
    nonce = wrapped[head_bytes:text_at]
    if len(nonce) != _NONCE_BYTES:
        return None
    try:
        return master.wrapping.decrypt(nonce, wrapped[text_at:], b"ejd/key" + wrapped[:head_bytes] + person.encode())
    except InvalidTag:
        return None


def _check_person(person: str) -> None:
    if not _PERSON.fullmatch(person):
        msg = f"{person!r} is not the id of a person: write the UUID in small letters"
        raise ValueError(msg)


def _slices(persons: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(persons), KEYS_IN_ONE_QUERY_MAX):
        yield persons[start : start + KEYS_IN_ONE_QUERY_MAX]
