"""What is sealed opens for its person and field only, and never again once the person is erased."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ejd.access.keys import (
    KeyDestroyedError,
    KeyMissingError,
    KeyStoreError,
)
from ejd.access.secrets import MasterKeyError, create_master_key
from ejd.access.sqlite_keys import SqliteKeyPlace, provision_sqlite
from ejd.access.vault import (
    SEALED_TEXT_BYTES_MAX,
    Standing,
    TextNotSealedError,
    Vault,
    VaultFactory,
)
from ejd.kernel.envelope import Ref
from ejd.kernel.sealed import BOX_BYTES_MIN, Sealed, TamperedError
from tests.access.premises import Premises

PERSONS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(40)]
ADA, BORIS, CLARA = PERSONS[:3]
HERE = Ref("5f0e6a3c-7a0b-5d5f-9c1f-2b8d3f1b9a11", 3)
TEXTS = [
    "",
    "Ёлкина Алёна Семёновна",
    "e\u0308 is not ё",
    "👩‍👩‍👧‍👦 ℵ",
    "\x00\n\t\x7f",
    "+7 900 000-00-00",
    "и" * 8192,
]


class Clear(NamedTuple):
    """A text about to be sealed."""

    person: str
    text: str
    field: str


def seal_all(vault: Vault, clears: Sequence[Clear]) -> list[Sealed]:
    """Seal in the order given."""
    return [vault.seal(clear.person, clear.text, field=clear.field, at=HERE) for clear in clears]


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """One vault for many examples."""
    folder = tmp_path_factory.mktemp("school")
    create_master_key(folder / "master.key", os.urandom)
    provision_sqlite(folder / "keys.db")
    with VaultFactory(folder / "master.key", SqliteKeyPlace(folder / "keys.db")).open() as opened:
        yield opened


def unseal_elsewhere(factory: VaultFactory, boxes: list[Standing]) -> list[str | None]:
    """Run in a process of its own."""
    with factory.open() as opened:
        return opened.unseal_many(boxes)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_as_it_was(premises: Premises, text: str) -> None:
    sealed = premises.open_vault().seal(ADA, text, field="name", at=HERE)
    assert sealed.person == ADA
    assert premises.open_vault().unseal(sealed, field="name", at=HERE) == text


@given(st.sampled_from(PERSONS), st.text(max_size=SEALED_TEXT_BYTES_MAX // 4), st.text("abc/_1", min_size=1))
def test_any_text_comes_back_also_through_json(vault: Vault, person: str, text: str, field: str) -> None:
    sealed = vault.seal(person, text, field=field, at=HERE)
    stored = msgspec.json.decode(msgspec.json.encode(sealed), type=Sealed)
    assert stored == sealed
    assert vault.unseal(stored, field=field, at=HERE) == text
    assert len(sealed.box) == BOX_BYTES_MIN + len(text.encode())


@given(st.data())
def test_any_flipped_bit_is_refused(vault: Vault, data: st.DataObject) -> None:
    sealed = vault.seal(ADA, data.draw(st.text(max_size=40)), field="name", at=HERE)
    bit = data.draw(st.integers(0, 8 * len(sealed.box) - 1))
    flipped = bytearray(sealed.box)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TamperedError) as refused:
        vault.unseal(Sealed(ADA, bytes(flipped)), field="name", at=HERE)
    assert (refused.value.person, refused.value.field) == (ADA, "name")
    assert str(refused.value) == (
        f"name of person {ADA} in event 3 of stream {HERE.stream} does not open: it was altered, or moved here; "
        "restore that event from a backup"
    )


@given(st.binary(max_size=100))
def test_garbage_is_refused(vault: Vault, garbage: bytes) -> None:
    vault.seal(ADA, "", field="name", at=HERE)
    with pytest.raises(TamperedError):
        vault.unseal(Sealed(ADA, garbage), field="name", at=HERE)


@pytest.mark.parametrize("length", range(BOX_BYTES_MIN + 10))
def test_a_cut_box_is_refused(vault: Vault, length: int) -> None:
    sealed = vault.seal(ADA, "Ольга", field="name", at=HERE)
    with pytest.raises(TamperedError):
        vault.unseal(Sealed(ADA, sealed.box[:length]), field="name", at=HERE)


def test_a_box_moved_to_another_person_or_field_is_refused(premises: Premises) -> None:
    vault = premises.open_vault()
    sealed = vault.seal(ADA, "Ада", field="name", at=HERE)
    vault.seal(BORIS, "Борис", field="name", at=HERE)
    with pytest.raises(TamperedError) as to_person:
        vault.unseal(Sealed(BORIS, sealed.box), field="name", at=HERE)
    assert to_person.value.person == BORIS
    with pytest.raises(TamperedError) as to_field:
        vault.unseal(sealed, field="contacts", at=HERE)
    assert to_field.value.field == "contacts"
    with pytest.raises(TamperedError):
        vault.unseal_many([Standing(sealed, "name", HERE), Standing(sealed, "contacts", HERE)])


@pytest.mark.parametrize("there", [Ref(HERE.stream, 4), Ref(BORIS, 3), Ref(HERE.stream[:-1], 3)])
def test_a_box_moved_to_another_event_of_the_same_person_and_field_is_refused(vault: Vault, there: Ref) -> None:
    sealed = vault.seal(ADA, "Ада", field="mark-recorded.comment", at=HERE)
    with pytest.raises(TamperedError, match=f"event {there.version} of stream {there.stream} ") as refused:
        vault.unseal(sealed, field="mark-recorded.comment", at=there)
    assert refused.value.at == there


def test_a_box_is_as_its_description_says(premises: Premises) -> None:
    """Version 2, nonce, AES-256-GCM; beside it "ejd/2", person, version, stream with length, field: for ever."""
    box = premises.open_vault().seal(ADA, "Ада", field="name", at=HERE).box
    cipher = premises.open_keys().get(ADA)
    assert cipher is not None
    assert box[0] == 2
    beside = b"ejd/2" + ADA.encode() + bytes(7) + b"\x03" + b"\x00\x24" + HERE.stream.encode() + b"name"
    assert cipher.decrypt(box[1:13], box[13:], beside) == "Ада".encode()


def test_a_box_from_before_boxes_were_bound_to_events_opens(premises: Premises) -> None:
    cipher = premises.open_keys().get_or_create(ADA)
    nonce = os.urandom(12)
    box = b"\x01" + nonce + cipher.encrypt(nonce, "Ада".encode(), b"ejd/1" + ADA.encode() + b"name")
    vault = premises.open_vault()
    assert vault.unseal(Sealed(ADA, box), field="name", at=HERE) == "Ада"
    with pytest.raises(TamperedError):
        vault.unseal(Sealed(ADA, box), field="contacts", at=HERE)
    for version in (0, 2, 3):
        with pytest.raises(TamperedError):
            vault.unseal(Sealed(ADA, bytes([version]) + box[1:]), field="name", at=HERE)


def test_the_same_text_is_never_the_same_box(vault: Vault) -> None:
    boxes = seal_all(vault, [Clear(ADA, "Ада", "name")] * 500)
    assert len({sealed.box for sealed in boxes}) == 500


def test_many_are_sealed_and_opened_in_their_order(premises: Premises) -> None:
    clears = [Clear(person, f"{field} {person}", field) for field in ("name", "phone") for person in PERSONS]
    sealed = seal_all(premises.open_vault(), clears)
    boxes = [Standing(box, clear.field, HERE) for box, clear in zip(sealed, clears, strict=True)]
    assert premises.open_vault().unseal_many(boxes) == [clear.text for clear in clears]
    assert premises.open_vault().unseal_many([]) == []


def test_an_erased_person_is_none_everywhere_and_the_others_stay(premises: Premises) -> None:
    vault = premises.open_vault()
    ada, boris = seal_all(vault, [Clear(ADA, "Ада", "name"), Clear(BORIS, "Борис", "name")])
    vault.destroy(ADA)
    for opened in (vault, premises.open_vault()):
        assert opened.unseal(ada, field="name", at=HERE) is None
        assert opened.unseal_many([Standing(ada, "name", HERE), Standing(boris, "name", HERE)]) == [None, "Борис"]
        with pytest.raises(KeyDestroyedError):
            opened.seal(ADA, "Ада", field="name", at=HERE)
        with pytest.raises(KeyDestroyedError):
            opened.make_keys([BORIS, ADA])


def test_a_lost_key_store_is_not_taken_for_an_erasure(premises: Premises) -> None:
    vault = premises.open_vault()
    foreign = Sealed(CLARA, vault.seal(ADA, "Ада", field="name", at=HERE).box)
    with pytest.raises(KeyMissingError):
        vault.unseal(foreign, field="name", at=HERE)
    with pytest.raises(KeyMissingError):
        vault.unseal_many([Standing(foreign, "name", HERE)])


def test_neither_keys_nor_boxes_hold_clear_text(premises: Premises) -> None:
    texts = ["Ёлкина Алёна Семёновна", "+7 900 123-45-67", "alena@example.org"]
    sealed = seal_all(premises.open_vault(), [Clear(ADA, text, f"f{n}") for n, text in enumerate(texts)])
    raw = premises.read_raw() + msgspec.json.encode(sealed) + b"".join(box.box for box in sealed)
    for text in texts:
        for form in (text.encode(), text.encode("utf-16-le"), text.encode().hex().encode()):
            assert form not in raw


def test_too_long_a_text_is_a_sentence(vault: Vault) -> None:
    assert vault.unseal(vault.seal(ADA, "a" * SEALED_TEXT_BYTES_MAX, field="name", at=HERE), field="name", at=HERE)
    with pytest.raises(TextNotSealedError, match=r"comment has 16386 bytes, at most 16384 can be kept"):
        vault.seal(ADA, "ё" * (SEALED_TEXT_BYTES_MAX // 2 + 1), field="comment", at=HERE)


def test_half_a_character_is_a_sentence_that_does_not_quote_the_text(vault: Vault) -> None:
    with pytest.raises(TextNotSealedError, match="comment holds half a character") as refused:
        vault.seal(ADA, "Ёлкина \ud83d", field="comment", at=HERE)
    assert refused.value.__suppress_context__
    assert "Ёлкина" not in str(refused.value)


def test_nothing_is_made_for_a_text_that_is_refused(premises: Premises) -> None:
    vault = premises.open_vault()
    with pytest.raises(TextNotSealedError):
        vault.seal(ADA, "\ud83d", field="name", at=HERE)
    assert ADA.encode() not in premises.read_raw()


def test_threads_seal_and_open_beside_each_other(premises: Premises) -> None:
    vault = premises.open_vault()

    def work(number: int) -> bool:
        clears = [Clear(person, f"{number} {person}" * 20, "name") for person in PERSONS] * 10
        boxes = [vault.seal(clear.person, clear.text, field=clear.field, at=HERE) for clear in clears]
        return [vault.unseal(box, field="name", at=HERE) for box in boxes] == [clear.text for clear in clears]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(8)))


def test_a_factory_opens_the_vault_in_another_process(premises: Premises) -> None:
    sealed = seal_all(premises.open_vault(), [Clear(person, person, "name") for person in PERSONS])
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        job = processes.submit(unseal_elsewhere, premises.factory, [Standing(box, "name", HERE) for box in sealed])
        assert job.result(timeout=60) == PERSONS


def test_a_factory_holds_no_key(premises: Premises) -> None:
    premises.open_vault().seal(ADA, "Ада", field="name", at=HERE)
    written = premises.master_key_path.read_bytes().strip()
    assert written not in pickle.dumps(premises.factory)
    assert pickle.loads(pickle.dumps(premises.factory)) == premises.factory  # noqa: S301 - our own bytes


def test_a_factory_says_what_is_missing(tmp_path: Path) -> None:
    factory = VaultFactory(tmp_path / "master.key", SqliteKeyPlace(tmp_path / "keys.db"))
    with pytest.raises(MasterKeyError, match="there is no master key"):
        factory.open()
    create_master_key(tmp_path / "master.key", os.urandom)
    with pytest.raises(KeyStoreError, match="there is no key store"):
        factory.open()
    provision_sqlite(tmp_path / "keys.db")
    with closing(factory.open()) as opened:
        assert opened.unseal(opened.seal(ADA, "Ада", field="name", at=HERE), field="name", at=HERE) == "Ада"
