"""The CSV binding of OneRoster 1.2: its files, their columns in the standard's order, and the zip that holds them.

Source: 1EdTech OneRoster CSV Binding 1.2.1 (Final Release, 22 August 2023): tables of the files, bulk processing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ejd.exports.spreadsheet import TEXT_MARK, is_formula

__all__ = [
    "COLUMNS",
    "FILES",
    "OWN",
    "ZIP_TYPE",
    "Cell",
    "PackageTooLargeError",
    "Row",
    "cell_text",
    "grade_code",
    "one_line",
    "write_package",
]

ZIP_TYPE = "application/zip"
SPOOLED_BYTES_MAX = 8 * 1024 * 1024
"""A larger package waits on the disk while it is sent."""
ROWS_MAX = 3_000_000
"""Of one file; a school of 1,500 pupils has some 1,300,000 marks a year."""
NUMBER = re.compile(r"[+-]?[0-9][0-9 ()-]*(\.[0-9]+)?")
"""A number or a telephone number: the standard needs it as it is, and no program can make more of it."""

LIFECYCLE = ("sourcedId", "status", "dateLastModified")
"""Of every row; in bulk files the latter two are empty (CSV binding, «Yes for Delta»)."""

OWN = "metadata.ejd."
"""Begins the columns that the standard does not have, behind its own (CSV binding 1.2.1, extension by metadata)."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "academicSessions": (
        *("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
        *(OWN + "scheme", OWN + "code"),
    ),
    "categories": ("title", "weight"),
    "classes": (
        *("title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId"),
        *("termSourcedIds", "subjects", "subjectCodes", "periods"),
        *(OWN + "scheme", OWN + "weekDays", OWN + "group", OWN + "groupTitle", OWN + "kind"),
    ),
    "courses": (*("schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"),),
    "demographics": (
        *("birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican"),
        *("nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces"),
        *("hispanicOrLatinoEthnicity", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth"),
        "publicSchoolResidenceStatus",
    ),
    "enrollments": (
        *("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"),
        OWN + "hoursPerWeek",
    ),
    "lineItems": (
        *("title", "description", "assignDate", "dueDate", "classSourcedId", "categorySourcedId"),
        *("academicSessionSourcedId", "resultValueMin", "resultValueMax", "schoolSourcedId"),
    ),
    "orgs": ("name", "type", "identifier", "parentSourcedId"),
    "results": (
        *("lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate", "comment", "textScore"),
        *("classSourcedId", "inProgress", "incomplete", "late", "missing"),
    ),
    "roles": (*("userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"),),
    "scoreScales": ("title", "type", "orgSourcedId", "courseSourcedId", "classSourcedId", "scoreScaleValue"),
    "users": (
        *("enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email"),
        *("sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName"),
        *("preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns"),
        *(OWN + "position", OWN + "employedOn"),
    ),
}
"""What is written, by file; columns after those of LIFECYCLE."""

FILES = (
    *("academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics"),
    *("enrollments", "lineItemLearningObjectiveIds", "lineItems", "lineItemScoreScales", "orgs", "resources"),
    *("resultLearningObjectiveIds", "results", "resultScoreScales", "roles", "scoreScales", "userProfiles"),
    *("userResources", "users"),
)
"""Every file that a manifest of version 1.2 tells of."""

Cell = str | int | date | bool | Sequence[str] | None
"""A list stands in one cell with commas; days are YYYY-MM-DD; True and False are words."""
Row = tuple[str, Mapping[str, Cell]]
"""The id of a row, and its cells by column; what is left out is empty."""


class PackageTooLargeError(Exception):
    """A file would have more rows than any school has."""


def write_package(
    files: Mapping[str, Callable[[], Iterable[Row]]], *, made_at: datetime, system: str, code: str
) -> IO[bytes]:
    """Answer a zip with the manifest and the files given, at its beginning; the caller closes it.

    Rows are asked for when their file is written, so that no file is ever whole in memory. Raises PackageTooLargeError
    above ROWS_MAX rows in a file.
    """
    out = cast("IO[bytes]", SpooledTemporaryFile(SPOOLED_BYTES_MAX))  # noqa: SIM115 - the caller closes it
    try:
        with ZipFile(out, "w", ZIP_DEFLATED) as package:
            _write(package, "manifest", ("propertyName", "value"), _manifest(files, system, code), made_at)
            for name, rows in files.items():
                columns = COLUMNS[name]
                _write(package, name, (*LIFECYCLE, *columns), _lines(rows(), columns), made_at)
    except BaseException:
        out.close()
        raise
    out.seek(0)
    return out


def _manifest(there: Iterable[str], system: str, code: str) -> Iterator[Sequence[str]]:
    yield "manifest.version", "1.0"
    yield "oneroster.version", "1.2"
    for name in FILES:
        yield f"file.{name}", "bulk" if name in there else "absent"
    yield "source.systemName", cell_text(system)
    yield "source.systemCode", code


def _lines(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[Sequence[str]]:
    for key, cells in rows:
        strange = cells.keys() - set(columns)
        assert not strange, strange  # noqa: S101 - a column of the standard, or a slip of ours
        yield (key, "", "", *(cell_text(cells.get(column)) for column in columns))


def _write(
    package: ZipFile, name: str, heading: Sequence[str], lines: Iterable[Sequence[str]], made_at: datetime
) -> None:
    entry = ZipInfo(f"{name}.csv", made_at.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    # its size is not known before it is written: ZIP64 only where it turns out to be needed would come too late
    with package.open(entry, "w", force_zip64=True) as raw, TextIOWrapper(raw, "utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(heading)
        for count, line in enumerate(lines, start=1):
            if count > ROWS_MAX:
                msg = f"{name}.csv would have more than {ROWS_MAX} rows"
                raise PackageTooLargeError(msg)
            writer.writerow(line)


def cell_text(value: Cell) -> str:
    """Answer a cell as the standard has it; a text that a spreadsheet could run gets an apostrophe, numbers stay."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case int():
            return str(value)
        case str():
            text = one_line(value)
            return TEXT_MARK + text if is_formula(text) and not NUMBER.fullmatch(text) else text
        case _:
            return cell_text(",".join(value))


def one_line(text: str) -> str:
    """Answer a text without line breaks: the standard's rows are lines."""
    return " ".join(text.split())


def grade_code(grade: int) -> Sequence[str]:
    """Answer a year of schooling in the vocabulary of grades (CEDS: 01 … 13); none for 0."""
    return (f"{grade:02d}",) if grade else ()
