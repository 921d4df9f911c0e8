"""Changes between two moments: laid over the page of the first they give that of the second, and events tell why."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ejd.history.page_changes import Cell, Value, between, cells_of, differences, touches
from ejd.kernel.ids import final_marks_stream
from ejd_projections.gradebook import Gradebook, gradebooks
from ejd_projections.journal_catalogue import find_journals
from tests import histories as h
from tests.history.kept import KeptStore, ends
from tests.history.test_as_of import MEMORY, checks

DAYS = {"first": "2025-09-01", "last": "2025-12-30"}
FIGURES = {"marks_counted", "weighted_sum", "weight_sum", "average_hundredths", "lessons", "missed", "name", "followed"}
OF_THEIR_STREAM = {"lesson", "topic", "homework", "roll", "placement", "mark", "attendance", "recommendation"}
"""What only events of the lesson itself can change."""


def pages_at(store: KeptStore, position: int) -> list[Gradebook]:
    with MEMORY.snapshot(store, sorted(store.scopes), upto=position) as snapshot:
        return gradebooks(snapshot.connection, find_journals(snapshot.connection), **DAYS)


def page_of(cells: dict[Cell, Value], journal: str) -> dict[str, Any]:
    """Put a page together from cells alone, in the words of the report."""
    lessons: dict[str, Value] = {}
    pupils: dict[str, dict[str, list[Value]]] = {}
    page: dict[str, Any] = {"teachers": [], "control_works": []}
    empty: Value = {"topic": None, "plan_item": None, "roll_taken": False, "substitute": "", "substitute_name": ""}
    empty |= {"homework": None, "homework_due": None, "homework_minutes": None, "homework_links": []}
    empty |= {"cancelled": False, "moved": False, "extra": False}
    lists = {
        "mark": "marks",
        "attendance": "absences",
        "recommendation": "recommendations",
        "final-mark": "final_marks",
    }
    for cell, value in cells.items():
        if cell.journal != journal:
            continue
        if cell.kind == "teachers":
            page["teachers"] = value["teachers"]
        elif cell.kind == "control-work":
            page["control_works"].append(value)
        elif cell.pupil:
            own = pupils.setdefault(cell.pupil, {"stays": [], **{name: [] for name in lists.values()}})
            if cell.kind == "membership":
                own["stays"] = value["stays"]
            else:
                own[lists[cell.kind]].append(value)
        else:
            lessons.setdefault(cell.stream, {**empty, "lesson": cell.stream}).update(value)
    for lesson in lessons.values():
        lesson.setdefault("date", lesson["planned_date"])
        lesson.setdefault("slot", lesson["planned_slot"])
    return {**page, "lessons": lessons, "pupils": pupils}


def told(page: Gradebook) -> dict[str, Any]:
    """Answer a page without order and without what follows from its cells."""
    plain = msgspec.to_builtins(page)
    pupils = {one["pupil"]: {k: v for k, v in one.items() if k not in FIGURES | {"pupil"}} for one in plain["pupils"]}
    return {
        "teachers": plain["teachers"],
        "control_works": plain["control_works"],
        "lessons": {one["lesson"]: one for one in plain["lessons"]},
        "pupils": {pupil: own for pupil, own in pupils.items() if any(own.values())},
    }


def sorted_lists(page: dict[str, Any]) -> dict[str, Any]:
    for own in page["pupils"].values():
        for name in own:
            own[name].sort(key=str)
    page["control_works"].sort(key=str)
    return page


@settings(checks, max_examples=20)
@given(player=h.histories(), seed=st.integers(0, 2**32 - 1))
def test_changes_laid_over_the_first_page_give_the_second(player: h.Player, seed: int) -> None:
    rnd = Random(seed)
    store = KeptStore(player.store.events)
    first, last = sorted(meta.position for meta in rnd.sample(ends(store.events)[-60:], 2))
    before, after = pages_at(store, first), pages_at(store, last)
    old, new = cells_of(before), cells_of(after)
    changed = differences(old, new)
    patched = {cell: value for cell, value in old.items() if cell not in changed}
    patched |= {cell: new[cell] for cell in changed if cell in new}
    for page in after:
        assert sorted_lists(page_of(patched, page.journal.id)) == sorted_lists(told(page))

    events = between(store.read_streams([cell.stream for cell in changed], upto=last), first)
    for cell in changed:
        if cell.kind in OF_THEIR_STREAM:
            why = [one for one in events.get(cell.stream, ()) if touches(cell, one)]
            assert why, cell
            assert all(first < one.meta.position <= last for one in why)


def test_between_equal_moments_nothing_changes() -> None:
    store = KeptStore(h.play("weekly", h.random_steps(1, 60)).store.events)
    cells = cells_of(pages_at(store, store.last_position()))
    assert {cell.kind for cell in cells} >= {"topic", "mark", "attendance", "membership", "teachers"}
    assert differences(cells, dict(cells)) == []
    assert all(final_marks_stream(c.journal, c.period) == c.stream for c in cells if c.kind == "final-mark")
