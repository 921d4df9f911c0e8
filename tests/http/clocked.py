"""A real server process whose clock stands where a test sets it: `python -m tests.http.clocked PORT CLOCK`."""

from __future__ import annotations

import mmap
import struct
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ejd.app import open_school
from ejd.cli.parts import run_server
from ejd.settings import Settings
from tests.schools import microseconds

BYTES = 8


def set_clock(file: Path, moment: datetime) -> None:
    """Set the clock of every process that looks at the file; eight bytes are read whole or not at all."""
    if not file.exists():
        file.write_bytes(bytes(BYTES))
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), BYTES) as shared:
        shared[:] = struct.pack("=q", microseconds(moment))


def clock_of(file: Path) -> Callable[[], int]:
    """Answer a clock that reads what the test has set."""
    with file.open("rb") as opened:
        shared = mmap.mmap(opened.fileno(), BYTES, access=mmap.ACCESS_READ)

    def now() -> int:
        (moment,) = struct.unpack("=q", shared[:])
        assert isinstance(moment, int)
        return moment

    return now


def main(port: str, clock: str) -> None:
    """Serve the school of the settings until a signal comes, with its feeder."""
    school = open_school(Settings(), clock=clock_of(Path(clock)))
    try:
        run_server(school, "127.0.0.1", int(port), feeder=True)
    finally:
        school.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
