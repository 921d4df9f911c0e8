"""The audit of corrections (A10), its figures worked out by hand.

2026-09-01 is a Tuesday; the second slot ends at 9:30, the third at 10:20, by the bells of the story. Free windows are
the default ones: 7 days, 14 for written work.
"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from ejd.kernel.events import accounts as a
from ejd.kernel.events import corrections as q
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events import school as s
from ejd.kernel.ids import SCHOOL, final_marks_stream, lesson_stream
from ejd_projections import correction_search as search
from ejd_projections import corrections as audit
from ejd_projections.asking import SelectionError
from ejd_projections.correction_requests import correction_requests, requests_about
from ejd_projections.correction_search import Choice
from ejd_projections.corrections import Correction, Corrections, audit_of_corrections
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    BORIS,
    CLASS_7A,
    CLASS_7B,
    ENGLISH,
    EREMIN,
    GROUP,
    YOZHIKOVA,
    ZHUKOV,
    Identity,
    Story,
    a_school,
    at,
    day,
    micros,
    why,
)

FIRST, SECOND = at(ALGEBRA, "09-01", 2), at(ALGEBRA, "09-03", 3)
FIRST_LESSON = lesson_stream(ALGEBRA, day("09-01"), 2)
ADAS, BORISS, DEPUTYS = "account-ada", "account-boris", "account-deputy"
Q1 = final_marks_stream(ALGEBRA, "q1")
REQUEST = "request-1"


def with_accounts() -> Story:
    """The school, with accounts of Ada and Boris, and one of a deputy head who is not on the staff list."""
    story = a_school()
    for account, person in ((ADAS, ADA), (BORISS, BORIS), (DEPUTYS, "")):
        story.tell(account, a.AccountOpened(kind="person", login=account[8:], person=person))
    return story


def corrected(  # noqa: PLR0913 - the parts of a correction
    story: Story, where: Identity, old: str, new: str, when: str, *, by: str = ADAS, **more: Any
) -> Story:
    """Correct a mark of Eremin, orally, unless said otherwise."""
    fields = {"pupil": EREMIN, "work": "oral", "old_value": old, "new_value": new, "reason": why()} | more
    return story.in_lesson(where, (e.MarkCorrected, fields), when=when, by=by)


def year(c: sa.Connection, **choice: Any) -> Corrections:
    page: dict[str, Any] = {key: choice.pop(key) for key in ("sort", "descending", "limit", "offset") if key in choice}
    days = {"first": "2026-09-01", "last": "2027-05-31"}
    return audit_of_corrections(c, Choice(**days | choice), **{"descending": False} | page)


def only(c: sa.Connection, **choice: Any) -> Correction:
    (one,) = year(c, **choice).corrections
    return one


def test_a_correction_is_told_with_who_when_what_and_why(ask: Ask) -> None:
    # the lesson ends on 1 September at 9:30; 2 September 12:00 is 26.5 hours later, 53 days before 25 October
    story = corrected(
        with_accounts().held(FIRST, marks={EREMIN: "3"}), FIRST, "3", "4", "09-02 12:00", reason=why("ёлка")
    )
    one = only(ask(story))
    assert (one.record, one.version, one.kind, one.change) == (FIRST_LESSON, 4, "mark", "corrected")
    assert (one.old, one.new, one.direction, one.reason) == ("3", "4", "up", "ёлка")
    assert (one.journal_name, one.subject_name, one.group_name) == ("Алгебра 7А", "Алгебра", "7А")
    assert (one.day, one.slot, one.pupil_name, one.work, one.number) == ("2026-09-01", 2, "Еремин Анна", "oral", 1)
    assert (one.by.account, one.by.login, one.by.person, one.by.name) == (ADAS, "ada", ADA, "Лавлейс Ада")
    assert (one.recorded_at, one.session, one.client) == (micros("09-02 12:00"), "session", "test")
    assert (one.window, one.deadline) == ("inside", micros("09-09 00:00"))
    assert (one.hours_after_lesson, one.days_after_period_end) == (26, -53)
    assert (one.approval, one.counts, one.breaches) == (None, True, [])


def test_every_kind_of_record_has_its_corrections(ask: Ask) -> None:
    story = with_accounts().held(FIRST, marks={EREMIN: "3"}, absent={ZHUKOV: "absent"})
    absent, late = e.Absence(pupil=ZHUKOV, kind="absent"), e.Absence(pupil=ZHUKOV, kind="late", minutes=10)
    homework = e.Homework(text="№ 5", due=day("09-03"), minutes=20)
    substitution = e.Substitution(teacher=BORIS)
    alone, supervised = (e.Substitution(teacher=one, self_study=True) for one in ("", BORIS))
    story.in_lesson(
        FIRST,
        (e.MarkWithdrawn, {"pupil": EREMIN, "work": "oral", "old_value": "3", "reason": why()}),
        (
            e.AttendanceCorrected,
            {"pupil": ZHUKOV, "old": absent, "new": late, "reason": why()},
        ),
        (e.AttendanceCorrected, {"pupil": ZHUKOV, "old": late, "reason": why()}),
        (e.TopicCorrected, {"old_topic": "Тема", "new_topic": "Дроби", "reason": why()}),
        (e.HomeworkCorrected, {"old": homework, "reason": why()}),
        (e.SubstitutionCorrected, {"old": substitution, "new": e.Substitution(teacher=ADA), "reason": why()}),
        (e.SubstitutionCorrected, {"old": alone, "new": supervised, "reason": why()}),
        (e.LessonReinstated, {"reason": why()}),
        when="09-02 12:00",
    )
    mine: Any = {"journal": ALGEBRA, "period": "q1", "pupil": EREMIN, "reason": why()}
    story.tell(Q1, f.FinalMarkCorrected(**mine, old_value="3", new_value="н/а", basis=f.Basis()), when="10-26 12:00")
    story.tell(Q1, f.FinalMarkWithdrawn(**mine, old_value="н/а"), when="10-26 12:00")
    found = [(one.kind, one.change, one.old, one.new) for one in year(ask(story)).corrections]
    assert found == [
        ("mark", "withdrawn", "3", ""),
        ("attendance", "corrected", "absent", "late 10"),
        ("attendance", "corrected", "late 10", "present"),
        ("topic", "corrected", "Тема", "Дроби"),
        ("homework", "withdrawn", "№ 5 (2026-09-03) (20 min)", ""),
        ("substitution", "corrected", "Борисов Ада", "Лавлейс Ада"),
        ("substitution", "corrected", "self-study", "self-study, Борисов Ада"),
        ("lesson", "reinstated", "cancelled", ""),
        ("final-mark", "corrected", "3", "н/а"),
        ("final-mark", "withdrawn", "н/а", ""),
    ]


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("3", "4", "up"),
        ("5", "2", "down"),
        ("зач", "незач", "down"),
        ("3", "зач", ""),
        ("2", "зач", "up"),
        ("3", "осв", ""),
    ],
)
def test_the_direction_is_by_points_else_by_level(ask: Ask, old: str, new: str, direction: str) -> None:
    fields: Any = {"journal": ALGEBRA, "period": "q1", "pupil": EREMIN, "old_value": old, "new_value": new}
    story = with_accounts().tell(Q1, f.FinalMarkCorrected(**fields, basis=f.Basis(), reason=why()), when="10-26 12:00")
    assert only(ask(story)).direction == direction


def test_the_window_is_that_of_the_regulation_of_the_lessons_day(ask: Ask) -> None:
    story = with_accounts()
    strict = s.Regulation(mark_window_days=0, written_work_window_days=1)
    story.tell(SCHOOL, s.RegulationAdopted(starts=day("09-03"), regulation=strict))
    for where, old, when, work in (
        (FIRST, "1", "09-08 23:59", "oral"),  # 1 + 7 days, until midnight
        (FIRST, "2", "09-09 00:00", "oral"),
        (FIRST, "3", "09-15 23:59", "control"),  # written work: 14 days
        (SECOND, "4", "09-03 23:59", "oral"),  # the new regulation: that day only
        (SECOND, "5", "09-04 00:00", "oral"),
        (SECOND, "6", "09-04 23:59", "control"),
        (SECOND, "7", "09-05 00:00", "control"),
    ):
        corrected(story, where, old, "x", when, work=work)
    c = ask(story)
    assert sorted(one.old for one in year(c, window="inside").corrections) == ["1", "3", "4", "6"]
    assert sorted(one.old for one in year(c, window="outside").corrections) == ["2", "5", "7"]


def test_a_final_mark_counts_from_its_periods_last_day(ask: Ask) -> None:
    # q1 ends on 25 October: free until the end of 1 November; year marks count from the year's last day, 31 May
    story = with_accounts()
    for period, old, when in (
        ("q1", "2", "11-01 23:59"),
        ("q1", "3", "11-02 00:00"),
        ("year", "4", "2027-06-01 10:00"),
    ):
        fields: Any = {"journal": ALGEBRA, "period": period, "pupil": EREMIN, "old_value": old, "new_value": "5"}
        event = f.FinalMarkCorrected(**fields, basis=f.Basis(), reason=why())
        story.tell(final_marks_stream(ALGEBRA, period), event, when=when)
    c = ask(story)
    found = [(one.window, one.days_after_period_end, one.hours_after_lesson) for one in year(c).corrections]
    assert found == [("inside", 7, None), ("outside", 8, None), ("inside", 1, None)]
    assert [one.old for one in year(c, last="2026-10-25").corrections] == ["2", "3"]
    assert [one.old for one in year(c, first="2027-01-01").corrections] == ["4"]


def approved(story: Story, command: str, *, record: str = FIRST_LESSON, request: str = REQUEST) -> Story:
    """Ada asks, the deputy head approves, the command uses it."""
    asked = q.CorrectionRequested(
        account=ADAS,
        person=ADA,
        kind="mark",
        record=record,
        journal=ALGEBRA,
        day=day("09-01"),
        slot=2,
        pupil=EREMIN,
        reason=why(),
    )
    story.tell(request, asked, when="09-20 10:00", by=ADAS)
    story.tell(request, q.CorrectionApproved(until=micros("09-23 00:00")), when="09-20 11:00", by=DEPUTYS)
    return story.tell(
        request, q.CorrectionMade(record=record, command=command), when="09-20 12:00", by=ADAS, command=command
    )


def test_an_approved_correction_names_its_approval(ask: Ask) -> None:
    story = with_accounts().held(FIRST, marks={EREMIN: "3"})
    corrected(story, FIRST, "3", "4", "09-02 12:00")
    fields = {"pupil": EREMIN, "work": "oral", "old_value": "4", "new_value": "5", "reason": why()}
    story.in_lesson(FIRST, (e.MarkCorrected, fields), when="09-20 12:00", by=ADAS, command="the-command")
    c = ask(approved(story, "the-command"))
    free, under = year(c).corrections
    assert free.approval is None
    assert under.approval is not None
    assert (under.approval.request, under.approval.version, under.approval.by.login) == (REQUEST, 2, "deputy")
    assert (under.approval.approved_at, under.approval.void) == (micros("09-20 11:00"), False)
    assert year(c, approval=True).corrections == [under]
    assert year(c, approval=False).corrections == [free]


def test_a_first_entry_is_told_when_it_was_late_and_approved(ask: Ask) -> None:
    story = with_accounts().held(SECOND, marks={ZHUKOV: "5"}, when="09-30 12:00")  # late, and nobody approved it
    late = {"pupil": EREMIN, "work": "oral", "value": "4"}
    written = {"pupil": EREMIN, "work": "control", "value": "3"}  # its 14 days run until 15 September
    story.in_lesson(
        FIRST,
        (e.TopicRecorded, {"topic": "Дроби"}),
        (e.MarkRecorded, late),
        (e.MarkRecorded, written),
        when="09-12 12:00",
        by=ADAS,
        command="the-command",
    )
    c = ask(approved(story, "the-command"))
    found = [(one.kind, one.change, one.new, one.window) for one in year(c).corrections]
    assert found == [("topic", "entered", "Дроби", "outside"), ("mark", "entered", "4", "outside")]
    assert all(one.approval is not None for one in year(c).corrections)


def test_what_a_breach_made_void_stays_in_the_audit(ask: Ask) -> None:
    story = with_accounts().held(FIRST, marks={EREMIN: "3"})
    corrected(story, FIRST, "3", "4", "09-02 12:00")
    corrected(story, FIRST, "4", "5", "09-02 13:00")
    story.void(FIRST_LESSON, 4, 5).restore(FIRST_LESSON, 5)
    c = ask(story)
    void, valid = year(c).corrections
    assert (void.new, void.counts, void.breaches) == ("4", False, ["breach"])
    assert (valid.new, valid.counts, valid.breaches) == ("5", True, [])
    assert year(c, void=True).corrections == [void]
    assert year(c, void=False).corrections == [valid]
    assert year(c).void == 1


def test_reasons_and_names_of_an_erased_pupil_are_gone(ask: Ask) -> None:
    story = with_accounts().pupil("pupil-erased", "Стёртая")
    corrected(story, FIRST, "3", "4", "09-02 12:00", pupil="pupil-erased", reason=why("болезнь", "pupil-erased"))
    one = only(ask(story))
    assert (one.reason, one.pupil_name, one.old, one.new) == ("", "удалено", "3", "4")


def test_corrections_are_chosen_by_everything_that_must_hold(ask: Ask) -> None:
    story = with_accounts()
    corrected(story, FIRST, "2", "3", "09-02 12:00")
    corrected(story, SECOND, "5", "4", "10-26 12:00", by=BORISS, pupil=YOZHIKOVA)
    corrected(story, at(ENGLISH, "11-03", 1), "3", "3", "11-03 23:30", pupil=ZHUKOV)
    c = ask(story)

    def olds(**choice: Any) -> list[str]:
        return [one.old for one in year(c, **choice).corrections]

    assert olds() == ["2", "5", "3"]
    assert olds(teacher=ADA) == ["2", "3"]
    assert olds(teacher=BORIS) == ["5"]
    assert olds(class_id=CLASS_7A) == ["2", "5", "3"], "the journal of a subgroup has pupils of the class"
    assert olds(class_id=CLASS_7B) == []
    assert olds(group=GROUP) == ["3"]
    assert olds(subject="subject-algebra") == ["2", "5"]
    assert olds(journal=ENGLISH) == ["3"]
    assert olds(pupil=YOZHIKOVA) == ["5"]
    assert olds(first="2026-11-01") == ["3"]
    assert olds(direction="up") == ["2"]
    assert olds(direction="down") == ["5"]
    assert olds(since=micros("10-26 12:00"), until=micros("11-03 23:30")) == ["5"]
    assert olds(hours_after_lesson_min=27) == ["5"], "26.5 hours are not 27"
    assert olds(days_after_period_end_min=1) == ["5"], "26 October is the day after the first quarter"
    assert olds(days_after_period_end_max=-53) == ["2", "3"]
    assert olds(year="another") == []
    assert (year(c).by_kind, year(c).by_direction) == ({"mark": 3}, {"down": 1, "none": 1, "up": 1})
    assert [(one.by.name, one.corrections) for one in year(c).by_teacher] == [("Лавлейс Ада", 2), ("Борисов Ада", 1)]


def test_the_list_is_sorted_and_cut_into_pages(ask: Ask) -> None:
    story = with_accounts()
    corrected(story, SECOND, "2", "3", "09-04 12:00", pupil=ZHUKOV)
    corrected(story, FIRST, "4", "3", "09-05 12:00", pupil=EREMIN)
    corrected(story, FIRST, "5", "3", "09-06 12:00", by=BORISS, pupil=YOZHIKOVA)
    story.tell(
        Q1,
        f.FinalMarkWithdrawn(journal=ALGEBRA, period="q1", pupil=EREMIN, old_value="1", reason=why()),
        when="10-01 12:00",
    )
    c = ask(story)

    def olds(sort: search.SortBy, **page: Any) -> str:
        return "".join(one.old for one in year(c, sort=sort, **page).corrections)

    assert olds("recorded-at") == "2451"
    assert olds("recorded-at", descending=True) == "1542"
    assert olds("recorded-at", limit=2, offset=1) == "45"
    assert olds("pupil", kinds={"mark"}) == "452", "Еремин, Ёжикова, Жуков"
    assert olds("teacher", kinds={"mark"}) == "524", "Борисов before Лавлейс, then by position"
    assert olds("lesson-day", kinds={"mark"}) == "452"
    assert olds("hours-after-lesson") == "2451", "a final mark has no lesson and stands last"
    assert olds("hours-after-lesson", descending=True) == "5421"
    assert olds("days-after-period-end") == "2451"
    assert olds("kind") == "1245"
    assert olds("subject") == olds("class") == "2451"
    assert year(c, limit=1).total == 4


def test_too_many_are_refused_with_what_to_do(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    story = with_accounts()
    for old in "234":
        corrected(story, FIRST, old, "5", "09-02 12:00")
    c = ask(story)
    monkeypatch.setattr(audit, "EXPORT_MAX", 2)
    with pytest.raises(SelectionError, match="3 corrections are too many for one file"):
        year(c, limit=None)
    monkeypatch.setattr(search, "CORRECTIONS_MAX", 2)
    with pytest.raises(SelectionError, match="choose a shorter time"):
        year(c)


def test_requests_wait_for_the_approver_oldest_first(ask: Ask) -> None:
    story = approved(with_accounts(), "the-command")
    for number, when in (
        (2, "09-21 10:00"),
        (3, "09-19 10:00"),
        (4, "09-22 10:00"),
        (5, "09-23 10:00"),
        (6, "09-24 10:00"),
    ):
        asked = q.CorrectionRequested(
            account=BORISS, person=BORIS, kind="topic", record="other", journal=ALGEBRA, reason=why("опечатка")
        )
        story.tell(f"request-{number}", asked, when=when, by=BORISS)
    story.tell("request-4", q.CorrectionRejected(reason=why("не нужно")), when="09-22 11:00", by=DEPUTYS)
    story.tell("request-5", q.CorrectionWithdrawn(), when="09-23 11:00", by=BORISS)
    story.tell("request-6", q.CorrectionApproved(until=micros("09-27 00:00")), when="09-24 11:00", by=DEPUTYS)
    c = ask(story)
    now = micros("09-27 00:00")
    waiting = correction_requests(c, now=now, standing="open")
    assert [one.request for one in waiting.requests] == ["request-3", "request-2"]
    assert (waiting.total, waiting.counts) == (2, {"approved": 1, "open": 2, "rejected": 1, "used": 1, "withdrawn": 1})
    assert (waiting.requests[0].requested_by.name, waiting.requests[0].reason) == ("Борисов Ада", "опечатка")
    (rejected,) = correction_requests(c, now=now, standing="rejected").requests
    assert rejected.decided_by is not None
    assert (rejected.decided_by.login, rejected.decision_reason) == ("deputy", "не нужно")
    (used,) = correction_requests(c, now=now, pupil=EREMIN, journals=[ALGEBRA], account=ADAS).requests
    assert (used.standing, used.command, used.used_at, used.pupil_name) == (
        "used",
        "the-command",
        micros("09-20 12:00"),
        "Еремин Анна",
    )
    (unused,) = correction_requests(c, now=now, standing="approved").requests
    assert (unused.expired, unused.until) == (True, now)
    assert not correction_requests(c, now=now - 1, standing="approved").requests[0].expired
    assert len(correction_requests(c, now=now, limit=2, offset=1).requests) == 2
    assert [one.stream for one in requests_about(c, "other")] == [
        "request-3",
        "request-2",
        "request-4",
        "request-5",
        "request-6",
    ]


def test_a_void_approval_leaves_the_request_open_and_is_shown_on_what_it_allowed(ask: Ask) -> None:
    story = with_accounts()
    asked = q.CorrectionRequested(account=ADAS, kind="mark", record=FIRST_LESSON, journal=ALGEBRA, reason=why())
    story.tell("request-2", asked).tell("request-2", q.CorrectionApproved(until=1), by=DEPUTYS).void("request-2", 2)
    story.tell("request-3", asked).void("request-3", 1)
    fields = {"pupil": EREMIN, "work": "oral", "old_value": "4", "new_value": "5", "reason": why()}
    story.in_lesson(FIRST, (e.MarkCorrected, fields), when="09-20 12:00", by=ADAS, command="the-command")
    c = ask(approved(story, "the-command").void(REQUEST, 2))
    standings = {one.request: one.standing for one in correction_requests(c, now=0).requests}
    assert standings == {REQUEST: "used", "request-2": "open", "request-3": "void"}
    approval = only(c).approval
    assert approval is not None
    assert (approval.by.login, approval.void) == ("deputy", True)
