"""Judging one lesson's entries against the regulation, and adding lessons up; pure, asked by `fill_completeness`.

Each entry that a lesson owes is in one of four states: on time, late, missing, or still in its term. Timeliness is
judged by the server's recorded time of the first entry, so that back-dating shows (rules.md, journals, M).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

from ejd.kernel.calendar import local_day, zone
from ejd.kernel.events.school import Regulation
from ejd.kernel.policies import deadline
from ejd_projections.figures import Percent, percent
from ejd_projections.school_catalogue import regulation_on

Part: TypeAlias = Literal["lesson", "roll", "topic", "homework"]
"""What a lesson owes; `lesson`: that it is recorded at all, by its topic or its roll."""
State: TypeAlias = Literal["on-time", "late", "missing", "in-term"]

COMPLETENESS = {
    "lesson": "lessons recorded (topic or roll) / lessons due × 100 %",
    "roll": "lessons with the roll taken / lessons due × 100 %",
    "topic": "lessons with the topic filled / lessons due × 100 %",
    "homework": "lessons with the homework filled (or «none is set» said) / lessons due × 100 %",
}
TIMELINESS = {
    "lesson": "lessons first recorded within the term / (lessons due - not recorded, term still runs) × 100 %",
    "roll": "rolls taken within the term / (lessons due - not taken, term still runs) × 100 %",
    "topic": "topics first filled within the term / (lessons due - not filled, term still runs) × 100 %",
    "homework": "homework first filled within the term / (lessons due - not filled, term still runs) × 100 %",
}
MARKED = "lessons with at least one mark / lessons due in journals that have marks × 100 %"
WRITTEN_BEGUN = "written works whose first mark was entered within the kind's days / written works with marks × 100 %"
WRITTEN_WHOLE = (
    "written works all marks of which were entered within the kind's days / written works with marks × 100 %"
)


@dataclass(slots=True)
class Filling:
    """How one thing that every lesson owes was filled. `due` = `on_time` + `late` + `missing`.

    `in_term` are those of the missing whose term still runs. `late_days` adds up the days by which the late ones
    passed their term, `late_days_max` is the worst.
    """

    due: int
    filled: int
    on_time: int
    late: int
    missing: int
    in_term: int
    late_days: int
    late_days_max: int
    completeness: Percent
    timeliness: Percent


@dataclass(slots=True)
class MarksEntered:
    """Marks that stand in the lessons counted, and whether written work was marked in its term.

    A written work is one kind of written work in one lesson; it counts once it has a mark.
    """

    marks: int
    lessons: Percent
    written_begun: Percent
    written_whole: Percent


class Entry(NamedTuple):
    """One thing a lesson owes: when it was first entered (microseconds UTC, None: it is not there), and how late.

    `days_late` counts days past the term: to the entry, or to now while it is missing; 0 in the term.
    """

    state: State
    at: int | None
    days_late: int


class WrittenWork(NamedTuple):
    """First and newest entry of the marks of one kind of written work in one lesson."""

    first_at: int
    newest_at: int
    mark_days: int


class Judged(NamedTuple):
    """One lesson as it counts; `markable`: its journal has marks at all (the first grade has none, A7)."""

    parts: dict[Part, Entry]
    markable: bool
    marks: int
    written_begun: int
    written_whole: int
    written: int


class Judge:
    """Knows the regulations by date, the school's time zone and what time it is."""

    def __init__(self, now: int, timezone: str, adopted: list[tuple[str, Regulation]]) -> None:
        """`now` is microseconds UTC; what is asked once of a date is kept."""
        self.now = now
        self.timezone = timezone
        self.today = local_day(now, timezone)
        self._adopted = adopted
        self._regulations: dict[str, Regulation] = {}
        self._deadlines: dict[tuple[str, int], int] = {}

    def parts(
        self, day: str, *, topic_at: int | None, roll_at: int | None, homework_at: int | None
    ) -> dict[Part, Entry]:
        """Answer the entries of a lesson that takes place on a day, by the regulation in force on it.

        The lesson is recorded with the first of topic and roll and has that one's term; while it has neither, the
        longer of the two terms runs.
        """
        rules = self._regulation(day)
        terms = [(at, -days) for at, days in ((topic_at, rules.topic_days), (roll_at, rules.roll_days)) if at]
        first_at, term = min(terms, default=(None, -max(rules.topic_days, rules.roll_days)))
        return {
            "lesson": self._entry(first_at, day, -term),
            "roll": self._entry(roll_at, day, rules.roll_days),
            "topic": self._entry(topic_at, day, rules.topic_days),
            "homework": self._entry(homework_at, day, rules.homework_days),
        }

    def in_term(self, at: int, day: str, days: int) -> bool:
        """Answer whether something was entered before the deadline `days` after a lesson's day."""
        return at < self._deadline(day, days)

    def clock(self, at: int) -> str:
        """Answer a recorded time as ISO text in the school's time zone, to the second."""
        return datetime.fromtimestamp(at // 1_000_000, tz=zone(self.timezone)).isoformat()

    def _entry(self, at: int | None, day: str, days: int) -> Entry:
        last_moment = self._deadline(day, days)
        if (self.now if at is None else at) < last_moment:
            return Entry("in-term" if at is None else "on-time", at, 0)
        last_day = date.fromisoformat(day) + timedelta(days=days)
        if at is None:
            return Entry("missing", None, (self.today - last_day).days)
        return Entry("late", at, (local_day(at, self.timezone) - last_day).days)

    def _regulation(self, day: str) -> Regulation:
        if day not in self._regulations:
            self._regulations[day] = regulation_on(self._adopted, day)
        return self._regulations[day]

    def _deadline(self, day: str, days: int) -> int:
        if (day, days) not in self._deadlines:
            self._deadlines[day, days] = deadline(date.fromisoformat(day), days, self.timezone)
        return self._deadlines[day, days]


def filling(part: Part, lessons: Sequence[Judged]) -> Filling:
    """Answer how one thing was filled in lessons."""
    entries = [lesson.parts[part] for lesson in lessons]
    late = [one.days_late for one in entries if one.state == "late"]
    on_time = sum(one.state == "on-time" for one in entries)
    in_term = sum(one.state == "in-term" for one in entries)
    due, filled = len(entries), on_time + len(late)
    return Filling(
        due=due,
        filled=filled,
        on_time=on_time,
        late=len(late),
        missing=due - filled,
        in_term=in_term,
        late_days=sum(late),
        late_days_max=max(late, default=0),
        completeness=percent(COMPLETENESS[part], filled, due),
        timeliness=percent(TIMELINESS[part], on_time, due - in_term),
    )


def marks_entered(lessons: Sequence[Judged]) -> MarksEntered:
    """Answer how marks were entered in lessons."""
    markable = [one for one in lessons if one.markable]
    written = sum(one.written for one in markable)
    return MarksEntered(
        marks=sum(one.marks for one in markable),
        lessons=percent(MARKED, sum(one.marks > 0 for one in markable), len(markable)),
        written_begun=percent(WRITTEN_BEGUN, sum(one.written_begun for one in markable), written),
        written_whole=percent(WRITTEN_WHOLE, sum(one.written_whole for one in markable), written),
    )
