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
DAY_MAX = "9999-12-31"
"""Later than any day: the end of a range without one."""
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


def question(table: Table[R], *where: sa.ColumnElement[bool], order: Iterable[Any] = ()) -> sa.Select[Any]:
    """Answer the statement for whole rows of a table, in order of the columns given and then of the key.

    A statement that is kept, with `bound` and `among` for what changes, is compiled once.
    """
    keys = [table.c[name] for name in table.key]
    return sa.select(table.table).where(*where).order_by(*order, *keys)


def ask(c: sa.Connection, table: Table[R], statement: sa.Select[Any], **values: Any) -> list[R]:
    """Answer the rows of a `question` as the table's dataclass."""
    row = table.row
    return [row(*one) for one in c.execute(statement, values).all()]


def fetch(c: sa.Connection, table: Table[R], *where: sa.ColumnElement[bool], order: Iterable[Any] = ()) -> list[R]:
    """Answer the rows of a question that is put together on the way."""
    return ask(c, table, question(table, *where, order=order))


def bound(name: str) -> sa.BindParameter[Any]:
    """Answer a value that a kept statement gets when it is asked."""
    return sa.bindparam(name)


def among(column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """Answer the condition that a column is one of the ids that a kept statement gets; see `checked_ids`."""
    return column.in_(sa.bindparam(name, expanding=True))


def checked_ids(ids: Collection[str]) -> list[str]:
    """Answer ids for `among`; refuses more than IDS_MAX."""
    if len(ids) > IDS_MAX:
        raise SelectionError(f"{len(ids)} ids are too many: ask for at most {IDS_MAX} at once", field="ids")
    return sorted(ids)


def is_in(column: sa.Column[Any], ids: Collection[str]) -> sa.ColumnElement[bool]:
    """Answer the condition that a column is one of the ids; refuses more than IDS_MAX."""
    return column.in_(checked_ids(ids))


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
