"""Consents as a table, and the list of families to be informed on paper; words in Russian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download
from ejd.http.consents import Consents, ConsentsParameters, PaperFamily, PersonConsents, consents
from ejd.http.downloads import check_whole, download
from ejd.http.list_files import ID_COLUMN, day_of
from ejd_projections.asking import ROWS_MAX

REASONS: Mapping[str, str] = {
    "consented": "есть согласие",
    "needs-none": "согласие не требуется, отказа нет",
    "not-asked": "согласие не спрошено",
    "refused": "отказ",
    "withdrawn": "согласие отозвано",
    "expired": "срок согласия истёк",
    "own-word-missing": "нет согласия самого ученика",
    "nobody-acts": "нет законного представителя",
    "unknown-purpose": "цель не определена",
    "unknown-person": "нет такого человека",
}
DECISIONS: Mapping[str, str] = {"given": "согласие", "refused": "отказ", "withdrawn": "отзыв согласия"}
CHANNELS: Mapping[str, str] = {"paper": "на бумаге", "cabinet": "в личном кабинете"}
KINDS: Mapping[str, str] = {"pupil": "ученик", "guardian": "представитель", "staff": "сотрудник"}
COLUMNS = (
    Column("Класс", 8),
    Column("Кто", 34),
    Column("Роль", 14),
    Column("Цель", 36),
    Column("Можно", 8),
    Column("Почему", 34),
    Column("Чьё слово решило", 34),
    Column("Решение", 18),
    Column("Кто дал", 34),
    Column("Дата", 12),
    Column("Действует по", 12),
    Column("Как получено", 18),
    Column("Кто внёс", 30),
    Column("Примечание", 40),
    ID_COLUMN,
)
PAPER_COLUMNS = (
    Column("Класс", 8),
    Column("Ученик", 34),
    Column("Почему", 34),
    Column("Чьё слово решило", 34),
    Column("Кого информировать", 50),
    ID_COLUMN,
)


def consents_file(asking: Asking, query: ConsentsParameters) -> Download:
    """Answer what was said with what follows from it, and the families on paper; of these alone with `on_paper`."""
    found = consents(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(found.total, len(found.people), "people", "choose a class")
    on = f"{date.fromisoformat(found.day):%d.%m.%Y}"
    paper = Sheet("На бумаге", PAPER_COLUMNS, map(_paper, found.on_paper), above=(f"Информировать на бумаге, на {on}",))
    if query.on_paper:
        return download(asking, query.file, paper, f"on-paper-{found.day}")
    sheet = Sheet("Согласия", COLUMNS, _rows(found), above=(f"Согласия и отказы на {on}",))
    return download(asking, query.file, [sheet, paper], f"consents-{found.day}")


def _rows(found: Consents) -> Iterator[Sequence[Value]]:
    names = {one.code: one.name for one in found.purposes}
    for person in found.people:
        yield from _of_person(person, names)


def _of_person(person: PersonConsents, names: Mapping[str, str]) -> Iterator[Sequence[Value]]:
    for answer in person.purposes:
        beginning: tuple[Value, ...] = (
            person.class_name,
            person.name,
            KINDS[person.kind],
            names[answer.purpose],
            "да" if answer.allowed else "нет",
            REASONS[answer.reason],
            ", ".join(answer.by),
        )
        for word in answer.words:
            yield (
                *beginning,
                DECISIONS[word.decision],
                word.giver_name,
                day_of(word.decided_on),
                day_of(word.until),
                CHANNELS[word.channel],
                word.registered_by,
                word.note,
                person.person,
            )
        if not answer.words:
            yield (*beginning, "", "", None, None, "", "", "", person.person)


def _paper(one: PaperFamily) -> Sequence[Value]:
    by, guardians = ", ".join(one.by), ", ".join(each.name for each in one.guardians)
    return (one.class_name, one.name, REASONS[one.reason], by, guardians, one.pupil)
