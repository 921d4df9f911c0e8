"""Deputy heads are reminded every day of what still stands on void records and waits for a decision (B6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import msgspec

from ejd.handling.states import States, fold
from ejd.history.dependents import dependents_of
from ejd.kernel.calendar import zone
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.accounts import Role
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.breaches import BreachState
from ejd.kernel.states.school import SchoolState
from ejd.read.model import ReadModel
from ejd.store.outbox import Notice, Outbox, to_staff
from ejd_projections.breaches import breaches_that_hold

KIND = "open-dependents"
REMINDED: Role = "deputy-head"
MICROSECONDS = 1_000_000


class OpenDependents:
    """Writes one row a day for each deputy head, from the hour of the setting on (school time)."""

    def __init__(
        self, states: States, model: ReadModel, outbox: Outbox, clock: Callable[[], int], *, hour: int
    ) -> None:
        """Nobody was reminded by this process."""
        self._states = states
        self._model = model
        self._outbox = outbox
        self._clock = clock
        self._hour = hour
        self._reminded: date | None = None

    def run(self) -> int:
        """Remind once a day, when the hour has come; answer how many rows were written."""
        now = self._clock()
        timezone = self._states.load(SchoolState, SCHOOL).timezone
        local = datetime.fromtimestamp(now // MICROSECONDS, tz=UTC).astimezone(zone(timezone or "UTC"))
        if local.hour < self._hour or self._reminded == local.date():
            return 0
        waiting = self._waiting()
        notices: list[Notice] = []
        if waiting:
            about = msgspec.json.encode({"open": sum(waiting.values()), "breaches": waiting}).decode()
            day = local.date().isoformat()
            deputies = self._deputies(local.date())
            notices += [to_staff(f"{KIND}/{day}/{person}", KIND, person, about) for person in deputies]
        written = self._outbox.put(notices, now)
        self._reminded = local.date()
        return written

    def _waiting(self) -> dict[str, int]:
        """Answer how many dependents wait, by breach; breaches without any are left out."""
        store = self._states.store
        found: dict[str, int] = {}
        with self._model.snapshot() as snapshot:
            upto = snapshot.position
            for breach in breaches_that_hold(snapshot.connection):
                state = fold(BreachState, store.read_streams([breach], upto=upto), CATALOGUE)
                stood = dependents_of(store, snapshot.connection, breach, state, upto=upto)
                count = sum(one.ref not in state.decided for one in stood)
                if count:
                    found[breach] = count
        return found

    def _deputies(self, day: date) -> Iterator[str]:
        for entry in self._states.store.directory(kinds=["account"]):
            account = self._states.fresh(AccountState, entry.stream)
            if account.opened is None or account.locked or not account.opened.person:
                continue
            if any(one.role == REMINDED and one.scope is None for one in account.held(day)):
                yield account.opened.person
