"""A school year through the public API only: set-up, four quarters, and reports that are the ledger's to the hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from tests.postgres import PostgresDatabase, database
from tests.year import plan as p
from tests.year import set_up as s
from tests.year.ledger import Ledger
from tests.year.office import Office, founded
from tests.year.playing import Year

SEED = 7
WHOLE_YEAR: dict[str, Any] = {"year": s.YEAR, "from_": p.FIRST, "to": p.LAST}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Ledger]]:
    """The school after its year on either database, and what happened; it began ready to the last section."""
    with ExitStack() as stack:
        fresh: PostgresDatabase | None = None
        if request.param == "postgres":
            fresh = stack.enter_context(database(request.getfixturevalue("postgres_server")))
        office = stack.enter_context(founded(request.param, tmp_path_factory.mktemp("year"), fresh))
        s.enter(office)
        assert {gap["kind"]: gap["owner"]["role"] for gap in gaps(office)} == {"pupils-without-parent": "class-teacher"}
        s.enter_parents(office)
        assert gaps(office) == []
        yield office, Year(office, SEED).play()


def gaps(office: Office) -> list[dict[str, Any]]:
    """Answer what the readiness report says is missing; without anything it says 100 %."""
    report = office.ask("/reports/readiness", year=s.YEAR)
    found = [gap for section in report["sections"] for gap in section["gaps"]]
    assert (report["percent"] == 100) == (not found)
    return found


def rows_of(office: Office, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """Answer the rows of a report by journal."""
    rows: list[dict[str, Any]] = office.ask(path, **parameters)["rows"]
    return rows


def test_the_history_of_readiness_says_when_the_parents_came(played: tuple[Office, Ledger]) -> None:
    office, _ = played
    first = s.PREPARED - timedelta(days=1)
    history = office.ask("/reports/readiness/history", year=s.YEAR, from_=first, to=s.PARENTS_ENTERED)["points"]
    before, prepared, entered = (day["percent"] for day in history)
    assert before < prepared < entered == 100


def test_lessons_are_where_the_plan_and_the_changes_put_them(played: tuple[Office, Ledger]) -> None:
    office, ledger = played
    for one in p.JOURNALS:
        shown = office.ask("/lessons", journal=s.journal_id(one), from_=p.FIRST, to=p.LAST, limit=500)["lessons"]
        expected = {
            (
                *(entry.place[0].isoformat(), *entry.place[1:]),
                *(entry.day.isoformat(), entry.slot, entry.cancelled, entry.extra),
                *(bool(entry.held_by), s.staff_id(entry.substitute) if entry.substitute else ""),
            )
            for entry in ledger.entries[one.key].values()
        }
        assert {
            (
                *(lesson["date"], lesson["slot"], lesson["ordinal"]),
                *(lesson["placed_date"], lesson["placed_slot"], lesson["cancelled"], lesson["extra"]),
                *(lesson["held"], lesson["substitute"]),
            )
            for lesson in shown
        } == expected, one.key


def test_completeness_counts_what_took_place_and_what_was_recorded(played: tuple[Office, Ledger]) -> None:
    office, ledger = played
    shown = {
        row["id"]: (row["lessons"]["due"], row["lessons"]["filled"], row["lessons"]["missing"])
        for row in rows_of(office, "/reports/fill-completeness", **WHOLE_YEAR, by="journal", rows_limit=100)
    }
    expected = {}
    for one in p.JOURNALS:
        entries = [entry for entry in ledger.entries[one.key].values() if not entry.cancelled]
        held = sum(bool(entry.held_by) for entry in entries)
        expected[s.journal_id(one)] = len(entries), held, len(entries) - held
    assert shown == expected


def test_curriculum_load_timetable_and_lessons_taught_are_seen_side_by_side(played: tuple[Office, Ledger]) -> None:
    office, ledger = played
    rows = {row["journals"][0]: row for row in rows_of(office, "/reports/curriculum", year=s.YEAR, on=p.LAST)}
    for one in p.JOURNALS:
        row = rows[s.journal_id(one)]
        hours = 100 * s.hours_per_week(one)
        found = (row["hours_per_week_hundredths"], row["load_hundredths"], row["timetable_hundredths"])
        assert found == (hours, hours, hours), one.key
        planned = sum(entry.extra is False for entry in ledger.entries[one.key].values())
        assert (row["plan_hours"], row["due_year"]) == (s.hours_per_year(one), planned), one.key


def test_the_programme_lags_by_what_was_lost_and_says_why(played: tuple[Office, Ledger]) -> None:
    office, ledger = played
    report = office.ask("/reports/programme", year=s.YEAR, by="journal", on=p.LAST)
    rows = {row["id"]: row["counts"] for row in report["rows"]}
    together: Counter[str] = Counter()
    for one in p.JOURNALS:
        counts = rows[s.journal_id(one)]
        expected = ledger.programme(one, s.hours_per_year(one))
        assert {name: counts.get(name, counts["causes"].get(name)) for name in expected} == expected, one.key
        assert (counts["causes"]["in_break"], counts["causes"]["moved_later"]) == (0, 0)
        assert (counts["forecast"], counts["shortage"]) == (
            expected["taught"],
            max(s.hours_per_year(one) - expected["taught"], 0),
        )
        together.update(expected)
    total = {**report["total"], **report["total"]["causes"]}
    assert {name: total[name] for name in together} == together


def test_hours_are_paid_to_whoever_taught(played: tuple[Office, Ledger]) -> None:
    office, ledger = played
    report = office.ask("/reports/substitutions/hours", **WHOLE_YEAR)
    figures = ("planned", "own", "substituted", "merged", "lost", "supervised", "not_recorded")
    shown = {(row["staff"], row["month"]): +Counter({name: row[name] for name in figures}) for row in report["rows"]}
    expected = {(s.staff_id(login), month): counts for (login, month), counts in ledger.payroll().items()}
    assert shown == {key: counts for key, counts in expected.items() if counts}
    assert all(row["hours"] == row["own"] + row["substituted"] and row["ahead"] == 0 for row in report["rows"])


def test_what_was_lost_and_not_made_up_is_listed(played: tuple[Office, Ledger]) -> None:
    office, ledger = played
    report = office.ask("/reports/substitutions/not-made-up", **WHOLE_YEAR)
    keys = {s.journal_id(one): one.key for one in p.JOURNALS}
    found = {(keys[one["journal"]], one["planned_date"]) for one in report["lessons"]}
    assert found == ledger.not_made_up()
    assert (report["total"], report["made_up"]) == (len(found), 1)


def test_the_thematic_plan_went_on_line_by_line(played: tuple[Office, Ledger]) -> None:
    office, ledger = played
    for one in p.JOURNALS:
        report = office.ask("/reports/thematic-plan", journal=s.journal_id(one))
        shown = {line["number"]: line["taught_on"] for line in report["lines"] if line["taught_on"]}
        expected = {
            entry.plan_item: entry.day.isoformat() for entry in ledger.entries[one.key].values() if entry.plan_item
        }
        assert shown == expected, one.key


def test_missed_lessons_of_a_pupil_have_the_topics_of_the_plan(played: tuple[Office, Ledger]) -> None:
    office, ledger = played
    name = s.PUPILS["10А"][0]
    report = office.ask("/reports/missed-topics", pupil=office.pupils[name], **WHOLE_YEAR)
    lessons = [lesson for row in report["pupils"] for one in row["journals"] for lesson in one["rows"]]
    topics = Counter(entry.plan_item for entry in ledger.all() if name in entry.absent)
    assert Counter(lesson["plan_item"] for lesson in lessons) == topics
    assert sum(topics.values()) > 3
