"""What questions share: rows as dataclasses, and limits that no question may pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from ejd.read.projection import Row, Table

R = TypeVar("R", bound=Row)

IDS_MAX = 10_000
"""Ids in one question: both databases take fewer than 32,766 parameters in a statement."""
ROWS_MAX = 10_000
"""Rows of one page of an answer."""
RANGE_DAYS_MAX = 400
"""Days of one range: a year and some weeks."""


class SelectionError(ValueError):
    """What was asked for cannot be selected; the sentence says what to ask instead, `field` which part is wrong."""

    def __init__(self, sentence: str, *, field: str) -> None:
        """Keep the field for the answer."""
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class NotThereError(SelectionError):
    """Nothing has the id that was asked for."""


def fetch(c: sa.Connection, table: Table[R], *where: sa.ColumnElement[bool], order: Iterable[Any] = ()) -> list[R]:
    """Answer whole rows of a table as its dataclass, in order of the columns given and then of the key."""
    keys = [table.c[name] for name in table.key]
    statement = sa.select(table.table).where(*where).order_by(*order, *keys)
    return [table.row(*row) for row in c.execute(statement)]


def is_in(column: sa.Column[Any], ids: Collection[str]) -> sa.ColumnElement[bool]:
    """Answer the condition that a column is one of the ids; refuses more than IDS_MAX."""
    if len(ids) > IDS_MAX:
        raise SelectionError(f"{len(ids)} ids are too many: ask for at most {IDS_MAX} at once", field="ids")
    return column.in_(sorted(ids))


def within(column: sa.Column[Any], first: Any, last: Any) -> sa.ColumnElement[bool]:
    """Answer the condition that a column lies between two values, both included.

    Not BETWEEN: on PostgreSQL SQLAlchemy writes the column's collation beside each value, and there it may not stand.
    """
    return sa.and_(column >= first, column <= last)


def checked_limit(limit: int) -> int:
    """Answer the limit of a page; refuses one below 1 or above ROWS_MAX."""
    if not 1 <= limit <= ROWS_MAX:
        raise SelectionError(f"a page has 1 to {ROWS_MAX} rows, not {limit}", field="limit")
    return limit


def checked_range(first: str, last: str) -> tuple[date, date]:
    """Answer two ISO dates as dates; refuses what is no date, a last before the first, and more than RANGE_DAYS_MAX."""
    days = []
    for field, text in (("first", first), ("last", last)):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            raise SelectionError(f"{text!r} is no date: write it as 2026-09-01", field=field) from None
    if days[1] < days[0]:
        raise SelectionError(f"the last day {last} lies before the first day {first}", field="last")
    if (days[1] - days[0]).days >= RANGE_DAYS_MAX:
        raise SelectionError(f"a range has at most {RANGE_DAYS_MAX} days: choose a later first day", field="first")
    return days[0], days[1]


def day_after(day: str) -> str:
    """Answer the next day, both as ISO text."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
