"""The week and its conflicts as tables: headings and words in Russian, as they are printed and handed round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download
from ejd.http.downloads import check_whole, download
from ejd.http.list_files import clock_of, day_of
from ejd.http.timetable import ConflictsParameters, TimetableParameters, conflicts, timetable
from ejd.kernel.conflict_words import LessonInConflict, ShownConflict
from ejd_projections.accepted_clashes import AcceptedClash
from ejd_projections.asking import ROWS_MAX
from ejd_projections.timetable_week import TimetableLesson

KINDS: Mapping[str, str] = {
    "teacher": "учитель в двух местах",
    "room": "кабинет занят дважды",
    "class": "класс на двух уроках",
    "group": "группа на двух уроках",
    "pupil": "ученики на двух уроках",
    "free-day": "у класса выходной",
    "no-bell": "нет такого звонка",
    "load": "сверх нагрузки учителя",
    "daily-limit": "сверх предельной дневной нагрузки",
    "room-size": "мест меньше, чем учеников",
    "room-kind": "кабинет не того вида",
}
ACCEPTED = "принята"
WHATS: Mapping[str, str] = {
    "instead": "замена",
    "moved": "перенос",
    "extra": "дополнительный урок",
    "restored": "возврат в расписание",
}
SEVERITIES: Mapping[str, str] = {"error": "ошибка", "warning": "предупреждение"}
CONFLICT_COLUMNS = (
    Column("Строгость", 16),
    Column("Накладка", 32),
    Column("Кто или что", 30),
    Column("День цикла", 14),
    Column("Уроки", 60, wrap=True),
    Column("Учеников", 10),
    Column("С", 12),
    Column("По", 12),
    Column("Дней", 8),
    Column("Есть", 8),
    Column("Можно", 8),
    Column("Источник нормы", 40),
)
WEEK_COLUMNS = (
    Column("Дата", 12),
    Column("Урок", 8),
    Column("Начало", 8),
    Column("Конец", 8),
    Column("Класс, группа", 20),
    Column("Предмет", 24),
    Column("Учителя", 34),
    Column("Кабинет", 10),
    Column("Примечание", 30),
)


def conflicts_file(asking: Asking, query: ConflictsParameters) -> Download:
    """Answer all conflicts that were chosen."""
    found = conflicts(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(found.total, len(found.conflicts), "conflicts", "choose a kind or a severity")
    check_whole(found.accepted_total, len(found.accepted), "lessons with accepted clashes", "choose a later day")
    rows = (*map(_conflict, found.conflicts), *map(_accepted, found.accepted))
    sheet = Sheet("Накладки", CONFLICT_COLUMNS, rows)
    return download(asking, query.file, sheet, f"timetable-conflicts-{found.since}")


def _conflict(one: ShownConflict) -> Sequence[Value]:
    counted = (one.count, one.limit) if one.count else (None, None)
    return (
        SEVERITIES[one.severity],
        KINDS[one.kind],
        one.name,
        one.cycle_day_name,
        "\n".join(map(_of, one.lessons)),
        one.pupils_total or None,
        day_of(one.first_day),
        day_of(one.last_day),
        one.days,
        *counted,
        one.source,
    )


def _accepted(one: AcceptedClash) -> Sequence[Value]:
    """Answer the row of a lesson of one day: who took its clashes on, and how many there were."""
    day = day_of(one.date)
    who = one.by.name or one.by.login or one.by.account
    lesson = f"{one.journal_name} ({one.slot}-й урок)"
    return (ACCEPTED, WHATS[one.what], who, "", lesson, None, day, day, 1, one.clashes, None, "")


def _of(lesson: LessonInConflict) -> str:
    return f"{lesson.name} ({lesson.slot}-й урок)" if lesson.slot else lesson.name


def timetable_file(asking: Asking, query: TimetableParameters) -> Download:
    """Answer the lessons of the week."""
    found = timetable(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(len(found.lessons) + found.more, len(found.lessons), "lessons", "choose a class or a teacher")
    sheet = Sheet("Расписание", WEEK_COLUMNS, (_lesson(one) for one in found.lessons))
    return download(asking, query.file, sheet, f"timetable-{found.first}")


def _lesson(one: TimetableLesson) -> Sequence[Value]:
    words = (
        (one.cancelled, "отменён"),
        (one.self_study, "самостоятельная работа"),
        (one.substituted, "замена"),
        (one.moved, "перенесён"),
        (one.extra, "дополнительный"),
    )
    return (
        day_of(one.date),
        one.slot,
        clock_of(one.starts_at),
        clock_of(one.ends_at),
        one.group_name,
        one.subject_name,
        ", ".join(giver.name for giver in one.teachers),
        one.room_name,
        ", ".join(word for applies, word in words if applies),
    )
