"""The state machine: a school goes on, breaches come and are handled, feeders die; everything is checked all the time.

A run is `prove(open_school, seed, …)`; the same seed plays the same.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from random import Random
from typing import Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import tests.breaches.steps  # noqa: F401 - enters the steps of breaches
from ejd.read.contract import Place, Writer
from ejd.read.feeder import Feeder
from ejd.read.projection import Table
from ejd.read.rebuild import rebuild
from ejd.read.writing import Feed
from tests import histories as h
from tests.breaches import world as bw
from tests.breaches.compared import Comparing
from tests.breaches.player import BREACH_STEPS, BREACH_WEIGHTED, RealPlayer
from tests.read import laws

SCHOOL_STEPS = [kind for kind in h.WEIGHTED if kind not in h.MARKERS]
STEPS = 150
SCHOOLS = 4
"""Of one seed; Hypothesis makes the first of them of nothing but zeros."""
REPORTS_EVERY_STEPS = 20
REPORTS_PERMILLE = 3
"""Of some 3,000 questions each time, and another share at the end."""
END_PERMILLE = 10
KIND_SALT = 0x9E3779B9
SEEDS = st.integers(0, 2**32 - 1)
DEATHS = ("before", "after", "amid")
"""When a feeder dies: before its commit, after it, or with some rows of a page written."""
BATCHED = [*SCHOOL_STEPS, *BREACH_STEPS]
KINDS = [
    *SCHOOL_STEPS,
    *BREACH_WEIGHTED,
    *(["a busy hour"] * 10),
    *(["a batch"] * 6),
    *(["a request comes again"] * 5),
    *(["the feeder dies"] * 4),
    "all is built anew",
]


class Clock:
    """Shows the time of a player who is there only when the school is open."""

    player: RealPlayer | None = None

    def __call__(self) -> int:
        """Answer microseconds since 1970 UTC."""
        assert self.player is not None
        return self.player.now


class BreachMachine(RuleBasedStateMachine):
    """Plays one school from its beginning."""

    open_copy: ClassVar[bw.Open]
    played: ClassVar[Counter[str]]
    """Commands and refusals of all schools, so that it can be seen that everything was reached."""
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        """Nothing is opened yet."""
        super().__init__()
        self.stack = ExitStack()
        self.count = 0
        self.failed = False

    @initialize(cycle=st.sampled_from(bw.CYCLES))
    def begin(self, cycle: str) -> None:
        """Open a fresh school."""
        clock = Clock()
        school = self.stack.enter_context(type(self).open_copy(cycle, clock))
        self.player = RealPlayer(school=school, cycle=cycle)
        clock.player = self.player
        self.comparing = Comparing(self.player)
        self.comparing.read()
        self.player.moved = {one.meta.stream for one in self.comparing.happened}

    @rule(seed=SEEDS)
    def step(self, seed: int) -> None:
        """One thing happens, which one the seed says, so that weights are kept; then all is compared."""
        kind = Random(seed ^ KIND_SALT).choice(KINDS)
        try:
            self._play(kind, seed)
            self._check(seed)
        except BaseException:
            self.failed = True
            raise

    def _play(self, kind: str, seed: int) -> None:
        rnd = Random(seed)
        match kind:
            case "a batch":
                kinds = [rnd.choice(BATCHED) for _ in range(rnd.randint(2, 6))]
                self.player.batch(kinds, seed)
            case "a busy hour":
                for number in range(5):
                    self.player.step(rnd.choice(SCHOOL_STEPS), seed + number)
            case "a request comes again":
                self.player.repeat(seed)
            case "the feeder dies":
                self._let_feeders_die(rnd)
            case "all is built anew":
                school = self.player.school
                rebuild(school.read, school.workshop, processes=1)
            case _:
                self.player.step(kind, seed)

    def _let_feeders_die(self, rnd: Random) -> None:
        """A feeder dies between two pages or amid one, and again; then another one takes over."""
        school = self.player.school
        model, place = school.read, school.read.place
        school.feeder.stop()
        for _ in range(rnd.randint(1, 3)):
            model.place = MortalPlace(place, rnd.choice(DEATHS))  # type: ignore[assignment]  # what it does not have is the place's
            feeder = Feeder(model, Feed(model.folding, school.store, page_events=rnd.randint(1, 40)))
            try:
                feeder.run_to_end()
            except laws.Killed:
                continue
            finally:
                feeder.stop()
                model.place = place

    def _check(self, seed: int) -> None:
        self.count += 1
        type(self).steps += 1
        self.comparing.read()
        if self.player.moved:
            self.comparing.check_void()
            self.comparing.check_states(self.player.moved)
            self.player.moved = set()
        if self.count % REPORTS_EVERY_STEPS == 0:
            self.comparing.check_reports(seed, REPORTS_PERMILLE)
            self.comparing.check_dependents()

    def teardown(self) -> None:
        """At the end: everything once more, and the past at some positions."""
        try:
            if self.count and not self.failed:
                self._check_end()
        finally:
            if self.count:
                type(self).played.update(self.player.outcomes)
            self.stack.close()

    def _check_end(self) -> None:
        comparing = self.comparing
        comparing.read()
        comparing.check_void()
        comparing.check_states({one.meta.stream for one in comparing.happened})
        comparing.check_reports(self.count, END_PERMILLE)
        comparing.check_dependents()
        last = comparing.happened[-1].meta.position
        for share in (0.4, 0.8):
            comparing.check_past(int(last * share), self.count, REPORTS_PERMILLE)
        comparing.check_log()


class MortalPlace(laws.Mortal):
    """A place whose writers die at their second transaction: around its commit, or when some rows are written."""

    def __init__(self, place: Place, death: str) -> None:
        """Amid: at the first rows."""
        super().__init__(place, ["", "before" if death == "amid" else death])
        self._amid = death == "amid"

    def writer(self, generation: int) -> Writer:
        """Give a writer that may die."""
        writer = super().writer(generation)
        upsert = writer.upsert

        def die_or_upsert(table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
            upsert(table, rows)
            if self._amid:
                writer.close()
                raise laws.Killed

        writer.upsert = die_or_upsert  # type: ignore[method-assign]
        return writer


def prove(
    open_copy: bw.Open, *, seed: int, schools: int = SCHOOLS, steps: int = STEPS, shrink: bool = True
) -> type[BreachMachine]:
    """Play this many schools of this many steps each; raises with the (shortest) way to a difference, and the seed."""
    machine = machine_for(open_copy)
    try:
        run_state_machine_as_test(
            hypothesis.seed(seed)(machine),
            settings=settings(
                max_examples=schools,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                print_blob=True,
                phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
            _min_steps=steps // 2,
        )
    except BaseException as error:
        error.add_note(f"EJD_PROVE_SEED={seed} plays it again")
        raise
    return machine


def prove_for(open_copy: bw.Open, *, seed: int, seconds: float) -> tuple[int, Counter[str]]:
    """Walk schools with the seeds `seed`, `seed + 1` … for a time, and answer the steps and what was played.

    The same seed walks the same way on every machine: Hypothesis, which also shortens, draws from the constants of
    whatever modules happen to be imported.
    """
    end = time.monotonic() + seconds
    steps, played = 0, Counter[str]()
    while True:
        try:
            player = walk(open_copy, seed=seed, steps=STEPS)
        except BaseException as error:
            error.add_note(f"EJD_PROVE_SEED={seed} walks there again")
            raise
        steps, seed = steps + STEPS, seed + 1
        played.update(player.outcomes)
        if time.monotonic() >= end:
            return steps, played


def walk(open_copy: bw.Open, *, seed: int, steps: int) -> RealPlayer:
    """Play one school without Hypothesis, and answer its player when all is closed."""
    rnd = Random(seed)
    machine = machine_for(open_copy)()
    machine.begin(rnd.choice(bw.CYCLES))
    try:
        for _ in range(steps):
            machine.step(rnd.getrandbits(32))
    finally:
        machine.teardown()
    return machine.player


def machine_for(open_copy: bw.Open) -> type[BreachMachine]:
    """Answer a class with counters of its own."""
    return type("Breaches", (BreachMachine,), {"open_copy": staticmethod(open_copy), "played": Counter(), "steps": 0})
