"""The preview says what becomes true: its differences are those of the real reports before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from ejd.handling.states import fold
from ejd.history.preview import Preview, Previewed, preview
from ejd.kernel.command import Command, Refusal
from ejd.kernel.events import CATALOGUE
from ejd.kernel.states.breaches import BreachState
from ejd_commands.accounts import GrantRole
from ejd_commands.breaches import (
    AcknowledgeBreachNotice,
    BreachCommand,
    ConfirmBreachNotice,
    ReportBreach,
    ResetCredentials,
)
from ejd_commands.invalidations import InvalidateBreach, ProposeInvalidation
from ejd_projections.final_marks import final_marks_in
from ejd_projections.gradebook import gradebooks
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.progress import progress
from tests import worlds as w
from tests.breach_story import BREACH, Story, at
from tests.postgres import PostgresDatabase
from tests.schools import JOURNAL_5B, SLOT_5B, made, tiny_school

PERIODS = {"q1": ("2025-09-01", "2025-10-24"), "q2": ("2025-11-05", "2025-12-30")}
PHASES = (
    (date(2025, 10, 24), [date(2025, 10, n) for n in (21, 22, 23, 24)]),
    (date(2025, 11, 7), [date(2025, 11, n) for n in (5, 6, 7)]),
)
"""Days on which things are recorded, with the days of the lessons that they are about."""
RECEIVED = at(9, 0, date(2025, 10, 24))
CLASSES = (w.CLASS_5A, w.CLASS_5B)
PUPILS = {w.JOURNAL: (w.VERA, w.GLEB, w.DINA), JOURNAL_5B: (w.MISHA, w.VERA)}
LIMIT = 10_000


class Reports(NamedTuple):
    """Everything that a preview compares, cell by cell."""

    marks: dict[Any, str]
    lessons: dict[Any, str]
    attendance: dict[Any, str]
    final_marks: dict[Any, str]
    averages: dict[Any, Any]
    missed: dict[Any, Any]
    progress: dict[Any, Any]


def reports_of(c: sa.Connection) -> Reports:
    """Ask the real reports."""
    found = Reports({}, {}, {}, {}, {}, {}, {})
    for journal in find_journals(c):
        for period, (first, last) in PERIODS.items():
            page = gradebooks(c, [journal], first=first, last=last)[0]
            for lesson in page.lessons:
                parts = {
                    "topic": lesson.topic,
                    "homework": lesson.homework,
                    "roll": "taken" if lesson.roll_taken else None,
                    "cancelled": "yes" if lesson.cancelled else None,
                    "place": f"{lesson.date}, {lesson.slot}" if lesson.moved else None,
                    "substitute": lesson.substitute or None,
                }
                found.lessons.update({(lesson.lesson, part): text for part, text in parts.items() if text is not None})
            for pupil in page.pupils:
                key = (pupil.pupil, journal.id, period)
                found.averages[key] = (pupil.marks_counted, pupil.average_hundredths)
                found.missed[key] = (pupil.missed, pupil.lessons)
                for mark in pupil.marks:
                    found.marks[mark.lesson, pupil.pupil, mark.work, mark.number] = mark.value
                for line in pupil.absences:
                    minutes = "" if line.minutes is None else f", {line.minutes} min"
                    found.attendance[line.lesson, pupil.pupil] = f"{line.kind}{minutes}"
    for final in final_marks_in(c, [w.JOURNAL, JOURNAL_5B]):
        found.final_marks[final.journal, final.period, final.pupil] = final.value
    for period in ("q1", "q2", "q3", "q4", "year", "exam", "overall"):
        for class_id in CLASSES:
            figure = progress(c, year=w.YEAR, period=period, class_id=class_id).total.progress
            found.progress[period, class_id] = (figure.numerator, figure.denominator)
    return found


def changed(old: Mapping[Any, Any], new: Mapping[Any, Any], empty: Any = None) -> dict[Any, tuple[Any, Any]]:
    """Answer what differs, with both values."""
    pairs = {key: (old.get(key, empty), new.get(key, empty)) for key in {*old, *new}}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def differences(before: Reports, after: Reports) -> Reports:
    """Answer the differences of two reports."""
    return Reports(
        marks=changed(before.marks, after.marks),  # type: ignore[arg-type]
        lessons=changed(before.lessons, after.lessons),  # type: ignore[arg-type]
        attendance=changed(before.attendance, after.attendance),  # type: ignore[arg-type]
        final_marks=changed(before.final_marks, after.final_marks),  # type: ignore[arg-type]
        averages=changed(before.averages, after.averages, (0, None)),
        missed=changed(before.missed, after.missed, (0, 0)),
        progress=changed(before.progress, after.progress),
    )


def shown(found: Preview) -> Reports:
    """Answer what a preview says, in the same shape."""
    of = found.differences
    return Reports(
        marks={(one.lesson, one.pupil, one.work, one.number): (one.before, one.after) for one in of.marks},  # type: ignore[misc]
        lessons={(one.lesson, one.part): (one.before, one.after) for one in of.lessons},  # type: ignore[misc]
        attendance={(one.lesson, one.pupil): (one.before, one.after) for one in of.attendance},  # type: ignore[misc]
        final_marks={(one.journal, one.period, one.pupil): (one.before, one.after) for one in of.final_marks},  # type: ignore[misc]
        averages={
            (one.pupil, one.journal, one.period): (
                (one.marks_before, one.before_hundredths),
                (one.marks_after, one.after_hundredths),
            )
            for one in of.averages
        },
        missed={
            (one.pupil, one.journal, one.period): (
                (one.missed_before, one.lessons_before),
                (one.missed_after, one.lessons_after),
            )
            for one in of.missed
        },
        progress={
            (one.period, one.class_id): (
                (one.numerator_before, one.denominator_before),
                (one.numerator_after, one.denominator_after),
            )
            for one in of.progress
        },
    )


class History:
    """Random commands of teachers and administration, some of them by whoever has stolen an account."""

    def __init__(self, story: Story, random: Random, stolen: str) -> None:
        """Stand in the tiny school."""
        self.story = story
        self.random = random
        self.stolen = stolen
        self.done: list[str] = []

    def tell(self, commands: int) -> None:
        """Send commands in both phases, from before the account was stolen to after."""
        self.story.send(
            at(8, 0, date(2025, 10, 20)), GrantRole(account=w.BORIS, role="deputy-head", starts=w.TODAY), "head"
        )
        for today, days in PHASES:
            for number in range(commands):
                moment = at(8 if number < commands // 4 else 14, number % 60, today)
                name, command, by = self.one(self.random.choice(days), today)
                with suppress(Refusal):
                    self.story.send(moment, command, by)
                    self.done.append(name)

    def one(self, day: date, today: date) -> tuple[str, Command, str]:
        """Answer a random command."""
        random = self.random
        journal = random.choice((w.JOURNAL, w.JOURNAL, JOURNAL_5B))
        slot, teacher = (w.LESSON_SLOT, "ada") if journal == w.JOURNAL else (SLOT_5B, "boris")
        lesson = {"journal": journal, "day": day, "slot": slot}
        pupil = random.choice(PUPILS[journal])
        cell = {**lesson, "pupil": pupil, "work": random.choice(("oral", "independent"))}
        value = random.choice("2345")
        final = {"journal": journal, "period": "q1", "pupil": pupil}
        absences = [{"pupil": pupil, "kind": random.choice(("absent", "ill", "late"))}]
        other = {w.CLASS_5A: w.CLASS_5B, w.CLASS_5B: w.CLASS_5A}[random.choice(CLASSES)]
        deputy = self.stolen if self.stolen == "deputy" else random.choice(("deputy", "head"))
        makers: dict[str, Callable[[], tuple[dict[str, Any], str]]] = {
            "record-mark": lambda: ({**cell, "value": value}, teacher),
            "correct-mark": lambda: ({**cell, "value": value, "reason": "Описка"}, teacher),
            "withdraw-mark": lambda: ({**cell, "reason": "Не та клетка"}, teacher),
            "take-roll": lambda: ({**lesson, "absences": absences}, teacher),
            "correct-attendance": lambda: (
                {**lesson, "pupil": pupil, "kind": random.choice(("present", "ill", "absent")), "reason": "Справка"},
                teacher,
            ),
            "record-topic": lambda: ({**lesson, "topic": f"Тема {value}"}, teacher),
            "set-homework": lambda: ({**lesson, "homework": {"text": f"№ {value}"}}, teacher),
            "decide-final-mark": lambda: (
                {"journal": journal, "period": "q1", "pupil": pupil, "value": value},
                teacher,
            ),
            "correct-final-mark": lambda: (
                {**final, "value": value, "reason": "Пересчитано"},
                teacher,
            ),
            "move-lesson": lambda: (
                {**lesson, "new_day": random.choice([day, *PHASES[0][1]]), "new_slot": 6, "reason": "Замена"},
                deputy,
            ),
            "cancel-lesson": lambda: ({**lesson, "reason": "Карантин"}, deputy),
            "transfer-pupil": lambda: (
                {"pupil": pupil, "class_id": other, "transferred_on": random.choice((day, today))},
                deputy,
            ),
        }
        name = random.choice((*makers, "record-mark", "record-mark", "take-roll", "decide-final-mark"))
        fields, by = makers[name]()
        return name, made(name, **fields), by

    def report(self) -> None:
        """Report afterwards; the receipts of weeks ago are confirmed by a second person."""
        moment = at(9, 0, date(2025, 11, 10))
        account = {"ada": w.ADA, "deputy": w.DEPUTY}[self.stolen]
        second = "boris" if self.stolen == "deputy" else "deputy"
        report = ReportBreach(breach=BREACH, account=account, learned_at=RECEIVED, what="Пароль подсмотрели")
        sent: list[tuple[BreachCommand | ReportBreach, str]] = [
            (report, "head"),
            (AcknowledgeBreachNotice(breach=BREACH, receiver="head", received_at=RECEIVED), "head"),
            (AcknowledgeBreachNotice(breach=BREACH, receiver="support", received_at=RECEIVED), "helper"),
            (ConfirmBreachNotice(breach=BREACH, receiver="head"), second),
            (ConfirmBreachNotice(breach=BREACH, receiver="support"), "head"),
            (ResetCredentials(breach=BREACH), "head"),
        ]
        for command, by in sent:
            self.story.send(moment, command, by)

    def preview(self) -> Preview:
        """Look at the preview as it is now."""
        school = self.story.tiny.school
        state = fold(BreachState, school.store.read_streams([BREACH]), CATALOGUE)
        assert state.window is not None
        assert state.reported is not None
        upto = school.store.last_position()
        of = Previewed(BREACH, state.reported.account, state, state.window, LIMIT, 0)
        with school.read.snapshot(upto) as snapshot:
            return preview(school.store, snapshot.connection, of, upto=upto)

    def invalidate(self, digest: str) -> None:
        """Two people decide."""
        moment = at(10, 0, date(2025, 11, 10))
        second = "boris" if self.stolen == "deputy" else "deputy"
        self.story.send(moment, ProposeInvalidation(breach=BREACH, digest=digest), "head")
        self.story.send(moment, InvalidateBreach(breach=BREACH, digest=digest), second)
        self.story.tiny.feed()

    def reports(self) -> Reports:
        """Ask the reports as they are now."""
        self.story.tiny.feed()
        with self.story.tiny.school.read.snapshot(self.story.tiny.school.store.last_position()) as snapshot:
            return reports_of(snapshot.connection)


CASES = [
    *(("sqlite", stolen, seed) for stolen in ("ada", "deputy") for seed in range(4)),
    *(("postgres", stolen, 90) for stolen in ("ada", "deputy")),
]


@pytest.mark.parametrize(("database", "stolen", "seed"), CASES)
def test_a_preview_says_what_the_reports_say_after_the_invalidation(
    database: Any, stolen: str, seed: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: PostgresDatabase | None = None
    if database == "postgres":
        postgres = request.getfixturevalue("postgres_database")
    with tiny_school(database, tmp_path, postgres) as tiny:
        history = History(Story(tiny), Random(seed), stolen)
        history.tell(commands=60)
        history.report()
        before = history.reports()
        found = history.preview()
        assert found.events > 0, history.done
        history.invalidate(found.digest)
        assert shown(found) == differences(before, history.reports())
        assert found.differences.progress_left_out == 0
