"""The academic year that a roster is for: found by name or days, opened when the file tells one that is not there."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple, Self

from ejd.imports.roster_file import At, Roster, Session
from ejd.imports.roster_ground import RosterGround
from ejd.imports.roster_rehearsal import RosterRehearsal
from ejd.imports.safe_xml import ImportRefused, shown
from ejd.imports.titles import title
from ejd.imports.year_plan import BREAK_MINUTES, FIRST_LESSON_MINUTES, HALF_YEARS, LESSON_MINUTES, half_years
from ejd.kernel.calendar import CalendarData
from ejd.kernel.states.school import YearState
from ejd.kernel.states.teaching import ClassState, CurriculumState
from ejd_commands.fields import unique_key
from ejd_commands.years import (
    PERIODS_MAX,
    BellPart,
    DefineBellSchedule,
    DefineGradingPeriods,
    GradingPeriodPart,
    OpenAcademicYear,
)

__all__ = ["RosterYear", "WantedYear", "plan_year"]

STANDARD_BELLS: Final = "standard"
STANDARD_SLOTS: Final = 8
SCHEMES: Final = {2: "half-years", 3: "trimesters", 4: "quarters"}
_HERE: Final = At("", "", 0)


class WantedYear(NamedTuple):
    """What whoever imports says of the year; None: as the file or the school has it."""

    name: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    starts: date | None = None

    @classmethod
    def of(cls, name: str | None, *days: str | None) -> Self:
        """Answer it from days as ISO text: first and last day of the year, day from which the file counts."""
        return cls(name, *(None if each is None else date.fromisoformat(each) for each in days))


class RosterYear(NamedTuple):
    """The year with what its classes are given unless they have it; `starts`: the day from which changes count."""

    id: str
    title: str
    first_day: date
    last_day: date
    starts: date
    scheme: str
    bells: str
    schemes: frozenset[str] = frozenset()
    """All schemes that the year has; a class of the file may name one of them."""

    def day(self, wanted: date | None) -> date:
        """Answer a day of the file within the year, else the day from which changes count."""
        return self.starts if wanted is None or not self.first_day <= wanted <= self.last_day else wanted


def plan_year(  # noqa: PLR0913 - what a year follows from
    ground: RosterGround, rehearsal: RosterRehearsal, roster: Roster, wanted: WantedYear, today: date, notes: list[str]
) -> RosterYear:
    """Answer the year, and take the commands that open it; raises ImportRefused where no year can be told."""
    known = _known(ground, roster, wanted, today)
    if known is None:
        stream, name, first, last = _new(ground, roster, wanted)
        _send(
            rehearsal, OpenAcademicYear(year=stream, title=name, first_day=first, last_day=last), "academic year", name
        )
        data = CalendarData()
    else:
        stream, data = known
        name = data.name
        first, last = _bounds(data)
    schemes = set(data.schemes) or set(_own_schemes(rehearsal, roster, stream))
    scheme = next(iter(data.schemes), min(schemes, default=""))
    if not scheme:
        scheme, periods = _periods(roster, first, last, notes)
        command = DefineGradingPeriods(year=stream, scheme=scheme, periods=periods)
        if not rehearsal.send(command, "added", "grading periods", scheme, _HERE):
            scheme = HALF_YEARS
            _send(
                rehearsal, DefineGradingPeriods(year=stream, scheme=scheme, periods=half_years(first, last)), "", scheme
            )
    bells = next(iter(data.bells), "")
    if not bells:
        bells = STANDARD_BELLS
        command_bells = DefineBellSchedule(year=stream, code=bells, title="Звонки", bells=_bells())
        _send(rehearsal, command_bells, "bell schedule", bells)
        notes.append(
            "The file has no bells: lessons of 45 minutes from 8:00 on are defined, correct them for the school."
        )
    starts = wanted.starts or _starts(ground, stream, first, last, today)
    if not first <= starts <= last:
        raise ImportRefused(f"{starts:%d.%m.%Y} is outside the academic year {shown(name)}: choose a day of it.")
    return RosterYear(stream, name, first, last, starts, scheme, bells, frozenset(schemes))


def _own_schemes(rehearsal: RosterRehearsal, roster: Roster, year: str) -> Iterator[str]:
    """Yield the schemes of grading periods that an export of ours names, as they are defined."""
    found: dict[str, list[GradingPeriodPart]] = {}
    for each in sorted(roster.sessions, key=lambda one: one.first_day):
        if each.scheme and each.code and not each.gone:
            part = GradingPeriodPart(
                code=each.code, title=title(each.title), first_day=each.first_day, last_day=each.last_day
            )
            found.setdefault(each.scheme, []).append(part)
    for scheme, periods in found.items():
        if len(periods) <= PERIODS_MAX:
            command = DefineGradingPeriods(year=year, scheme=scheme, periods=tuple(periods))
            if rehearsal.send(command, "added", "grading periods", scheme, _HERE):
                yield scheme


def _send(
    rehearsal: RosterRehearsal,
    command: OpenAcademicYear | DefineGradingPeriods | DefineBellSchedule,
    noun: str,
    name: str,
) -> None:
    if not rehearsal.send(command, "added", noun, name, _HERE):
        raise ImportRefused(f"The academic year cannot be opened: {rehearsal.refusals[-1].reason}.")


def _starts(ground: RosterGround, year: str, first: date, last: date, today: date) -> date:
    """Answer the first day for the first roster of a source in a year, later today: what was before stays so."""
    brought = (formed.formed for stream, formed in _classes(ground) if stream in ground.brought)
    adopted = (one.adopted for stream, one in ground.all("curriculum", CurriculumState) if stream in ground.brought)
    if any(each is not None and each.year == year for each in (*brought, *adopted)):
        return min(max(today, first), last)
    return first


def _classes(ground: RosterGround) -> list[tuple[str, ClassState]]:
    return list(ground.all("class", ClassState))


def _known(ground: RosterGround, roster: Roster, wanted: WantedYear, today: date) -> tuple[str, CalendarData] | None:
    years = [(stream, state.data) for stream, state in ground.all("year", YearState)]
    if wanted.name is not None:
        key = unique_key(" ".join(wanted.name.split()))
        return next((each for each in years if unique_key(each[1].name) == key), None)
    if roster.sessions:
        session = _whole(roster.sessions)
        same = [each for each in years if _overlap(each[1], session) > (session[1] - session[0]).days // 2]
        return same[0] if len(same) == 1 else None
    now = [each for each in years if each[1].last_day is not None and each[1].last_day >= today]
    if len(now) == 1:
        return now[0]
    names = ", ".join(shown(data.name) for _, data in years) or "none yet"
    raise ImportRefused(f"Say which academic year the file is for (--year 2026/27); the school has {names}.")


def _overlap(data: CalendarData, span: tuple[date, date]) -> int:
    if data.first_day is None or data.last_day is None:
        return 0
    return (min(data.last_day, span[1]) - max(data.first_day, span[0])).days


def _bounds(data: CalendarData) -> tuple[date, date]:
    assert data.first_day is not None  # noqa: S101 - a year that is open has its days
    assert data.last_day is not None  # noqa: S101 - as before
    return data.first_day, data.last_day


def _new(ground: RosterGround, roster: Roster, wanted: WantedYear) -> tuple[str, str, date, date]:
    if wanted.first_day is not None and wanted.last_day is not None:
        first, last = wanted.first_day, wanted.last_day
    elif roster.sessions:
        first, last = _whole(roster.sessions)
    else:
        name = "" if wanted.name is None else f" {shown(wanted.name)}"
        raise ImportRefused(f"There is no academic year{name} here: open it first, or give its days (--from, --to).")
    short = f"{first.year}" if first.year == last.year else f"{first.year}/{last.year % 100:02d}"
    name = title(wanted.name or short)
    return ground.source.entity("year", name), name, first, last


def _whole(sessions: Sequence[Session]) -> tuple[date, date]:
    """Answer the days of the newest school year with all its parts, or of all sessions where there is none."""
    alive = [each for each in sessions if not each.gone] or list(sessions)
    years = sorted((each for each in alive if each.kind == "schoolYear"), key=lambda each: each.last_day)
    if not years:
        return min(each.first_day for each in alive), max(each.last_day for each in alive)
    newest = years[-1]
    parts = [each for each in alive if each.first_day <= newest.last_day and each.last_day >= newest.first_day]
    return min(each.first_day for each in parts), max(each.last_day for each in parts)


def _periods(roster: Roster, first: date, last: date, notes: list[str]) -> tuple[str, tuple[GradingPeriodPart, ...]]:
    """Answer the grading periods of the file, the finest kind that follows one another; else two half-years."""
    for kind in ("gradingPeriod", "term", "semester"):
        days = {
            (each.first_day, each.last_day): each for each in roster.sessions if each.kind == kind and not each.gone
        }
        found = [days[key] for key in sorted(days) if first <= key[0] and key[1] <= last]
        follow = all(before.last_day < after.first_day for before, after in pairwise(found))
        if 1 < len(found) <= max(SCHEMES) and follow:
            titles = Counter(each.title for each in found)
            return SCHEMES[len(found)], tuple(
                GradingPeriodPart(
                    code=f"{'q' if len(found) == max(SCHEMES) else 'p'}{number}",
                    title=title(each.title if titles[each.title] == 1 else f"{each.title} {number}"),
                    first_day=each.first_day,
                    last_day=each.last_day,
                )
                for number, each in enumerate(found, start=1)
            )
    notes.append(
        "The file tells no grading periods that follow one another: the year has two half-years, correct them."
    )
    return HALF_YEARS, half_years(first, last)


def _bells() -> tuple[BellPart, ...]:
    step = LESSON_MINUTES + BREAK_MINUTES
    starts = [FIRST_LESSON_MINUTES + step * place for place in range(STANDARD_SLOTS)]
    return tuple(
        BellPart(slot=slot, starts=start, ends=start + LESSON_MINUTES) for slot, start in enumerate(starts, start=1)
    )
