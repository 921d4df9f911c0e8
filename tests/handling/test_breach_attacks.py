"""Breaches under attack from all sides at once: nothing fails, nothing is there by half, nothing is there twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from ejd.app import School, opened
from ejd.handling.handler import Request, TooBusy
from ejd.kernel.command import Actor, Command, Refusal
from ejd.kernel.envelope import Answer, CommandRecord, Commit, NewEvent, Scope
from ejd.kernel.event import Event, encode
from ejd.kernel.events import accounts as a
from ejd.kernel.events.markers import EventsVoided
from ejd.kernel.ids import lesson_stream
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.void import MARKER_NAMES
from ejd.read.rebuild import rebuild
from ejd.settings import Settings
from ejd_commands.breach_ends import CloseBreach
from ejd_commands.invalidations import (
    InvalidateBreach,
    NothingInTheWindow,
    NothingProposed,
    PreviewIsOld,
    ProposeInvalidation,
    ReaffirmOperations,
    RevokeInvalidation,
)
from ejd_commands.marks import RecordMark
from tests import worlds as w
from tests.breaching import Breach
from tests.handling.conftest import store_world
from tests.reliability.kill_server import LESSON_DAYS, contents, everything
from tests.scenario import uid

SECOND_DEPUTY = uid("second deputy")
STREAMS = 12
CLIENTS = 8
DAYS = LESSON_DAYS[:STREAMS]
TOKENS = 1_500


class Ended(NamedTuple):
    """How one of many requests at once ended."""

    answer: Answer | None
    refusal: Refusal | None


@pytest.fixture
def school(settings: Settings) -> Iterator[School]:
    """A school with the machine's clock: a window has a length."""
    with opened(settings) as school:
        yield school


@pytest.fixture
def breach(school: School) -> Breach:
    """ADA's account has written a mark into each of twelve lessons; its breach is reported, received, reset."""
    store_world(
        school, (*w.A_JOURNAL, w.ALWAYS_FREE, *w.account(SECOND_DEPUTY, "deputy-2", "deputy-head", w.BORIS_STAFF))
    )
    since = school.clock()
    for number, day in enumerate(DAYS):
        send(school, mark(day.isoformat(), w.VERA), w.ADA, uid(f"forged {number}"))
    opened = Breach(school, uid("a breach under attack"))
    opened.open(since)
    return opened


def mark(day: str, pupil: str, number: int = 1) -> RecordMark:
    """A mark in a lesson of the journal."""
    fields = {"journal": w.JOURNAL, "day": day, "slot": w.LESSON_SLOT, "pupil": pupil, "work": "oral"}
    return RecordMark.model_validate({**fields, "number": number, "value": "4"})


def send(school: School, command: Command, by: str, command_id: str) -> Answer:
    """Send one command."""
    return school.handler.handle([Request(command, command_id)], Actor(by, uid("session"), "tests"))


def at_once(requests: Sequence[Callable[[], Answer]]) -> list[Ended]:
    """Send all at the same moment; whatever is not a refusal fails the test."""
    ready = threading.Barrier(len(requests))

    def one(request: Callable[[], Answer]) -> Ended:
        ready.wait()
        try:
            return Ended(request(), None)
        except Refusal as refusal:
            return Ended(None, refusal)

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(one, requests))


def streams() -> list[str]:
    """The streams that the account wrote to."""
    return [lesson_stream(w.JOURNAL, day, w.LESSON_SLOT) for day in DAYS]


def markers(school: School) -> Counter[tuple[str, str]]:
    """How many markers each stream has, by name."""
    return Counter((one.stream, one.name) for one in everything(school) if one.name in MARKER_NAMES)


def pupils_with_marks(school: School) -> set[str]:
    """Whose marks stand in the lessons."""
    states = school.states.load_many(LessonState, streams()).values()
    return {cell.pupil for state in states for cell in state.marks}


def check_reports(school: School) -> None:
    """Assert that reports fed on the way are what a rebuild makes of the events."""
    rebuild(school.read, school.workshop, processes=1)
    school.feeder.run_to_end()
    fed = contents(school)
    rebuild(school.read, school.workshop, processes=1)
    assert contents(school) == fed


def test_of_many_who_agree_at_once_one_does(breach: Breach) -> None:
    digest = breach.propose()
    agree = InvalidateBreach(breach=breach.breach, digest=digest)

    def sending(number: int) -> Callable[[], Answer]:
        by = (w.DEPUTY, SECOND_DEPUTY)[number % 2]
        return lambda: send(breach.school, agree, by, uid(f"agree {number}"))

    ended = at_once([sending(number) for number in range(CLIENTS)])
    assert sum(one.answer is not None for one in ended) == 1
    refusals = {type(one.refusal) for one in ended if one.refusal is not None}
    assert refusals <= {NothingProposed, NothingInTheWindow, PreviewIsOld, TooBusy}
    assert markers(breach.school) == {(stream, EventsVoided.stored_name): 1 for stream in streams()}
    assert pupils_with_marks(breach.school) == set()
    check_reports(breach.school)


def test_the_same_request_from_many_threads_is_one_invalidation(breach: Breach) -> None:
    digest = breach.propose()
    agree = InvalidateBreach(breach=breach.breach, digest=digest)
    ended = at_once([lambda: send(breach.school, agree, w.DEPUTY, uid("agree"))] * CLIENTS)
    answers = [one.answer for one in ended if one.answer is not None]
    assert len(answers) == CLIENTS
    assert len({one.events for one in answers}) == 1
    assert sum(not one.repeated for one in answers) == 1
    assert len(markers(breach.school)) == STREAMS


def test_old_digests_are_refused_while_the_streams_move(breach: Breach) -> None:
    """Half of the clients propose what they saw before, half write to the lessons."""
    old = breach.digest()
    school = breach.school
    send(school, mark(DAYS[0].isoformat(), w.GLEB), w.ADA, uid("honest"))

    def sending(number: int) -> Callable[[], Answer]:
        if number % 2:
            propose = ProposeInvalidation(breach=breach.breach, digest=old)
            return lambda: send(school, propose, (w.HEAD, w.DEPUTY)[number // 2 % 2], uid(f"propose {number}"))
        return lambda: send(school, mark(DAYS[number].isoformat(), w.DINA), w.ADA, uid(f"honest {number}"))

    ended = at_once([sending(number) for number in range(CLIENTS)])
    assert {type(one.refusal) for one in ended[1::2]} <= {PreviewIsOld, TooBusy}
    assert all(one.answer is not None for one in ended[::2])
    assert breach.state().proposed is None


def test_an_invalidation_while_eight_clients_write_to_the_same_lessons(breach: Breach) -> None:
    """Every honest mark is before or after it; none is lost, none stands on a void state."""
    school = breach.school
    turns = 6

    def honest(client: int) -> Answer:
        """Each client has a cell of its own in each lesson."""
        for turn in range(turns):
            command = mark(DAYS[(client + turn) % STREAMS].isoformat(), w.GLEB, number=client + 1)
            while True:
                try:
                    answer = send(school, command, w.ADA, uid(f"honest {client} {turn}"))
                except TooBusy:
                    continue
                break
        return answer

    def decide() -> Answer:
        while True:
            try:
                digest = breach.propose(uid(f"propose {school.store.last_position()}"))
                return breach.invalidate(digest, uid(f"agree {digest}"))
            except (PreviewIsOld, NothingProposed, TooBusy):
                continue

    ended = at_once([*(lambda client=client: honest(client) for client in range(CLIENTS)), decide])
    assert [one.refusal for one in ended] == [None] * (CLIENTS + 1)
    states = school.states.load_many(LessonState, streams()).values()
    cells = [cell for state in states for cell in state.marks]
    assert len(cells) == CLIENTS * turns
    assert {cell.pupil for cell in cells} == {w.GLEB}
    assert markers(school) == {(stream, EventsVoided.stored_name): 1 for stream in streams()}
    check_reports(school)


def test_reaffirming_and_revoking_at_once_restore_everything_once(breach: Breach) -> None:
    school = breach.school
    breach.invalidate(breach.propose())
    reaffirm = ReaffirmOperations(
        breach=breach.breach, commands=tuple(uid(f"forged {n}") for n in range(STREAMS // 2)), reason="Свои"
    )
    revoke = RevokeInvalidation(breach=breach.breach, reason="Ложная тревога")

    def sending(number: int) -> Callable[[], Answer]:
        command: Command = revoke if number % 2 else reaffirm
        return lambda: send(school, command, (w.HEAD, w.DEPUTY)[number // 2 % 2], uid(f"restore {number}"))

    ended = at_once([sending(number) for number in range(CLIENTS)])
    assert all(one.refusal is None or one.refusal.status in {409, 422} for one in ended)
    assert breach.state().held == {}
    assert pupils_with_marks(school) == {w.VERA}
    restored = Counter(stream for stream, name in markers(school).elements() if name != EventsVoided.stored_name)
    assert restored == dict.fromkeys(streams(), 1)
    check_reports(school)


def test_a_breach_of_the_one_who_agreed_leaves_the_decision_and_closes(breach: Breach) -> None:
    """What protects is never void, in whoever's breach: the later breach holds only what is no decision."""
    school = breach.school
    since = school.clock()
    breach.invalidate(breach.propose())
    inner = Breach(school, uid("the deputy's breach"), w.DEPUTY)
    inner.open(since, second=SECOND_DEPUTY)
    with pytest.raises(NothingInTheWindow):
        inner.propose()
    assert len(breach.state().held) == STREAMS
    close = CloseBreach(breach=breach.breach, conclusion="Отметки проверены")
    with pytest.raises(Refusal):
        send(school, close, w.DEPUTY, uid("close"))
    check_reports(school)


def test_an_account_that_let_in_very_many_tokens_is_reported_and_invalidated(school: School) -> None:
    """Accounts have tokens issued by the stolen one: all end with the report, and their being issued is void later."""
    store_world(school, w.A_JOURNAL)
    owners = [uid(f"owner {n}") for n in range(TOKENS // 10)]
    since = school.clock()
    _issue(school, [(owners[n % len(owners)], f"{n:016x}") for n in range(TOKENS)])
    assert _living(school, owners) == TOKENS
    breach = Breach(school, uid("breach of support"), w.SUPPORT)
    breach.open(since, support=w.DEPUTY)
    assert _living(school, owners) == 0
    answer = breach.invalidate(breach.propose())
    assert len(answer.events) == 1 + len(owners)
    check_reports(school)


def _issue(school: School, tokens: Sequence[tuple[str, str]]) -> None:
    """Let SUPPORT open accounts for programs and issue tokens to them."""
    command, owners = uid("issue"), dict.fromkeys(owner for owner, _ in tokens)
    events: list[tuple[str, Event]] = [(one, a.AccountOpened(kind="program", login=one)) for one in owners]
    ends = school.clock() + 10**12
    events += [
        (one, a.TokenIssued(token=token, digest="0" * 64, client="web", expires_at=ends)) for one, token in tokens
    ]
    school.store.append(
        Commit(
            actor=w.SUPPORT,
            session=uid("session"),
            client="tests",
            recorded_at=school.clock(),
            commands=(CommandRecord(command_id=command, name="issue", body_hash=b"-" * 32),),
            events=tuple(
                NewEvent(stream=stream, name=event.stored_name, state=encode(event), command_id=command)
                for stream, event in events
            ),
            expected=dict.fromkeys(owners, 0),
            scopes={owner: Scope(kind="account") for owner in owners},
        )
    )


def _living(school: School, owners: Sequence[str]) -> int:
    return sum(len(state.tokens) for state in school.states.load_many(AccountState, owners).values())
