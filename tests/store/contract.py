# ruff: noqa: D102 - the name of a test is its sentence
"""What every adapter promises, as tests: an adapter's module says only how to open it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import msgspec
import pytest

from ejd.kernel.envelope import (
    Answer,
    DirectoryEntry,
    EventRef,
    KnownCommandError,
    Recorded,
    Ref,
    ReservedError,
    Scope,
    StaleReadError,
    Watched,
    WatchedMovedError,
)
from ejd.store.base import BaseStore
from ejd.store.errors import BadCommitError
from ejd.store.group_commit import Appender
from tests.store.concurrency import ConcurrencyContract, GroupCommitContract, Open, in_threads
from tests.store.samples import ADA, BOB, NOON, a_batch, a_commit, new_id


class AppendContract:
    """Appending: what is stored, what is refused, and that a refusal stores nothing."""

    def test_an_event_comes_back_with_its_whole_envelope(self, store: BaseStore) -> None:
        commit = a_commit("lesson-1", command_id="c-1", caused_by=(Ref("grant-1", 3),))
        answer = store.append(commit)
        (event,) = store.read_streams(["lesson-1"])
        assert isinstance(event, Recorded)
        assert event == Recorded(
            position=answer.position,
            stream="lesson-1",
            version=1,
            name="mark-recorded/1",
            state=commit.events[0].state,
            recorded_at=NOON,
            actor=ADA,
            session="session-1",
            client="tests/1",
            command_id="c-1",
            batch_id="",
            caused_by='[["grant-1",3]]',
            salt=event.salt,
        )
        assert len(event.salt) == 16
        assert answer == Answer(
            position=event.position,
            events=(EventRef(event.position, "lesson-1", 1, "mark-recorded/1"),),
            recorded_at=NOON,
            body_hashes={"c-1": b"hash"},
        )

    def test_versions_count_on_inside_one_commit(self, store: BaseStore) -> None:
        store.append(a_commit("a"))
        answer = store.append(a_commit("a", "b", "a", expected={"a": 1, "b": 0}))
        assert [(ref.stream, ref.version) for ref in answer.events] == [("a", 2), ("b", 1), ("a", 3)]
        assert store.heads(["a", "b", "nobody"]) == {"a": 3, "b": 1}

    def test_a_stream_that_moved_is_named_and_nothing_is_stored(self, store: BaseStore) -> None:
        store.append(a_commit("a", "b"))
        stale = a_commit("c", expected={"a": 1, "b": 0, "c": 0})
        with pytest.raises(StaleReadError) as refused:
            store.append(stale)
        assert refused.value.streams == ("b",)
        assert store.count_events() == 2
        assert store.find_answer(ADA, stale.commands[0].command_id) is None

    def test_a_stream_that_is_only_read_is_checked_too(self, store: BaseStore) -> None:
        store.append(a_commit("pupil"))
        store.append(a_commit("pupil", expected={"pupil": 1}))
        with pytest.raises(StaleReadError):
            store.append(a_commit("lesson", expected={"lesson": 0, "pupil": 1}))

    def test_a_command_without_events_is_stored_and_moves_nothing(self, store: BaseStore) -> None:
        position = store.append(a_commit("a")).position
        answer = store.append(a_commit(command_id="nothing", expected={"a": 1}))
        assert (answer.position, answer.events) == (position, ())
        assert store.find_answer(ADA, "nothing") == msgspec.structs.replace(answer, repeated=True)

    def test_recorded_at_never_runs_backwards(self, store: BaseStore) -> None:
        moments = [NOON, NOON - 5_000_000, NOON + 1, NOON - 1]
        answers = [store.append(a_commit(new_id(), recorded_at=moment)) for moment in moments]
        assert [answer.recorded_at for answer in answers] == [NOON, NOON, NOON + 1, NOON + 1]
        assert [event.recorded_at for event in store.read_page(0, 10)] == [NOON, NOON, NOON + 1, NOON + 1]

    def test_the_first_event_of_a_stream_writes_the_directory(self, store: BaseStore) -> None:
        scope = Scope(kind="lesson", journal="j", class_id="c", person="p", year="y", date=date(2026, 9, 1))
        first = store.append(a_commit("a", "a", expected={"a": 0}, scope=scope)).events[0]
        store.append(a_commit("a", expected={"a": 2}))
        store.append(a_commit("b", scope=Scope(kind="pupil")))
        entry = DirectoryEntry("a", "lesson", "j", "c", "p", "y", "2026-09-01", first.position)
        assert next(store.directory()) == entry
        assert [entry.stream for entry in store.directory()] == ["a", "b"]
        assert [entry.stream for entry in store.directory(kinds=["pupil", "class"])] == ["b"]
        assert (store.streams_of_journal("j", "lesson"), store.streams_of_journal("j", "pupil")) == (["a"], [])
        assert (store.streams_of_persons(["p", "q"], "lesson"), store.streams_of_persons(["p"], "pupil")) == (["a"], [])
        assert store.streams_of_persons([""], "pupil") == []

    def test_odd_unicode_is_kept_as_it_is(self, store: BaseStore) -> None:
        odd = 'Ё "{}\\" , NULL \u200f\U0001f600 \x01\n'
        store.append(a_commit(odd, client=odd, command_id=odd, caused_by=(Ref(odd, 1),)))
        (event,) = store.read_streams([odd])
        assert (event.stream, event.client, event.command_id) == (odd, odd, odd)
        assert msgspec.json.decode(event.caused_by) == [[odd, 1]]

    @pytest.mark.parametrize("text", ["nul \0", "half \ud83d", "x" * 301])
    def test_text_that_no_database_can_keep_is_refused_by_both(self, store: BaseStore, text: str) -> None:
        for commit in (a_commit("a", client=text), a_commit(text), a_commit("a", reserve={text: "a"})):
            with pytest.raises(BadCommitError, match="a text of the envelope"):
                store.append(commit)
        assert store.count_events() == 0

    def test_a_commit_that_contradicts_itself_is_refused(self, store: BaseStore) -> None:
        good = a_commit("a")
        twice = (*good.commands, *good.commands)
        for commit, why in (
            (msgspec.structs.replace(good, expected={}), "expected must name stream a"),
            (msgspec.structs.replace(good, scopes={}), "needs its scope"),
            (msgspec.structs.replace(good, commands=twice), "an id of its own"),
            (msgspec.structs.replace(good, commands=(), events=()), "needs a command"),
            (msgspec.structs.replace(good, recorded_at=-1), "microseconds since 1970"),
        ):
            with pytest.raises(BadCommitError, match=why):
                store.append(commit)
        assert store.count_events() == 0


class IdempotencyContract:
    """The same id again answers the same thing; ids belong to an account; batches are all or nothing."""

    def test_a_known_command_is_answered_from_the_store(self, store: BaseStore) -> None:
        commit = a_commit("a", "b", command_id="c-1")
        answer = store.append(commit)
        with pytest.raises(KnownCommandError) as refused:
            store.append(commit)
        assert refused.value.command_id == "c-1"
        assert store.find_answer(ADA, "c-1") == msgspec.structs.replace(answer, repeated=True)
        assert store.count_events() == 2

    def test_ids_are_scoped_to_the_account(self, store: BaseStore) -> None:
        store.append(a_commit("a", command_id="c-1"))
        assert store.find_answer(BOB, "c-1") is None
        store.append(a_commit("b", command_id="c-1", actor=BOB))
        answer = store.find_answer(BOB, "c-1")
        assert answer is not None
        assert [ref.stream for ref in answer.events] == ["b"]

    def test_a_batch_is_answered_whole_and_each_of_its_commands_alone(self, store: BaseStore) -> None:
        batch = a_batch(
            "batch-1",
            a_commit("a", "b", command_id="c-1"),
            a_commit("c", command_id="c-2", body_hash=b"other"),
        )
        answer = store.append(batch)
        assert store.find_answer(ADA, "batch-1") == msgspec.structs.replace(answer, repeated=True)
        one = store.find_answer(ADA, "c-1")
        assert one is not None
        assert (one.batch_id, [ref.stream for ref in one.events]) == ("batch-1", ["a", "b"])
        assert (one.position, one.body_hashes) == (answer.events[1].position, {"c-1": b"hash"})
        assert answer.body_hashes == {"c-1": b"hash", "c-2": b"other"}

    def test_a_known_id_in_another_batch_refuses_the_whole_batch(self, store: BaseStore) -> None:
        store.append(a_batch("batch-1", a_commit("a", command_id="c-1")))
        for again in (
            a_batch("batch-2", a_commit("x", command_id="c-9"), a_commit("y", command_id="c-1")),
            a_batch("batch-1", a_commit("z")),
            a_commit("z", command_id="batch-1"),
        ):
            with pytest.raises(KnownCommandError):
                store.append(again)
        assert store.count_events() == 1
        assert store.find_answer(ADA, "c-9") is None

    def test_a_batch_without_events_has_an_answer(self, store: BaseStore) -> None:
        answer = store.append(a_batch("batch-1", a_commit(command_id="c-1"), a_commit(command_id="c-2")))
        assert store.find_answer(ADA, "batch-1") == msgspec.structs.replace(answer, repeated=True)
        with pytest.raises(BadCommitError, match="id of its own"):
            store.append(a_batch("same", a_commit(command_id="same")))

    def test_one_of_many_senders_of_the_same_id_stores_it(self, store: BaseStore) -> None:
        commits = [a_commit(f"a-{number}", command_id="c-1") for number in range(8)]
        outcomes = in_threads(store, commits)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Answer"] + ["KnownCommandError"] * 7
        assert store.count_events() == 1


class ReservationContract:
    """Unique keys."""

    def test_a_key_belongs_to_one_stream(self, store: BaseStore) -> None:
        store.append(a_commit("account-1", reserve={"login/ivanova": "account-1"}))
        with pytest.raises(ReservedError) as refused:
            store.append(a_commit("account-2", reserve={"login/ivanova": "account-2"}))
        assert (refused.value.key, refused.value.owner) == ("login/ivanova", "account-1")
        assert store.owner_of("login/ivanova") == "account-1"
        assert store.owner_of("login/nobody") is None
        store.append(a_commit("account-1", expected={"account-1": 1}, reserve={"login/ivanova": "account-1"}))

    def test_a_released_key_can_be_taken_in_the_same_commit_or_later(self, store: BaseStore) -> None:
        store.append(a_commit("a", reserve={"k": "a", "old": "a"}))
        store.append(a_commit("b", reserve={"k": "b"}, release=("k", "old", "never")))
        assert (store.owner_of("k"), store.owner_of("old")) == ("b", None)
        store.append(a_commit("c", reserve={"old": "c"}))
        assert store.owner_of("old") == "c"

    def test_of_many_who_want_a_key_at_once_one_gets_it(self, store: BaseStore) -> None:
        outcomes = in_threads(store, [a_commit(f"s-{n}", reserve={"k": f"s-{n}"}) for n in range(8)])
        winners = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
        assert len(winners) == 1
        assert store.owner_of("k") == winners[0].events[0].stream
        assert store.count_events() == 1


class WatchContract:
    """What was read as a whole has not moved, and nothing has begun in it."""

    @pytest.mark.parametrize(
        ("watched", "moved"),
        [
            (Watched("lesson"), True),
            (Watched("lesson", "journal-1"), True),
            (Watched("lesson", "journal-2"), False),
            (Watched("pupil"), False),
        ],
    )
    @pytest.mark.parametrize("began", [True, False])
    def test_a_stream_of_what_was_read_as_a_whole_may_not_move(
        self, store: BaseStore, watched: Watched, *, moved: bool, began: bool
    ) -> None:
        store.append(a_commit("known", "pupil", scope=Scope(kind="lesson", journal="journal-1")))
        seen = store.last_position()
        stream = "begins" if began else "known"
        store.append(a_commit(stream, expected={stream: 0 if began else 1}))
        commit = msgspec.structs.replace(a_commit("mine"), watched=frozenset({watched}), seen=seen)
        if moved:
            with pytest.raises(WatchedMovedError) as refused:
                store.append(commit)
            assert refused.value.streams == (stream,)
            assert store.heads(["mine"]) == {}
            commit = msgspec.structs.replace(commit, seen=store.last_position())
        assert store.append(commit).events

    def test_what_is_expected_by_name_is_checked_by_its_version(self, store: BaseStore) -> None:
        store.append(a_commit("known"))
        expected = {"mine": 0, "known": 1}
        commit = a_commit("mine", expected=expected)
        assert store.append(msgspec.structs.replace(commit, watched=frozenset({Watched("lesson")}))).events

    def test_after_too_much_nothing_is_looked_through(self, store: BaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ejd.store.judge.MOVED_EVENTS_MAX", 1)
        store.append(a_commit("a", "b"))
        with pytest.raises(StaleReadError) as refused:
            store.append(msgspec.structs.replace(a_commit("mine"), watched=frozenset({Watched("pupil")})))
        assert refused.value.streams == ()
        assert store.append(a_commit("mine")).events


class ReadContract:
    """Pages, streams, filters, parts."""

    def test_pages_follow_each_other(self, store: BaseStore) -> None:
        for number in range(7):
            store.append(a_commit(f"s-{number}"))
        pages = [store.read_page(0, 3)]
        while pages[-1]:
            pages.append(store.read_page(pages[-1][-1].position, 3))
        assert [[event.stream for event in page] for page in pages] == [
            ["s-0", "s-1", "s-2"],
            ["s-3", "s-4", "s-5"],
            ["s-6"],
            [],
        ]
        assert store.last_position() == pages[2][-1].position

    def test_streams_are_read_in_order_of_position_and_upto_one(self, store: BaseStore) -> None:
        store.append(a_commit("a", "b", "c", "a", expected={"a": 0, "b": 0, "c": 0}))
        events = store.read_streams(["c", "a", "a", "nobody"])
        assert [(event.stream, event.version) for event in events] == [("a", 1), ("c", 1), ("a", 2)]
        assert store.read_streams(["c", "a"], upto=events[1].position) == events[:2]
        assert store.read_streams([]) == []

    def test_events_are_found_by_each_filter(self, store: BaseStore) -> None:
        store.append(a_commit("a", recorded_at=NOON))
        store.append(a_commit("b", recorded_at=NOON + 10, actor=BOB))
        store.append(a_commit("a", expected={"a": 1}, recorded_at=NOON + 20))
        everything = store.find_events()
        assert store.find_events(stream="a") == [everything[0], everything[2]]
        assert store.find_events(actor=BOB) == [everything[1]]
        assert store.find_events(since=NOON + 10, until=NOON + 20) == [everything[1]]
        assert store.find_events(names=["mark-recorded/1", "x/1"], limit=1) == [everything[0]]
        assert store.find_events(names=["x/1"]) == []
        assert store.find_events(after=everything[0].position, actor=ADA) == [everything[2]]

    def test_parts_hold_whole_streams_and_each_stream_once(self, store: BaseStore) -> None:
        for number in range(20):
            store.append(a_commit(f"s-{number}", "common", expected={f"s-{number}": 0, "common": number}))
        upto = store.last_position()
        store.append(a_commit("late", "s-3", expected={"late": 0, "s-3": 1}))
        found: list[Recorded] = []
        for part in range(3):
            for chunk in store.read_partition(part, 3, upto, chunk_streams=2):
                streams = {event.stream for event in chunk}
                assert not streams & {event.stream for event in found}
                for stream in streams:
                    versions = [event.version for event in chunk if event.stream == stream]
                    assert versions == list(range(1, (20 if stream == "common" else 1) + 1))
                assert chunk == sorted(chunk)
                found += chunk
            rows = list(store.partition_rows(part, 3, upto, chunk_streams=2))
            assert rows == list(store.read_partition(part, 3, upto, chunk_streams=2))
        assert store.read_rows(0, 40) == store.read_page(0, 40)
        assert sorted(found) == store.read_page(0, 40)


class StoreContract(
    AppendContract,
    IdempotencyContract,
    ReservationContract,
    WatchContract,
    ReadContract,
    ConcurrencyContract,
    GroupCommitContract,
):
    """All of it."""

    @pytest.fixture
    def open_again(self) -> Open:
        """How another process opens the same school's store."""
        raise NotImplementedError

    @pytest.fixture
    def forbid_client(self) -> Callable[[str], None]:
        """How to make the database refuse the events of one client program."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_again: Open) -> Iterator[BaseStore]:
        """An empty store."""
        opened = open_again()
        yield opened
        opened.close()

    @pytest.fixture
    def appender(self, store: BaseStore) -> Appender:
        """The recorder of that store."""
        return store._reader
