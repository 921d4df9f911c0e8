"""Lists of the school as tables: headings and words in Russian, as they are printed and handed round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download
from ejd.http.downloads import check_whole, download
from ejd.http.lists import (
    GridParameters,
    Loads,
    LoadsParameters,
    People,
    PeopleParameters,
    Person,
    loads,
    people,
    timetable_grid,
)
from ejd.http.reports import LessonsParameters, lessons
from ejd.http.setup import ClassesParameters, JournalsParameters, classes, journals
from ejd_projections.asking import ROWS_MAX
from ejd_projections.lessons_due import DueLesson
from ejd_projections.timetable_grid import GridCell, GridDay, GridEntry, TimetableGrid

GROUP_KINDS: Mapping[str, str] = {
    "class": "класс",
    "group": "группа",
    "subgroup": "подгруппа",
    "stream": "поток",
    "elective": "электив",
    "club": "кружок",
    "individual": "индивидуально",
}
RELATIONS: Mapping[str, str] = {"mother": "мать", "father": "отец", "guardian": "опекун"}
WEEKDAYS = ("Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота", "Воскресенье")
PEOPLE_TITLES: Mapping[str, str] = {"pupil": "Ученики", "staff": "Сотрудники", "guardian": "Представители"}
NAME_COLUMNS = (Column("Фамилия", 18), Column("Имя", 14), Column("Отчество", 18))
ID_COLUMN = Column("Идентификатор", 36)
NO_TEACHER = "—"
"""In a cell of the grid: the lesson has no teacher, and a room follows."""
BETWEEN_GROUPS = "\n/\n"
"""Between groups of one class that are taught at the same time."""


def people_file(asking: Asking, query: PeopleParameters) -> Download:
    """Answer everybody of a kind as a table."""
    found = people(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(found.total, len(found.people), "people", "name a class")
    columns, row = _PEOPLE[found.kind]
    sheet = Sheet(PEOPLE_TITLES[found.kind], columns, (row(one) for one in found.people), above=_on(found))
    return download(asking, query.file, sheet, f"{found.kind}-{found.day}")


def _on(found: People) -> Sequence[str]:
    return (f"{PEOPLE_TITLES[found.kind]} на {date.fromisoformat(found.day):%d.%m.%Y}",)


def _pupil(one: Person) -> Sequence[Value]:
    ties = ", ".join(f"{tie.name} ({RELATIONS.get(tie.relation, tie.relation)})" for tie in one.ties)
    return (one.class_name, one.family or one.name, one.given, one.middle, day_of(one.birth_date), ties, one.id)


def _staff(one: Person) -> Sequence[Value]:
    family = one.family or one.name
    dates = (day_of(one.employed_on), day_of(one.left_on))
    return (family, one.given, one.middle, one.position, one.class_name, *dates, one.id)


def _guardian(one: Person) -> Sequence[Value]:
    children = ", ".join(f"{tie.name} ({RELATIONS.get(tie.relation, tie.relation)})" for tie in one.ties)
    return (one.family or one.name, one.given, one.middle, one.phone, one.email, children, one.id)


_PEOPLE = {
    "pupil": (
        (Column("Класс", 8), *NAME_COLUMNS, Column("Дата рождения", 12), Column("Представители", 50), ID_COLUMN),
        _pupil,
    ),
    "staff": (
        (
            *NAME_COLUMNS,
            Column("Должность", 28),
            Column("Классное руководство", 12),
            Column("Принят", 12),
            Column("Уволен", 12),
            ID_COLUMN,
        ),
        _staff,
    ),
    "guardian": ((*NAME_COLUMNS, Column("Телефон", 18), Column("Почта", 28), Column("Дети", 50), ID_COLUMN), _guardian),
}

CLASS_COLUMNS = (
    Column("Название", 24),
    Column("Вид", 14),
    Column("Параллель", 10),
    Column("Из классов", 20),
    Column("Классный руководитель", 34),
    Column("Дней в неделе", 10),
    Column("Периоды", 14),
    Column("Шкала", 14),
    ID_COLUMN,
)


def classes_file(asking: Asking, query: ClassesParameters) -> Download:
    """Answer classes, then teaching groups, in one table."""
    found = classes(asking, query)
    names = {one.id: one.name for one in found.classes}

    def rows() -> Iterator[Sequence[Value]]:
        for one in found.classes:
            about = (one.week_days, one.scheme, one.grading_system)
            yield (one.name, GROUP_KINDS["class"], one.grade, one.name, one.class_teacher_name, *about, one.id)
        for group in found.groups:
            of = ", ".join(names.get(one, "") for one in group.classes)
            yield (group.name, GROUP_KINDS[group.kind], None, of, "", None, "", "", group.id)

    return download(asking, query.file, Sheet("Классы и группы", CLASS_COLUMNS, rows()), f"classes-{asking.today}")


JOURNAL_COLUMNS = (
    Column("Журнал", 30),
    Column("Предмет", 24),
    Column("Класс, группа", 20),
    Column("Вид", 12),
    Column("Параллель", 10),
    Column("Учителя", 40),
    Column("Периоды", 14),
    Column("Шкала", 14),
    ID_COLUMN,
)


def journals_file(asking: Asking, query: JournalsParameters) -> Download:
    """Answer journals with everybody who teaches them in the year."""
    found = journals(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(found.total, len(found.journals), "journals", "choose a class or a subject")

    def rows() -> Iterator[Sequence[Value]]:
        for one in found.journals:
            journal = one.journal
            teachers = ", ".join(dict.fromkeys(teacher.name for teacher in one.teachers))
            kind = GROUP_KINDS[journal.group_kind]
            about = (journal.scheme, journal.grading_system, journal.id)
            place = (journal.subject_name, journal.group_name, kind, journal.grade)
            yield (journal.name, *place, teachers, *about)

    return download(asking, query.file, Sheet("Журналы", JOURNAL_COLUMNS, rows()), f"journals-{asking.today}")


LOAD_COLUMNS = (
    Column("Учитель", 34),
    Column("Предмет", 24),
    Column("Класс, группа", 20),
    Column("Журнал", 30),
    Column("Часов в неделю", 10),
    Column("С", 12),
    Column("По", 12),
    Column("Учитель (идентификатор)", 36),
    Column("Журнал (идентификатор)", 36),
)


def loads_file(asking: Asking, query: LoadsParameters) -> Download:
    """Answer teaching loads, teacher by teacher."""
    found: Loads = loads(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(found.total, len(found.loads), "loads", "choose a class or a subject")

    def rows() -> Iterator[Sequence[Value]]:
        for one in found.loads:
            dates = (day_of(one.starts), day_of(one.ends))
            what = (one.subject_name, one.group_name, one.journal_name, one.hours_per_week)
            yield (one.name, *what, *dates, one.staff, one.journal)

    return download(asking, query.file, Sheet("Нагрузка", LOAD_COLUMNS, rows()), f"loads-{found.day}")


LESSON_COLUMNS = (
    Column("Дата", 12),
    Column("Урок", 6),
    Column("Начало", 8),
    Column("Конец", 8),
    Column("Класс, группа", 18),
    Column("Предмет", 24),
    Column("Кабинет", 10),
    Column("Замещает", 30),
    Column("Вместо предмета", 20),
    Column("Состояние", 18),
    Column("Тема", 40),
    Column("Домашнее задание", 40),
    Column("Урок (идентификатор)", 36),
)


def lessons_file(asking: Asking, query: LessonsParameters) -> Download:
    """Answer the lessons of the days chosen."""
    found = lessons(asking, query.model_copy(update={"limit": ROWS_MAX - 1, "offset": 0}))
    check_whole(len(found.lessons) + found.more, len(found.lessons), "lessons", "choose fewer days, or a class")
    sheet = Sheet("Уроки", LESSON_COLUMNS, (_lesson(one) for one in found.lessons))
    return download(asking, query.file, sheet, f"lessons-{found.first}-{found.last}")


def _lesson(one: DueLesson) -> Sequence[Value]:
    words = (
        (one.cancelled, "отменён"),
        (one.moved, "перенесён"),
        (one.extra, "дополнительный"),
        (bool(one.substitute or one.substitute_subject), "замена"),
        (one.held, "проведён"),
    )
    return (
        day_of(one.placed_date),
        one.placed_slot,
        clock_of(one.starts_at),
        clock_of(one.ends_at),
        one.group_name,
        one.substitute_subject_name or one.subject_name,
        one.room_name,
        one.substitute_name,
        one.subject_name if one.substitute_subject else "",
        ", ".join(word for holds, word in words if holds),
        one.topic or "",
        one.homework or "",
        one.lesson,
    )


def grid_file(asking: Asking, query: GridParameters) -> Download:
    """Answer the timetable as it hangs on the wall; `ejd import grid` reads the table of a cycle again."""
    found = timetable_grid(asking, query)
    return download(asking, query.file, grid_sheet(found), f"timetable-{found.first}")


def grid_sheet(found: TimetableGrid) -> Sheet:
    """Answer the grid as a table: day, number of the lesson, then a column for each class."""
    columns = (Column("День", 16), Column("Урок", 6), *(Column(one.name, 22, wrap=True) for one in found.classes))
    return Sheet("Расписание", columns, _grid_rows(found), merged=1)


def _grid_rows(found: TimetableGrid) -> Iterator[Sequence[Value]]:
    weeks = max((day.week for day in found.days), default=1)
    for day in found.days:
        name = _day_name(day, weeks)
        for slot in day.slots:
            cells = {one.class_id: cell_text(one) for one in slot.cells}
            yield (name, slot.slot, *(cells.get(one.id, "") for one in found.classes))


def _day_name(day: GridDay, weeks: int) -> str:
    if day.date:
        chosen = date.fromisoformat(day.date)
        return f"{WEEKDAYS[chosen.weekday()]}, {chosen:%d.%m.%Y}"
    name = day.name if day.weekday is None else WEEKDAYS[day.weekday]
    return f"{name}, неделя {day.week}" if weeks > 1 else name


def cell_text(cell: GridCell) -> str:
    """Answer what stands in a cell: subject (group), teachers, room, each on a line of its own; groups after a «/»."""
    return BETWEEN_GROUPS.join(_entry_text(one) for one in cell.entries)


def _entry_text(one: GridEntry) -> str:
    lines = [f"{one.subject_name} ({one.group_name})" if one.group_name else one.subject_name]
    lines.append(", ".join(one.teacher_names) or NO_TEACHER)
    if one.room_name:
        lines.append(one.room_name)
    changed = ((one.cancelled, "отменён"), (one.moved, "перенос"), (one.extra, "доп."), (one.substituted, "замена"))
    lines += [f"[{word}]" for holds, word in changed if holds]
    return "\n".join(lines)


def day_of(text: str | None) -> date | None:
    """Answer an ISO day for a cell."""
    return date.fromisoformat(text) if text else None


def clock_of(minutes: int | None) -> str:
    """Answer minutes since midnight as a clock shows them, midnight at the end of a day as 24:00."""
    return "" if minutes is None else f"{minutes // 60}:{minutes % 60:02d}"
