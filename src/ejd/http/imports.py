"""Imports of rosters and timetables: upload and see the difference, apply, look on, undo. For the administration."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from ejd.access.reading import check_reader
from ejd.access.secrets import Purpose
from ejd.exports.spreadsheet import CSV_TYPE, to_csv
from ejd.handling.authentication import Authenticated
from ejd.http import bodies
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.downloads import DownloadRoute
from ejd.http.import_files import refused_rows
from ejd.http.notes import notes_of
from ejd.http.problems import Malformed
from ejd.http.routes import ApiRoute, add_question, problems, who
from ejd.imports.import_run import ImportStopped
from ejd.imports.roster_list import ListedImport, imports_of, listed
from ejd.imports.roster_report import RosterReport, UndoReport
from ejd.imports.roster_undo import undo_import
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_import import TIMETABLE_BYTES_MAX
from ejd.imports.uploads import FILE_NAME_CHARACTERS_MAX, UPLOAD_BYTES_MAX, Import, Upload, UploadKind, Uploads
from ejd.kernel.command import Refusal
from ejd_commands.fields import UUID_PATTERN, Day, Digest, Name, clean_line

UPLOAD_SECONDS_MAX = 300.0
"""A file of the largest size over a slow line."""
TERM_MAX = 100
LINES_MAX = 2_000
"""Of the difference and of the refusals so many are answered as JSON; all refusals as CSV."""
TAG = "imports"
NO_STORE = {"Cache-Control": "no-store"}


class FileRefused(Refusal):
    """The file is none that can be brought in."""


class ImportHalted(Refusal):
    """Somebody changed the same things while the import was stored, perhaps by the same import."""

    status = 409


class UploadParameters(BaseModel):
    """What the file is; days of the year only for a year that is not open yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Annotated[
        UploadKind,
        Field(
            description="oneroster: OneRoster or SDS zip; roster: lists in XLSX or CSV; a timetable: fet, xhstt or asc"
            " as XML, grid as the XLSX that hangs on the wall."
        ),
    ]
    file_name: Annotated[Name, Field(max_length=FILE_NAME_CHARACTERS_MAX)]
    year: Annotated[
        Name | None, Field(description="Academic year, e.g. 2026/27; of a roster by default the file says.")
    ] = None
    first_day: Annotated[Day | None, Field(description="Of a new year.")] = None
    last_day: Annotated[Day | None, Field(description="Of a new year.")] = None
    starts: Annotated[Day | None, Field(description="From when on the file counts.")] = None
    source: Annotated[
        str,
        Field(max_length=100, description="Tells programs apart that give files of one kind."),
        AfterValidator(clean_line),
    ] = ""
    overwrite: Annotated[bool, Field(description="Of a roster: let the file win over what was changed by hand.")] = (
        False
    )
    term: Annotated[int | None, Field(ge=1, le=TERM_MAX, description="asc: which term, where lessons differ.")] = None
    solution: Annotated[Name | None, Field(description="xhstt: Id of the SolutionGroup, by default the first.")] = None
    instance: Annotated[Name | None, Field(description="xhstt: Id of the Instance, by default the first.")] = None
    accept_conflicts: Annotated[
        bool, Field(description="Of a timetable: take conflicts as warnings; else they stop the import.")
    ] = False

    def wanted(self) -> tuple[str | None, ...]:
        """Answer the year and its days as text."""
        return (self.year, *(_iso(each) for each in (self.first_day, self.last_day, self.starts)))


class ApplyBody(BaseModel):
    """The digest of the difference that was looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: Digest


class ImportParameters(BaseModel):
    """How the answer is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[Literal["json", "csv"], Field(description="As csv the refused rows are answered.")] = "json"


class ImportList(msgspec.Struct, frozen=True):
    """The imports, newest first."""

    imports: list[ListedImport]


ImportId = Annotated[str, Field(pattern=UUID_PATTERN)]


def add_imports(app: FastAPI, school: SchoolService) -> None:
    """Add the routes."""
    routes = _Routes(school)
    _add(app, "import-upload", "POST", "/imports", routes.upload, _UPLOADED, 409, 413)
    _add(app, "imports", "GET", "/imports", routes.all, "The imports, newest first.")
    _add(app, "import", "GET", "/imports/{import_id}", routes.one, _ONE, 404, route=DownloadRoute)
    _add(app, "import-apply", "POST", "/imports/{import_id}/apply", routes.apply, _APPLIED, 404, 409, 413, 415)
    _add(app, "import-undo", "POST", "/imports/{import_id}/undo", routes.undo, _UNDONE, 404, 409)


_UPLOADED = (
    f"Send the file itself as the body (at most {UPLOAD_BYTES_MAX} bytes, a timetable {TIMETABLE_BYTES_MAX}). Nothing"
    " is stored in the school: answered is the difference, its digest, and the conflicts that a timetable would have."
    " The file waits for a day, sealed, to be applied under `import_id`. In the refusals of fet, xhstt and asc `row`"
    " counts the activities of the file."
)
_ONE = (
    "An import with what came of it, or while it goes on how many commands are stored; of a file that waits the"
    " difference as it is now. With `format=csv` the rows that were refused."
)
_APPLIED = (
    "Name the digest of the difference: 409 when the school has moved in what the file is about. Sent again, also after"
    " an interruption, it goes on and ends as one run."
)
_UNDONE = "What the import brought counts as never recorded, but what others have built on: that is named in `left`."


def _add(  # noqa: PLR0913 - what a documented route has
    app: FastAPI,
    name: str,
    method: Literal["GET", "POST"],
    path: str,
    endpoint: Any,
    description: str,
    *statuses: int,
    route: type[ApiRoute] = ApiRoute,
) -> None:
    body = {"requestBody": {"required": True, "content": {_ANY_FILE: {"schema": _BINARY}}}} if name == _UPLOAD else None
    add_question(
        app,
        name=name,
        path=path,
        endpoint=endpoint,
        model=None,
        responses={200: {"description": "Done", "content": {"application/json": {}}}, **problems(*_ALWAYS, *statuses)},
        tag=TAG,
        description=description,
        route=route,
        method=method,
        openapi_extra=body,
    )


_ALWAYS = (400, 401, 403, 406, 408, 422, 503)
_UPLOAD = "import-upload"
_ANY_FILE, _BINARY = "application/octet-stream", {"type": "string", "format": "binary"}


class _Routes:
    def __init__(self, school: SchoolService) -> None:
        self._school = school

    def _uploads(self) -> Uploads:
        key = self._school.vault.secret(Purpose.SEAL_UPLOADS)
        return Uploads(self._school.settings.data_dir / "uploads", key, self._school.clock)

    async def upload(
        self,
        request: Request,
        query: Annotated[UploadParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        """Take a file and answer the difference."""
        check_reader("import-upload", client.grants)
        most = UPLOAD_BYTES_MAX if query.kind in {"oneroster", "roster"} else TIMETABLE_BYTES_MAX
        content = await bodies.read_body(
            request,
            bytes_max=most,
            seconds_max=UPLOAD_SECONDS_MAX,
            too_large=f"such a file has at most {most} bytes: split it, or use `ejd import` on the machine",
        )
        if not content:
            raise Malformed("the body is empty: send the file itself as the body")
        upload = Upload(
            kind=query.kind,
            file_name=query.file_name,
            content=content,
            wanted=query.wanted(),
            source=query.source,
            overwrite=query.overwrite,
            at=self._school.clock(),
            term=query.term,
            solution=query.solution,
            instance=query.instance,
            accept_conflicts=query.accept_conflicts,
        )
        return await run_in_threadpool(self._uploaded, upload, client, moment_of(simulated_time))

    def _uploaded(self, upload: Upload, client: Authenticated, at: int | None) -> Response:
        found = self._rehearsed(upload, client, at)
        self._uploads().keep(found.import_id, upload)
        return _answer(_shortened(found.report()))

    def _rehearsed(self, upload: Upload, client: Authenticated, at: int | None) -> Import:
        try:
            return upload.rehearsed(self._school, client.actor, at)
        except ImportRefused as refused:
            raise _told(refused) from refused

    def all(
        self,
        client: Annotated[Authenticated, Depends(who)],
    ) -> Response:
        """Answer the imports."""
        check_reader("imports", client.grants)
        return _answer(ImportList(list(imports_of(self._school))[::-1]))

    def one(
        self,
        import_id: ImportId,
        query: Annotated[ImportParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        """Answer one import, or the difference of a file that waits."""
        check_reader("import", client.grants)
        found = listed(self._school, import_id.lower())
        if found is not None:
            return _rows(found.refusals, found.id) if query.format == "csv" else _answer(found)
        upload = self._uploads().find(import_id.lower())
        report = self._rehearsed(upload, client, moment_of(simulated_time)).report()
        return _rows(report.refusals, report.import_id) if query.format == "csv" else _answer(_shortened(report))

    def apply(
        self,
        request: Request,
        import_id: ImportId,
        body: ApplyBody,
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        """Store what was looked at."""
        check_reader("import-apply", client.grants)
        try:
            report = self._applied(import_id.lower(), body.digest, client, moment_of(simulated_time))
        except (ImportRefused, Refusal) as refusal:
            # Two may apply one import at the same time: who comes second hears what came of it.
            now = listed(self._school, import_id.lower())
            if now is None or now.state != "applied":
                raise _told(refusal) from refusal
            report = now
        repeated = isinstance(report, ListedImport)
        notes_of(request.scope).outcome = "repeated" if repeated else "stored"
        position = None if repeated else self._school.store.last_position()
        return _answer(report if isinstance(report, ListedImport) else _shortened(report), position=position)

    def _applied(
        self, import_id: str, digest: str, client: Authenticated, at: int | None
    ) -> RosterReport | ListedImport:
        before = listed(self._school, import_id)
        if before is not None and before.state != "interrupted":
            return before
        uploads = self._uploads()
        report = self._rehearsed(uploads.find(import_id), client, at).apply(digest if before is None else None)
        uploads.drop(import_id)
        return report

    def undo(
        self,
        request: Request,
        import_id: ImportId,
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        """Undo an import as one."""
        check_reader("import-undo", client.grants)
        report = undo_import(self._school, import_id.lower(), client.actor, at=moment_of(simulated_time))
        notes_of(request.scope).outcome = "repeated" if report.repeated else "stored"
        return _answer(report, position=self._school.store.last_position())


def _told(refusal: ImportRefused | Refusal) -> Refusal:
    """Answer a refusal as the API tells it."""
    if isinstance(refusal, Refusal):
        return refusal
    return (ImportHalted if isinstance(refusal, ImportStopped) else FileRefused)(str(refusal))


def _shortened(report: RosterReport) -> RosterReport:
    """Answer the report with as many lines as a page can show; the counts are of all."""
    return msgspec.structs.replace(
        report, differences=report.differences[:LINES_MAX], refusals=report.refusals[:LINES_MAX]
    )


def _answer(content: RosterReport | UndoReport | ListedImport | ImportList, position: int | None = None) -> Response:
    headers = NO_STORE if position is None else {**NO_STORE, "Ejd-Position": str(position)}
    return Response(msgspec.json.encode(content), media_type="application/json", headers=headers)


def _rows(refusals: Any, import_id: str) -> Response:
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="import-{import_id}.csv"'}
    return Response(to_csv(refused_rows(refusals)), media_type=CSV_TYPE, headers=headers)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
