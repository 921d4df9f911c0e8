"""Those who owe a part of the year's set-up are reminded before and after its term, each time once (C7, п. 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime

import msgspec
import sqlalchemy as sa

from ejd.kernel.calendar import zone
from ejd.kernel.readiness import reminder_due
from ejd.read.model import ReadModel
from ejd.store.outbox import Notice, Outbox, to_staff
from ejd_projections.readiness import ground_of, holders_of_role, term_of
from ejd_projections.readiness_sections import Gap, Section, sections_of
from ejd_projections.school_catalogue import Year, school, years

KIND = "readiness"
MICROSECONDS = 1_000_000
OWED_SHOWN_MAX = 50
"""Things that one reminder lists; `count` counts all of them."""


class ReadinessReminders:
    """Writes one row for each person and day of `REMINDED_DAYS`, from the hour of the setting on (school time).

    The key is made of year, term, day and person: whoever writes it first has written it, also after kill -9 and with
    several processes. A term that was put off begins its reminders anew.
    """

    def __init__(self, model: ReadModel, outbox: Outbox, clock: Callable[[], int], *, hour: int) -> None:
        """Nothing was written by this process."""
        self._model = model
        self._outbox = outbox
        self._clock = clock
        self._hour = hour
        self._done: set[tuple[str, str, int]] = set()

    def run(self) -> int:
        """Write what is due and answer how many rows that were."""
        now = self._clock()
        with self._model.snapshot() as snapshot:
            c = snapshot.connection
            opened = school(c)
            if opened is None:
                return 0
            local = datetime.fromtimestamp(now // MICROSECONDS, tz=UTC).astimezone(zone(opened.timezone))
            if local.hour < self._hour:
                return 0
            due = list(self._due(c, local.date()))
            notices = [one for year, term, day in due for one in _notices(c, year, term, day, local.date())]
        written = self._outbox.put(notices, now)
        self._done |= {(year.id, term, day) for year, term, day in due}
        return written

    def _due(self, c: sa.Connection, today: date) -> Iterator[tuple[Year, str, int]]:
        for year in years(c):
            term = term_of(c, year)
            day = reminder_due(date.fromisoformat(term), today)
            if day is not None and (year.id, term, day) not in self._done:
                yield year, term, day


def _notices(c: sa.Connection, year: Year, term: str, day: int, today: date) -> Iterator[Notice]:
    owed: dict[str, list[tuple[Section, Gap]]] = {}
    deputies = holders_of_role(c, "deputy-head", today.isoformat())
    for section in sections_of(ground_of(c, year, today.isoformat())):
        for gap in section.gaps:
            for person in [gap.owner.staff] if gap.owner.staff else deputies:
                owed.setdefault(person, []).append((section, gap))
    for person, own in sorted(owed.items()):
        about = {
            "year": year.id,
            "term": term,
            "days_left": (date.fromisoformat(term) - today).days,
            "count": len(own),
            "owed": list(_listed(own[:OWED_SHOWN_MAX])),
        }
        text = msgspec.json.encode(about).decode()
        yield to_staff(f"{KIND}/{year.id}/{term}/{day}/{person}", KIND, person, text)


def _listed(own: Iterable[tuple[Section, Gap]]) -> Iterator[dict[str, str | int | None]]:
    """Answer what is owed by ids and figures: the outbox has no personal data."""
    for section, gap in own:
        yield {
            "section": section.section,
            "class": section.class_id,
            "kind": gap.kind,
            "about": gap.about,
            "have": gap.have,
            "need": gap.need,
        }
