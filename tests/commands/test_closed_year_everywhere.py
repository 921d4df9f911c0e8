"""Once a year is closed, no command of the whole catalogue writes in it: tried one by one, and in random histories.

Every command is either shown here to be refused for the closed year, though it is taken in the open one, or is named as
one that writes nothing of a year. A new command fails this test until it is one of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from ejd.kernel.closed_years import YearIsClosed
from ejd.kernel.command import Command, Refusal, WrongState
from ejd.kernel.event import Event
from ejd.kernel.events import control_works as k
from ejd.kernel.events import curricula as u
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL, final_marks_stream
from ejd_commands.catalogue import catalogue
from ejd_commands.windows import WindowIsOver
from tests import histories as h
from tests import worlds as w
from tests.scenario import MemoryContext, World, decide, given, sealed, uid

SHUT = y.AcademicYearClosed(journals_kept_until=date(2031, 12, 31), sheets_kept_until=date(2051, 12, 31))

BESIDE = {
    "accounts": {
        "open-account",
        "grant-role",
        "revoke-role",
        "issue-token",
        "revoke-token",
        "revoke-code",
        "rotate-token",
        "lock-account",
        "unlock-account",
    },
    "breaches, and what they make void or valid again": {
        "report-breach",
        "acknowledge-breach-notice",
        "confirm-breach-notice",
        "reset-credentials",
        "narrow-breach-window",
        "propose-breach-window",
        "widen-breach-window",
        "propose-invalidation",
        "invalidate-breach",
        "reaffirm-operations",
        "revoke-invalidation",
        "decide-on-dependents",
        "close-breach",
    },
    "erasures of persons": {"request-erasure", "approve-erasure", "reject-erasure"},
    "the school as such": {
        "open-school",
        "adopt-regulation",
        "define-work-kinds",
        "define-grading-system",
        "define-subject",
        "define-room",
        "adopt-control-norms",
        "adopt-timetable-rules",
    },
    "people": {
        "employ-staff-member",
        "dismiss-staff-member",
        "qualify-staff-member",
        "change-staff-position",
        "correct-staff-positions",
        "register-guardian",
        "establish-guardianship",
        "end-guardianship",
        "correct-person-name",
        "correct-birth-date",
        "link-external-id",
    },
    "what people agreed to about their data": {
        "define-consent-purpose",
        "give-consent",
        "refuse-consent",
        "withdraw-consent",
        "correct-consent",
        "strike-consent",
    },
    "what parents have read": {"acknowledge-diary", "acknowledge-period-marks", "acknowledge-recommendation"},
    "going on to the next year, also from a closed one": {"promote-class"},
    "ends of requests and imports, which write nothing of a year": {
        "reject-correction",
        "withdraw-correction",
        "finish-import",
    },
    "closing and reopening": {"close-academic-year", "reopen-academic-year"},
}
NOT_OF_A_YEAR = set().union(*BESIDE.values())

CURRICULUM, WORK, OCTOBER = uid("curriculum"), uid("control work"), date(2025, 10, 1)
WHERE: dict[str, Any] = {"journal": w.JOURNAL, "date": w.TODAY, "slot": w.LESSON_SLOT, "ordinal": 1}
HERE: dict[str, Any] = {"journal": w.JOURNAL, "day": w.TODAY, "slot": w.LESSON_SLOT}
WHY: dict[str, Any] = {"reason": "приказ"}
BOX = sealed(SCHOOL, "приказ")
MOVED = (w.VERA, p.PupilTransferred(old_class=w.CLASS_5A, new_class=w.CLASS_5B, transferred_on=OCTOBER))
LEFT = (w.VERA, p.PupilLeft(left_on=OCTOBER))
BACK = (w.VERA, p.PupilReturned(class_id=w.CLASS_5A, returned_on=date(2025, 10, 3)))
ADOPTED: World = (
    (
        CURRICULUM,
        u.CurriculumAdopted(
            year=w.YEAR,
            name="5 класс",
            grades=(5,),
            lines=(u.CurriculumLine(subject=w.MATHS, hours_per_week_hundredths=500, hours_per_year=170),),
        ),
    ),
)
PLANNED: World = (
    (
        WORK,
        k.ControlWorkPlanned(journal=w.JOURNAL, day=date(2025, 10, 10), title="К", form="письменная", work="control"),
    ),
)
DECIDED = (
    final_marks_stream(w.JOURNAL, "q1"),
    f.FinalMarkDecided(journal=w.JOURNAL, period="q1", pupil=w.VERA, value="5", basis=f.Basis()),
)
CLOSED_PERIOD = (w.YEAR, y.PeriodClosed(period="q1"))
ON: dict[str, Any] = {"pupil": w.VERA, **WHY}

EXAMPLES: tuple[tuple[str, dict[str, Any], World, str], ...] = (
    ("appoint-class-teacher", {"class_id": w.CLASS_5A, "staff": w.ADA_STAFF, "starts": OCTOBER}, (), w.HEAD),
    ("assign-curriculum", {"class_id": w.CLASS_5A, "curriculum": CURRICULUM, "starts": OCTOBER}, ADOPTED, w.HEAD),
    ("assign-self-study", {**HERE, "teacher": w.BORIS_STAFF, "absent_teacher": w.ADA_STAFF, **WHY}, (), w.DEPUTY),
    (
        "begin-import",
        {"import_id": uid("i"), "source": "x", "kind": "csv", "file_name": "a", "digest": "0" * 64}
        | {"year": w.YEAR, "starts": OCTOBER, "commands": 1},
        (),
        w.DEPUTY,
    ),
    ("cancel-control-work", {"control_work": WORK, **WHY}, PLANNED, w.DEPUTY),
    ("move-control-work", {"control_work": WORK, "new_day": date(2025, 10, 13), **WHY}, PLANNED, w.DEPUTY),
    (
        "plan-control-work",
        {"journal": w.JOURNAL, "day": date(2025, 10, 13), "title": "К", "form": "устная"},
        (),
        w.DEPUTY,
    ),
    (
        "plan-control-works",
        {"works": [{"journal": w.JOURNAL, "day": date(2025, 10, 13), "title": "К", "form": "устная"}]},
        (),
        w.DEPUTY,
    ),
    (
        "change-timetable",
        {
            "year": w.YEAR,
            "starts": OCTOBER,
            "journals": [
                {
                    "journal": w.JOURNAL,
                    "moves": [{"cycle_day": 1, "slot": w.LESSON_SLOT, "to_cycle_day": 1, "to_slot": 5}],
                }
            ],
        },
        (),
        w.DEPUTY,
    ),
    ("close-period", {"year": w.YEAR, "period": "q1"}, (), w.DEPUTY),
    (
        "reopen-period",
        {"year": w.YEAR, "period": "q1", "journals": [w.JOURNAL], "until": "2025-10-07T09:00:00Z", **WHY},
        (CLOSED_PERIOD,),
        w.HEAD,
    ),
    ("correct-departure", {**ON, "recorded_on": OCTOBER, "left_on": date(2025, 9, 20)}, (LEFT,), w.HEAD),
    (
        "correct-return",
        {**ON, "recorded_on": date(2025, 10, 3), "class_id": w.CLASS_5A, "returned_on": date(2025, 10, 2)},
        (LEFT, BACK),
        w.HEAD,
    ),
    (
        "correct-transfer",
        {**ON, "recorded_on": OCTOBER, "class_id": w.CLASS_5B, "transferred_on": date(2025, 9, 20)},
        (MOVED,),
        w.HEAD,
    ),
    ("withdraw-movement", {**ON, "recorded_on": OCTOBER}, (MOVED,), w.HEAD),
    (
        "define-bell-schedule",
        {"year": w.YEAR, "code": "short", "title": "Короткий день"}
        | {"bells": [{"slot": 1, "starts": 510, "ends": 540}]},
        (),
        w.HEAD,
    ),
    ("define-cycle", {"year": w.YEAR, "kind": "weekly", "days": [{"title": "Пн", "weekday": 0}]}, (), w.HEAD),
    (
        "define-grading-periods",
        {"year": w.YEAR, "scheme": "thirds"}
        | {"periods": [{"code": "t1", "title": "I", "first_day": "2025-09-01", "last_day": "2025-11-20"}]},
        (),
        w.HEAD,
    ),
    (
        "end-individual-plan",
        {"pupil": w.VERA, "ends": OCTOBER},
        ((w.VERA, p.IndividualPlanSet(starts=w.FIRST_DAY, class_journals=())),),
        w.HEAD,
    ),
    (
        "end-pupil-curriculum",
        {"pupil": w.VERA, "ends": OCTOBER},
        (*ADOPTED, (w.VERA, u.PupilCurriculumAssigned(curriculum=CURRICULUM, starts=w.FIRST_DAY))),
        w.HEAD,
    ),
    (
        "form-class",
        {"year": w.YEAR, "title": "5В", "grade": 5, "scheme": "quarters", "bells": "first-shift"},
        (),
        w.HEAD,
    ),
    ("form-teaching-group", {"year": w.YEAR, "title": "Хор", "kind": "club", "classes": [w.CLASS_5A]}, (), w.HEAD),
    (
        "open-academic-year",
        {"year": w.YEAR, "title": "2025/2026", "first_day": w.FIRST_DAY, "last_day": w.LAST_DAY},
        (),
        w.HEAD,
    ),
    ("open-journal", {"subject": w.ENGLISH, "group": w.CLASS_5A, "group_kind": "class"}, (), w.HEAD),
    ("reinstate-lesson", {**HERE, **WHY}, ((w.LESSON, e.LessonCancelled(**WHERE, reason=BOX)),), w.DEPUTY),
    ("set-readiness-date", {"year": w.YEAR, "day": OCTOBER}, (), w.DEPUTY),
    (
        "substitute-teacher-bulk",
        {"absent_teacher": w.ADA_STAFF, "lessons": [{**HERE, "kind": "cancel"}], **WHY},
        (),
        w.DEPUTY,
    ),
    ("take-production-calendar", {"year": w.YEAR}, (), w.HEAD),
    ("correct-final-mark", {"journal": w.JOURNAL, "period": "q1", **ON, "value": "4"}, (DECIDED,), w.ADA),
    ("withdraw-final-mark", {"journal": w.JOURNAL, "period": "q1", **ON}, (DECIDED,), w.ADA),
)


def test_every_command_is_refused_in_a_closed_year_or_known_to_be_beside_it() -> None:
    shown = {name for name, *_ in EXAMPLES} | set(IN_HISTORIES) | {"undo-import"}
    assert shown & NOT_OF_A_YEAR == set()
    assert shown | NOT_OF_A_YEAR == set(catalogue())


@pytest.mark.parametrize(("name", "fields", "before", "by"), EXAMPLES, ids=[one[0] for one in EXAMPLES])
def test_a_command_of_the_year_is_taken_while_it_is_open_and_refused_after(
    name: str, fields: dict[str, Any], before: World, by: str
) -> None:
    command = catalogue()[name].model_validate(fields)
    assert given(w.A_JOURNAL, before).when(command, by=by).events, "it is taken in the open year"
    refused = given(w.A_JOURNAL, before, ((w.YEAR, SHUT),)).when(command, by=by)
    refused.then_refused(YearIsClosed, saying="2025/26 is closed", field="year")


IN_SUMMER = "2026-07-01 12:00"
"""When no window is open any more."""
LATE: list[tuple[str, dict[str, Any], str]] = [
    ("record-topic", {"topic": "Дроби"}, w.ADA),
    ("save-lesson", {"topic": "Дроби"}, w.ADA),
    ("take-roll", {"absences": []}, w.ADA),
    ("record-mark", {"pupil": w.VERA, "work": "oral", "value": "5"}, w.ADA),
    ("substitute-teacher", {"teacher": w.BORIS_STAFF}, w.DEPUTY),
    ("cancel-lesson", {"reason": "карантин"}, w.DEPUTY),
    ("move-lesson", {"new_day": "2025-10-08", "new_slot": 6}, w.DEPUTY),
]
FINAL_MARK: dict[str, Any] = {"journal": w.JOURNAL, "period": "q1", "pupil": w.VERA, "value": "4"}


@pytest.mark.parametrize(("name", "fields", "by"), [*LATE, ("decide-final-mark", FINAL_MARK, w.ADA)])
def test_that_the_year_is_closed_is_said_before_what_an_open_one_would_ask_for(
    name: str, fields: dict[str, Any], by: str
) -> None:
    """An approval, by which nothing could be written either."""
    lesson = {} if name == "decide-final-mark" else {"journal": w.JOURNAL, "day": w.LESSON_DAY, "slot": w.LESSON_SLOT}
    command = catalogue()[name].model_validate({**lesson, **fields})
    given(w.A_JOURNAL).at(IN_SUMMER).when(command, by=by).then_refused(WindowIsOver)
    closed = given(w.A_JOURNAL, ((w.YEAR, SHUT),)).at(IN_SUMMER)
    closed.when(command, by=by).then_refused(YearIsClosed, field="year")


OF_CLOSED_DAYS: list[tuple[str, dict[str, Any]]] = [
    ("define-holidays", {"year": w.YEAR, "holidays": [{"day": OCTOBER, "title": "Ф"}]}),
    ("define-breaks", {"year": w.YEAR, "breaks": [{"title": "О", "first_day": OCTOBER, "last_day": OCTOBER}]}),
    (
        "define-grading-periods",
        {"year": w.YEAR, "scheme": "quarters"}
        | {"periods": [{"code": "q1", "title": "I", "first_day": "2025-09-01", "last_day": "2025-10-20"}]},
    ),
    ("schedule-journal", {"journal": w.JOURNAL, "starts": OCTOBER, "entries": []}),
]


@pytest.mark.parametrize(("name", "fields"), OF_CLOSED_DAYS, ids=[name for name, _ in OF_CLOSED_DAYS])
def test_that_the_year_is_closed_is_said_before_that_a_period_is(name: str, fields: dict[str, Any]) -> None:
    """The period could not be reopened, which the other sentence would ask for."""
    command = catalogue()[name].model_validate(fields)
    periods = tuple((w.YEAR, y.PeriodClosed(period=code)) for code in ("q1", "q2"))
    assert isinstance(given(w.A_JOURNAL, periods).when(command, by=w.HEAD).refusal, WrongState)
    shut = given(w.A_JOURNAL, periods, ((w.YEAR, SHUT),)).when(command, by=w.HEAD)
    shut.then_refused(YearIsClosed, field="year")


IN_HISTORIES = (
    "adopt-curriculum",
    "adopt-thematic-plan",
    "approve-correction",
    "assign-pupil-curriculum",
    "assign-teacher",
    "cancel-lesson",
    "combine-topics",
    "correct-attendance",
    "correct-enrolment",
    "correct-group-stay",
    "correct-homework",
    "correct-mark",
    "correct-substitution",
    "correct-topic",
    "decide-final-mark",
    "define-breaks",
    "define-holidays",
    "drop-reserve-hours",
    "enrol-pupil",
    "give-recommendation",
    "join-group",
    "leave-group",
    "move-lesson",
    "plan-extra-lesson",
    "record-departure",
    "record-mark",
    "record-return",
    "record-topic",
    "request-correction",
    "revise-thematic-plan",
    "save-lesson",
    "schedule-journal",
    "set-homework",
    "set-individual-plan",
    "substitute-teacher",
    "take-roll",
    "transfer-pupil",
    "unassign-teacher",
    "withdraw-group-stay",
    "withdraw-mark",
)


SEEDS_MAX = 60
"""A dozen of histories has every command; what histories do by chance may change."""


class Twin(h.Player):
    """Plays on in the open year, and asks of every command what the closed one would answer."""

    refused: dict[str, int]
    wrong: list[tuple[str, str]]

    def send(self, command: Command, by: str) -> None:
        """Decide in both years, then go on in the open one."""
        taken = self._decided(command, by, self.streams)
        if taken:
            closed = dict(self.streams)
            closed[w.YEAR] = [*self.streams[w.YEAR], SHUT]
            try:
                same = self._decided(command, by, closed, catching=False)
            except YearIsClosed:
                self.refused[command.name] = self.refused.get(command.name, 0) + 1
                if command.name in NOT_OF_A_YEAR:
                    self.wrong.append((command.name, "refused"))
            else:
                if command.name not in NOT_OF_A_YEAR or same != taken:
                    self.wrong.append((command.name, "taken"))
        super().send(command, by)

    def _decided(
        self, command: Command, by: str, streams: dict[str, list[Event]], *, catching: bool = True
    ) -> list[Event]:
        open_year = self.context(by)
        context = MemoryContext(
            streams=streams,
            reserved=dict(self.reserved),
            actor=open_year.actor,
            command_id=open_year.command_id,
            now=self.now,
            timezone=open_year.timezone,
        )
        try:
            return [one.event for one in decide(command, context)]
        except Refusal:
            if catching:
                return []
            raise


def twins() -> Iterator[Twin]:
    for seed in range(SEEDS_MAX):
        cycle = h.CYCLES[seed % len(h.CYCLES)]
        begun = h.play(cycle, ())
        twin = Twin(cache=dict(begun.cache), set_up=begun.set_up, cycle=cycle)
        twin.streams.update({stream: list(events) for stream, events in begun.streams.items()})
        twin.store = begun.store
        twin.refused, twin.wrong = {}, []
        for kind, number in h.random_steps(seed, 80):
            twin.step(kind, number)
        yield twin


def test_in_random_histories_whatever_the_open_year_takes_the_closed_one_refuses() -> None:
    refused: set[str] = set()
    for twin in twins():
        assert twin.wrong == []
        refused |= set(twin.refused)
        if set(IN_HISTORIES) <= refused:
            break
    assert set(IN_HISTORIES) <= refused
