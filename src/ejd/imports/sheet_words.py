"""The words of the lists that Russian schools keep: sheets, headings, kinds, relations; for templates and reader."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from ejd.imports.tables import heading_key

__all__ = [
    "COMPONENTS",
    "EXAMPLE",
    "GROUP_KINDS",
    "LINE_KINDS",
    "LISTS",
    "RELATIONS",
    "Column",
    "ListKind",
    "ListShape",
    "known_headings",
]

ListKind = Literal["subjects", "staff", "classes", "pupils", "groups", "members", "load", "curricula"]
EXAMPLE: Final = "пример"
"""A row whose first cell begins so is not read."""


class Column(NamedTuple):
    """A column: its field, the heading that templates write, others that are understood, what an example has."""

    field: str
    heading: str
    also: tuple[str, ...] = ()
    example: str = ""
    needed: bool = False
    choices: str = ""
    """Which list of values a drop-down offers: classes, subjects, staff, kinds, relations."""
    what: str = ""


class ListShape(NamedTuple):
    """A list: the sheet's name in templates, its columns, what it is for."""

    kind: ListKind
    sheet: str
    columns: tuple[Column, ...]
    what: str


_NAME: Final = (
    Column("family", "Фамилия", (), "Иванова", needed=True),
    Column("given", "Имя", (), "Мария", needed=True),
    Column("middle", "Отчество", (), "Петровна"),
)
FULL_NAME: Final = Column(
    "full", "ФИО", ("ф.и.о", "ф. и. о", "фамилия, имя, отчество", "фамилия имя отчество", "фамилия, имя", "фамилия имя")
)
"""Understood in place of the three columns of a name."""
_CODE: Final = Column(
    "code",
    "Код",
    ("ид", "id", "номер личного дела", "табельный номер"),
    what="Постоянный номер; по нему человека узнают.",
)


def _guardian(number: int) -> tuple[Column, ...]:
    head = f"Представитель {number}"
    return (
        Column(
            f"guardian{number}",
            f"{head}: ФИО",
            (f"представитель {number}",),
            "Иванов Пётр Ильич" if number == 1 else "",
        ),
        Column(f"relation{number}", f"{head}: кто", (f"{head}: кем приходится".casefold(),), choices="relations"),
        Column(f"phone{number}", f"{head}: телефон"),
        Column(f"email{number}", f"{head}: почта", (f"{head}: e-mail".casefold(), f"{head}: email".casefold())),
    )


LISTS: Final[Mapping[ListKind, ListShape]] = {
    each.kind: each
    for each in (
        ListShape(
            "subjects",
            "Предметы",
            (
                Column("subject", "Предмет", ("наименование предмета", "учебный предмет"), "Алгебра", needed=True),
                Column("short", "Краткое название", ("сокращение",), "Алг"),
            ),
            "Предметы учебного плана.",
        ),
        ListShape(
            "staff",
            "Сотрудники",
            (
                *_NAME,
                Column("position", "Должность", (), "учитель", needed=True),
                Column("subjects", "Предметы", ("предметы через запятую",), "Алгебра, Геометрия"),
                _CODE,
            ),
            "Все, кто работает в школе; предметы через запятую, как в списке предметов.",
        ),
        ListShape(
            "classes",
            "Классы",
            (
                Column("class", "Класс", ("наименование класса",), "8А", needed=True),
                Column("grade", "Параллель", ("год обучения",), "8"),
                Column("teacher", "Классный руководитель", (), "Иванова Мария Петровна", choices="staff"),
            ),
            "Классы учебного года; параллель можно не писать, если класс начинается с числа.",
        ),
        ListShape(
            "pupils",
            "Ученики",
            (
                *_NAME,
                Column("born", "Дата рождения", ("дата рожд", "д.р"), "01.09.2012"),
                Column("class", "Класс", (), "8А", needed=True, choices="classes"),
                *_guardian(1),
                *_guardian(2),
                _CODE,
            ),
            "Ученики с классами; представители по желанию. Без столбца «Класс» классом считается имя листа или файла.",
        ),
        ListShape(
            "groups",
            "Группы",
            (
                Column("group", "Группа", ("название группы",), "Английский 8А-1", needed=True),
                Column("kind", "Вид", ("вид группы",), "подгруппа", choices="kinds"),
                Column("classes", "Классы", ("классы через запятую",), "8А", needed=True),
            ),
            "Учебные группы и потоки; классы через запятую.",
        ),
        ListShape(
            "members",
            "Состав групп",
            (
                Column("group", "Группа", (), "Английский 8А-1", needed=True, choices="groups"),
                *_NAME,
                Column("class", "Класс", (), "8А", choices="classes"),
            ),
            "Кто в какой группе.",
        ),
        ListShape(
            "load",
            "Нагрузка",
            (
                Column(
                    "teacher", "Учитель", ("преподаватель",), "Иванова Мария Петровна", needed=True, choices="staff"
                ),
                Column("subject", "Предмет", (), "Алгебра", needed=True, choices="subjects"),
                Column(
                    "taught", "Класс или группа", ("класс/группа", "класс, группа"), "8А", needed=True, choices="taught"
                ),
                Column("hours", "Часов в неделю", ("часы", "часов"), "3"),
            ),
            "Кто что ведёт: строка — учитель, предмет, класс или группа; часы в неделю целым числом.",
        ),
        ListShape(
            "curricula",
            "Учебные планы",
            (
                Column("curriculum", "Учебный план", ("название учебного плана",), "План 8 классов", needed=True),
                Column("grades", "Параллели", ("параллели через запятую",), "8"),
                Column("profile", "Профиль", (), "технологический"),
                Column("weeks", "Недель в году", ("учебных недель",), "34"),
                Column("subject", "Предмет", ("учебный предмет",), "Алгебра", needed=True, choices="subjects"),
                Column("hours", "Часов в неделю", ("часы в неделю",), "3", needed=True),
                Column("yearly", "Часов в год", ("часы в год", "часов за год")),
                Column("component", "Часть плана", ("компонент",), "обязательная часть", choices="components"),
                Column("line_kind", "Вид занятий", (), choices="line_kinds"),
                Column("classes", "Классы", ("классы через запятую",), "8А, 8Б"),
            ),
            "Строка — предмет учебного плана; параллели, профиль, недели и классы достаточно назвать в первой строке."
            " Часы в неделю можно дробные (0,5); часы в год без числа считаются по неделям.",
        ),
    )
}
"""In the order in which a workbook of all lists has them."""

GROUP_KINDS: Final[Mapping[str, Literal["subgroup", "stream", "elective", "club"]]] = {
    "подгруппа": "subgroup",
    "поток": "stream",
    "электив": "elective",
    "факультатив": "elective",
    "кружок": "club",
}
COMPONENTS: Final[Mapping[str, Literal["federal", "school", "participants"]]] = {
    "обязательная часть": "federal",
    "федеральный компонент": "federal",
    "школьный компонент": "school",
    "компонент образовательной организации": "school",
    "часть, формируемая участниками": "participants",
    "часть, формируемая участниками образовательных отношений": "participants",
}
"""Parts of an approved curriculum (ФГОС: обязательная часть и часть, формируемая участниками; ФКГОС: компоненты)."""
LINE_KINDS: Final[Mapping[str, Literal["", "subgroup", "stream", "elective", "club", "individual"]]] = {
    "класс": "",
    **GROUP_KINDS,
    "индивидуально": "individual",
}
RELATIONS: Final[Mapping[str, str]] = {
    "мать": "mother",
    "мама": "mother",
    "отец": "father",
    "папа": "father",
    "бабушка": "grandparent",
    "дедушка": "grandparent",
    "брат": "sibling",
    "сестра": "sibling",
    "опекун": "guardian",
    "попечитель": "guardian",
    "другой": "other",
}
_NUMBER: Final = frozenset({"№", "№ п/п", "№п/п", "n п/п", "п/п"})


def known_headings(kind: ListKind) -> dict[str, str]:
    """Answer the fields of a list by the keys of all headings that are understood; "" for the number of the row."""
    columns = LISTS[kind].columns
    found = {heading_key(each): "" for each in _NUMBER}
    if any(each.field == "family" for each in columns):
        columns = (*columns, FULL_NAME)
    for column in columns:
        for heading in (column.heading, *column.also):
            found[heading_key(heading)] = column.field
    return found
