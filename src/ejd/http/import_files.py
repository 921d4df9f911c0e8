"""The refused rows of an import as a list, in the words of a school."""

from collections.abc import Iterable
from typing import Protocol

from ejd.exports.spreadsheet import Column, Sheet

__all__ = ["refused_rows"]


class RefusedLine(Protocol):
    """Where a row stands that was not brought in, and why."""

    @property
    def file(self) -> str:
        """The file."""
        ...

    @property
    def sheet(self) -> str:
        """The sheet, "" in CSV."""
        ...

    @property
    def row(self) -> int:
        """The row as a spreadsheet counts it."""
        ...

    @property
    def column(self) -> str:
        """The column, "" where the whole row is meant."""
        ...

    @property
    def reason(self) -> str:
        """Why."""
        ...


def refused_rows(lines: Iterable[RefusedLine]) -> Sheet:
    """Answer the list; what stands in the cells is left out, it may be personal."""
    return Sheet(
        "Отклонённые строки",
        (Column("Файл", 24), Column("Лист", 16), Column("Строка", 8), Column("Столбец", 24), Column("Причина", 60)),
        ((each.file, each.sheet, each.row or None, each.column, each.reason) for each in lines),
    )
