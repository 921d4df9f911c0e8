"""Reminders of what is owed for the year's set-up: before and after the term, each once, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import msgspec
import pytest

from ejd.notices.readiness import KIND, ReadinessReminders
from ejd_commands.closing import SetReadinessDate
from ejd_commands.journals import OpenJournal
from ejd_commands.school import DefineSubject
from tests import worlds as w
from tests.breach_story import Story, at
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import tiny_school


@pytest.fixture(params=["sqlite", "postgres"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    """A small school on 6 October, whose set-up was to be done by 10 October."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database) as tiny:
        told = Story(tiny)
        told.send(at(9), SetReadinessDate(year=w.YEAR, day=date(2025, 10, 10)), "deputy")
        tiny.feed()
        yield told


def reminders(story: Story, hour: int = 8) -> ReadinessReminders:
    school = story.tiny.school
    return ReadinessReminders(school.read, school.outbox, story.tiny.clock, hour=hour)


def on(day: int, hour: int = 9) -> datetime:
    return at(hour, 0, date(2025, 10, day))


def test_whoever_owes_something_is_reminded_once_for_each_day_of_the_plan(story: Story) -> None:
    story.on(on(6, 7))
    assert reminders(story).run() == 0, "before the hour"
    story.on(on(6))
    job = reminders(story)
    assert job.run() == 2, "seven days before were on the third: made up for"
    assert (job.run(), reminders(story).run()) == (0, 0)
    story.on(on(7))
    assert job.run() == 2
    for day, written in ((8, 0), (9, 2), (10, 2), (11, 2), (12, 0), (13, 2)):
        story.on(on(day))
        assert (job.run(), reminders(story).run()) == (written, 0), day
    rows = story.tiny.school.outbox.page(kind=KIND)
    assert {row.recipient for row in rows} == {w.DEPUTY_STAFF, w.ADA_STAFF}
    about = msgspec.json.decode(next(row.about for row in rows if row.recipient == w.ADA_STAFF))
    assert (about["year"], about["term"], about["days_left"]) == (w.YEAR, "2025-10-10", 4)
    (owed,) = about["owed"]
    assert owed == {
        "section": "parent-accounts",
        "class": w.CLASS_5A,
        "kind": "pupils-without-parent",
        "about": "",
        "have": None,
        "need": 2,
    }


def test_a_term_that_is_put_off_is_reminded_of_anew_and_a_past_one_no_more(story: Story) -> None:
    job = reminders(story)
    story.on(on(6))
    assert job.run() == 2
    story.send(on(6, 10), SetReadinessDate(year=w.YEAR, day=date(2025, 10, 20)), "deputy")
    story.tiny.feed()
    assert job.run() == 2
    story.on(at(9, 0, date(2025, 12, 1)))
    assert job.run() == 0


def test_a_teacher_is_reminded_of_the_own_plan(story: Story) -> None:
    journal = uid("journal of art")
    story.send(at(9), DefineSubject(subject=uid("art"), title="ИЗО"), "deputy")
    story.send(at(9), OpenJournal(journal=journal, subject=uid("art"), group=w.CLASS_5B, group_kind="class"), "deputy")
    story.tiny.feed()
    story.on(on(6))
    reminders(story).run()
    rows = story.tiny.school.outbox.page(kind=KIND, recipient=w.DEPUTY_STAFF)
    about = msgspec.json.decode(rows[0].about)
    assert {"no-teacher", "no-plan"} <= {one["kind"] for one in about["owed"] if one["about"] == journal}
