"""Signals for the deputy head, their figures worked out by hand.

2026-09-01 is a Tuesday; 2026-09-05 a Saturday without lessons; q1 ends on Sunday 25 October.
"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from ejd.kernel.envelope import Ref
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.ids import acknowledgements_stream, final_marks_stream, lesson_stream
from ejd_projections import signals as search
from ejd_projections.asking import SelectionError
from ejd_projections.signal_findings import Finding
from ejd_projections.signals import DEFINITIONS, Signal, Thresholds, signals
from tests.projections.conftest import Ask
from tests.projections.story import ALGEBRA, EREMIN, YEAR, YOZHIKOVA, ZHUKOV, Story, at, day, why
from tests.projections.test_corrections import ADAS, BORISS, Q1, corrected, with_accounts

FIRST = at(ALGEBRA, "09-01", 2)
THIRD_ACCOUNT = "account-third"
MOTHER = "guardian-1"


def found(c: sa.Connection, signal: Signal, *, limit: int = 50, offset: int = 0, **thresholds: int) -> list[Finding]:
    def authors(refs: Any) -> dict[Ref, str]:
        return dict.fromkeys(refs, ADAS)

    days = {"first": "2026-09-01", "last": "2027-05-31"}
    set_to = Thresholds(**thresholds)
    answer = signals(c, **days, chosen=[signal], thresholds=set_to, authors=authors, limit=limit, offset=offset)
    (one,) = answer.signals
    assert (one.signal, one.definition) == (signal, DEFINITIONS[signal])
    return one.findings


def marks(story: Story, by: str, count: int, slot: int, *, when: str = "09-01 12:00") -> Story:
    """Enter marks of as many numbers in a lesson."""
    given = [
        (e.MarkRecorded, {"pupil": EREMIN, "work": "oral", "number": n, "value": "3"}) for n in range(1, count + 1)
    ]
    return story.in_lesson(at(ALGEBRA, "09-01", slot), *given, when=when, by=by)


def test_a_teacher_with_many_corrections_stands_out_against_the_peers(ask: Ask) -> None:
    # Ada: 3 corrections of 10 entries (30 per 100), Boris 1 of 10 (10), a third 0 of 10: the median is 10, 2 × 10 < 30
    story = with_accounts()
    for slot, by in ((1, ADAS), (2, BORISS), (3, THIRD_ACCOUNT)):
        marks(story, by, 10, slot)
    for number in (1, 2, 3):
        corrected(story, at(ALGEBRA, "09-01", 1), "3", "4", "09-02 12:00", number=number)
    corrected(story, FIRST, "3", "4", "09-02 12:00", by=BORISS)
    corrected(story, FIRST, "4", "5", "09-02 12:00", by=BORISS).void(lesson_stream(ALGEBRA, day("09-01"), 2), 12)
    c = ask(story)
    (ada,) = found(c, "many-corrections", entries_min=10, corrections_min=3)
    assert (ada.by.name, ada.count, ada.entries) == ("Лавлейс Ада", 3, 10)
    assert (ada.rate_hundredths, ada.median_hundredths) == (3000, 1000)
    assert [record.number for record in ada.records] == [1, 2, 3]
    assert found(c, "many-corrections", entries_min=10, corrections_min=4) == []
    assert found(c, "many-corrections", entries_min=11, corrections_min=1) == []
    assert found(c, "many-corrections", entries_min=10, corrections_min=1, times=4) == []


def test_final_marks_count_as_entries_of_their_periods_end(ask: Ask) -> None:
    story = with_accounts()
    for pupil in (EREMIN, ZHUKOV):
        decided = f.FinalMarkDecided(journal=ALGEBRA, period="q1", pupil=pupil, value="3", basis=f.Basis())
        story.tell(Q1, decided, when="10-23 12:00", by=ADAS)
    fields: Any = {"journal": ALGEBRA, "period": "q1", "pupil": EREMIN}
    story.tell(Q1, f.FinalMarkWithdrawn(**fields, old_value="3", reason=why()), when="10-24 12:00", by=ADAS)
    (ada,) = found(ask(story), "many-corrections", entries_min=2, corrections_min=1, times=1)
    assert (ada.count, ada.entries, ada.rate_hundredths) == (1, 2, 5000)


def test_marks_raised_in_the_last_days_of_a_period(ask: Ask) -> None:
    story = with_accounts()
    for old, new, when in (
        ("2", "3", "10-18 12:00"),  # seven days before the last day: not among its last seven
        ("3", "4", "10-19 12:00"),
        ("5", "4", "10-20 12:00"),  # lowered
        ("4", "5", "10-25 23:59"),
        ("2", "5", "10-26 00:00"),  # the period is over
    ):
        corrected(story, FIRST, old, new, when)
    fields: Any = {"journal": ALGEBRA, "period": "q1", "pupil": EREMIN, "old_value": "3", "new_value": "4"}
    story.tell(Q1, f.FinalMarkCorrected(**fields, basis=f.Basis(), reason=why()), when="10-24 12:00", by=BORISS)
    raised = found(ask(story), "raised-before-period-end")
    assert [(one.records[0].old, one.records[0].new, one.why) for one in raised] == [
        ("3", "4", "raised 6 days before the period's end"),
        ("4", "5", "raised 0 days before the period's end"),
        ("3", "4", "raised 1 days before the period's end"),
    ]
    assert raised[0].records[0].life == (
        f"/api/v1/audit/cells/{lesson_stream(ALGEBRA, day('09-01'), 2)}/{EREMIN}?work=oral&number=1"
    )
    assert raised[2].records[0].life == f"/api/v1/audit/final-marks/{ALGEBRA}/q1/{EREMIN}"
    assert raised[2].by.name == "Борисов Ада"


def test_marks_of_pupils_who_were_absent(ask: Ask) -> None:
    story = with_accounts().held(
        FIRST, marks={EREMIN: "5", YOZHIKOVA: "4", ZHUKOV: "3"}, absent={EREMIN: "ill", YOZHIKOVA: "late"}
    )
    c = ask(story)
    (one,) = found(c, "marks-for-absent")
    (record,) = one.records
    assert (record.pupil_name, record.new, one.why, one.by.name) == (
        *("Еремин Анна", "5", "the roll has the pupil as ill"),
        "Лавлейс Ада",
    )
    assert record.hours_after_lesson == 2, "9:30 to 12:00"


def test_late_marks_in_bulk(ask: Ask) -> None:
    # the lesson is on 1 September: marks of the 8th are 7 days late; three within ten minutes
    story = marks(with_accounts(), ADAS, 3, 2, when="09-08 12:00")
    marks(story, ADAS, 3, 3, when="09-07 12:00")  # six days
    marks(story, BORISS, 2, 4, when="09-08 12:00")  # two
    marks(story, BORISS, 1, 5, when="09-08 12:11")  # and one too late for these
    c = ask(story)
    (one,) = found(c, "late-in-bulk", bulk_marks=3)
    assert (one.by.name, one.count, {record.slot for record in one.records}) == ("Лавлейс Ада", 3, {2})
    assert "7 days after its lesson" in one.why
    assert [one.count for one in found(c, "late-in-bulk", bulk_marks=3, bulk_minutes=11)] == [3, 3]
    assert len(found(c, "late-in-bulk", bulk_marks=3, bulk_days=6)) == 2
    assert found(c, "late-in-bulk", bulk_marks=4) == []


def test_corrections_at_unusual_hours(ask: Ask) -> None:
    story = with_accounts()
    for old, when in (
        ("1", "09-02 06:59"),
        ("2", "09-02 07:00"),
        ("3", "09-02 21:59"),
        ("4", "09-02 22:00"),
        ("5", "09-05 12:00"),  # Saturday
        ("6", "10-27 12:00"),  # autumn break
    ):
        corrected(story, FIRST, old, "x", when)
    c = ask(story)
    assert [(one.records[0].old, one.why) for one in found(c, "unusual-hours")] == [
        ("1", "recorded at 06:59"),
        ("4", "recorded at 22:00"),
        ("5", "recorded on 05.09.2026, a day without lessons"),
        ("6", "recorded on 27.10.2026, a day without lessons"),
    ]
    assert [one.records[0].old for one in found(c, "unusual-hours", hour_from=8, hour_to=24)] == ["1", "2", "5", "6"]
    assert [one.records[0].old for one in found(c, "unusual-hours", limit=1, offset=1)] == ["4"]


def test_corrections_after_a_guardian_had_acknowledged(ask: Ask) -> None:
    story = with_accounts().held(FIRST, marks={EREMIN: "3"})
    corrected(story, FIRST, "3", "4", "09-02 12:00")  # before anybody looked
    stream = acknowledgements_stream(MOTHER, EREMIN)
    who: dict[str, Any] = {"guardian": MOTHER, "pupil": EREMIN, "channel": "web"}
    seen = len(story.events)
    story.tell(stream, k.DiaryAcknowledged(**who, week=day("08-31"), seen_position=seen), when="09-06 20:00")
    corrected(story, FIRST, "4", "5", "09-07 12:00")
    corrected(story, at(ALGEBRA, "09-08", 2), "2", "3", "09-09 12:00")  # another week
    corrected(story, FIRST, "2", "3", "09-09 12:00", pupil=ZHUKOV)  # another pupil
    marks_seen = k.PeriodMarksAcknowledged(**who, year=YEAR, period="q1", seen_position=len(story.events))
    story.tell(stream, marks_seen, when="10-26 20:00")
    corrected(story, at(ALGEBRA, "09-08", 2), "3", "2", "10-27 12:00")
    corrected(story, at(ALGEBRA, "11-03", 2), "5", "2", "11-04 12:00")  # the next period
    for period in ("q1", "q2"):
        fields: Any = {"journal": ALGEBRA, "period": period, "pupil": EREMIN, "old_value": "3", "new_value": "4"}
        final = f.FinalMarkCorrected(**fields, basis=f.Basis(), reason=why())
        story.tell(final_marks_stream(ALGEBRA, period), final, when="12-29 12:00", by=ADAS)
    topic = {"old_topic": "а", "new_topic": "б", "reason": why()}
    story.in_lesson(FIRST, (e.TopicCorrected, topic), when="12-29 12:00", by=ADAS)  # about no single pupil
    after = found(ask(story), "after-acknowledgement")
    assert [(one.records[0].kind, one.records[0].old, one.why.partition(" had")[0]) for one in after] == [
        ("mark", "4", "the diary of the week of 2026-08-31"),
        ("mark", "3", "the marks of q1"),
        ("final-mark", "3", "the marks of q1"),
    ]


def test_what_cannot_be_held_is_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    story = marks(with_accounts(), ADAS, 3, 2, when="09-08 12:00")
    c = ask(story.held(at(ALGEBRA, "09-03", 3), marks={EREMIN: "5"}, absent={EREMIN: "ill"}))
    monkeypatch.setattr(search, "CORRECTIONS_MAX", 0)
    held: tuple[Signal, ...] = ("late-in-bulk", "marks-for-absent")
    for signal in held:
        with pytest.raises(SelectionError, match="choose a shorter time"):
            found(c, signal)
