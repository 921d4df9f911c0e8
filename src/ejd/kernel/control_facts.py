"""What norms for control works ask of a year's timetable, calendar and plans: the same to a command and a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ejd.kernel.control_norms import norms_on
from ejd.kernel.due import schedule_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from ejd.kernel.calendar import Calendar
    from ejd.kernel.due import Schedule
    from ejd.kernel.events.control_works import ControlNorms


class Taught(Protocol):
    """A journal: of which grade, with pupils of which classes, by which bells."""

    @property
    def grade(self) -> int:
        """Of the first class."""
        ...

    @property
    def classes(self) -> Sequence[str]:
        """Their ids."""
        ...

    @property
    def bells(self) -> str:
        """Code of its bell schedule."""
        ...


class YearGround(NamedTuple):
    """Where the answers come from; `plan_hours` are those of a journal's thematic plan, None without one."""

    calendar: Calendar
    adopted: Mapping[date, ControlNorms]
    schedules: Mapping[str, Sequence[Schedule]]
    journals: Mapping[str, Taught]
    plan_hours: Callable[[str], int | None]


class YearFacts:
    """The `Facts` of `ejd.kernel.control_norms` for one academic year."""

    def __init__(self, ground: YearGround) -> None:
        """Note which journals each class is in."""
        self._ground = ground
        self._of_class: dict[str, list[str]] = {}
        for journal, taught in ground.journals.items():
            for class_id in taught.classes:
                self._of_class.setdefault(class_id, []).append(journal)

    @property
    def calendar(self) -> Calendar:
        """The calendar of the year."""
        return self._ground.calendar

    def norms(self, day: date) -> ControlNorms:
        """Answer the norms of a day."""
        return norms_on(self._ground.adopted, day)

    def class_slots(self, class_id: str, day: date) -> set[int]:
        """Answer the slots of all journals that pupils of the class are in."""
        return {slot for journal in self._of_class.get(class_id, ()) for slot in self.journal_slots(journal, day)}

    def journal_slots(self, journal: str, day: date) -> list[int]:
        """Answer the slots of the schedule that counts on the day."""
        taught = self._ground.journals.get(journal)
        if taught is None:
            return []
        number = self.calendar.cycle_day(day, taught.grade, taught.classes)
        schedule = schedule_on(self._ground.schedules.get(journal, ()), day)
        return [] if schedule is None else [one.slot for one in schedule.entries if one.cycle_day == number]

    def lesson_minutes(self, journal: str, slot: int) -> int | None:
        """Answer the time between the bells of the journal's own bell schedule."""
        taught = self._ground.journals.get(journal)
        bell = None if taught is None else self.calendar.bell(taught.bells, slot)
        return None if bell is None else bell.ends - bell.starts

    def once_a_week(self, journal: str, day: date) -> bool:
        """Count the lessons of the cycle by its weeks."""
        schedule = schedule_on(self._ground.schedules.get(journal, ()), day)
        cycle = self.calendar.data.cycle
        return schedule is not None and len(schedule.entries) <= (1 if cycle is None else cycle.weeks)

    def year_hours(self, journal: str) -> int:
        """Answer the hours of the thematic plan, or count the days of the timetable."""
        hours = self._ground.plan_hours(journal)
        if hours is not None:
            return hours
        return sum(len(self.journal_slots(journal, day)) for day in self.calendar.days())
