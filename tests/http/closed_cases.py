"""Every command that writes into a year, with what it needs before: for a year, or a period, that is closed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from tests import worlds as w
from tests.http.attacking import Attack
from tests.scenario import uid
from tests.schools import JOURNAL_5B, SLOT_5B

BEFORE = datetime(2026, 5, 29, 12, tzinfo=UTC)
"""The last day of the year, after school: everything of these days can be written."""
AFTER = datetime(2026, 5, 30, 6, tzinfo=UTC)
"""The year can be closed."""
WEDNESDAY, THURSDAY, FRIDAY = "2026-05-27", "2026-05-28", "2026-05-29"
STARTS = THURSDAY
PUPILS = [uid(f"closed pupil {number}") for number in range(8)]
CURRICULUM, WORK, OTHER_WORK = uid("closed curriculum"), uid("closed work"), uid("closed other work")
GROUP, OTHER_GROUP, REQUEST, IMPORT = uid("closed group"), uid("closed other"), uid("closed request"), uid("closed in")
UNDONE = uid("closed import that is undone")
IN_FILE = {"source": "x", "kind": "csv", "file_name": "a", "digest": "0" * 64, "starts": STARTS}
WHY = {"reason": "приказ"}
HERE: dict[str, Any] = {"journal": w.JOURNAL, "day": THURSDAY, "slot": w.LESSON_SLOT}
EMPTY: dict[str, Any] = {"journal": w.JOURNAL, "day": WEDNESDAY, "slot": w.LESSON_SLOT}
OTHER: dict[str, Any] = {"journal": JOURNAL_5B, "day": THURSDAY, "slot": SLOT_5B}
MARK: dict[str, Any] = {**HERE, "pupil": w.VERA, "work": "oral"}
FINAL: dict[str, Any] = {"journal": w.JOURNAL, "period": "q4"}
LINES = [{"subject": w.MATHS, "hours_per_week_hundredths": 500, "hours_per_year": 170}]


class Case(NamedTuple):
    """Who sends a command, and its fields."""

    login: str
    name: str
    fields: dict[str, Any]


def prepare(attack: Attack) -> None:
    """Record what the commands of `cases` correct, move, end or withdraw."""
    attack.stand(BEFORE)
    attack.done("head", "define-subject", subject=w.ENGLISH, title="Английский язык", short="Англ")
    for number, pupil in enumerate(PUPILS):
        name = {"family": "Закрытый", "given": f"Иван{'абвгдежз'[number]}"}
        attack.done("deputy", "enrol-pupil", pupil=pupil, **name, class_id=w.CLASS_5A, enrolled_on="2025-09-01")
    for pupil in PUPILS[:2]:
        attack.done("deputy", "transfer-pupil", pupil=pupil, class_id=w.CLASS_5B, transferred_on="2026-05-20")
    for pupil in PUPILS[2:5]:
        attack.done("deputy", "record-departure", pupil=pupil, left_on="2026-05-18")
    attack.done("deputy", "record-return", pupil=PUPILS[3], class_id=w.CLASS_5A, returned_on="2026-05-20")
    for group in (GROUP, OTHER_GROUP):
        fields = {"title": f"Хор {group[:3]}", "kind": "club", "classes": [w.CLASS_5A]}
        attack.done("deputy", "form-teaching-group", group=group, year=w.YEAR, **fields)
        for pupil in (w.VERA, w.GLEB):
            attack.done("deputy", "join-group", pupil=pupil, group=group, joined_on="2025-09-08")
    adopted = {"curriculum": CURRICULUM, "year": w.YEAR, "title": "5 класс", "grades": [5], "lines": LINES}
    attack.done("deputy", "adopt-curriculum", **adopted)
    attack.done("deputy", "assign-pupil-curriculum", pupil=w.VERA, curriculum=CURRICULUM, starts="2025-09-01")
    attack.done("deputy", "set-individual-plan", pupil=PUPILS[5], starts="2025-09-01", class_journals=[])
    topics = [{"number": number, "topic": f"Тема {number}"} for number in range(1, 11)]
    topics.append({"topic": "Резерв", "reserve": True})
    attack.done("deputy", "revise-thematic-plan", journal=w.JOURNAL, topics=topics, **WHY)
    in_file = {**IN_FILE, "import_id": UNDONE, "year": w.YEAR, "commands": 1}
    attack.done("head", "begin-import", **in_file)
    attack.done("ada", "take-roll", **HERE, absences=[{"pupil": w.GLEB, "kind": "ill"}])
    attack.done("ada", "record-mark", **MARK, value="4")
    attack.done("ada", "record-mark", **{**MARK, "pupil": w.DINA}, value="4")
    attack.done("ada", "record-topic", **HERE, topic="Дроби")
    attack.done("ada", "set-homework", **HERE, homework={"text": "§ 1"})
    attack.done("deputy", "substitute-teacher", **OTHER, teacher=w.ADA_STAFF, **WHY)
    attack.done("deputy", "cancel-lesson", **{**OTHER, "day": WEDNESDAY}, **WHY)
    for pupil in (w.VERA, w.DINA):
        attack.done("ada", "decide-final-mark", **FINAL, pupil=pupil, value="4")
    for work, title, day in ((WORK, "Первая", FRIDAY), (OTHER_WORK, "Вторая", "2026-05-26")):
        planned = {"control_work": work, "journal": w.JOURNAL, "day": day, "title": title, "form": "устная"}
        attack.done("deputy", "plan-control-work", **planned)
    late = {"journal": w.JOURNAL, "day": "2026-05-15", "slot": w.LESSON_SLOT}
    attack.done("ada", "request-correction", request=REQUEST, kind="topic", **late, **WHY)
    attack.done("head", "close-period", year=w.YEAR, period="q1")


def lesson_cases() -> list[Case]:
    """Answer what is written into a lesson, or a final mark, of the fourth quarter."""
    moved = {"new_day": FRIDAY, "new_slot": 6, **WHY}
    return [
        Case("ada", "record-topic", {**EMPTY, "topic": "Дроби"}),
        Case("ada", "set-homework", {**EMPTY, "homework": {"text": "§ 2"}}),
        Case("ada", "take-roll", {**EMPTY, "absences": []}),
        Case("ada", "record-mark", {**EMPTY, "pupil": w.VERA, "work": "oral", "value": "5"}),
        Case("ada", "save-lesson", {**EMPTY, "day": FRIDAY, "topic": "Доли"}),
        Case("ada", "give-recommendation", {**HERE, "pupil": w.VERA, "text": "Молодец"}),
        Case("ada", "correct-topic", {**HERE, "topic": "Доли", **WHY}),
        Case("ada", "correct-homework", {**HERE, "homework": {"text": "§ 3"}, **WHY}),
        Case("ada", "correct-attendance", {**HERE, "pupil": w.GLEB, "kind": "present", **WHY}),
        Case("ada", "correct-mark", {**MARK, "value": "5", **WHY}),
        Case("ada", "withdraw-mark", {**MARK, "pupil": w.DINA, **WHY}),
        Case("deputy", "correct-substitution", {**OTHER, "teacher": w.BORIS_STAFF, **WHY}),
        Case("deputy", "reinstate-lesson", {**OTHER, "day": WEDNESDAY, **WHY}),
        Case("deputy", "substitute-teacher", {**OTHER, "day": FRIDAY, "teacher": w.ADA_STAFF, **WHY}),
        Case("deputy", "assign-self-study", {**OTHER, "day": "2026-05-26", **WHY}),
        Case("deputy", "cancel-lesson", {**OTHER, "day": "2026-05-25", **WHY}),
        Case("deputy", "move-lesson", {**EMPTY, "day": "2026-05-26", **moved}),
        Case("deputy", "plan-extra-lesson", {**HERE, "slot": 7, "ordinal": 2, **WHY}),
        Case("ada", "decide-final-mark", {**FINAL, "pupil": w.GLEB, "value": "4"}),
        Case("ada", "correct-final-mark", {**FINAL, "pupil": w.VERA, "value": "5", **WHY}),
        Case("ada", "withdraw-final-mark", {**FINAL, "pupil": w.DINA, **WHY}),
    ]


def year_cases() -> list[Case]:
    """Answer what is written into the set-up of the year."""
    year = {"year": w.YEAR}
    move = {"cycle_day": 1, "slot": w.LESSON_SLOT, "to_cycle_day": 1, "to_slot": 5}
    quarter = {"code": "t1", "title": "I", "first_day": "2025-09-01", "last_day": "2025-11-20"}
    bulk = {**EMPTY, "day": "2026-05-25", "kind": "cancel"}
    work = {"journal": w.JOURNAL, "day": WEDNESDAY, "title": "Третья", "form": "устная"}
    hour = {"journals": [w.JOURNAL], "until": "2026-06-01T09:00:00Z"}
    plan = [{"number": number, "topic": f"Новая {number}"} for number in range(1, 11)]
    found: list[tuple[str, dict[str, Any]]] = [
        ("adopt-curriculum", {**year, "title": "5 класс углубл.", "grades": [5], "lines": LINES}),
        ("assign-curriculum", {"class_id": w.CLASS_5B, "curriculum": CURRICULUM, "starts": STARTS}),
        ("assign-pupil-curriculum", {"pupil": w.GLEB, "curriculum": CURRICULUM, "starts": STARTS}),
        ("end-pupil-curriculum", {"pupil": w.VERA, "ends": STARTS}),
        ("set-individual-plan", {"pupil": w.MISHA, "starts": STARTS, "class_journals": []}),
        ("end-individual-plan", {"pupil": PUPILS[5], "ends": STARTS}),
        ("adopt-thematic-plan", {"journal": JOURNAL_5B, "topics": plan}),
        ("combine-topics", {"journal": w.JOURNAL, "numbers": [8, 9], "hours": 1, **WHY}),
        ("drop-reserve-hours", {"journal": w.JOURNAL, "hours": 1, **WHY}),
        ("revise-thematic-plan", {"journal": w.JOURNAL, "topics": plan[:8], **WHY}),
        ("appoint-class-teacher", {"class_id": w.CLASS_5B, "staff": w.BORIS_STAFF, "starts": STARTS}),
        ("approve-correction", {"request": REQUEST}),
        ("assign-teacher", {"journal": w.JOURNAL, "staff": w.BORIS_STAFF, "starts": FRIDAY, "hours_per_week": 1}),
        ("unassign-teacher", {"journal": w.JOURNAL, "staff": w.ADA_STAFF, "ends": FRIDAY}),
        ("begin-import", {"import_id": IMPORT, **IN_FILE, **year, "commands": 1}),
        ("undo-import", {"import_id": UNDONE}),
        ("plan-control-work", work),
        ("plan-control-works", {"works": [{**work, "day": "2026-05-22"}]}),
        ("move-control-work", {"control_work": WORK, "new_day": THURSDAY, **WHY}),
        ("cancel-control-work", {"control_work": OTHER_WORK, **WHY}),
        ("change-timetable", {**year, "starts": STARTS, "journals": [{"journal": w.JOURNAL, "moves": [move]}]}),
        ("schedule-journal", {"journal": JOURNAL_5B, "starts": FRIDAY, "entries": [{"cycle_day": 1, "slot": 6}]}),
        ("substitute-teacher-bulk", {"absent_teacher": w.ADA_STAFF, "lessons": [bulk], **WHY}),
        ("close-period", {**year, "period": "q2"}),
        ("reopen-period", {**year, "period": "q1", **hour, **WHY}),
        ("define-bell-schedule", {**year, "code": "x", "title": "К", "bells": [{"slot": 1, "starts": 1, "ends": 9}]}),
        ("define-breaks", {**year, "breaks": [{"title": "О", "first_day": "2025-10-26", "last_day": "2025-10-28"}]}),
        ("define-holidays", {**year, "holidays": [{"day": "2026-05-09", "title": "День Победы"}]}),
        ("define-cycle", {**year, "kind": "weekly", "days": [{"title": "Пн", "weekday": 0}]}),
        ("define-grading-periods", {**year, "scheme": "thirds", "periods": [quarter]}),
        ("take-production-calendar", year),
        ("set-readiness-date", {**year, "day": "2025-10-01"}),
        ("form-class", {**year, "title": "5В", "grade": 5, "scheme": "quarters", "bells": "first-shift"}),
        ("form-teaching-group", {**year, "title": "Танцы", "kind": "club", "classes": [w.CLASS_5A]}),
        ("open-academic-year", {**year, "title": "2025/2026", "first_day": "2025-09-01", "last_day": "2026-05-29"}),
        ("open-journal", {"subject": w.ENGLISH, "group": w.CLASS_5A, "group_kind": "class"}),
    ]
    return [*(Case("head", name, fields) for name, fields in found), *_of_pupils()]


def _of_pupils() -> list[Case]:
    x, on = PUPILS, {"recorded_on": "2026-05-20", **WHY}
    found: list[tuple[str, dict[str, Any]]] = [
        ("correct-transfer", {"pupil": x[0], **on, "class_id": w.CLASS_5B, "transferred_on": "2026-05-21"}),
        ("withdraw-movement", {"pupil": x[1], **on}),
        ("correct-departure", {"pupil": x[2], **WHY, "recorded_on": "2026-05-18", "left_on": "2026-05-19"}),
        ("correct-return", {"pupil": x[3], **on, "class_id": w.CLASS_5A, "returned_on": "2026-05-21"}),
        ("record-return", {"pupil": x[4], "class_id": w.CLASS_5A, "returned_on": "2026-05-25"}),
        ("correct-enrolment", {"pupil": x[5], **WHY, "class_id": w.CLASS_5A, "enrolled_on": "2025-09-02"}),
        ("transfer-pupil", {"pupil": x[6], "class_id": w.CLASS_5B, "transferred_on": "2026-05-20"}),
        ("record-departure", {"pupil": x[7], "left_on": "2026-05-20"}),
        ("enrol-pupil", {"family": "Новый", "given": "Иван", "class_id": w.CLASS_5A, "enrolled_on": "2026-05-20"}),
        ("join-group", {"pupil": w.DINA, "group": GROUP, "joined_on": "2026-05-20"}),
        ("leave-group", {"pupil": w.VERA, "group": GROUP, "left_on": "2026-05-20"}),
        (
            "correct-group-stay",
            {"pupil": w.GLEB, "group": GROUP, "recorded_on": "2025-09-08", "starts": "2025-09-10", **WHY},
        ),
        ("withdraw-group-stay", {"pupil": w.GLEB, "group": OTHER_GROUP, "recorded_on": "2025-09-08", **WHY}),
    ]
    return [Case("head", name, fields) for name, fields in found]
