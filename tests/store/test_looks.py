"""The log of looks on both databases: added to only, one set for all looks that name the same people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from ejd.app import open_event_store
from ejd.store import looks as module
from ejd.store.base import BaseStore
from ejd.store.looks import Look
from tests import worlds as w
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import TinySchool, tiny_school

NOBODY = uid("nobody at all")


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """A school on either database."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database, build=False) as school:
        yield school


def look(at: int, account: str = w.DEPUTY, question: str = "gradebook") -> Look:
    return Look(at, account, w.DEPUTY_STAFF, "deputy-head", "session", question, "{}", "")


def test_a_look_is_found_by_person_account_question_and_time(tiny: TinySchool) -> None:
    log = tiny.school.looks
    both = log.put(look(10), {w.VERA, w.GLEB})
    one = log.put(look(20, w.ADA, "people"), {w.VERA})
    again = log.put(look(30), {w.GLEB, w.VERA})
    assert [row.number for row in log.page()] == [again, one, both]
    assert [row.number for row in log.page(person=w.VERA)] == [again, one, both]
    assert [row.number for row in log.page(person=w.GLEB)] == [again, both]
    assert log.page(person=w.DINA) == []
    assert [row.number for row in log.page(person=w.VERA, account=w.ADA)] == [one]
    assert [row.number for row in log.page(question="gradebook", since=10, until=30)] == [both]
    assert [row.number for row in log.page(limit=1, before=again)] == [one]
    rows = log.page(person=w.GLEB)
    assert {row.set_id for row in rows} == {rows[0].set_id}
    assert (rows[0].people, rows[0].at, rows[0].viewer) == (2, 30, w.DEPUTY_STAFF)
    assert log.people_of([rows[0].set_id]) == {rows[0].set_id: sorted([w.VERA, w.GLEB])}
    assert log.looked_at(w.DEPUTY, 15) == {w.VERA: 30, w.GLEB: 30}


def test_an_export_has_the_newest_looks_at_a_person(tiny: TinySchool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_ROWS_MAX", 2)
    log = tiny.school.looks
    for second in range(5):
        log.put(look(second * 1_000_000), {w.VERA})
    log.put(look(9), {w.GLEB})
    assert [one["at"][-8:-6] for one in log.of_person(w.VERA)] == ["04", "03", "02", "01", "00"]
    monkeypatch.setattr(module, "EXPORTED_MAX", 3)
    assert len(list(log.of_person(w.VERA))) == 3


def test_another_process_writes_the_same_set_without_harm(tiny: TinySchool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMBERS_IN_ONE_STATEMENT", 1)
    monkeypatch.setattr(module, "SETS_REMEMBERED_MAX", 0)
    log = tiny.school.looks
    for at in (1, 2, 3):
        log.put(look(at), {w.VERA, w.GLEB})
    log.put(look(4), {w.VERA})
    assert [row.at for row in log.page(person=w.VERA)] == [4, 3, 2, 1]


def test_only_ids_of_people_are_people(tiny: TinySchool, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tiny.school.looks
    ids = [w.VERA, w.JOURNAL, w.ADA, NOBODY, w.PARENT_GUARDIAN, w.ADA_STAFF]
    expected = {w.VERA: "pupil", w.PARENT_GUARDIAN: "guardian", w.ADA_STAFF: "staff"}
    assert log.kinds_of(ids) == expected
    monkeypatch.setattr(module, "KINDS_REMEMBERED_MAX", 0)
    assert log.kinds_of(ids) == expected
    assert log.kinds_of([NOBODY, w.DINA]) == {w.DINA: "pupil"}


@pytest.mark.parametrize("table", ["looks", "look_sets", "look_members"])
def test_what_was_looked_at_is_never_changed_or_deleted(tiny: TinySchool, table: str) -> None:
    tiny.school.looks.put(look(10), {w.VERA})
    store: BaseStore = tiny.school.store
    for statement in (f"UPDATE {table} SET set_id = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(Exception, match=r"never|denied|permission"):
            store._fetch(f"{statement} RETURNING 1")
    assert len(tiny.school.looks.page()) == 1


def test_a_look_is_there_for_whoever_opens_the_store_next(tiny: TinySchool) -> None:
    """Nothing waits in memory: what was put is stored, whatever becomes of the process."""
    number = tiny.school.looks.put(look(10), {w.VERA})
    with closing(open_event_store(tiny.settings)) as other:
        assert [row.number for row in other.looks.page(person=w.VERA)] == [number]
        assert other.looks.put(look(11), {w.VERA}) > number


@pytest.mark.parametrize("table", ["looks", "look_sets", "look_members"])
def test_not_even_the_owner_changes_the_log(postgres_database: PostgresDatabase, tmp_path: Path, table: str) -> None:
    with tiny_school("postgres", tmp_path, postgres_database, build=False) as tiny:
        tiny.school.looks.put(look(10), {w.VERA})
        with psycopg.connect(postgres_database.dsn, autocommit=True) as owner:
            for doing in ("UPDATE tiny.{} SET set_id = 'x'", "DELETE FROM tiny.{}", "TRUNCATE tiny.{}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed or deleted"):
                    owner.execute(doing.format(table).encode())
