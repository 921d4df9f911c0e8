"""Who looked at whose data as a table; words in Russian, times as the school's clocks showed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download
from ejd.http.downloads import FileFormat, download
from ejd.kernel.calendar import zone

ROLES: Mapping[str, str] = {
    "head": "директор",
    "deputy-head": "заместитель директора",
    "teacher": "учитель",
    "support": "техническая поддержка",
    "api-client": "программа",
    "parent": "родитель",
    "pupil": "ученик",
}
QUESTIONS: Mapping[str, str] = {
    "gradebook": "журнал",
    "gradebook-changes": "изменения в журнале",
    "people": "списки людей",
    "members": "состав классов",
    "classes": "классы",
    "staff": "сотрудники",
    "progress": "успеваемость",
    "missed-topics": "пропущенные темы",
    "lessons": "уроки",
    "timetable": "расписание",
    "fill-completeness": "заполнение журналов",
    "consents": "согласия",
    "events": "события",
    "outbox": "сообщения",
    "oneroster": "выгрузка OneRoster",
    "audit-corrections": "исправления",
    "audit-requests": "заявки на исправление",
    "audit-cell": "история отметки",
    "audit-lesson": "история урока",
    "audit-final-mark": "история итоговой отметки",
    "looks": "журнал обращений",
}
"""Others stand by the name of their question."""
COLUMNS = (
    Column("Когда", 19),
    Column("Кто", 34),
    Column("В роли", 24),
    Column("Что смотрел", 28),
    Column("Основание", 18),
    Column("Человек", 8),
    Column("О ком", 60, wrap=True),
)


class LookLine(NamedTuple):
    """What stands in one row; `at` is RFC 3339 in UTC."""

    at: str
    viewer: str
    roles: Sequence[str]
    question: str
    reason: str
    people: int
    whom: Sequence[str]


def looks_download(asking: Asking, kind: FileFormat | None, lines: Iterable[LookLine]) -> Download:
    """Answer the log as a file."""
    timezone = zone(asking.school.timezone)

    def row(line: LookLine) -> Sequence[Value]:
        at = datetime.fromisoformat(line.at).replace(microsecond=0, tzinfo=UTC).astimezone(timezone)
        whom = ", ".join(line.whom) + (" …" if len(line.whom) < line.people and line.whom else "")
        roles = ", ".join(ROLES.get(one, one) for one in line.roles)
        question = QUESTIONS.get(line.question, line.question)
        return (at.replace(tzinfo=None), line.viewer, roles, question, line.reason, line.people, whom)

    sheet = Sheet("Журнал обращений", COLUMNS, map(row, lines), above=("Кто обращался к персональным данным",))
    return download(asking, kind, sheet, f"looks-{asking.today}")
