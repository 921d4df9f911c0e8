"""Which day of the week a day's name means, in the languages whose schools we have files or users of."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_file import DAYS_MAX, CycleDay

__all__ = ["cycle", "weekday_of"]

_MONDAY_TO_SUNDAY: Final = (
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "Mon Tue Wed Thu Fri Sat Sun",
    "понедельник вторник среда четверг пятница суббота воскресенье",
    "пн вт ср чт пт сб вс",
    "понеділок вівторок середа четвер п'ятниця субота неділя",
    "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "Δευτέρα Τρίτη Τετάρτη Πέμπτη Παρασκευή Σάββατο Κυριακή",
    "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lunes martes miércoles jueves viernes sábado domingo",
    "segunda terça quarta quinta sexta sábado domingo",
    "luni marți miercuri joi vineri sâmbătă duminică",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "måndag tisdag onsdag torsdag fredag lördag söndag",
    "maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai",
    "poniedziałek wtorek środa czwartek piątek sobota niedziela",
    "hétfő kedd szerda csütörtök péntek szombat vasárnap",
    "Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi Pazar",
)
"""Full names, and short ones where no other language here gives them another meaning (`mar` is Tuesday in
four languages and March in others; Bulgarian `неделя` is Sunday and Russian `неделя` a week: such words stay
out)."""


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


_WEEKDAYS: Final = {_plain(name): place for names in _MONDAY_TO_SUNDAY for place, name in enumerate(names.split())}


def weekday_of(name: str) -> int | None:
    """Return 0 for Monday … 6 for Sunday, None where a name has no weekday ("Day 1") or two.

    Other words beside the weekday are passed over ("Week A Monday"); case and accents do not matter.
    """
    words = "".join(character if character.isalpha() or character == "'" else " " for character in _plain(name)).split()
    found = {_WEEKDAYS[word] for word in words if word in _WEEKDAYS}
    return found.pop() if len(found) == 1 else None


def cycle(names: Sequence[str], weeks: Sequence[int | None] | None = None) -> tuple[CycleDay, ...]:
    """Return the days of a cycle by name; `weeks` says which week each belongs to where the file knows.

    Where it does not, a second Monday opens week 2, provided that every day has a weekday's name. Raises
    ImportRefused for more than `DAYS_MAX` days.
    """
    if len(names) > DAYS_MAX:
        raise ImportRefused(
            f"The timetable's cycle has {len(names)} days and at most {DAYS_MAX} are read: export less."
        )
    weekdays = [weekday_of(name) for name in names]
    known_weeks = _occurrences(weekdays) if weeks is None else tuple(weeks)
    return tuple(
        CycleDay(name, weekday, week, known_weeks[:place].count(week))
        for place, (name, weekday, week) in enumerate(zip(names, weekdays, known_weeks, strict=True))
    )


def _occurrences(weekdays: Sequence[int | None]) -> tuple[int | None, ...]:
    """Count each day's weekday up to it; all None unless all are known and one comes twice."""
    if None in weekdays or len(set(weekdays)) == len(weekdays):
        return (None,) * len(weekdays)
    return tuple(1 + weekdays[:place].count(weekday) for place, weekday in enumerate(weekdays))
