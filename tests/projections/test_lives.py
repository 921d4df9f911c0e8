"""The life of a cell, of a part of a lesson and of a final mark, told from events; step by step by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from ejd.history import lives as histories
from ejd.history.life import Cell
from ejd.history.lives import Life, Lives
from ejd.history.streams import TooManyStreams
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import corrections as q
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.ids import acknowledgements_stream, final_marks_stream, lesson_stream
from ejd_projections.asking import NotThereError
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    BORIS,
    EREMIN,
    YEAR,
    YOZHIKOVA,
    ZHUKOV,
    Story,
    at,
    day,
    micros,
    open_box,
    why,
)
from tests.projections.test_corrections import ADAS, DEPUTYS, with_accounts
from tests.read.memory_store import MemoryStore

FIRST = at(ALGEBRA, "09-01", 2)
LESSON = lesson_stream(ALGEBRA, day("09-01"), 2)
Q1 = final_marks_stream(ALGEBRA, "q1")
MOTHER = "guardian-1"
ACKS = acknowledgements_stream(MOTHER, EREMIN)
CELL = Cell(frozenset({"mark", "attendance"}), EREMIN)
ORAL = {"pupil": EREMIN, "work": "oral"}


def lives(c: sa.Connection, story: Story, upto: int | None = None) -> Lives:
    kinds = {"request-1": "correction", "request-2": "correction", "request-3": "correction", ADAS: "account"}
    last = len(story.events) if upto is None else upto
    return Lives(MemoryStore(story.events), c, open_box, kinds.get, upto=last)  # type: ignore[arg-type]  # what is read of a log


def told(life: Life) -> list[tuple[str, str, str]]:
    return [(step.what, step.old, step.new) for step in life.steps]


def caused(story: Story, *refs: tuple[str, int]) -> Story:
    """Let the last event stand on facts."""
    story.events[-1] = story.events[-1]._replace(caused_by=msgspec.json.encode(refs).decode())
    return story


def asked(kind: Any = "mark", pupil: str = EREMIN) -> q.CorrectionRequested:
    return q.CorrectionRequested(
        account=ADAS, person=ADA, kind=kind, record=LESSON, journal=ALGEBRA, pupil=pupil, reason=why("забыла")
    )


def a_long_life() -> Story:
    """A mark is recorded, corrected, seen by the mother, corrected under an approval, void, and restored."""
    story = with_accounts().guardian(MOTHER, "Еремина", EREMIN)
    story.in_lesson(FIRST, (e.MarkRecorded, ORAL | {"value": "3"}), when="09-01 12:00", by=ADAS)  # version 1
    caused(story, (ADAS, 1), (ALGEBRA, 2))
    fields = ORAL | {"old_value": "3", "new_value": "4", "reason": why("описка")}
    story.in_lesson(FIRST, (e.MarkCorrected, fields), when="09-02 12:00", by=ADAS)
    seen = k.DiaryAcknowledged(
        guardian=MOTHER, pupil=EREMIN, channel="web", week=day("08-31"), seen_position=len(story.events)
    )
    story.tell(ACKS, seen, when="09-06 20:00", by="account-mother")
    story.tell("request-1", asked(), when="09-20 10:00", by=ADAS)
    story.tell("request-1", q.CorrectionApproved(until=micros("09-23 00:00")), when="09-20 11:00", by=DEPUTYS)
    fields = ORAL | {"old_value": "4", "new_value": "5", "reason": why("работа нашлась")}
    story.in_lesson(FIRST, (e.MarkCorrected, fields), when="09-20 12:00", by=ADAS, command="under approval")
    caused(story, (ADAS, 1), ("request-1", 2))
    made = q.CorrectionMade(record=LESSON, command="under approval")
    story.tell("request-1", made, when="09-20 12:00", by=ADAS, command="under approval")
    story.void(LESSON, 3).restore(LESSON, 3)
    return story


def test_the_life_of_a_cell_is_told_from_its_first_entry(ask: Ask) -> None:
    story = a_long_life()
    life = lives(ask(story), story).of_lesson(LESSON, CELL)
    assert told(life) == [
        ("recorded", "", "3"),
        ("corrected", "3", "4"),
        ("acknowledged", "", "week of 2026-08-31"),
        ("requested", "", ""),
        ("approved", "", ""),
        ("corrected", "4", "5"),
        ("approval-used", "", ""),
        ("voided", "", ""),
        ("restored", "", ""),
    ]
    assert [one.value for one in life.now] == ["5"]
    assert (life.day, life.slot, life.journal_name, life.pupil_name) == ("2026-09-01", 2, "Алгебра 7А", "Еремин Анна")
    first, corrected, seen, requested, approved, again, _, voided, _ = life.steps
    assert (first.by.name, first.session, first.client, first.recorded_at) == (
        *("Лавлейс Ада", "session", "test"),
        micros("09-01 12:00"),
    )
    assert [(one.stream, one.version, one.kind) for one in first.stands_on] == [(ADAS, 1, "account"), (ALGEBRA, 2, "")]
    assert (corrected.reason, again.reason, requested.reason) == ("описка", "работа нашлась", "забыла")
    assert [one.value for one in seen.seen] == ["4"], "what the mother saw"
    assert (approved.by.login, approved.until) == ("deputy", micros("09-23 00:00"))
    assert again.stands_on[1].kind == "correction"
    assert (voided.breaches, voided.versions) == (["breach"], [3])
    assert all(step.counts for step in life.steps)


def test_what_is_void_does_not_count_and_stands_in_the_life(ask: Ask) -> None:
    story = a_long_life().void(LESSON, 2, 3).void("request-1", 2)
    life = lives(ask(story), story).of_lesson(LESSON, CELL)
    assert [(step.what, step.breaches) for step in life.steps if not step.counts] == [
        ("corrected", ["breach"]),
        ("approved", ["breach"]),
        ("corrected", ["breach"]),
    ]
    assert [one.value for one in life.now] == ["3"]
    assert [one.value for one in life.steps[2].seen] == ["4"], "what she saw was not void then"
    assert [step.stream for step in life.steps if step.what == "voided"] == [LESSON, LESSON, "request-1"]


def test_a_life_is_told_up_to_a_position(ask: Ask) -> None:
    story = a_long_life()
    known = next(meta.position for meta in story.events if meta.stream == LESSON and meta.version == 2)
    life = lives(ask(story), story, known).of_lesson(LESSON, CELL)
    assert told(life) == [("recorded", "", "3"), ("corrected", "3", "4")]
    assert [one.value for one in life.now] == ["4"]


def test_a_cell_has_the_line_of_the_roll_and_all_marks_unless_one_is_named(ask: Ask) -> None:
    story = with_accounts().held(FIRST, marks={EREMIN: "3", ZHUKOV: "2"}, absent={EREMIN: "ill"})
    story.in_lesson(FIRST, (e.MarkRecorded, ORAL | {"number": 2, "value": "5"}), when="09-01 13:00")
    late = e.Absence(pupil=EREMIN, kind="late", minutes=5)
    ill = e.Absence(pupil=EREMIN, kind="ill")
    story.in_lesson(
        FIRST,
        (e.AttendanceCorrected, {"pupil": EREMIN, "old": ill, "new": late, "reason": why()}),
        (e.MarkWithdrawn, ORAL | {"old_value": "3", "reason": why()}),
        when="09-02 12:00",
    )
    c = ask(story)
    life = lives(c, story).of_lesson(LESSON, CELL)
    assert told(life) == [
        ("recorded", "", "ill"),
        ("recorded", "", "3"),
        ("recorded", "", "5"),
        ("corrected", "ill", "late 5"),
        ("withdrawn", "3", ""),
    ]
    assert [(one.kind, one.number, one.value) for one in life.now] == [("attendance", 0, "late 5"), ("mark", 2, "5")]
    second = lives(c, story).of_lesson(LESSON, Cell(frozenset({"mark"}), EREMIN, "oral", 2))
    assert told(second) == [("recorded", "", "5")]
    assert told(lives(c, story).of_lesson(LESSON, Cell(frozenset({"mark"}), EREMIN, "essay"))) == []
    assert told(lives(c, story).of_lesson(LESSON, replace_pupil(YOZHIKOVA))) == [("recorded", "", "present")]


def replace_pupil(pupil: str) -> Cell:
    return CELL._replace(pupil=pupil)


def test_the_parts_of_a_lesson_have_lives_of_their_own(ask: Ask) -> None:
    story = with_accounts().held(FIRST, "Дроби", absent={EREMIN: "absent"})
    homework = e.Homework(text="№ 5")
    by_boris = e.Substitution(teacher=BORIS)
    story.in_lesson(
        FIRST,
        (e.TopicCorrected, {"old_topic": "Дроби", "new_topic": "Степени", "reason": why()}),
        (e.HomeworkSet, {"homework": homework}),
        (e.HomeworkCorrected, {"old": homework, "new": e.Homework(text="№ 6"), "reason": why()}),
        (e.HomeworkCorrected, {"old": e.Homework(text="№ 6"), "reason": why()}),
        (e.ExtraLessonPlanned, {}),
        (e.LessonSubstituted, {"substitution": by_boris}),
        (e.SubstitutionCorrected, {"old": by_boris, "reason": why()}),
        (e.LessonCancelled, {"reason": why("карантин")}),
        (e.LessonReinstated, {"reason": why()}),
        (
            e.LessonMoved,
            {"old_date": day("09-01"), "old_slot": 2, "new_date": day("09-02"), "new_slot": 3, "reason": why()},
        ),
        when="09-02 12:00",
    )
    one = lives(ask(story), story)
    assert told(one.of_lesson(LESSON, Cell(frozenset({"topic"})))) == [
        ("recorded", "", "Дроби"),
        ("corrected", "Дроби", "Степени"),
    ]
    assert told(one.of_lesson(LESSON, Cell(frozenset({"homework"})))) == [
        ("recorded", "", "№ 5"),
        ("corrected", "№ 5", "№ 6"),
        ("withdrawn", "№ 6", ""),
    ]
    assert told(one.of_lesson(LESSON, Cell(frozenset({"attendance"})))) == [("recorded", "", f"{EREMIN}: absent")]
    course = one.of_lesson(LESSON, Cell(frozenset({"substitution", "lesson"})))
    assert told(course) == [
        ("planned", "", "extra"),
        ("recorded", "", f"{BORIS}||"),
        ("withdrawn", f"{BORIS}||", ""),
        ("cancelled", "", "cancelled"),
        ("reinstated", "cancelled", ""),
        ("moved", "2026-09-01, 2", "2026-09-02, 3"),
    ]
    assert course.steps[3].reason == "карантин"
    assert course.now == []


def test_requests_about_others_are_no_part_of_a_life(ask: Ask) -> None:
    story = with_accounts().held(FIRST, marks={EREMIN: "3"})
    story.tell("request-1", asked(pupil=ZHUKOV)).tell("request-2", asked(kind="topic", pupil=""))
    story.tell("request-3", asked(kind="lesson", pupil=""))
    story.tell("request-3", q.CorrectionRejected(reason=why("нет"))).tell("request-3", q.CorrectionWithdrawn())
    c = ask(story)
    life = lives(c, story).of_lesson(LESSON, CELL)
    assert [step.what for step in life.steps[2:]] == ["requested", "rejected", "request-withdrawn"]
    assert life.steps[3].reason == "нет"
    topic = lives(c, story).of_lesson(LESSON, Cell(frozenset({"topic"})))
    assert [step.what for step in topic.steps] == [
        "recorded",
        "requested",
        "requested",
        "rejected",
        "request-withdrawn",
    ]


def test_the_life_of_a_final_mark_has_the_acknowledgements_of_its_period(ask: Ask) -> None:
    story = with_accounts().guardian(MOTHER, "Еремина", EREMIN)
    mark: Any = {"journal": ALGEBRA, "period": "q1", "pupil": EREMIN}
    story.tell(Q1, f.FinalMarkDecided(**mark, value="3", basis=f.Basis()), when="10-23 12:00", by=ADAS)
    story.tell(Q1, f.FinalMarkDecided(**(mark | {"pupil": ZHUKOV}), value="5", basis=f.Basis()), when="10-23 12:00")
    at_position = len(story.events)
    for period in ("q1", "q2"):
        seen = k.PeriodMarksAcknowledged(
            guardian=MOTHER, pupil=EREMIN, channel="paper", year=YEAR, period=period, seen_position=at_position
        )
        story.tell(ACKS, seen, when="10-24 20:00")
    corrected = f.FinalMarkCorrected(**mark, old_value="3", new_value="4", basis=f.Basis(), reason=why("пересчёт"))
    story.tell(Q1, corrected, when="10-25 12:00", by=ADAS)
    story.tell(Q1, f.FinalMarkWithdrawn(**mark, old_value="4", reason=why()), when="10-25 13:00", by=ADAS)
    one = lives(ask(story), story)
    life = one.of_final_mark(ALGEBRA, "q1", EREMIN)
    assert told(life) == [
        ("recorded", "", "3"),
        ("acknowledged", "", "q1"),
        ("corrected", "3", "4"),
        ("withdrawn", "4", ""),
    ]
    assert [standing.value for standing in life.steps[1].seen] == ["3"]
    assert (life.now, life.period, life.steps[2].reason) == ([], "q1", "пересчёт")
    assert one.of_final_mark(ALGEBRA, "year", EREMIN).steps == []


def test_a_periods_marks_were_seen_for_every_lesson_of_it(ask: Ask) -> None:
    story = with_accounts().held(FIRST, marks={EREMIN: "3"})
    for period, week in (("q1", "09-07"), ("q2", "09-07")):
        both: dict[str, Any] = {"guardian": MOTHER, "pupil": EREMIN, "channel": "web", "seen_position": 999}
        story.tell(ACKS, k.PeriodMarksAcknowledged(**both, year=YEAR, period=period), when="10-26 20:00")
        story.tell(ACKS, k.DiaryAcknowledged(**both, week=day(week)), when="10-26 20:00")
    life = lives(ask(story), story).of_lesson(LESSON, CELL)
    assert [step.new for step in life.steps if step.what == "acknowledged"] == ["q1"], "another week, another period"


def test_unknown_things_have_no_life(ask: Ask) -> None:
    story = with_accounts().held(FIRST)
    one = lives(ask(story), story)
    for lesson, cell, field in (
        (ALGEBRA, CELL, "lesson"),
        ("nothing", CELL, "lesson"),
        (LESSON, replace_pupil(ADA), "pupil"),
    ):
        with pytest.raises(NotThereError) as caught:
            one.of_lesson(lesson, cell)
        assert caught.value.field == field
    for journal, period, pupil, field in (
        ("nothing", "q1", EREMIN, "journal"),
        (ALGEBRA, "q9", EREMIN, "period"),
        (ALGEBRA, "q1", "nobody", "pupil"),
    ):
        with pytest.raises(NotThereError) as caught:
            one.of_final_mark(journal, period, pupil)
        assert caught.value.field == field


def test_too_many_streams_are_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    story = a_long_life()
    monkeypatch.setattr(histories, "STREAMS_MAX", 0)
    with pytest.raises(TooManyStreams, match="ask for a single mark"):
        lives(ask(story), story).of_lesson(LESSON, CELL)
