"""Second factors over HTTP: an app, keys, recovery codes; who must have one, and what a stolen password is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from tests import worlds as w
from tests.http.authenticator import Key
from tests.http.browser import GOOD, KEEPER_ACTOR, Browser, code_for, with_password
from tests.http.conftest import Web, problem, serve
from tests.http.server import ADDRESS
from tests.postgres import PostgresDatabase, database
from tests.schools import LOGINS, Clock, tiny_school

TOPIC = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT, "topic": "Дроби"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One school on either database; everybody begins with a code that starts over."""
    folder = tmp_path_factory.mktemp("factors")
    with ExitStack() as stack:
        fresh: PostgresDatabase | None = None
        if request.param == "postgres":
            template = request.getfixturevalue("postgres_template").name
            fresh = stack.enter_context(database(request.getfixturevalue("postgres_server"), template))
        yield from serve(stack.enter_context(tiny_school(request.param, folder, fresh)))


def later(web: Web, **time: float) -> None:
    assert isinstance(web.tiny.clock, Clock)
    web.tiny.clock.moment += timedelta(**time)


def begun(browser: Browser, login: str) -> dict[str, Any]:
    """Answer what comes after the right password."""
    answer = browser.send("POST", "/sign-in", {"login": login, "password": GOOD})
    assert answer.status_code == 202, answer.text
    assert "set-cookie" not in answer.headers
    step: dict[str, Any] = answer.json()
    return step


def show(browser: Browser, ticket: str, **shown: Any) -> Any:
    return browser.send("POST", "/second-factor", {"ticket": ticket, **shown})


def new_key(browser: Browser, *, origin: str = ADDRESS, site: str = "localhost") -> tuple[Key, Any]:
    options = browser.send("POST", "/second-factors/passkey", {"password": GOOD}).json()
    key = Key(origin, site)
    body = {"ticket": options["ticket"], "title": "Ключ", "passkey": key.create(options["passkey"])}
    return key, browser.send("POST", "/second-factors", body)


def test_a_code_of_the_app_opens_once_and_only_with_the_password(door: Web) -> None:
    first = with_password(door, "ada")
    secret = first.add_app("ada")
    later(door, seconds=30)
    device = Browser(door)
    step = begun(device, "ada")
    assert (step["kinds"], step["passkey"]) == (["recovery", "totp"], None)
    assert device.send("GET", "/session").status_code == 401
    code = device.code_of(secret)
    opened = show(device, step["ticket"], code=f"{code[:3]} {code[3:]}")
    assert (opened.status_code, opened.json()["factors"]) == (200, "password+totp")
    assert device.command("record-topic", TOPIC).status_code == 200
    problem(show(Browser(door), step["ticket"], code=device.code_of(secret)), 401, "factor-refused")
    again = begun(Browser(door), "ada")
    problem(show(Browser(door), again["ticket"], code=device.code_of(secret)), 401, "factor-refused")
    later(door, seconds=30)
    assert show(Browser(door), again["ticket"], code=device.code_of(secret)).status_code == 200


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_code_lives_thirty_seconds(door: Web, steps: int) -> None:
    browser = with_password(door, "ada")
    secret = browser.add_app("ada")
    later(door, minutes=5)
    ticket = begun(browser, "ada")["ticket"]
    problem(show(browser, ticket, code=browser.code_of(secret, steps)), 401, "factor-refused")
    assert show(browser, ticket, code=browser.code_of(secret)).status_code == 200


def test_what_was_begun_ends_after_ten_minutes_and_with_the_credentials(door: Web) -> None:
    browser = with_password(door, "boris")
    secret = browser.add_app("boris")
    later(door, minutes=1)
    ticket = begun(Browser(door), "boris")["ticket"]
    later(door, minutes=10)
    problem(show(Browser(door), ticket, code=browser.code_of(secret)), 401, "factor-refused")
    ticket = begun(Browser(door), "boris")["ticket"]
    door.command("lock-account", {"account": w.BORIS, "reason": "проверка"}, login="head")
    problem(show(Browser(door), ticket, code=browser.code_of(secret)), 401, "factor-refused")
    door.command("unlock-account", {"account": w.BORIS, "reason": "проверено"}, login="head")
    problem(show(Browser(door), ticket, code=browser.code_of(secret)), 401, "factor-refused")


def test_a_recovery_code_opens_once_and_new_ones_replace_the_old(door: Web) -> None:
    browser = with_password(door, "ada")
    browser.add_app("ada")
    old = browser.paper["ada"]
    assert len(set(old)) == 10
    step = begun(browser, "ada")
    assert show(browser, step["ticket"], recovery=old[0].upper()).json()["factors"] == "password+recovery"
    assert browser.send("GET", "/second-factors").json()["recovery_codes"] == 9
    problem(show(Browser(door), begun(Browser(door), "ada")["ticket"], recovery=old[0]), 401, "factor-refused")
    new = browser.send("POST", "/second-factors/recovery-codes", {"password": GOOD}).json()["recovery_codes"]
    ticket = begun(Browser(door), "ada")["ticket"]
    problem(show(Browser(door), ticket, recovery=old[1]), 401, "factor-refused")
    assert show(Browser(door), ticket, recovery=new[0]).status_code == 200


def test_a_key_of_a_device_opens_here_and_nowhere_else(door: Web) -> None:
    browser = with_password(door, "ada")
    key, added = new_key(browser)
    assert added.status_code == 200, added.text
    assert len(added.json()["recovery_codes"]) == 10
    device = Browser(door)
    step = begun(device, "ada")
    assert step["kinds"] == ["passkey", "recovery"]
    answer = key.get(step["passkey"])
    elsewhere = Key("https://evil.example", "localhost", key.private, key.id, key.counter + 5)
    problem(show(device, step["ticket"], passkey=elsewhere.get(step["passkey"])), 401, "factor-refused")
    stranger = Key(ADDRESS, "localhost", id=key.id, counter=9)
    problem(show(device, step["ticket"], passkey=stranger.get(step["passkey"])), 401, "factor-refused")
    assert show(device, step["ticket"], passkey=answer).json()["factors"] == "password+passkey"
    problem(show(Browser(door), begun(Browser(door), "ada")["ticket"], passkey=answer), 401, "factor-refused")


def test_a_copied_key_whose_counter_stands_still_opens_nothing(door: Web) -> None:
    browser = with_password(door, "ada")
    key, _ = new_key(browser)
    step = begun(browser, "ada")
    assert show(browser, step["ticket"], passkey=key.get(step["passkey"])).status_code == 200
    key.counter -= 1
    step = begun(browser, "ada")
    problem(show(browser, step["ticket"], passkey=key.get(step["passkey"])), 401, "factor-refused")


def test_a_key_made_for_another_page_is_not_added(door: Web) -> None:
    browser = with_password(door, "ada")
    problem(new_key(browser, origin="https://evil.example")[1], 403, "factor-not-added")
    problem(new_key(browser, site="evil.example")[1], 403, "factor-not-added")
    assert browser.send("GET", "/second-factors").json() == {"factors": [], "recovery_codes": 0}


@pytest.mark.parametrize("answer", [{}, {"id": 1}, {"id": "a", "rawId": "a", "response": [], "type": "public-key"}])
def test_an_answer_of_no_key_is_refused_in_a_sentence(door: Web, answer: Any) -> None:
    browser = with_password(door, "ada")
    ticket = browser.send("POST", "/second-factors/passkey", {"password": GOOD}).json()["ticket"]
    body = {"ticket": ticket, "title": "Ключ", "passkey": answer}
    problem(browser.send("POST", "/second-factors", body), 403, "factor-not-added")
    key, _ = new_key(browser)
    step = begun(browser, "ada")
    problem(show(browser, step["ticket"], passkey=answer), 401, "factor-refused")
    broken = {**key.get(step["passkey"]), "response": {"signature": "!"}}
    problem(show(browser, step["ticket"], passkey=broken), 401, "factor-refused")


@pytest.mark.parametrize("login", ["head", "deputy", "helper"])
def test_whose_role_demands_it_does_nothing_before_a_second_factor(door: Web, login: str) -> None:
    body = {"login": login, "code": code_for(door, login), "password": GOOD}
    browser = Browser(door)
    assert browser.send("POST", "/first-sign-in", body).json()["factors"] == "code"
    problem(browser.send("GET", "/classes"), 403, "second-factor-mandatory")
    problem(browser.command("define-subject", {"subject": w.ENGLISH, "title": "Х"}), 403, "second-factor-mandatory")
    assert browser.send("GET", "/session").status_code == 200
    browser.add_app(login)
    assert browser.send("GET", "/breaches").status_code == 200
    (only,) = browser.send("GET", "/second-factors").json()["factors"]
    last = browser.send("POST", f"/second-factors/{only['factor']}/remove", {"password": GOOD})
    problem(last, 409, "last-factor-stays")


def test_the_head_steps_up_with_both(door: Web) -> None:
    head = with_password(door, "head")
    later(door, minutes=11)
    grant = {"account": w.BORIS, "role": "deputy-head"}
    problem(head.command("grant-role", grant), 403, "step-up-needed")
    half = head.send("POST", "/session/step-up", {"password": GOOD})
    assert half.status_code == 202
    problem(head.command("grant-role", grant), 403, "step-up-needed")
    old = dict(head.cookies)
    assert head.finished("head", half).status_code == 200
    assert old != head.cookies
    assert head.command("grant-role", grant).status_code == 200
    assert head.command("revoke-role", grant).status_code == 200


def test_a_short_password_stands_only_beside_a_second_factor(door: Web) -> None:
    browser = with_password(door, "ada")
    short = "жираф7лимон"
    refused = browser.send("POST", "/password", {"current": GOOD, "password": short})
    problem(refused, 422, "password-too-short")
    browser.add_app("ada")
    assert browser.send("POST", "/password", {"current": GOOD, "password": short}).status_code == 200
    (only,) = browser.send("GET", "/second-factors").json()["factors"]
    path = f"/second-factors/{only['factor']}/remove"
    problem(browser.send("POST", path, {"password": short}), 422, "password-too-short")
    assert browser.send("POST", "/password", {"current": short, "password": GOOD}).status_code == 200
    assert browser.send("POST", path, {"password": GOOD}).status_code == 200
    problem(browser.send("POST", path, {"password": GOOD}), 404, "unknown-factor")
    assert Browser(door).sign_in("ada").status_code == 200


def test_adding_and_removing_ends_the_other_sessions(door: Web) -> None:
    browser = with_password(door, "ada")
    other = Browser(door)
    assert other.sign_in("ada").status_code == 200
    browser.add_app("ada")
    assert other.send("GET", "/session").status_code == 401
    assert browser.send("GET", "/session").status_code == 200


def test_a_new_code_on_paper_keeps_the_second_factor_unless_it_starts_over(door: Web) -> None:
    browser = with_password(door, "ada")
    secret = browser.add_app("ada")
    issue = door.tiny.school.signing.issue_codes
    (issued,) = issue(KEEPER_ACTOR, [w.ADA], days=1)
    fresh = Browser(door)
    answer = fresh.send("POST", "/first-sign-in", {"login": "ada", "code": issued.code, "password": GOOD})
    assert answer.status_code == 202
    later(door, minutes=1)
    assert show(fresh, answer.json()["ticket"], code=fresh.code_of(secret)).status_code == 200
    (issued,) = issue(KEEPER_ACTOR, [w.ADA], days=1, starts_over=True)
    answer = Browser(door).send("POST", "/first-sign-in", {"login": "ada", "code": issued.code, "password": GOOD})
    assert answer.json()["factors"] == "code"
    assert Browser(door).sign_in("ada").status_code == 200


def test_guesses_of_the_second_factor_are_counted_for_the_account(door: Web) -> None:
    browser = with_password(door, "vera")
    secret = browser.add_app("vera")
    later(door, minutes=1)
    for _ in range(10):
        ticket = begun(Browser(door), "vera")["ticket"]
        problem(show(Browser(door), ticket, code="000000"), 401, "factor-refused")
    ticket = begun(Browser(door), "vera")["ticket"]
    problem(show(Browser(door), ticket, code=browser.code_of(secret)), 429, "too-many-tries")
    later(door, minutes=2)
    ticket = begun(Browser(door), "vera")["ticket"]
    assert show(Browser(door), ticket, code=browser.code_of(secret)).status_code == 200


def test_one_thing_is_shown_and_a_ticket_of_one_step_is_none_of_another(door: Web) -> None:
    browser = with_password(door, "ada")
    adding = browser.send("POST", "/second-factors/totp", {"password": GOOD}).json()
    problem(show(browser, adding["ticket"], code=browser.code_of(adding["secret"])), 401, "factor-refused")
    problem(show(browser, adding["ticket"]), 400, "malformed")
    problem(show(browser, adding["ticket"], code="123456", recovery="x"), 400, "malformed")
    wrong = {"ticket": adding["ticket"], "title": "Т", "code": "000000"}
    problem(browser.send("POST", "/second-factors", wrong), 403, "factor-not-added")
    stranger = with_password(door, "boris")
    taken = {**wrong, "code": browser.code_of(adding["secret"])}
    problem(stranger.send("POST", "/second-factors", taken), 401, "factor-refused")
    assert browser.send("POST", "/second-factors", taken).status_code == 200


def test_no_event_holds_a_secret_and_the_apps_is_sealed(door: Web) -> None:
    browser = with_password(door, "olga")
    secret = browser.add_app("olga")
    store = door.tiny.school.store
    tables = [store.factors._run(f"SELECT * FROM {one}") for one in ("factors", "recovery_codes", "tickets")]
    kept = repr([store.read_rows(0, 10_000), tables])
    for hidden in (secret, *browser.paper["olga"], GOOD):
        assert hidden not in kept
        assert hidden not in door.log.getvalue()
    assert LOGINS["olga"][0] in kept
