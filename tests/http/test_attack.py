"""Breaches attacked over HTTP at real processes, one on SQLite and two on PostgreSQL: wrong orders, wrong people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from ejd.kernel.ids import SCHOOL, SYSTEM, lesson_stream
from tests import worlds as w
from tests.breach_story import at
from tests.http.attacking import ACCOUNTS, Attack, Found, at_once, attacked, said
from tests.postgres import database
from tests.scenario import uid

CLIENTS = 8
NOBODY = uid("nobody has this id")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def attack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """The tiny school, served by as many processes as its database allows; each test has a school day of its own."""
    folder = tmp_path_factory.mktemp("attacked")
    if request.param == "sqlite":
        with attacked("sqlite", folder, None, processes=1) as served:
            yield served
        return
    with (
        database(request.getfixturevalue("postgres_server")) as place,
        attacked("postgres", folder, place, processes=2) as served,
    ):
        yield served


class Story:
    """One day on which ADA's account is in wrong hands from two o'clock on; a breach of it may be reported often."""

    def __init__(self, attack: Attack) -> None:
        """Nothing has happened on this day."""
        self.attack = attack
        self.day = attack.morning()
        self.lesson = lesson_stream(w.JOURNAL, self.day, w.LESSON_SLOT)
        self.cell = {"journal": w.JOURNAL, "day": self.day, "slot": w.LESSON_SLOT, "work": "oral"}
        self.forged = str(uuid4())

    def at(self, hour: int, minute: int = 0) -> datetime:
        """Answer a moment of the day."""
        return at(hour, minute, self.day)

    def forge(self) -> None:
        """An honest mark at 13:30, a forged one at 14:10; it is three o'clock."""
        self.attack.stand(self.at(13, 30))
        self.attack.done("ada", "record-mark", **self.cell, pupil=w.GLEB, value="4")
        self.attack.stand(self.at(14, 10))
        self.attack.done("ada", "record-mark", self.forged, **self.cell, pupil=w.VERA, value="5")
        self.attack.stand(self.at(15))

    def reported(self) -> str:
        """Report ADA's account once more."""
        breach = str(uuid4())
        fields = {"account": w.ADA, "learned_at": self.at(13, 50), "what": "Подсмотрели"}
        self.attack.done("head", "report-breach", breach=breach, **fields)
        return breach

    def _heard(self, *, reset: bool) -> str:
        breach = str(uuid4())
        report = {"account": w.ADA, "learned_at": self.at(13, 50).isoformat(), "what": "Подсмотрели"}
        receive = {"command": "acknowledge-breach-notice", "received_at": self.at(14).isoformat()}
        by_head = [{"command": "report-breach", **report}, {**receive, "receiver": "head"}]
        by_support = [{**receive, "receiver": "support"}, *([{"command": "reset-credentials"}] if reset else [])]
        for login, commands in (("head", by_head), ("helper", by_support)):
            found = self.attack.batch(login, *({"breach": breach, **one} for one in commands))
            assert said(found) == "done", found
        return breach

    def received(self) -> str:
        """Both have the notice."""
        return self._heard(reset=False)

    def reset(self) -> str:
        """The window is known."""
        return self._heard(reset=True)

    def reset_first(self) -> str:
        """Technical support was quick."""
        breach = self.reported()
        self.attack.done("helper", "reset-credentials", breach=breach)
        return breach

    def widening(self) -> str:
        """A wider window waits for a second person."""
        breach = self.reset()
        self.attack.done("head", "propose-breach-window", breach=breach, starts=self.at(13), reason="Вход днём")
        return breach

    def emptied(self) -> str:
        """Nothing is in the window any more."""
        breach = self.reset()
        self.attack.done("head", "narrow-breach-window", breach=breach, starts=self.at(14, 50), reason="Честная")
        return breach

    def digest(self, breach: str) -> str:
        """Answer the digest of the preview as it is at once, without `after`; zeros when there is none."""
        status, answer = self.attack.get("head", f"/breaches/{breach}/preview")
        return str(answer["report"]["digest"]) if status == 200 else "0" * 64

    def proposed(self) -> str:
        """An invalidation waits for a second person."""
        breach = self.reset()
        self.attack.done("head", "propose-invalidation", breach=breach, digest=self.digest(breach))
        return breach

    def invalidated(self) -> str:
        """Two people have decided."""
        breach = self.proposed()
        self.attack.done("deputy", "invalidate-breach", breach=breach, digest=self.digest(breach))
        return breach

    def revoked(self) -> str:
        """It was a false alarm."""
        breach = self.invalidated()
        self.attack.done("head", "revoke-invalidation", breach=breach, reason="Ложная тревога")
        return breach

    def closed(self) -> str:
        """Nothing is left to be decided."""
        breach = self.invalidated()
        self.attack.done("head", "close-breach", breach=breach, conclusion="Пароль сменён")
        return breach

    def commands(self) -> dict[str, tuple[str, str, dict[str, Any]]]:
        """Answer every command on a breach: by whom, its name, its fields; a digest is the present preview's."""
        report = {"account": w.ADA, "learned_at": self.at(13, 50), "what": "Подсмотрели"}
        receive = {"receiver": "head", "received_at": self.at(14)}
        part = {"stream": self.lesson, "version": 1}
        return {
            "report": ("head", "report-breach", report),
            "differently": ("head", "report-breach", {**report, "learned_at": self.at(13, 40)}),
            "receive": ("head", "acknowledge-breach-notice", receive),
            "receive later": ("head", "acknowledge-breach-notice", {**receive, "received_at": self.at(14, 5)}),
            "confirm": ("deputy", "confirm-breach-notice", {"receiver": "head"}),
            "reset": ("helper", "reset-credentials", {}),
            "narrow": ("head", "narrow-breach-window", {"starts": self.at(14, 5), "reason": "Честный урок"}),
            "widen": ("head", "propose-breach-window", {"starts": self.at(13, 40), "reason": "Вход днём"}),
            "agree": ("deputy", "widen-breach-window", {}),
            "propose": ("head", "propose-invalidation", {"digest": None}),
            "invalidate": ("deputy", "invalidate-breach", {"digest": None}),
            "reaffirm": ("head", "reaffirm-operations", {"commands": [self.forged], "reason": "Моя отметка"}),
            "revoke": ("head", "revoke-invalidation", {"reason": "Ложная тревога"}),
            "decide": ("head", "decide-on-dependents", {"dependents": [part], "decision": "kept", "reason": "Да"}),
            "close": ("head", "close-breach", {"conclusion": "Пароль сменён"}),
        }


STATES: dict[str, Callable[[Story], str]] = {
    "unknown": lambda _: str(uuid4()),
    "reported": Story.reported,
    "reset first": Story.reset_first,
    "received": Story.received,
    "reset": Story.reset,
    "widening": Story.widening,
    "emptied": Story.emptied,
    "proposed": Story.proposed,
    "invalidated": Story.invalidated,
    "revoked": Story.revoked,
    "closed": Story.closed,
}
NOT_VOID = {"reaffirm": "not-invalidated", "revoke": "nothing-is-void", "decide": "not-a-dependent"}
TOO_EARLY = {"agree": "nothing-proposed", "invalidate": "nothing-proposed", **NOT_VOID}
KNOWN = {"report": "same", "differently": "reported-differently"}
NOT_YET = dict.fromkeys(("narrow", "widen", "propose", "close"), "not-yet")
NO_RECEIPT = {"receive": "done", "receive later": "done", "confirm": "nothing-to-confirm"}
RECEIPTS = {"receive": "same", "receive later": "received-already", "confirm": "same"}
WINDOW = {
    **KNOWN,
    **RECEIPTS,
    **TOO_EARLY,
    "reset": "same",
    "narrow": "done",
    "widen": "done",
    "propose": "done",
    "close": "not-yet",
}
ALL_VOID = {"narrow": "not-narrower", "propose": "nothing-in-the-window", "reaffirm": "done", "revoke": "done"}
EXPECTED: dict[str, dict[str, str]] = {
    "unknown": {**dict.fromkeys(WINDOW, "unknown-breach"), "report": "done", "differently": "done"},
    "reported": {**KNOWN, **NO_RECEIPT, **TOO_EARLY, **NOT_YET, "reset": "done"},
    "reset first": {**KNOWN, **NO_RECEIPT, **TOO_EARLY, **NOT_YET, "reset": "same"},
    "received": {**KNOWN, **RECEIPTS, **TOO_EARLY, **NOT_YET, "reset": "done"},
    "reset": WINDOW,
    "widening": {**WINDOW, "agree": "done"},
    "emptied": {**WINDOW, "narrow": "not-narrower", "propose": "nothing-in-the-window", "close": "done"},
    "proposed": {**WINDOW, "propose": "same", "invalidate": "done"},
    "invalidated": {**WINDOW, **ALL_VOID, "close": "done"},
    "revoked": {**WINDOW, "close": "done"},
    "closed": {**dict.fromkeys(WINDOW, "breach-is-closed"), "differently": "reported-differently", "close": "same"},
}


def test_every_command_in_every_state_of_a_breach(attack: Attack) -> None:
    """What is done is what docs/breach.md draws; the rest is refused with a sentence, and stores nothing."""
    story = Story(attack)
    story.forge()
    found: dict[str, dict[str, str]] = {}
    for state, make in STATES.items():
        outcomes = found.setdefault(state, {})

        def play(command: str, breach: str) -> Found:
            login, name, fields = story.commands()[command]
            body = {"breach": breach, **fields, **({"digest": story.digest(breach)} if "digest" in fields else {})}
            return attack.send(login, name, **body)

        breach = make(story)
        before = attack.position()
        for command in (one for one, expected in EXPECTED[state].items() if expected != "done"):
            status, answer = play(command, breach)
            outcomes[command] = said((status, answer))
            assert status == 200 or ": " in answer["detail"], answer
        assert attack.position() == before
        for command in (one for one, expected in EXPECTED[state].items() if expected == "done"):
            outcomes[command] = said(play(command, breach))
            breach = make(story)
    assert found == EXPECTED


def test_what_waits_for_somebody_is_said_before_anything_else(attack: Attack) -> None:
    story = Story(attack)
    story.forge()

    def next_step(breach: str) -> str:
        return str(attack.report("head", f"/breaches/{breach}")["breach"]["next_step"])

    assert "close-breach" in next_step(story.emptied())
    void = story.invalidated()
    attack.done("head", "propose-breach-window", breach=void, starts=story.at(13, 20), reason="Вход днём")
    assert "widen-breach-window" in next_step(void)
    attack.done("deputy", "widen-breach-window", breach=void)
    attack.done("head", "propose-invalidation", breach=void, digest=story.digest(void))
    assert "invalidate-breach" in next_step(void)
    story.reported()
    token = {"account": w.ADA, "token": "0" * 16, "digest": "0" * 64, "client": "web"}
    sentence = attack.refused("head", "issue-token", "suspended-by-breach", **token, expires_at=story.at(23))
    assert "reset-credentials" in sentence


def test_a_breach_that_was_asked_for_before_it_was_reported_is_found_afterwards(attack: Attack) -> None:
    """Once an unknown id was remembered as nothing, for as long as the process lived."""
    story = Story(attack)
    attack.stand(story.at(15))
    breach = str(uuid4())
    for _ in attack.ports:
        assert attack.get("head", f"/breaches/{breach}")[0] == 404
    fields = {"account": w.ADA, "learned_at": story.at(13, 50), "what": "Подсмотрели"}
    attack.done("head", "report-breach", breach=breach, **fields)
    for path in ("", "/dependents"):
        for _ in attack.ports:
            assert attack.get("head", f"/breaches/{breach}{path}")[0] == 200


MOMENTS = {
    "0001-01-01T00:00:00+14:00": "choose a moment",
    "1999-12-31T23:59:59Z": "choose a moment",
    "2101-01-01T00:00:00Z": "choose a moment",
    "9999-12-31T23:59:59-14:00": "choose a moment",
    "2025-10-06T12:00:00": "with its offset from UTC",
    "2025-10-06T23:59:60Z": "with its offset from UTC",
    "2025-10-06T12:00:00+25:00": "with its offset from UTC",
    "2025-02-30T12:00:00Z": "with its offset from UTC",
    "1759744800": "with its offset from UTC",
    "вчера": "with its offset from UTC",
}
TEXTS = {
    "\0": "control characters",
    "а\0б": "control characters",
    "\ud800": "surrogate",
    "\u200b\u2060": "visible character",
    " \n ": "at least 1 characters",
    "ё" * 1_001: "at most 1000 characters",
}


def test_moments_texts_and_ids_that_nobody_means(attack: Attack) -> None:
    """The first of these moments once made a breach that could never be shown again."""
    story = Story(attack)
    story.forge()
    breach = story.reset()
    before = attack.position()
    for moment, says in MOMENTS.items():
        wider: dict[str, Any] = {"breach": breach, "starts": moment, "reason": "Вход"}
        assert says in attack.refused("head", "propose-breach-window", "malformed", **wider)
    for text, says in TEXTS.items():
        wider = {"breach": breach, "starts": story.at(13), "reason": text}
        assert says in attack.refused("head", "propose-breach-window", "malformed", **wider)
    fields = {"learned_at": story.at(13, 50), "what": "Подсмотрели"}
    for account, slug in (
        (NOBODY, "unknown-account"),
        (w.VERA, "unknown-account"),
        (SYSTEM, "system-has-no-breach"),
        ("ada", "malformed"),
    ):
        attack.refused("head", "report-breach", slug, account=account, **fields)
    for other in (SCHOOL, w.ADA, w.VERA, w.YEAR, story.lesson):
        attack.refused("head", "report-breach", "id-of-something-else", breach=other, account=w.BORIS, **fields)
        attack.refused("head", "close-breach", "unknown-breach", breach=other, conclusion="Пароль сменён")
        for path in ("", "/preview", "/dependents"):
            assert attack.get("head", f"/breaches/{other}{path}")[0] == 404
    for digest in ("0" * 63, "F" * 64, "", None, 7):
        attack.refused("head", "propose-invalidation", "malformed", breach=breach, digest=digest)
    for version in (0, "1", 1.0, True, 10**6 + 1, 10**300):
        part = {"stream": story.lesson, "version": version}
        wrong = {"dependents": [part], "decision": "kept", "reason": "Да"}
        attack.refused("head", "decide-on-dependents", "malformed", breach=breach, **wrong)
    many = [{"stream": story.lesson, "version": 1}] * 1_001
    sentence = attack.refused(
        "head", "decide-on-dependents", "malformed", breach=breach, dependents=many, decision="kept", reason="Да"
    )
    assert "at most 1000" in sentence
    assert attack.position() == before
    good = "Ё\u0308лка \U0001f384 «ё»"
    attack.done("head", "propose-breach-window", breach=breach, starts=story.at(13), reason=good)
    assert attack.report("head", f"/breaches/{breach}")["timeline"][-1]["text"] == good


def test_two_people_are_two_people(attack: Attack) -> None:
    """Other accounts of the same person, the owner's second account, another breach's digest, others' keys."""
    story = Story(attack)
    for login, role, person in (
        ("deputy-2", "deputy-head", w.DEPUTY_STAFF),
        ("ada-2", "deputy-head", w.ADA_STAFF),
        ("head-2", "support", w.HEAD_STAFF),
    ):
        account = str(uuid4())
        own = f"{login}-{account[:6]}"
        attack.done("helper", "open-account", account=account, kind="person", login=own, person=person)
        attack.done("helper" if role == "support" else "head", "grant-role", account=account, role=role)
        attack.renew(login, account)
    story.forge()
    first, second = story.reset(), story.reset()
    digest, other = story.digest(first), story.digest(second)
    attack.refused("deputy", "propose-invalidation", "preview-is-old", breach=first, digest=other)
    key = str(uuid4())
    propose = {"breach": first, "digest": digest}
    attack.done("deputy", "propose-invalidation", key, **propose)
    attack.refused("deputy-2", "invalidate-breach", "second-person-needed", **propose)
    attack.refused("ada-2", "invalidate-breach", "compromised-account", **propose)
    attack.refused("head", "invalidate-breach", "nothing-proposed", breach=first, digest=other)
    attack.refused("head", "invalidate-breach", "nothing-proposed", breach=second, digest=digest)
    assert said(attack.send("deputy", "invalidate-breach", key, **propose)) == "id-reused"
    assert said(attack.send("deputy-2", "invalidate-breach", key, **propose)) == "second-person-needed"
    attack.done("head", "invalidate-breach", key, **propose)
    assert attack.send("head", "invalidate-breach", key.upper(), **propose)[1]["repeated"]
    attack.refused("ada", "record-mark", "not-authenticated", **story.cell, pupil=w.VERA, value="5")
    late = story.reported()
    receipt = {"breach": late, "received_at": story.at(14)}
    attack.done("head", "acknowledge-breach-notice", receiver="head", **receipt)
    attack.refused("head-2", "acknowledge-breach-notice", "received-already", receiver="support", **receipt)
    attack.refused("ada-2", "acknowledge-breach-notice", "not-the-receiver", receiver="head", **receipt)


def test_a_batch_is_judged_command_by_command(attack: Attack) -> None:
    """What comes before the report counts, what comes after it is refused with it; nothing is half done."""
    story = Story(attack)
    attack.stand(story.at(15))
    fields = {"account": w.ADA, "learned_at": story.at(13, 50).isoformat(), "what": "Сама заметила"}
    report = {"command": "report-breach", "breach": str(uuid4()), **fields}
    topic = {"command": "record-topic", "journal": w.JOURNAL, "day": story.day.isoformat(), "slot": w.LESSON_SLOT}
    before = attack.position()
    refused = attack.batch("ada", report, {**topic, "topic": "После"})
    assert (said(refused), refused[1]["command_index"]) == ("account-locked-refusal", 1)
    assert attack.position() == before
    assert said(attack.batch("ada", {**topic, "topic": "До"}, report)) == "done"
    decided = {"command": "invalidate-breach", "breach": report["breach"], "digest": "0" * 64}
    assert said(attack.batch("head", decided, decided)) == "not-in-a-batch"


def test_of_many_at_once_one_does_it_and_the_others_are_told(attack: Attack) -> None:
    story = Story(attack)
    story.forge()

    def outcomes(*calls: Callable[[], Any]) -> list[str]:
        return sorted(said(one) for one in at_once(calls))

    def same(logins: list[str], name: str, **fields: Any) -> list[str]:
        return outcomes(*(lambda n=n: attack.send(logins[n % len(logins)], name, **fields) for n in range(CLIENTS)))

    others = CLIENTS - 1
    breach = story.received()
    assert same(["head", "deputy", "helper"], "reset-credentials", breach=breach) == ["done", *["same"] * others]
    digest = story.digest(breach)
    assert same(["head"], "propose-invalidation", breach=breach, digest=digest) == ["done", *["same"] * others]
    decided = same(["deputy"], "invalidate-breach", breach=breach, digest=digest)
    assert decided == ["done", *["nothing-proposed"] * others]
    revoked = same(["head", "deputy"], "revoke-invalidation", breach=breach, reason="Ложная тревога")
    assert revoked == ["done", *["nothing-is-void"] * others]
    assert same(["head", "deputy"], "close-breach", breach=breach, conclusion="Всё") == ["done", *["same"] * others]
    waiting = story.reported()
    moments = [{"receiver": "support", "received_at": story.at(14, n)} for n in range(CLIENTS)]
    receipts = outcomes(
        *(lambda one=one: attack.send("helper", "acknowledge-breach-notice", breach=waiting, **one) for one in moments)
    )
    assert receipts == ["done", *["received-already"] * others]


def test_a_thousand_dependents_in_one_lesson_are_decided_at_once(attack: Attack) -> None:
    """Each lesson is read once, not once for each dependent: fifteen seconds became a fifth of one."""
    story = Story(attack)
    deputy = str(uuid4())
    attack.done("helper", "open-account", account=deputy, kind="person", login=f"d-{deputy[:6]}", person=w.BORIS_STAFF)
    attack.done("head", "grant-role", account=deputy, role="deputy-head")
    attack.renew("thief", deputy)
    attack.stand(story.at(14, 10))
    attack.done("thief", "assign-teacher", journal=w.JOURNAL, staff=w.BORIS_STAFF, starts=story.day)
    marks = [
        {"command": "record-mark", **story.cell, "day": story.day.isoformat(), "work": work, "number": number, **one}
        for work in ("oral", "homework", "independent", "practical")
        for number in range(1, 21)
        for one in ({"pupil": pupil, "value": "4"} for pupil in (w.VERA, w.GLEB, w.DINA))
    ]
    attack.stand(story.at(14, 20))
    assert said(attack.batch("boris", *marks)) == "done"
    attack.stand(story.at(15))
    breach = str(uuid4())
    fields = {"account": deputy, "learned_at": story.at(13, 50), "what": "Подсмотрели"}
    attack.done("head", "report-breach", breach=breach, **fields)
    for login, receiver in (("head", "head"), ("helper", "support")):
        fields = {"receiver": receiver, "received_at": story.at(14)}
        attack.done(login, "acknowledge-breach-notice", breach=breach, **fields)
    attack.done("helper", "reset-credentials", breach=breach)
    digest = story.digest(breach)
    attack.done("head", "propose-invalidation", breach=breach, digest=digest)
    attack.done("deputy", "invalidate-breach", breach=breach, digest=digest)
    status, answer = attack.get("head", f"/breaches/{breach}/dependents", limit=1_000)
    assert (status, answer["report"]["open"]) == (200, len(marks))
    parts = [{"stream": one["stream"], "version": one["version"]} for one in answer["report"]["dependents"]]
    decide = {"breach": breach, "dependents": parts, "reason": "Отметки верны"}
    attack.refused("head", "decide-on-dependents", "not-a-dependent", **decide, decision="corrected")
    assert len(attack.done("head", "decide-on-dependents", **decide, decision="kept")) == len(marks)
    attack.done("head", "close-breach", breach=breach, conclusion="Пароль сменён")


def test_everybody_who_may_not_decide_is_refused(attack: Attack) -> None:
    """Support, teachers, families and programs; whoever asks about somebody else's breach learns nothing."""
    story = Story(attack)
    story.forge()
    breach = story.proposed()
    digest = story.digest(breach)
    before = attack.position()
    for login in sorted(ACCOUNTS.keys() - {"head", "deputy", "ada"}):
        for command, (_, name, fields) in story.commands().items():
            if login == "helper" and command in {"report", "differently", "reset"}:
                continue
            body = {"breach": breach, **fields, **({"digest": digest} if "digest" in fields else {})}
            status, answer = attack.send(login, name, **body)
            assert (status, answer.get("detail", "")[:5]) == (403, "only "), (login, command, answer)
        if login != "helper":
            assert attack.get(login, f"/breaches/{breach}")[0] == 403
        assert attack.get(login, f"/breaches/{NOBODY}/preview")[0] == 403
    assert attack.position() == before
