"""What teachers, deputies and parents write: homework, comments, recommendations, reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

HOMEWORK: Final[dict[str, tuple[str, ...]]] = {
    "russian": (
        "Упр. {a}, с. {b}",
        "§ {c}, упр. {a}",
        "Выучить правило на с. {b}, упр. {a}",
        "Словарные слова, с. {b}",
    ),
    "reading": (
        "Читать с. {b}-{d}, пересказ",
        "С. {b}, выразительное чтение",
        "С. {b}, вопросы 1-4",
        "Наизусть, с. {b}",
    ),
    "literature": ("Дочитать, ответить на вопросы на с. {b}", "Характеристика героя, план", "Выучить наизусть, с. {b}"),
    "english": ("SB p. {b}, ex. {c}; words", "WB p. {b}", "Learn the words, p. {b}", "Read and translate, p. {b}"),
    "numbers": ("№ {a}, {e}", "§ {c}, № {a}, {e}", "С. {b}, № {a}", "Повторить § {c}, № {e}"),
    "paragraph": ("§ {c}, вопросы 1-5", "§ {c}, пересказ", "§ {c}, таблица в тетради", "§ {c}, термины наизусть"),
    "science": ("§ {c}, задачи {a}, {e}", "§ {c}, оформить лабораторную работу", "§ {c}, вопросы на с. {b}"),
    "primary": ("С. {b}-{d}, рабочая тетрадь", "С. {b}, № {c}", "Рабочая тетрадь, с. {b}"),
    "practical": ("Принести материалы к следующему уроку", "Закончить работу", "Эскиз в тетради"),
}
STYLE_OF: Final = {
    "russian": "russian", "reading": "reading", "literature": "literature", "english": "english", "math": "numbers",
    "algebra": "numbers", "geometry": "numbers", "probability": "numbers", "world": "primary", "labour": "practical",
    "art": "practical", "physics": "science", "physics-deep": "science", "chemistry": "science",
}  # fmt: skip
WITHOUT_HOMEWORK: Final = frozenset({"pe", "music", "orkse"})
COMMENTS: Final = (
    "Ошибки по невнимательности",
    "Хороший полный ответ",
    "Не выполнено последнее задание",
    "Отвечал с подсказкой",
    "Оформление небрежное",
    "Самостоятельное решение, молодец",
)
RECOMMENDATIONS: Final = (
    "Повторить таблицу и правила прошлого года, по 15 минут в день.",
    "Больше читать вслух дома, обращать внимание на окончания слов.",
    "Разобрать ошибки контрольной работы и подойти на консультацию в четверг.",
    "Попробовать задания олимпиадного уровня, список у учителя.",
    "Следить за оформлением решений: условие, чертёж, ответ.",
    "Составить карточки с новыми словами и повторять их перед уроком.",
    "Не откладывать домашнее задание на последний вечер.",
)
LATE_REASONS: Final = ("Ошибка при вводе", "Пересчитаны баллы за работу", "Работа переписана на консультации")
WITHDRAWN_REASONS: Final = ("Отметка выставлена другому ученику по ошибке", "Работа не засчитана, будет переписана")
ATTENDANCE_REASONS: Final = ("Представлена справка от врача", "Заявление родителей")
CANCEL_REASONS: Final = ("Некем заменить", "Отключение отопления в кабинете", "Выезд класса на экскурсию")
MOVE_REASONS: Final = ("Учитель на курсах повышения квалификации", "Кабинет занят проведением олимпиады")
CONTROL_FORMS: Final = ("контрольная работа", "контрольная работа в форме теста", "диктант с заданием")


def homework_text(subject: str, random: Random) -> str:
    """Answer homework as it stands in a diary."""
    template = random.choice(HOMEWORK[STYLE_OF.get(subject, "paragraph")])
    first = random.randint(12, 180)
    return template.format(
        a=random.randint(20, 380), b=first, c=random.randint(3, 24), d=first + 2, e=random.randint(20, 380)
    )
