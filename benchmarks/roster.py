"""What an import of a large roster costs: time and memory of trial, import, repeat and undoing.

`python -m benchmarks.roster [PUPILS] [sqlite|postgres]` makes a OneRoster export in memory (10,000 pupils are some
52,000 rows), imports it into a new school in a folder of its own, or on a PostgreSQL of its own, and prints the
figures. Nothing of it is kept. Each step reads the file anew and lets go what it read, as each request to the API does.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from benchmarks.places import Bench
from ejd.app import School, opened, system_clock
from ejd.founding import IMPORTER, Founding, cli_actor, found
from ejd.imports.oneroster import read_oneroster
from ejd.imports.packed import digest_of
from ejd.imports.roster_apply import Bringing, RosterImport
from ejd.imports.roster_undo import undo_import

PUPILS = 10_000
IN_A_CLASS, SECTIONS_OF_A_PUPIL = 25, 2
HEADINGS = {
    "academicSessions": "sourcedId,status,title,type,startDate,endDate,schoolYear",
    "classes": "sourcedId,status,title,grades,classType,subjects",
    "users": "sourcedId,status,familyName,givenName,middleName,email,agentSourcedIds",
    "roles": "sourcedId,status,userSourcedId,roleType,role",
    "enrollments": "sourcedId,status,classSourcedId,userSourcedId,role",
}


def roster(pupils: int) -> dict[str, bytes]:
    """Answer the files of a school with that many pupils, a guardian each, and two groups a pupil."""
    lines: dict[str, list[str]] = {name: [heading] for name, heading in HEADINGS.items()}
    lines["academicSessions"].append("y,,2026/27,schoolYear,2026-09-01,2027-05-31,2027")
    classes = -(-pupils // IN_A_CLASS)
    for number in range(classes):
        lines["classes"].append(f"h{number},,{1 + number % 11} класс {number},{1 + number % 11},homeroom,")
        for section in range(SECTIONS_OF_A_PUPIL):
            lines["classes"].append(f"s{number}-{section},,Группа {number}-{section},,scheduled,Предмет {section}")
            lines["enrollments"].append(f"t{number}-{section},,s{number}-{section},teacher{number},teacher")
        lines["users"].append(f"teacher{number},,Учителев{number},Иван,Иванович,,")
        lines["roles"].append(f"rt{number},,teacher{number},primary,teacher")
    for number in range(pupils):
        home = number // IN_A_CLASS
        lines["users"].append(f"p{number},,Ученикова{number},Мария,Ивановна,,g{number}")
        lines["users"].append(f"g{number},,Родителева{number},Анна,Ивановна,g{number}@example.org,")
        lines["roles"].append(f"rp{number},,p{number},primary,student")
        lines["roles"].append(f"rg{number},,g{number},primary,parent")
        lines["enrollments"].append(f"e{number},,h{home},p{number},student")
        if number % IN_A_CLASS:  # not the whole class, so that they stay groups
            section = number % SECTIONS_OF_A_PUPIL
            lines["enrollments"].append(f"m{number},,s{home}-{section},p{number},student")
    manifest = ["propertyName,value", "oneroster.version,1.2", *(f"file.{name},bulk" for name in HEADINGS)]
    files = {f"{name}.csv": "\n".join(rows).encode() for name, rows in lines.items()}
    return {**files, "manifest.csv": "\n".join(manifest).encode()}


def memory() -> tuple[int, int]:
    """Answer the most memory that the process ever had, and what of its present one is no mapped file, in MiB.

    SQLite maps its file: those pages are the system's cache, and given back when others need memory.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    own = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, own // 1024


def main() -> None:
    """Print the table."""
    pupils = int(sys.argv[1]) if len(sys.argv) > 1 else PUPILS
    files = roster(pupils)
    rows = sum(content.count(b"\n") for name, content in files.items() if name != "manifest.csv")
    print(f"{pupils} pupils, {rows} rows")
    with Bench() as bench, opened(bench.settings("postgres" if "postgres" in sys.argv else "sqlite")) as school:
        found(school.handler, Founding(name="Школа"), clock=system_clock)
        measured(school, files)


def measured(school: School, files: dict[str, bytes]) -> None:
    """Print what each step takes."""
    actor = cli_actor(IMPORTER)
    began, worked = time.monotonic(), time.process_time()

    def told(what: str, more: str = "") -> None:
        nonlocal began, worked
        took = f"{time.monotonic() - began:7.1f} s, processor {time.process_time() - worked:6.1f} s"
        most, own = memory()
        print(f"{what:10} {took}  {most:5} MiB, {own:5} MiB own  {more}", flush=True)
        began, worked = time.monotonic(), time.process_time()

    def rehearsed() -> RosterImport:
        content = read_oneroster(files)
        told("read", f"{content.rows} rows")
        return RosterImport(school, content, Bringing("roster", digest_of(files)), actor)

    first = rehearsed()
    told("rehearsed", f"{first.report().commands} commands, refused {first.report().refused}")
    report = first.apply()
    import_id = report.import_id
    told("stored", f"{report.events} events")
    del first, report
    again = rehearsed()
    told("repeated", f"{again.report().state}, so already {again.report().unchanged}")
    del again
    undone = undo_import(school, import_id, actor)
    told("undone", f"{undone.events} events in {undone.streams} streams")


if __name__ == "__main__":
    main()
