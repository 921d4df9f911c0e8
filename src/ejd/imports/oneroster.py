"""Rosters in the CSV binding of OneRoster 1.2, and 1.1; and in Microsoft School Data Sync 2.1, which is like it.

Source: 1EdTech OneRoster CSV Binding 1.2.1 (Final Release, 22 August 2023) and 1.1.1, tables of the files. What of it
is read, and what becomes of it, is told in docs/imports.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from ejd.imports.oneroster_classes import ClassesReader
from ejd.imports.oneroster_people import PeopleReader
from ejd.imports.oneroster_rows import GONE, OWN, Rows, code_of
from ejd.imports.packed import csv_members, read_paths
from ejd.imports.roster_file import ROWS_MAX, Refused, Roster, RosterFormat, Session, refused
from ejd.imports.safe_xml import ImportRefused, shown
from ejd.imports.tables import Row, read_csv

__all__ = ["oneroster_files", "read_oneroster"]

_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "manifest": frozenset({"propertyName", "value"}),
    "academicsessions": frozenset({"title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"})
    | {OWN + "scheme", OWN + "code"},
    "orgs": frozenset({"name", "type", "identifier", "parentSourcedId"}),
    "courses": frozenset({"title", "courseCode", "grades", "subjects", "subjectCodes", "code", "subject", "grade"})
    | {"schoolYearSourcedId", "orgSourcedId"},
    "classes": frozenset({"title", "grades", "courseSourcedId", "classCode", "classType", "location", "periods"})
    | {"schoolSourcedId", "termSourcedIds", "subjects", "subjectCodes", "orgSourcedId", "sessionSourcedIds"}
    | {OWN + "scheme", OWN + "weekDays", OWN + "group", OWN + "groupTitle", OWN + "kind"},
    "users": frozenset({"enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier"})
    | {"email", "sms", "phone", "agentSourcedIds", "grades", "orgSourcedIds", "role", "primaryOrgSourcedId"}
    | {OWN + "position", OWN + "employedOn"},
    "roles": frozenset({"userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "grade"})
    | {"userProfileSourcedId", "sessionSourcedId", "isPrimary", "roleStartDate", "roleEndDate"},
    "enrollments": frozenset({"classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary"})
    | {"beginDate", "endDate", OWN + "hoursPerWeek"},
    "demographics": frozenset({"birthDate", "sex", "userSourcedId"}),
    "relationships": frozenset({"userSourcedId", "relationshipUserSourcedId", "relationshipRole"}),
}
_ALWAYS: Final = frozenset({"sourcedId", "status", "dateLastModified"})
_UNREAD: Final = frozenset(
    {"userprofiles", "userflags", "resources", "classresources", "courseresources", "userresources", "categories"}
    | {"lineitems", "results", "scorescales", "lineitemlearningobjectiveids", "lineitemscoresclaes"}
    | {"lineitemscorescales", "resultlearningobjectiveids", "resultscorescales"}
)
"""Files of the standard that say nothing about the roster."""
SESSION_KINDS: Final = frozenset({"schoolYear", "semester", "term", "gradingPeriod"})


def oneroster_files(paths: Sequence[Path]) -> dict[str, bytes]:
    """Answer the files of a roster by name: a zip is opened, a folder stands for its CSV files."""
    files = read_paths(paths)
    if len(files) == 1:
        (name, content), *_ = files.items()
        if content.startswith(b"PK"):
            return csv_members(content, name)
    return files


def read_oneroster(files: Mapping[str, bytes]) -> Roster:
    """Answer the roster in the CSV files of one export; raises ImportRefused."""
    reader = _Reader(files)
    return reader.read()


class _Manifest(NamedTuple):
    """Which files are whole ("bulk"), by name; None: there is no manifest."""

    modes: Mapping[str, str] | None
    version: str


class _Reader:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = {name.lower().removesuffix(".csv"): (name, content) for name, content in files.items()}
        self._notes: list[str] = []
        self._refusals: list[Refused] = []
        self._rows = 0

    def read(self) -> Roster:
        manifest = self._manifest()
        tables = {name: self._table(name) for name in _KNOWN if name != "manifest"}
        for name in self._files.keys() - _KNOWN.keys():
            why = "is not read" if name in _UNREAD else "is no file of a OneRoster roster and is ignored"
            self._notes.append(f"The file {shown(self._files[name][0])} {why}.")
        if "users" not in self._files and "enrollments" not in self._files and "classes" not in self._files:
            raise ImportRefused("There is no users.csv, classes.csv or enrollments.csv: choose a OneRoster export.")
        form: RosterFormat = "oneroster" if manifest.modes is not None or not self._is_sds() else "sds"
        people = PeopleReader(tables, self._refusals, self._notes)
        classes = ClassesReader(tables, people, self._refusals, self._notes, relaxed=form == "sds")
        pupils = tuple(classes.pupils())  # makes the classes to fall back to
        self._notes += [] if manifest.modes is not None else [_no_manifest(form)]
        return Roster(
            format=form,
            rows=self._rows,
            sessions=tuple(self._sessions(tables["academicsessions"], exclusive=form == "oneroster")),
            subjects=tuple(classes.subjects.values()),
            staff=tuple(people.staff.values()),
            classes=tuple(classes.classes.values()),
            class_teachers=tuple(classes.class_teachers.values()),
            pupils=pupils,
            groups=tuple(classes.groups.values()),
            members=tuple(classes.members.values()),
            journals=tuple(classes.journals.values()),
            loads=tuple(classes.loads.values()),
            guardians=tuple(people.guardians.values()),
            guardianships=tuple(people.guardianships.values()),
            whole_classes=tuple(classes.whole_classes()),
            complete=_complete(manifest, set(self._files)),
            refusals=tuple(self._refusals),
            notes=tuple(self._notes),
        )

    def _is_sds(self) -> bool:
        name, content = self._files.get("enrollments", ("", b""))
        return bool(name) and "sourcedId" not in read_csv(content, name).headings

    def _manifest(self) -> _Manifest:
        if "manifest" not in self._files:
            return _Manifest(None, "")
        name, content = self._files["manifest"]
        table = read_csv(content, name, ",")
        values = {row.text("propertyName"): row.text("value") for row in table.rows}
        modes = {key.removeprefix("file.").lower(): value.lower() for key, value in values.items() if "file." in key}
        version = values.get("oneroster.version", "")
        if version not in {"1.1", "1.2"}:
            says = f"says version {shown(version)}" if version else "does not say its version (oneroster.version)"
            raise ImportRefused(f"The manifest {says}: export the roster as OneRoster 1.2 or 1.1.")
        for each, mode in modes.items():
            if mode not in {"absent", "bulk", "delta"}:
                raise ImportRefused(
                    f"The manifest says {shown(mode)} of {shown(each)}: bulk, delta or absent is known."
                )
            if mode != "absent" and each not in self._files and each not in _UNREAD:
                self._notes.append(f"The manifest names {shown(each)}.csv, which is not there.")
        return _Manifest(modes, version)

    def _table(self, name: str) -> Rows:
        if name not in self._files:
            return Rows(name, (), [])
        file, content = self._files[name]
        table = read_csv(content, file, ",;\t")
        ignored = [each for each in table.headings if each and each not in _KNOWN[name] | _ALWAYS]
        secret = [each for each in ignored if "password" in each.lower()]
        if secret:
            self._notes.append(f"{shown(file)}: passwords are never read ({', '.join(map(shown, secret))}).")
        rest = [shown(each) for each in ignored if each not in secret]
        if rest:
            self._notes.append(f"{shown(file)}: columns that are not read: {', '.join(rest)}.")
        rows = list(self._sound(table.rows))
        self._rows += len(rows)
        if self._rows > ROWS_MAX:
            raise ImportRefused(f"The files have more than {ROWS_MAX} rows: export one school at a time.")
        return Rows(name, table.headings, rows)

    def _sound(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if row.faults:
                self._rows += 1
                self._refusals.append(refused(row.at, row.faults[""]))
            else:
                yield row

    def _sessions(self, rows: Rows, *, exclusive: bool) -> Iterator[Session]:
        """Yield the sessions; in OneRoster one ends before its endDate, and so do enrollments."""
        for key, row in rows.by_id(self._refusals):
            kind = row.text("type")
            first, last = rows.day(row, "startDate", self._refusals), rows.day(row, "endDate", self._refusals)
            if first is None or last is None:
                continue
            last -= timedelta(days=1 if exclusive else 0)
            if kind not in SESSION_KINDS or first > last:
                self._refusals.append(refused(row.at, "this is no school year, semester, term or period", "type"))
                continue
            title = row.text("title") or kind
            gone = row.text("status") == GONE
            scheme, code = code_of(row.text(OWN + "scheme")), code_of(row.text(OWN + "code"))
            days = {"first_day": first, "last_day": last}
            yield Session(key=key, at=row.at, gone=gone, title=title, kind=kind, scheme=scheme, code=code, **days)


def _complete(manifest: _Manifest, there: set[str]) -> frozenset[str]:
    return frozenset(name for name, mode in (manifest.modes or {}).items() if mode == "bulk" and name in there)


def _no_manifest(form: RosterFormat) -> str:
    what = "These are files of School Data Sync" if form == "sds" else "There is no manifest.csv"
    return f"{what}: what they do not name is left as it is, and nothing ends because it is missing."
