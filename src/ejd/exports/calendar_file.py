"""Lessons as iCalendar (RFC 5545) with the time zone of the school; the same lessons are the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event, vDuration, vText

from ejd.kernel.calendar import microseconds_at, zone

ICALENDAR_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//ejd//timetable//RU"
DOMAIN = "ejd.invalid"
"""Ends the ids of events: a name that nobody can own (RFC 2606)."""
REFRESH = timedelta(hours=1)
"""How often a program that subscribes should ask again."""
SIMULATED = "Учебная школа: ничего из этого не было."
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One lesson in clear. `starts` and `ends` are minutes since midnight by the bells, None: the whole day.

    `stamped_at` is microseconds since 1970 UTC.
    """

    uid: str
    day: date
    starts: int | None
    ends: int | None
    title: str
    place: str
    about: Sequence[str]
    category: str
    cancelled: bool
    sequence: int
    stamped_at: int


def to_icalendar(entries: Iterable[CalendarEntry], *, title: str, timezone: str, simulated: bool) -> bytes:
    """Answer a calendar with its VTIMEZONE; `timezone` is a name of the IANA database."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", vText(title))
    calendar.add("x-wr-calname", vText(title))
    calendar.add("x-wr-timezone", timezone)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    if simulated:
        calendar.add("description", SIMULATED)
        calendar.add("x-wr-caldesc", vText(SIMULATED))
    days = set()
    for entry in entries:
        days.add(entry.day)
        calendar.add_component(_event(entry, timezone))
    if days:
        # a day on either side: an observance that begins on the first day does not cover it in every program
        margin = timedelta(days=1)
        calendar.add_missing_timezones(first_date=min(days) - margin, last_date=max(days) + 2 * margin)
    body: bytes = calendar.to_ical()
    return body


def _event(entry: CalendarEntry, timezone: str) -> Event:
    event = Event()
    event.add("uid", f"{entry.uid}@{DOMAIN}")
    stamp = datetime.fromtimestamp(entry.stamped_at // MICROSECONDS, tz=UTC)
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    event.add("sequence", entry.sequence)
    begins, ends = _times(entry, timezone)
    event.add("dtstart", begins)
    event.add("dtend", ends)
    event.add("summary", entry.title)
    if entry.place:
        event.add("location", entry.place)
    if entry.about:
        event.add("description", "\n".join(entry.about))
    event.add("categories", [entry.category])
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    return event


def _times(entry: CalendarEntry, timezone: str) -> tuple[Any, Any]:
    if entry.starts is None or entry.ends is None:
        return entry.day, entry.day + timedelta(days=1)
    return _moment(entry.day, entry.starts, timezone), _moment(entry.day, entry.ends, timezone)


def _moment(day: date, minutes: int, timezone: str) -> datetime:
    """Answer a time that there is: one that the clocks jump over is the moment after the jump."""
    at = microseconds_at(day, minutes, timezone) // MICROSECONDS
    return datetime.fromtimestamp(at, tz=zone(timezone))
