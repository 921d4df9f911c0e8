"""Corrections by regulation (A10): free windows, late entry, requests, approvals, each used once by one command."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ejd.kernel.command import Command, NotAllowed, Refusal
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import accounts as a
from ejd.kernel.events import corrections as c
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events import school as s
from ejd.kernel.events.days import LessonListed
from ejd.kernel.events.journals import TeacherAssigned
from ejd.kernel.events.markers import EventsVoided
from ejd.kernel.ids import SCHOOL, derived, final_marks_stream, lesson_stream
from ejd.kernel.rights import AccountLockedRefusal
from ejd_commands import attendance, corrections, final_marks, lessons, marks, substitutions, windows
from ejd_commands.corrections import ApproveCorrection, RejectCorrection, RequestCorrection, WithdrawCorrection
from ejd_commands.known import OutsideTheYear
from ejd_commands.lesson_base import NoSuchLesson, UnknownJournal, UnknownPupil
from tests import worlds as w
from tests.scenario import Outcome, Scenario, given, sealed, uid

Fields = dict[str, Any]
PLACE: Fields = {"journal": w.JOURNAL, "day": w.LESSON_DAY, "slot": w.LESSON_SLOT}
IDENTITY: Fields = {"journal": w.JOURNAL, "date": w.LESSON_DAY, "slot": w.LESSON_SLOT}
CELL: Fields = {**PLACE, "pupil": w.VERA, "work": "oral"}
FINAL: Fields = {"journal": w.JOURNAL, "period": "q1", "pupil": w.VERA}
REQUEST = uid("request")
DEPUTY_TOO = uid("account ada as deputy")
"""ADA with the rights of a deputy head, under another login."""
ADA_TOO = uid("account ada again")
LAST_MINUTE, TOO_LATE = "2025-10-13 23:59", "2025-10-14 00:00"
"""Around the end of the seventh day after the lesson, school time."""
WRITTEN_TOO_LATE = "2025-10-21 00:00"
FINAL_LAST_MINUTE, FINAL_TOO_LATE = "2025-10-31 23:59", "2025-11-01 00:00"

WORLD = (
    *w.A_JOURNAL,
    *w.account(DEPUTY_TOO, "ada-deputy", "deputy-head", w.ADA_STAFF),
    *w.account(ADA_TOO, "ada-again", "teacher", w.ADA_STAFF),
)
A_LESSON = (
    (w.LESSON, e.TopicRecorded(**IDENTITY, topic="Дроби")),
    (w.LESSON, e.HomeworkSet(**IDENTITY, homework=e.Homework(text="№ 5"))),
    (w.LESSON, e.RollTaken(**IDENTITY, absences=())),
    (w.LESSON, e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="oral", value="4")),
    (w.LESSON, e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="control", value="4")),
)
SUBSTITUTED = (w.LESSON, e.LessonSubstituted(**IDENTITY, substitution=e.Substitution(teacher=w.BORIS_STAFF)))
CANCELLED = (w.LESSON, e.LessonCancelled(**IDENTITY, reason=sealed(SCHOOL, "Карантин")))
BASIS = f.Basis(marks=(), weighted_sum=0, weight_sum=0, lessons_held=0, lessons_missed=0, proposed="")
A_FINAL = (final_marks_stream(w.JOURNAL, "q1"), f.FinalMarkDecided(**FINAL, value="4", basis=BASIS))
TO_FIVE = marks.CorrectMark(**CELL, value="5", reason="Описка")
CORRECTED = e.MarkCorrected(
    **IDENTITY, pupil=w.VERA, work="oral", old_value="4", new_value="5", reason=sealed(w.VERA, "Описка")
)


def asking(kind: c.RecordKind, **change: Any) -> RequestCorrection:
    fields = FINAL if kind == "final-mark" else PLACE
    pupil = {"pupil": w.VERA} if kind == "mark" else {}
    return RequestCorrection.model_validate(
        {"request": REQUEST, "kind": kind, **fields, **pupil, "reason": "Журнал не был доступен", **change}
    )


def asked(kind: c.RecordKind = "mark", pupil: str = w.VERA, **change: Any) -> tuple[str, Event]:
    """Ada has asked."""
    fields: Fields = {
        "account": w.ADA,
        "person": w.ADA_STAFF,
        "record": w.LESSON,
        "journal": w.JOURNAL,
        "day": w.LESSON_DAY,
        "slot": w.LESSON_SLOT,
        "pupil": pupil,
        "reason": sealed(pupil or SCHOOL, "Журнал не был доступен"),
    }
    return REQUEST, c.CorrectionRequested(kind=kind, **(fields | change))


def until(days: int, first: date = date(2025, 10, 14)) -> int:
    """Answer the midnight (UTC microseconds) at the end of the day so many days after the first, in Moscow."""
    return int(((first - date(1970, 1, 1)) + timedelta(days=days + 1)).total_seconds() - 3 * 3600) * 1_000_000


APPROVED = (REQUEST, c.CorrectionApproved(until=until(3)))
APPROVAL = Ref(REQUEST, 2)


def late(*more: tuple[str, Event] | tuple[tuple[str, Event], ...], at: str = TOO_LATE) -> Scenario:
    return given(WORLD, *more).at(at)


def used(outcome: Outcome, *events: Event) -> None:
    """Assert that these events stand on the approval, which is used up beside them."""
    assert [one.event for one in outcome.decided[:-1]] == list(events)
    last = outcome.decided[-1]
    assert last.stream == REQUEST
    assert isinstance(last.event, c.CorrectionMade)
    assert last.event.command == last.command_id
    assert last.event.record == outcome.decided[0].stream
    assert all(APPROVAL in one.refs for one in outcome.decided)


WRITES: dict[str, tuple[c.RecordKind, str, Any, Command, str]] = {
    "a topic": ("topic", "", (), lessons.RecordTopic(**PLACE, topic="Дроби"), w.ADA),
    "a topic corrected": ("topic", "", A_LESSON, lessons.CorrectTopic(**PLACE, topic="Сумма", reason="Описка"), w.ADA),
    "homework": (
        "homework",
        "",
        (),
        lessons.SetHomework(**PLACE, homework=lessons.HomeworkEntry(text="№ 5")),
        w.ADA,
    ),
    "homework withdrawn": ("homework", "", A_LESSON, lessons.CorrectHomework(**PLACE, reason="Лишнее"), w.ADA),
    "the roll": ("attendance", "", (), attendance.TakeRoll(**PLACE), w.ADA),
    "a line of the roll": (
        "attendance",
        w.VERA,
        A_LESSON,
        attendance.CorrectAttendance(**PLACE, pupil=w.VERA, kind="ill", reason="Справка"),
        w.ADA,
    ),
    "a mark": ("mark", w.VERA, (), marks.RecordMark(**CELL, value="5"), w.ADA),
    "a mark corrected": ("mark", w.VERA, A_LESSON, TO_FIVE, w.ADA),
    "a mark withdrawn": ("mark", w.VERA, A_LESSON, marks.WithdrawMark(**CELL, reason="Лишняя"), w.ADA),
    "a substitution": (
        "substitution",
        "",
        (),
        substitutions.SubstituteTeacher(**PLACE, teacher=w.BORIS_STAFF),
        w.DEPUTY,
    ),
    "a substitution withdrawn": (
        "substitution",
        "",
        SUBSTITUTED,
        substitutions.CorrectSubstitution(**PLACE, reason="Не было"),
        w.DEPUTY,
    ),
    "a move": (
        "substitution",
        "",
        (),
        substitutions.MoveLesson(**PLACE, new_day=w.LESSON_DAY, new_slot=7),
        w.DEPUTY,
    ),
    "a cancellation": ("substitution", "", (), substitutions.CancelLesson(**PLACE, reason="Карантин"), w.DEPUTY),
    "a reinstatement": (
        "substitution",
        "",
        CANCELLED,
        substitutions.ReinstateLesson(**PLACE, reason="Состоялся"),
        w.DEPUTY,
    ),
}


@pytest.mark.parametrize("what", WRITES)
def test_a_record_of_a_lesson_is_free_to_midnight_of_the_regulations_day_and_then_takes_an_approval(what: str) -> None:
    kind, pupil, before, command, by = WRITES[what]
    world = (before,) if before else ()
    free = late(*world, at=LAST_MINUTE).when(command, by=by)
    assert [isinstance(one, LessonListed) for one in free.events] == [False, True][: 1 + (kind == "substitution")]
    refused = late(*world).when(command, by=by)
    refused.then_refused(windows.WindowIsOver, saying="was free until 13.10.2025", field="approval")
    refused.then_refused(windows.WindowIsOver, saying="by the regulation of 01.01.2000 (7 days): ask with request-corr")
    refused.then_refused(windows.WindowIsOver, saying=f"(kind {kind!r}), then send this again with approval")
    staff = w.DEPUTY_STAFF if by == w.DEPUTY else w.ADA_STAFF
    approved = late(*world, asked(kind, pupil, account=by, person=staff), APPROVED)
    named = command.model_copy(update={"approval": REQUEST})
    used(approved.when(named, by=by), *free.events)


def test_an_extra_lesson_of_a_past_day_is_planned_with_an_approval() -> None:
    command = lessons.PlanExtraLesson(**PLACE, ordinal=2)
    assert late(at=LAST_MINUTE).when(command, by=w.DEPUTY).events
    late().when(command, by=w.DEPUTY).then_refused(windows.WindowIsOver, saying="rescheduling of the lesson on")
    request = asking("substitution", ordinal=2)
    approved = late().when(request, by=w.DEPUTY).when(ApproveCorrection(request=REQUEST), by=w.HEAD)
    approved.when(command.model_copy(update={"approval": REQUEST}), by=w.DEPUTY).then(
        e.ExtraLessonPlanned(**IDENTITY, ordinal=2),
        LessonListed(day=w.LESSON_DAY, **IDENTITY, ordinal=2),
        c.CorrectionMade(record=lesson_stream(**PLACE, ordinal=2), command=uid("command 3")),
    )
    outside = asking("substitution", ordinal=2, day=date(2025, 8, 20))
    late().when(outside, by=w.DEPUTY).then_refused(OutsideTheYear, field="day")
    known = late((lesson_stream(**PLACE, ordinal=2), e.ExtraLessonPlanned(**IDENTITY, ordinal=2)))
    assert [getattr(one, "ordinal", 0) for one in known.when(request, by=w.DEPUTY).events] == [2]
    moved = e.LessonMoved(
        **IDENTITY, ordinal=2, old_date=w.LESSON_DAY, old_slot=2, new_date=date(2025, 10, 8), new_slot=7
    )
    later = late(
        (lesson_stream(**PLACE, ordinal=2), e.ExtraLessonPlanned(**IDENTITY, ordinal=2)),
        (lesson_stream(**PLACE, ordinal=2), moved),
    )
    later.when(request, by=w.DEPUTY).then_refused(corrections.StillFree, saying="08.10.2025 is free", field="day")


def test_written_work_has_a_longer_window() -> None:
    command = marks.CorrectMark(**{**CELL, "work": "control"}, value="5", reason="Описка")
    assert late(A_LESSON, at="2025-10-20 23:59").when(command, by=w.ADA).events
    refused = late(A_LESSON, at=WRITTEN_TOO_LATE).when(command, by=w.ADA)
    refused.then_refused(windows.WindowIsOver, saying="free until 20.10.2025 by the regulation of 01.01.2000 (14 days)")
    entry = marks.RecordMark(**{**CELL, "work": "essay"}, value="5")
    assert late(at="2025-10-20 23:59").when(entry, by=w.ADA).events


def test_a_kind_of_work_that_is_no_longer_in_the_list_has_the_ordinary_window() -> None:
    only_oral = (SCHOOL, s.WorkKindsDefined(kinds=(s.WorkKind(code="oral", name="Ответ"),)))
    command = marks.WithdrawMark(**{**CELL, "work": "control"}, reason="Лишняя")
    late(A_LESSON, only_oral).when(command, by=w.ADA).then_refused(windows.WindowIsOver, saying="13.10.2025")


@pytest.mark.parametrize(
    ("command", "before"),
    [
        (final_marks.DecideFinalMark(**FINAL, value="5"), ()),
        (final_marks.CorrectFinalMark(**FINAL, value="5", reason="Описка"), A_FINAL),
        (final_marks.WithdrawFinalMark(**FINAL, reason="Преждевременно"), A_FINAL),
    ],
)
def test_a_final_mark_is_free_after_the_last_day_of_its_period(command: Command, before: Any) -> None:
    world = (before,) if before else ()
    free = late(*world, at=FINAL_LAST_MINUTE).when(command, by=w.ADA)
    refused = late(*world, at=FINAL_TOO_LATE).when(command, by=w.ADA)
    refused.then_refused(windows.WindowIsOver, saying="period that ends on 24.10.2025 was free until 31.10.2025")
    record = final_marks_stream(w.JOURNAL, "q1")
    request = asked("final-mark", record=record, day=None, slot=0, period="q1")
    approved = late(*world, request, (REQUEST, c.CorrectionApproved(until=until(30))), at=FINAL_TOO_LATE)
    used(approved.when(command.model_copy(update={"approval": REQUEST}), by=w.ADA), *free.events)


def test_the_regulation_of_the_lessons_day_counts_also_one_adopted_later_for_past_days() -> None:
    strict = (SCHOOL, s.RegulationAdopted(starts=date(2025, 10, 1), regulation=s.Regulation(mark_window_days=0)))
    entry = marks.RecordMark(**CELL, value="5")
    assert late(strict, at="2025-10-06 23:59").when(entry, by=w.ADA).events
    refused = late(strict, at="2025-10-07 00:00").when(entry, by=w.ADA)
    refused.then_refused(windows.WindowIsOver, saying="until 06.10.2025 by the regulation of 01.10.2025 (0 days)")
    future = (SCHOOL, s.RegulationAdopted(starts=date(2025, 10, 7), regulation=s.Regulation(mark_window_days=0)))
    assert late(future, at=LAST_MINUTE).when(entry, by=w.ADA).events
    wide = (SCHOOL, s.RegulationAdopted(starts=date(2025, 10, 6), regulation=s.Regulation(mark_window_days=30)))
    assert late(wide).when(entry, by=w.ADA).events
    narrow = (SCHOOL, s.RegulationAdopted(starts=date(2025, 10, 6), regulation=s.Regulation(mark_window_days=3)))
    late(narrow).when(entry, by=w.ADA).then_refused(windows.WindowIsOver, saying="regulation of 06.10.2025 (3 days)")


def test_without_a_regulation_the_default_one_counts_from_the_beginning() -> None:
    """The school's first regulation is adopted only from 8 October on."""
    none = (SCHOOL, EventsVoided(breach="breach", versions=(2,)))
    later = (SCHOOL, s.RegulationAdopted(starts=date(2025, 10, 8), regulation=s.Regulation(mark_window_days=30)))
    entry = marks.RecordMark(**CELL, value="5")
    refused = late(none, later).when(entry, by=w.ADA)
    refused.then_refused(windows.WindowIsOver, saying="until 13.10.2025 by the regulation of 01.01.2000 (7 days)")


def test_a_moved_lesson_counts_from_the_day_on_which_it_takes_place() -> None:
    moved = e.LessonMoved(**IDENTITY, old_date=w.LESSON_DAY, old_slot=2, new_date=date(2025, 10, 8), new_slot=7)
    entry = marks.RecordMark(**CELL, value="5")
    assert late((w.LESSON, moved), at="2025-10-15 23:59").when(entry, by=w.ADA).events
    late((w.LESSON, moved), at="2025-10-16 00:00").when(entry, by=w.ADA).then_refused(windows.WindowIsOver)


def test_what_changes_nothing_is_harmless_and_leaves_the_approval_unused() -> None:
    world = late(A_LESSON, asked(), APPROVED)
    for command in (
        lessons.RecordTopic(**PLACE, topic="Дроби"),
        marks.RecordMark(**CELL, value="4", approval=REQUEST),
        marks.CorrectMark(**CELL, value="4", reason="Так и есть", approval=REQUEST),
        lessons.SaveLesson(**PLACE, topic="Дроби", absences=()),
    ):
        world.when(command, by=w.ADA).then_nothing()


def test_an_approval_that_is_not_needed_is_not_used() -> None:
    named = TO_FIVE.model_copy(update={"approval": REQUEST})
    late(A_LESSON, asked(), APPROVED, at=LAST_MINUTE).when(named, by=w.ADA).then(CORRECTED)


def test_advice_to_a_pupil_has_no_window() -> None:
    advice = marks.GiveRecommendation(**PLACE, pupil=w.VERA, text="Читать")
    assert late(at=WRITTEN_TOO_LATE).when(advice, by=w.ADA).events


def test_a_free_lesson_is_not_moved_to_a_day_that_is_no_longer_free() -> None:
    back = substitutions.MoveLesson(**PLACE, new_day=date(2025, 9, 29), new_slot=7)
    far = back.model_copy(update={"new_day": date(2025, 9, 26)})
    assert given(WORLD).at("2025-10-06 23:59").when(back, by=w.DEPUTY).events
    given(WORLD).at("2025-10-07 00:00").when(back, by=w.DEPUTY).then_refused(substitutions.MovedTooFarBack)
    refused = given(WORLD).at("2025-10-06 12:00").when(far, by=w.DEPUTY)
    refused.then_refused(substitutions.MovedTooFarBack, saying="was free for rescheduling until 03.10.2025")
    approved = late(asked("substitution", "", account=w.DEPUTY, person=w.DEPUTY_STAFF), APPROVED)
    assert approved.when(far.model_copy(update={"approval": REQUEST}), by=w.DEPUTY).events


# One approval, one command


def whole(**change: Any) -> lessons.SaveLesson:
    fields: Fields = {
        **PLACE,
        "topic": "Дроби",
        "absences": [],
        "homework": {"text": "№ 5"},
        "marks": [
            {"pupil": w.VERA, "work": "oral", "value": "5"},
            {"pupil": w.GLEB, "work": "control", "value": "4"},
        ],
    }
    return lessons.SaveLesson.model_validate(fields | change)


def test_a_lesson_entered_late_as_a_whole_takes_one_approval_of_kind_lesson() -> None:
    late().when(whole(), by=w.ADA).then_refused(windows.WindowIsOver, saying="(kind 'lesson')")
    outcome = late(asked("lesson", ""), APPROVED).when(whole(approval=REQUEST), by=w.ADA)
    assert [type(event) for event in outcome.events] == [
        e.TopicRecorded,
        e.RollTaken,
        e.MarkRecorded,
        e.MarkRecorded,
        e.HomeworkSet,
        c.CorrectionMade,
    ]
    by_stream = [one for one in outcome.decided if APPROVAL not in one.refs]
    assert [getattr(one.event, "work", "") for one in by_stream] == ["control"], "written work was still free"
    very_late = late(asked("lesson", ""), APPROVED, at=WRITTEN_TOO_LATE)
    very_late.when(whole(approval=REQUEST), by=w.ADA).then_refused(windows.ApprovalHasEnded)


def test_kind_lesson_is_for_save_lesson_only_and_kind_topic_covers_no_mark() -> None:
    world = late(A_LESSON, asked("lesson", ""), APPROVED)
    single = TO_FIVE.model_copy(update={"approval": REQUEST})
    world.when(single, by=w.ADA).then_refused(windows.ApprovalOfAnotherRecord, saying="another record (lesson)")
    topic = late(asked("topic", ""), APPROVED)
    topic.when(whole(approval=REQUEST), by=w.ADA).then_refused(windows.ApprovalOfAnotherRecord, field="approval")
    only_topic = whole(approval=REQUEST, absences=None, homework=None, marks=[])
    used(topic.when(only_topic, by=w.ADA), e.TopicRecorded(**IDENTITY, topic="Дроби"))


@pytest.mark.parametrize(
    "request_",
    [
        asked("mark", w.GLEB),
        asked("attendance", w.VERA),
        asked("mark", record=uid("another lesson")),
    ],
)
def test_an_approval_is_for_one_record_kind_and_pupil(request_: tuple[str, Event]) -> None:
    named = TO_FIVE.model_copy(update={"approval": REQUEST})
    refused = late(A_LESSON, request_, APPROVED).when(named, by=w.ADA)
    refused.then_refused(windows.ApprovalOfAnotherRecord, saying="naming its kind", field="approval")


@pytest.mark.parametrize(
    ("decided", "saying"),
    [
        ((), "not approved yet"),
        ((c.CorrectionRejected(reason=sealed(w.VERA, "Нет")),), "was rejected"),
        ((c.CorrectionWithdrawn(),), "was withdrawn"),
        ((APPROVED[1], c.CorrectionMade(record=w.LESSON, command=uid("command"))), "one is for one command"),
        ((APPROVED[1], EventsVoided(breach="breach", versions=(2,))), "not approved yet"),
    ],
)
def test_only_an_approved_request_that_was_not_used_helps(decided: tuple[Event, ...], saying: str) -> None:
    world = late(A_LESSON, asked(), *((REQUEST, event) for event in decided))
    named = TO_FIVE.model_copy(update={"approval": REQUEST})
    world.when(named, by=w.ADA).then_refused(windows.ApprovalNotUsable, saying=saying, field="approval")


def test_one_approval_is_for_one_command_also_within_a_batch() -> None:
    first = TO_FIVE.model_copy(update={"approval": REQUEST})
    second = first.model_copy(update={"value": "3"})
    world = late(A_LESSON, asked(), APPROVED)
    world.when(first, second, by=w.ADA).then_refused(windows.ApprovalNotUsable, saying="was used")
    world.when(first, by=w.ADA).when(second, by=w.ADA).then_refused(windows.ApprovalNotUsable, saying="was used")


def test_an_approval_counts_to_midnight_of_its_last_day() -> None:
    named = TO_FIVE.model_copy(update={"approval": REQUEST})
    used(late(A_LESSON, asked(), APPROVED, at="2025-10-17 23:59").when(named, by=w.ADA), CORRECTED)
    ended = late(A_LESSON, asked(), APPROVED, at="2025-10-18 00:00").when(named, by=w.ADA)
    ended.then_refused(windows.ApprovalHasEnded, saying="ask again", field="approval")


def test_an_approval_is_used_by_who_asked_with_any_account_of_the_same_person() -> None:
    named = TO_FIVE.model_copy(update={"approval": REQUEST})
    used(late(A_LESSON, asked(), APPROVED).when(named, by=ADA_TOO), CORRECTED)
    others = asked(account=w.BORIS, person=w.BORIS_STAFF)
    refused = late(A_LESSON, others, APPROVED).when(named, by=w.ADA)
    refused.then_refused(windows.UnknownRequest, saying=f"there is no request {REQUEST}", field="approval")
    nobody = asked(account=w.BORIS, person="")
    late(A_LESSON, nobody, APPROVED).when(named, by=w.ADA).then_refused(windows.UnknownRequest)
    of_the_account = asked(account=w.ADA, person="")
    used(late(A_LESSON, of_the_account, APPROVED).when(named, by=w.ADA), CORRECTED)


def test_who_may_know_of_an_approval_hears_that_it_is_somebody_elses() -> None:
    theirs = asked("substitution", "", account=w.HEAD, person=w.HEAD_STAFF)
    command = substitutions.CorrectSubstitution(**PLACE, reason="Не было", approval=REQUEST)
    refused = late(SUBSTITUTED, theirs, APPROVED).when(command, by=w.DEPUTY)
    refused.then_refused(windows.ApprovalOfSomebodyElse, saying="ask for your own", field="approval")


def test_an_approval_that_is_no_request_is_not_found() -> None:
    named = TO_FIVE.model_copy(update={"approval": w.JOURNAL})
    late(A_LESSON).when(named, by=w.ADA).then_refused(windows.UnknownRequest, field="approval")
    void = (REQUEST, EventsVoided(breach="breach", versions=(1,)))
    world = late(A_LESSON, asked(), APPROVED, void)
    refused = world.when(TO_FIVE.model_copy(update={"approval": REQUEST}), by=w.ADA)
    refused.then_refused(windows.UnknownRequest, saying="ask with request-correction first")


def test_a_used_approval_counts_again_when_the_command_that_used_it_is_void() -> None:
    made = (REQUEST, c.CorrectionMade(record=w.LESSON, command=uid("command of a thief")))
    void = (REQUEST, EventsVoided(breach="breach", versions=(3,)))
    named = TO_FIVE.model_copy(update={"approval": REQUEST})
    used(late(A_LESSON, asked(), APPROVED, made, void).when(named, by=w.ADA), CORRECTED)


# Asking


@pytest.mark.parametrize("kind", ["topic", "homework", "attendance", "mark", "lesson"])
def test_who_would_correct_asks_and_the_request_names_the_record(kind: c.RecordKind) -> None:
    pupil = w.VERA if kind == "mark" else ""
    outcome = late().when(asking(kind), by=w.ADA)
    outcome.then(asked(kind, pupil)[1]).in_stream(REQUEST).standing_on(w.LOAD)
    outcome.sealing(pupil or SCHOOL, "Журнал не был доступен", field="correction-requested.reason")
    assert outcome.targets[0].scope.kind == "correction"
    assert (outcome.targets[0].scope.journal, outcome.targets[0].scope.person) == (w.JOURNAL, pupil)
    late().when(asking(kind), by=w.BORIS).then_refused(UnknownJournal)


def test_a_substitution_is_asked_for_by_the_administration() -> None:
    request = asked("substitution", "", account=w.DEPUTY, person=w.DEPUTY_STAFF)[1]
    late().when(asking("substitution"), by=w.DEPUTY).then(request)
    late().when(asking("substitution"), by=w.ADA).then_refused(NotAllowed, saying="ask for a substitution")
    opened_by_a_thief = (w.DEPUTY, EventsVoided(breach="breach", versions=(1,)))
    nobodys = asked("substitution", "", account=w.DEPUTY, person="")[1]
    late(opened_by_a_thief).when(asking("substitution"), by=w.DEPUTY).then(nobodys)


def test_a_final_mark_is_asked_for_by_its_period() -> None:
    outcome = late(at=FINAL_TOO_LATE).when(asking("final-mark"), by=w.ADA)
    record = final_marks_stream(w.JOURNAL, "q1")
    outcome.then(asked("final-mark", record=record, day=None, slot=0, period="q1")[1])
    late(at=FINAL_LAST_MINUTE).when(asking("final-mark"), by=w.ADA).then_refused(
        corrections.StillFree, saying="period that ends on 24.10.2025 is free until 31.10.2025"
    )


def test_the_id_of_a_request_follows_from_the_command_when_none_is_given() -> None:
    outcome = late().when(asking("topic", request=None), by=w.ADA, command_id=uid("asking"))
    outcome.in_stream(derived(uid("asking"), "correction"))


@pytest.mark.parametrize("kind", ["topic", "homework", "attendance", "mark", "lesson"])
def test_what_is_still_free_is_not_asked_for(kind: c.RecordKind) -> None:
    refused = late(at=LAST_MINUTE).when(asking(kind), by=w.ADA)
    refused.then_refused(corrections.StillFree, saying="free until 13.10.2025 by the regulation of 01.01.2000 (7 days)")
    refused.then_refused(corrections.StillFree, field="day")


def test_a_lesson_is_asked_for_as_soon_as_any_part_of_it_is_no_longer_free() -> None:
    narrow = s.Regulation(mark_window_days=10, written_work_window_days=2)
    world = late((SCHOOL, s.RegulationAdopted(starts=date(2025, 10, 1), regulation=narrow)), at="2025-10-09 00:00")
    assert world.when(asking("lesson"), by=w.ADA).events
    assert world.when(asking("mark"), by=w.ADA).events
    world.when(asking("topic"), by=w.ADA).then_refused(corrections.StillFree, saying="13.10.2025")


@pytest.mark.parametrize(
    ("kind", "change", "refusal", "field"),
    [
        ("mark", {"pupil": None}, corrections.NotOneRecord, "pupil"),
        ("topic", {"pupil": w.VERA}, corrections.NotOneRecord, "pupil"),
        ("final-mark", {"pupil": None}, corrections.NotOneRecord, "pupil"),
        ("final-mark", {"period": None}, corrections.NotOneRecord, "period"),
        ("final-mark", {"day": w.LESSON_DAY}, corrections.NotOneRecord, "period"),
        ("topic", {"day": None}, corrections.NotOneRecord, "day"),
        ("topic", {"slot": None}, corrections.NotOneRecord, "day"),
        ("topic", {"period": "q1"}, corrections.NotOneRecord, "day"),
        ("topic", {"slot": 7}, NoSuchLesson, "slot"),
        ("substitution", {"slot": 7}, NoSuchLesson, "slot"),
        ("topic", {"journal": uid("nothing")}, UnknownJournal, "journal"),
        ("mark", {"pupil": uid("nobody")}, UnknownPupil, "pupil"),
        ("final-mark", {"period": "q9"}, final_marks.UnknownPeriod, "period"),
    ],
)
def test_what_is_no_record_is_not_asked_for(
    kind: c.RecordKind, change: Fields, refusal: type[Refusal], field: str
) -> None:
    by = w.DEPUTY if kind == "substitution" else w.ADA
    late(at=FINAL_TOO_LATE).when(asking(kind, **change), by=by).then_refused(refusal, field=field)


def test_the_same_request_again_changes_nothing_and_a_second_one_is_refused_while_the_first_can_be_used() -> None:
    outcome = late().when(asking("mark"), by=w.ADA)
    outcome.when(asking("mark", reason="Ещё раз"), by=w.ADA).then_nothing()
    second = asking("mark", request=uid("second"))
    outcome.when(second, by=w.ADA).then_refused(
        corrections.IsRequested, saying=f"request {REQUEST} is open", field="request"
    )
    approved = outcome.when(ApproveCorrection(request=REQUEST), by=w.DEPUTY)
    approved.when(second, by=w.ADA).then_refused(corrections.IsRequested, saying="is approved: use or withdraw it")
    approved.when(asking("mark"), by=w.ADA).then_refused(corrections.RequestIdTaken, saying="ask under a new id")
    assert approved.and_then_given().at("2025-10-18 00:00").when(second, by=w.ADA).events
    assert approved.when(WithdrawCorrection(request=REQUEST), by=w.ADA).when(second, by=w.ADA).events


def test_each_request_about_a_record_claims_the_place_after_the_one_before() -> None:
    """Two at once claim the same place, which the store gives to one of them."""
    first = late().when(asking("mark"), by=w.ADA)
    at_once = late().when(asking("mark", request=uid("at once")), by=w.ADA)
    assert set(first.reserved) == set(at_once.reserved)
    withdrawn = first.when(WithdrawCorrection(request=REQUEST), by=w.ADA)
    second = withdrawn.when(asking("mark", request=uid("second")), by=w.ADA)
    other = withdrawn.when(asking("mark", request=uid("other")), by=w.ADA)
    assert set(second.reserved) == set(other.reserved) > set(first.reserved)


def test_nobody_asks_for_one_record_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "ASKED_MAX", 1)
    withdrawn = late().when(asking("mark"), by=w.ADA).when(WithdrawCorrection(request=REQUEST), by=w.ADA)
    withdrawn.when(asking("mark", request=uid("second")), by=w.ADA).then_refused(
        corrections.AskedTooOften, saying="1 times", field="request"
    )


def test_other_records_and_other_people_have_requests_of_their_own() -> None:
    outcome = late().when(asking("mark"), by=w.ADA)
    outcome.when(asking("topic"), by=w.ADA).then_refused(corrections.RequestIdTaken, field="request")
    assert outcome.when(asking("topic", request=uid("second")), by=w.ADA).events
    theirs = outcome.when(asking("mark", request=uid("second")), by=ADA_TOO)
    assert theirs.events
    third = asking("mark", request=uid("third"))
    theirs.when(third, by=ADA_TOO).then_refused(corrections.IsRequested, saying=f"request {uid('second')} is open")
    void = (REQUEST, EventsVoided(breach="breach", versions=(1,)))
    assert late(asked(), void).when(asking("mark", request=uid("second")), by=w.ADA).events
    assert late(asked(), void).when(asking("mark"), by=w.ADA).events


# Deciding

APPROVE, REJECT = ApproveCorrection(request=REQUEST), RejectCorrection(request=REQUEST, reason="Нет оснований")
WITHDRAW = WithdrawCorrection(request=REQUEST)


def test_somebody_of_the_administration_approves_for_the_days_of_the_regulation() -> None:
    outcome = late(asked()).when(APPROVE, by=w.DEPUTY)
    outcome.then(c.CorrectionApproved(until=until(3))).in_stream(REQUEST)
    outcome.standing_on(Ref(REQUEST, 1), Ref(w.DEPUTY, 2))
    assert outcome.targets[0].scope.kind == "correction"
    today_only = (SCHOOL, s.RegulationAdopted(starts=date(2025, 10, 14), regulation=s.Regulation(approval_days=0)))
    late(asked(), today_only).when(APPROVE, by=w.HEAD).then(c.CorrectionApproved(until=until(0)))


def test_a_request_is_rejected_with_a_reason_that_is_sealed() -> None:
    outcome = late(asked()).when(REJECT, by=w.HEAD)
    outcome.then(c.CorrectionRejected(reason=sealed(w.VERA, "Нет оснований"))).standing_on(Ref(REQUEST, 1))
    outcome.sealing(w.VERA, "Нет оснований", field="correction-rejected.reason")
    late(asked("topic", "")).when(REJECT, by=w.HEAD).sealing(
        SCHOOL, "Нет оснований", field="correction-rejected.reason"
    )


@pytest.mark.parametrize("command", [APPROVE, REJECT])
def test_who_asked_never_decides_nor_the_same_person_with_another_account(command: Command) -> None:
    own = asked("substitution", "", account=w.DEPUTY, person=w.DEPUTY_STAFF)
    late(own).when(command, by=w.DEPUTY).then_refused(NotAllowed, saying="you asked for this yourself")
    late(asked()).when(command, by=DEPUTY_TOO).then_refused(NotAllowed, saying="somebody else decides")
    assert late(own).when(command, by=w.HEAD).events
    of_the_account = asked("substitution", "", account=w.DEPUTY, person="")
    late(of_the_account).when(command, by=w.DEPUTY).then_refused(NotAllowed, saying="you asked for this yourself")


@pytest.mark.parametrize("command", [APPROVE, REJECT])
def test_only_the_roles_of_todays_regulation_decide(command: Command) -> None:
    late(asked()).when(command, by=w.BORIS).then_refused(NotAllowed, saying="only a head or deputy head may decide")
    only_head = s.RegulationAdopted(starts=date(2025, 10, 14), regulation=s.Regulation(approvers=("head",)))
    late(asked(), (SCHOOL, only_head)).when(command, by=w.DEPUTY).then_refused(NotAllowed, saying="only a head may")
    assert late(asked(), (SCHOOL, only_head)).when(command, by=w.HEAD).events


@pytest.mark.parametrize("command", [APPROVE, REJECT])
def test_an_account_under_a_breach_decides_nothing_until_the_breach_is_closed(command: Command) -> None:
    suspended = (w.DEPUTY, a.AccountSuspended(breach="breach"))
    reset = (w.DEPUTY, a.CredentialsReset(breach="breach"))
    settled = (w.DEPUTY, a.BreachSettled(breach="breach"))
    late(asked(), suspended).when(command, by=w.DEPUTY).then_refused(AccountLockedRefusal)
    late(asked(), suspended, reset).when(command, by=w.DEPUTY).then_refused(NotAllowed, saying="breach of this account")
    assert late(asked(), suspended, reset, settled).when(command, by=w.DEPUTY).events


@pytest.mark.parametrize(
    ("decided", "saying"),
    [
        ((APPROVED[1],), "approved already"),
        ((c.CorrectionRejected(reason=sealed(w.VERA, "Нет")),), "was rejected"),
        ((c.CorrectionWithdrawn(),), "was withdrawn"),
        ((APPROVED[1], c.CorrectionMade(record=w.LESSON, command=uid("command"))), "correction was made"),
    ],
)
@pytest.mark.parametrize("command", [APPROVE, REJECT, WITHDRAW])
def test_every_wrong_order_is_refused(command: Command, decided: tuple[Event, ...], saying: str) -> None:
    world = late(asked(), *((REQUEST, event) for event in decided))
    by = w.ADA if command is WITHDRAW else w.HEAD
    outcome = world.when(command, by=by)
    if command is WITHDRAW and saying == "approved already":
        outcome.then(c.CorrectionWithdrawn())
    else:
        outcome.then_refused(corrections.RequestIsDecided, saying=saying, field="request")


def test_who_asked_withdraws_and_nobody_else() -> None:
    outcome = late(asked()).when(WITHDRAW, by=w.ADA)
    outcome.then(c.CorrectionWithdrawn()).standing_on(Ref(REQUEST, 1))
    assert late(asked()).when(WITHDRAW, by=ADA_TOO).events
    assert late(asked(account=w.ADA, person="")).when(WITHDRAW, by=w.ADA).events
    late(asked()).when(WITHDRAW, by=w.HEAD).then_refused(NotAllowed, saying="rejects it instead")
    late(asked()).when(WITHDRAW, by=w.BORIS).then_refused(windows.UnknownRequest, saying=f"no request {REQUEST}")
    late(asked()).when(WITHDRAW, by=w.API_CLIENT).then_refused(NotAllowed, saying="withdraw a request")


@pytest.mark.parametrize("command", [APPROVE, REJECT, WITHDRAW])
def test_what_nobody_asked_for_is_not_decided(command: Command) -> None:
    late().when(command, by=w.HEAD).then_refused(windows.UnknownRequest, field="request")


@pytest.mark.parametrize("approver", [w.HEAD, w.DEPUTY])
def test_an_approval_made_in_a_breach_is_void_the_request_is_open_again_and_somebody_approves_anew(
    approver: str,
) -> None:
    void = (REQUEST, EventsVoided(breach="breach", versions=(2,)))
    world = late(A_LESSON, asked(), APPROVED, void)
    named = TO_FIVE.model_copy(update={"approval": REQUEST})
    world.when(named, by=w.ADA).then_refused(windows.ApprovalNotUsable, saying="not approved yet")
    again = world.when(APPROVE, by=approver)
    again.then(c.CorrectionApproved(until=until(3)))
    outcome = again.when(named, by=w.ADA)
    assert outcome.decided[0].event == CORRECTED
    assert Ref(REQUEST, 4) in outcome.decided[0].refs
    assert APPROVAL not in outcome.decided[0].refs


def test_a_correction_made_before_its_approval_became_void_stays_and_the_approval_is_not_usable() -> None:
    made = (REQUEST, c.CorrectionMade(record=w.LESSON, command=uid("command")))
    void = (REQUEST, EventsVoided(breach="breach", versions=(2,)))
    named = TO_FIVE.model_copy(update={"approval": REQUEST})
    world = late(A_LESSON, asked(), APPROVED, made, void)
    world.when(named, by=w.ADA).then_refused(windows.ApprovalNotUsable, saying="was used")


def test_nobody_asks_approves_and_corrects_in_one_batch_of_the_own() -> None:
    deputy_teaches = (
        (w.JOURNAL, TeacherAssigned(staff=w.DEPUTY_STAFF, starts=w.FIRST_DAY)),
        (w.DEPUTY, a.RoleGranted(role="teacher", starts=w.FIRST_DAY)),
    )
    batch = (asking("mark"), APPROVE, TO_FIVE.model_copy(update={"approval": REQUEST}))
    late(A_LESSON, deputy_teaches).when(*batch, by=w.DEPUTY).then_refused(NotAllowed, saying="you asked for this")
    ready = late(A_LESSON, deputy_teaches).when(asking("mark"), by=w.DEPUTY).when(APPROVE, by=w.HEAD)
    topic = lessons.CorrectTopic(**PLACE, topic="Сумма", reason="Описка", approval=uid("second"))
    second = asking("topic", request=uid("second"))
    approve = ApproveCorrection(request=uid("second"))
    both = ready.when(second, by=w.DEPUTY).when(approve, by=w.HEAD)
    done = both.when(batch[2], topic, by=w.DEPUTY)
    assert [one.stream for one in done.decided] == [w.LESSON, REQUEST, w.LESSON, uid("second")]
