"""Curricula of a roster, and which classes are taught by them, compared with the school's (C2)."""

from collections.abc import Sequence
from datetime import date

from ejd.imports.roster_file import Curriculum
from ejd.imports.roster_work import Work
from ejd.kernel.events.curricula import CurriculumAdopted, CurriculumLine
from ejd.kernel.states.teaching import ClassState, CurriculumState
from ejd_commands.curricula import AdoptCurriculum, AssignCurriculum, CurriculumLinePart
from ejd_commands.fields import unique_key

__all__ = ["CurriculaPlan"]

NOUN, OF_CLASS = "curriculum", "curriculum of the class"


class CurriculaPlan:
    """Comes after subjects and classes. A curriculum is known by its name in the year; it is adopted whole, or not."""

    def __init__(self, work: Work) -> None:
        self._work = work
        states = work.ground.all("curriculum", CurriculumState)
        adopted = [(stream, one.adopted) for stream, one in states]
        self._named = {
            unique_key(one.name): stream for stream, one in adopted if one is not None and one.year == work.year.id
        }

    def curricula(self) -> None:
        """Adopt, change, or leave as they are; then tell by which of them the classes are taught."""
        for each in self._work.roster.curricula:
            stream = self._adopted(each)
            if stream is not None:
                for key in each.classes:
                    self._assign(each, stream, key)

    def _adopted(self, each: Curriculum) -> str | None:
        """Answer the stream of a curriculum that is, or will be, in the school."""
        work, lines = self._work, self._lines(each)
        if each.broken or lines is None or not lines:
            work.rehearsal.refuse(each.at, "a row of this curriculum is refused, so that it is not brought in at all")
            return None
        stream = self._named.get(unique_key(each.title)) or work.own("curriculum", each.key)
        known = work.ground.load(CurriculumState, stream)
        before = known.adopted
        weeks = each.weeks or (before.weeks if before is not None else AdoptCurriculum.model_fields["weeks"].default)
        command = AdoptCurriculum(
            curriculum=stream,
            year=work.year.id,
            title=each.title if before is None else before.name,
            grades=each.grades,
            profile=each.profile,
            weeks=weeks,
            lines=tuple(lines),
        )
        if before is None or known.ref is None:
            told = f"lines: {len(lines)}"
            return stream if work.rehearsal.send(command, "added", NOUN, each.title, each.at, told) else None
        told = _told(before, command)
        if told and not work.may(ours=work.ground.ours(known.ref)):
            work.rehearsal.keep(NOUN, before.name, each.at, told)
            return stream
        work.rehearsal.send(command, "changed", NOUN, before.name, each.at, told)
        return stream

    def _lines(self, each: Curriculum) -> list[CurriculumLinePart] | None:
        """Answer the lines with the school's subjects; None, and refusals, where one is not there."""
        found: list[CurriculumLinePart] = []
        missing = False
        for line in each.lines:
            subject = self._work.find("subject", line.subject)
            if subject is None:
                self._work.missing(line.at, "subject", "", line.subject)
                missing = True
                continue
            found.append(
                CurriculumLinePart(
                    subject=subject,
                    hours_per_week_hundredths=line.hundredths,
                    hours_per_year=line.yearly,
                    component=line.component,
                    group_kind=line.group_kind,
                )
            )
        return None if missing else found

    def _assign(self, each: Curriculum, curriculum: str, key: str) -> None:
        """A class without a curriculum gets it from the year's first day, another one from the day of the file."""
        work = self._work
        class_id = work.find("class", key)
        if class_id is None:
            work.missing(each.at, "class", "", key)
            return
        state = work.rehearsal.decision.load(ClassState, class_id)
        name = "" if state.formed is None else state.formed.name
        now = _on(state.curricula, work.year.starts)
        if now == curriculum:
            work.rehearsal.same()
            return
        if now and not work.may(ours=not work.ground.ended_by_hand(class_id, "curriculum")):
            work.rehearsal.keep(OF_CLASS, name, each.at, f"the file says {each.title}")
            return
        starts = work.year.starts if now else work.year.first_day
        command = AssignCurriculum(class_id=class_id, curriculum=curriculum, starts=starts)
        work.rehearsal.send(command, "changed" if now else "added", OF_CLASS, name, each.at, each.title)


def _on(curricula: dict[date, str], day: date) -> str:
    return next((curricula[one] for one in sorted(curricula, reverse=True) if one <= day), "")


def _told(before: CurriculumAdopted, command: AdoptCurriculum) -> str:
    """Answer in which respects the file says otherwise, "" where it says the same."""
    after = [line.event(command.weeks) for line in command.lines]
    old, new = _by_place(before.lines), _by_place(after)
    more, less = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    other = sum(old[place] != new[place] for place in old.keys() & new.keys())
    lines = f"lines: {more} added, {other} changed, {less} ended" if more or less or other else ""
    grades = "grades" if tuple(sorted(command.grades)) != before.grades else ""
    profile = "profile" if command.profile != before.profile else ""
    weeks = "weeks" if command.weeks != before.weeks else ""
    order = "order" if not lines and tuple(after) != before.lines else ""
    return "; ".join(part for part in (lines, grades, profile, weeks, order) if part)


def _by_place(lines: Sequence[CurriculumLine]) -> dict[tuple[str, str, str], CurriculumLine]:
    return {(one.subject, one.component, one.group_kind): one for one in lines}
