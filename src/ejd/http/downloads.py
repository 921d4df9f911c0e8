"""Answers that are files: the same question as JSON, CSV or XLSX, by `format` or by what the client accepts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar, cast

from fastapi import Request
from pydantic import Field

from ejd.exports.spreadsheet import CSV_TYPE, XLSX_TYPE, Sheet, to_csv, to_xlsx
from ejd.http.asking import Asking, Download, QuestionParameters, ReportParameters
from ejd.http.routes import ACCEPTED, ApiRoute, acceptable, check_accept
from ejd.kernel.calendar import zone

FileFormat = Literal["csv", "xlsx"]
TYPES: dict[str, str] = {"application/json": "json", "text/csv": "csv", XLSX_TYPE: "xlsx"}
"""Media types by which a client asks, with the format that it means."""

MICROSECONDS = 1_000_000


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


def download(asking: Asking, kind: FileFormat, sheet: Sheet, file_name: str) -> Download:
    """Answer a table as a file; `file_name` is without its ending."""
    if kind == "csv":
        return Download(to_csv(sheet), CSV_TYPE, f"{file_name}.csv")
    made_at = local_time(asking, asking.now)
    return Download(to_xlsx(sheet, made_at=made_at), XLSX_TYPE, f"{file_name}.xlsx")


def local_time(asking: Asking, at: int) -> datetime:
    """Answer what the school's clocks showed, to the second, without a zone: a spreadsheet knows none."""
    return datetime.fromtimestamp(at // MICROSECONDS, tz=zone(asking.school.timezone)).replace(tzinfo=None)
