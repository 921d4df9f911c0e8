"""Answers that are files: the same question as JSON, CSV or XLSX, by `format` or by what the client accepts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeVar, cast

from fastapi import Request
from pydantic import Field

from ejd.exports.spreadsheet import CSV_TYPE, XLSX_TYPE, Sheet, to_csv, to_xlsx
from ejd.http.asking import Asking, Download, QuestionParameters, ReportParameters
from ejd.http.routes import ACCEPTED, ApiRoute, acceptable, check_accept
from ejd.kernel.calendar import zone
from ejd_projections.asking import SelectionError

FileFormat = Literal["csv", "xlsx"]
TYPES: dict[str, str] = {"application/json": "json", "text/csv": "csv", XLSX_TYPE: "xlsx"}
"""Media types by which a client asks, with the format that it means."""

MICROSECONDS = 1_000_000
FILE_ROWS_MAX = 50_000
"""Of one file that is put together page by page."""
SIMULATED_NOTE = "Учебная школа: ничего из этого не было."


class DownloadParameters(QuestionParameters):
    """What a question takes that answers files too."""

    format: Annotated[
        Literal["json", "csv", "xlsx"] | None,
        Field(description="As csv or xlsx all that was chosen is answered. By default what the client accepts."),
    ] = None

    @property
    def file(self) -> FileFormat | None:
        """The kind of file that is asked for, None for JSON."""
        return None if self.format in {None, "json"} else cast("FileFormat", self.format)


class FileReportParameters(DownloadParameters, ReportParameters):
    """A report that is a file too, also as of a moment of the past."""


class DownloadRoute(ApiRoute):
    """A route whose clients may accept files."""

    accepted = ACCEPTED | frozenset(TYPES)


P = TypeVar("P", bound=DownloadParameters)


def with_format(parameters: P, request: Request) -> P:
    """Answer the parameters with the format that the client accepts when it names none; raises NotAcceptable."""
    accept = request.headers.get("accept", "")
    if parameters.format == "json":
        check_accept(accept)
    if parameters.format is not None:
        return parameters
    welcome = (TYPES.get(kind, "json") for kind in acceptable(accept) if kind in DownloadRoute.accepted)
    return parameters.model_copy(update={"format": next(welcome, "json")})


def download(asking: Asking, kind: FileFormat | None, sheets: Sheet | Sequence[Sheet], file_name: str) -> Download:
    """Answer tables as a workbook, or the first of them as CSV; `file_name` is without its ending.

    Printed pages of a workbook say which moment they are true for, and that a simulated school is one.
    """
    if kind == "csv":
        first = sheets if isinstance(sheets, Sheet) else sheets[0]
        return Download(to_csv(first), CSV_TYPE, f"{file_name}.csv")
    made_at = local_time(asking, asking.now)
    note = f"По состоянию на {made_at:%d.%m.%Y %H:%M}, запись {asking.position}."
    if asking.school.simulated:
        note = f"{SIMULATED_NOTE} {note}"
    return Download(to_xlsx(sheets, made_at=made_at, note=note), XLSX_TYPE, f"{file_name}.xlsx")


def check_whole(total: int, found: int, what: str, instead: str) -> None:
    """Refuse a file that would not have all that was chosen; raises SelectionError."""
    if total > found:
        msg = f"{total} {what} are too many for one file ({found}): {instead}"
        raise SelectionError(msg, field="format")


def local_time(asking: Asking, at: int) -> datetime:
    """Answer what the school's clocks showed, to the second, without a zone: a spreadsheet knows none."""
    return datetime.fromtimestamp(at // MICROSECONDS, tz=zone(asking.school.timezone)).replace(tzinfo=None)
