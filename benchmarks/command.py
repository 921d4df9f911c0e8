"""Row 6: one correct-mark on a lesson of 40 events, with every check, against its bare SQL statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import date
from functools import partial
from itertools import islice
from typing import Any, Protocol
from uuid import uuid4

import psycopg

from benchmarks import school as synthetic
from benchmarks.measure import Figure, Report, details, interleave, time_ratio
from benchmarks.places import Bench, Database
from benchmarks.school import Lesson, Shape
from ejd.app import School, open_school
from ejd.handling.handler import Request
from ejd.kernel.command import Actor
from ejd.kernel.envelope import Recorded
from ejd.kernel.events.lessons import MarkRecorded
from ejd.settings import Settings
from ejd.store import arrays
from ejd.store import dialect as sql
from ejd.store.judge import INTEGER_MAX, Rows
from ejd.store.postgres import append_lock_key, session_settings
from ejd.store.round_trip import RoundTrip, Statement, numbered
from ejd.store.sqlite import FILE_NAME, INSERT_COMMANDS, INSERT_EVENTS, MMAP_BYTES_MAX
from ejd_commands.marks import CorrectMark
from tests import worlds as w

NAME = "command"
OURS, RAW = "correct-mark, handled", "its bare statements"
GOAL = 3.0
LESSON_EVENTS = 40
TODAY = date(2025, 12, 26)
ADA = Actor(w.ADA, synthetic.SESSION, "benchmarks")
ANSWER_SECONDS_MAX = 60.0


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    return [_run(bench, database) for database in ("postgres", "sqlite")]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    rounds, per_round = bench.size(25, 2), bench.size(20, 3)
    shape = Shape(classes=2, journals=5, lessons=bench.size(150, 4), events=LESSON_EVENTS)
    settings = bench.settings(database)
    with ExitStack() as stack:
        school = open_school(settings, clock=lambda: synthetic.micros(TODAY))
        stack.callback(school.close)
        synthetic.fill(school, shape)
        held = [lesson for lesson in synthetic.lessons(shape) if lesson.day <= TODAY]
        warm, measured = held[: shape.classes * shape.journals], held[shape.classes * shape.journals :]
        _correct(school, warm)
        size = min(rounds * per_round, len(measured) // 2)
        ours, theirs = measured[:size], measured[size : 2 * size]
        raw = _raw(settings, database)
        stack.callback(raw.close)
        before = school.store.count_events()
        laps = interleave(
            {
                OURS: _round(partial(_correct, school), ours, per_round),
                RAW: _round(raw.correct_all, theirs, per_round),
            },
            size // per_round,
            bench.server_cpu,
        )
        report = Report(NAME)
        report.work[f"{NAME} {database}"] = {
            name: {"corrections": _corrections(school, own)} for name, own in ((OURS, ours), (RAW, theirs))
        }
        assert school.store.count_events() == before + 2 * size
    ratio = time_ratio(laps, OURS, RAW)
    what = f"load, decide, append: correct-mark on a lesson of {LESSON_EVENTS} events, against its bare statements"
    report.figures.append(Figure(6, what, database, ratio, GOAL, "at most", details=details(laps, "commands")))
    report.statements[f"correct-mark, {database}"] = raw.statements
    return report


def _corrections(school: School, held: Sequence[Lesson]) -> int:
    recorded = school.store.read_streams([lesson.stream for lesson in held])
    return sum(one.name == "mark-corrected/1" for one in recorded)


def _round(work: Callable[[Sequence[Lesson]], None], held: Sequence[Lesson], per_round: int) -> Callable[[], int]:
    ready = iter(held)

    def run_round() -> int:
        own = list(islice(ready, per_round))
        work(own)
        return len(own)

    return run_round


def _correct(school: School, held: Iterable[Lesson]) -> None:
    """Correct one mark in each lesson, as the route would."""
    for lesson in held:
        mark = _mark(lesson)
        command = CorrectMark(
            journal=lesson.journal,
            day=lesson.day,
            slot=lesson.slot,
            pupil=mark.pupil,
            work=mark.work,
            value="2",
            reason="Опечатка",
        )
        school.handler.handle([Request(command, str(uuid4()))], ADA)


def _mark(lesson: Lesson) -> MarkRecorded:
    mark = lesson.events[-1]
    assert isinstance(mark, MarkRecorded)
    return mark


class Raw(Protocol):
    """The same statements by hand: what is written is made beforehand from a correction that was really stored."""

    @property
    def statements(self) -> Sequence[str]:
        """What it issues."""
        ...

    def correct_all(self, held: Sequence[Lesson]) -> None:
        """Read, ask, insert, commit for each lesson."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def _reads(lesson: Lesson) -> list[str]:
    """Answer the streams whose heads the command has checked: its lesson and the five that it decides by."""
    return [lesson.stream, *lesson.reads[:5]]


def _rows(lesson: Lesson, position: int, recorded_at: int) -> Rows:
    """Answer the rows of a correction as the store would write them; sealed reason and causes have their true size."""
    command_id, first = str(uuid4()), position + 1
    mark = _mark(lesson)
    state = (
        f'{{"journal":"{lesson.journal}","date":"{lesson.day}","slot":{lesson.slot},"pupil":"{mark.pupil}",'
        f'"work":"{mark.work}","old_value":"{mark.value}","new_value":"2",'
        f'"reason":["{mark.pupil}","{"A" * 60}"]}}'
    ).encode()
    caused_by = "[" + ",".join(f'["{one}",2]' for one in _reads(lesson)[:4]) + "]"
    event = Recorded(
        first,
        lesson.stream,
        LESSON_EVENTS + 1,
        "mark-corrected/1",
        state,
        recorded_at,
        *ADA[:3],
        command_id,
        "",
        caused_by,
        b"s" * 16,
    )
    command = (command_id, ADA.account, "correct-mark", b"-" * 32, "", first, first, recorded_at)
    return Rows([event], [command], [], [], [], [])


class RawSqlite:
    """On two connections, as the store has: one reads, one writes."""

    def __init__(self, settings: Settings) -> None:
        """Open the school's file."""
        path = settings.data_dir / FILE_NAME
        self._reader, self._writer = (sqlite3.connect(path, isolation_level=None) for _ in range(2))
        for connection in (self._reader, self._writer):
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES_MAX}")
        self._many = sql.SQLITE.many
        self._streams, self._question = map(sql.SQLITE.sql, (sql.STREAMS, sql.QUESTION))
        self.statements: Sequence[str] = (
            self._streams,
            "BEGIN IMMEDIATE",
            self._question,
            INSERT_EVENTS,
            INSERT_COMMANDS,
            "COMMIT",
        )

    def correct_all(self, held: Sequence[Lesson]) -> None:
        """Read, ask, insert, commit for each lesson."""
        for lesson in held:
            self._reader.execute(self._streams, (self._many([lesson.stream]), INTEGER_MAX)).fetchall()
            self._writer.execute("BEGIN IMMEDIATE")
            ids = self._many([lesson.command_id + "x"])
            question = (self._many(_reads(lesson)), ids, ids, self._many([]))
            answers = self._writer.execute(self._question, question).fetchall()
            position, recorded_at = next(row[3:] for row in answers if row[0] == 1)
            rows = _rows(lesson, position, recorded_at)
            self._writer.executemany(INSERT_EVENTS, rows.events)
            self._writer.executemany(INSERT_COMMANDS, rows.commands)
            self._writer.execute("COMMIT")

    def close(self) -> None:
        """Close both."""
        self._reader.close()
        self._writer.close()


class RawPostgres:
    """Reading through psycopg, the two round trips of appending over libpq: as the store does it."""

    def __init__(self, settings: Settings) -> None:
        """Open the school's schema."""
        assert settings.database_url is not None
        self._reader: psycopg.Connection[Any]
        self._writer: psycopg.Connection[Any]
        self._reader, self._writer = (psycopg.connect(settings.database_url, autocommit=True) for _ in range(2))
        for connection in (self._reader, self._writer):
            connection.execute(session_settings(settings.school))
        self._writer.execute("SET plan_cache_mode = force_generic_plan")
        self._trip = RoundTrip(self._writer, ANSWER_SECONDS_MAX)
        streams = sql.POSTGRES.sql(sql.STREAMS)
        self._streams = streams.encode()
        self._cursor = self._reader.cursor(binary=True)
        self._lock = f"SELECT pg_advisory_xact_lock({append_lock_key(settings.school)})".encode()
        self._question = numbered(sql.POSTGRES.sql(sql.QUESTION))
        inserts = [text.decode() for text, _ in arrays.inserts(_rows(next(synthetic.lessons(Shape(1, 1, 1))), 0, 0))]
        self.statements: Sequence[str] = (
            streams,
            f"BEGIN; {self._lock.decode()}; {self._question.decode()}",
            f"{'; '.join(inserts)}; COMMIT",
        )

    def correct_all(self, held: Sequence[Lesson]) -> None:
        """Read, ask, insert, commit for each lesson."""
        for lesson in held:
            self._cursor.execute(self._streams, ([lesson.stream], INTEGER_MAX), prepare=True).fetchall()
            answers = self._trip.run([(b"BEGIN", ()), (self._lock, ()), self._ask(lesson)])
            value = answers.get_value
            row = next(row for row in range(answers.ntuples) if value(row, 0) == b"1")
            rows = _rows(lesson, int(value(row, 3) or 0), int(value(row, 4) or 0))
            self._trip.run([*arrays.inserts(rows), (b"COMMIT", ())])

    def close(self) -> None:
        """Close both."""
        self._reader.close()
        self._writer.close()

    def _ask(self, lesson: Lesson) -> Statement:
        ids = arrays.texts([lesson.command_id])
        return self._question, (arrays.texts(_reads(lesson)), ids, ids, arrays.texts([]))


def _raw(settings: Settings, database: Database) -> Raw:
    return RawSqlite(settings) if database == "sqlite" else RawPostgres(settings)
