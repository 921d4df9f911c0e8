"""All settings, from the environment (EJD_…) or a `.env` file; `docs/settings.md` is generated from here."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

CREDENTIAL = "ejd-master-key"
"""The name of a systemd credential that holds the master key (LoadCredential=)."""


class Settings(BaseSettings):
    """Where a school is kept and how it is served."""

    model_config = SettingsConfigDict(env_prefix="EJD_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(
        default=Path("var/school"),
        description="Folder of the school: events and read model on SQLite, keys, master key.",
    )
    database_url: str | None = Field(
        default=None, description="PostgreSQL address of the service's role; without it the school is kept on SQLite."
    )
    owner_database_url: str | None = Field(
        default=None, description="PostgreSQL address of the role that owns the tables; only `ejd init` uses it."
    )
    school: str = Field(
        default="school",
        pattern=r"^[a-z][a-z0-9_]{0,40}$",
        description="Name of the school's schemas on PostgreSQL.",
    )
    master_key_file: Path | None = Field(
        default=None,
        description="File of the master key; a systemd credential `ejd-master-key` or else"
        " `master.key` in the data folder unless given.",
    )
    erasure_ledger_file: Path | None = Field(
        default=None,
        description="File that names erased persons; `erasures.jsonl` in the data folder unless given."
        " Keep it, or a copy, where a restore of the school does not reach.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    allowed_hosts: str = Field(
        default="localhost,127.0.0.1,[::1]",
        description="Names under which browsers and programs ask for the service, separated by commas, without port.",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    reminder_hour: int = Field(
        default=8, ge=0, le=23, description="Hour (school time) from which people are reminded of what waits for them."
    )
    looks_hour_max: int = Field(
        default=400,
        ge=1,
        le=1_000_000,
        description="Pupils and guardians whom one account may look at in an hour before the head is told; ten times as"
        " many for whoever reads the whole school by role.",
    )
    looks_day_max: int = Field(default=1_000, ge=1, le=1_000_000, description="The same in 24 hours.")
    looks_refused: bool = Field(
        default=False, description="Whether an account that looked at more people than that is refused (429)."
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Least severe messages that are logged."
    )

    @property
    def host_names(self) -> frozenset[str]:
        """The names under which the service is asked, without port."""
        return frozenset(name.strip() for name in self.allowed_hosts.split(",") if name.strip())

    @property
    def erasure_ledger_path(self) -> Path:
        """The file of the erasure ledger."""
        return self.data_dir / "erasures.jsonl" if self.erasure_ledger_file is None else self.erasure_ledger_file

    @property
    def master_key_path(self) -> Path:
        """The file of the master key: as set, else a systemd credential named `ejd-master-key`, else in the folder."""
        if self.master_key_file is not None:
            return self.master_key_file
        credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
        given = Path(credentials) / CREDENTIAL
        return given if credentials and given.is_file() else self.data_dir / "master.key"
