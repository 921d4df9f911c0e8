"""Readiness as a table for the deputy head: sections, states and what is missing in Russian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download
from ejd.http.downloads import download
from ejd.http.set_up import Readiness, ReadinessParameters, readiness
from ejd_projections.readiness_sections import Gap, Owner

SECTIONS: Mapping[str, str] = {
    "year": "Учебный год",
    "cycle": "Режим работы (цикл дней)",
    "periods": "Учебные периоды",
    "breaks": "Каникулы",
    "holidays": "Праздничные и перенесённые дни",
    "bells": "Расписание звонков",
    "subjects": "Предметы",
    "rooms": "Кабинеты",
    "staff": "Сотрудники",
    "regulation": "Положение о журнале",
    "work-kinds": "Виды работ",
    "grading-systems": "Системы оценивания",
    "classes": "Классы",
    "staff-accounts": "Учётные записи учителей",
    "class-teacher": "Классный руководитель",
    "pupils": "Список учащихся",
    "groups": "Учебные группы",
    "curriculum": "Учебный план",
    "journals": "Журналы",
    "load": "Учебная нагрузка",
    "thematic-plans": "Тематическое планирование",
    "timetable": "Расписание уроков",
    "control-works": "График контрольных работ (ВШК)",
    "parent-accounts": "Учётные записи родителей",
}
STATES: Mapping[str, str] = {"done": "готово", "partly": "частично", "not-started": "не начато"}
ROLES: Mapping[str, str] = {
    "deputy-head": "заместитель директора",
    "class-teacher": "классный руководитель",
    "teacher": "учитель",
}
SENTENCES: Mapping[str, str] = {
    "nothing-yet": "ещё ничего не внесено",
    "slot-without-times": "{name}: у урока нет времени в этом расписании звонков",
    "unknown-bells": "{name}: такого расписания звонков в году нет",
    "unknown-periods": "{name}: таких учебных периодов в году нет",
    "unknown-grading-system": "{name}: такой системы оценивания в школе нет",
    "rooms-without-capacity": "кабинетов без числа мест: {need}",
    "no-class-teacher": "нет классного руководителя",
    "no-pupils": "нет учащихся",
    "pupils-in-no-group": "{name}: не распределены по группам — {need}",
    "pupils-in-two-groups": "{name}: состоят в двух группах — {need}",
    "group-without-journal": "{name}: у группы нет журнала",
    "no-journals": "нет журналов",
    "no-teacher": "{name}: учитель не назначен",
    "no-plan": "{name}: нет тематического плана",
    "plan-hours": "{name}: в тематическом плане {have} ч, в учебном плане {need} ч",
    "load-hours": "{name}: нагрузка {have_hours} ч в неделю, в учебном плане {need_hours} ч",
    "no-curriculum": "нет учебного плана",
    "no-journal": "{name}: предмет есть в учебном плане, журнала нет",
    "not-in-timetable": "{name}: нет в расписании",
    "timetable-hours": "{name}: уроков в расписании {have}, по нагрузке {need}",
    "no-control-work": "{name}: контрольных работ в плане {need}, в графике {have}",
    "staff-without-account": "{name}: нет учётной записи",
    "pupils-without-parent": "учащихся без родителя с учётной записью: {need}",
}
"""By kind of gap, as `ejd_projections.readiness_sections.SENTENCES`."""

COLUMNS = (
    Column("Класс", 10),
    Column("Раздел", 32),
    Column("Состояние", 12),
    Column("Готово, %", 10),
    Column("Сделано", 9),
    Column("Всего", 9),
    Column("Чего не хватает", 60),
    Column("Кто должен", 36),
)


def readiness_file(asking: Asking, query: ReadinessParameters) -> Download:
    """Answer the report as a table: one line for each thing that is missing, and for each section that is done."""
    found = readiness(asking, query)
    sheet = Sheet("Готовность", COLUMNS, _rows(found), above=_above(found))
    return download(asking, query.file, sheet, f"readiness-{asking.today}")


def _above(found: Readiness) -> Sequence[str]:
    term = date.fromisoformat(found.term)
    return (
        f"Готовность к {found.year_name} учебному году на {date.fromisoformat(found.day):%d.%m.%Y}",
        f"{found.percent} % ({found.numerator} / {found.denominator}); срок {term:%d.%m.%Y}",
    )


def _rows(found: Readiness) -> Iterator[Sequence[Value]]:
    for one in found.sections:
        head = (
            one.class_name or "школа",
            SECTIONS[one.section],
            STATES[one.state],
            one.percent,
            one.done,
            one.total,
        )
        for gap in one.gaps:
            yield (*head, said(gap), owed_by(gap.owner))
        if not one.gaps:
            yield (*head, "", "")


def said(gap: Gap) -> str:
    """Answer what is missing in a Russian sentence."""
    return gap.said(SENTENCES, ",")


def owed_by(owner: Owner) -> str:
    """Answer who owes it: the duty, and the name of whoever has it."""
    return ", ".join(part for part in (ROLES[owner.role], owner.name) if part)
