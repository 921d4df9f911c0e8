"""Breaches over HTTP on both databases: clocks, timeline, dependents, who may read what."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ejd.kernel.command import Command
from ejd.kernel.envelope import Ref
from ejd.kernel.ids import final_marks_stream, lesson_stream
from ejd.store.outbox import to_staff
from ejd_commands.accounts import GrantRole
from ejd_commands.breach_ends import CloseBreach, DecideOnDependents, DependentPart, NotADependent
from ejd_commands.breaches import AcknowledgeBreachNotice, NotYet, ReportBreach, ResetCredentials
from ejd_commands.corrections import ApproveCorrection, RequestCorrection
from ejd_commands.final_marks import DecideFinalMark
from ejd_commands.invalidations import InvalidateBreach, PreviewIsOld, ReaffirmOperations, RevokeInvalidation
from ejd_commands.journals import AssignTeacher
from ejd_commands.marks import RecordMark
from ejd_commands.movement import TransferPupil
from ejd_commands.school import AdoptRegulation
from ejd_commands.substitutions import SubstituteTeacher
from tests import worlds as w
from tests.breach_story import ACKNOWLEDGED, BREACH, CELL, FINALS, LESSON, Story, at
from tests.http.conftest import Web, problem
from tests.scenario import uid
from tests.schools import JOURNAL_5B, LESSON_5B

FORGED_VERA, FORGED_DINA, FORGED_ROLL = 2, 3, 4
"""Versions of the lesson's events; 1 is the honest mark of GLEB."""
PATH = f"/breaches/{BREACH}"
REQUEST = uid("request of a late mark")


def told(web: Web) -> Story:
    """Tell the story up to the proposal."""
    story = Story(web.tiny)
    story.forged_marks()
    return story


def ask(web: Web, path: str, login: str = "deputy", **parameters: Any) -> Any:
    """Answer a report that knows everything stored so far."""
    answer = web.get(path, login=login, after=web.tiny.school.store.last_position(), **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def test_forged_marks_leave_three_dependents_each_with_what_it_stood_on(web: Web) -> None:
    story = told(web)
    story.invalidate(story.digest())
    found = ask(web, f"{PATH}/dependents")
    assert (found["total"], found["open"]) == (3, 3)
    shown = [
        (one["stream"], one["why"], [(on["stream"], on["version"]) for on in one["on"]]) for one in found["dependents"]
    ]
    assert shown == [
        (ACKNOWLEDGED, "acknowledged", [(LESSON, FORGED_VERA)]),
        (LESSON, "stands-on", [(LESSON, FORGED_VERA)]),
        (FINALS, "basis", [(LESSON, FORGED_DINA)]),
    ]
    correction = found["dependents"][1]
    assert correction["actor"] == w.ADA
    assert correction["type"] == "mark-corrected/1"
    assert "new_value: 3" in correction["says"]
    assert "value: 5" in correction["on"][0]["says"]
    assert correction["on"][0]["type"] == "mark-recorded/1"


def test_a_final_mark_on_a_forged_mark_of_the_class_that_the_pupil_left_is_found(web: Web) -> None:
    """VERA moves to 5Б; BORIS decides there on what stands in the journal of 5А."""
    story = Story(web.tiny)
    story.forge(at(14, 10), RecordMark(**CELL, pupil=w.VERA, value="5"))
    story.report()
    morning = w.TODAY + timedelta(days=1)
    moved = TransferPupil(pupil=w.VERA, class_id=w.CLASS_5B, transferred_on=morning)
    story.send(at(9, day=morning), moved, "deputy")
    story.send(at(10, day=morning), DecideFinalMark(journal=JOURNAL_5B, period="q1", pupil=w.VERA, value="5"), "boris")
    (page,) = ask(web, "/reports/gradebook", journal=JOURNAL_5B, period="q1")["gradebooks"]
    (row,) = [one for one in page["pupils"] if one["pupil"] == w.VERA]
    assert (row["marks"], [(one["journal"], one["value"]) for one in row["followed"]]) == ([], [(w.JOURNAL, "5")])
    assert (row["average_hundredths"], row["final_marks"][0]["weighted_sum"]) == (500, row["weighted_sum"])

    preview = ask(web, f"{PATH}/preview")
    averages = {one["journal"]: one for one in preview["differences"]["averages"]}
    assert {journal: one["before_hundredths"] for journal, one in averages.items()} == {w.JOURNAL: 500, JOURNAL_5B: 500}
    assert {one["after_hundredths"] for one in averages.values()} == {None}
    story.invalidate(preview["digest"], moment=at(11, day=morning))
    found = ask(web, f"{PATH}/dependents")["dependents"]
    assert [(one["stream"], one["why"], [(on["stream"], on["version"]) for on in one["on"]]) for one in found] == [
        (final_marks_stream(JOURNAL_5B, "q1"), "basis", [(LESSON, 1)])
    ]
    (page,) = ask(web, "/reports/gradebook", journal=JOURNAL_5B, period="q1")["gradebooks"]
    (row,) = [one for one in page["pupils"] if one["pupil"] == w.VERA]
    assert (row["followed"], row["average_hundredths"]) == ([], None)
    before = web.get(
        "/reports/gradebook", login="deputy", journal=JOURNAL_5B, period="q1", as_of=at(10, 30, morning).isoformat()
    )
    (page,) = before.json()["report"]["gradebooks"]
    (row,) = [one for one in page["pupils"] if one["pupil"] == w.VERA]
    assert [(one["journal"], one["value"]) for one in row["followed"]] == [(w.JOURNAL, "5")]


@pytest.mark.parametrize(
    "forged",
    [
        SubstituteTeacher(journal=w.JOURNAL, day=w.TODAY, slot=w.LESSON_SLOT, teacher=w.BORIS_STAFF),
        AssignTeacher(journal=w.JOURNAL, staff=w.BORIS_STAFF, starts=w.TODAY),
    ],
    ids=["substitution", "load"],
)
def test_a_request_to_correct_by_a_right_that_is_void_is_found(web: Web, forged: Command) -> None:
    """BORIS asks to correct next morning; he may because of what a thief did as the deputy head."""
    story = Story(web.tiny)
    story.send(at(9), GrantRole(account=w.ADA, role="deputy-head"), "head")
    story.send(at(9), AdoptRegulation(starts=w.TODAY, mark_window_days=0), "head")
    story.send(at(13), RecordMark(**CELL, pupil=w.VERA, value="4"), "ada")
    story.forge(at(14, 10), forged, by="deputy")
    morning = w.TODAY + timedelta(days=1)
    asked = RequestCorrection(
        request=REQUEST,
        kind="mark",
        journal=w.JOURNAL,
        day=w.TODAY,
        slot=w.LESSON_SLOT,
        pupil=w.VERA,
        reason="Отметка другого ученика",
    )
    story.send(at(9, day=morning), asked, "boris")
    for moment, command, by in (
        (
            at(9, 5, morning),
            ReportBreach(breach=BREACH, account=w.DEPUTY, learned_at=at(13, 50), what="Подсмотрели"),
            "head",
        ),
        (at(9, 6, morning), AcknowledgeBreachNotice(breach=BREACH, receiver="head", received_at=at(14)), "head"),
        (at(9, 7, morning), AcknowledgeBreachNotice(breach=BREACH, receiver="support", received_at=at(14)), "helper"),
        (at(9, 8, morning), ResetCredentials(breach=BREACH), "helper"),
    ):
        story.send(moment, command, by)
    digest = story.digest()
    story.propose(digest, moment=at(10, day=morning))
    story.send(at(10, 1, morning), InvalidateBreach(breach=BREACH, digest=digest), "ada")
    found = ask(web, f"{PATH}/dependents", login="head")["dependents"]
    assert [(one["stream"], one["why"]) for one in found] == [(REQUEST, "stands-on")]


def test_dependents_are_decided_and_the_breach_is_closed(web: Web) -> None:
    story = told(web)
    story.invalidate(story.digest())
    with pytest.raises(NotYet, match="3 events"):
        story.send(at(17), CloseBreach(breach=BREACH, conclusion="Всё решено"), "head")
    found = ask(web, f"{PATH}/dependents")["dependents"]
    parts = tuple(DependentPart(stream=one["stream"], version=one["version"]) for one in found)
    honest = (DependentPart(stream=LESSON, version=1),)
    wrong = DecideOnDependents(breach=BREACH, dependents=honest, decision="kept", reason="Верно")
    with pytest.raises(NotADependent):
        story.send(at(17), wrong, "head")
    keep = DecideOnDependents(breach=BREACH, dependents=parts[:2], decision="kept", reason="Отметка верна")
    story.send(at(17), keep, "deputy")
    assert [one["stream"] for one in ask(web, f"{PATH}/dependents", open="true")["dependents"]] == [FINALS]
    decided = ask(web, f"{PATH}/dependents", open="false")
    assert [one["decision"] for one in decided["dependents"]] == ["kept", "kept"]
    assert ask(web, "/reports/open-dependents")["total"] == 1
    keep = DecideOnDependents(breach=BREACH, dependents=parts[2:], decision="kept", reason="Оценка верна")
    story.send(at(17), keep, "deputy")
    story.send(at(18), CloseBreach(breach=BREACH, conclusion="Всё решено"), "head")
    assert ask(web, "/reports/open-dependents")["total"] == 0
    detail = ask(web, PATH)
    assert detail["breach"]["state"] == "closed"
    assert detail["dependents_decided"] == 3
    assert detail["timeline"][-1]["text"] == "Всё решено"


def test_the_timeline_says_who_decided_what_when_and_why(web: Web) -> None:
    story = told(web)
    before = ask(web, PATH, login="helper")
    assert before["breach"]["state"] == "reset"
    assert "propose-invalidation" in before["breach"]["next_step"]
    assert before["window"] == {
        "starts": "2025-10-06T11:00:00.000000Z",
        "ends": "2025-10-06T12:00:00.000000Z",
        "sessions": [],
        "chosen": False,
    }
    story.invalidate(story.digest())
    after = ask(web, PATH)
    assert [one["kind"] for one in after["timeline"]] == [
        "breach-reported",
        "breach-notice-received",
        "breach-notice-received",
        "breach-credentials-reset",
        "invalidation-proposed",
        "events-invalidated",
    ]
    assert after["timeline"][0]["text"] == "Пароль подсмотрели"
    assert [one["actor"] for one in after["timeline"]] == [w.HEAD, w.HEAD, w.SUPPORT, w.SUPPORT, w.HEAD, w.DEPUTY]
    assert after["holds"] == {"commands": 3, "events": 3, "streams": 1, "pupils": 3}
    assert after["reports"]["right"] is True
    assert after["breach"]["state"] == "invalidated"
    assert after["breach"]["person_name"] == "Лавлинская Ада"


def test_the_clocks_run_from_the_moment_of_learning(web: Web) -> None:
    told(web)
    story = Story(web.tiny)
    story.on(at(16))
    breach = ask(web, PATH)["breach"]
    assert breach["notice"]["in_time"] is True
    assert breach["notice"]["deadline"] == "2025-10-07T21:00:00.000000Z", "the end of Tuesday in Moscow"
    day, three_days = breach["regulator"]
    assert (day["hours"], day["over"]) == (24, False)
    assert day["seconds_left"] == 24 * 3600 - (2 * 60 + 10) * 60
    assert three_days["deadline"] == "2025-10-09T10:50:00.000000Z"


def test_a_notice_that_nobody_received_in_time_is_late(web: Web) -> None:
    story = Story(web.tiny)
    report = ReportBreach(breach=BREACH, account=w.ADA, learned_at=at(12), what="Пароль подсмотрели")
    story.send(at(12, 30), report, "head")
    detail = ask(web, PATH)
    assert detail["breach"]["notice"]["in_time"] is None
    assert detail["window"] is None
    assert "the head and technical support must acknowledge" in detail["breach"]["next_step"]
    story.on(at(0, 0, w.TODAY.replace(day=8)))
    assert ask(web, PATH)["breach"]["notice"]["in_time"] is False
    listed = ask(web, "/breaches")
    assert listed["total"] == 1
    assert listed["breaches"][0]["state"] == "reported"
    assert listed["breaches"][0]["regulator"][0]["over"] is True


def test_reaffirming_and_revoking_take_dependents_off_the_list(web: Web) -> None:
    story = told(web)
    story.invalidate(story.digest())
    reaffirm = ReaffirmOperations(breach=BREACH, commands=(uid("forged dina"),), reason="Это была Ада")
    story.send(at(17), reaffirm, "head")
    assert [one["why"] for one in ask(web, f"{PATH}/dependents")["dependents"]] == ["acknowledged", "stands-on"]
    story.send(at(17), RevokeInvalidation(breach=BREACH, reason="Ложная тревога"), "head")
    assert ask(web, f"{PATH}/dependents")["total"] == 0
    detail = ask(web, PATH)
    assert detail["breach"]["state"] == "revoked"
    assert detail["holds"]["events"] == 0


def test_honest_lessons_on_a_forged_load_are_listed_without_basis(web: Web) -> None:
    """The deputy's account is stolen: it gives BORIS a load in 5А, who honestly teaches on it."""
    story = Story(web.tiny)
    load = AssignTeacher(journal=w.JOURNAL, staff=w.BORIS_STAFF, starts=w.TODAY)
    story.send(at(14, 5), load, "deputy", name="forged load")
    story.send(at(14, 30), RecordMark(**CELL, pupil=w.VERA, value="4"), "boris")
    story.report(account=w.DEPUTY)
    digest = story.digest()
    story.propose(digest)
    story.send(at(16), GrantRole(account=w.BORIS, role="deputy-head", starts=w.TODAY), "head")
    story.send(at(16), InvalidateBreach(breach=BREACH, digest=digest), "boris")
    found = ask(web, "/reports/without-basis", login="head")
    assert [(one["stream"], one["why"], one["breach"]) for one in found["dependents"]] == [
        (LESSON, "stands-on", BREACH)
    ]
    assert [(on["type"], on["stream"]) for on in found["dependents"][0]["on"]] == [("teacher-assigned/1", w.JOURNAL)]


@pytest.mark.parametrize(
    ("path", "readers"),
    [
        ("/breaches", {"head", "deputy", "helper"}),
        (PATH, {"head", "deputy", "helper"}),
        (f"{PATH}/dependents", {"head", "deputy"}),
        ("/reports/open-dependents", {"head", "deputy"}),
        ("/reports/without-basis", {"head", "deputy"}),
    ],
)
def test_breaches_are_read_by_administration_their_state_by_support_too(
    shared: Web, path: str, readers: set[str]
) -> None:
    for login in ("head", "deputy", "helper", "ada", "olga", "vera", "timetable-program"):
        expected = {200, 404} if login in readers else {403}
        assert shared.get(path, login=login).status_code in expected, login


def test_the_stolen_account_reads_nothing(web: Web) -> None:
    told(web)
    problem(web.get(PATH, login="ada"), 401, "not-authenticated")


@pytest.mark.parametrize("path", [f"/breaches/{uid('nothing')}", f"/breaches/{LESSON_5B}/dependents"])
def test_an_unknown_breach_is_not_there(shared: Web, path: str) -> None:
    problem(shared.get(path), 404, "not-there")


def test_a_stream_of_another_kind_is_no_breach(web: Web) -> None:
    assert Ref(LESSON, 1).version == 1
    Story(web.tiny).send(at(14), RecordMark(**CELL, pupil=w.VERA, value="4"), "ada")
    problem(web.get(f"/breaches/{LESSON}"), 404, "not-there")


def test_the_preview_shows_what_would_be_void_and_what_reports_would_say(web: Web) -> None:
    """Figures by hand: VERA's 5 was corrected to 3, which stays; DINA's 5 goes; the roll with GLEB absent goes."""
    story = told(web)
    found = ask(web, f"{PATH}/preview")
    assert (found["commands"], found["events"], found["streams"]) == (3, 3, 1)
    assert [(one["version"], one["type"]) for one in found["operations"]] == [
        (FORGED_VERA, "mark-recorded/1"),
        (FORGED_DINA, "mark-recorded/1"),
        (FORGED_ROLL, "roll-taken/1"),
    ]
    assert found["operations"][0]["says"].endswith("number: 1, value: 5")
    assert {one["id"]: one["events"] for one in found["by_type"]} == {"mark-recorded/1": 2, "roll-taken/1": 1}
    assert [(one["name"], one["events"]) for one in found["by_journal"]] == [("Математика, 5А", 3)]
    assert {one["name"]: one["events"] for one in found["by_pupil"]} == {
        "Васильева Вера": 1,
        "Глебов Глеб": 1,
        "Ёлкина Дина": 1,
    }
    assert found["dependents"]["total"] == 3
    assert found["not_compared"] == []
    change = found["differences"]
    day = w.TODAY.isoformat()
    assert change["totals"] == {
        "marks": 1,
        "lessons": 1,
        "attendance": 1,
        "recommendations": 0,
        "final_marks": 0,
        "memberships": 0,
        "averages": 1,
        "missed": 3,
        "progress": 0,
    }
    assert [(one["pupil"], one["before"], one["after"]) for one in change["marks"]] == [(w.DINA, "5", None)]
    assert [(one["part"], one["before"], one["after"], one["date"]) for one in change["lessons"]] == [
        ("roll", "taken", None, day)
    ]
    assert [(one["pupil"], one["before"], one["after"]) for one in change["attendance"]] == [(w.GLEB, "absent", None)]
    assert change["averages"] == [
        {
            "pupil": w.DINA,
            "journal": w.JOURNAL,
            "period": "q1",
            "marks_before": 1,
            "before_hundredths": 500,
            "marks_after": 0,
            "after_hundredths": None,
        }
    ]
    missed = {one["pupil"]: (one["missed_before"], one["lessons_before"]) for one in change["missed"]}
    assert missed == {w.VERA: (0, 1), w.GLEB: (1, 1), w.DINA: (0, 1)}
    assert {(one["missed_after"], one["lessons_after"]) for one in change["missed"]} == {(0, 0)}
    assert found["digest"] == story.digest()


def test_a_command_sent_again_says_that_it_is_void(web: Web) -> None:
    """The owner's program sends what it never got an answer to: it must not believe that it counts."""
    story = told(web)
    story.invalidate(story.digest())
    web.tiny.issue_token("ada", w.ADA, days=299)
    fields = {**CELL, "day": w.TODAY.isoformat(), "pupil": w.VERA, "value": "5"}

    def again() -> Any:
        return web.command("record-mark", fields, key=uid("forged vera")).json()

    first = again()
    assert (first["repeated"], first["voided_by"]) == (True, [BREACH])
    honest = web.command("record-mark", {**fields, "number": 2}, key=uid("honest"))
    assert "voided_by" not in honest.json()
    story.send(at(17), RevokeInvalidation(breach=BREACH, reason="Ложная тревога"), "head")
    restored = again()
    assert restored["repeated"]
    assert "voided_by" not in restored


def test_decisions_accept_the_preview_that_was_shown_and_no_older_one(web: Web) -> None:
    story = told(web)
    digest = ask(web, f"{PATH}/preview")["digest"]
    story.propose(digest)
    story.send(at(16, 10), RecordMark(**{**CELL, "work": "independent"}, pupil=w.VERA, value="4"), "ada")
    with pytest.raises(PreviewIsOld):
        story.send(at(16, 20), InvalidateBreach(breach=BREACH, digest=digest), "deputy")
    newer = ask(web, f"{PATH}/preview")["digest"]
    assert newer != digest
    story.invalidate(newer, moment=at(16, 30))
    after = ask(web, f"{PATH}/preview")
    assert (after["events"], after["differences"]["totals"]["marks"]) == (0, 0)


def test_a_preview_is_there_when_the_window_is_known(web: Web) -> None:
    story = Story(web.tiny)
    report = ReportBreach(breach=BREACH, account=w.ADA, learned_at=at(14), what="Пароль подсмотрели")
    story.send(at(15), report, "head")
    answer = web.get(f"{PATH}/preview", after=web.tiny.school.store.last_position())
    refused = problem(answer, 409, "not-yet")
    assert "acknowledge-breach-notice" in refused["detail"]


def test_support_sees_no_preview(shared: Web) -> None:
    problem(shared.get(f"{PATH}/preview", login="helper"), 403, "not-allowed")


def test_every_list_of_a_preview_is_counted_in_full_and_paged(web: Web) -> None:
    told(web)
    pages = [ask(web, f"{PATH}/preview", limit=1, offset=offset) for offset in range(3)]
    assert {page["differences"]["totals"]["missed"] for page in pages} == {3}
    assert sorted(page["differences"]["missed"][0]["pupil"] for page in pages) == sorted([w.VERA, w.GLEB, w.DINA])
    assert [page["operations"][0]["version"] for page in pages] == [FORGED_VERA, FORGED_DINA, FORGED_ROLL]
    assert [page["dependents"]["dependents"][0]["why"] for page in pages] == ["acknowledged", "stands-on", "basis"]
    assert len({page["digest"] for page in pages}) == 1


def test_administration_reads_the_outbox_page_by_page(web: Web) -> None:
    story = told(web)
    story.invalidate(story.digest())
    web.tiny.school.outbox.put([to_staff(f"note/{n}", "note", w.ADA_STAFF, '{"n":1}') for n in range(3)], at=7)
    first = web.get("/outbox", limit=2, kind="note").json()
    assert [one["key"] for one in first["notices"]] == ["note/0", "note/1"]
    assert first["notices"][0]["about"] == {"n": 1}
    assert first["notices"][0]["created_at"] == "1970-01-01T00:00:00.000007Z"
    rest = web.get("/outbox", limit=2, kind="note", after=first["next_after"], unsent="true").json()
    assert ([one["key"] for one in rest["notices"]], rest["next_after"]) == (["note/2"], None)
    assert web.get("/outbox", recipient=w.ADA_STAFF, kind="retraction").json()["notices"] == []
    problem(web.get("/outbox", after="nonsense"), 400, "malformed")
    problem(web.get("/outbox", login="helper"), 403, "not-allowed")


def test_what_a_stolen_account_approved_and_decided_is_to_be_looked_at(web: Web) -> None:
    """The deputy's stolen account approves a late mark, and resets the credentials of a pupil's account."""
    story, late, other = Story(web.tiny), date(2025, 9, 22), uid("breach of vera's account")
    lesson: dict[str, Any] = {"journal": w.JOURNAL, "day": late, "slot": w.LESSON_SLOT}
    asked = RequestCorrection(request=REQUEST, kind="mark", **lesson, pupil=w.VERA, reason="Забыла внести")
    story.send(at(13), asked, "ada")
    report = ReportBreach(breach=other, account=w.PUPIL_ACCOUNT, learned_at=at(12, 30), what="Пароль известен классу")
    story.send(at(13, 30), report, "head")
    story.forge(at(14, 10), ApproveCorrection(request=REQUEST), "approved", by="deputy")
    story.forge(at(14, 20), ResetCredentials(breach=other), "decided", by="deputy")
    mark = RecordMark(**lesson, pupil=w.VERA, work="oral", value="5", approval=REQUEST)
    written = story.send(at(14, 30), mark, "ada").events
    story.send(at(14, 40), GrantRole(account=w.BORIS, role="deputy-head", starts=w.TODAY), "head")
    story.report(account=w.DEPUTY)
    shown = ask(web, f"{PATH}/preview", login="head")
    assert [one["type"] for one in shown["operations"]] == ["correction-approved/1"], "a reset is never void"
    story.propose(shown["digest"])
    story.send(at(16), InvalidateBreach(breach=BREACH, digest=shown["digest"]), "boris")
    found = ask(web, f"{PATH}/dependents", login="head")["dependents"]
    on = {one["stream"]: [(ref["stream"], ref["type"]) for ref in one["on"]] for one in found}
    why = {one["stream"]: one["why"] for one in found}
    assert {one.stream for one in written} | {other} >= set(on)
    assert on[lesson_stream(w.JOURNAL, late, w.LESSON_SLOT)] == [(REQUEST, "correction-approved/1")]
    assert (why[lesson_stream(w.JOURNAL, late, w.LESSON_SLOT)], why[other]) == ("stands-on", "decision")
    assert ask(web, "/reports/without-basis", login="head")["total"] == 0, "an approval is no set-up"
