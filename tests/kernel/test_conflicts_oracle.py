"""Any sequence of membership and timetable changes gives the conflicts that an oracle finds day by day."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ejd.kernel.conflicts import KINDS, find_conflicts
from tests import worlds as w
from tests.conflicting import as_named, as_told, days
from tests.oracle_conflicts import all_conflicts
from tests.timetabling import JOURNALS, LAST, SINCE, facts, walk, whole_picture


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), steps=st.integers(0, 40), late=st.integers(0, 30))
def test_the_finder_finds_what_the_oracle_finds(seed: int, steps: int, late: int) -> None:
    scenario = walk(seed, steps)
    since = days(SINCE, LAST)[late]
    picture = whole_picture(scenario)
    expected = as_told(all_conflicts(facts(scenario), w.YEAR, days(since, LAST)))
    found = find_conflicts(picture, since=since)
    assert as_named(found) == expected
    for journal in JOURNALS:
        of_one = [one for one in found if journal in {lesson.journal for lesson in one.lessons}]
        only = find_conflicts(picture, since=since, changed={journal})
        twice = [one for one in only if one.kind not in {"daily-limit", "class", "pupil"}]
        assert twice == [one for one in of_one if one.kind not in {"daily-limit", "class", "pupil"}]
        assert {(one.kind, one.what, one.lessons) for one in only if one.kind != "daily-limit"} == {
            (one.kind, one.what, one.lessons) for one in of_one if one.kind != "daily-limit"
        }


def test_the_walks_come_by_every_kind_of_conflict() -> None:
    kinds: set[str] = set()
    for seed in range(40):
        kinds |= {one.kind for one in find_conflicts(whole_picture(walk(seed, 40)), since=SINCE)}
        if kinds == set(KINDS):
            return
    assert kinds == set(KINDS)
