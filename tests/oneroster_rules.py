"""Is a zip a OneRoster 1.2 package? The rules of the CSV binding, written out from its tables and from nothing of ours.

1EdTech OneRoster CSV Binding 1.2.1 (Final Release, 22 August 2023): headings in their order, required columns,
enumerations, formats, references; which files a manifest tells of; what bulk files leave empty.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import NamedTuple
from zipfile import ZipFile

MANIFEST_FILES = [
    *("academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics"),
    *("enrollments", "lineItemLearningObjectiveIds", "lineItems", "lineItemScoreScales", "orgs", "resources"),
    *("resultLearningObjectiveIds", "results", "resultScoreScales", "roles", "scoreScales", "userProfiles"),
    *("userResources", "users"),
]

# one line a file; ! is required, then the format; a reference names its file, a list ends in *
TABLES = {
    "academicSessions": "title!text type!session startDate!date endDate!date parentSourcedId:academicSessions"
    " schoolYear!year",
    "categories": "title!text weight:percent",
    "classes": "title!text grades:grades courseSourcedId!courses classCode:text classType!class location:text"
    " schoolSourcedId!orgs termSourcedIds!academicSessions* subjects:text subjectCodes:text periods:text",
    "courses": "schoolYearSourcedId:academicSessions title!text courseCode:text grades:grades orgSourcedId!orgs"
    " subjects:text subjectCodes:text",
    "demographics": "birthDate:date sex:sex americanIndianOrAlaskaNative:bool asian:bool blackOrAfricanAmerican:bool"
    " nativeHawaiianOrOtherPacificIslander:bool white:bool demographicRaceTwoOrMoreRaces:bool"
    " hispanicOrLatinoEthnicity:bool countryOfBirthCode:text stateOfBirthAbbreviation:text cityOfBirth:text"
    " publicSchoolResidenceStatus:text",
    "enrollments": "classSourcedId!classes schoolSourcedId!orgs userSourcedId!users role!enrolled primary:bool"
    " beginDate:date endDate:date",
    "lineItems": "title!text description:text assignDate!date dueDate!date classSourcedId!classes"
    " categorySourcedId!categories academicSessionSourcedId!academicSessions resultValueMin:float"
    " resultValueMax:float schoolSourcedId!orgs",
    "orgs": "name!text type!org identifier:text parentSourcedId:orgs",
    "results": "lineItemSourcedId!lineItems studentSourcedId!users scoreStatus!score score:float scoreDate!date"
    " comment:text textScore:text classSourcedId:classes inProgress:bool incomplete:bool late:bool missing:bool",
    "roles": "userSourcedId!users roleType!roletype role!role beginDate:date endDate:date orgSourcedId!orgs"
    " userProfileSourcedId:userProfiles",
    "scoreScales": "title!text type!text orgSourcedId!orgs courseSourcedId!courses classSourcedId!classes"
    " scoreScaleValue!scale",
    "users": "enabledUser!bool username!text userIds:text givenName!text familyName!text middleName:text"
    " identifier:text email:text sms:text phone:text agentSourcedIds:users* grades:grades password:nothing"
    " userMasterIdentifier:text preferredGivenName:text preferredMiddleName:text preferredFamilyName:text"
    " primaryOrgSourcedId:orgs pronouns:text",
}
ENUMERATIONS = {
    "session": "gradingPeriod semester schoolYear term",
    "class": "homeroom scheduled",
    "sex": "male female unspecified other",
    "bool": "true false",
    "enrolled": "administrator proctor student teacher",
    "org": "department school district local state national",
    "roletype": "primary secondary",
    "role": "aide counselor districtAdministrator guardian parent principal proctor relative siteAdministrator student"
    " systemAdministrator teacher",
}
PATTERNS = {
    "text": r".*",
    "nothing": r"",
    "date": r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    "year": r"[0-9]{4}",
    "float": r"-?[0-9]+(\.[0-9]+)?",
    "percent": r"[0-9]|[1-9][0-9]|100",
    "grades": r"(0[1-9]|1[0-3])(,(0[1-9]|1[0-3]))*",
    "score": r"exempt|fully graded|not submitted|partially graded|submitted",
    "scale": r"\{[^{}:,]+:[^{}:,]+\}(,\{[^{}:,]+:[^{}:,]+\})*",
}
GUID = re.compile(r"[A-Za-z0-9.\-_/@]{1,255}")


class Column(NamedTuple):
    """One column of a file: whether a value is required, and what it looks like."""

    name: str
    required: bool
    kind: str


Table = list[dict[str, str]]


def columns(name: str) -> list[Column]:
    """Answer the columns of a file after sourcedId, status, dateLastModified."""
    found = []
    for word in TABLES[name].split():
        heading, sign, kind = re.fullmatch(r"(\w+)([!:])([\w*]+)", word).groups()  # type: ignore[union-attr]
        found.append(Column(heading, sign == "!", kind))
    return found


def read_package(data: bytes) -> tuple[dict[str, str], dict[str, Table], list[str]]:
    """Answer the manifest, the tables, and what is wrong with files as such."""
    wrong: list[str] = []
    tables: dict[str, Table] = {}
    package = ZipFile(BytesIO(data))
    for entry in package.namelist():
        raw = package.read(entry)
        if raw.startswith(b"\xef\xbb\xbf"):
            wrong.append(f"{entry} has a byte order mark")
        text = raw.decode("utf-8")
        if text.replace("\r\n", "").count("\n"):
            wrong.append(f"{entry} has lines that do not end in CRLF")
        heading, *rows = list(csv.reader(StringIO(text, newline=""), strict=True))
        name = entry.removesuffix(".csv")
        expected = ["propertyName", "value"]
        if name != "manifest":
            known = [one.name for one in columns(name)] if name in TABLES else []
            expected = ["sourcedId", "status", "dateLastModified", *known]
        standard = [one for one in heading if not one.startswith("metadata.")]
        if heading[: len(standard)] != standard:
            wrong.append(f"{entry} has columns of its own before those of the standard: {heading}")
        if standard != expected:
            wrong.append(f"{entry} has other headings: {heading}")
        wrong += [f"{entry} row {n}: {len(row)} cells" for n, row in enumerate(rows) if len(row) != len(heading)]
        tables[name] = [dict(zip(heading, row, strict=False)) for row in rows]
    manifest = {row["propertyName"]: row["value"] for row in tables.pop("manifest", [])}
    return manifest, tables, wrong


def problems_of(data: bytes) -> list[str]:
    """Answer everything by which a package breaks the rules, a sentence each."""
    manifest, tables, wrong = read_package(data)
    wrong += list(_manifest(manifest, tables))
    ids = {name: {row["sourcedId"] for row in rows} for name, rows in tables.items()}
    for name, rows in tables.items():
        if len(ids[name]) < len(rows):
            wrong.append(f"{name}: a sourcedId comes twice")
        for number, row in enumerate(rows, start=2):
            wrong += [f"{name}.csv line {number}: {one}" for one in _row(name, row, ids)]
    wrong += list(_meaning(tables))
    return wrong


def _manifest(manifest: dict[str, str], tables: dict[str, Table]) -> Iterator[str]:
    if (manifest.get("manifest.version"), manifest.get("oneroster.version")) != ("1.0", "1.2"):
        yield "the manifest is of another version"
    for name in MANIFEST_FILES:
        mode = manifest.get(f"file.{name}")
        if mode != ("bulk" if name in tables else "absent"):
            yield f"the manifest says {mode} of {name}"
    strange = {key for key in manifest if key.startswith("file.")} - {f"file.{name}" for name in MANIFEST_FILES}
    if strange or set(tables) - set(MANIFEST_FILES):
        yield f"unknown files: {strange} {set(tables) - set(MANIFEST_FILES)}"


def _row(name: str, row: dict[str, str], ids: dict[str, set[str]]) -> Iterator[str]:
    if not GUID.fullmatch(row["sourcedId"]):
        yield f"sourcedId {row['sourcedId']!r}"
    if row["status"] or row["dateLastModified"]:
        yield "status and dateLastModified are for delta files"
    for column in columns(name):
        value, kind = row[column.name], column.kind
        if not value:
            if column.required:
                yield f"{column.name} is required"
            continue
        table = kind.removesuffix("*")
        if table in MANIFEST_FILES:
            parts = value.split(",") if kind.endswith("*") else [value]
            yield from (f"{column.name} {part!r} is nowhere" for part in parts if part not in ids.get(table, set()))
        elif kind in ENUMERATIONS:
            if value not in ENUMERATIONS[kind].split():
                yield f"{column.name} {value!r}"
        elif not re.fullmatch(PATTERNS[kind], value):
            yield f"{column.name} {value!r} is no {kind}"


def _meaning(tables: dict[str, Table]) -> Iterator[str]:
    """Answer what no single cell tells."""
    sessions = {row["sourcedId"]: row for row in tables["academicSessions"]}
    yield from _sessions(tables, sessions)
    yield from _people(tables)
    yield from _scores(tables)


def _sessions(tables: dict[str, Table], sessions: dict[str, dict[str, str]]) -> Iterator[str]:
    """Answer terms outside their years, and school years where terms should be, or the other way round."""
    for row in sessions.values():
        if row["startDate"] >= row["endDate"]:
            yield f"session {row['title']} ends before it begins"
        parent = sessions.get(row["parentSourcedId"])
        if parent and not parent["startDate"] <= row["startDate"] < row["endDate"] <= parent["endDate"]:
            yield f"session {row['title']} is not within its parent"
    for name, column in (("classes", "termSourcedIds"), ("lineItems", "academicSessionSourcedId")):
        for row in tables[name]:
            if any(sessions[one]["type"] == "schoolYear" for one in row[column].split(",")):
                yield f"{name} {row['title']} names a school year as its term"
    years = {row["schoolYearSourcedId"] for row in tables["courses"]} - {""}
    if any(sessions[one]["type"] != "schoolYear" for one in years):
        yield "a course is of no school year"


def _people(tables: dict[str, Table]) -> Iterator[str]:
    """Answer demographics of nobody, roles that are not one primary one each, enrollments that cannot be."""
    users = {row["sourcedId"] for row in tables["users"]}
    if not {row["sourcedId"] for row in tables["demographics"]} <= users:
        yield "demographics of nobody"
    primary = [(row["userSourcedId"], row["orgSourcedId"]) for row in tables["roles"] if row["roleType"] == "primary"]
    if len(primary) != len(set(primary)) or {user for user, _ in primary} != users:
        yield "not everybody has one primary role"
    roles = {row["userSourcedId"]: row["role"] for row in tables["roles"]}
    for row in tables["enrollments"]:
        if row["endDate"] and row["beginDate"] > row["endDate"]:
            yield f"enrollment {row['sourcedId']} ends before it begins"
        if row["role"] == "student" and roles[row["userSourcedId"]] != "student":
            yield f"enrollment {row['sourcedId']} is of no student"


def _scores(tables: dict[str, Table]) -> Iterator[str]:
    """Answer results of other classes, out of bounds, or without any score."""
    items = {row["sourcedId"]: row for row in tables["lineItems"]}
    for row in tables["lineItems"]:
        if row["resultValueMin"] and float(row["resultValueMin"]) > float(row["resultValueMax"]):
            yield f"line item {row['title']} has no room for a score"
    for row in tables["results"]:
        item = items[row["lineItemSourcedId"]]
        if row["classSourcedId"] not in {"", item["classSourcedId"]}:
            yield f"result {row['sourcedId']} is of another class"
        if row["score"] and not float(item["resultValueMin"]) <= float(row["score"]) <= float(item["resultValueMax"]):
            yield f"result {row['sourcedId']} is out of bounds"
        if not row["score"] and not row["textScore"]:
            yield f"result {row['sourcedId']} has no score"
