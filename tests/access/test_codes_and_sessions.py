"""One-time codes and sessions: what is random, what is kept of it, and when it ends."""

from __future__ import annotations

import math
import os
from collections import Counter

import pytest

from ejd.access import codes, sessions

KEY = b"k" * 32


def test_a_code_can_be_read_aloud_and_every_letter_is_as_likely() -> None:
    made = [codes.new_code(os.urandom) for _ in range(2_000)]
    assert len({one.text for one in made}) == len({one.code_id for one in made}) == 2_000
    assert {len(one.text) for one in made} == {14}
    assert {tuple(map(len, one.text.split("-"))) for one in made} == {(4, 4, 4)}
    counts = Counter("".join(one.text.replace("-", "") for one in made))
    assert set(counts) == set(codes.ALPHABET)
    assert not set("0o1il") & set(codes.ALPHABET)
    assert max(counts.values()) < 1.25 * min(counts.values())
    assert made[0].text not in repr(made[0])


def test_bytes_that_would_favour_a_letter_are_left_out() -> None:
    rounds = iter([b"\xff" * 24, b"\xf8" * 24, bytes(range(24)), b"i" * 8])
    assert codes.new_code(lambda size: next(rounds)[:size]).text == "2345-6789-abcd"


def test_a_code_is_read_as_people_type_it() -> None:
    kept = codes.digest_code(KEY, "account", "k7md-2wxe-9fpn")
    for typed in ("K7MD 2WXE 9FPN", "k7md2wxe9fpn", " k7md—2wхе_9fрn "):
        assert codes.is_code_of(kept, KEY, "account", typed), typed
    assert not codes.is_code_of(kept, KEY, "account", "k7md-2wxe-9fpm")
    assert not codes.is_code_of(kept, KEY, "another", "k7md-2wxe-9fpn")
    assert not codes.is_code_of(kept, b"x" * 32, "account", "k7md-2wxe-9fpn")


def test_the_strictest_role_decides_about_the_ends() -> None:
    assert sessions.ends_of(frozenset({"parent"})) == (14 * sessions.DAY, 30 * sessions.DAY)
    assert sessions.ends_of(frozenset({"parent", "teacher"})) == sessions.ENDS["teacher"]
    assert sessions.ends_of(frozenset({"teacher", "head"})) == sessions.STRICT
    assert sessions.ends_of(frozenset()) == sessions.ends_of(frozenset({"new role"})) == sessions.STRICT
    for ends in sessions.ENDS.values():
        assert sessions.STRICT.idle <= ends.idle <= ends.absolute
        assert sessions.STRICT.absolute <= ends.absolute


def test_only_a_secret_has_a_digest() -> None:
    secret = sessions.new_secret(os.urandom)
    assert len(bytes.fromhex(secret)) == 32
    assert len(sessions.digest_secret(secret)) == 64
    for other in ("", secret.upper(), secret[:-1], secret + "0", "g" * 64):
        assert sessions.digest_secret(other) == ("" if other != secret else None)


def test_the_token_of_a_page_is_bound_to_its_session_and_tells_nothing() -> None:
    one, other = sessions.new_secret(os.urandom), sessions.new_secret(os.urandom)
    assert sessions.is_csrf_token(sessions.csrf_token(one), one)
    assert not sessions.is_csrf_token(sessions.csrf_token(other), one)
    assert not sessions.is_csrf_token("", one)
    assert not sessions.is_csrf_token("ё", one)
    assert sessions.csrf_token(one) not in {one, sessions.digest_secret(one)}


@pytest.mark.parametrize(
    ("said", "kept"),
    [("Firefox/1", "Firefox/1"), (" a\r\nb\x00 c ", "a b c"), ("x" * 500, "x" * 200), ("", "")],
)
def test_what_a_browser_says_is_one_bounded_line(said: str, kept: str) -> None:
    assert sessions.described(said) == kept


def test_a_recovery_code_is_too_long_to_be_tried() -> None:
    code = codes.new_code(os.urandom, codes.RECOVERY_LETTERS)
    assert codes.RECOVERY_LETTERS * math.log2(len(codes.ALPHABET)) >= 112
    assert len(codes.read_code(code.text)) == codes.RECOVERY_LETTERS
    assert len(code.text) <= codes.CODE_CHARACTERS_MAX
