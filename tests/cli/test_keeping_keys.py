"""The master key on the command line: checked, exchanged, and what to do is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ejd.cli import keeping_keys
from ejd.settings import Settings
from tests.cli.commanding import Ejd

HEAD = ("--head-family", "Громова", "--head-given", "Галина", "--head-middle", "Ивановна")


def test_a_key_is_exchanged_and_the_old_one_is_not_needed(
    ejd: Ejd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping_keys, "PAUSE_SECONDS", 0.0)
    assert ejd("init", *HEAD).code == 0
    before = ejd("keys", "check")
    assert "(the present one)" in before.out
    assert "no other master key is needed" in before.out
    key = tmp_path / "school" / "master.key"
    old = key.read_text()
    rotated = ejd("keys", "rotate")
    assert rotated.code == 0, rotated
    assert "keys are wrapped under the new master key" in rotated.out
    assert key.read_text() != old
    assert key.read_text().strip() not in rotated.out + rotated.err
    (tmp_path / "school" / "master.key.old").unlink()
    assert "no other master key is needed" in ejd("keys", "check").out
    assert ejd("token", "head").code == 0
    assert ejd("init").code == 0


def test_a_lost_master_key_is_a_sentence(bare: Ejd, tmp_path: Path) -> None:
    assert bare("init", *HEAD).code == 0
    (tmp_path / "school" / "master.key").unlink()
    assert "restore it from its backup" in bare.fails("keys", "check")


def test_a_systemd_credential_is_the_master_key(bare: Ejd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bare("init", *HEAD).code == 0
    given = tmp_path / "credentials"
    given.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    assert Settings().master_key_path == tmp_path / "school" / "master.key", "no such credential was given"
    (tmp_path / "school" / "master.key").rename(given / "ejd-master-key")
    assert Settings().master_key_path == given / "ejd-master-key"
    assert bare("token", "head").code == 0
    assert Settings(master_key_file=tmp_path / "mine").master_key_path == tmp_path / "mine"
