"""Curricula and the programme as tables for the deputy head: headings and words in Russian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd_projections.curriculum_compared import ComparedRow, CurriculumCompared, Disagreement
from ejd_projections.programme import By, Programme, ProgrammeCounts
from ejd_projections.thematic_plan import PlanLine, ThematicPlan

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


PLAN_COLUMNS = (
    Column("№", 6),
    Column("Раздел", 28),
    Column("Тема", 44),
    Column("Часов", 8),
    Column("Вид", 18),
    Column("Объединены темы", 14),
    Column("Дата по плану", 12),
    Column("По плану до", 12),
    Column("Проведено уроков", 10),
    Column("Дата по факту", 12),
    Column("По факту до", 12),
    Column("Прогноз", 12),
    Column("Прогноз до", 12),
    Column("Отставание, дней", 10),
)


def plan_sheet(plan: ThematicPlan) -> Sheet:
    """Answer a thematic plan with planned, taught and forecast days as a table."""
    return Sheet("КТП", PLAN_COLUMNS, (_line(line) for line in plan.lines))


def _line(line: PlanLine) -> Sequence[Value]:
    return (
        line.number,
        line.section,
        line.topic,
        line.hours,
        "контрольная работа" if line.control else "резерв" if line.reserve else "",
        ", ".join(map(str, line.combined)),
        _day(line.planned_on),
        _day(line.planned_until),
        line.taught,
        _day(line.taught_on),
        _day(line.taught_until),
        _day(line.forecast_on),
        _day(line.forecast_until),
        line.lag_days,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


BY: Mapping[By, str] = {
    "journal": "Журнал",
    "teacher": "Учитель",
    "subject": "Предмет",
    "class": "Класс",
    "grade": "Параллель",
    "profile": "Профиль",
    "school": "Школа",
}
PROGRAMME_COLUMNS = (
    Column("Журналов", 9),
    Column("Без КТП", 8),
    Column("Часов в КТП", 9),
    Column("Должно быть выдано", 9),
    Column("Выдано", 9),
    Column("Отставание", 10),
    Column("Праздники", 9),
    Column("Каникулы, карантин", 9),
    Column("Переносы дней", 9),
    Column("Отменено", 9),
    Column("Другой предмет", 9),
    Column("Перенесено на позже", 10),
    Column("Не проведено или не записано", 11),
    Column("Проведено сверх расписания", 11),
    Column("Сверх КТП", 9),
    Column("Тем в КТП", 8),
    Column("Тем должно быть пройдено", 9),
    Column("Тем пройдено", 9),
    Column("Уроков вне КТП", 9),
    Column("Уроков перенесено", 10),
    Column("Тем объединено", 10),
    Column("Часов сокращено", 10),
    Column("Осталось уроков", 9),
    Column("Прогноз на конец года", 10),
    Column("Не хватит уроков", 10),
)
TOTAL = "Итого"


def programme_sheet(found: Programme) -> Sheet:
    """Answer the fulfilment of the programme as a table; the last line is the total, in which each journal is once."""
    rows = [(row.name, *_counts(row.counts)) for row in found.rows]
    columns = (Column(BY[found.by], 34), *PROGRAMME_COLUMNS)
    return Sheet("Выполнение программы", columns, [*rows, (TOTAL, *_counts(found.total))])


def _counts(one: ProgrammeCounts) -> Sequence[Value]:
    causes = one.causes
    return (
        *(one.journals, one.without_plan, one.plan_hours, one.planned, one.taught, one.lag),
        *(causes.holiday, causes.in_break, causes.calendar, causes.cancelled, causes.other_subject),
        *(causes.moved_later, causes.not_held, causes.extra, causes.beyond_plan),
        *(one.topics, one.topics_planned, one.topics_taught, one.off_plan, one.moved, one.combined),
        *(one.hours_dropped, one.ahead, one.forecast, one.shortage),
    )
