"""A make-up stands on that by which its lesson was lost: when that is void, the make-up is without basis (B6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ejd.history.dependents import Question, Search
from ejd.history.streams import decode, void_by_breach
from ejd.kernel.command import Command
from ejd.kernel.envelope import Ref
from ejd.kernel.ids import lesson_stream
from tests import worlds as w
from tests.breach_story import BREACH, LESSON, Story, at
from tests.schools import made

WHERE: dict[str, Any] = {"journal": w.JOURNAL, "day": w.TODAY, "slot": w.LESSON_SLOT}
WEDNESDAY = w.TODAY + timedelta(days=2)
MAKE_UP = lesson_stream(w.JOURNAL, WEDNESDAY, 6, 2)


def without_basis(story: Story, *void: int) -> list[tuple[Ref, str, tuple[Ref, ...]]]:
    """Answer what would stand on void events of the lesson."""
    story.tiny.feed()
    store = story.tiny.school.store
    with story.tiny.school.read.snapshot() as snapshot:
        question = Question(BREACH, w.DEPUTY, None, {LESSON: frozenset(void)})
        search = Search(store, snapshot.connection, question, upto=store.last_position())
        stream = decode(store.read_streams([LESSON]))
        search.take(stream, void_by_breach(stream))
        return [(one.ref, one.why, one.on) for one in search.rest() if one.ref.stream != LESSON]


@pytest.mark.parametrize(
    "lost",
    [
        made("cancel-lesson", **WHERE, reason="карантин"),
        made("substitute-teacher", **WHERE, teacher=w.BORIS_STAFF, subject=w.ENGLISH),
        made("assign-self-study", **WHERE),
    ],
    ids=["cancelled", "another subject", "self-study"],
)
def test_a_make_up_is_without_basis_when_the_loss_is_void(story: Story, lost: Command) -> None:
    story.send(at(13), made("define-subject", subject=w.ENGLISH, title="Английский язык"), "deputy")
    story.send(at(13, 10), lost, "deputy")
    extra = {"journal": w.JOURNAL, "ordinal": 2}
    named = {"day": w.TODAY, "slot": w.LESSON_SLOT}
    story.send(at(13, 20), made("plan-extra-lesson", **extra, day=WEDNESDAY, slot=6, makes_up=named), "head")
    story.send(at(13, 20), made("plan-extra-lesson", **extra, day=WEDNESDAY, slot=7), "head")
    assert without_basis(story, 1) == [(Ref(MAKE_UP, 1), "stands-on", (Ref(LESSON, 1),))]


def test_a_loss_that_was_taken_back_is_nothing_to_stand_on(story: Story) -> None:
    """Cancelled, reinstated, given in another subject: the make-up stands on the last of these."""
    story.send(at(13), made("define-subject", subject=w.ENGLISH, title="Английский язык"), "deputy")
    story.send(at(13, 5), made("cancel-lesson", **WHERE, reason="карантин"), "deputy")
    story.send(at(13, 10), made("reinstate-lesson", **WHERE, reason="ошибка"), "deputy")
    other = made("substitute-teacher", **WHERE, teacher=w.BORIS_STAFF, subject=w.ENGLISH)
    story.send(at(13, 15), other, "deputy")
    named = {"day": w.TODAY, "slot": w.LESSON_SLOT}
    extra = {"journal": w.JOURNAL, "ordinal": 2, "day": WEDNESDAY, "slot": 6}
    story.send(at(13, 20), made("plan-extra-lesson", **extra, makes_up=named), "head")
    assert without_basis(story, 1) == []
    assert without_basis(story, 3) == [(Ref(MAKE_UP, 1), "stands-on", (Ref(LESSON, 3),))]
