"""The master key is exchanged while others use the keys; killed anywhere it goes on, and the old key is not needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ejd.access import rotation
from ejd.access.keys import KeyNotOpenedError, KeyRow, KeyStore, secret_id, wrapped_under
from ejd.access.ring import NEXT, OLD, MasterKeys, made
from ejd.access.secrets import MasterKeyError, Purpose, create_master_key, read_master_key, subkey
from ejd.access.vault import LASTING
from ejd.kernel.envelope import Ref
from ejd.kernel.sealed import Sealed
from tests.access.premises import NOON, Premises

PERSONS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(25)]
ADA, BORIS = PERSONS[:2]
NEW = "00000000-0000-4000-8000-999999999999"
HERE = Ref(ADA, 1)


class Killed(BaseException):
    """Stands for kill -9."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have several batches."""
    monkeypatch.setattr(rotation, "BATCH_KEYS_MAX", 10)


def rotate(premises: Premises, pause: Callable[[], None] = lambda: None) -> rotation.Rotated:
    """Rotate as `ejd keys rotate` does, in a process of its own."""
    premises.open_vault().keep_secrets()
    table = premises.place.open()
    try:
        return rotation.rotate(table, MasterKeys(premises.master_key_path), random_bytes=os.urandom, pause=pause)
    finally:
        table.close()


def checked(premises: Premises) -> rotation.Checked:
    table = premises.place.open()
    try:
        return rotation.check(table, MasterKeys(premises.master_key_path))
    finally:
        table.close()


def beside(premises: Premises, end: str) -> Path:
    return premises.master_key_path.with_name(premises.master_key_path.name + end)


def seal_all(premises: Premises) -> list[Sealed]:
    """Seal something for everybody, with the key of today."""
    vault = premises.open_vault()
    vault.make_keys(PERSONS)
    vault.destroy(BORIS)
    return [vault.seal(one, one, field="name", at=HERE) for one in PERSONS if one != BORIS]


def test_afterwards_everything_opens_without_the_old_key(premises: Premises) -> None:
    running = premises.open_vault()
    boxes = seal_all(premises)
    secrets = [running.secret(purpose) for purpose in LASTING]
    old = read_master_key(premises.master_key_path)
    done = rotate(premises)
    assert done == rotation.Rotated(len(boxes) + len(LASTING), exchanged=True)
    new = read_master_key(premises.master_key_path)
    assert new != old
    assert read_master_key(beside(premises, OLD)) == old
    assert not beside(premises, NEXT).exists()
    beside(premises, OLD).unlink()
    for vault in (running, premises.open_vault()):
        assert [vault.unseal(box, field="name", at=HERE) for box in boxes] == [box.person for box in boxes]
        assert [vault.secret(purpose) for purpose in LASTING] == secrets
        assert vault.unseal(Sealed(BORIS, boxes[0].box), field="name", at=HERE) is None
    assert secrets == [subkey(old, purpose) for purpose in LASTING], "ids of stored commands are known as before"
    assert checked(premises) == rotation.Checked({made(new).id.hex(): len(boxes) + len(LASTING)}, [])


def test_the_wrapped_keys_of_before_are_in_no_file(premises: Premises) -> None:
    seal_all(premises)
    table = premises.place.open()
    before = [row.wrapped for row in table.read(PERSONS) if row.wrapped]
    table.close()
    rotate(premises)
    raw = premises.read_raw()
    assert not any(wrapped[9:] in raw for wrapped in before)


def test_a_service_that_runs_reads_and_makes_keys_all_the_while(premises: Premises) -> None:
    boxes = seal_all(premises)
    cold = premises.open_vault()
    busy = premises.open_vault()
    made_meanwhile: list[Sealed] = []

    def others() -> None:
        person = f"00000000-0000-4000-8000-{len(made_meanwhile):012x}"[:-4] + "beef"
        made_meanwhile.append(busy.seal(person, person, field="name", at=HERE))
        number = len(made_meanwhile) % len(boxes)
        assert cold.unseal(boxes[number], field="name", at=HERE) == boxes[number].person

    rotate(premises, pause=others)
    assert made_meanwhile
    assert checked(premises).broken == []
    assert len(checked(premises).by_master) == 1, "also what others made meanwhile"


def test_a_key_made_under_the_old_master_in_the_last_moment_is_taken_in(premises: Premises) -> None:
    """Somebody looked at the key file just before it was exchanged, and stores just after."""
    seal_all(premises)
    late = KeyStore(
        premises.place.open(), Stubborn(premises.master_key_path), random_bytes=os.urandom, now=lambda: NOON
    )
    paused = 0

    def once() -> None:
        nonlocal paused
        paused += 1
        if paused == 1:
            late.get_or_create(NEW)

    rotate(premises, pause=once)
    late.close()
    beside(premises, OLD).unlink()
    assert premises.open_keys().get(NEW) is not None


class Stubborn(MasterKeys):
    """Looks at the file once."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._first = super().current()

    def current(self) -> Any:
        """Answer what it saw first."""
        return self._first


@pytest.mark.parametrize("step", ["new key", "first batch", "last batch", "old kept", "exchanged", "wiped"])
def test_killed_at_any_step_it_goes_on(premises: Premises, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = seal_all(premises)
    running = premises.open_vault()
    with monkeypatch.context() as patched:
        die_at(patched, premises, step)
        with pytest.raises(Killed):
            rotate(premises)
        opened = premises.open_vault()
        assert all(opened.unseal(box, field="name", at=HERE) == box.person for box in boxes), "both keys are usable"
    rotate(premises)
    beside(premises, OLD).unlink()
    assert all(running.unseal(box, field="name", at=HERE) == box.person for box in boxes)
    found = checked(premises)
    assert found.broken == []
    assert list(found.by_master) == [made(read_master_key(premises.master_key_path)).id.hex()]


def die_at(patched: pytest.MonkeyPatch, premises: Premises, step: str) -> None:
    """Have the rotation end just after a step."""
    table = type(premises.place.open())
    replace = Path.replace
    batches = 0

    def killing(done: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **kwargs: Any) -> Any:
            done(*args, **kwargs)
            raise Killed

        return act

    def rewrap(self: Any, changes: Any) -> int:
        nonlocal batches
        count: int = real(self, changes)
        batches += 1
        if batches == (1 if step == "first batch" else 3):
            raise Killed
        return count

    def renaming(self: Path, target: Any) -> Path:
        done = replace(self, target)
        if str(target).endswith(OLD if step == "old kept" else premises.master_key_path.name):
            raise Killed
        return done

    real = table.rewrap
    match step:
        case "new key":
            patched.setattr(rotation, "create_master_key", killing(create_master_key))
        case "first batch" | "last batch":
            patched.setattr(table, "rewrap", rewrap)
        case "old kept" | "exchanged":
            patched.setattr(Path, "replace", renaming)
        case _:
            patched.setattr(table, "wipe", killing(table.wipe))


def test_keys_of_before_there_were_names_are_taken_in(premises: Premises) -> None:
    master = made(read_master_key(premises.master_key_path))
    nonce, key = os.urandom(12), os.urandom(32)
    unnamed = b"\x01" + nonce + master.wrapping.encrypt(nonce, key, b"ejd/key\x01" + ADA.encode())
    table = premises.place.open()
    table.add([KeyRow(ADA, unnamed)], NOON)
    assert wrapped_under(KeyRow(ADA, unnamed), master)
    assert not wrapped_under(KeyRow(ADA, unnamed), made(bytes(32)))
    assert premises.open_keys().get(ADA) is not None
    assert checked(premises).by_master == {master.id.hex(): 1}
    rotate(premises)
    [row] = table.read([ADA])
    table.close()
    assert row.wrapped is not None
    assert row.wrapped[:1] == b"\x02"
    assert premises.open_keys().get(ADA) is not None


def test_where_files_are_given_by_systemd_the_next_one_is_used_and_exchanged_by_hand(
    premises: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = seal_all(premises)
    create_master_key(beside(premises, NEXT), os.urandom)
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda *_: False)
        assert rotate(premises) == rotation.Rotated(len(boxes) + len(LASTING), exchanged=False)
    assert beside(premises, NEXT).exists()
    shutil.move(premises.master_key_path, beside(premises, OLD))
    shutil.move(beside(premises, NEXT), premises.master_key_path)
    assert len(checked(premises).by_master) == 1
    beside(premises, OLD).unlink()
    assert all(premises.open_vault().unseal(box, field="name", at=HERE) == box.person for box in boxes)


def test_a_rotation_stopped_after_the_exchange_is_finished_and_no_new_one_begun(premises: Premises) -> None:
    seal_all(premises)
    late = KeyStore(
        premises.place.open(), Stubborn(premises.master_key_path), random_bytes=os.urandom, now=lambda: NOON
    )
    rotate(premises)
    late.get_or_create(NEW)
    late.close()
    present = premises.master_key_path.read_bytes()
    assert rotate(premises).keys == 1
    assert premises.master_key_path.read_bytes() == present


def test_what_does_not_open_is_named(premises: Premises) -> None:
    seal_all(premises)
    table = premises.place.open()
    table.add([KeyRow(NEW, b"\x02" + bytes(68))], NOON)
    table.close()
    assert checked(premises).broken == [NEW]
    with pytest.raises(KeyNotOpenedError, match=NEW):
        rotate(premises)


def test_a_master_key_does_not_show_itself_and_its_absence_is_a_sentence(premises: Premises, tmp_path: Path) -> None:
    master = MasterKeys(premises.master_key_path).current()
    assert master.key.hex() not in repr(master)
    assert repr(master.key) not in repr(master)
    with pytest.raises(MasterKeyError, match="there is no master key"):
        MasterKeys(tmp_path / "none.key").current()


def test_secrets_have_ids_of_their_own(premises: Premises) -> None:
    assert len({secret_id(purpose) for purpose in Purpose}) == len(Purpose)
    vault = premises.open_vault()
    assert vault.secret(Purpose.HASH_BODIES) == premises.open_vault().secret(Purpose.HASH_BODIES)
