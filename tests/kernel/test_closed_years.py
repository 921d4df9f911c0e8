"""Which academic years an event writes into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from ejd.kernel.closed_years import years_written
from ejd.kernel.command import Actor
from ejd.kernel.event import Event
from ejd.kernel.events import accounts as a
from ejd.kernel.events import corrections as c
from ejd.kernel.events import imports as i
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.ids import SCHOOL
from tests import worlds as w
from tests.scenario import MemoryContext, World, given, sealed, uid

BOX = sealed(SCHOOL, "x")
IMPORT, REQUEST, NOTHING = uid("import"), uid("request"), uid("nothing")
BEGUN = i.ImportBegun(
    source="x",
    kind="csv",
    file_name=BOX,
    digest="",
    year=w.YEAR,
    starts=w.FIRST_DAY,
    commands=1,
    account=w.HEAD,
    at=0,
)


def written(stream: str, event: Event, *more: tuple[str, Event], world: World = w.A_GROUP_JOURNAL) -> list[str]:
    scenario = given(world, *more)
    streams: dict[str, Sequence[Event]] = dict(scenario.streams)
    context = MemoryContext(
        streams=streams,
        reserved={},
        actor=Actor(w.HEAD, "", ""),
        command_id=uid("c"),
        now=0,
        timezone="UTC",
    )
    return list(years_written(context, stream, event))


def test_undoing_an_import_writes_in_the_years_it_was_for() -> None:
    undone = i.ImportUndone(events=1, streams=1)
    assert written(IMPORT, undone, (IMPORT, BEGUN)) == [w.YEAR]
    assert written(IMPORT, undone) == []


def test_an_approval_is_about_the_requests_journal() -> None:
    asked = c.CorrectionRequested(account=w.ADA, kind="topic", record=w.LESSON, journal=w.JOURNAL, reason=BOX)
    assert written(REQUEST, c.CorrectionApproved(until=0), (REQUEST, asked)) == [w.YEAR]
    assert written(REQUEST, c.CorrectionApproved(until=0)) == []


OLD_DAY, LATER = date(2025, 8, 1), date(2026, 7, 1)


@pytest.mark.parametrize(
    ("stream", "event", "years"),
    [
        (w.JOURNAL, j.TeacherUnassigned(staff=w.ADA_STAFF, ends=w.TODAY), [w.YEAR]),
        (NOTHING, j.TeacherUnassigned(staff=w.ADA_STAFF, ends=w.TODAY), []),
        (w.CLASS_5A, j.ClassTeacherAppointed(staff=w.ADA_STAFF, starts=w.TODAY), [w.YEAR]),
        (NOTHING, j.ClassTeacherAppointed(staff=w.ADA_STAFF, starts=w.TODAY), []),
        (w.VERA, p.PupilLeft(left_on=w.TODAY), [w.YEAR]),
        (w.VERA, p.PupilLeft(left_on=LATER), []),
        (NOTHING, p.PupilLeft(left_on=w.TODAY), []),
        (w.VERA, p.GroupLeft(group=w.GROUP, left_on=w.TODAY), [w.YEAR]),
        (w.VERA, p.GroupLeft(group=w.GROUP, left_on=LATER), []),
        (w.VERA, p.GroupJoined(group=NOTHING, joined_on=w.TODAY), []),
        (w.HEAD, a.RoleRevoked(role="head"), []),
        (
            w.VERA,
            p.ClassStaysCorrected(
                old=(p.Spell(where=w.CLASS_5A, starts=w.FIRST_DAY),),
                new=(p.Spell(where=w.CLASS_5A, starts=w.FIRST_DAY, ends=LATER),),
                reason=BOX,
            ),
            [],
        ),
        (
            w.VERA,
            p.ClassStaysCorrected(
                old=(p.Spell(where=w.CLASS_5A, starts=w.FIRST_DAY),),
                new=(p.Spell(where=w.CLASS_5A, starts=OLD_DAY, ends=w.TODAY),),
                reason=BOX,
            ),
            [w.YEAR],
        ),
    ],
    ids=range(13),
)
def test_only_days_within_a_year_are_its_own(stream: str, event: Event, years: list[str]) -> None:
    assert written(stream, event) == years


def test_a_year_that_is_not_opened_has_no_days() -> None:
    orphan = j.ClassFormed(year=NOTHING, name="1А", grade=1, scheme="q", bells="b")
    left = p.PupilTransferred(old_class="", new_class=NOTHING, transferred_on=w.TODAY)
    assert written(w.VERA, left, (NOTHING, orphan)) == []
