"""Play for as long as wanted: `python -m tests.breaches.nightly --minutes 60 --seed 7 --database sqlite`.

Each round has a seed of its own, which is printed before it begins: `--seed <it> --minutes 0` plays that round alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from secrets import randbits

from tests.breaches import world as bw
from tests.breaches.machine import STEPS, prove
from tests.postgres import shared_server

MINUTES_MAX = 24 * 60


def main() -> None:
    """Play rounds until the time is over; a difference ends it with the steps that lead there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="rounds begin within this time; 0: a single one")
    parser.add_argument("--seed", type=int, default=randbits(32), help="of the first round; the next ones count on")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = parser.parse_args()
    end = time.monotonic() + 60 * min(given.minutes, MINUTES_MAX)
    played: Counter[str] = Counter()
    steps, seed = 0, given.seed
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        on_sqlite = given.database == "sqlite"
        open_copy = bw.on_sqlite(place) if on_sqlite else bw.on_postgres(shared_server(), place)
        try:
            while True:
                say(f"seed {seed}")
                machine = prove(open_copy, seed=seed, steps=STEPS)
                steps, seed = steps + machine.steps, seed + 1
                played.update(machine.played)
                if time.monotonic() >= end:
                    break
        finally:
            if not on_sqlite:
                shared_server().stop()
    say(f"{steps} steps, everything equal; commands and refusals:")
    for name, count in sorted(played.items()):
        say(f"{count:7} {name}")


def say(words: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
