"""Names as a Russian school has them: family names and patronymics agree with the person's sex."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mimesis import Person
from mimesis.enums import Gender
from mimesis.locales import Locale

from ejd.kernel.titles import PersonName

if TYPE_CHECKING:
    from random import Random

Sex: TypeAlias = Literal["m", "f"]

FAMILY_TRIES_MAX = 500
YO_SHARE = 0.07
YO_FAMILIES = (
    "Воробьёв", "Соловьёв", "Королёв", "Фёдоров", "Семёнов", "Киселёв", "Ковалёв", "Журавлёв", "Горбачёв", "Аксёнов",
    "Щёголев", "Берёзкин", "Чернышёв", "Пчёлкин", "Звёздин",
)  # fmt: skip
NOT_FOR_A_SCHOOL = re.compile(
    "Стал|Берия|Брежн|Андроп|Хрущ|Ельц|Горбач|Дзержин|Булган|Романов|Пуш|Лермонт|Толст|Достоев|Чехов|Бунин|Есенин|"
    "Гагар|Коз|Гнило|Гряз|Дур|Пьян|Сук|Беспут"
)
"""Names that a reader would take for somebody known, or for a joke."""
PLAIN_FAMILY = re.compile(r"[А-ЯЁ][а-яё]{2,11}(ов|ев|ёв|ин|ын|ский|цкий)")

PATRONYMICS = (
    ("Александр", "Александрович", "Александровна"), ("Алексей", "Алексеевич", "Алексеевна"),
    ("Анатолий", "Анатольевич", "Анатольевна"), ("Андрей", "Андреевич", "Андреевна"),
    ("Антон", "Антонович", "Антоновна"), ("Артём", "Артёмович", "Артёмовна"),
    ("Борис", "Борисович", "Борисовна"), ("Вадим", "Вадимович", "Вадимовна"),
    ("Валерий", "Валерьевич", "Валерьевна"), ("Василий", "Васильевич", "Васильевна"),
    ("Виктор", "Викторович", "Викторовна"), ("Виталий", "Витальевич", "Витальевна"),
    ("Владимир", "Владимирович", "Владимировна"), ("Вячеслав", "Вячеславович", "Вячеславовна"),
    ("Геннадий", "Геннадьевич", "Геннадьевна"), ("Григорий", "Григорьевич", "Григорьевна"),
    ("Денис", "Денисович", "Денисовна"), ("Дмитрий", "Дмитриевич", "Дмитриевна"),
    ("Евгений", "Евгеньевич", "Евгеньевна"), ("Иван", "Иванович", "Ивановна"),
    ("Игорь", "Игоревич", "Игоревна"), ("Илья", "Ильич", "Ильинична"),
    ("Константин", "Константинович", "Константиновна"), ("Лев", "Львович", "Львовна"),
    ("Максим", "Максимович", "Максимовна"), ("Михаил", "Михайлович", "Михайловна"),
    ("Никита", "Никитич", "Никитична"), ("Николай", "Николаевич", "Николаевна"),
    ("Олег", "Олегович", "Олеговна"), ("Павел", "Павлович", "Павловна"),
    ("Пётр", "Петрович", "Петровна"), ("Роман", "Романович", "Романовна"),
    ("Семён", "Семёнович", "Семёновна"), ("Сергей", "Сергеевич", "Сергеевна"),
    ("Фёдор", "Фёдорович", "Фёдоровна"), ("Юрий", "Юрьевич", "Юрьевна"),
)  # fmt: skip
"""A man's name with the patronymics of his son and his daughter."""
BOYS = (
    "Александр", "Алексей", "Андрей", "Арсений", "Артём", "Богдан", "Владислав", "Глеб", "Даниил", "Демид", "Денис",
    "Дмитрий", "Егор", "Иван", "Илья", "Кирилл", "Константин", "Лев", "Макар", "Максим", "Марк", "Матвей", "Мирон",
    "Михаил", "Никита", "Николай", "Павел", "Пётр", "Роман", "Савелий", "Семён", "Степан", "Тимофей",
    "Фёдор", "Ярослав",
)  # fmt: skip
GIRLS = (
    "Агата", "Алина", "Алиса", "Алёна", "Анастасия", "Анна", "Арина", "Варвара", "Василиса", "Вера", "Вероника",
    "Виктория", "Дарья", "Диана", "Ева", "Екатерина", "Елизавета", "Есения", "Злата", "Кира", "Ксения", "Маргарита",
    "Мария", "Милана", "Мирослава", "Надежда", "Ольга", "Полина", "София", "Софья", "Таисия", "Ульяна", "Юлия", "Яна",
)  # fmt: skip
WOMEN = (
    "Алёна", "Анастасия", "Анна", "Валентина", "Вера", "Виктория", "Галина", "Дарья", "Екатерина", "Елена", "Инна",
    "Ирина", "Ксения", "Лариса", "Людмила", "Марина", "Мария", "Надежда", "Наталья", "Нина", "Оксана", "Ольга",
    "Светлана", "Татьяна", "Юлия",
)  # fmt: skip
LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip


class Parents(NamedTuple):
    """A mother and a father of one family name."""

    mother: PersonName
    father: PersonName


class Names:
    """Draws names; those of pupils and staff are all different."""

    def __init__(self, seed: int, random: Random) -> None:
        """Take family names from mimesis, everything else from the tables here."""
        self._people = Person(Locale.RU, seed=seed)
        self._random = random
        self._used: set[str] = set()

    def family(self) -> str:
        """Answer a man's family name that declines plainly and has not been drawn yet."""
        for _ in range(FAMILY_TRIES_MAX):
            if self._random.random() < YO_SHARE:
                name = self._random.choice(YO_FAMILIES)
            else:
                name = self._people.surname(gender=Gender.MALE)
            known = name.replace("ё", "е")
            if PLAIN_FAMILY.fullmatch(name) and not NOT_FOR_A_SCHOOL.match(name) and known not in self._used:
                self._used.add(known)
                return name
        msg = "there are no more family names to draw"
        raise LookupError(msg)

    def adult(self, sex: Sex, family: str | None = None) -> PersonName:
        """Answer an adult's whole name."""
        family = family or self.family()
        _, son, daughter = self._random.choice(PATRONYMICS)
        if sex == "m":
            return PersonName(family=family, given=self._random.choice(PATRONYMICS)[0], middle=son)
        return PersonName(family=feminine(family), given=self._random.choice(WOMEN), middle=daughter)

    def parents(self) -> Parents:
        """Answer a married couple."""
        family = self.family()
        return Parents(self.adult("f", family), self.adult("m", family))

    def child(self, sex: Sex, father: PersonName) -> PersonName:
        """Answer a child's name: the patronymic is the father's name."""
        son, daughter = next((s, d) for given, s, d in PATRONYMICS if given == father.given)
        if sex == "m":
            return PersonName(family=father.family, given=self._random.choice(BOYS), middle=son)
        return PersonName(family=feminine(father.family), given=self._random.choice(GIRLS), middle=daughter)


def feminine(family: str) -> str:
    """Answer a woman's form of a family name."""
    return f"{family[:-2]}ая" if family.endswith("ий") else f"{family}а"


def login_of(name: PersonName) -> str:
    """Answer family name and initials in Latin letters."""
    initials = (name.given[:1] + name.middle[:1]).lower()
    return f"{latin(name.family.lower())}.{latin(initials)}"


def latin(text: str) -> str:
    """Answer a text in small Cyrillic letters as Latin ones."""
    return "".join(LATIN.get(letter, letter) for letter in text)
