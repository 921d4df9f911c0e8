"""The gradebook of a OneRoster export: kinds of work, line items of lessons and of final marks, results, scales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from ejd.exports.oneroster import Cell, Row
from ejd.exports.oneroster_people import Roster, of
from ejd.kernel.calendar import local_day
from ejd.kernel.events.school import GradingSystem
from ejd.kernel.ids import SCHOOL
from ejd.kernel.policies import grade_value
from ejd_projections.final_marks import FinalMarkRow, final_marks_in
from ejd_projections.journal_catalogue import Journal
from ejd_projections.marks_by_lesson import MarkedWork, marks_given, works_marked
from ejd_projections.school_catalogue import WorkKindRow, kinds_of_work, systems_of_grading

JOURNALS_AT_ONCE = 20
FINAL = "final"
FINAL_TITLES: Mapping[str, str] = {"year": "Год", "exam": "Экзамен", "overall": "Итог"}
FINAL_CATEGORY = "Итоговая отметка"
HEAVIEST = 100
"""Weights of the standard are whole percentages: the heaviest kind of work has 100."""
GRADED, EXEMPT = "fully graded", "exempt"


class Gradebook:
    """The marks of a roster; journals are read a few at a time."""

    def __init__(self, roster: Roster, timezone: str) -> None:
        """Read what the school calls its kinds of work, and its scales."""
        self._roster, self._timezone = roster, timezone
        self._kinds = kinds_of_work(roster.c)
        self._systems = systems_of_grading(roster.c)
        self._periods = {one.code: one for one in roster.year.periods}

    def categories(self) -> Iterator[Row]:
        """Yield the kinds of work, those that the school no longer lists too, and final marks."""
        heaviest = max((kind.weight for kind in self._kinds.values()), default=HEAVIEST) or HEAVIEST
        for code, kind in self._kinds.items():
            yield _category(code), {"title": kind.name, "weight": round(kind.weight * HEAVIEST / heaviest)}
        strange: dict[str, None] = {}
        for journals in self._journals():
            found = works_marked(self._roster.c, [one.id for one in journals])
            strange |= dict.fromkeys(one.work for one in found if one.work not in self._kinds)
        for code in sorted(strange):
            yield _category(code), {"title": code}
        yield _category(FINAL, "period"), {"title": FINAL_CATEGORY}

    def line_items(self) -> Iterator[Row]:
        """Yield one for each kind of work marked in a lesson, and for each period's final marks."""
        for journals in self._journals():
            by_id = {one.id: one for one in journals}
            for work in works_marked(self._roster.c, list(by_id)):
                yield self._of_lesson(by_id[work.journal], work)
            last: tuple[str, str] | None = None
            for mark in final_marks_in(self._roster.c, list(by_id)):
                if (mark.journal, mark.period) != last:
                    last = (mark.journal, mark.period)
                    yield self._of_period(by_id[mark.journal], mark.period)

    def _of_lesson(self, journal: Journal, work: MarkedWork) -> Row:
        day = date.fromisoformat(work.day)
        kind = self._kinds.get(work.work)
        number = f" ({work.number})" if work.number > 1 else ""
        return (
            _item(work.lesson, work.work, work.number),
            {
                "title": f"{_name(kind, work.work)}{number}, {day:%d.%m.%Y}, урок {work.slot}",
                "description": work.topic or "",
                "assignDate": day,
                "dueDate": day,
                "classSourcedId": journal.id,
                "categorySourcedId": _category(work.work),
                "academicSessionSourcedId": self._roster.session_on(journal.scheme, work.day),
                **self._bounds(journal),
                "schoolSourcedId": SCHOOL,
            },
        )

    def _of_period(self, journal: Journal, code: str) -> Row:
        period = self._periods.get(code)
        last = self._roster.year.last_day if period is None else period.last_day
        name = FINAL_TITLES.get(code, code) if period is None else period.name
        return (
            of(journal.id, FINAL, code),
            {
                "title": f"{FINAL_CATEGORY}: {name}",
                "assignDate": date.fromisoformat(last),
                "dueDate": date.fromisoformat(last),
                "classSourcedId": journal.id,
                "categorySourcedId": _category(FINAL, "period"),
                "academicSessionSourcedId": self._roster.session_on(journal.scheme, last),
                **self._bounds(journal),
                "schoolSourcedId": SCHOOL,
            },
        )

    def _bounds(self, journal: Journal) -> Mapping[str, Cell]:
        system = self._systems.get(journal.grading_system)
        if system is None:
            return {}
        points = [one.points for one in system.values if one.points is not None]
        if system.scale == "range":
            points += [system.lowest, system.highest]
        return {"resultValueMin": min(points), "resultValueMax": max(points)} if points else {}

    def results(self) -> Iterator[Row]:
        """Yield one for each mark, in the order of the line items."""
        for journals in self._journals():
            by_id = {one.id: one for one in journals}
            for mark in marks_given(self._roster.c, list(by_id)):
                item = _item(mark.lesson, mark.work, mark.number)
                yield self._result(item, by_id[mark.journal], mark.pupil, mark.value, mark.recorded_at)
            for final in final_marks_in(self._roster.c, list(by_id)):
                yield self._final(by_id[final.journal], final)

    def _final(self, journal: Journal, mark: FinalMarkRow) -> Row:
        return self._result(of(journal.id, FINAL, mark.period), journal, mark.pupil, mark.value, mark.recorded_at)

    def _result(self, item: str, journal: Journal, pupil: str, value: str, recorded_at: int) -> Row:
        system = self._systems.get(journal.grading_system)
        known = None if system is None else grade_value(system, value)
        exempt = known is not None and known.level is None and not known.counts
        return (
            of(item, pupil),
            {
                "lineItemSourcedId": item,
                "studentSourcedId": pupil,
                "scoreStatus": EXEMPT if exempt else GRADED,
                "score": None if known is None else known.points,
                "scoreDate": local_day(recorded_at, self._timezone),
                "textScore": value,
                "classSourcedId": journal.id,
            },
        )

    def score_scales(self) -> Iterator[Row]:
        """Yield the scale of each journal that has marks: value to level, points to level."""
        for journal in self._roster.journals:
            system = self._systems.get(journal.grading_system)
            values = [] if system is None else list(_scale(system))
            if system is not None and values:
                yield (
                    of(journal.id, "scale"),
                    {
                        "title": system.name,
                        "type": system.code,
                        "orgSourcedId": SCHOOL,
                        "courseSourcedId": journal.subject,
                        "classSourcedId": journal.id,
                        "scoreScaleValue": values,
                    },
                )

    def _journals(self) -> Iterator[Sequence[Journal]]:
        every = self._roster.journals
        for start in range(0, len(every), JOURNALS_AT_ONCE):
            yield every[start : start + JOURNALS_AT_ONCE]


def _category(code: str, *more: str) -> str:
    return of(SCHOOL, "work", code, *more)


def _item(lesson: str, work: str, number: int) -> str:
    return of(lesson, work, str(number))


def _name(kind: WorkKindRow | None, code: str) -> str:
    return code if kind is None else kind.name


def _scale(system: GradingSystem) -> Iterator[str]:
    """Yield {mark:level}; a range as {lowest-highest:level}. Marks with signs of the list itself are left out."""
    for one in system.values:
        if one.level is not None and not set(one.value) & set("{}:,"):
            yield f"{{{one.value}:{one.level}}}"
    bands = sorted(system.bands, key=lambda one: one.lowest)
    for place, band in enumerate(bands):
        highest = bands[place + 1].lowest - 1 if place + 1 < len(bands) else system.highest
        yield f"{{{band.lowest}-{highest}:{band.level}}}"
