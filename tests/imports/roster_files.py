"""Small rosters of a Russian school as OneRoster files, and what then stands in a school."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ejd.app import School
from ejd.founding import IMPORTER, cli_actor
from ejd.imports.oneroster import read_oneroster
from ejd.imports.packed import digest_of
from ejd.imports.roster_apply import Bringing, RosterImport
from ejd.imports.roster_file import Roster
from ejd.imports.roster_report import RosterReport
from ejd.imports.roster_year import WantedYear
from ejd.kernel.command import Actor
from ejd.read.rebuild import ensure_built
from ejd_projections import all_projections

Line = Sequence[str]
HEADINGS: Mapping[str, str] = {
    "academicSessions": "sourcedId,status,title,type,startDate,endDate,parentSourcedId,schoolYear",
    "courses": "sourcedId,status,title,subjects",
    "classes": "sourcedId,status,title,grades,courseSourcedId,classType,schoolSourcedId,termSourcedIds",
    "users": "sourcedId,status,enabledUser,familyName,givenName,middleName,email,phone,agentSourcedIds,grades,password",
    "roles": "sourcedId,status,userSourcedId,roleType,role,orgSourcedId",
    "enrollments": "sourcedId,status,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    "demographics": "sourcedId,status,birthDate,sex",
}
YEAR: Line = ("y,,2025/26,schoolYear,2025-09-01,2026-05-30,,2026",)
COURSES: Line = ("c1,,Физика 8 класс,Физика", "c2,,Английский язык,")
CLASSES: Line = (
    "h8a,,8А,08,,homeroom,s,y",
    "h8b,,8Б,08,,homeroom,s,y",
    "p8a,,Физика 8А,08,c1,scheduled,s,y",
    "en1,,Английский 1,08,c2,scheduled,s,y",
)
USERS: Line = (
    "t1,,true,Ньютон,Исаак,Исаакович,,,,,secret",
    "t2,,true,Шекспир,Вильям,,,,,,",
    "u1,,true,Ёжиков,Ёж,Ёжович,,,g1,08,",
    "u2,,true,Аистова,Анна,,,,,08,",
    "u3,,true,Белкина,Белла,,,,,08,",
    "g1,,true,Ёжикова,Мария,,maria@example.org,+7 900 000-00-01,,,",
)
ROLES: Line = (
    *(f"r{n},,{user},primary,{role},s" for n, (user, role) in enumerate((("t1", "teacher"), ("t2", "teacher")))),
    *(f"s{n},,u{n},primary,student,s" for n in (1, 2, 3)),
    "r9,,g1,primary,parent,s",
)
ENROLLMENTS: Line = (
    "e1,,h8a,s,u1,student,,,",
    "e2,,h8a,s,u2,student,,,",
    "e3,,h8b,s,u3,student,,,",
    "e4,,h8a,s,t1,teacher,true,,",
    "e5,,p8a,s,u1,student,,,",
    "e6,,p8a,s,u2,student,,,",
    "e7,,p8a,s,t1,teacher,true,,",
    "e8,,en1,s,u1,student,,,",
    "e9,,en1,s,u3,student,,,",
    "e10,,en1,s,t2,teacher,true,,",
)
DEMOGRAPHICS: Line = ("u1,,2011-02-03,male", "u2,,2011-05-06,female", "u3,,2011-07-08,female", "g1,,,female")
TABLES: Mapping[str, Line] = {
    "academicSessions": YEAR,
    "courses": COURSES,
    "classes": CLASSES,
    "users": USERS,
    "roles": ROLES,
    "enrollments": ENROLLMENTS,
    "demographics": DEMOGRAPHICS,
}


def oneroster(mode: str = "bulk", version: str = "1.2", **changed: Line) -> dict[str, bytes]:
    """Answer the files of a roster; tables are replaced whole, an empty one is left out."""
    tables = {name: lines for name, lines in {**TABLES, **changed}.items() if lines}
    manifest = ["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}"]
    manifest += [f"file.{name},{mode}" for name in tables]
    files = {f"{name}.csv": [HEADINGS[name], *lines] for name, lines in tables.items()}
    files["manifest.csv"] = manifest
    return {name: "\r\n".join(lines).encode() for name, lines in files.items()}


def replaced(lines: Line, **changed: str) -> Line:
    """Answer lines with those changed whose id is named; "" takes one out."""
    kept = [changed.get(line.partition(",")[0], line) for line in lines]
    return tuple(line for line in kept if line)


def importing(school: School, files: Mapping[str, bytes], **options: Any) -> RosterImport:
    """Rehearse an import of OneRoster files."""
    return bringing(school, read_oneroster(files), digest_of(files), **options)


def bringing(
    school: School, roster: Roster, sha256: str, *, actor: Actor | None = None, at: int | None = None, **options: Any
) -> RosterImport:
    """Rehearse an import of a roster as the importer unless somebody else is named."""
    wanted = WantedYear(**{key: options.pop(key) for key in ("name", "starts") if key in options})
    given = Bringing("roster.zip", sha256, wanted, **options)
    return RosterImport(school, roster, given, actor or cli_actor(IMPORTER), at=at)


def imported(school: School, files: Mapping[str, bytes], **options: Any) -> RosterReport:
    """Import OneRoster files."""
    return importing(school, files, **options).apply()


def counts(report: RosterReport) -> dict[str, int]:
    """Answer what of the difference is not nothing, what was so already left out."""
    found = {each: getattr(report, each) for each in ("added", "changed", "ended", "kept", "refused")}
    return {each: count for each, count in found.items() if count}


def lines(report: RosterReport, kind: str) -> list[str]:
    """Answer the lines of the difference of one kind in words."""
    return [
        " ".join(part for part in (one.noun, one.title, f"({one.detail})" if one.detail else "") if part)
        for one in report.differences
        if one.kind == kind
    ]


def everything_read(school: School) -> dict[str, list[tuple[Any, ...]]]:
    """Answer all rows of all reports, built to the newest event.

    Left out are `mentions`, which chooses streams for looking back, and `revisions`, which counts what calendars show:
    they forget nothing that was ever said.
    """
    ensure_built(school.read, school.workshop, processes=1)
    school.feeder.run_to_end()
    found: dict[str, list[tuple[Any, ...]]] = {}
    with school.read.snapshot() as snapshot:
        for projection in (one for one in all_projections() if one.name not in {"mentions", "revisions"}):
            for table in projection.tables:
                rows = snapshot.connection.execute(sa.select(table.table)).all()
                found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found
