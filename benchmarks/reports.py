"""Row 11: reports of a school of 1,500 pupils with a whole year, against those of a fifth of it.

What is about the whole school may take five times as long, what is about one class no longer than in the small school;
and none may ask the database more often because there is more to be read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import StringIO
from typing import Any, NamedTuple

import sqlalchemy as sa
from starlette.testclient import TestClient

from benchmarks import full_school as full
from benchmarks.full_school import Size
from benchmarks.measure import Figure, Laps, Report, Spread, details, interleave
from benchmarks.places import Bench, Database
from benchmarks.school import SESSION
from ejd.access.secrets import new_token
from ejd.app import open_school
from ejd.handling.handler import Request
from ejd.http.logs import make_log
from ejd.http.service import create_http
from ejd.kernel.command import Actor
from ejd.read.rebuild import rebuild
from ejd_commands.accounts import IssueToken
from tests import worlds as w
from tests.scenario import uid
from tests.schools import microseconds

NAME = "reports"
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
WHOLE, FIFTH = "the whole school", "a fifth of it"
TIMES = 5
SCHOOL_GOAL, CLASS_GOAL = 1.4, 1.4
FULL_CLASSES, QUICK_CLASSES = (60, 12), (2, 1)
"""The whole school and the small one."""
QUICK_TODAY = date(2025, 12, 20)
"""The tests do not record more: the number of statements does not hang on it."""
OK = 200
YEAR = {"from": w.FIRST_DAY.isoformat(), "to": w.LAST_DAY.isoformat()}
QUARTER = {"from": "2026-01-12", "to": "2026-03-27"}
CLASS, JOURNAL = full.class_id(7), uid("full journal 7 0 0")
"""The parallel class from which a pupil came in February, with the marks."""
QUICK_CLASS, QUICK_JOURNAL = full.class_id(0), uid("full journal 0 0 0")


class Asked(NamedTuple):
    """A report, and whether it is about all classes; `many` reads in portions, so that it asks more often."""

    name: str
    path: str
    parameters: Mapping[str, str]
    school: bool = True
    many: bool = False


def asked(class_id: str, journal: str) -> tuple[Asked, ...]:
    """Answer what is asked about the school, and about a class with a journal."""
    own = {"class": class_id}
    return (
        Asked("readiness", "/reports/readiness", {}),
        *(Asked(f"programme by {by}", "/reports/programme", {"by": by}) for by in ("journal", "teacher", "class")),
        *(Asked(f"programme by {by}", "/reports/programme", {"by": by}) for by in ("subject", "school")),
        Asked("programme of a class", "/reports/programme", own, school=False),
        Asked("curriculum compared", "/reports/curriculum", {}),
        Asked("lost lessons of the year", "/reports/substitutions/not-made-up", YEAR),
        Asked("substitutions of the year", "/reports/substitutions", YEAR),
        Asked("hours for payroll, a year", "/reports/substitutions/hours", YEAR),
        Asked("hours for payroll, a month", "/reports/substitutions/hours", {"from": "2026-04-01", "to": "2026-04-30"}),
        Asked("control works of the year", "/reports/control-works/schedule", {**YEAR, "limit": "1000"}),
        Asked("conflicts of the timetable", "/reports/timetable/conflicts", {}),
        Asked("what stands open before the year is closed", "/reports/year-closing", {}),
        Asked("the timetable on the wall", "/timetable/grid", {}),
        Asked("the week of a class", "/reports/timetable", own, school=False),
        Asked("iCalendar of a class, a year", "/exports/timetable.ics", own, school=False),
        Asked("gradebook of a class, a quarter", "/reports/gradebook", {**own, **QUARTER}, school=False),
        Asked("gradebook with a newcomer", "/reports/gradebook", {"journal": journal, **QUARTER}, school=False),
        *(
            Asked(f"{name} as XLSX", f"/{name}", {"format": "xlsx"})
            for name in ("people", "members", "staff", "journals", "loads", "classes", "rooms")
        ),
        Asked("OneRoster of the year", "/exports/oneroster", {}, many=True),
    )


class Served:
    """One school behind HTTP in this process, with a head who asks; its statements are counted."""

    def __init__(self, bench: Bench, database: Database, size: Size, stack: ExitStack) -> None:
        """Make the school and fold everything."""
        school = open_school(bench.settings(database), clock=lambda: microseconds(NOW))
        stack.callback(school.close)
        full.fill(school, size)
        token = new_token(os.urandom)
        command = IssueToken(
            account=w.HEAD,
            token=token.token_id,
            digest=token.digest,
            client="benchmarks",
            expires_at=NOW + timedelta(days=1),
        )
        school.handler.handle([Request(command, uid("token"))], Actor(w.HEAD, SESSION, "benchmarks"))
        done = rebuild(school.read, school.workshop, processes=1)
        bench.say(f"{done.events:,} events, {done.rows:,} rows on {database}")
        self.events = done.events
        self.statements = 0
        app = create_http(school, feed=False, log=make_log("error", StringIO()))
        self._client = stack.enter_context(
            TestClient(app, base_url="http://localhost", headers={"Authorization": f"Bearer {token.text}"})
        )
        with school.read.snapshot() as snapshot:
            sa.event.listen(snapshot.connection.engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self.statements += 1

    def ask(self, one: Asked) -> int:
        """Ask once; answers 1, a unit of work."""
        answer = self._client.get(f"/api/v1{one.path}", params=dict(one.parameters))
        assert answer.status_code == OK, answer.text
        return 1

    def counted(self, one: Asked) -> int:
        """Answer how many statements a report takes."""
        before = self.statements
        self.ask(one)
        return self.statements - before


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    return [_run(bench, database) for database in ("sqlite", "postgres")]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    report = Report(NAME)
    with ExitStack() as stack:
        sizes = (
            [Size(classes, QUICK_TODAY) for classes in QUICK_CLASSES]
            if bench.quick
            else [Size(classes) for classes in FULL_CLASSES]
        )
        whole, fifth = (Served(bench, database, size, stack) for size in sizes)
        report.notes.append(f"{database}: {whole.events:,} events, a fifth of the classes {fifth.events:,}")
        for one in asked(QUICK_CLASS, QUICK_JOURNAL) if bench.quick else asked(CLASS, JOURNAL):
            counts = {WHOLE: {"statements": whole.counted(one)}, FIFTH: {"statements": fifth.counted(one)}}
            if not one.many:
                report.work[f"{one.name} {database}"] = counts
            contenders: dict[str, Callable[[], int]] = {
                WHOLE: partial(whole.ask, one),
                FIFTH: partial(fifth.ask, one),
            }
            laps = interleave(contenders, bench.size(3, 1), bench.server_cpu)
            report.figures.append(_figure(one, laps, database, counts[WHOLE]["statements"]))
    return report


def _figure(one: Asked, laps: Laps, database: Database, statements: int) -> Figure:
    """Answer the ratio of processor time: this process and the server's."""
    times = TIMES if one.school else 1
    ratio = Spread.of([a.cpu_each / (times * b.cpu_each) for a, b in zip(laps[WHOLE], laps[FIFTH], strict=True)])
    against = "a fifth of the school, five times" if one.school else "the same in a fifth of the school"
    return Figure(
        11,
        f"{one.name}, 60 classes, against {against} (processor time)",
        database,
        ratio,
        SCHOOL_GOAL if one.school else CLASS_GOAL,
        "at most",
        details=[*details(laps, "answers"), f"{statements} statements"],
    )
