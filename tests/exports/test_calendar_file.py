"""A calendar as programs of others read it: the right moments in zones with and without summer time, equal bytes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from ejd.exports.calendar_file import CalendarEntry, to_icalendar

STAMP = 1_759_741_200_123_456
"""6 October 2025, 09:00 UTC and some microseconds."""


def entry(day: date = date(2025, 10, 6), **changes: Any) -> CalendarEntry:
    given_fields: dict[str, Any] = {
        "uid": "2d1ce39b-644b-5f1f-8e61-a84b029547cd",
        "starts": 565,
        "ends": 610,
        "title": "Алгебра, 8А",
        "place": "305",
        "about": ["Урок 2", "Учитель: Иванова Ирина"],
        "category": "Алгебра",
        "cancelled": False,
        "sequence": 4,
        "stamped_at": STAMP,
    }
    return CalendarEntry(day=day, **{**given_fields, **changes})


def calendar(*entries: CalendarEntry, timezone: str = "Europe/Moscow", simulated: bool = False) -> bytes:
    return to_icalendar(entries, title="Расписание, 8А", timezone=timezone, simulated=simulated)


def by_icalendar(data: bytes) -> Any:
    """Read with the library that writes."""
    return Calendar.from_ical(data)


def by_vobject(data: bytes) -> Any:
    """Read with a library that knows nothing of ours: zones come from the file's own VTIMEZONE."""
    return vobject.readOne(data.decode())


@pytest.mark.parametrize(
    ("timezone", "day", "offset_hours"),
    [
        ("Europe/Moscow", date(2025, 9, 1), 3),
        ("Europe/Moscow", date(2025, 10, 24), 3),
        ("Europe/Moscow", date(2025, 10, 27), 3),
        ("Europe/Moscow", date(2026, 3, 30), 3),
        ("Europe/Berlin", date(2025, 9, 1), 2),
        ("Europe/Berlin", date(2025, 10, 24), 2),
        ("Europe/Berlin", date(2025, 10, 27), 1),
        ("Europe/Berlin", date(2026, 3, 27), 1),
        ("Europe/Berlin", date(2026, 3, 30), 2),
        ("America/New_York", date(2025, 10, 31), -4),
        ("America/New_York", date(2025, 11, 3), -5),
        ("Asia/Kamchatka", date(2025, 10, 27), 12),
    ],
)
def test_two_libraries_read_the_moment_that_the_bells_ring(timezone: str, day: date, offset_hours: int) -> None:
    year = [entry(date(2025, 9, 1), uid="first"), entry(day), entry(date(2026, 5, 29), uid="last")]
    data = calendar(*year, timezone=timezone)
    moment = datetime(day.year, day.month, day.day, 9, 25, tzinfo=UTC) - timedelta(hours=offset_hours)
    theirs = by_vobject(data).contents["vevent"][1]
    assert theirs.dtstart.value.astimezone(UTC) == moment
    assert theirs.dtend.value.astimezone(UTC) == moment + timedelta(minutes=45)
    ours = by_icalendar(data).walk("VEVENT")[1]
    assert ours["DTSTART"].dt == moment
    assert ours["DTSTART"].params["TZID"] == timezone
    zones = by_icalendar(data).walk("VTIMEZONE")
    assert [zone["TZID"] for zone in zones] == [timezone]


@pytest.mark.parametrize("timezone", ["Europe/Moscow", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_every_day_of_a_year_is_read_back(timezone: str) -> None:
    days = [date(2025, 9, 1) + timedelta(days=number) for number in range(365)]
    data = calendar(*(entry(day, uid=str(day)) for day in days), timezone=timezone)
    read = by_vobject(data).contents["vevent"]
    for day, event in zip(days, read, strict=True):
        expected = datetime(day.year, day.month, day.day, 9, 25, tzinfo=ZoneInfo(timezone))
        assert event.dtstart.value.astimezone(UTC) == expected.astimezone(UTC), day


def test_an_event_says_what_where_and_which_version() -> None:
    (event,) = by_vobject(calendar(entry())).contents["vevent"]
    assert event.uid.value == "2d1ce39b-644b-5f1f-8e61-a84b029547cd@ejd.invalid"
    assert (event.summary.value, event.location.value, event.sequence.value) == ("Алгебра, 8А", "305", "4")
    assert event.description.value == "Урок 2\nУчитель: Иванова Ирина"
    assert (event.status.value, event.transp.value) == ("CONFIRMED", "OPAQUE")
    assert event.dtstamp.value == datetime(2025, 10, 6, 9, tzinfo=UTC)
    cancelled = by_vobject(calendar(entry(cancelled=True, place="", about=[]))).vevent
    assert (cancelled.status.value, cancelled.transp.value) == ("CANCELLED", "TRANSPARENT")
    assert not hasattr(cancelled, "location")
    assert not hasattr(cancelled, "description")


def test_a_lesson_without_bells_lasts_the_day() -> None:
    event = by_vobject(calendar(entry(starts=None, ends=None))).vevent
    assert (event.dtstart.value, event.dtend.value) == (date(2025, 10, 6), date(2025, 10, 7))


def test_a_time_that_the_clocks_jump_over_is_the_moment_after_the_jump() -> None:
    event = by_icalendar(calendar(entry(date(2026, 3, 29), starts=150, ends=200), timezone="Europe/Berlin"))
    begins = event.walk("VEVENT")[0]["DTSTART"].dt
    assert begins == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_the_same_lessons_are_the_same_bytes() -> None:
    first, second = (calendar(entry(), entry(date(2025, 10, 7), uid="x")) for _ in range(2))
    assert first == second
    assert all(len(line) <= 75 for line in first.split(b"\r\n")), "folded as RFC 5545 has it"


def test_an_empty_calendar_and_a_simulated_one_say_so() -> None:
    empty = by_icalendar(calendar(simulated=True))
    assert empty.walk("VEVENT") == []
    assert str(empty["X-WR-CALDESC"]).startswith("Учебная школа")
    assert by_vobject(calendar()).x_wr_calname.value == "Расписание, 8А"
    lines = calendar().decode().split("\r\n")
    assert "NAME:Расписание\\, 8А" in lines
    assert "X-PUBLISHED-TTL:PT1H" in lines
    assert "X-WR-CALDESC" not in by_icalendar(calendar())


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=80).map(str.strip)


@settings(max_examples=50, deadline=None)
@given(title=TEXTS, place=TEXTS, about=st.lists(TEXTS, max_size=3))
def test_whatever_text_comes_back(title: str, place: str, about: list[str]) -> None:
    (event,) = by_icalendar(calendar(entry(title=title, place=place, about=about))).walk("VEVENT")
    assert str(event["SUMMARY"]) == title
    assert str(event.get("LOCATION", "")) == place
    assert str(event.get("DESCRIPTION", "")) == "\n".join(about)
