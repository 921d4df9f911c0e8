"""What a school is set up of as tables: members of classes, calendar, rooms, staff, subjects; words in Russian."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download
from ejd.http.calendar import CalendarOfYear, CalendarParameters, calendar_of_year, rooms
from ejd.http.downloads import FileReportParameters, check_whole, download
from ejd.http.list_files import ID_COLUMN, clock_of, day_of
from ejd.http.members import MemberOfClass, MembersParameters, members
from ejd.http.setup import StaffParameters, school, staff
from ejd_projections.asking import ROWS_MAX
from ejd_projections.journal_catalogue import classes_by_name

TERMS: Mapping[str, str] = {
    "promoted": "переведён",
    "conditional": "переведён условно",
    "repeats": "оставлен на повторное обучение",
}
CATEGORIES: Mapping[str, str] = {
    "none": "",
    "suitable": "соответствие занимаемой должности",
    "first": "первая",
    "highest": "высшая",
}
WHAT: Mapping[str, str] = {
    "lessons": "уроки",
    "transferred": "уроки (перенос)",
    "holiday": "праздник",
    "break": "каникулы",
    "free": "выходной",
}
WEIGHT = 100
"""Of an ordinary mark."""
MEMBER_COLUMNS = (
    Column("Класс", 8),
    Column("Ученик", 34),
    Column("С", 12),
    Column("По", 12),
    Column("Группы", 50),
    Column("Индивидуальный учебный план", 14),
    Column("Как пришёл", 24),
    ID_COLUMN,
)


def members_file(asking: Asking, query: MembersParameters) -> Download:
    """Answer the pupils of classes and groups on the day."""
    found = members(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(found.total, len(found.members), "pupils", "choose a class")
    above = (f"Состав классов на {date.fromisoformat(found.day):%d.%m.%Y}",)
    sheet = Sheet("Состав классов", MEMBER_COLUMNS, map(_member, found.members), above=above)
    return download(asking, query.file, sheet, f"members-{found.day}")


def _member(one: MemberOfClass) -> Sequence[Value]:
    last = None if one.until is None else date.fromisoformat(one.until) - timedelta(days=1)
    groups = ", ".join(group.name for group in one.groups)
    plan = "" if one.individual_plan is None else "да"
    return (one.class_name, one.name, day_of(one.since), last, groups, plan, TERMS.get(one.terms, ""), one.pupil)


CALENDAR_COLUMNS = (
    Column("Что", 18),
    Column("Название", 34),
    Column("С", 12),
    Column("По", 12),
    Column("Для кого, как какой день", 34),
)
DAY_COLUMNS = (
    Column("Дата", 12),
    Column("День", 18),
    Column("По какому дню цикла", 22),
    Column("Учебный период", 16),
)
BELL_COLUMNS = (
    Column("Расписание звонков", 20),
    Column("Урок", 8),
    Column("Начало", 8),
    Column("Конец", 8),
    Column("Классы", 50),
)


def calendar_file(asking: Asking, query: CalendarParameters) -> Download:
    """Answer periods, breaks, holidays and transferred days, then bells; of a class first what each day is for it."""
    found = calendar_of_year(asking, query)
    names = {row.stream: row.name for row in classes_by_name(asking.c, year=found.year)}
    cycle = {one.number: one.name for one in found.cycle}
    sheets = [
        Sheet("Календарь", CALENDAR_COLUMNS, _calendar(found, names, cycle)),
        Sheet("Звонки", BELL_COLUMNS, _bells(found, names)),
    ]
    if query.class_id is not None:
        sheets.insert(0, Sheet(f"Дни {names[query.class_id]}", DAY_COLUMNS, _days(found, cycle)))
    return download(asking, query.file, sheets, f"calendar-{found.first_day}")


def _calendar(found: CalendarOfYear, names: Mapping[str, str], cycle: Mapping[int, str]) -> Iterator[Sequence[Value]]:
    yield ("Учебный год", found.year_name, day_of(found.first_day), day_of(found.last_day), "")
    for period in found.periods:
        days = (day_of(period.first_day), day_of(period.last_day))
        yield ("Учебный период", period.name, *days, period.scheme)
    for one in found.breaks:
        whom = ", ".join([*(f"{grade}-е классы" for grade in one.grades), *_named(one.classes, names)])
        yield ("Каникулы", one.name, day_of(one.first_day), day_of(one.last_day), whom)
    for day in found.holidays:
        yield ("Праздник", day.name, day_of(day.day), day_of(day.day), "")
    for day in found.transferred:
        yield ("Перенос", day.name, day_of(day.day), day_of(day.day), cycle.get(day.cycle_day or 0, ""))


def _bells(found: CalendarOfYear, names: Mapping[str, str]) -> Iterator[Sequence[Value]]:
    for schedule in found.bells:
        classes = ", ".join(_named(schedule.classes, names))
        for bell in schedule.bells:
            yield (schedule.code, bell.slot, clock_of(bell.starts), clock_of(bell.ends), classes)


def _days(found: CalendarOfYear, cycle: Mapping[int, str]) -> Iterator[Sequence[Value]]:
    periods = {one.code: one.name for one in found.periods}
    for day in found.days:
        worked_as = cycle.get(day.cycle_day or 0, "")
        yield (day_of(day.day), WHAT[day.what], worked_as, periods.get(day.period, ""))


def _named(ids: Iterable[str], names: Mapping[str, str]) -> list[str]:
    return [names.get(one, "") for one in ids]


ROOM_COLUMNS = (Column("Кабинет", 20), Column("Мест", 8), Column("Вид", 24), ID_COLUMN)


def rooms_file(asking: Asking, query: FileReportParameters) -> Download:
    """Answer all rooms."""
    rows = ((one.name, one.capacity, one.kind, one.id) for one in rooms(asking, query).rooms)
    return download(asking, query.file, Sheet("Кабинеты", ROOM_COLUMNS, rows), f"rooms-{asking.today}")


STAFF_COLUMNS = (
    Column("Сотрудник", 34),
    Column("Должность", 28),
    Column("Должности по датам", 40),
    Column("Категория", 20),
    Column("Преподаёт", 50),
    Column("Принят", 12),
    Column("Уволен", 12),
    ID_COLUMN,
)


def staff_file(asking: Asking, query: StaffParameters) -> Download:
    """Answer members of staff with what they are qualified to teach."""
    found = staff(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(found.total, len(found.staff), "members of staff", "choose a subject")

    def rows() -> Iterator[Sequence[Value]]:
        for one in found.staff:
            subjects = ", ".join(subject.name for subject in one.subjects)
            dates = (day_of(one.employed_on), day_of(one.left_on))
            posts = "; ".join(f"{post.position} с {date.fromisoformat(post.starts):%d.%m.%Y}" for post in one.positions)
            yield (one.name, one.position, posts, CATEGORIES.get(one.category, ""), subjects, *dates, one.id)

    return download(asking, query.file, Sheet("Сотрудники", STAFF_COLUMNS, rows()), f"staff-{asking.today}")


SUBJECT_COLUMNS = (Column("Предмет", 34), Column("Сокращение", 16), ID_COLUMN)
WORK_COLUMNS = (Column("Вид работы", 34), Column("Вес", 8), Column("Письменная", 12), Column("Код", 20))
YEAR_COLUMNS = (Column("Учебный год", 16), Column("С", 12), Column("По", 12), ID_COLUMN)


def school_file(asking: Asking, query: FileReportParameters) -> Download:
    """Answer subjects, kinds of work and academic years, a sheet for each."""
    found = school(asking, query)
    sheets = (
        Sheet("Предметы", SUBJECT_COLUMNS, ((one.name, one.short, one.id) for one in found.subjects)),
        Sheet(
            "Виды работ",
            WORK_COLUMNS,
            (
                (one.name, Decimal(one.weight) / WEIGHT, "да" if one.written else "", one.code)
                for one in found.work_kinds
            ),
        ),
        Sheet(
            "Учебные годы",
            YEAR_COLUMNS,
            ((one.name, day_of(one.first_day), day_of(one.last_day), one.id) for one in found.years),
        ),
    )
    return download(asking, query.file, sheets, f"school-{asking.today}")
