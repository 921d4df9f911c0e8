"""A person is erased: no byte of a name, contact or free text is left, and everything that was counted still is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ejd.access.ledger import ErasureLedger
from ejd.app import vault_factory
from ejd.imports.uploads import Upload, Uploads
from ejd.jobs.erasing import Erasing
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.erasures import KeyDestroyed
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.access import AccountState
from ejd.read.rebuild import rebuild, rebuild_where_built
from ejd.store.factors import FactorRow
from ejd.store.signing_in import SessionRow
from ejd_commands.erasures import ApproveErasure, RequestErasure
from ejd_projections.erasures import find_erasures
from ejd_projections.people import ERASED
from tests import worlds as w
from tests.erasure import raw
from tests.erasure import story as s
from tests.http.conftest import Web, problem, serve
from tests.postgres import PostgresDatabase
from tests.schools import TinySchool, tiny_school

TEXTS = (*s.OF_CHILD, *s.OF_THE_MOTHER)
TODAY = {"from_": w.TODAY.isoformat(), "to": w.TODAY.isoformat()}


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """The tiny school on either database, with two persons more, fed."""
    database = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    with tiny_school(request.param, tmp_path, database) as school:
        s.tell(school)
        school.feed()
        yield school


@pytest.fixture
def web(tiny: TinySchool) -> Iterator[Web]:
    """The same school behind HTTP; its reports are fed when a test does it."""
    yield from serve(tiny, feed=False)


def approve_both(tiny: TinySchool) -> None:
    """Ask and decide for child and mother."""
    s.approve(tiny)
    mother = RequestErasure(request=s.OF_MOTHER, kind="guardian", person=s.MOTHER, ground="court", reason=s.WHY)
    tiny.send(mother, login="deputy")
    tiny.send(ApproveErasure(request=s.OF_MOTHER), login="head")


class Files:
    """Everything that the school has on disk: its folder, and the data directory of the PostgreSQL server."""

    def __init__(self, tiny: TinySchool, database: PostgresDatabase | None) -> None:
        """Have write-ahead logs thrown away and not used again, as the documentation tells who keeps the server."""
        self.folders = [tiny.settings.data_dir]
        self._database = database
        if database is not None:
            self._administer("ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()")
            [[folder]] = self._administer("SHOW data_directory")
            self.folders.append(Path(str(folder)))

    def with_any(self, texts: tuple[str, ...]) -> list[tuple[str, str]]:
        """Answer which files hold which of the texts."""
        if self._database is not None:
            self._administer("CHECKPOINT")
        return raw.found_in(raw.files_under(*self.folders), texts)

    def tidy(self) -> None:
        """Do what docs/personal-data.md asks of who keeps a PostgreSQL server: statistics and the log of changes."""
        if self._database is None:
            return
        self._administer("VACUUM FULL pg_catalog.pg_statistic", "VACUUM FULL pg_catalog.pg_statistic_ext_data")
        for _ in range(3):
            self._administer("SELECT pg_switch_wal()", "CHECKPOINT")

    def _administer(self, *statements: str) -> list[tuple[Any, ...]]:
        assert self._database is not None
        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(self._database.dsn, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows


@pytest.fixture
def files(tiny: TinySchool, request: pytest.FixtureRequest) -> Files:
    """What is on disk."""
    database = None if tiny.settings.database_url is None else request.getfixturevalue("postgres_database")
    return Files(tiny, database)


def test_the_search_finds_every_form() -> None:
    for text in TEXTS:
        assert len(raw.forms_of(text)) > 5
    assert b"\\u0410\\u043f" in next(form for form in raw.forms_of("Аполлинария") if form.startswith(b"\\u0410"))


def test_no_byte_of_an_erased_person_is_left_in_any_file(tiny: TinySchool, files: Files) -> None:
    before = {text for _, text in files.with_any(TEXTS)}
    assert {s.FAMILY, s.GIVEN, s.MIDDLE, s.MAIL, s.PHONE, s.ADVICE, s.REASON, s.LATE} <= before, "the search is blind"
    keep_upload(tiny)
    wrapped = wrapped_keys(tiny)
    approve_both(tiny)
    s.carry_out(tiny)
    files.tidy()
    assert files.with_any(TEXTS) == []
    assert not list((tiny.settings.data_dir / "uploads").glob("*.upload"))
    left = raw.files_under(*files.folders)
    for person, key in wrapped.items():
        holding = [path.name for path in left if path.exists() and key in path.read_bytes()]
        assert (holding == []) == (person in {s.CHILD, s.MOTHER}), (person, holding)


def test_nobody_signs_in_to_the_accounts_of_an_erased_person(tiny: TinySchool) -> None:
    tables, factors = tiny.school.store.signing_in, tiny.school.store.factors
    for account in (s.CHILD_ACCOUNT, w.PUPIL_ACCOUNT):
        tables.put_password(account, "credential", "hash")
        tables.put_code(account, "code", "digest", tiny.clock())
        tables.know_device("device", account, tiny.clock())
        factors.put_factor(account, FactorRow("factor", "Телефон", "sealed", 1, 1))
        factors.put_recovery_codes(account, {"code": "digest"})
        tables.open_session(
            f"digest of {account}", SessionRow(account, account, 1, 1, 1, 1, "password", "web", new_device=False)
        )
    s.approve(tiny)
    s.carry_out(tiny)
    found = [
        (tables.password(one, "credential"), tables.code(one, "code"), tables.has_devices(one), tables.sessions_of(one))
        for one in (s.CHILD_ACCOUNT, w.PUPIL_ACCOUNT)
    ]
    assert found[0] == (None, None, False, [])
    assert found[1][:3] == ("hash", "digest", True)
    kept = [(factors.factors_of(one), factors.recovery_codes(one)) for one in (s.CHILD_ACCOUNT, w.PUPIL_ACCOUNT)]
    assert kept[0] == ([], {})
    assert all(kept[1])
    assert tiny.school.states.fresh(AccountState, s.CHILD_ACCOUNT).locked


def wrapped_keys(tiny: TinySchool) -> dict[str, bytes]:
    """Answer the wrapped keys, as they stand in the key store, of the two and of somebody else."""
    table = vault_factory(tiny.settings).keys.open()
    try:
        return {row.person: row.wrapped or b"" for row in table.read([s.CHILD, s.MOTHER, w.VERA])}
    finally:
        table.close()


def keep_upload(tiny: TinySchool) -> None:
    """Have a file wait that names the child."""
    uploads = Uploads(tiny.settings.data_dir / "uploads", b"k" * 32, tiny.clock)
    uploads.keep("waiting", Upload(kind="roster", file_name="a.csv", content=s.FAMILY.encode(), at=tiny.clock()))


def sealed_of(tiny: TinySchool, person: str) -> list[tuple[Sealed, str, Recorded]]:
    """Answer all boxes of a person in the events."""
    return [
        (value, f"{meta.name.partition('/')[0]}.{name}", meta)
        for meta in tiny.school.store.read_page(0, 10_000)
        for event in [CATALOGUE.decode(meta.name, meta.state)]
        for name in event.__struct_fields__
        if isinstance(value := getattr(event, name), Sealed) and value.person == person
    ]


def test_what_was_counted_still_is_and_a_word_stands_for_the_name(web: Web) -> None:
    tiny = web.tiny
    name = f"{s.FAMILY} {s.GIVEN} {s.MIDDLE}"
    questions: list[tuple[str, dict[str, Any]]] = [
        ("/reports/gradebook", {"journal": w.JOURNAL, **TODAY}),
        ("/reports/progress", {"by": "class", "period": "q1"}),
        ("/reports/fill-completeness", {"by": "journal", **TODAY}),
        ("/reports/missed-topics", {"class_": w.CLASS_5A, **TODAY}),
        ("/audit/corrections", {"from_": w.FIRST_DAY.isoformat(), "to": w.LAST_DAY.isoformat()}),
    ]

    def asked() -> list[Any]:
        answers = [web.get(path, **parameters) for path, parameters in questions]
        assert [one.status_code for one in answers] == [200] * len(answers), [one.text for one in answers]
        return [one.json()["report"] for one in answers]

    before = asked()
    assert name in str(before[0])
    s.approve(tiny)
    s.carry_out(tiny)
    after = asked()
    assert not any(text in str(after) for text in s.OF_CHILD if text != s.FAMILY)
    assert ERASED in str(after[0])
    assert [without_words(one, name) for one in before] == [without_words(one, ERASED) for one in after]


def without_words(report: Any, name: str) -> Any:
    """Answer a report without names and free texts, rows in the order of their content."""
    match report:
        case dict():
            return {key: without_words(value, name) for key, value in report.items() if key not in {"reason", "text"}}
        case list():
            return sorted((without_words(one, name) for one in report), key=str)
        case str() if report in {name, s.ADVICE, s.REASON, s.LATE, ""}:
            return "—"
        case _:
            return report


def test_rows_are_gone_as_soon_as_the_feeder_has_it_and_are_those_of_a_new_build(tiny: TinySchool) -> None:
    s.approve(tiny)
    minutes = s.Minutes()
    job = s.eraser(tiny, minutes)
    job._rebuild = lambda: False
    run_on(job, minutes)
    tiny.feed()
    rows = contents(tiny)
    assert not any(text in rows for text in (s.GIVEN, s.MIDDLE, s.OLD_FAMILY, s.ADVICE, s.REASON, s.LATE, s.BORN))
    rebuild(tiny.school.read, tiny.school.workshop, processes=1)
    assert contents(tiny) == rows


def contents(tiny: TinySchool) -> str:
    """Answer every row of the read model."""
    with tiny.school.read.snapshot() as snapshot:
        return "\n".join(
            sorted(
                f"{table.name} {tuple(row)}"
                for table in tiny.school.read.folding.tables
                for row in snapshot.connection.execute(table.table.select())
            )
        )


@pytest.mark.parametrize("killed_at", ["ledger", "destroy", "append", "rebuild", "between"])
def test_killed_at_any_moment_the_next_process_finishes(
    tiny: TinySchool, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s.approve(tiny)
    minutes = s.Minutes()
    with monkeypatch.context() as patched:
        die_after(patched, tiny, killed_at)
        job = s.eraser(tiny, minutes)
        if killed_at == "between":
            job.run()
        else:
            with pytest.raises(Killed):
                run_on(job, minutes)
    s.carry_out(tiny)
    stored = [meta for meta in tiny.school.store.read_page(0, 10_000) if meta.name == KeyDestroyed.stored_name]
    assert [(meta.stream, CATALOGUE.decode(meta.name, meta.state)) for meta in stored] == [
        (s.REQUEST, KeyDestroyed(person=s.CHILD))
    ]
    assert [one.person for one in ErasureLedger(tiny.settings.erasure_ledger_path).entries()] == [s.CHILD]
    assert all(tiny.school.vault.unseal(box, field=f, at=_ref(m)) is None for box, f, m in sealed_of(tiny, s.CHILD))
    position = tiny.school.store.last_position()
    s.carry_out(tiny)
    assert tiny.school.store.last_position() == position, "what is done is not done again"


def run_on(job: Erasing, minutes: s.Minutes) -> None:
    """Run a job as often as it needs."""
    for _ in range(4):
        job.run()
        minutes.wait()


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


def die_after(patched: pytest.MonkeyPatch, tiny: TinySchool, step: str) -> None:
    """Have the process end just after one step."""

    def dying(done: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **kwargs: Any) -> Any:
            done(*args, **kwargs)
            raise Killed

        return act

    match step:
        case "ledger":
            patched.setattr(ErasureLedger, "note", dying(ErasureLedger.note))
        case "destroy":
            patched.setattr(tiny.school.vault, "destroy", dying(tiny.school.vault.destroy))
        case "append":
            patched.setattr(tiny.school.store, "append", dying(tiny.school.store.append))
        case "rebuild":
            patched.setattr(s, "rebuild_where_built", dying(rebuild_where_built))
        case _:
            pass


def _ref(meta: Recorded) -> Ref:
    return Ref(meta.stream, meta.version)


def test_a_backup_that_knows_of_no_erasure_is_erased_again_by_the_ledger(tiny: TinySchool) -> None:
    """The school is as it was before the request; only the ledger, kept elsewhere, knows."""
    ledger = ErasureLedger(tiny.settings.erasure_ledger_path)
    assert ledger.note(person=s.CHILD, request=s.REQUEST, approved_at=tiny.clock())
    s.carry_out(tiny)
    with tiny.school.read.snapshot() as snapshot:
        [row] = find_erasures(snapshot.connection, person=s.CHILD, standing=None)
    assert (row.standing, row.replayed, row.stream) == ("destroyed", True, s.REQUEST)
    assert all(tiny.school.vault.unseal(box, field=f, at=_ref(m)) is None for box, f, m in sealed_of(tiny, s.CHILD))
    assert len(sealed_of(tiny, s.CHILD)) >= 6


def test_over_http_it_is_asked_for_decided_and_listed(web: Web) -> None:
    body = {"request": s.REQUEST, "kind": "pupil", "person": s.CHILD, "ground": "unlawful", "reason": s.WHY}
    assert web.command("request-erasure", body, login="deputy").status_code == 200
    problem(web.command("approve-erasure", {"request": s.REQUEST}, login="deputy"), 403, "not-allowed")
    assert web.command("approve-erasure", {"request": s.REQUEST}, login="head").status_code == 200
    web.tiny.feed()
    listed = web.get("/erasures", person=s.CHILD).json()["report"]["erasures"]
    assert [(one["standing"], one["logins"], one["destroyed_at"]) for one in listed] == [("approved", ["p-1042"], None)]
    assert {one["code"] for one in listed[0]["kept"]} == {"journal", "summary-sheet"}
    s.carry_out(web.tiny)
    [done] = web.get("/erasures", standing="destroyed").json()["report"]["erasures"]
    assert done["destroyed_at"]
    assert web.get("/erasures", standing="open").json()["report"]["erasures"] == []
    problem(web.get("/erasures", login="ada"), 403, "not-allowed")
    name = {"kind": "pupil", "person": s.CHILD, "family": "Новая", "given": "Фамилия"}
    problem(web.command("correct-person-name", name, login="deputy"), 409, "person-erased")
    assert not any(text in web.log.getvalue() for text in s.OF_CHILD)
