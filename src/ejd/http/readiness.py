"""Whether the service may get requests: events can be asked for, reports are of this code and keep up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ejd.http.contract import SchoolService
from ejd.http.problems import refusal_of
from ejd.store.schema import migrations

LAG_SECONDS_MAX = 10.0
"""How long reports may stand still behind the events before the service says that it is not ready."""


@dataclass(slots=True)
class State:
    """`reasons` say in sentences why the service is not ready; positions are None when they cannot be asked for."""

    schema_version: int
    last_position: int | None = None
    position: int | None = None
    generation: int | None = None
    read_model_current: bool = False
    feeder_leading: bool = False
    feeder_errors: int = 0
    refolded_streams: int = 0
    refolding_streams: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def lag(self) -> int | None:
        """How many positions the reports are behind."""
        if self.position is None or self.last_position is None:
            return None
        return max(self.last_position - self.position, 0)


class Readiness:
    """Looks when it is asked; remembers only since when the reports stand still."""

    def __init__(self, school: SchoolService, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nothing is asked yet."""
        self._school = school
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: tuple[tuple[int, int], float] | None = None

    def look(self) -> State:
        """Answer the state of now."""
        feeder = self._school.feeder
        state = State(
            schema_version=schema_version(self._school),
            feeder_leading=feeder.leading,
            feeder_errors=feeder.errors,
            refolded_streams=feeder.refolded,
            refolding_streams=feeder.refolding,
        )
        try:
            state.last_position = self._school.store.last_position()
            state.read_model_current = self._school.read.is_current()
            if state.read_model_current:
                with self._school.read.snapshot() as snapshot:
                    state.position, state.generation = snapshot.position, snapshot.generation
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            state.reasons.append(refusal.sentence)
            return state
        if not state.read_model_current:
            state.reasons.append("the reports are being built for this version of ejd")
        elif feeder.damage is not None:
            state.reasons.append(f"the reports stand at position {state.position}: {feeder.damage}")
        elif self._stands_still(state):
            state.reasons.append(
                f"the reports have been behind for more than {LAG_SECONDS_MAX:.0f} s: look at the feeder"
            )
        return state

    def _stands_still(self, state: State) -> bool:
        """Say whether nothing has moved for too long; a large invalidation moves on stream by stream."""
        now, reached = self._monotonic(), (state.position or 0, state.refolded_streams)
        with self._lock:
            if not state.lag or self._seen is None or self._seen[0] != reached:
                self._seen = (reached, now)
            return now - self._seen[1] > LAG_SECONDS_MAX


def schema_version(school: SchoolService) -> int:
    """Answer the version of the store's tables: opening has checked that they have it."""
    return migrations("sqlite" if school.settings.database_url is None else "postgres")[-1].version
