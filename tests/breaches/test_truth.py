"""The truth itself, against figures worked out by hand: the breach of `tests.breach_story`."""

from __future__ import annotations

from datetime import date

from ejd_commands.invalidations import ReaffirmOperations, RevokeInvalidation
from tests import oracle as o
from tests import worlds as w
from tests.breach_story import ACKNOWLEDGED, BREACH, FINALS, LESSON, Story, at
from tests.breaches.compared import all_events
from tests.breaches.standing import Standing
from tests.breaches.truth import (
    Truth,
    Where,
    acted_while_shut_out,
    decoded,
    told_by_decisions,
    told_by_markers,
)
from tests.scenario import uid

PERIODS = {(w.YEAR, "q1"): (date(2025, 9, 1), date(2025, 10, 24))}
FORGED: set[Where] = {(LESSON, 2), (LESSON, 3), (LESSON, 4)}
"""VERA's 5, DINA's 5, the roll; version 1 is GLEB's honest 4, version 5 ADA's correction of VERA's 5."""


def truth(story: Story) -> Truth:
    """Everything that the log says."""
    found = Truth(decoded(all_events(story.tiny.school)))
    assert told_by_markers(found.happened) == told_by_decisions(found)
    return found


def marks(found: Truth) -> dict[str, str]:
    """The marks of the lesson by pupil."""
    return {cell[0]: mark.value for cell, mark in o.facts_of(found.valid).lessons[LESSON].marks.items()}


def standing(found: Truth) -> list[tuple[str, int]]:
    """What stood on what is void, in the order of the log."""
    places = {meta.position: (meta.stream, meta.version) for meta, _ in found.happened}
    return [places[one] for one in sorted(Standing(found, PERIODS).dependents(BREACH))]


def test_the_truth_of_a_breach_is_what_the_story_says(story: Story) -> None:
    """Void are the three forged events; the diary, the correction and the final mark stood on them."""
    story.forged_marks()
    before = truth(story)
    assert (told_by_decisions(before), standing(before)) == ({}, [])
    assert marks(before) == {w.GLEB: "4", w.VERA: "3", w.DINA: "5"}
    story.invalidate(story.digest())
    after = truth(story)
    assert told_by_decisions(after) == {BREACH: FORGED}
    assert marks(after) == {w.GLEB: "4", w.VERA: "3"}
    assert o.facts_of(after.valid).lessons[LESSON].roll_at is None
    assert standing(after) == [(ACKNOWLEDGED, 1), (LESSON, 5), (FINALS, 1)]
    assert list(acted_while_shut_out(after.happened)) == []


def test_what_is_reaffirmed_is_valid_and_nothing_stands_on_it_any_more(story: Story) -> None:
    """DINA's mark was true after all: the final mark stands on it as before, and is no longer to be decided about."""
    story.forged_marks()
    story.invalidate(story.digest())
    command = ReaffirmOperations(breach=BREACH, commands=(uid("forged dina"),), reason="Оценка верна")
    story.send(at(16, 30), command, "head")
    found = truth(story)
    assert told_by_decisions(found) == {BREACH: FORGED - {(LESSON, 3)}}
    assert marks(found) == {w.GLEB: "4", w.VERA: "3", w.DINA: "5"}
    assert standing(found) == [(ACKNOWLEDGED, 1), (LESSON, 5)]


def test_what_is_revoked_is_as_if_it_had_not_been(story: Story) -> None:
    story.forged_marks()
    before = marks(truth(story))
    story.invalidate(story.digest())
    story.send(at(17), RevokeInvalidation(breach=BREACH, reason="Ложная тревога"), "head")
    found = truth(story)
    assert (told_by_decisions(found), marks(found), standing(found)) == ({}, before, [])
