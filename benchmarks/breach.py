"""Rows 8 and 9: what a breach costs follows what the account did, not how large the school is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from benchmarks import school as synthetic
from benchmarks.breach_raw import ByHand, Ready, ready
from benchmarks.measure import Figure, Lap, Report, details, interleave, lap, take_turns, time_ratio
from benchmarks.places import Bench, Database
from benchmarks.school import Lesson, Shape
from ejd.app import School, open_school
from ejd.kernel.envelope import CommandRecord, Commit, NewEvent
from ejd.kernel.event import encode
from ejd.kernel.events.lessons import MarkRecorded
from ejd.read.rebuild import rebuild
from ejd_projections.gradebook_tables import marks
from tests import worlds as w
from tests.breaching import Breach
from tests.scenario import uid

NAME = "breach"
LARGE, MIDDLE, SMALL = "500,000 events", "50,000 events", "5,000 events"
BY_HAND = "the same streams by hand"
FIND_GOAL, SIZE_GOAL, HAND_GOAL = 2.0, 1.3, 3.0
FORGED_EACH = 5
"""Marks that the stolen account wrote into each lesson of somebody else."""
WORK = "dictation"
HOUR_MICROSECONDS = 3_600_000_000


class Sizes(NamedTuple):
    """The schools, and how many lessons each stolen account wrote into."""

    large: Shape
    middle: Shape
    small: Shape
    block: int


FULL = Sizes(Shape(20, 14, 60), Shape(2, 14, 60), Shape(2, 14, 6), 100)
"""A larger school has more classes: averages of a period are of as many lessons in each."""
QUICK = Sizes(Shape(3, 2, 4), Shape(2, 2, 4), Shape(2, 2, 2), 4)


@dataclass(frozen=True)
class Stolen:
    """One account in wrong hands: what it wrote, and a proposal that waits for the second person."""

    breach: Breach
    digest: str
    since: int
    until: int


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    return [_run(bench, database) for database in ("sqlite", "postgres")]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    sizes = QUICK if bench.quick else FULL
    rounds = bench.size(7, 1)
    report = Report(NAME)
    with ExitStack() as stack:
        large = _school(bench, database, sizes.large, stack)
        middle = _school(bench, database, sizes.middle, stack)
        small = _school(bench, database, sizes.small, stack)
        first, *blocks = islice(_blocks(sizes), 1 + 2 * rounds)
        _report_finding(bench, database, report, {LARGE: large, SMALL: small}, first)
        _report_deciding(bench, database, report, (large, middle), blocks)
    return report


def _school(bench: Bench, database: Database, shape: Shape, stack: ExitStack) -> School:
    """Make a school of one size; its clock stands two days after its last lesson."""
    now = synthetic.micros(synthetic.school_days(shape.lessons + 2)[-1])
    school = open_school(bench.settings(database), clock=lambda: now)
    stack.callback(school.close)
    synthetic.fill(school, shape)
    return school


def _blocks(sizes: Sizes) -> Iterator[list[Lesson]]:
    """Yield lessons that all schools have, so many at a time."""
    lessons = synthetic.lessons(sizes.middle)
    while block := list(islice(lessons, sizes.block)):
        yield block


def _forge(school: School, block: Sequence[Lesson], account: str) -> tuple[int, int]:
    """Let an account write marks into lessons, one command each; answer the span of time."""
    since = max(school.clock() - HOUR_MICROSECONDS, school.store.read_page(school.store.last_position() - 1, 1)[0][5])
    heads = school.store.heads([lesson.stream for lesson in block])
    events = [
        NewEvent(stream=lesson.stream, name=mark.stored_name, state=encode(mark), command_id=_forged(account, lesson))
        for lesson in block
        for mark in _marks(lesson)
    ]
    school.store.append(
        Commit(
            actor=account,
            session=synthetic.SESSION,
            client="benchmarks",
            recorded_at=since + 1,
            commands=tuple(
                CommandRecord(command_id=_forged(account, lesson), name="save-lesson", body_hash=b"-" * 32)
                for lesson in block
            ),
            events=tuple(events),
            expected=heads,
        )
    )
    return since + 1, since + 2


def _forged(account: str, lesson: Lesson) -> str:
    return uid(f"{account} forged {lesson.stream}")


def _marks(lesson: Lesson) -> list[MarkRecorded]:
    there = [event for event in lesson.events if isinstance(event, MarkRecorded)]
    return [
        MarkRecorded(journal=lesson.journal, date=lesson.day, slot=lesson.slot, pupil=mark.pupil, work=WORK, value="5")
        for mark in there[:FORGED_EACH]
    ]


def _report_finding(
    bench: Bench, database: Database, report: Report, schools: dict[str, School], block: Sequence[Lesson]
) -> None:
    """Row 8: the account wrote everything in the school, and a few of it in the window."""
    contenders: dict[str, Callable[[], int]] = {}
    found: dict[str, dict[str, int]] = {}
    for name, school in schools.items():
        window = _forge(school, block, w.ADA)
        contenders[name] = lambda school=school, window=window: _find(school, window)  # type: ignore[misc]
        found[name] = {"events": contenders[name]()}
    laps = interleave(contenders, bench.size(60, 3), bench.server_cpu)
    what = f"finding the {FORGED_EACH * len(block)} events of an account in a window, {LARGE} against {SMALL}"
    report.figures.append(
        Figure(8, what, database, time_ratio(laps, LARGE, SMALL), FIND_GOAL, "at most", details=details(laps, "events"))
    )
    report.work[f"finding {database}"] = found


def _find(school: School, window: tuple[int, int]) -> int:
    return sum(1 for _ in school.store.operations(w.ADA, *window))


def _report_deciding(
    bench: Bench,
    database: Database,
    report: Report,
    schools: tuple[School, School],
    blocks: Sequence[Sequence[Lesson]],
) -> None:
    """Row 9: preview, invalidation, and reports right again."""
    large, middle = schools
    stolen = {name: _steal(school, blocks) for name, school in ((LARGE, large), (MIDDLE, middle))}
    for school in schools:
        rebuild(school.read, school.workshop, processes=1)
        school.feeder.run_to_end()
    half = len(blocks) // 2
    by_hand = ByHand(large)
    blocks_by_hand = [_ready(large, one) for one in stolen[LARGE][half:]]
    ours = {name: iter(stolen[name][:half]) for name in (LARGE, MIDDLE)}
    hands = iter(blocks_by_hand)

    def one_by_hand() -> Lap:
        timed = lap(lambda: by_hand.invalidate(next(hands)) and 1, bench.server_cpu)
        large.feeder.stop()  # the position has moved behind its back; it begins anew before it is timed
        large.feeder.run_to_end()
        return timed

    contenders = {
        LARGE: lambda: lap(lambda: _decide(next(ours[LARGE])), bench.server_cpu),
        MIDDLE: lambda: lap(lambda: _decide(next(ours[MIDDLE])), bench.server_cpu),
        BY_HAND: one_by_hand,
    }
    try:
        laps = take_turns(contenders, half)
    finally:
        by_hand.close()
    events, streams = FORGED_EACH * len(blocks[0]), len(blocks[0])
    what = f"preview, invalidation of {events} events in {streams} streams, reports right again"
    for other, goal, against in ((MIDDLE, SIZE_GOAL, f"{LARGE} against {MIDDLE}"), (BY_HAND, HAND_GOAL, BY_HAND)):
        ratio = time_ratio(laps, LARGE, other)
        told = details({LARGE: laps[LARGE], other: laps[other]}, "invalidations")
        report.figures.append(Figure(9, f"{what}, {against}", database, ratio, goal, "at most", details=told))
    report.statements[f"an invalidation by hand, {database}"] = by_hand.statements
    report.work[f"deciding {database}"] = {
        LARGE: {"void": _void(large, stolen[LARGE][:half])},
        MIDDLE: {"void": _void(middle, stolen[MIDDLE][:half])},
        BY_HAND: {"void": _void(large, stolen[LARGE][half:])},
    }


def _steal(school: School, blocks: Sequence[Sequence[Lesson]]) -> list[Stolen]:
    """Let an account of its own write into each block, and propose that it be void."""
    accounts = [uid(f"stolen {number}") for number in range(len(blocks))]
    synthetic.store_events(
        school.store,
        [one for n, account in enumerate(accounts) for one in w.account(account, f"stolen-{n}", "teacher")],
    )
    spans = [_forge(school, block, account) for block, account in zip(blocks, accounts, strict=True)]
    found = []
    for account, (since, until) in zip(accounts, spans, strict=True):
        breach = Breach(school, uid(f"breach of {account}"), account)
        breach.open(since)
        found.append(Stolen(breach, breach.propose(), since, until))
    return found


def _ready(school: School, stolen: Stolen) -> Ready:
    return ready(
        school,
        stolen.breach.breach,
        {stream: tuple(versions) for stream, versions in stolen.breach.affected().voided.items()},
    )


def _decide(stolen: Stolen) -> int:
    """Look at the preview, decide, feed."""
    breach = stolen.breach
    found = breach.preview()
    assert found.digest == stolen.digest
    answer = breach.invalidate(found.digest)
    breach.school.feeder.run_to_end()
    assert breach.school.feeder.position >= answer.position
    return 1


def _void(school: School, stolen: Sequence[Stolen]) -> list[int]:
    """Answer in how many streams something was forged, and how many of these marks reports still show."""
    streams = [stream for one in stolen for stream in one.breach.affected().voided] or [
        stream for one in stolen for stream in one.breach.state().held
    ]
    with school.read.snapshot() as snapshot:
        shown = [
            row.work
            for row in snapshot.connection.execute(marks.table.select().where(marks.c.stream.in_(streams)))
            if row.work == WORK
        ]
    return [len(streams), len(shown)]
