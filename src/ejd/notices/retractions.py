"""Parents who could have seen data that is now void are told so, once (B8); told again when it counts after all.

A family without consent to the electronic form is told on paper: its rows are written with the reason, and not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

import msgspec
import sqlalchemy as sa

from ejd.kernel.calendar import local_day
from ejd.kernel.consents import ELECTRONIC_FORM, Ledger, may
from ejd.read.model import ReadModel
from ejd.store.outbox import Notice, Outbox, to_family
from ejd_projections.asking import fetch, is_in
from ejd_projections.breaches import ConcernedRow, concerned_pupils
from ejd_projections.consents import ledger_of
from ejd_projections.people import GuardianshipRow, guardianships
from ejd_projections.school_catalogue import school

PUPILS_IN_ONE_QUESTION = 5_000
KINDS = {"void": "retraction", "restored": "restoration"}
"""Kind of notice by what happened to what parents may have seen."""


class Retractions:
    """Writes one row for each guardian who acted for a pupil concerned on the day of the decision.

    The key is made of breach, version of the decision, guardian and pupil: whoever writes it first has written it,
    also after kill -9 and with several processes. What was looked through is remembered in this process only.
    """

    def __init__(self, model: ReadModel, outbox: Outbox, clock: Callable[[], int]) -> None:
        """Nothing was looked through."""
        self._model = model
        self._outbox = outbox
        self._clock = clock
        self._done: set[tuple[str, int]] = set()

    def run(self) -> int:
        """Write what is missing and answer how many rows that were."""
        with self._model.snapshot() as snapshot:
            c = snapshot.connection
            opened = school(c)
            rows = [row for row in concerned_pupils(c) if (row.stream, row.version) not in self._done]
            if opened is None or not rows:
                return 0
            now = self._clock()
            today = local_day(now, opened.timezone)
            acting = _guardians(c, {row.pupil for row in rows})
            ledger = ledger_of(c, today.isoformat())
            notices = [one for row in rows for one in _notices(row, acting, opened.timezone, ledger, today)]
        written = self._outbox.put(notices, now)
        self._done |= {(row.stream, row.version) for row in rows}
        return written


def _guardians(c: sa.Connection, pupils: Iterable[str]) -> dict[str, list[GuardianshipRow]]:
    found: dict[str, list[GuardianshipRow]] = {}
    ids = sorted(pupils)
    for start in range(0, len(ids), PUPILS_IN_ONE_QUESTION):
        chunk = ids[start : start + PUPILS_IN_ONE_QUESTION]
        for row in fetch(c, guardianships, is_in(guardianships.c.pupil, chunk)):
            found.setdefault(row.pupil, []).append(row)
    return found


def _notices(
    row: ConcernedRow, acting: dict[str, list[GuardianshipRow]], timezone: str, ledger: Ledger, today: date
) -> Iterator[Notice]:
    day = local_day(row.decided_at, timezone).isoformat()
    kind = KINDS[row.kind]
    about = msgspec.json.encode({"breach": row.stream, "version": row.version, "pupil": row.pupil}).decode()
    for one in acting.get(row.pupil, ()):
        if one.starts <= day and (one.ends is None or day < one.ends):
            key = f"{kind}/{row.stream}/{row.version}/{one.stream}/{row.pupil}"
            verdict = may(ledger, row.pupil, one.stream, ELECTRONIC_FORM, today)
            yield to_family(key, kind, one.stream, about, verdict)
