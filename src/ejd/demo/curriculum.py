"""What is taught: subjects, hours a week by grade, and who is taught apart (ФОП, five- and six-day weeks)."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

Apart: TypeAlias = Literal["together", "halves", "sexes", "profiles"]
"""How a class is taught: as a whole, in two halves at once, boys and girls at once, or in profile groups."""

SUBJECTS: Final[dict[str, tuple[str, str]]] = {
    "russian": ("Русский язык", "Рус. яз."),
    "reading": ("Литературное чтение", "Лит. чт."),
    "literature": ("Литература", "Лит-ра"),
    "english": ("Английский язык", "Англ. яз."),
    "math": ("Математика", "Матем."),
    "algebra": ("Алгебра", "Алгебра"),
    "geometry": ("Геометрия", "Геом."),
    "probability": ("Вероятность и статистика", "Вер. и стат."),
    "informatics": ("Информатика", "Информ."),
    "world": ("Окружающий мир", "Окр. мир"),
    "orkse": ("Основы религиозных культур и светской этики", "ОРКСЭ"),
    "odnknr": ("Основы духовно-нравственной культуры народов России", "ОДНКНР"),
    "history": ("История", "История"),
    "society": ("Обществознание", "Общ-во"),
    "geography": ("География", "Геогр."),
    "physics": ("Физика", "Физика"),
    "chemistry": ("Химия", "Химия"),
    "biology": ("Биология", "Биол."),
    "music": ("Музыка", "Музыка"),
    "art": ("Изобразительное искусство", "ИЗО"),
    "labour": ("Труд (технология)", "Труд"),
    "pe": ("Физическая культура", "Физ-ра"),
    "obzr": ("Основы безопасности и защиты Родины", "ОБЗР"),
    "project": ("Индивидуальный проект", "Проект"),
    "physics-deep": ("Физика (углублённый уровень)", "Физика (у)"),
    "informatics-deep": ("Информатика (углублённый уровень)", "Информ. (у)"),
    "history-deep": ("История (углублённый уровень)", "История (у)"),
    "society-deep": ("Обществознание (углублённый уровень)", "Общ-во (у)"),
}
"""Full and short name by code."""


def _hours(text: str) -> dict[str, int]:
    return {code: int(hours) for code, hours in (item.split("=") for item in text.split())}


HOURS: Final[dict[int, dict[str, int]]] = {
    1: _hours("russian=5 reading=4 math=4 world=2 art=1 music=1 labour=1 pe=3"),
    2: _hours("russian=5 reading=4 english=2 math=4 world=2 art=1 music=1 labour=1 pe=3"),
    3: _hours("russian=5 reading=4 english=2 math=4 world=2 art=1 music=1 labour=1 pe=3"),
    4: _hours("russian=5 reading=4 english=2 math=4 world=2 orkse=1 art=1 music=1 labour=1 pe=2"),
    5: _hours(
        "russian=5 literature=3 english=3 math=5 history=3 odnknr=1 geography=1 biology=1 art=1 music=1 labour=2 pe=3"
    ),
    6: _hours(
        "russian=6 literature=3 english=3 math=5 history=3 odnknr=1 geography=1 biology=1 art=1 music=1 labour=2 pe=3"
    ),
    7: _hours(
        "russian=4 literature=2 english=3 algebra=3 geometry=2 probability=1 informatics=1 history=3 geography=2 "
        "physics=2 biology=2 art=1 music=1 labour=2 pe=3"
    ),
    8: _hours(
        "russian=3 literature=2 english=3 algebra=3 geometry=2 probability=1 informatics=1 history=3 society=1 "
        "geography=2 physics=2 chemistry=2 biology=2 music=1 labour=1 pe=3 obzr=1"
    ),
    9: _hours(
        "russian=3 literature=3 english=3 algebra=3 geometry=2 probability=1 informatics=1 history=3 society=1 "
        "geography=2 physics=3 chemistry=2 biology=2 labour=1 pe=2 obzr=1"
    ),
    10: _hours(
        "russian=2 literature=3 english=3 algebra=4 geometry=3 probability=1 history=2 geography=1 chemistry=1 "
        "biology=1 pe=3 obzr=1 project=1"
    ),
    11: _hours(
        "russian=2 literature=3 english=3 algebra=4 geometry=3 probability=1 history=2 geography=1 chemistry=1 "
        "biology=1 pe=3 obzr=1 project=1"
    ),
}
"""Lessons a week."""


class Profile(NamedTuple):
    """Two subjects that the halves of grades 10-11 have at the same time: the technical and the humanities profile."""

    technical: str
    humanities: str
    hours: int


PROFILES: Final = (Profile("physics-deep", "society-deep", 4), Profile("informatics-deep", "history-deep", 3))
PROFILE_GRADES: Final = (10, 11)
FIVE_DAY_GRADES: Final = range(1, 8)
DAY_LESSONS_MAX: Final = {1: 5, 2: 5, 3: 5, 4: 5, 5: 6, 6: 6}
"""Lessons a day at most (СанПиН 1.2.3685-21: grade 1 has four, once five); 7 in the grades above."""
LESSONS_MAX: Final = 7
SLOTS: Final = 8


def apart(subject: str, grade: int) -> Apart:
    """Answer how a subject is taught in a grade."""
    if subject == "english" or (subject == "informatics" and grade in range(7, 10)):
        return "halves"
    if (subject == "labour" and grade in range(5, 10)) or (subject == "pe" and grade >= 5):  # noqa: PLR2004 - a grade
        return "sexes"
    return "together"


class Specialty(NamedTuple):
    """One trade of teachers: position, subjects, kind of room, how many at least (halves need two at once)."""

    code: str
    position: str
    subjects: tuple[str, ...]
    room: str
    at_least: int = 1
    sex: str = ""


SPECIALTIES: Final = (
    Specialty("russian", "Учитель русского языка и литературы", ("russian", "literature"), "кабинет"),
    Specialty("math", "Учитель математики", ("math", "algebra", "geometry", "probability"), "кабинет"),
    Specialty("english", "Учитель английского языка", ("english",), "кабинет иностранного языка", 2),
    Specialty(
        "history",
        "Учитель истории и обществознания",
        ("history", "society", "odnknr", "history-deep", "society-deep"),
        "кабинет",
    ),
    Specialty("geography", "Учитель географии", ("geography",), "кабинет географии"),
    Specialty("biology", "Учитель биологии", ("biology",), "кабинет биологии"),
    Specialty("chemistry", "Заместитель директора, учитель химии", ("chemistry", "project"), "кабинет химии"),
    Specialty("physics", "Учитель физики", ("physics", "physics-deep"), "кабинет физики"),
    Specialty("informatics", "Учитель информатики", ("informatics", "informatics-deep"), "компьютерный класс", 2),
    Specialty("pe", "Учитель физической культуры", ("pe",), "спортивный зал", 2),
    Specialty("labour-m", "Учитель труда и ОБЗР", ("labour-m", "obzr"), "мастерская", sex="m"),
    Specialty("labour-f", "Учитель труда и ИЗО", ("labour-f", "art"), "кабинет домоводства", sex="f"),
    Specialty("music", "Учитель музыки", ("music",), "кабинет музыки"),
)
CLASS_TEACHERS_OWN: Final = frozenset({"russian", "reading", "math", "world", "orkse", "art", "labour"})
"""What the primary teacher teaches in the own class."""
PRIMARY_GRADES: Final = range(1, 5)
SYSTEM_OF: Final = {"orkse": "unmarked", "odnknr": "pass-fail", "project": "pass-fail"}
"""Subjects that are not marked as the class is."""
CONTROLLED: Final = {
    "russian": 2, "math": 2, "algebra": 2, "geometry": 1, "english": 1, "physics": 1, "chemistry": 1, "history": 1,
    "biology": 1, "geography": 1, "informatics-deep": 1, "physics-deep": 1, "society-deep": 1,
}  # fmt: skip
"""Control works in the quarter."""
