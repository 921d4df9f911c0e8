"""The three classic traps, against the real handler on both databases.

A decision made before an invalidation and saved after it; a stream whose events are all void; a correction of a voided
mark by the honest teacher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from ejd.app import School
from ejd.handling.handler import Handler, Request
from ejd.kernel.command import Actor, Command
from ejd.kernel.envelope import Answer, Commit, StaleReadError
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.final_marks import FinalMarkDecided
from ejd.kernel.ids import lesson_stream
from ejd.kernel.states.lesson import Cell, LessonState
from ejd.store.contract import EventStore
from ejd_commands.final_marks import DecideFinalMark
from ejd_commands.invalidations import InvalidateBreach, RevokeInvalidation
from ejd_commands.lessons import RecordTopic, SaveLesson
from ejd_commands.marks import CellIsEmpty, CorrectMark, MarkEntry, RecordMark
from ejd_projections.gradebook import gradebook
from tests import worlds as w
from tests.breach_story import BREACH, CELL, FINALS, LESSON, Story, at
from tests.scenario import uid
from tests.schools import LOGINS

FRIDAY = w.TODAY - timedelta(days=3)
FRIDAYS_LESSON = lesson_stream(w.JOURNAL, FRIDAY, w.LESSON_SLOT)


class Between:
    """A store that lets something happen between the decision and its append, once, and notes what it refused."""

    def __init__(self, store: EventStore, happens: Callable[[], object]) -> None:
        """Nothing has happened yet."""
        self._store = store
        self._happens: Callable[[], object] | None = happens
        self.stale: list[tuple[str, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, commit: Commit) -> Answer:
        """Let it happen, then append."""
        happens, self._happens = self._happens, None
        if happens is not None:
            happens()
        try:
            return self._store.append(commit)
        except StaleReadError as error:
            self.stale.append(error.streams)
            raise


@contextmanager
def between(handler: Handler, happens: Callable[[], object]) -> Iterator[Between]:
    """Put it between this handler and its store."""
    store, hook = handler.store, Between(handler.store, happens)
    handler.store = hook
    try:
        yield hook
    finally:
        handler.store = store


def invalidate_elsewhere(story: Story, elsewhere: School) -> Callable[[], object]:
    """Propose here, and answer how the deputy head agrees in the other process."""
    digest = story.digest()
    story.propose(digest)
    request = Request(InvalidateBreach(breach=BREACH, digest=digest), story.tiny.new_id())
    return lambda: elsewhere.handler.handle([request], Actor(LOGINS["deputy"][0], uid("session"), "tests"))


def mark(story: Story, stream: str = LESSON, pupil: str = w.VERA) -> str | None:
    found = story.tiny.school.states.fresh(LessonState, stream).marks.get(Cell(pupil, "oral", 1))
    return None if found is None else found.value


def marks_shown(story: Story) -> list[tuple[str, str]]:
    """The marks of the journal's page by pupil."""
    story.tiny.feed()
    with story.tiny.school.read.snapshot() as snapshot:
        page = gradebook(snapshot.connection, journal=w.JOURNAL, first="2025-10-01", last="2025-10-10")
    return sorted((one.pupil, mark.value) for one in page.pupils for mark in one.marks)


def test_a_correction_decided_before_and_saved_after_is_decided_anew(story: Story, elsewhere: School) -> None:
    """ADA corrects the 5 to a 3; while it waits to be saved the 5 becomes void: there is nothing to correct."""
    story.forge(at(14, 10), RecordMark(**CELL, pupil=w.VERA, value="5"))
    story.report()
    handler = story.tiny.school.handler
    with between(handler, invalidate_elsewhere(story, elsewhere)) as hook, pytest.raises(CellIsEmpty):
        story.send(at(16), CorrectMark(**CELL, pupil=w.VERA, value="3", reason="Ошибка"), "ada")
    assert hook.stale == [(LESSON,)]
    assert mark(story) is None
    assert [one.name for one in story.tiny.school.store.read_streams([LESSON])] == [
        "mark-recorded/1",
        "events-voided/1",
    ]


def test_a_final_mark_decided_before_and_saved_after_stands_on_valid_marks_only(
    story: Story, elsewhere: School
) -> None:
    """GLEB has an honest 4 and a forged 2; the final mark is saved after the 2 is void, and does not stand on it."""
    story.send(at(13, 30), RecordMark(**CELL, pupil=w.GLEB, value="4"), "ada")
    forged = {**CELL, "work": "control"}
    story.forge(at(14, 10), RecordMark(**forged, pupil=w.GLEB, value="2"))
    story.report()
    handler = story.tiny.school.handler
    with between(handler, invalidate_elsewhere(story, elsewhere)) as hook:
        story.send(at(16), DecideFinalMark(journal=w.JOURNAL, period="q1", pupil=w.GLEB, value="4"), "ada")
    assert hook.stale == [(LESSON,)]
    (stored,) = story.tiny.school.store.read_streams([FINALS])
    decided = CATALOGUE.decode(stored.name, stored.state)
    assert isinstance(decided, FinalMarkDecided)
    assert [tuple(one) for one in decided.basis.marks] == [(LESSON, 1)]
    assert decided.basis.weighted_sum == 4 * decided.basis.weight_sum > 0


def test_a_lesson_that_is_void_as_a_whole_is_written_as_if_nothing_had_been(story: Story) -> None:
    """Friday's lesson was forged from its first event on: ADA saves it, versions go on, nothing forged is shown."""
    where: dict[str, Any] = {"journal": w.JOURNAL, "day": FRIDAY, "slot": w.LESSON_SLOT}
    forged = SaveLesson(**where, topic="Чужая", absences=(), marks=(MarkEntry(pupil=w.DINA, work="oral", value="2"),))
    story.forge(at(14, 10), forged)
    story.report()
    story.invalidate(story.digest())
    state = story.tiny.school.states.fresh(LessonState, FRIDAYS_LESSON)
    assert (state.touched, state.held, state.marks, state.version) == (False, False, {}, 4)
    assert marks_shown(story) == []

    story.send(at(16, 5), RecordTopic(**where, topic="Дроби"), "ada")
    story.send(at(16, 6), RecordMark(**where, pupil=w.DINA, work="oral", value="5"), "ada")
    state = story.tiny.school.states.fresh(LessonState, FRIDAYS_LESSON)
    assert (state.topic, state.version) == ("Дроби", 6)
    assert mark(story, FRIDAYS_LESSON, w.DINA) == "5"
    assert marks_shown(story) == [(w.DINA, "5")]
    (entry,) = [one for one in story.tiny.school.store.directory(kinds=["lesson"]) if one.stream == FRIDAYS_LESSON]
    assert entry.journal == w.JOURNAL


def test_a_voided_mark_is_recorded_anew_and_not_corrected(story: Story) -> None:
    """ADA finds her cell empty; what she records stands, also when the invalidation is revoked: it is the later one."""
    story.forge(at(14, 10), RecordMark(**CELL, pupil=w.VERA, value="2"))
    story.report()
    story.invalidate(story.digest())
    with pytest.raises(CellIsEmpty):
        story.send(at(16, 5), CorrectMark(**CELL, pupil=w.VERA, value="4", reason="Не моя оценка"), "ada")
    story.send(at(16, 6), RecordMark(**CELL, pupil=w.VERA, value="4"), "ada")
    assert (mark(story), marks_shown(story)) == ("4", [(w.VERA, "4")])
    revoke: Command = RevokeInvalidation(breach=BREACH, reason="Ложная тревога")
    story.send(at(17), revoke, "head")
    assert (mark(story), marks_shown(story)) == ("4", [(w.VERA, "4")])
