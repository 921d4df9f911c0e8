"""A new generation beside the live one: loaded by several processes, caught up, then made live."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from ejd.read.contract import BuildRunningError, GenerationGoneError, PartitionedSource, Place
from ejd.read.folding import Folding, tuples, without_collection
from ejd.read.model import ReadModel
from ejd.read.projection import StreamRows
from ejd.read.writing import Feed, transaction

CHUNK_STREAMS = 500
"""Streams that a process holds in memory at once, with all their events."""

PROCESS_EVENTS_MIN = 300_000
"""Two processes take 1.6 seconds to start, one loads 100,000 events in 1.1 (measured): with fewer they cost time."""

EXIT_SECONDS_MAX = 10.0

Progress = Callable[[int, int], None]
"""Takes the number of events loaded so far, and of all."""


class BuildFailedError(Exception):
    """A process that loads a generation failed, the message says how; the live generation is as it was."""


@dataclass(frozen=True)
class Workshop:
    """How a process of its own comes to events and projections: both fields are picklable functions."""

    open_source: Callable[[], PartitionedSource]
    make_folding: Callable[[], Folding]


@dataclass(slots=True)
class Loaded:
    """What one process did, and the time it took: CPU seconds of its thread, and wall seconds of writing."""

    events: int = 0
    rows: int = 0
    start_wall_seconds: float = 0.0
    read_cpu_seconds: float = 0.0
    fold_cpu_seconds: float = 0.0
    write_cpu_seconds: float = 0.0
    write_wall_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A generation that is live now, and the wall seconds of each phase; `parts` has each process's share."""

    generation: int
    position: int
    parts: tuple[Loaded, ...]
    load_seconds: float
    finish_seconds: float
    catch_up_seconds: float

    @property
    def events(self) -> int:
        """How many events were loaded; those of the catching up come on top."""
        return sum(part.events for part in self.parts)

    @property
    def rows(self) -> int:
        """How many rows were loaded."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True)
class _Task:
    workshop: Workshop
    place: Place
    generation: int
    upto: int
    part: int
    parts: int
    chunk_streams: int
    begun_at: float


def ensure_built(
    model: ReadModel, workshop: Workshop, *, processes: int | None = None, progress: Progress | None = None
) -> Rebuilt | None:
    """Rebuild unless the live generation is the one this code needs; answer None when it is.

    Raises BuildRunningError when another process is at it.
    """
    if model.is_current():
        return None
    return rebuild(model, workshop, processes=processes, progress=progress)


def rebuild(
    model: ReadModel,
    workshop: Workshop,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
    chunk_streams: int = CHUNK_STREAMS,
) -> Rebuilt:
    """Build a generation from nothing and make it live; questions are answered from the old one meanwhile.

    `processes` is the number of CPUs unless given, fewer for few events; one loads in this process.
    Raises BuildRunningError, BuildFailedError; a generation that was not finished is dropped.
    """
    lease = model.place.lease("build")
    if lease is None:
        raise BuildRunningError("another process is building the read model")
    try:
        with closing(workshop.open_source()) as source, _generation(model) as generation:
            upto = source.last_position()
            total = source.count_events()
            parts = processes or _processes_for(total)
            started = time.monotonic()
            tasks = [
                _Task(workshop, model.place, generation, upto, part, parts, chunk_streams, started)
                for part in range(parts)
            ]
            loaded = _load_all(tasks, total, progress or _silent)
            at_loaded = time.monotonic()
            model.place.finish(generation, model.folding.tables, upto)
            at_finished = time.monotonic()
            position = _switch(model, Feed(model.folding, source), generation, upto)
    finally:
        lease.close()
    model.drop_old()
    return Rebuilt(
        generation=generation,
        position=position,
        parts=tuple(loaded),
        load_seconds=at_loaded - started,
        finish_seconds=at_finished - at_loaded,
        catch_up_seconds=time.monotonic() - at_finished,
    )


def rebuild_where_built(model: ReadModel, workshop: Workshop) -> bool:
    """Build anew; False when another process is at it. Where nothing was ever built nothing has to be."""
    try:
        if model.live() is not None:
            rebuild(model, workshop)
    except BuildRunningError:
        return False
    return True


@contextmanager
def _generation(model: ReadModel) -> Iterator[int]:
    generation = model.create_generation()
    try:
        yield generation
    except BaseException:
        model.place.drop(generation)
        raise


def _switch(model: ReadModel, feed: Feed, generation: int, position: int) -> int:
    """Catch up beside the feeder, then hold it for a moment: the position of reports never goes back."""
    with closing(model.place.writer(generation)) as writer:
        fed = feed.page_events
        while fed >= feed.page_events:
            fed, position = feed.bring(writer, after=position, live=False)
        live = model.live()
        try:
            if live is None:
                model.switch(generation)
                return position
            with closing(model.place.writer(live)) as old, transaction(old) as held:
                while position < held:
                    _, position = feed.bring(writer, after=position, live=False)
                model.switch(generation)
        except GenerationGoneError:
            model.switch(generation)
        return position


def _load_all(tasks: list[_Task], total: int, progress: Progress) -> list[Loaded]:
    if len(tasks) == 1:
        return [_load(tasks[0], lambda count: progress(count, total))]
    context = multiprocessing.get_context("spawn")
    workers: dict[Connection, SpawnProcess] = {}
    try:
        for task in tasks:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(task, theirs), daemon=True)
            process.start()
            theirs.close()
            workers[ours] = process
        return _listen(workers, total, progress)
    finally:
        for connection, process in workers.items():
            connection.close()
            if process.is_alive():
                process.terminate()
            process.join(EXIT_SECONDS_MAX)


def _listen(workers: dict[Connection, SpawnProcess], total: int, progress: Progress) -> list[Loaded]:
    """Add up what the processes report until each has sent its result."""
    counts = dict.fromkeys(workers, 0)
    results: dict[Connection, Loaded] = {}
    while len(results) < len(workers):
        for connection in wait([one for one in workers if one not in results]):
            assert isinstance(connection, Connection)  # noqa: S101 - we wait for nothing else
            try:
                said = connection.recv()
            except EOFError:
                raise BuildFailedError("a process that was loading has died") from None
            if isinstance(said, Loaded):
                results[connection] = said
                workers[connection].join(EXIT_SECONDS_MAX)
            elif isinstance(said, int):
                counts[connection] = said
                progress(sum(counts.values()), total)
            else:
                raise BuildFailedError(str(said))
    return list(results.values())


def _work(task: _Task, connection: Connection) -> None:
    """Load one part, in a process of its own; it ends by itself when nobody listens any more."""
    try:
        connection.send(_load(task, connection.send))
    except BrokenPipeError:
        return
    except BaseException as error:
        connection.send(f"{type(error).__name__}: {error}")
        raise


def _load(task: _Task, progress: Callable[[int], None]) -> Loaded:
    """Load one part of the streams: read a chunk, fold it, write it."""
    loaded = Loaded()
    with (
        closing(task.workshop.make_folding()) as folding,
        closing(task.workshop.open_source()) as source,
        closing(task.place.loader(task.generation)) as writer,
        without_collection(),
    ):
        loaded.start_wall_seconds = time.monotonic() - task.begun_at
        at = time.thread_time()
        for events in source.read_partition(task.part, task.parts, task.upto, task.chunk_streams):
            at_read = time.thread_time()
            streams: dict[str, StreamRows] = {}
            folding.fold(events, streams, folding.void_versions(events))
            batches = tuples(streams.values())
            at_folded, wall = time.thread_time(), time.monotonic()
            with transaction(writer):
                for table, rows in batches.items():
                    writer.insert(table, rows)
                    loaded.rows += len(rows)
            loaded.events += len(events)
            loaded.read_cpu_seconds += at_read - at
            loaded.fold_cpu_seconds += at_folded - at_read
            loaded.write_wall_seconds += time.monotonic() - wall
            at = time.thread_time()
            loaded.write_cpu_seconds += at - at_folded
            progress(loaded.events)
    return loaded


def _processes_for(events: int) -> int:
    return min(os.cpu_count() or 1, 1 + events // PROCESS_EVENTS_MIN)


def _silent(_count: int, _total: int) -> None:
    """Show nothing."""
