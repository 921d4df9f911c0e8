"""What a window holds, worked out by hand: whole commands, what is left out, the limits, the digest of a preview."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel import voiding
from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event, encode
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.events import lessons as e
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.breaches import BreachState, Window
from ejd.kernel.voiding import Affected, IssuedToken, TooMuchAtOnce, affected, digest_of, pupils_of

WHERE: dict[str, Any] = {"journal": "maths", "date": date(2025, 10, 6), "slot": 2}
WHY = Sealed("school", b"")
ALL = Window(0, 100)


def mark(pupil: str = "vera") -> e.MarkRecorded:
    """A mark."""
    return e.MarkRecorded(**WHERE, pupil=pupil, work="oral", value="5")


def token(name: str) -> a.TokenIssued:
    """A token."""
    return a.TokenIssued(token=name, digest="", client="web", expires_at=1)


def did(command: str, stream: str, version: int, event: Event, session: str = "web") -> Recorded:
    """One event of a command."""
    return Recorded(
        position=version,
        stream=stream,
        version=version,
        name=event.stored_name,
        state=encode(event),
        recorded_at=version,
        actor="ada",
        session=session,
        client="web",
        command_id=command,
        batch_id="",
        caused_by="[]",
        salt=b"",
    )


def state(*, held: dict[str, set[int]] | None = None, reaffirmed: frozenset[str] = frozenset()) -> BreachState:
    """A breach that holds this already."""
    answer = BreachState()
    answer.held, answer.reaffirmed = held or {}, set(reaffirmed)
    return answer


def test_whole_commands_are_void_in_all_their_streams_with_their_pupils_and_tokens() -> None:
    found = affected(
        [
            did("c1", "lesson", 1, mark()),
            did("c1", "lesson", 2, e.TopicRecorded(**WHERE, topic="a")),
            did("c2", "boris", 4, token("t1")),
            did("c3", "another", 7, mark("gleb")),
        ],
        ALL,
        state(),
    )
    assert list(found.commands) == ["c1", "c2", "c3"]
    assert found.voided == {"lesson": [1, 2], "boris": [4], "another": [7]}
    assert (found.events, found.pupils) == (4, {"vera", "gleb"})
    assert found.tokens == [IssuedToken("boris", "t1")]
    assert found.as_versions() == (
        b.VoidedVersions(stream="another", versions=(7,)),
        b.VoidedVersions(stream="boris", versions=(4,)),
        b.VoidedVersions(stream="lesson", versions=(1, 2)),
    )


@pytest.mark.parametrize(
    "left_out",
    [
        did("c1", "boris", 1, a.AccountLocked(reason=WHY)),
        did("c1", "boris", 1, a.AccountSuspended(breach="x")),
        did("c1", "boris", 1, a.CredentialsReset(breach="x")),
        did("c1", "boris", 1, a.BreachSettled(breach="x")),
        did("c1", "boris", 1, a.TokenRevoked(token="t1")),
        did("c1", "boris", 1, a.RoleRevoked(role="head")),
        did("c1", "x", 1, b.BreachClosed(conclusion=WHY)),
        did("true owner", "lesson", 1, mark("gleb")),
        did("c1", "lesson", 1, mark("gleb"), session="phone"),
        did("c1", "lesson", 2, mark("gleb")),
    ],
)
def test_what_protects_is_reaffirmed_of_another_session_or_void_already_is_left_out(left_out: Recorded) -> None:
    """The forged mark beside it, before or after it, is void all the same."""
    window = Window(0, 100, ("web",))
    breach = state(held={"lesson": {2}}, reaffirmed=frozenset({"true owner"}))
    forged = did("forged", "lesson", 3, mark())
    for operations in ([left_out, forged], [forged, left_out]):
        found = affected(operations, window, breach)
        assert (list(found.commands), found.voided) == (["forged"], {"lesson": [3]})
        assert (found.events, found.pupils) == (1, {"vera"})


@pytest.mark.parametrize(
    ("limit", "operations"),
    [
        ("EVENTS_MAX", [did("c", "lesson", n, mark()) for n in (1, 2, 3)]),
        ("STREAMS_MAX", [did("c", f"lesson {n}", 1, mark()) for n in (1, 2, 3)]),
        ("STREAMS_MAX", [did("c", "boris", n, token(f"t{n}")) for n in (1, 2)]),
    ],
)
def test_as_many_as_the_limit_and_not_one_more(
    limit: str, operations: list[Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two events, or two streams and tokens together: one token is a stream and a token."""
    monkeypatch.setattr(voiding, limit, 2)
    assert affected(operations[:-1], ALL, state()).events == len(operations) - 1
    with pytest.raises(TooMuchAtOnce, match="narrow it"):
        affected(operations, ALL, state())


def test_a_digest_is_of_the_breach_the_window_the_events_and_the_streams_heads() -> None:
    found = affected([did("c1", "lesson", 1, mark())], ALL, state())
    more = affected([did("c1", "lesson", 1, mark()), did("c1", "lesson", 2, mark())], ALL, state())
    shown = digest_of("breach", ALL, found, {"lesson": 2})
    assert shown == digest_of("breach", ALL, found, {"lesson": 2, "not affected": 5})
    others = {
        digest_of("other", ALL, found, {"lesson": 2}),
        digest_of("breach", Window(0, 99), found, {"lesson": 2}),
        digest_of("breach", ALL, more, {"lesson": 2}),
        digest_of("breach", ALL, found, {"lesson": 3}),
        digest_of("breach", ALL, Affected(), {}),
    }
    assert len(others - {shown}) == 5


def test_a_roll_is_about_those_who_were_absent_and_a_topic_about_nobody() -> None:
    absences = (e.Absence(pupil="vera", kind="ill"), e.Absence(pupil="gleb", kind="late"))
    assert pupils_of(e.RollTaken(**WHERE, absences=absences)) == ("vera", "gleb")
    assert pupils_of(e.TopicRecorded(**WHERE, topic="a")) == ()
