"""Laws of invalidation on both databases: revoked = never happened; = without the forged commands; in any order; as of.

A school is played once and what was stored is noted, then played again with something left out or in another order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from ejd.kernel.command import Command
from ejd.read.memory import Memory
from ejd.read.model import ReadModel
from ejd_commands import breaches as bc
from ejd_commands import invalidations as ic
from ejd_commands.accounts import IssueToken
from tests import histories as h
from tests import worlds as w
from tests.breaches import world as bw
from tests.breaches.compared import none
from tests.breaches.machine import SCHOOL_STEPS, Clock
from tests.breaches.player import RealPlayer
from tests.breaches.steps import REASON, previewed
from tests.postgres import PostgresServer
from tests.read import laws
from tests.scenario import uid

law = settings(
    max_examples=4,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
KINDS = st.lists(st.tuples(st.sampled_from(SCHOOL_STEPS), st.integers(0, 2**32 - 1)), min_size=12, max_size=25)
TEACHERS_STEPS = (
    *("save_lesson", "topic", "homework_step", "roll", "correct_attendance"),
    *("record_mark", "change_mark", "recommend", "final_mark"),
)
FEW = st.lists(st.tuples(st.sampled_from(TEACHERS_STEPS), st.integers(0, 2**32 - 1)), min_size=6, max_size=12)
CYCLES = st.sampled_from(bw.CYCLES)
HALF_A_MINUTE = timedelta(seconds=30)
"""Between two steps: a window begins there."""
PLACE = frozenset({"position", "version"})
"""Columns that say where in the log something stands: what is left out of the log moves them."""
LOG = frozenset({"breaches", "corrections", "correction_requests", "account_holders", "revisions"})
"""Projections that tell of the log itself."""


Steps = Sequence[tuple[str, int]]
"""Kind of step, and the seed of its choices."""


class Told(NamedTuple):
    """A command that was stored: which one of all, at what time, by whom, and as what events."""

    number: int
    """Its id follows from it, and from that the ids of what it makes."""
    moment: datetime
    command: Command
    by: str
    events: tuple[str, ...]


class Teller(RealPlayer):
    """Notes what is stored; only some accounts may be heard; each step takes a minute."""

    told: list[Told]
    heard: frozenset[str] | None = None

    def send(self, command: Command, by: str) -> None:
        """Send it if the account is heard, and note it if it was stored."""
        if self.heard is not None and by not in self.heard:
            return
        super().send(command, by)
        answer = self.sent_before[-1].answer
        if answer is not None and answer.events:
            self.told.append(Told(self.sent, self.clock, command, by, tuple(ref.type for ref in answer.events)))

    def play(self, steps: Steps, heard: frozenset[str] | None = None) -> list[Told]:
        """Play steps of some accounts, or of all, and answer what was stored."""
        self.heard, self.told = heard, []
        for kind, seed in steps:
            self.rnd = Random(seed)
            self.clock += timedelta(minutes=1)
            h.STEPS[kind](self, self.rnd)
        self.heard = None
        return self.told

    def tell(self, told: Sequence[Told]) -> None:  # type: ignore[override]
        """Send again what was stored, at its time; it is stored again as the same events.

        Otherwise it depended on what is left out: an honest teacher repeated what a forged event had said, which stored
        nothing.
        """
        self.told = []
        for one in told:
            self.clock, self.sent = one.moment, one.number - 1
            self.send(one.command, one.by)
        assume(self.told == list(told))


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> bw.Open:
    """Where schools are played."""
    if request.param == "sqlite":
        return bw.on_sqlite(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return bw.on_postgres(server, tmp_path)


@contextmanager
def played(place: bw.Open, cycle: str) -> Iterator[Teller]:
    """A school that is being played, from its beginning."""
    clock = Clock()
    with place(cycle, clock) as school:
        player = clock.player = Teller(school=school, cycle=cycle)
        player.told = []
        yield player


def report(player: Teller, breach: str, account: str, since: datetime) -> None:
    """Report, receive twice as of a moment, reset: the window is from then to now."""
    for command, by in (
        (bc.ReportBreach(breach=breach, account=account, learned_at=since, what="токен украден"), w.DEPUTY),
        (bc.AcknowledgeBreachNotice(breach=breach, receiver="head", received_at=since), w.HEAD),
        (bc.AcknowledgeBreachNotice(breach=breach, receiver="support", received_at=since), w.SUPPORT),
        (bc.ResetCredentials(breach=breach), bw.DEPUTY_2),
    ):
        player.send(command, by)
        assert player.sent_before[-1].answer is not None, player.outcomes


def invalidate(player: Teller, breach: str) -> bool:
    """Propose and agree; False when there is nothing to make void."""
    digest, events = previewed(player, breach)
    if not events:
        return False
    player.send(ic.ProposeInvalidation(breach=breach, digest=digest), w.HEAD)
    player.send(ic.InvalidateBreach(breach=breach, digest=digest), w.DEPUTY)
    assert player.sent_before[-1].answer is not None, player.outcomes
    return True


def rows(player: Teller, *, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Feed to the end and answer the tables of all projections but some, without what names a place in the log."""
    player.school.feeder.run_to_end()
    model: ReadModel = player.school.read
    found = laws.live_contents(model)
    answer = {}
    for projection in model.folding.projections:
        for table in () if projection.name in but else projection.tables:
            kept = [number for number, column in enumerate(table.columns) if not but or column not in PLACE]
            answer[table.name] = {tuple(row[number] for number in kept) for row in found[table.name]}
    return answer


def differing(some: dict[str, Any], others: dict[str, Any]) -> Iterator[str]:
    """Answer the rows that are on one side only."""
    for table, rows_of in some.items():
        yield from (f"{table} - {row}" for row in sorted(rows_of - others[table], key=str))
        yield from (f"{table} + {row}" for row in sorted(others[table] - rows_of, key=str))


def dependents(player: Teller, breach: str) -> int:
    """How many records stand on what a breach holds void."""
    player.school.feeder.run_to_end()
    return len(player.school.states.dependents(breach, None))


BREACH, OTHER = uid("the breach"), uid("the other breach")
ADA, BORIS = frozenset({w.ADA}), frozenset({w.BORIS})


@law
@given(cycle=CYCLES, before=KINDS, forged=FEW)
def test_an_invalidation_that_is_revoked_never_happened(
    place: bw.Open, cycle: str, before: Steps, forged: Steps
) -> None:
    """Apart from the log, and from tokens that ended. The past as of any moment between is what it was then."""
    with played(place, cycle) as player:
        player.play(before)
        since = player.clock + HALF_A_MINUTE
        player.play(forged, ADA)
        never = rows(player, but=LOG)
        player.clock += timedelta(minutes=1)
        report(player, BREACH, w.ADA, since)
        store = player.school.store
        reported, at_report = rows(player), store.last_position()
        assume(invalidate(player, BREACH))
        void, at_void = rows(player), store.last_position()
        player.clock += timedelta(minutes=1)
        player.send(ic.RevokeInvalidation(breach=BREACH, reason=REASON), w.HEAD)
        none(differing(never, rows(player, but=LOG)))
        streams = [entry.stream for entry in store.directory()]
        folding = player.school.read.folding
        for upto, then in ((at_report, reported), (at_void, void)):
            with Memory(folding).snapshot(store, streams, upto=upto) as snapshot:
                assert laws.contents(folding, snapshot) == then


@law
@given(cycle=CYCLES, before=KINDS, forged=FEW, after=FEW)
def test_an_invalidation_leaves_the_history_without_what_was_forged(
    place: bw.Open, cycle: str, before: Steps, forged: Steps, after: Steps
) -> None:
    """Where nothing depended on it."""
    with played(place, cycle) as player:
        honest = list(player.play(before))
        since = player.clock + HALF_A_MINUTE
        player.play(forged, ADA)
        honest += player.play(after, BORIS)
        player.clock += timedelta(minutes=1)
        report(player, BREACH, w.ADA, since)
        assume(invalidate(player, BREACH))
        assume(dependents(player, BREACH) == 0)
        invalidated = rows(player, but=LOG)
    with played(place, cycle) as player:
        player.tell(honest)
        none(differing(invalidated, rows(player, but=LOG)))


@law
@given(cycle=CYCLES, before=KINDS, first=FEW, second=FEW)
def test_the_order_of_two_breaches_does_not_matter(
    place: bw.Open, cycle: str, before: Steps, first: Steps, second: Steps
) -> None:
    """ADA's account was in wrong hands, then BORIS's: whichever is dealt with first, the end is the same."""
    ends = []
    with played(place, cycle) as player:
        told = list(player.play(before))
        since = player.clock + HALF_A_MINUTE
        told += player.play(first, ADA)
        then = player.clock + HALF_A_MINUTE
        told += player.play(second, BORIS)
        ended = player.clock
        ends.append(both(player, ended, (BREACH, w.ADA, since), (OTHER, w.BORIS, then)))
    with played(place, cycle) as player:
        player.tell(told)
        ends.append(both(player, ended, (OTHER, w.BORIS, then), (BREACH, w.ADA, since)))
    none(differing(*ends))


@law
@given(cycle=CYCLES, before=KINDS, forged=st.tuples(FEW, FEW), between=FEW)
def test_the_order_of_two_windows_of_one_account_does_not_matter(
    place: bw.Open, cycle: str, before: Steps, forged: tuple[Steps, Steps], between: Steps
) -> None:
    """ADA's account was in wrong hands twice, each time until its reset; either is made void first."""
    first, second = forged
    ends = []
    with played(place, cycle) as player:
        once = [*player.play(before), *in_wrong_hands(player, BREACH, first)]
        again_in_her_hands(player)
        twice = [*player.play(between, BORIS), *in_wrong_hands(player, OTHER, second)]
        ended = player.clock
        ends.append(made_void(player, ended, BREACH, OTHER))
    with played(place, cycle) as player:
        player.tell(once)
        again_in_her_hands(player)
        player.tell(twice)
        ends.append(made_void(player, ended, OTHER, BREACH))
    none(differing(*ends))


def in_wrong_hands(player: Teller, breach: str, forged: Steps) -> list[Told]:
    """Play what a thief did as ADA, until it is reported and her credentials are reset; answer what was stored."""
    since = player.clock + HALF_A_MINUTE
    told = player.play(forged, ADA)
    player.clock += timedelta(minutes=1)
    report(player, breach, w.ADA, since)
    return told


def again_in_her_hands(player: Teller) -> None:
    """Give ADA a new token after a reset."""
    held = bw.token_of("ADA's next one")
    expires_at = player.clock + timedelta(days=30)
    player.send(
        IssueToken(account=w.ADA, token=held.token, digest=held.digest, client="tests", expires_at=expires_at),
        w.SUPPORT,
    )
    player.held_by(w.ADA)[:] = [held]


def made_void(player: Teller, now: datetime, *breaches: str) -> dict[str, Any]:
    """Make the windows of several breaches void in this order, and answer the end."""
    player.clock = now + timedelta(minutes=1)
    some = [invalidate(player, breach) for breach in breaches]
    assume(all(some))
    return rows(player, but=LOG)


def both(player: Teller, now: datetime, *breaches: tuple[str, str, datetime]) -> dict[str, Any]:
    """Deal with two breaches in this order, and answer the end."""
    player.clock = now + timedelta(minutes=1)
    for breach, account, since in breaches:
        report(player, breach, account, since)
    some = [invalidate(player, breach) for breach, _, _ in breaches]
    assume(any(some))
    return rows(player, but=LOG)
