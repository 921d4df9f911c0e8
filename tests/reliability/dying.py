"""`ejd` that is killed by SIGKILL at a chosen stage of an invalidation, once it is armed.

python -m tests.reliability.dying STAGE FILE serve --port 8000

Nothing happens before FILE exists; removing it lets a process of the same kind live. The stages are those of STAGES.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ejd.cli import main
from ejd.read import rebuild, writing
from ejd.read.folding import tuples
from ejd.store import arrays, postgres, sqlite
from ejd.store.judge import Rows
from ejd_commands import invalidations

EVENTS_MIN = 10
"""An append with as many events is the invalidation; everything else has fewer."""
STREAMS_AT_ONCE = 5
"""Few, so that an invalidation is folded again in several parts."""

Die = Callable[[], None]


def replace(place: object, name: str, thing: object) -> None:
    """Put something in the place of a function, for good: the process is going to die."""
    patch.object(place, name, thing).start()


def die_in_the_decision(die: Die) -> None:
    """Everything is read, half of the markers are decided."""
    whole = invalidations._markers

    def half(*given: Any) -> Iterator[Any]:
        decided = list(whole(*given))
        yield from decided[: len(decided) // 2]
        die()
        yield from decided[len(decided) // 2 :]

    replace(invalidations, "_markers", half)


def die_before_writing(die: Die) -> None:
    """The append lock is taken, nothing is written."""
    _around_finish(lambda rows: die() if len(rows.events) >= EVENTS_MIN else None, None)


def die_before_the_commit(die: Die) -> None:
    """All rows are written, or on their way to the server; the commit is not sent."""
    write, inserts = sqlite.Recorder._write, arrays.inserts

    def written(self: sqlite.Recorder, rows: Rows) -> None:
        write(self, rows)
        if len(rows.events) >= EVENTS_MIN:
            die()

    def sent(rows: Rows) -> Iterable[Any]:
        yield from inserts(rows)
        if len(rows.events) >= EVENTS_MIN:
            die()

    replace(sqlite.Recorder, "_write", written)
    replace(arrays, "inserts", sent)


def die_before_the_answer(die: Die) -> None:
    """It is committed; nobody has heard of it."""
    _around_finish(None, lambda rows: die() if len(rows.events) >= EVENTS_MIN else None)


def die_in_the_refold(die: Die) -> None:
    """Some streams are folded again and written, the transaction is open."""
    replace(writing, "REFOLD_STREAMS_MAX", STREAMS_AT_ONCE)
    fold = writing._refold

    def part(folding: Any, writer: Any, events: Any) -> None:
        fold(folding, writer, events)
        die()

    replace(writing, "_refold", part)


def die_after_the_refold(die: Die) -> None:
    """Rows and position are committed."""
    bring = writing.Feed.bring

    def brought(self: writing.Feed, *given: Any, **named: Any) -> tuple[int, int]:
        fed = bring(self, *given, **named)
        if fed[0] >= EVENTS_MIN:
            die()
        return fed

    replace(writing.Feed, "bring", brought)


def die_in_a_rebuild(die: Die) -> None:
    """A part of the next generation is loaded."""
    load = tuples

    def loaded(streams: Any) -> Any:
        die()
        return load(streams)

    replace(rebuild, "tuples", loaded)


def die_before_the_switch(die: Die) -> None:
    """The next generation is whole; the old one is still live."""
    switch = rebuild._switch

    def switched(*given: Any) -> int:
        die()
        return switch(*given)

    replace(rebuild, "_switch", switched)


def _around_finish(before: Callable[[Rows], None] | None, after: Callable[[Rows], None] | None) -> None:
    for recorder in (sqlite.Recorder, postgres.Recorder):
        finish = recorder.finish

        def finished(self: Any, rows: Rows, finish: Callable[[Any, Rows], None] = finish) -> None:
            if before is not None:
                before(rows)
            finish(self, rows)
            if after is not None:
                after(rows)

        replace(recorder, "finish", finished)


STAGES: dict[str, Callable[[Die], None]] = {
    "in the decision": die_in_the_decision,
    "before writing": die_before_writing,
    "before the commit": die_before_the_commit,
    "before the answer": die_before_the_answer,
    "in the refold": die_in_the_refold,
    "after the refold": die_after_the_refold,
}
NOT_YET_STORED = frozenset({"in the decision", "before writing", "before the commit"})
"""Stages that leave nothing behind; the others leave the whole invalidation."""
REBUILD_STAGES: dict[str, Callable[[Die], None]] = {
    "in a rebuild": die_in_a_rebuild,
    "before the switch": die_before_the_switch,
}


def run() -> None:
    """Prepare the death, then be `ejd`."""
    _, stage, armed, *sys.argv[1:] = sys.argv

    def die() -> None:
        if Path(armed).exists():
            os.kill(os.getpid(), signal.SIGKILL)

    (STAGES | REBUILD_STAGES)[stage](die)
    main()


if __name__ == "__main__":
    run()
