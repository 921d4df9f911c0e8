"""The master key's file is private and never lost by mistake; tokens are kept as digests only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ejd.access import secrets
from ejd.access.secrets import MasterKeyError, Purpose

MASTER = bytes(range(32))


def test_a_master_key_is_read_as_it_was_made_and_only_its_owner_can(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    secrets.create_master_key(path, lambda size: MASTER[:size])
    assert secrets.read_master_key(path) == MASTER
    assert base64.b64decode(path.read_bytes()) == MASTER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_master_key_is_never_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secrets.create_master_key(tmp_path / "master.key", os.urandom)
    secrets.read_master_key(tmp_path / "master.key")
    assert capfd.readouterr() == ("", "")


def test_a_master_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    secrets.create_master_key(path, os.urandom)
    before = path.read_bytes()
    with pytest.raises(MasterKeyError, match="is there already and is not overwritten"):
        secrets.create_master_key(path, os.urandom)
    assert path.read_bytes() == before


def test_a_master_key_that_could_not_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    def no_entropy(_size: int) -> bytes:
        raise OSError

    with pytest.raises(OSError):
        secrets.create_master_key(tmp_path / "master.key", no_entropy)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MasterKeyError, match="cannot be written"):
        secrets.create_master_key(tmp_path / "no folder" / "master.key", os.urandom)


def test_a_missing_master_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match=r"there is no master key at .*: restore it from its backup"):
        secrets.read_master_key(tmp_path / "master.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o644])
def test_a_master_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    secrets.create_master_key(path, os.urandom)
    path.chmod(mode)
    with pytest.raises(MasterKeyError, match=rf"mode {mode:o}\): run `chmod 600"):
        secrets.read_master_key(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        base64.b64encode(MASTER[:31]),
        base64.b64encode(MASTER + b"!"),
        base64.b64encode(MASTER)[:-1],
        MASTER,
        "ключ".encode(),
        b"A" * 100_000,
    ],
)
def test_a_broken_master_key_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(MasterKeyError, match="does not hold a key of 32 bytes") as refused:
        secrets.read_master_key(path)
    assert str(refused.value) == (f"{path} does not hold a key of 32 bytes in base64: restore it from its backup")


def test_a_folder_or_a_pipe_is_no_master_key(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(MasterKeyError, match="is not a file"):
            secrets.read_master_key(path)


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = {secrets.subkey(MASTER, purpose) for purpose in Purpose}
    assert len(keys | {MASTER}) == len(Purpose) + 1
    assert {len(key) for key in keys} == {32}


def test_a_subkey_is_hkdf_of_rfc_5869() -> None:
    # Worked out with the standard library: extract with a salt of zeros, one block of expand.
    extracted = hmac.digest(bytes(32), MASTER, "sha256")
    expanded = hmac.digest(extracted, b"ejd/1 hash command bodies\x01", "sha256")
    assert secrets.subkey(MASTER, Purpose.HASH_BODIES) == expanded


def test_the_hash_of_a_body_needs_the_key() -> None:
    key, other = (secrets.subkey(bytes([n]) * 32, Purpose.HASH_BODIES) for n in (1, 2))
    body = '{"mark":"5","pupil":"Ёлкин"}'.encode()
    assert secrets.body_hash(key, body) == hmac.new(key, body, hashlib.sha256).digest()
    assert secrets.body_hash(key, body) != secrets.body_hash(other, body)
    assert secrets.body_hash(key, body) != secrets.body_hash(key, body + b" ")


def test_a_token_is_parsed_back_and_only_its_secret_fits_the_digest() -> None:
    token = secrets.new_token(os.urandom)
    other = secrets.new_token(os.urandom)
    parsed = secrets.parse_token(token.text)
    assert parsed is not None
    token_id, secret = parsed
    assert token_id == token.token_id
    assert secrets.digest(secret) == token.digest
    assert secrets.is_secret_of(token.digest, secret)
    assert not secrets.is_secret_of(other.digest, secret)
    assert secret not in token.digest
    assert secret not in repr(token)


def test_what_is_no_token_is_refused() -> None:
    text = secrets.new_token(os.urandom).text
    for wrong in (
        text[:-1],
        text + "0",
        text + "\n",
        " " + text,
        text.upper(),
        text.replace("ejd_", "ghp_"),
        text.replace("_", "-"),
        text[:-1] + "\N{ARABIC-INDIC DIGIT THREE}",
    ):
        assert secrets.parse_token(wrong) is None
    assert secrets.parse_token(text) is not None


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    assert secrets.parse_token(text) is None
