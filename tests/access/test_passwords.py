"""Passwords: what one may be, and what its hash costs."""

from __future__ import annotations

import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest

from ejd.access import passwords
from ejd.access.passwords import (
    Cost,
    Hasher,
    HasherBusyError,
    PasswordIsKnown,
    PasswordSaysWhose,
    PasswordTooLong,
    PasswordTooShort,
    breached,
    check_password,
)
from ejd.kernel.command import Refusal

CHEAP = Cost(memory_kib=8, passes=1)
WORDS = ("Школа № 7 имени Пушкина", "ada.lavlinskaya", "Лавлинская", "Ада", "Игоревна")


@pytest.mark.parametrize(
    "password",
    [
        "лиловый жираф читает газету",
        "correct horse battery staple",
        "TrOub4dor&3 and then some",
        "Пушкин не писал про квантовые утюги",
        "Лавлинская любит ездить на велосипеде",
        "鯨はいつも早起きして海を走っています",
        "сорок две тихие черепахи",
        "кофе-мяч-утюг-1984-кит",
        "9f3Q_zz-71kLw!pA",
    ],
)
def test_a_password_that_nobody_would_guess_may_be_set(password: str) -> None:
    check_password(password, WORDS, second_factor=False)


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("лиловый жираф", PasswordTooShort),
        ("слово " * 60, PasswordTooLong),
        ("aaaaaaaaaaaaaaaaaaaa", PasswordIsKnown),
        ("123456789123456789", PasswordIsKnown),
        ("qwertyuiopasdfghjkl", PasswordIsKnown),
        ("йцукенгшщзхъфывапролдж", PasswordIsKnown),
        ("qwertyqwertyqwerty", PasswordIsKnown),
        ("password-password!", PasswordIsKnown),
        ("Password1234567890", PasswordIsKnown),
        ("PAROLPAROLPAROL12345", PasswordIsKnown),
        ("парольпарольпароль", PasswordIsKnown),
        ("gfhjkmgfhjkmgfhjkm", PasswordIsKnown),
        ("электронныйдневник", PasswordIsKnown),
        ("abcdefghijklmnopq", PasswordIsKnown),
        ("0987654321 0987654321", PasswordIsKnown),
        ("Школа № 7 2025-2026", PasswordIsKnown),
        ("Школа Пушкина 2025", PasswordSaysWhose),
        ("ada.lavlinskaya2025", PasswordSaysWhose),
        ("Лавлинская1987!!!!", PasswordSaysWhose),
        ("Kfdkbycrfz1987!!!!", PasswordSaysWhose),
        ("пушкина пушкина 77", PasswordSaysWhose),
    ],
)
def test_a_password_that_is_tried_first_may_not(password: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal) as caught:
        check_password(password, WORDS, second_factor=False)
    assert caught.value.field == "password"
    assert password not in caught.value.sentence


def test_with_a_second_factor_eight_characters_do() -> None:
    check_password("Кит&утюг", WORDS, second_factor=True)
    with pytest.raises(PasswordTooShort, match="at least 8"):
        check_password("Кит&утю", WORDS, second_factor=True)
    with pytest.raises(PasswordTooShort, match="at least 15"):
        check_password("Кит&утюг&кофе", WORDS, second_factor=False)
    for known in ("iloveyou", "пароль123", "gfhjkm123"):
        with pytest.raises(PasswordIsKnown):
            check_password(known, WORDS, second_factor=True)


def test_the_length_is_counted_in_characters_as_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "йёйёйёйёйё-абвгд")
    assert len(decomposed) > 15
    with pytest.raises(PasswordTooShort):
        check_password(unicodedata.normalize("NFD", "ёлкиёжикйод"), WORDS, second_factor=False)
    check_password(unicodedata.normalize("NFD", "ёлки и ёжики в йоде"), WORDS, second_factor=False)


def test_the_list_has_thousands_and_no_comment() -> None:
    assert len(breached()) > 12_000
    assert {"password", "iloveyou", "пароль", "йцукен"} <= breached()
    assert not any("#" in one and "license" in one for one in breached())


def test_a_hash_is_argon2id_at_its_cost_and_of_the_composed_text() -> None:
    hasher = Hasher(CHEAP)
    kept = hasher.hash("ёлки")
    assert kept.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert hasher.matches(kept, unicodedata.normalize("NFD", "ёлки"))
    assert not hasher.matches(kept, "елки")
    assert not hasher.matches("no hash at all", "ёлки")
    assert hasher.hash("ёлки") != kept
    assert not hasher.is_old(kept)
    assert Hasher(Cost(memory_kib=16, passes=1)).is_old(kept)


def test_production_pays_64_mib() -> None:
    assert Cost() == (65_536, 3, 1)


def test_an_account_without_password_costs_the_same_and_never_matches() -> None:
    hasher = Hasher(CHEAP)
    assert not hasher.matches(None, "the account of nobody")
    before = hasher.hashes
    assert not hasher.matches(None, "x")
    assert hasher.hashes == before + 1


def test_few_hashes_run_at_once_and_who_waits_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()
    hasher = Hasher(CHEAP)
    inner = hasher._hasher

    class Watched:
        def hash(self, password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            try:
                return inner.hash(password)
            finally:
                with lock:
                    running -= 1

    monkeypatch.setattr(hasher, "_hasher", Watched())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hasher.hash, ["x"] * 40))
    assert most <= passwords.HASHES_AT_ONCE_MAX
    monkeypatch.setattr(passwords, "HASH_WAIT_SECONDS_MAX", 0.0)
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(Hasher, "at_once", full)
    with pytest.raises(HasherBusyError):
        hasher.hash("x")
