"""What stood on void events: same cell, causes, the basis of a final mark, acknowledgements. Worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from ejd.kernel.dependents import (
    FOREVER,
    Decoded,
    Dependent,
    Key,
    Shown,
    acknowledged,
    causes_of,
    in_stream,
    shown,
    standing,
    visible_spans,
    writes,
)
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event, encode
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.events.timetable import JournalScheduled
from ejd.kernel.sealed import Sealed

DAY = date(2025, 10, 6)
WHERE: dict[str, Any] = {"journal": "maths", "date": DAY, "slot": 2}
WHY = Sealed("vera", b"")
NOTHING: frozenset[int] = frozenset()


def stored(stream: str, *events: Event, causes: dict[int, list[Ref]] | None = None) -> list[Decoded]:
    """Answer a stream: versions count from 1, positions are ten times the version."""
    return [
        Decoded(
            Recorded(
                position=10 * version,
                stream=stream,
                version=version,
                name=event.stored_name,
                state=encode(event),
                recorded_at=version,
                actor="ada",
                session="s",
                client="web",
                command_id=f"c{version}",
                batch_id="",
                caused_by=msgspec.json.encode((causes or {}).get(version, [])).decode(),
                salt=b"",
            ),
            event,
        )
        for version, event in enumerate(events, start=1)
    ]


def mark(pupil: str = "vera", value: str = "5", number: int = 1) -> e.MarkRecorded:
    """A mark in a cell."""
    return e.MarkRecorded(**WHERE, pupil=pupil, work="oral", number=number, value=value)


def corrected(pupil: str = "vera", new: str = "3") -> e.MarkCorrected:
    """Another value in the first cell."""
    return e.MarkCorrected(**WHERE, pupil=pupil, work="oral", old_value="5", new_value=new, reason=WHY)


def same_cell(version: int, *on: int) -> Dependent:
    """An event of the lesson that stands on others of it."""
    return Dependent(Ref("lesson", version), "same-cell", tuple(Ref("lesson", one) for one in on))


def found(events: list[Decoded], *void: int, other: frozenset[int] = NOTHING) -> list[Dependent]:
    """Answer the dependents when a breach holds these versions of the stream void."""
    return in_stream(events, {"lesson": set(void)}, other)


def test_every_later_valid_event_on_the_cell_stands_on_the_void_one() -> None:
    """1 is forged; 2 corrects it, 3 withdraws; 4 is another pupil's, 5 another number: they stand on nothing."""
    withdrawn = e.MarkWithdrawn(**WHERE, pupil="vera", work="oral", old_value="3", reason=WHY)
    events = stored("lesson", mark(), corrected(), withdrawn, mark("gleb"), mark(number=2))
    assert found(events, 1) == [same_cell(2, 1), same_cell(3, 1)]


def test_what_lay_before_the_void_event_does_not_stand_on_it() -> None:
    assert found(stored("lesson", mark(), corrected()), 2) == []


def test_two_void_events_under_one_valid_one() -> None:
    assert found(stored("lesson", mark(), corrected(), corrected(new="4")), 1, 2) == [same_cell(3, 1, 2)]


def test_what_another_breach_holds_void_is_no_dependent() -> None:
    assert found(stored("lesson", mark(), corrected()), 1, other=frozenset({2})) == []


def test_nothing_void_has_no_dependents() -> None:
    assert found(stored("lesson", mark(), corrected())) == []
    assert in_stream([], {}, NOTHING) == []


def test_who_recorded_after_the_marker_had_seen_the_void_state() -> None:
    """2 corrects before the marker 3, 4 records anew after it."""
    marker = EventsVoided(breach="breach", versions=(1,))
    events = stored("lesson", mark(), corrected(), marker, mark(value="4"))
    assert found(events, 1) == [same_cell(2, 1)]
    foreign = stored("lesson", mark(), EventsVoided(breach="other", versions=(1,)), corrected())
    assert found(foreign, 1) == [], "void is void, whichever breach holds it"


def test_what_was_decided_between_a_revocation_and_the_next_invalidation_stands_on_it() -> None:
    events = stored(
        "lesson",
        mark(),
        EventsVoided(breach="breach", versions=(1,)),
        EventsRestored(breach="breach", versions=(1,)),
        corrected(),
        EventsVoided(breach="breach", versions=(1,)),
        corrected(new="4"),
    )
    assert found(events, 1) == [same_cell(4, 1)]


def test_when_a_version_could_be_seen() -> None:
    """Position 10 to 20, and from 50 on, where the second breach lets it go too; the marker at 60 is of another one."""
    events = stored(
        "lesson",
        mark(),
        EventsVoided(breach="breach", versions=(1,)),
        EventsVoided(breach="other", versions=(1,)),
        EventsRestored(breach="breach", versions=(1,)),
        EventsRestored(breach="other", versions=(1,)),
        EventsVoided(breach="breach", versions=(9,)),
    )
    assert visible_spans(events, {1}) == {1: ((10, 20), (50, FOREVER))}
    assert visible_spans(events[:4], {1}) == {1: ((10, 20),)}
    again = stored("lesson", *(event for _, event in events), EventsVoided(breach="third", versions=(1,)), corrected())
    assert visible_spans(again, {1}) == {1: ((10, 20), (50, 70))}
    assert visible_spans(again, {8}) == {8: ((80, FOREVER),)}, "nothing ever made it void"


def test_what_is_void_twice_is_void_and_markers_are_no_dependents() -> None:
    events = stored(
        "lesson",
        mark(),
        EventsVoided(breach="breach", versions=(1,)),
        corrected(),
        EventsVoided(breach="breach", versions=(1,)),
        EventsRestored(breach="breach", versions=()),
    )
    assert found(events, 1) == []


def test_a_line_of_the_roll_stands_on_the_roll_and_on_its_own_line() -> None:
    roll = e.RollTaken(**WHERE, absences=(e.Absence(pupil="vera", kind="ill"),))
    vera = e.AttendanceCorrected(**WHERE, pupil="vera", reason=WHY)
    gleb = e.AttendanceCorrected(**WHERE, pupil="gleb", reason=WHY)
    assert found(stored("lesson", roll, vera, gleb), 1) == [same_cell(2, 1), same_cell(3, 1)]
    assert found(stored("lesson", roll, vera, gleb, vera), 2) == [same_cell(4, 2)]
    assert writes(roll) == (("roll",),)
    assert writes(vera) == (("roll", "vera"),)
    assert found(stored("lesson", roll, mark()), 1) == []


@pytest.mark.parametrize(
    ("cell", "first", "second"),
    [
        (
            ("topic",),
            e.TopicRecorded(**WHERE, topic="a"),
            e.TopicCorrected(**WHERE, old_topic="a", new_topic="b", reason=WHY),
        ),
        (
            ("homework",),
            e.HomeworkSet(**WHERE, homework=e.Homework(text="a")),
            e.HomeworkCorrected(**WHERE, old=e.Homework(text="a"), reason=WHY),
        ),
        (
            ("substitution",),
            e.LessonSubstituted(**WHERE, substitution=e.Substitution(teacher="boris")),
            e.SubstitutionCorrected(**WHERE, old=e.Substitution(teacher="boris"), reason=WHY),
        ),
        (("place",), e.LessonCancelled(**WHERE, reason=WHY), e.LessonReinstated(**WHERE, reason=WHY)),
        (
            ("place",),
            e.ExtraLessonPlanned(**WHERE),
            e.LessonMoved(**WHERE, old_date=DAY, old_slot=2, new_date=DAY, new_slot=3),
        ),
        (
            ("class",),
            p.PupilEnrolled(name=WHY, class_id="5a", enrolled_on=DAY),
            p.PupilTransferred(old_class="5a", new_class="5b", transferred_on=DAY),
        ),
        (("class",), p.PupilLeft(left_on=DAY), p.PupilReturned(class_id="5a", returned_on=DAY)),
        (("group", "g"), p.GroupJoined(group="g", joined_on=DAY), p.GroupLeft(group="g", left_on=DAY)),
        (
            ("class",),
            p.PupilReturned(class_id="5a", returned_on=DAY),
            p.ClassStaysCorrected(old=(), new=(p.Spell(where="5a", starts=DAY),), reason=WHY),
        ),
        (
            ("group", "g"),
            p.GroupStaysCorrected(group="g", old=(), new=(), reason=WHY),
            p.GroupJoined(group="g", joined_on=DAY),
        ),
        (("load", "ada"), j.TeacherAssigned(staff="ada", starts=DAY), j.TeacherUnassigned(staff="ada", ends=DAY)),
        (
            ("employment",),
            p.StaffMemberEmployed(name=WHY, position="", employed_on=DAY),
            p.StaffMemberLeft(left_on=DAY),
        ),
        (
            ("position",),
            p.StaffPositionChanged(position="завуч", starts=DAY),
            p.StaffPositionsCorrected(old=(), new=(), reason=WHY),
        ),
        (("schedule", "maths"), *(JournalScheduled(journal="maths", starts=DAY, entries=()),) * 2),
        (
            ("final-mark", "vera"),
            f.FinalMarkDecided(journal="maths", period="q1", pupil="vera", value="5", basis=f.Basis()),
            f.FinalMarkWithdrawn(journal="maths", period="q1", pupil="vera", old_value="5", reason=WHY),
        ),
        (("mark", "vera", "oral", 1), mark(), corrected()),
    ],
)
def test_each_kind_of_record_has_a_cell(cell: Key, first: Event, second: Event) -> None:
    assert writes(first) == writes(second) == (cell,)
    assert found(stored("lesson", first, second), 1) == [same_cell(2, 1)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (p.GroupJoined(group="g", joined_on=DAY), p.GroupLeft(group="h", left_on=DAY)),
        (j.TeacherAssigned(staff="ada", starts=DAY), j.TeacherUnassigned(staff="boris", ends=DAY)),
        (e.TopicRecorded(**WHERE, topic="a"), e.HomeworkSet(**WHERE, homework=e.Homework(text="a"))),
        (
            f.FinalMarkDecided(journal="maths", period="q1", pupil="vera", value="5", basis=f.Basis()),
            f.FinalMarkWithdrawn(journal="maths", period="q1", pupil="gleb", old_value="5", reason=WHY),
        ),
        (e.RecommendationGiven(**WHERE, pupil="vera", text=WHY),) * 2,
    ],
)
def test_another_cell_is_another_cell(first: Event, second: Event) -> None:
    assert found(stored("lesson", first, second), 1) == []


def test_an_event_stands_on_what_it_says_it_relied_on() -> None:
    """The forged load is version 2 of the journal; the honest mark says so."""
    load, other = Ref("journal", 2), Ref("journal", 3)
    ((meta, event),) = stored("lesson", mark(), causes={1: [Ref("grant", 1), load]})
    assert causes_of(meta) == (Ref("grant", 1), load)
    assert standing(meta, event, {"journal": {2}}) == Dependent(Ref("lesson", 1), "stands-on", (load,))
    assert standing(meta, event, {"journal": {other.version}}) is None
    assert in_stream([Decoded(meta, event)], {"journal": {2}}, NOTHING) == [
        Dependent(Ref("lesson", 1), "stands-on", (load,))
    ]
    ((bare, nothing),) = stored("lesson", mark())
    assert causes_of(bare) == ()
    assert standing(bare, nothing, {"journal": {2}}) is None


def test_a_final_mark_stands_on_the_marks_of_its_basis() -> None:
    basis = f.Basis(marks=(Ref("lesson", 1), Ref("lesson", 4)))
    decided = f.FinalMarkDecided(journal="maths", period="q1", pupil="vera", value="5", basis=basis)
    changed = f.FinalMarkCorrected(
        journal="maths", period="q1", pupil="vera", old_value="5", new_value="4", basis=basis, reason=WHY
    )
    for one in (decided, changed):
        ((meta, event),) = stored("finals", one, causes={1: [Ref("lesson", 4)]})
        assert standing(meta, event, {"lesson": {4}}) == Dependent(Ref("finals", 1), "basis", (Ref("lesson", 4),))
        assert standing(meta, event, {"lesson": {5}}) is None
        assert standing(meta, event, {}) is None
        there = in_stream([Decoded(meta, event)], {"lesson": {1}}, NOTHING)
        assert there == [Dependent(Ref("finals", 1), "basis", (Ref("lesson", 1),))]


def test_what_parents_were_shown() -> None:
    roll = e.RollTaken(**WHERE, absences=(e.Absence(pupil="vera", kind="ill"), e.Absence(pupil="gleb", kind="late")))
    final = f.FinalMarkDecided(journal="maths", period="q1", pupil="vera", value="5", basis=f.Basis())
    events = stored(
        "lesson",
        mark(),
        roll,
        e.RecommendationGiven(**WHERE, pupil="gleb", text=WHY),
        final,
        e.TopicRecorded(**WHERE, topic="a"),
    )
    assert [shown(meta, event, ((meta.position, FOREVER),)) for meta, event in events] == [
        [Shown(Ref("lesson", 1), "vera", ((10, FOREVER),), DAY)],
        [
            Shown(Ref("lesson", 2), "vera", ((20, FOREVER),), DAY),
            Shown(Ref("lesson", 2), "gleb", ((20, FOREVER),), DAY),
        ],
        [Shown(Ref("lesson", 3), "gleb", ((30, FOREVER),), DAY)],
        [Shown(Ref("lesson", 4), "vera", ((40, FOREVER),), None, "q1")],
        [],
    ]


ACK: dict[str, Any] = {"guardian": "olga", "pupil": "vera", "channel": "web"}
VOID = [
    Shown(Ref("lesson", 1), "vera", ((10, 30), (50, FOREVER)), DAY),
    Shown(Ref("finals", 1), "vera", ((20, FOREVER),), None, "q1"),
]
PERIODS = {("year", "q1"): (date(2025, 9, 1), DAY), ("year", "q2"): (date(2025, 11, 5), date(2025, 12, 30))}


@pytest.mark.parametrize(
    ("event", "on"),
    [
        (k.DiaryAcknowledged(**ACK, week=DAY, seen_position=10), (Ref("lesson", 1),)),
        (k.DiaryAcknowledged(**ACK, week=DAY, seen_position=9), None),
        (k.DiaryAcknowledged(**ACK, week=DAY, seen_position=29), (Ref("lesson", 1),)),
        (k.DiaryAcknowledged(**ACK, week=DAY, seen_position=30), None),
        (k.DiaryAcknowledged(**ACK, week=DAY, seen_position=49), None),
        (k.DiaryAcknowledged(**ACK, week=DAY, seen_position=50), (Ref("lesson", 1),)),
        (k.DiaryAcknowledged(**ACK, week=date(2025, 9, 30), seen_position=10), (Ref("lesson", 1),)),
        (k.DiaryAcknowledged(**ACK, week=date(2025, 9, 29), seen_position=10), None),
        (k.DiaryAcknowledged(**ACK, week=date(2025, 10, 7), seen_position=10), None),
        (
            k.PeriodMarksAcknowledged(**ACK, year="year", period="q1", seen_position=20),
            (Ref("lesson", 1), Ref("finals", 1)),
        ),
        (k.PeriodMarksAcknowledged(**ACK, year="year", period="q1", seen_position=19), (Ref("lesson", 1),)),
        (k.PeriodMarksAcknowledged(**ACK, year="year", period="q2", seen_position=20), None),
        (k.PeriodMarksAcknowledged(**ACK, year="none", period="q3", seen_position=20), None),
        (k.RecommendationAcknowledged(**ACK, lesson="lesson", version=1), None),
    ],
)
def test_an_acknowledgement_stands_on_what_its_position_showed(event: Event, on: tuple[Ref, ...] | None) -> None:
    ((meta, _),) = stored("acks", event)
    expected = None if on is None else Dependent(Ref("acks", 1), "acknowledged", on)
    assert acknowledged(meta, event, VOID, PERIODS) == expected


def test_what_sets_nothing_has_no_cell() -> None:
    assert writes(k.RecommendationAcknowledged(**ACK, lesson="lesson", version=1)) == ()
