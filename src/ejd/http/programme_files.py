"""Curricula and the programme as tables for the deputy head: headings and words in Russian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd_projections.curriculum_compared import ComparedRow, CurriculumCompared, Disagreement

COMPONENTS: Mapping[str, str] = {
    "federal": "обязательная часть",
    "school": "школьный компонент",
    "participants": "формируется участниками",
}
GROUP_KINDS: Mapping[str, str] = {
    "": "",
    "subgroup": "подгруппа",
    "stream": "поток",
    "elective": "электив",
    "club": "кружок",
    "individual": "индивидуально",
}
DIFFERENCES: Mapping[str, str] = {
    "no-curriculum": "нет учебного плана",
    "not-in-curriculum": "предмета нет в учебном плане",
    "no-journal": "нет журнала",
    "no-load": "нет нагрузки с часами",
    "load": "нагрузка: {found}, по плану {expected}",
    "no-timetable": "нет в расписании",
    "timetable": "в расписании {found}, по плану {expected}",
    "timetable-load": "в расписании {found}, в нагрузке {expected}",
    "no-plan": "нет КТП",
    "plan": "в КТП {found}, по плану {expected}",
    "year": "уроков по расписанию за год {found}, по плану {expected}",
    "taught": "проведено {found} из {expected}",
}
WEEKLY = frozenset({"load", "timetable", "timetable-load"})
"""Differences whose figures are hundredths of hours a week."""
HUNDRED = 100

CURRICULUM_COLUMNS = (
    Column("Класс", 8),
    Column("Ученик", 28),
    Column("Учебный план", 26),
    Column("Профиль", 16),
    Column("Предмет", 28),
    Column("Часть плана", 24),
    Column("Вид группы", 14),
    Column("Группы", 20),
    Column("Учителя", 30),
    Column("Часов в неделю по плану", 10),
    Column("Нагрузка", 10),
    Column("В расписании", 10),
    Column("Часов в год по плану", 10),
    Column("Часов в КТП", 10),
    Column("Уроков за год", 10),
    Column("Должно быть проведено", 10),
    Column("Проведено", 10),
    Column("Расхождения", 60),
)


def curriculum_sheet(found: CurriculumCompared) -> Sheet:
    """Answer curriculum, load, timetable and what was taught as one table."""
    return Sheet("Учебный план", CURRICULUM_COLUMNS, _compared(found.rows))


def _compared(rows: Sequence[ComparedRow]) -> Iterator[Sequence[Value]]:
    for one in rows:
        yield (
            one.class_name,
            one.pupil_name,
            one.curriculum_name,
            one.profile,
            one.subject_name,
            ", ".join(dict.fromkeys(COMPONENTS[part] for part in one.components)),
            GROUP_KINDS[one.group_kind],
            ", ".join(one.groups),
            ", ".join(one.teachers),
            hours(one.hours_per_week_hundredths),
            hours(one.load_hundredths),
            hours(one.timetable_hundredths),
            one.hours_per_year,
            one.plan_hours,
            one.due_year,
            one.due,
            one.taught,
            "; ".join(_difference(difference) for difference in one.differences),
        )


def _difference(one: Disagreement) -> str:
    figures = (one.found, one.expected)
    found, expected = (hours(figure) if one.kind in WEEKLY else figure for figure in figures)
    return DIFFERENCES[one.kind].format(found=found, expected=expected)


def hours(hundredths: int | None) -> int | str | None:
    """Answer hours a week as a number, or as text with a comma when they are not whole."""
    if hundredths is None or hundredths % HUNDRED == 0:
        return None if hundredths is None else hundredths // HUNDRED
    return f"{hundredths / HUNDRED:.2f}".rstrip("0").replace(".", ",")
