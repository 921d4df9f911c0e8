"""The handler on real databases: idempotent, all or nothing, and never decided on what has moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ejd.app import School, open_school
from ejd.handling.decision import IdOfSomethingElse
from ejd.handling.handler import (
    BATCH_COMMANDS_MAX,
    BatchTooLarge,
    ClockNotSettable,
    Handler,
    IdReused,
    Request,
    VersionConflict,
    batch_id_of,
)
from ejd.kernel.command import Actor, Command, NotAllowed, Refusal
from ejd.kernel.envelope import Answer, CommandRecord, Commit, NewEvent
from ejd.kernel.event import Event, encode
from ejd.kernel.events import CATALOGUE, accounts, lessons, people, year
from ejd.kernel.rights import AccountLockedRefusal
from ejd.settings import Settings
from ejd_commands.closing import ClosePeriod, ReopenPeriod
from ejd_commands.lesson_base import NotInThisJournal, PeriodIsClosed, UnknownPupil
from ejd_commands.lessons import RecordTopic
from ejd_commands.marks import CellIsTaken, CorrectMark, RecordMark
from ejd_commands.school import DefineRoom, DefineSubject
from tests import worlds as w
from tests.handling.conftest import store_world
from tests.scenario import World, sealed, uid

ADA = Actor(w.ADA, uid("ada's session"), "tests")
DEPUTY = Actor(w.DEPUTY, uid("deputy's session"), "tests")
NOON = int(datetime(2025, 10, 6, 12, tzinfo=ZoneInfo("Europe/Moscow")).timestamp()) * 1_000_000
MARK = RecordMark(journal=w.JOURNAL, day=w.LESSON_DAY, slot=w.LESSON_SLOT, pupil=w.VERA, work="oral", value="5")
TOPIC = RecordTopic(journal=w.JOURNAL, day=w.LESSON_DAY, slot=w.LESSON_SLOT, topic="Дроби")


@pytest.fixture
def school(settings: Settings) -> Iterator[School]:
    """A school with a journal, at noon of the lesson's day."""
    school = open_school(settings, clock=lambda: NOON)
    store_world(school, w.A_GROUP_JOURNAL)
    yield school
    school.close()


def send(school: School, command: Command, *, actor: Actor = ADA, command_id: str | None = None) -> Answer:
    return school.handler.handle([Request(command, command_id or uid(repr(command)))], actor)


def names(school: School, stream: str) -> list[str]:
    return [event.name for event in school.store.read_streams([stream])]


def test_a_command_is_stored_with_who_when_and_why(school: School) -> None:
    answer = send(school, MARK)
    (stored,) = school.store.read_streams([w.LESSON])
    assert [tuple(ref) for ref in answer.events] == [(answer.position, w.LESSON, 1, "mark-recorded/1")]
    assert (stored.actor, stored.session, stored.client, stored.recorded_at) == (*ADA[:3], NOON)
    assert w.JOURNAL in stored.caused_by
    assert w.VERA in stored.caused_by
    (entry,) = school.store.directory(kinds=["lesson"])
    assert (entry.stream, entry.journal, entry.class_id, entry.date) == (
        w.LESSON,
        w.JOURNAL,
        w.CLASS_5A,
        w.LESSON_DAY.isoformat(),
    )


def test_the_same_id_again_answers_the_same_and_stores_nothing(school: School) -> None:
    first = send(school, MARK, command_id=uid("one"))
    again = send(school, MARK, command_id=uid("one"))
    assert again.repeated
    assert again.events == first.events
    assert again.position == first.position
    assert len(names(school, w.LESSON)) == 1


def test_a_repeat_is_known_in_another_process_too(school: School, settings: Settings) -> None:
    first = send(school, MARK, command_id=uid("one"))
    other = open_school(settings, clock=lambda: NOON)
    try:
        assert send(other, MARK, command_id=uid("one")).events == first.events
    finally:
        other.close()


def test_the_same_id_with_another_body_is_refused(school: School) -> None:
    send(school, MARK, command_id=uid("one"))
    with pytest.raises(IdReused):
        send(school, TOPIC, command_id=uid("one"))


def test_ids_belong_to_the_account_that_gave_them(school: School) -> None:
    send(school, MARK, command_id=uid("one"))
    with pytest.raises(NotAllowed):
        send(school, MARK, actor=DEPUTY, command_id=uid("one"))


def test_a_batch_is_all_or_nothing_and_has_an_id_of_its_own(school: School) -> None:
    ids = [uid("a"), uid("b")]
    good = [Request(MARK, ids[0]), Request(TOPIC, ids[1])]
    bad = [Request(TOPIC, ids[0]), Request(MARK.model_copy(update={"pupil": w.MISHA}), ids[1])]
    with pytest.raises(UnknownPupil) as refused:
        school.handler.handle(bad, ADA, batch_id=uid("batch"))
    assert refused.value.command_index == 1
    assert names(school, w.LESSON) == []
    answer = school.handler.handle(good, ADA, batch_id=uid("batch"))
    assert [ref.type for ref in answer.events] == ["mark-recorded/1", "topic-recorded/1"]
    assert school.handler.handle(good, ADA, batch_id=uid("batch")).repeated
    with pytest.raises(IdReused):
        school.handler.handle(good, ADA, batch_id=uid("another batch"))
    with pytest.raises(IdReused):
        school.handler.handle(good[:1], ADA, batch_id=uid("batch"))
    with pytest.raises(IdReused):
        send(school, MARK, command_id=ids[0])
    assert len(names(school, w.LESSON)) == 2


def test_a_batch_has_a_limit(school: School) -> None:
    requests = [Request(TOPIC, uid(str(n))) for n in range(BATCH_COMMANDS_MAX + 1)]
    with pytest.raises(BatchTooLarge, match=str(BATCH_COMMANDS_MAX)):
        school.handler.handle(requests, ADA, batch_id=batch_id_of([r.command_id for r in requests]))


def test_a_command_that_changes_nothing_is_still_known_by_its_id(school: School) -> None:
    send(school, MARK, command_id=uid("one"))
    nothing = send(school, MARK, command_id=uid("two"))
    assert nothing.events == ()
    assert send(school, MARK, command_id=uid("two")).repeated


def test_an_expected_version_is_checked(school: School) -> None:
    request = [Request(MARK, uid("one"))]
    with pytest.raises(VersionConflict):
        school.handler.handle(request, ADA, expected_version=3)
    assert school.handler.handle(request, ADA, expected_version=0).events[0].version == 1
    correction = CorrectMark(
        **MARK.model_dump(include={"journal", "day", "slot", "pupil", "work"}), value="4", reason="?"
    )
    with pytest.raises(VersionConflict):
        school.handler.handle([Request(correction, uid("two"))], ADA, expected_version=0)
    assert school.handler.handle([Request(correction, uid("two"))], ADA, expected_version=1).events[0].version == 2


def test_only_a_simulated_school_has_a_settable_clock(school: School) -> None:
    with pytest.raises(ClockNotSettable):
        school.handler.handle([Request(MARK, uid("one"))], ADA, at=NOON)


class Meanwhile:
    """A store in front of which something happens once, between deciding and appending."""

    def __init__(self, school: School, happens: Callable[[], None]) -> None:
        """Take the real store."""
        self._store = school.store
        self._happens: Callable[[], None] | None = happens
        self.appends = 0

    def __getattr__(self, name: str) -> object:
        """Everything else is the real store's."""
        return getattr(self._store, name)

    def append(self, commit: Commit) -> Answer:
        """Let it happen before the first append."""
        self.appends += 1
        if self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return self._store.append(commit)


def between(school: School, world: World) -> Meanwhile:
    """Have somebody else's process store these events between deciding and appending."""

    def happens() -> None:
        heads = school.store.heads([stream for stream, _ in world])
        command = uid("meanwhile")
        school.store.append(
            Commit(
                actor=uid("somebody else"),
                session=uid("s"),
                client="tests",
                recorded_at=NOON,
                commands=(CommandRecord(command_id=command, name="meanwhile", body_hash=b"-"),),
                events=tuple(
                    NewEvent(stream=stream, name=event.stored_name, state=encode(event), command_id=command)
                    for stream, event in world
                ),
                expected=heads,
            )
        )

    meanwhile = Meanwhile(school, happens)
    school.handler.store = meanwhile  # type: ignore[assignment]
    return meanwhile


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (
            (
                w.VERA,
                people.PupilTransferred(old_class=w.CLASS_5A, new_class=w.CLASS_5B, transferred_on=date(2025, 10, 6)),
            ),
            NotInThisJournal,
        ),
        ((w.YEAR, year.PeriodClosed(period="q1")), PeriodIsClosed),
        ((w.ADA, accounts.AccountLocked(reason=sealed(w.ADA_STAFF, "?"))), AccountLockedRefusal),
    ],
    ids=["the pupil is transferred", "the period is closed", "the account is locked"],
)
def test_what_was_decided_on_a_stale_stream_is_refused_and_decided_anew(
    school: School, event: tuple[str, Event], refusal: type[Refusal]
) -> None:
    send(school, TOPIC)  # the states of the catalogue are kept now
    meanwhile = between(school, (event,))
    with pytest.raises(refusal):
        send(school, MARK)
    assert meanwhile.appends == 1
    assert names(school, w.LESSON) == ["topic-recorded/1"]


def test_an_unrelated_change_meanwhile_leads_to_a_second_attempt_that_succeeds(school: School) -> None:
    same_lesson = lessons.RecommendationGiven(
        journal=w.JOURNAL,
        date=w.LESSON_DAY,
        slot=w.LESSON_SLOT,
        pupil=w.VERA,
        text=sealed(w.VERA, "?"),
    )
    send(school, TOPIC)
    meanwhile = between(school, ((w.LESSON, same_lesson),))
    assert send(school, MARK).events[0].version == 3
    assert meanwhile.appends == 2


def test_a_refusal_decided_on_a_kept_state_that_is_old_is_decided_anew(school: School, settings: Settings) -> None:
    send(school, TOPIC)
    send(school, ClosePeriod(year=w.YEAR, period="q1"), actor=DEPUTY)
    with pytest.raises(PeriodIsClosed):
        send(school, MARK)
    other = open_school(settings, clock=lambda: NOON)
    try:
        until = datetime(2025, 10, 7, 12, tzinfo=UTC)
        reopen = ReopenPeriod(year=w.YEAR, period="q1", journals=(w.JOURNAL,), until=until, reason="ошибка")
        send(other, reopen, actor=DEPUTY)
    finally:
        other.close()
    assert send(school, MARK).events


def test_of_two_teachers_at_one_cell_one_wins_and_the_other_is_told(school: School, settings: Settings) -> None:
    other = open_school(settings, clock=lambda: NOON)

    def attempt(n: int) -> str:
        handler: Handler = (school, other)[n % 2].handler
        try:
            handler.handle([Request(MARK.model_copy(update={"value": str(n % 4 + 2)}), uid(f"try {n}"))], ADA)
        except CellIsTaken:
            return "taken"
        return "stored"

    try:
        with ThreadPoolExecutor(8) as threads:
            outcomes = list(threads.map(attempt, range(16)))
    finally:
        other.close()
    assert len(names(school, w.LESSON)) == 1
    # four of sixteen bring the value that won: one stores it, three find it there already
    assert outcomes.count("stored") == 4
    assert outcomes.count("taken") == 12


def test_the_id_of_a_thing_cannot_be_used_for_a_thing_of_another_kind(school: School) -> None:
    one = uid("one id")
    send(school, DefineSubject(subject=one, title="Пение"), actor=DEPUTY)
    with pytest.raises(IdOfSomethingElse, match="id of a subject, not of a room"):
        send(school, DefineRoom(room=one, title="33"), actor=DEPUTY)
    batch = [
        Request(DefineSubject(subject=uid("two"), title="Танец"), uid("c1")),
        Request(DefineRoom(room=uid("two"), title="34"), uid("c2")),
    ]
    with pytest.raises(IdOfSomethingElse):
        school.handler.handle(batch, DEPUTY, batch_id=uid("b"))
    assert len(names(school, one)) == 1


def test_every_stored_event_can_be_decoded(school: School) -> None:
    send(school, MARK)
    for event in school.store.read_page(0, 1000):
        CATALOGUE.decode(event.name, event.state)
