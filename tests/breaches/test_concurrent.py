"""Clients that go on while a breach is reported and invalidated: each command is before or after it, none is lost."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from ejd.app import School
from ejd.handling.handler import Request
from ejd.kernel.command import Actor, Command
from ejd.kernel.events import lessons as e
from ejd.kernel.events.breaches import EventsInvalidated
from ejd.kernel.rights import AccountLockedRefusal
from ejd_commands.breaches import AcknowledgeBreachNotice, ReportBreach, ResetCredentials
from ejd_commands.invalidations import InvalidateBreach, PreviewIsOld, ProposeInvalidation
from ejd_commands.marks import CellIsEmpty, CellIsTaken, CorrectMark, RecordMark
from tests import oracle as o
from tests import worlds as w
from tests.breach_story import BREACH, Story, at
from tests.breaches.compared import all_events
from tests.breaches.truth import Happened, Truth, decoded
from tests.scenario import uid

DAYS = tuple(w.TODAY - timedelta(days=back) for back in (0, 3, 4))
PUPILS = (w.VERA, w.GLEB, w.DINA)
WORKS = ("oral", "homework")
NUMBERS = (1, 2, 3)
BEFORE_THE_REPORT = 12
"""Commands of the thief that are stored before anybody reports."""
SECONDS_MAX = 60.0
THIEF = Actor(w.ADA, uid("the thief's session"), "tests")
ADA = Actor(w.ADA, uid("ada's new session"), "tests")
HEAD, DEPUTY, SUPPORT = (Actor(one, uid("session"), "tests") for one in (w.HEAD, w.DEPUTY, w.SUPPORT))
Cell = dict[str, Any]
CELLS: list[Cell] = [
    {"journal": w.JOURNAL, "day": day, "slot": w.LESSON_SLOT, "pupil": pupil, "work": work, "number": number}
    for number, day, pupil, work in itertools.product(NUMBERS, DAYS, PUPILS, WORKS)
]


class Outcome(NamedTuple):
    """A command that was answered: its id, and how many events it brought."""

    command_id: str
    events: int


class Client:
    """Sends commands one after another and notes each that is acknowledged."""

    def __init__(self, school: School, actor: Actor, name: str) -> None:
        """Nothing is sent yet."""
        self.school = school
        self.actor = actor
        self.name = name
        self.acknowledged: list[Outcome] = []
        self._numbers = itertools.count()

    def send(self, command: Command) -> None:
        """Send it; whatever is stored is noted before anything else happens."""
        command_id = uid(f"{self.name} {next(self._numbers)}")
        answer = self.school.handler.handle([Request(command, command_id)], self.actor)
        self.acknowledged.append(Outcome(command_id, len(answer.events)))

    def forge(self, cells: Iterable[Cell]) -> None:
        """Record marks until the account is locked; as long as it is not, nothing else is refused."""
        for cell in cells:
            try:
                self.send(RecordMark(**cell, value="5"))
            except AccountLockedRefusal:
                return

    def put_right(self, cells: Iterable[Cell]) -> None:
        """Correct what is there, and record what is not: either is refused when it is the other way round."""
        for cell in cells:
            for command in (CorrectMark(**cell, value="3", reason="Моя оценка"), RecordMark(**cell, value="4")):
                with suppress(CellIsEmpty, CellIsTaken):
                    self.send(command)


def forge_until_reported(story: Story, elsewhere: School) -> list[Client]:
    """Two thieves, one in each process; the head reports while they are at it."""
    school = story.tiny.school
    thieves = [Client(school, THIEF, "thief here"), Client(elsewhere, THIEF, "thief there")]
    report = ReportBreach(breach=BREACH, account=w.ADA, learned_at=at(13, 50), what="токен украден")
    story.on(at(14, 30))
    begun = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        going = [pool.submit(thief.forge, CELLS[number::2]) for number, thief in enumerate(thieves)]
        end = time.monotonic() + SECONDS_MAX
        while sum(len(thief.acknowledged) for thief in thieves) < BEFORE_THE_REPORT:
            assert time.monotonic() < end
            begun.wait(0.001)
        school.handler.handle([Request(report, uid("report"))], HEAD)
        for one in going:
            one.result()
    return thieves


def invalidate_meanwhile(story: Story, honest: Sequence[Client]) -> None:
    """Head and deputy head look at a preview, propose and agree, again and again, while ADA puts her marks right."""
    handler = story.tiny.school.handler
    with ThreadPoolExecutor(2) as pool:
        going = [pool.submit(client.put_right, CELLS[number::2]) for number, client in enumerate(honest)]
        end = time.monotonic() + SECONDS_MAX
        for attempt in itertools.count():
            digest = story.digest()
            try:
                propose = ProposeInvalidation(breach=BREACH, digest=digest)
                handler.handle([Request(propose, uid(f"propose {attempt}"))], HEAD)
                agree = InvalidateBreach(breach=BREACH, digest=digest)
                handler.handle([Request(agree, uid(f"agree {attempt}"))], DEPUTY)
                break
            except PreviewIsOld:
                assert time.monotonic() < end
        for one in going:
            one.result()


def test_every_command_is_before_or_after_and_none_is_lost(story: Story, elsewhere: School) -> None:
    school = story.tiny.school
    thieves = forge_until_reported(story, elsewhere)
    story.on(at(15))
    for command, actor in (
        (AcknowledgeBreachNotice(breach=BREACH, receiver="head", received_at=at(14)), HEAD),
        (AcknowledgeBreachNotice(breach=BREACH, receiver="support", received_at=at(14)), SUPPORT),
        (ResetCredentials(breach=BREACH), HEAD),
    ):
        school.handler.handle([Request(command, story.tiny.new_id())], actor)
    story.on(at(16))
    honest = [Client(school, ADA, "ada here"), Client(elsewhere, ADA, "ada there")]
    invalidate_meanwhile(story, honest)

    happened = decoded(all_events(school))
    check_none_is_lost(happened, [*thieves, *honest])
    (decision,) = [event for _, event in happened if isinstance(event, EventsInvalidated)]
    assert set(decision.commands) == {one.command_id for thief in thieves for one in thief.acknowledged}
    check_each_stood_on_what_was_true(happened)


def check_none_is_lost(happened: Sequence[Happened], clients: Sequence[Client]) -> None:
    """What was acknowledged is stored, all of it, and nothing else of these sessions is."""
    acknowledged = {one.command_id: one.events for client in clients for one in client.acknowledged}
    sessions = {client.actor.session for client in clients}
    stored: dict[str, int] = {}
    for meta, _ in happened:
        if meta.session in sessions:
            stored[meta.command_id] = stored.get(meta.command_id, 0) + 1
    assert stored == acknowledged
    assert len(stored) > BEFORE_THE_REPORT


def check_each_stood_on_what_was_true(happened: Sequence[Happened]) -> None:
    """A mark was recorded into a cell that was empty then, or corrected from the value that stood there then."""
    checked = 0
    for number, (meta, event) in enumerate(happened):
        if not isinstance(event, e.MarkRecorded | e.MarkCorrected):
            continue
        lessons = o.facts_of(Truth(happened[:number]).valid).lessons
        known = lessons[meta.stream].marks if meta.stream in lessons else {}
        there = known.get((event.pupil, event.work, event.number))
        if isinstance(event, e.MarkRecorded):
            assert there is None, f"{meta.position}: the cell was taken"
        else:
            assert there is not None, f"{meta.position}: the cell was empty"
            assert there.value == event.old_value
        checked += 1
    assert checked > len(CELLS)
