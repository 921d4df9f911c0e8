"""The program `ejd` run in this process: what it prints, what it answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from ejd.cli import main


class Ran(NamedTuple):
    """Exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@dataclass
class Ejd:
    """Runs a verb; `env` sets what the settings are read from."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def env(self, **settings: str) -> None:
        """Set EJD_… variables."""
        for name, value in settings.items():
            self.monkeypatch.setenv(f"EJD_{name.upper()}", value)

    def __call__(self, *words: str) -> Ran:
        """Run it as from the shell."""
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "argv", ["ejd", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        return Ran(code, *self.capsys.readouterr())

    def fails(self, *words: str, code: int = 1) -> str:
        """Run it, assert that it fails with one sentence and nothing else, and answer the sentence."""
        ran = self(*words)
        assert ran.code == code, ran
        assert "Traceback" not in ran.out + ran.err
        (sentence,) = ran.err.splitlines()
        assert sentence.startswith("ejd: ")
        return sentence
