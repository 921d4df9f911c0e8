"""The plan of control works as a whole: what is planned already, what would be, and the norms that would break (C6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.kernel.command import Refusal
from ejd.kernel.control_norms import Work, find_breaches, in_words, norms_on
from ejd.kernel.due import schedule_on
from ejd.kernel.ids import SCHOOL, timetable_stream
from ejd.kernel.states.school import SchoolState, TimetableState, YearState
from ejd.kernel.states.teaching import ControlWorkState, JournalState
from ejd_commands.lesson_base import opened_journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ejd.kernel.calendar import Calendar
    from ejd.kernel.command import Context
    from ejd.kernel.events.control_works import ControlNorms, ControlWorkPlanned

BREACHES_TOLD_MAX = 20
"""Breaches that a refusal lists; all are counted."""


class NormsBroken(Refusal):
    """The plan of control works would break norms that the school enforces."""


class PlanFacts:
    """What the norms ask of the timetable, calendar and plans of a year, for the command in hand."""

    def __init__(self, context: Context, year: str) -> None:
        """Load the timetable with all journals that it has."""
        self.calendar: Calendar = context.load(YearState, year).calendar
        self._adopted = context.load(SchoolState, SCHOOL).control_norms
        self._schedules = context.load(TimetableState, timetable_stream(year)).schedules
        ids = sorted(self._schedules)
        self.journals = dict(zip(ids, context.load_many(JournalState, ids), strict=True))
        self._of_class: dict[str, list[str]] = {}
        for journal, state in self.journals.items():
            for class_id in () if state.opened is None else state.opened.classes:
                self._of_class.setdefault(class_id, []).append(journal)

    def norms(self, day: date) -> ControlNorms:
        """Answer the norms of a day."""
        return norms_on(self._adopted, day)

    def class_slots(self, class_id: str, day: date) -> set[int]:
        """Answer the slots of all journals that pupils of the class are in."""
        return {slot for journal in self._of_class.get(class_id, ()) for slot in self.journal_slots(journal, day)}

    def journal_slots(self, journal: str, day: date) -> list[int]:
        """Answer the slots of the schedule that counts on the day."""
        state = self.journals.get(journal)
        if state is None or state.opened is None:
            return []
        number = self.calendar.cycle_day(day, state.opened.grade, state.opened.classes)
        schedule = schedule_on(self._schedules[journal], day)
        return [] if schedule is None else [one.slot for one in schedule.entries if one.cycle_day == number]

    def once_a_week(self, journal: str, day: date) -> bool:
        """Count the lessons of the cycle by its weeks."""
        schedule = schedule_on(self._schedules.get(journal, ()), day)
        cycle = self.calendar.data.cycle
        return schedule is not None and len(schedule.entries) <= (1 if cycle is None else cycle.weeks)

    def year_hours(self, journal: str) -> int:
        """Add up the thematic plan, or count the days of the timetable."""
        state = self.journals.get(journal)
        if state is not None and state.plan:
            return sum(topic.hours for topic in state.plan.values())
        return sum(len(self.journal_slots(journal, day)) for day in self.calendar.days())


def check_norms(context: Context, new: Mapping[str, ControlWorkPlanned]) -> None:
    """Raise NormsBroken when a work that is new, by its stream, is in a breach that the school's norms refuse.

    The works of each academic year are looked at together, with all that are planned for their classes and parallels.
    """
    adopted = context.load(SchoolState, SCHOOL).control_norms
    if not any(norms_on(adopted, work.day).errors for work in new.values()):
        return
    by_year: dict[str, dict[str, ControlWorkPlanned]] = {}
    for stream, work in new.items():
        by_year.setdefault(opened_journal(context, work.journal).year, {})[stream] = work
    broken: list[str] = []
    for year, own in by_year.items():
        facts = PlanFacts(context, year)
        works = _planned(context, facts, own) + [_work(context, stream, one) for stream, one in own.items()]
        found = [one for one in find_breaches(works, facts, about=own) if one.severity == "error"]
        broken += [in_words(one) for one in found]
    if broken:
        told = "; ".join(broken[:BREACHES_TOLD_MAX])
        msg = (
            f"{len(broken)} norm(s) would be broken: {told}. Choose other days or lessons, or change the school's norms"
        )
        raise NormsBroken(msg)


def _work(context: Context, stream: str, planned: ControlWorkPlanned) -> Work:
    opened = opened_journal(context, planned.journal)
    kind = context.load(SchoolState, SCHOOL).work_kinds.get(planned.work)
    return Work(
        id=stream,
        journal=planned.journal,
        subject=opened.subject,
        grade=opened.grade,
        classes=opened.classes,
        day=planned.day,
        slot=planned.slot,
        lessons=planned.lessons,
        title=planned.title,
        written=kind is not None and kind.written,
    )


def _planned(context: Context, facts: PlanFacts, new: Mapping[str, ControlWorkPlanned]) -> list[Work]:
    """Answer the works that are planned for the classes and parallels of the new ones, without those."""
    opened = [opened_journal(context, one.journal) for one in new.values()]
    classes = {class_id for one in opened for class_id in one.classes}
    parallels = {(one.subject, one.grade) for one in opened}
    own = {one.journal for one in new.values()}
    near = [
        journal
        for journal, state in facts.journals.items()
        if state.opened is not None
        and (not classes.isdisjoint(state.opened.classes) or (state.opened.subject, state.opened.grade) in parallels)
    ]
    streams = [
        stream
        for journal in dict.fromkeys((*near, *own))
        for stream in context.streams_of(journal, "control-work")
        if stream not in new
    ]
    found = []
    for stream, state in zip(streams, context.load_many(ControlWorkState, streams), strict=True):
        if state.planned is not None and state.day is not None and not state.cancelled:
            found.append(_work(context, stream, _as_it_is(state.planned, state.day, state.slot)))
    return found


def _as_it_is(planned: ControlWorkPlanned, day: date, slot: int | None) -> ControlWorkPlanned:
    return type(planned)(
        journal=planned.journal,
        day=day,
        title=planned.title,
        form=planned.form,
        work=planned.work,
        slot=slot,
        lessons=planned.lessons,
    )
