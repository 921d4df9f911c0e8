"""A whole school year of one account is previewed, becomes void at once, and valid again, while others write and read.

python -m tests.reliability.large_invalidation --database postgres

Checked: nobody ever sees half of it, the feeder holds a bounded number of streams in memory and says how far it is, and
in the end the reports are what a rebuild makes of the events. Printed: how long commands of others waited.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from benchmarks import school as synthetic
from benchmarks.school import Shape
from ejd.app import School, initialise, open_school
from ejd.handling.handler import Request
from ejd.kernel.command import Actor
from ejd.kernel.envelope import Answer, Recorded
from ejd.kernel.ids import lesson_stream
from ejd.read.contract import EventSource
from ejd.read.feeder import Feeder
from ejd.read.rebuild import rebuild
from ejd.read.writing import REFOLD_STREAMS_MAX, Feed
from ejd.settings import Settings
from ejd.store.contract import STREAMS_IN_ONE_READ_MAX
from ejd_commands.school import DefineSubject
from ejd_projections.gradebook_tables import marks
from tests import worlds as w
from tests.breaching import Breach
from tests.postgres import database, shared_server
from tests.reliability.kill_server import contents, postgres_settings
from tests.scenario import uid

HELD_UP_SECONDS_GOAL = 2.0
"""How long an invalidation may hold up commands of others. Printed only: a busy machine is no fault."""
CLIENTS = 4
PAUSE_SECONDS = 0.005
LOOK_SECONDS = 0.05
WHOLE_SHAPE = Shape(classes=20, journals=10, lessons=100, events=5)
"""100,000 events in 20,000 streams."""


class Seen(NamedTuple):
    """What a reader saw in one snapshot."""

    position: int
    marks: int


@dataclass
class Others:
    """Everybody else: clients who send commands, and one who looks at reports and events all the while."""

    school: School
    streams: Sequence[str]
    waits: list[float] = field(default_factory=list)
    reports: list[Seen] = field(default_factory=list)
    versions: set[int] = field(default_factory=set)
    faults: list[BaseException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Let them work until the end of the block; AssertionError for whatever went wrong."""
        threads = [
            threading.Thread(target=self._run, args=(PAUSE_SECONDS, partial(self._write, n))) for n in range(CLIENTS)
        ]
        threads.append(threading.Thread(target=self._run, args=(LOOK_SECONDS, self.look)))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        assert not self.faults, self.faults[:3]

    def _run(self, pause_seconds: float, work: Callable[[int], None]) -> None:
        turns = count()
        try:
            while not self._stop.wait(pause_seconds):
                work(next(turns))
        except BaseException as fault:  # noqa: BLE001 - the main thread raises it
            self.faults.append(fault)

    def _write(self, number: int, turn: int) -> None:
        name = f"Предмет {number}-{turn}"
        command = DefineSubject(subject=uid(name), title=name, short=name[:10])
        started = time.monotonic()
        actor = Actor(w.DEPUTY, uid(f"session {number}"), "tests")
        self.school.handler.handle([Request(command, uid(f"{name} command"))], actor)
        self.waits.append(time.monotonic() - started)

    def look(self, _turn: int = 0) -> None:
        """Look at the reports, and at the versions of all streams."""
        with self.school.read.snapshot() as snapshot:
            counted = snapshot.connection.execute(sa.select(sa.func.count()).select_from(marks.table)).scalar_one()
            self.reports.append(Seen(snapshot.position, counted))
        self.versions.add(sum(self.school.store.heads(self.streams[:STREAMS_IN_ONE_READ_MAX]).values()))


class Watched:
    """The store as the feeder sees it; notes how many streams it asks for at once, and what it says of its progress."""

    def __init__(self, source: EventSource, feeder: Feeder) -> None:
        """Nothing is asked for yet."""
        self._source = source
        self._feeder = feeder
        self.asked: list[int] = []
        self.progress: list[tuple[int, int]] = []
        self.read_page = source.read_page
        self.streams_sealed_for = source.streams_sealed_for
        self.last_position = source.last_position
        self.wait_for_news = source.wait_for_news
        self.close = source.close

    def read_streams(self, streams: Sequence[str], *, upto: int | None = None) -> list[Recorded]:
        """Answer what the store answers."""
        self.asked.append(len(streams))
        self.progress.append((self._feeder.refolded, self._feeder.refolding))
        return self._source.read_streams(streams, upto=upto)


class Outcome(NamedTuple):
    """What one decision took."""

    what: str
    answer: Answer
    decided_seconds: float
    fed_seconds: float
    event_bytes: int

    def __str__(self) -> str:
        """Describe it in one line."""
        return (
            f"{self.what}: {len(self.answer.events):,} events after {self.decided_seconds:.2f} s,"
            f" the largest of {self.event_bytes / 1e6:.2f} MB, reports right {self.fed_seconds:.2f} s later"
        )


def prepare(school: School, shape: Shape) -> Breach:
    """Fill the school with what one account wrote, build its reports, report the account: all of it is in the window.

    The school's clock stands after its last lesson.
    """
    synthetic.fill(school, shape)
    rebuild(school.read, school.workshop, processes=1)
    breach = Breach(school, uid("large breach"))
    breach.open(synthetic.micros(w.FIRST_DAY))
    school.feeder.run_to_end()
    return breach


def after_the_lessons(shape: Shape) -> int:
    """Answer noon of the day after the last lesson, in microseconds since 1970 UTC."""
    return synthetic.micros(synthetic.school_days(shape.lessons + 1)[-1])


def streams_of(shape: Shape) -> list[str]:
    """Answer the streams of all lessons."""
    return [
        lesson_stream(synthetic.journal_id(number, subject), day, synthetic.slot_of(subject))
        for number in range(shape.classes)
        for subject in range(shape.journals)
        for day in synthetic.school_days(shape.lessons)
    ]


def run(settings: Settings, shape: Shape) -> str:
    """Invalidate and revoke everything, check, and answer lines of figures."""
    initialise(settings)
    present = after_the_lessons(shape)
    with closing(open_school(settings, clock=lambda: present)) as school:
        breach = prepare(school, shape)
        before = contents(school)
        others = Others(school, streams_of(shape))
        watched = Watched(school.store, school.feeder)
        school.feeder.feed = Feed(school.feeder.feed.folding, watched)
        _forget_peak()
        started = time.monotonic()
        previewed = breach.preview()
        preview_seconds, preview_memory = time.monotonic() - started, _peak_megabytes()
        assert (previewed.events, previewed.streams) == (shape.lesson_events, len(others.streams))
        _forget_peak()
        with others.busy():
            digest = breach.propose()
            assert digest == previewed.digest
            others.look()
            void = _timed("invalidation", school, breach, lambda: breach.invalidate(digest, uid("invalidate")))
            others.look()
            again = _timed("revocation", school, breach, lambda: breach.revoke(uid("revoke")))
        memory = _peak_megabytes()
        assert breach.invalidate(digest, uid("invalidate")).events == void.answer.events
        _check(shape, others, watched, (void, again))
        school.feeder.run_to_end()
        fed = contents(school)
        assert fed[marks.name] == before[marks.name], "a revoked invalidation never happened"
        rebuild(school.read, school.workshop, processes=1)
        assert contents(school) == fed, "what was fed is what a rebuild makes"
    return "\n".join(
        [
            f"{shape.lesson_events:,} events in {len(others.streams):,} streams; {len(others.waits):,} other commands",
            f"preview: {preview_seconds:.1f} s, peak memory {preview_memory:.0f} MB",
            str(void),
            str(again),
            f"others waited {max(others.waits):.2f} s at most, the goal is {HELD_UP_SECONDS_GOAL} s",
            f"peak memory {memory:.0f} MB",
        ]
    )


def _timed(what: str, school: School, breach: Breach, decide: Callable[[], Answer]) -> Outcome:
    started = time.monotonic()
    answer = decide()
    decided = time.monotonic()
    while school.feeder.position < answer.position:
        school.feeder.run_once()
    fed = time.monotonic()
    largest = max(len(one.state) for one in school.store.read_streams([breach.breach]))
    return Outcome(what, answer, decided - started, fed - decided, largest)


def _check(shape: Shape, others: Others, watched: Watched, outcomes: tuple[Outcome, Outcome]) -> None:
    streams = len(others.streams)
    held = [outcome.answer.position for outcome in outcomes]
    written = (shape.events - 3) * streams
    for seen in others.reports:
        expected = 0 if held[0] <= seen.position < held[1] else written
        assert seen.marks == expected, f"{seen} shows a part of it: {expected} marks would be right"
    assert {seen.marks for seen in others.reports} == {0, written}, "the reader has seen both states"
    looked_at = min(streams, STREAMS_IN_ONE_READ_MAX)
    whole = {looked_at * (shape.events + markers) for markers in range(3)}
    assert others.versions <= whole, "a part of the markers was seen"
    for outcome in outcomes:
        assert len(outcome.answer.events) == streams + 1
    assert max(watched.asked) <= REFOLD_STREAMS_MAX
    wanted = [(done, streams) for done in range(0, streams, REFOLD_STREAMS_MAX)]
    assert watched.progress == wanted * 2, "the feeder says how far it is"


def _forget_peak() -> None:
    """Begin to look for the highest use of memory anew; Linux only, elsewhere nothing."""
    place = Path("/proc/self/clear_refs")
    if place.exists():
        place.write_text("5", encoding="ascii")


def _peak_megabytes() -> float:
    """Answer the highest use of memory since; 0 where nobody knows."""
    place = Path("/proc/self/status")
    if not place.exists():
        return 0.0
    lines = dict(line.split(":", 1) for line in place.read_text(encoding="ascii").splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def main() -> int:
    """Run as a script on either database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.database == "sqlite":
            print(run(Settings(data_dir=folder / "school"), WHOLE_SHAPE))
            return 0
        with database(shared_server()) as fresh:
            print(run(postgres_settings(fresh, folder), WHOLE_SHAPE))
    return 0


if __name__ == "__main__":
    sys.exit(main())
