"""The plan of control works as a whole: what is planned already, what would be, and the norms that would break (C6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.kernel.command import Refusal
from ejd.kernel.control_facts import YearFacts, YearGround
from ejd.kernel.control_norms import Work, find_breaches, in_words, norms_on
from ejd.kernel.ids import SCHOOL, timetable_stream
from ejd.kernel.states.school import SchoolState, TimetableState, YearState
from ejd.kernel.states.teaching import ControlWorkState, JournalState
from ejd_commands.lesson_base import opened_journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ejd.kernel.command import Context
    from ejd.kernel.events.control_works import ControlWorkPlanned

BREACHES_TOLD_MAX = 20
"""Breaches that a refusal lists; all are counted."""


class NormsBroken(Refusal):
    """The plan of control works would break norms that the school enforces."""


class PlanFacts(YearFacts):
    """The facts of a year for the command in hand."""

    def __init__(self, context: Context, year: str) -> None:
        """Load the timetable with all journals that it has."""
        schedules = context.load(TimetableState, timetable_stream(year)).schedules
        ids = sorted(schedules)
        states = dict(zip(ids, context.load_many(JournalState, ids), strict=True))
        self.journals = {journal: state.opened for journal, state in states.items() if state.opened is not None}

        def plan_hours(journal: str) -> int | None:
            """Answer None for a journal without lessons in the timetable too."""
            plan = states[journal].plan if journal in states else {}
            return sum(topic.hours for topic in plan.values()) if plan else None

        calendar = context.load(YearState, year).calendar
        adopted = context.load(SchoolState, SCHOOL).control_norms
        super().__init__(YearGround(calendar, adopted, schedules, self.journals, plan_hours))


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
        for journal, one in facts.journals.items()
        if not classes.isdisjoint(one.classes) or (one.subject, one.grade) in parallels
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
