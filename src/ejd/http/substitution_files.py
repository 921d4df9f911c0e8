"""Substitutions as tables for the deputy head and the accountant: headings and words in Russian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking
from ejd.http.downloads import local_time
from ejd_projections.lost_lessons import LostLessons
from ejd_projections.substitutions import Person, Substitutions
from ejd_projections.teaching_hours import HoursRow, TeachingHours

KINDS: Mapping[str, str] = {
    "teacher": "замена учителя",
    "subject": "другой предмет",
    "merged": "объединение групп",
    "self-study": "самостоятельное изучение",
    "moved": "перенос",
    "cancelled": "отмена",
    "extra": "дополнительный урок",
    "restored": "возвращён в расписание",
}
WHYS: Mapping[str, str] = {"cancelled": "отменён", "other-subject": "дан другой предмет"}
TOTAL = "Всего"

SUBSTITUTION_COLUMNS = (
    Column("Дата", 12),
    Column("Номер урока", 8),
    Column("Класс, группа", 16),
    Column("Предмет", 20),
    Column("Что", 26),
    Column("Кого заменили", 28),
    Column("Кто провёл", 28),
    Column("Присматривает", 28),
    Column("Дан предмет", 20),
    Column("Объединён с", 26),
    Column("По расписанию дата", 12),
    Column("По расписанию урок", 8),
    Column("Кабинет", 10),
    Column("Тема", 30),
    Column("Проведён", 9),
    Column("По своему КТП", 9),
    Column("Причина", 40),
    Column("Принято накладок", 9),
    Column("Кто внёс", 28),
    Column("Внесено", 19),
    Column("Журнал", 26),
)


def substitutions_sheet(asking: Asking, found: Substitutions) -> Sheet:
    """Answer the list of changed lessons as a table; of several decisions the last one's author and time."""
    return Sheet("Замены", SUBSTITUTION_COLUMNS, _substitutions(asking, found))


def _substitutions(asking: Asking, found: Substitutions) -> Iterator[Sequence[Value]]:
    for one in found.lessons:
        newest = max(one.decisions, key=lambda decision: decision.recorded_at)
        yield (
            date.fromisoformat(one.date),
            one.slot,
            one.group_name,
            one.subject_name,
            ", ".join(KINDS[kind] for kind in one.kinds),
            _names(one.absent),
            _names(one.teachers),
            "" if one.supervisor is None else one.supervisor.name,
            one.given_subject_name,
            one.merged_journal_name,
            date.fromisoformat(one.planned_date),
            one.planned_slot,
            one.room_name,
            one.topic or "",
            _yes(yes=one.held),
            _yes(yes=one.uses_plan),
            "; ".join(decision.reason for decision in one.decisions if decision.reason),
            sum(decision.despite for decision in one.decisions),
            newest.by.name or newest.by.login or newest.by.account,
            local_time(asking, newest.recorded_at),
            one.journal_name,
        )


def _names(people: Sequence[Person]) -> str:
    return ", ".join(person.name for person in people)


def _yes(*, yes: bool) -> str:
    return "да" if yes else "нет"


HOURS_COLUMNS = (
    Column("Учитель", 30),
    Column("Месяц", 10),
    Column("По нагрузке", 10),
    Column("Проведено своих", 10),
    Column("Проведено за других", 10),
    Column("К оплате", 10),
    Column("Объединённых", 10),
    Column("Потеряно", 10),
    Column("из них отменено", 10),
    Column("из них отдано", 10),
    Column("из них самостоятельно", 10),
    Column("Присмотр", 10),
    Column("Впереди", 10),
    Column("Не записано в журнал", 10),
)


def hours_sheet(found: TeachingHours) -> Sheet:
    """Answer the hours as a table, the total last."""
    rows = (_hours(row, row.name) for row in found.rows)
    return Sheet("Часы", HOURS_COLUMNS, (*rows, _hours(found.total, TOTAL)))


def _hours(row: HoursRow, name: str) -> Sequence[Value]:
    return (
        name,
        row.month,
        row.planned,
        row.own,
        row.substituted,
        row.hours,
        row.merged,
        row.lost,
        row.lost_cancelled,
        row.lost_substituted,
        row.lost_self_study,
        row.supervised,
        row.ahead,
        row.not_recorded,
    )


LOST_COLUMNS = (
    Column("Дата", 12),
    Column("Номер урока", 8),
    Column("Класс, группа", 16),
    Column("Предмет", 20),
    Column("Учитель", 30),
    Column("Почему", 20),
    Column("Дан предмет", 20),
    Column("Восполнение назначено", 12),
    Column("Номер урока", 8),
    Column("Журнал", 26),
)


def lost_sheet(found: LostLessons) -> Sheet:
    """Answer the lessons that were not made up as a table."""
    rows = (
        (
            date.fromisoformat(one.date),
            one.slot,
            one.group_name,
            one.subject_name,
            ", ".join(one.teacher_names),
            WHYS[one.why],
            one.given_subject_name,
            None if one.make_up_date is None else date.fromisoformat(one.make_up_date),
            one.make_up_slot,
            one.journal_name,
        )
        for one in found.lessons
    )
    return Sheet("Не восполнено", LOST_COLUMNS, rows)
