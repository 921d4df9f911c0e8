"""Guessing at the door: what it costs, whom it locks out, and that it never lasts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ejd.app import open_school
from ejd.http.cookies import network_of
from ejd.signing.guessing import ADDRESS_LIMIT, DEVICE_LIMIT
from tests.http.browser import GOOD, WRONG, Browser, code_for, with_password
from tests.http.conftest import Web, problem
from tests.schools import CHEAP, Clock


def later(web: Web, **time: float) -> None:
    assert isinstance(web.tiny.clock, Clock)
    web.tiny.clock.moment += timedelta(**time)


def test_a_thousand_guesses_cost_ten_hashes_and_lock_nobody_else_out(web: Web) -> None:
    """The pupil VERA guesses the password of ADA from the school's own network."""
    ada = with_password(web, "ada")
    with_password(web, "boris")
    hasher = web.tiny.school.signing.hasher
    before, stranger = hasher.hashes, Browser(web)
    answers = [stranger.sign_in("ada", f"{WRONG} {number}") for number in range(1_000)]
    assert hasher.hashes - before <= 10
    assert [one.status_code for one in answers] == [401] * 10 + [429] * 990
    problem(answers[-1], 429, "too-many-tries")
    assert answers[-1].headers["retry-after"] == "60"
    assert Browser(web).sign_in("boris").status_code == 200
    assert ada.sign_in("ada").status_code == 200, "the device is known: its owner is counted apart"
    problem(Browser(web).sign_in("ada"), 429, "too-many-tries")
    code = code_for(web, "ada")
    assert Browser(web).send("POST", "/first-sign-in", {"login": "ada", "code": code, "password": GOOD}).json()


def test_delays_grow_and_have_an_end(web: Web) -> None:
    with_password(web, "ada")
    stranger, waited = Browser(web), []
    for _ in range(10):
        stranger.sign_in("ada", WRONG)
    for _ in range(6):
        answer = stranger.sign_in("ada", WRONG)
        assert answer.status_code == 429
        waited.append(int(answer.headers["retry-after"]))
        later(web, seconds=waited[-1] - 1)
        assert stranger.sign_in("ada", WRONG).headers["retry-after"] == "1"
        later(web, seconds=1)
        assert stranger.sign_in("ada", WRONG).status_code == 401
    assert waited == [60, 120, 240, 480, 960, 960]
    later(web, seconds=960)
    assert stranger.sign_in("ada").status_code == 200
    for _ in range(10):
        assert Browser(web).sign_in("ada", WRONG).status_code == 401, "who signed in has forgiven everything"


def test_tries_that_lie_apart_are_never_refused(web: Web) -> None:
    with_password(web, "ada")
    for _ in range(4):
        for _ in range(9):
            assert Browser(web).sign_in("ada", WRONG).status_code == 401
        later(web, minutes=5)


def test_an_unknown_login_is_refused_like_a_known_one(web: Web) -> None:
    answers = [Browser(web).sign_in("nobody-has-this", WRONG) for _ in range(11)]
    with_password(web, "ada")
    known = [Browser(web).sign_in("ada", WRONG) for _ in range(11)]
    assert [(one.status_code, one.text) for one in answers] == [(one.status_code, one.text) for one in known]


def test_codes_and_shown_passwords_are_guessed_no_more_often(web: Web) -> None:
    code_for(web, "ada")
    body = {"login": "ada", "code": "2222-3333-4444", "password": GOOD}
    statuses = [Browser(web).send("POST", "/first-sign-in", body).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    boris = with_password(web, "boris")
    hasher = web.tiny.school.signing.hasher
    before = hasher.hashes
    for number in range(12):
        answer = boris.send("POST", "/session/step-up", {"password": WRONG})
        assert answer.status_code == (403 if number < 10 else 429)
    assert boris.send("POST", "/password", {"current": GOOD, "password": GOOD}).status_code == 429
    assert hasher.hashes - before == 10


def test_one_place_tries_only_so_often_whatever_the_logins(web: Web) -> None:
    """A device that is known is a place of its own, so that the class next door goes on signing in."""
    known = with_password(web, "ada")
    answers = [Browser(web).sign_in(f"guess-{number}", WRONG).status_code for number in range(ADDRESS_LIMIT.tries + 5)]
    assert answers == [401] * ADDRESS_LIMIT.tries + [429] * 5
    assert known.sign_in("ada").status_code == 200
    problem(Browser(web).sign_in("ada"), 429, "too-many-tries")
    later(web, minutes=5)
    assert Browser(web).sign_in("ada").status_code == 200
    flood = [known.sign_in(f"guess-{number}", WRONG).status_code for number in range(DEVICE_LIMIT.tries + 5)]
    assert flood == [401] * DEVICE_LIMIT.tries + [429] * 5
    assert Browser(web).sign_in("ada").status_code == 200


def test_a_whole_school_signs_in_from_one_address(web: Web) -> None:
    """Those who sign in are not counted: the address is given back what it took."""
    with_password(web, "ada")
    tables, clock = web.tiny.school.store.signing_in, web.tiny.clock()
    guessing = web.tiny.school.signing.guessing
    for number in range(2 * ADDRESS_LIMIT.tries):
        guessing.attempt("password", f"pupil-{number}", address="10.0.0.1").succeeded()
    assert tables.waits([guessing._hashed("address", "10.0.0.1")], clock) == 0
    assert Browser(web).sign_in("ada").status_code == 200


def test_at_the_limit_a_try_that_is_given_back_opens_the_place_again(web: Web) -> None:
    guessing = web.tiny.school.signing.guessing
    for number in range(ADDRESS_LIMIT.tries - 1):
        guessing.attempt("password", f"pupil-{number}", address="10.0.0.2")
    last = guessing.attempt("password", "the last one", address="10.0.0.2")
    assert web.tiny.school.store.signing_in.waits([last.where], web.tiny.clock())
    last.succeeded()
    assert not web.tiny.school.store.signing_in.waits([last.where], web.tiny.clock())


def test_what_nobody_tried_for_a_day_is_forgiven(web: Web) -> None:
    with_password(web, "ada")
    for _ in range(10):
        Browser(web).sign_in("ada", WRONG)
    later(web, days=1, minutes=2)
    for _ in range(9):
        assert Browser(web).sign_in("ada", WRONG).status_code == 401
    assert Browser(web).sign_in("ada").status_code == 200


def test_tries_are_counted_where_all_processes_see_them(web: Web) -> None:
    """Two services on one database: the tries at one are refused at the other."""
    with_password(web, "ada")
    other = open_school(web.tiny.settings, clock=web.tiny.clock, hash_cost=CHEAP)
    try:
        for _ in range(5):
            Browser(web).sign_in("ada", WRONG)
        for _ in range(5):
            other.signing.guessing.attempt("password", "ada", address="10.9.9.9")
    finally:
        other.close()
    problem(Browser(web).sign_in("ada"), 429, "too-many-tries")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002"),
        ("2001:db8:1:2:ffff::1", "20010db800010002"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_of_ipv6_the_network_is_counted(address: str, counted: str) -> None:
    assert network_of(address) == counted
