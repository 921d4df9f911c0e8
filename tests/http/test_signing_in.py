"""Signing in over HTTP: sessions of browsers, their ends, who may not, and what everybody is answered alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from ejd.access.passwords import Cost, Hasher
from ejd.http.cookies import CSRF_HEADER, DEVICE_COOKIE, SESSION_COOKIE
from tests import worlds as w
from tests.http.browser import BETTER, GOOD, WRONG, Browser, code_for, with_password
from tests.http.conftest import Web, problem, serve
from tests.postgres import PostgresDatabase, database
from tests.schools import LOGINS, NOON, Clock, tiny_school

DOORS = ("/sign-in", "/first-sign-in", "/second-factor")
LESSON = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT}
TOPIC = {**LESSON, "topic": "Дроби"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One school on either database for tests after which everybody can sign in as before."""
    folder = tmp_path_factory.mktemp("door")
    with ExitStack() as stack:
        fresh: PostgresDatabase | None = None
        if request.param == "postgres":
            template = request.getfixturevalue("postgres_template").name
            fresh = stack.enter_context(database(request.getfixturevalue("postgres_server"), template))
        tiny = stack.enter_context(tiny_school(request.param, folder, fresh))
        yield from serve(tiny)


@pytest.fixture
def door(place: Web) -> Web:
    """At noon, and nobody has tried anything."""
    assert isinstance(place.tiny.clock, Clock)
    place.tiny.clock.moment = NOON
    for table in ("guesses", "sessions", "devices"):
        place.tiny.school.store.signing_in._run(f"DELETE FROM {table} RETURNING 1")
    return place


def later(web: Web, **time: float) -> None:
    assert isinstance(web.tiny.clock, Clock)
    web.tiny.clock.moment += timedelta(**time)


def test_a_code_sets_the_first_password_and_then_the_password_opens(door: Web) -> None:
    first = with_password(door, "ada")
    me = first.send("GET", "/session")
    assert (me.status_code, me.json()["account"], me.json()["roles"]) == (200, w.ADA, ["teacher"])
    assert me.headers["cache-control"] == "no-store"
    second = Browser(door)
    assert second.sign_in("ADA").status_code == 200
    assert second.command("record-topic", TOPIC).status_code == 200
    (event,) = door.tiny.school.store.find_events(names=["topic-recorded/1"])
    assert (event.actor, event.session, event.client) == (w.ADA, second.send("GET", "/session").json()["id"], "browser")
    assert event.session not in second.cookies[SESSION_COOKIE]


def test_no_event_and_no_row_holds_what_is_secret(web: Web) -> None:
    code = code_for(web, "ada")
    browser = Browser(web)
    browser.send("POST", "/first-sign-in", {"login": "ada", "code": code, "password": GOOD})
    rows = web.tiny.school.store.signing_in._run
    tables = [rows(f"SELECT * FROM {one}") for one in ("passwords", "codes", "sessions", "devices", "guesses")]
    kept = repr([web.tiny.school.store.read_rows(0, 10_000), tables])
    for secret in (code, code.replace("-", ""), GOOD, *browser.cookies.values()):
        assert secret not in kept
        assert secret not in web.log.getvalue()
    (event,) = web.tiny.school.store.find_events(names=["password-set/1"])
    assert event.actor == w.ADA
    assert "argon2" not in repr(event)
    assert "testclient" not in kept  # the address


def test_the_cookies_are_for_this_host_and_not_for_scripts(shared: Web) -> None:
    browser = with_password(shared, "ada")
    cookies = browser.sign_in("ada").headers.get_list("set-cookie")
    assert {one.partition("=")[0] for one in cookies} == {SESSION_COOKIE, DEVICE_COOKIE}
    for one in cookies:
        parts = {part.strip().lower() for part in one.split(";")}
        assert {"path=/", "secure", "httponly", "samesite=lax"} <= parts
        assert not any(part.startswith("domain") for part in parts)


def refusals(web: Web) -> list[Any]:
    """Answer what an unknown login, a wrong password, a locked account, one without password, a program get."""
    with_password(web, "ada")
    with_password(web, "boris")
    web.command("lock-account", {"account": w.BORIS, "reason": "уволен"}, login="head")
    return [
        Browser(web).sign_in("nobody-knows", GOOD),
        Browser(web).sign_in("ada", WRONG),
        Browser(web).sign_in("boris", GOOD),
        Browser(web).sign_in("vera", GOOD),
        Browser(web).sign_in("timetable-program", GOOD),
    ]


def test_whatever_is_wrong_is_answered_alike_and_costs_the_same(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[str | None] = []
    matches = Hasher.matches

    def counted(self: Hasher, kept: str | None, password: str) -> bool:
        costs.append(kept)
        return matches(self, kept, password)

    monkeypatch.setattr(Hasher, "matches", counted)
    answers = refusals(web)
    assert len(costs) == len(answers)
    assert {one.text for one in answers} == {answers[0].text}
    assert problem(answers[0], 401, "sign-in-refused")["detail"].startswith("login or password is wrong")
    for one in answers:
        assert "set-cookie" not in one.headers


def test_a_code_opens_once_and_a_wrong_one_never(door: Web) -> None:
    code = code_for(door, "vera")
    spelled = code.upper().replace("-", " ")
    wrong = {"login": "vera", "code": "2222-2222-2222", "password": GOOD}
    problem(Browser(door).send("POST", "/first-sign-in", wrong), 401, "code-refused")
    problem(Browser(door).send("POST", "/first-sign-in", {**wrong, "code": code, "login": "olga"}), 401, "code-refused")
    short = Browser(door).send("POST", "/first-sign-in", {"login": "vera", "code": code, "password": "short"})
    problem(short, 422, "password-too-short")
    body = {"login": "vera", "code": spelled, "password": GOOD}
    assert Browser(door).send("POST", "/first-sign-in", body).status_code == 200
    problem(Browser(door).send("POST", "/first-sign-in", body), 401, "code-refused")
    late = code_for(door, "olga", days=3)
    later(door, days=3)
    problem(Browser(door).send("POST", "/first-sign-in", {**body, "login": "olga", "code": late}), 401, "code-refused")


def test_another_code_ends_all_sessions_and_the_old_password(door: Web) -> None:
    old = with_password(door, "ada")
    new = with_password(door, "ada", BETTER)
    problem(old.send("GET", "/session"), 401, "session-ended")
    problem(Browser(door).sign_in("ada", GOOD), 401, "sign-in-refused")
    assert new.send("GET", "/session").status_code == 200


@pytest.mark.parametrize(
    ("password", "slug"),
    [
        ("х" * 14, "password-too-short"),
        ("х1" * 200, "password-too-long"),
        ("qwertyuiop123456789", "password-is-known"),
        ("Лавлинская Ада 2025", "password-says-whose"),
        ("школа № 7 школа № 7", "password-says-whose"),
    ],
)
def test_a_password_is_long_and_nobody_would_guess_it(shared: Web, password: str, slug: str) -> None:
    body = {"login": "ada", "code": code_for(shared, "ada"), "password": password}
    problem(Browser(shared).send("POST", "/first-sign-in", body), 422, slug)


def test_signing_in_takes_a_session_that_nobody_could_have_fixed(door: Web) -> None:
    """Fixation: a secret that was there before, of whomever, is another one after signing in and stepping up."""
    with_password(door, "ada")
    planted = Browser(door, {SESSION_COOKIE: "ab" * 32, DEVICE_COOKIE: "cd" * 32})
    assert planted.sign_in("ada").status_code == 200
    first = dict(planted.cookies)
    assert first[SESSION_COOKIE] != "ab" * 32
    assert first[DEVICE_COOKIE] != "cd" * 32
    stepped = planted.send("POST", "/session/step-up", {"password": GOOD})
    assert stepped.status_code == 200
    assert planted.cookies[SESSION_COOKIE] != first[SESSION_COOKIE]
    problem(Browser(door, first).send("GET", "/session"), 401, "session-ended")
    assert planted.sign_in("ada").json()["id"] != stepped.json()["id"]


def test_a_session_that_was_left_cannot_be_replayed(door: Web) -> None:
    browser = with_password(door, "ada")
    kept = dict(browser.cookies)
    assert browser.send("DELETE", "/session").status_code == 200
    assert SESSION_COOKIE not in browser.cookies
    problem(Browser(door, kept).send("GET", "/session"), 401, "session-ended")


def test_leaving_clears_the_browser(door: Web) -> None:
    left = with_password(door, "ada").send("DELETE", "/session")
    assert left.headers["clear-site-data"] == '"cache", "storage"'
    assert left.headers["cache-control"] == "no-store"


def test_sessions_are_listed_and_ended_by_their_owner(door: Web) -> None:
    with_password(door, "ada")
    door.tiny.school.store.signing_in.end_other_sessions(w.ADA)
    telephone, desk = Browser(door, agent="telephone"), Browser(door, agent="desk\x7f" + "x" * 900)
    telephone.sign_in("ada")
    later(door, minutes=1)
    desk.sign_in("ada")
    other = with_password(door, "boris")
    listed = desk.send("GET", "/sessions").json()["sessions"]
    assert [(one["client"][:9], one["current"]) for one in listed] == [("desk xxxx", True), ("telephone", False)]
    assert len(listed[0]["client"]) == 200
    problem(other.send("DELETE", f"/sessions/{listed[1]['id']}"), 404, "not-there")
    assert telephone.send("GET", "/session").status_code == 200
    assert desk.send("DELETE", f"/sessions/{listed[1]['id']}").json() == {"ended": 1}
    problem(telephone.send("GET", "/session"), 401, "session-ended")
    telephone.sign_in("ada")
    assert desk.send("DELETE", "/sessions").json() == {"ended": 1}
    problem(telephone.send("GET", "/session"), 401, "session-ended")
    assert desk.send("GET", "/session").status_code == 200


def test_a_device_that_is_new_is_told_of_and_the_first_one_is_not(web: Web) -> None:
    first = with_password(web, "ada")
    first.sign_in("ada")
    assert web.tiny.school.outbox.page(kind="new-device") == []
    stranger = Browser(web)
    signed_in = stranger.sign_in("ada").json()
    assert signed_in["new_device"]
    (notice,) = web.tiny.school.outbox.page(kind="new-device")
    assert (notice.recipient, signed_in["id"] in notice.about) == (w.ADA_STAFF, True)
    assert not stranger.sign_in("ada").json()["new_device"]
    assert len(web.tiny.school.outbox.page(kind="new-device")) == 1


@pytest.mark.parametrize(("login", "idle", "absolute"), [("deputy", 0.5, 12), ("ada", 3, 14), ("vera", 168, 720)])
def test_a_session_ends_by_itself_by_role(web: Web, login: str, idle: float, absolute: float) -> None:
    browser = with_password(web, login)
    later(web, hours=idle, minutes=-2)
    assert browser.send("GET", "/session").status_code == 200
    later(web, hours=idle)
    problem(browser.send("GET", "/session"), 401, "session-ended")
    browser.sign_in(login)
    for _ in range(int(absolute / idle) + 1):
        answer = browser.send("GET", "/session")
        assert answer.status_code == 200
        later(web, hours=idle, minutes=-1, seconds=-absolute)
    later(web, hours=absolute / 20)
    problem(browser.send("GET", "/session"), 401, "session-ended")


def test_a_session_is_written_once_a_minute(web: Web) -> None:
    browser = with_password(web, "ada")
    tables = web.tiny.school.store.signing_in
    before = tables.sessions_of(w.ADA)[0].seen_at
    later(web, seconds=59)
    browser.send("GET", "/session")
    assert tables.sessions_of(w.ADA)[0].seen_at == before
    later(web, seconds=1)
    browser.send("GET", "/session")
    assert tables.sessions_of(w.ADA)[0].seen_at == before + 60_000_000


ENDING: dict[str, tuple[str, dict[str, Any]]] = {
    "locked": ("lock-account", {"account": w.ADA, "reason": "проверка"}),
    "breach": ("report-breach", {"account": w.ADA, "learned_at": "2025-10-06T12:00:00+03:00", "what": "украден"}),
    "role": ("revoke-role", {"account": w.ADA, "role": "teacher"}),
}


@pytest.mark.parametrize("what", ENDING)
def test_what_happens_to_the_account_ends_its_sessions_at_the_next_request(web: Web, what: str) -> None:
    browser = with_password(web, "ada")
    name, body = ENDING[what]
    assert web.command(name, body, login="head").status_code == 200
    problem(browser.send("GET", "/session"), 401, "session-ended")
    assert web.tiny.school.store.signing_in.sessions_of(w.ADA) == []


def test_whoever_was_locked_and_unlocked_signs_in_anew(web: Web) -> None:
    browser = with_password(web, "ada")
    for name in ("lock-account", "unlock-account"):
        assert web.command(name, {"account": w.ADA, "reason": "проверка"}, login="head").status_code == 200
    problem(browser.send("GET", "/session"), 401, "session-ended")
    assert browser.sign_in("ada").status_code == 200


def test_whoever_left_the_school_is_out_the_day_after(web: Web) -> None:
    browser = with_password(web, "ada")
    left = {"staff": w.ADA_STAFF, "left_on": "2025-10-06"}
    answer = web.command("dismiss-staff-member", left, login="deputy")
    assert answer.status_code == 200, answer.text
    assert browser.send("GET", "/session").status_code == 200
    later(web, days=1, hours=-10)
    browser.sign_in("ada")
    problem(browser.send("GET", "/session"), 401, "session-ended")
    problem(browser.sign_in("ada"), 401, "sign-in-refused")
    problem(web.get("/journals", login="ada"), 403, "not-allowed")


def test_the_password_is_changed_with_the_old_one_and_the_others_are_out(door: Web) -> None:
    browser, other = with_password(door, "ada"), Browser(door)
    other.sign_in("ada")
    problem(browser.send("POST", "/password", {"current": WRONG, "password": BETTER}), 403, "password-wrong")
    old = dict(browser.cookies)
    before = browser.send("GET", "/session").json()["id"]
    answer = browser.send("POST", "/password", {"current": GOOD, "password": BETTER})
    assert (answer.status_code, answer.json()["id"]) == (200, before)
    assert browser.send("GET", "/session").status_code == 200
    for ended in (other, Browser(door, old)):
        problem(ended.send("GET", "/session"), 401, "session-ended")
    problem(Browser(door).sign_in("ada", GOOD), 401, "sign-in-refused")
    assert Browser(door).sign_in("ada", BETTER).status_code == 200
    assert len(door.tiny.school.store.signing_in._run("SELECT 1 FROM passwords WHERE account = ?", w.ADA)) == 1


def test_after_a_reset_only_a_new_code_opens(web: Web) -> None:
    browser = with_password(web, "ada")
    breach = web.tiny.new_id()
    report = {"breach": breach, "account": w.ADA, "learned_at": "2025-10-06T12:00:00+03:00", "what": "украден"}
    assert web.command("report-breach", report, login="head").status_code == 200
    problem(browser.sign_in("ada"), 401, "sign-in-refused")
    assert web.command("reset-credentials", {"breach": breach}, login="head").status_code == 200
    problem(browser.sign_in("ada"), 401, "sign-in-refused")
    assert with_password(web, "ada", BETTER).send("GET", "/session").status_code == 200


def test_what_demands_it_is_done_only_a_short_time_after_the_password(web: Web) -> None:
    head = with_password(web, "head")
    grant = {"account": w.BORIS, "role": "deputy-head"}
    later(web, minutes=10)
    assert head.command("grant-role", grant).status_code == 200
    later(web, seconds=1)
    refused = head.command("grant-role", {"account": w.BORIS, "role": "teacher", "ends": "2026-05-31"})
    problem(refused, 403, "step-up-needed")
    problem(head.send("POST", "/session/step-up", {"password": WRONG}), 403, "password-wrong")
    assert head.step_up("head").status_code == 200
    again = head.command("grant-role", {"account": w.BORIS, "role": "teacher", "ends": "2026-05-31"})
    assert again.status_code == 200


def test_a_token_is_no_session_and_never_comes_beside_one(door: Web) -> None:
    problem(door.get("/session", login="ada"), 403, "only-at-a-browser")
    browser = with_password(door, "ada")
    token = door.tiny.headers("ada")["Authorization"]
    problem(browser.send("GET", "/journals", Authorization=token), 400, "malformed")
    headers = {"Authorization": f"Bearer {browser.cookies[SESSION_COOKIE]}"}
    assert door.client.get("/api/v1/journals", headers=headers).status_code == 401


def routes(web: Web) -> list[tuple[str, str]]:
    """Answer every unsafe route under /api as the document has it."""
    document = web.client.get("/openapi.json").json()
    return [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/api/") and method != "get"
    ]


def test_no_unsafe_route_listens_to_a_page_of_somebody_else(shared: Web) -> None:
    browser = with_password(shared, "head")
    missing = {
        "no token": {CSRF_HEADER: ""},
        "token of another session": {CSRF_HEADER: with_password(shared, "deputy").csrf},
        "another site": {"Sec-Fetch-Site": "cross-site"},
        "another host of the site": {"Sec-Fetch-Site": "same-site"},
        "another origin": {"Origin": "https://evil.example"},
        "an opaque origin": {"Origin": "null"},
        "no origin at all": {"Origin": "", "Sec-Fetch-Site": ""},
    }
    unsafe = [one for one in routes(shared) if one[1].removeprefix("/api/v1") not in DOORS]
    assert len(unsafe) > 100
    for method, path in unsafe:
        for why, headers in missing.items():
            answer = browser.send(method, path.removeprefix("/api/v1"), {}, **headers)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:ejd:problem:cross-site"), (path, why)
    assert browser.send("GET", "/session").status_code == 200
    for path in DOORS:
        problem(browser.send("POST", path, {}, Origin="https://evil.example"), 403, "cross-site")


@pytest.mark.parametrize(
    "login", ["ada\r\nSet-Cookie: x=y", "ada\x00", "ada' OR 1=1 --", "../ada", "a" * 101, "{{7*7}}", ""]
)
def test_a_login_that_none_can_be_is_malformed_and_in_no_header(shared: Web, login: str) -> None:
    answer = Browser(shared).sign_in(login)
    assert answer.status_code in {400, 401}
    assert "set-cookie" not in answer.headers
    if login.strip():
        assert login not in answer.text


def test_a_cookie_that_is_no_secret_is_no_session(shared: Web) -> None:
    for value in ("x", "ab" * 32, "AB" * 32, "ab" * 33, "%00", "'"):
        problem(Browser(shared, {SESSION_COOKIE: value}).send("GET", "/session"), 401, "session-ended")


def test_a_hash_of_another_cost_is_made_anew_at_the_next_sign_in(door: Web) -> None:
    with_password(door, "ada")
    tables = door.tiny.school.store.signing_in
    ((credential,),) = tables._run("SELECT credential FROM passwords WHERE account = ?", w.ADA)
    old = Hasher(Cost(memory_kib=16, passes=2)).hash(GOOD)
    tables.put_password(w.ADA, credential, old)
    assert Browser(door).sign_in("ada").status_code == 200
    assert tables.password(w.ADA, credential) != old
    assert Browser(door).sign_in("ada").status_code == 200


def test_everybody_of_the_tiny_school_can_sign_in_but_the_program(shared: Web) -> None:
    for login, (account, role, _) in LOGINS.items():
        if role != "api-client":
            assert with_password(shared, login).send("GET", "/session").json()["account"] == account
