"""Rows of the list of curricula become whole curricula: a row is a subject, what is of the plan may stand once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

from ejd.imports.roster_file import Curriculum, CurriculumHours, Refused
from ejd.imports.sheet_words import COMPONENTS, LINE_KINDS
from ejd.imports.sheets import ListRow
from ejd.imports.tables import heading_key
from ejd.imports.titles import title
from ejd_commands.curricula import GRADES_MAX, HUNDRED, LINES_MAX, WEEK_HOURS_HUNDREDTHS_MAX, WEEKS_MAX, YEAR_HOURS_MAX
from ejd_commands.fields import GRADE_MAX, SHORT_CHARACTERS_MAX, unique_key

__all__ = ["CurriculaReader"]

CURRICULA_MAX: Final = 500
"""Of a year: eleven grades with some profiles each have a few dozen."""
OF_THE_PLAN: Final = ("grades", "profile", "weeks")


@dataclass
class _Plan:
    """What the rows of one curriculum say so far."""

    first: ListRow
    title: str
    said: dict[str, str] = field(default_factory=dict)
    lines: dict[tuple[str, str, str], CurriculumHours] = field(default_factory=dict)
    classes: dict[str, None] = field(default_factory=dict)
    broken: bool = False


class CurriculaReader:
    """Takes the rows one after another; `curricula` answers the whole plans."""

    def __init__(self, refusals: list[Refused], class_key_of: Callable[[str], str]) -> None:
        self._refusals, self._class_key_of = refusals, class_key_of
        self._plans: dict[str, _Plan] = {}

    def take(self, row: ListRow, classes: Sequence[str]) -> None:
        """Take a row; what is wrong with it is refused, and the whole plan is not brought in."""
        name = title(row.texts.get("curriculum", ""))
        key = unique_key(name)
        if not row.texts.get("curriculum"):
            self._refusals.append(row.refuse("this cell is empty", "curriculum"))
            return
        if key not in self._plans and len(self._plans) >= CURRICULA_MAX:
            self._refusals.append(row.refuse(f"a file has at most {CURRICULA_MAX} curricula", "curriculum"))
            return
        plan = self._plans.setdefault(key, _Plan(row, name))
        wrong = self._of_plan(plan, row) or self._line(plan, row)
        if wrong is not None:
            plan.broken = True
            self._refusals.append(row.refuse(*wrong))
        for each in classes:
            plan.classes[self._class_key_of(each)] = None

    def curricula(self) -> tuple[Curriculum, ...]:
        """Answer the plans in the order of the file."""
        return tuple(
            Curriculum(
                key=key,
                at=plan.first.at,
                title=plan.title,
                grades=tuple(sorted({int(one) for one in plan.said.get("grades", "").split(",") if one})),
                profile=plan.said.get("profile", ""),
                weeks=int(plan.said["weeks"]) if "weeks" in plan.said else None,
                lines=tuple(plan.lines.values()),
                classes=tuple(plan.classes),
                broken=plan.broken,
            )
            for key, plan in self._plans.items()
        )

    def _of_plan(self, plan: _Plan, row: ListRow) -> tuple[str, str] | None:
        """Note what a row says of its whole plan; answer what is wrong with it, and in which column."""
        for name in OF_THE_PLAN:
            text = row.texts.get(name, "")
            if not text:
                continue
            said = _plan_value(name, text)
            if said is None:
                return _WRONG[name], name
            if plan.said.setdefault(name, said) != said:
                return "an earlier row of this curriculum says otherwise", name
        return None

    def _line(self, plan: _Plan, row: ListRow) -> tuple[str, str] | None:
        texts = row.texts
        for needed in ("subject", "hours"):
            if not texts.get(needed):
                return "this cell is empty", needed
        hundredths, yearly = _hundredths(texts["hours"]), texts.get("yearly", "")
        component = COMPONENTS.get(heading_key(texts.get("component", "обязательная часть")))
        kind = LINE_KINDS.get(heading_key(texts.get("line_kind", "класс")))
        if hundredths is None:
            return f"hours a week are a number from 0,01 to {WEEK_HOURS_HUNDREDTHS_MAX // HUNDRED}", "hours"
        if yearly and not _whole(yearly, YEAR_HOURS_MAX):
            return f"hours a year are a whole number from 1 to {YEAR_HOURS_MAX}", "yearly"
        if component is None:
            return f"one of these is known: {', '.join(COMPONENTS)}", "component"
        if kind is None:
            return f"one of these is known: {', '.join(LINE_KINDS)}", "line_kind"
        if len(plan.lines) >= LINES_MAX:
            return f"a curriculum has at most {LINES_MAX} lines", "subject"
        subject = title(texts["subject"]).casefold()
        line = CurriculumHours(
            at=row.at,
            subject=subject,
            hundredths=hundredths,
            yearly=int(yearly) if yearly else None,
            component=component,
            group_kind=kind,
        )
        if plan.lines.setdefault((subject, component, kind), line) is not line:
            return "this subject stands in the curriculum twice, in one part and kind", "subject"
        return None


_WRONG: Final = {
    "grades": f"these are no years of schooling from 1 to {GRADE_MAX}, divided by commas",
    "profile": f"a profile has at most {SHORT_CHARACTERS_MAX} characters",
    "weeks": f"weeks of a year are a whole number from 1 to {WEEKS_MAX}",
}


def _plan_value(name: str, text: str) -> str | None:
    """Answer what a cell says in one form, None for what it cannot say."""
    if name == "profile":
        return text if len(text) <= SHORT_CHARACTERS_MAX and text.isprintable() else None
    if name == "weeks":
        return text if _whole(text, WEEKS_MAX) else None
    grades = [one.strip() for one in text.replace(";", ",").split(",") if one.strip()]
    fit = 0 < len(grades) <= GRADES_MAX and all(_whole(one, GRADE_MAX) for one in grades)
    return ",".join(sorted(set(grades), key=int)) if fit else None


def _whole(text: str, most: int) -> bool:
    return text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= most


def _hundredths(text: str) -> int | None:
    """Answer hours a week in hundredths of a lesson; None for no number, or one that is finer."""
    try:
        hours = Decimal(text.replace(",", ".")) * HUNDRED
    except InvalidOperation:
        return None
    fits = hours.is_finite() and 1 <= hours <= WEEK_HOURS_HUNDREDTHS_MAX and hours == hours.to_integral_value()
    return int(hours) if fits else None
