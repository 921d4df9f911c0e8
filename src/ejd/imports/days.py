"""Days as people and programs write them."""

import re
from datetime import date, datetime
from typing import Final

from ejd_commands.fields import BIRTH_DAY_MIN, DAY_MAX

__all__ = ["day_of", "year_days"]

_SHAPES: Final = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})", re.ASCII),
)
FIRST_MONTH, LAST_MONTH, LAST_DAY = 9, 5, 31
"""«Academic year from 1 September» (rules.md) to the end of May."""
_YEAR: Final = re.compile(r"(20\d\d)(\D.*)?", re.ASCII)


def year_days(name: str) -> tuple[date, date] | None:
    """Answer first and last day of an academic year by its name (2026/27), None where the name says no year."""
    found = _YEAR.fullmatch(name)
    if found is None:
        return None
    number = int(found[1])
    return date(number, FIRST_MONTH, 1), date(number + 1, LAST_MONTH, LAST_DAY)


def day_of(value: object) -> date | None:
    """Answer the day of a cell (2026-09-01, 01.09.2026, or a spreadsheet's own day), None for anything else.

    A year of two digits is none: nobody knows the century of a birth date.
    """
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        text = value.strip() if isinstance(value, str) else ""
        found = next((match for shape in _SHAPES if (match := shape.fullmatch(text))), None)
        if found is None:
            return None
        try:
            value = date(int(found["y"]), int(found["m"]), int(found["d"]))
        except ValueError:
            return None
    return value if BIRTH_DAY_MIN <= value <= DAY_MAX else None
