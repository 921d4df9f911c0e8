"""The audit as a table for the deputy head: headings and words in Russian, times as the school's clocks showed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking
from ejd.http.downloads import local_time
from ejd_projections.account_holders import Holder
from ejd_projections.correction_requests import CorrectionRequest
from ejd_projections.corrections import Correction

KINDS: Mapping[str, str] = {
    "mark": "отметка",
    "attendance": "посещаемость",
    "topic": "тема урока",
    "homework": "домашнее задание",
    "substitution": "замена",
    "lesson": "урок",
    "final-mark": "итоговая отметка",
}
CHANGES: Mapping[str, str] = {
    "corrected": "исправлено",
    "withdrawn": "снято",
    "reinstated": "урок восстановлен",
    "entered": "внесено после срока",
    "planned": "назначено после срока",
    "moved": "перенесено после срока",
    "cancelled": "отменено после срока",
}
DIRECTIONS: Mapping[str, str] = {"up": "выше", "down": "ниже"}
WINDOWS: Mapping[str, str] = {"inside": "в срок", "outside": "после срока"}
STANDINGS: Mapping[str, str] = {
    "open": "ждёт решения",
    "approved": "разрешено",
    "rejected": "отклонено",
    "withdrawn": "отозвано",
    "used": "использовано",
    "void": "недействительно",
}
VALUES: Mapping[str, str] = {
    "present": "присутствовал",
    "absent": "н",
    "excused": "у",
    "ill": "б",
    "late": "о",
    "cancelled": "отменён",
    "extra": "дополнительный",
}

CORRECTION_COLUMNS = (
    Column("Внесено", 19),
    Column("Кто внёс", 28),
    Column("Учётная запись", 16),
    Column("Что", 18),
    Column("Изменение", 20),
    Column("Класс, группа", 14),
    Column("Предмет", 20),
    Column("Журнал", 26),
    Column("Дата урока", 12),
    Column("Номер урока", 8),
    Column("Период", 8),
    Column("Ученик", 28),
    Column("Вид работы", 14),
    Column("№ отметки", 8),
    Column("Было", 14),
    Column("Стало", 14),
    Column("Выше/ниже", 8),
    Column("Причина", 40),
    Column("Срок", 12),
    Column("Срок до", 19),
    Column("Часов после урока", 9),
    Column("Дней от конца периода", 9),
    Column("Кто разрешил", 28),
    Column("Разрешено", 19),
    Column("Действительно", 10),
    Column("Нарушение", 36),
    Column("Запись", 36),
    Column("Версия", 8),
    Column("Позиция", 10),
)


def corrections_sheet(asking: Asking, corrections: Sequence[Correction]) -> Sheet:
    """Answer the list of corrections as a table."""
    return Sheet("Исправления", CORRECTION_COLUMNS, (_correction(asking, one) for one in corrections))


def _correction(asking: Asking, one: Correction) -> Sequence[Value]:
    approval = one.approval
    approver = ""
    if approval is not None:
        approver = _who(approval.by) + (" (недействительно)" if approval.void else "")
    return (
        local_time(asking, one.recorded_at),
        _who(one.by),
        one.by.login,
        KINDS.get(one.kind, one.kind),
        CHANGES.get(one.change, one.change),
        one.group_name,
        one.subject_name,
        one.journal_name,
        _day(one.day),
        one.slot or None,
        one.period,
        one.pupil_name,
        one.work,
        one.number or None,
        _value(one.kind, one.old),
        _value(one.kind, one.new),
        DIRECTIONS.get(one.direction, ""),
        one.reason,
        WINDOWS.get(one.window, ""),
        _moment(asking, one.deadline),
        one.hours_after_lesson,
        one.days_after_period_end,
        approver,
        _moment(asking, None if approval is None else approval.approved_at),
        "да" if one.counts else "нет",
        " ".join(one.breaches),
        one.record,
        one.version,
        one.position,
    )


REQUEST_COLUMNS = (
    Column("Подано", 19),
    Column("Кто просит", 28),
    Column("Состояние", 16),
    Column("Что", 18),
    Column("Журнал", 26),
    Column("Дата урока", 12),
    Column("Номер урока", 8),
    Column("Период", 8),
    Column("Ученик", 28),
    Column("Причина", 40),
    Column("Кто решил", 28),
    Column("Решено", 19),
    Column("Причина отказа", 40),
    Column("Действует до", 19),
    Column("Использовано", 19),
    Column("Запрос", 36),
)


def requests_sheet(asking: Asking, requests: Sequence[CorrectionRequest]) -> Sheet:
    """Answer the list of requests as a table."""
    return Sheet("Запросы", REQUEST_COLUMNS, _requests(asking, requests))


def _requests(asking: Asking, requests: Sequence[CorrectionRequest]) -> Iterator[Sequence[Value]]:
    for one in requests:
        standing = STANDINGS.get(one.standing, one.standing)
        yield (
            local_time(asking, one.requested_at),
            _who(one.requested_by),
            f"{standing}, срок истёк" if one.expired else standing,
            KINDS.get(one.kind, one.kind),
            one.journal_name,
            _day(one.day),
            one.slot or None,
            one.period,
            one.pupil_name,
            one.reason,
            "" if one.decided_by is None else _who(one.decided_by),
            _moment(asking, one.decided_at),
            one.decision_reason,
            _moment(asking, one.until),
            _moment(asking, one.used_at),
            one.request,
        )


def _who(holder: Holder) -> str:
    return holder.name or holder.login or holder.account


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _moment(asking: Asking, at: int | None) -> datetime | None:
    return None if at is None else local_time(asking, at)


def _value(kind: str, text: str) -> str:
    """Answer words of the roll and of lessons in Russian; whatever people wrote stays as it is."""
    if kind == "substitution":
        return text.replace("self-study", "самостоятельное изучение", 1) if text.startswith("self-study") else text
    if kind not in {"attendance", "lesson"}:
        return text
    word, _, rest = text.partition(" ")
    return " ".join(part for part in (VALUES.get(word, word), rest) if part)
