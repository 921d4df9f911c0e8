"""Rules as named values and functions, each with its source. Exact integers; division only at the very end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.calendar import microseconds_at
from ejd.kernel.events.school import Band, GradeValue, GradingSystem, WorkKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

SATISFACTORY_LEVEL = 3
"""«не ниже 3 - удовлетворительно»: the source's progress percentage, п. 13."""
GOOD_LEVEL = 4
"""«4» and «5» make the quality percentage (rules.md, formulas, H)."""
NOT_ATTESTED = "н/а"
EXEMPT = "осв"

FIVE_POINT = GradingSystem(
    code="five-point",
    name="Пятибалльная",
    scale="listed",
    values=(
        *(GradeValue(value=str(n), level=n, points=n) for n in (5, 4, 3, 2, 1)),
        GradeValue(value="зач", level=3, final_only=True),
        GradeValue(value="незач", level=2, final_only=True),
        GradeValue(value=NOT_ATTESTED, final_only=True),
        GradeValue(value=EXEMPT, counts=False, final_only=True),
    ),
)
PASS_FAIL = GradingSystem(
    code="pass-fail",
    name="Зачёт/незачёт",
    scale="listed",
    values=(
        GradeValue(value="зач", level=3),
        GradeValue(value="незач", level=2),
        GradeValue(value=NOT_ATTESTED, final_only=True),
        GradeValue(value=EXEMPT, counts=False, final_only=True),
    ),
)
HUNDRED_POINT = GradingSystem(
    code="hundred-point",
    name="Стобалльная",
    scale="range",
    values=(GradeValue(value=NOT_ATTESTED, final_only=True), GradeValue(value=EXEMPT, counts=False, final_only=True)),
    lowest=0,
    highest=100,
    bands=(Band(lowest=0, level=2), Band(lowest=50, level=3), Band(lowest=70, level=4), Band(lowest=85, level=5)),
)
TEN_POINT = GradingSystem(
    code="ten-point",
    name="Десятибалльная",
    scale="range",
    values=(GradeValue(value=NOT_ATTESTED, final_only=True), GradeValue(value=EXEMPT, counts=False, final_only=True)),
    lowest=1,
    highest=10,
    bands=(Band(lowest=1, level=2), Band(lowest=4, level=3), Band(lowest=6, level=4), Band(lowest=9, level=5)),
)
LETTER = GradingSystem(
    code="letter",
    name="Буквенная",
    scale="listed",
    values=(
        *(GradeValue(value=v, level=n, points=n) for v, n in (("A", 5), ("B", 4), ("C", 3), ("D", 3), ("F", 2))),
        GradeValue(value=NOT_ATTESTED, final_only=True),
        GradeValue(value=EXEMPT, counts=False, final_only=True),
    ),
)
UNMARKED = GradingSystem(code="unmarked", name="Без отметок", scale="unmarked")
"""First grade is without marks (requirement A7)."""
GRADING_SYSTEMS = (FIVE_POINT, PASS_FAIL, HUNDRED_POINT, TEN_POINT, LETTER, UNMARKED)

WORK_KINDS = (
    WorkKind(code="oral", name="Ответ на уроке"),
    WorkKind(code="homework", name="Домашняя работа", mark_days=1),
    WorkKind(code="independent", name="Самостоятельная работа", written=True, mark_days=3),
    WorkKind(code="practical", name="Практическая работа", written=True, mark_days=3, weight=150),
    WorkKind(code="control", name="Контрольная работа", written=True, mark_days=7, weight=200),
    WorkKind(code="dictation", name="Диктант", written=True, mark_days=3, weight=150),
    WorkKind(code="essay", name="Сочинение", written=True, mark_days=7, weight=200),
    WorkKind(code="project", name="Проект", written=True, mark_days=7, weight=200),
)
"""Defaults; «written work is marked within 3-7 days by its kind» (rules.md, journals, M)."""


def grade_value(system: GradingSystem, value: str) -> GradeValue | None:
    """Answer what a mark means in a grading system, or None when it is no mark there."""
    for known in system.values:
        if known.value == value:
            return known
    if system.scale == "range" and value.isascii() and value.isdecimal() and str(int(value)) == value:
        points = int(value)
        if system.lowest <= points <= system.highest:
            level = max((b for b in system.bands if b.lowest <= points), key=lambda b: b.lowest, default=None)
            return GradeValue(value=value, level=level.level if level else None, points=points)
    return None


def allowed_values(system: GradingSystem) -> str:
    """Answer the current marks of a system as a user would say them."""
    if system.scale == "unmarked":
        return "none"
    if system.scale == "range":
        return f"whole numbers from {system.lowest} to {system.highest}"
    return ", ".join(v.value for v in system.values if not v.final_only)


class Average(NamedTuple):
    """A weighted average as an exact quotient of integers; no marks: weight_sum is 0."""

    weighted_sum: int
    weight_sum: int

    def hundredths(self) -> int | None:
        """Answer the average in hundredths, half up; None without marks."""
        if self.weight_sum == 0:
            return None
        return (200 * self.weighted_sum + self.weight_sum) // (2 * self.weight_sum)


def average(marks: Iterable[tuple[int | None, int]]) -> Average:
    """Answer the weighted average of (points, weight in hundredths); marks without points do not count."""
    weighted, weights = 0, 0
    for points, weight in marks:
        if points is not None:
            weighted += points * weight
            weights += weight
    return Average(weighted, weights)


def rounded(mean: Average, round_up_from_hundredths: int) -> int | None:
    """Answer the average as a whole mark: up from the school's threshold on (default .5; many schools .6, M)."""
    if mean.weight_sum == 0:
        return None
    whole, rest = divmod(mean.weighted_sum, mean.weight_sum)
    return whole + (100 * rest >= round_up_from_hundredths * mean.weight_sum)


class Attendance(NamedTuple):
    """Lessons with the roll taken and those missed of them, for the н/а rule."""

    lessons: int
    missed: int


def proposed_final_mark(  # noqa: PLR0913 - the parts of the rule
    system: GradingSystem,
    mean: Average,
    marks_count: int,
    attendance: Attendance,
    *,
    round_up_from_hundredths: int,
    marks_min: int,
    absence_percent_max: int,
) -> str:
    """Answer the final mark that the rules propose, or nothing.

    «н/а» when more than `absence_percent_max` of the lessons were missed; no proposal below the norm of marks
    (rules.md, formulas: «not proposed below the norm of marks or above the absence threshold (н/а)»).
    """
    if attendance.lessons and 100 * attendance.missed > absence_percent_max * attendance.lessons:
        return NOT_ATTESTED if grade_value(system, NOT_ATTESTED) else ""
    if marks_count < marks_min:
        return ""
    whole = rounded(mean, round_up_from_hundredths)
    if whole is None:
        return ""
    if system.scale == "range":
        return str(whole)
    return next((v.value for v in system.values if v.points == whole and not v.final_only), "")


def deadline(day: date, days_after: int, timezone: str) -> int:
    """Answer the last moment (exclusive, microseconds UTC): midnight after the day `days_after` the lesson's day.

    «Topic, homework and absences are entered on the day of the lesson» is `days_after` 0 (rules.md, journals, M).
    """
    return microseconds_at(day + timedelta(days=days_after), 1440, timezone)


def percent_hundredths(numerator: int, denominator: int) -> int | None:
    """Answer a quotient × 100 % in hundredths of a percent, half up; None when nothing stands below the line."""
    if denominator == 0:
        return None
    return (20_000 * numerator + denominator) // (2 * denominator)
