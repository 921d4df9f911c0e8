"""What every question shares: one snapshot, what the asker may see, waiting for a position, ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import wraps
from io import SEEK_END
from typing import IO, Annotated, Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from ejd.access.reading import Duties, Sight, check_reader, reads_whole_school, sight, taught_within
from ejd.handling.authentication import Authenticated
from ejd.handling.handler import ClockNotSettable
from ejd.history.ground import PRESENT, Ground
from ejd.history.past import Library, Past, Then
from ejd.http.contract import SchoolService
from ejd.http.moments import Invalidated, find_then, moment_text
from ejd.http.notes import notes_of
from ejd.http.problems import Malformed, ReportsNotBuilt
from ejd.http.wording import AS_OF_PATTERN
from ejd.kernel.calendar import local_day
from ejd.kernel.consents import ELECTRONIC_FORM, Verdict, may
from ejd.read.model import ReadModel, Snapshot
from ejd_commands.fields import WHOLE_NUMBER_MAX
from ejd_projections.asking import DAY_MAX
from ejd_projections.consents import ledger_of
from ejd_projections.gradebook_tables import lessons
from ejd_projections.journal_catalogue import class_teachers_on, classes_by_name, find_journals
from ejd_projections.memberships import stays_in
from ejd_projections.people import pupils_of
from ejd_projections.school_catalogue import School, school

T = TypeVar("T")

EVER = ("0001-01-01", DAY_MAX)
"""Any day at all."""
PAGE_MAX = 1_000
OFFSET_MAX = 1_000_000
GENERATIONS_REMEMBERED_MAX = 16
PIECE_BYTES = 256 * 1024
"""Of a large file that is sent piece by piece."""

WITHOUT_CONSENT = frozenset({"consents", "looks"})
"""Questions that a family is answered whatever it agreed to: what it agreed to, and who looked at its data."""

Limit = Annotated[int, Field(ge=1, le=PAGE_MAX, description="Rows of a page.")]
Offset = Annotated[int, Field(ge=0, le=OFFSET_MAX, description="Rows to leave out before the page.")]


class QuestionParameters(BaseModel):
    """What every question takes; an unknown parameter is refused: a slip must not look like an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[
        int | None,
        Field(
            default=None,
            ge=0,
            le=WHOLE_NUMBER_MAX,
            description="The position that a command answered: the report then has what the command did.",
        ),
    ] = None


class ReportParameters(QuestionParameters):
    """What every report takes: it can be asked as of a moment of the past."""

    as_of: Annotated[
        str | None,
        Field(
            default=None,
            pattern=AS_OF_PATTERN,
            examples=["2025-10-06T12:00:00+03:00", "812"],
            description="A moment of the past: a time (RFC 3339; write its + as %2B) or a position. The answer is what"
            " the report was then; who may see it is decided by the rights of today. Not together with `after`.",
        ),
    ] = None
    invalidated: Annotated[
        Invalidated,
        Field(
            description="With `as_of`: include (as known then, with what was made void only later), or exclude (as of"
            " then by what counts today). Without `as_of` both are the same: what is void now never counts.",
        ),
    ] = "include"


class Answered(BaseModel, Generic[T]):
    """A report with the position that it is true for."""

    position: int = Field(description="Everything up to this position is in the report, nothing above it.")
    as_of: str | None = Field(
        default=None,
        description="Only when a moment of the past was asked about: the time that was the report's present.",
        json_schema_extra={"format": "date-time"},
    )
    invalidated: Invalidated | None = Field(
        default=None, description="Only with as_of: whether what was made void since is in the report."
    )
    simulated: bool = Field(description="True: the school is a simulation, nothing of this ever happened.")
    report: T


@dataclass(frozen=True)
class Download:
    """A report that is a file; `kept` ones are asked for again and again, and so have an ETag.

    A large one is an open file, which is sent piece by piece and then closed.
    """

    body: bytes | IO[bytes]
    media_type: str
    file_name: str
    kept: bool = False


@dataclass
class Asking:
    """One question being answered: the connection sees one position of all tables.

    `live` is the present, by which rights are decided; `c` is the present too unless the question is about the past,
    which then has only what was brought through `ground`.
    """

    c: sa.Connection
    live: sa.Connection
    school: School
    sight: Sight
    who: Authenticated
    now: int
    """Microseconds since 1970 UTC."""
    position: int = 0
    ground: Ground = PRESENT
    then: Then | None = None
    rights_day: str = ""
    """The day by which rights are judged: the present one, also when the past is asked about."""
    unshown: Mapping[str, Verdict] = field(default_factory=dict)
    """Own pupils of a family about whom nothing is shown in electronic form today, and why."""
    told: list[Any] = field(default_factory=list)
    """Reports that a file is made of, for the log of looks."""

    @property
    def day(self) -> date:
        """Today, at the school."""
        return local_day(self.now, self.school.timezone)

    @property
    def today(self) -> str:
        """Today at the school, as ISO text."""
        return self.day.isoformat()

    def taught(self, first: str, last: str) -> Sight:
        """Answer the sight with the journals of a range of days: own load, and own substitutions.

        Marks are shown by the load of today, whatever days are asked about; by a substitution on its day alone.
        """
        if not self.sight.marks:
            return self._with(self._loads(first, last) | self._substituted(first, last))
        today = self.rights_day or self.today
        given = self._substituted(first, last) if first == last <= today else set()
        return self._with(self._loads(today, today) | given)

    def ever_taught(self) -> Sight:
        """Answer the sight with every journal that one has or had to do with: these may be known of."""
        return self._with(self._loads(*EVER) | self._substituted(*EVER))

    def _with(self, own: set[str]) -> Sight:
        within = taught_within(self.who.grants)
        journals = self.sight.duties.journals | (own if within is None else own & within)
        return self.sight._replace(duties=self.sight.duties._replace(journals=journals))

    def _teaches(self) -> bool:
        return self.sight.teaches and not self.sight.everything and bool(self.who.person)

    def _loads(self, first: str, last: str) -> set[str]:
        if not self._teaches():
            return set()
        return {one.id for one in find_journals(self.live, teacher=self.who.person, first=first, last=last)}

    def _substituted(self, first: str, last: str) -> set[str]:
        if not self._teaches():
            return set()
        t = lessons.c
        given = sa.select(t.journal).distinct().where(t.substitute == self.who.person)
        return set(self.live.scalars(given.where(t.placed_date >= first, t.placed_date <= last)))

    def strangers(self, first: str, last: str) -> bool:
        """Say whether pupils were in the reader's own class then who, as is known today, were not in it."""
        own = self.sight.duties.classes
        if self.then is None or not own:
            return False
        self.ground.members(own)
        were = {one.stream for one in stays_in(self.c, own, first=first, last=last)}
        return not were <= {one.stream for one in stays_in(self.live, own, first=first, last=last)}


Q = TypeVar("Q")
R = TypeVar("R")


def told(ask: Callable[[Asking, Q], R]) -> Callable[[Asking, Q], R]:
    """Wrap a question whose answer files are made of: whom it names is looked at, whatever becomes of the answer."""

    @wraps(ask)
    def answer(asking: Asking, query: Q) -> R:
        report = ask(asking, query)
        asking.told.append(report)
        return report

    return answer


@dataclass
class Desk:
    """Where questions are asked: opens the snapshot, finds out what the asker may see, makes the response."""

    service: SchoolService
    library: Library = field(init=False)
    _current: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Have one library for all questions about the past."""
        self.library = Library(self.service.read.folding, self.service.store)

    def answer(  # noqa: PLR0913 - the question, who asks it, and when
        self,
        question: str,
        ask: Callable[[Asking], Any],
        *,
        request: Request,
        who: Authenticated,
        after: int | None = None,
        as_of: str | None = None,
        invalidated: Invalidated = "include",
        at: int | None = None,
    ) -> Response:
        """Answer a question by its name in `ejd.access.reading.READERS`; raises Refusal and what reports raise."""
        check_reader(question, who.grants)
        store = self.service.store
        if as_of is not None and after is not None:
            raise Malformed("as_of says a moment already: leave `after` out", field="after")
        if after is not None and after > store.last_position():
            raise Malformed(f"there is no position {after} yet: give one that a command answered", field="after")
        then = None
        if as_of is not None:
            present = self.service.clock() if at is None else at
            then = find_then(store, as_of, present, without_invalidated=invalidated == "exclude")
        with self.service.read.snapshot(after if then is None else then.position) as snapshot:
            self._check_current(snapshot)
            asking = self._asking(snapshot, question, who, at)
            if then is None:
                found = ask(asking)
            else:
                with self.library.past(question, then, snapshot.connection) as past:
                    asking = _back_to(then, past, asking)
                    found = ask(asking)
            if isinstance(found, Download):
                notes_of(request.scope).told += [msgspec.json.encode(one) for one in asking.told]
                return _file(found, asking, request)
            report = msgspec.json.encode(found)
        return _response(report, asking, request)

    def compare(  # noqa: PLR0913 - the question, who asks it, and the two moments
        self,
        question: str,
        ask: Callable[[Asking, Asking], Any],
        *,
        request: Request,
        who: Authenticated,
        moments: tuple[str, str | None],
        invalidated: Invalidated = "include",
        at: int | None = None,
    ) -> Response:
        """Answer a question about two moments, the second one not before the first: the present when None."""
        check_reader(question, who.grants)
        store, without = self.service.store, invalidated == "exclude"
        present = self.service.clock() if at is None else at
        first = find_then(store, moments[0], present, without_invalidated=without, field="from")
        if moments[1] is None:
            last = Then(store.last_position(), present, without)
        else:
            last = find_then(store, moments[1], present, without_invalidated=without, field="to")
        if last.position < first.position:
            raise Malformed("the first moment is later than the last: exchange them", field="to")
        with self.service.read.snapshot(last.position) as snapshot:
            self._check_current(snapshot)
            asking = self._asking(snapshot, question, who, at)
            with self.library.two(question, first, last, snapshot.connection) as (one, two):
                after = _back_to(last, two, asking)
                report = msgspec.json.encode(ask(_back_to(first, one, asking), after))
        return _response(report, after, request)

    def series(  # noqa: PLR0913 - the question, who asks it, and the moments
        self,
        question: str,
        ask: Callable[[Asking, Asking], Any],
        gather: Callable[[Asking, list[Any]], Any],
        *,
        request: Request,
        who: Authenticated,
        moments: Callable[[Asking], Sequence[int]],
        after: int | None = None,
        at: int | None = None,
    ) -> Response:
        """Answer a question about several moments of the past (microseconds since 1970 UTC), in order of time.

        `ask` gets the present and the past; a moment before the first event is left out.
        """
        check_reader(question, who.grants)
        if after is not None and after > self.service.store.last_position():
            raise Malformed(f"there is no position {after} yet: give one that a command answered", field="after")
        with self.service.read.snapshot(after) as snapshot:
            self._check_current(snapshot)
            asking = self._asking(snapshot, question, who, at)
            found = []
            thens = [
                Then(min(before.position, snapshot.position), moment)
                for moment in moments(asking)
                if (before := self.service.store.moment_before(moment)) is not None
            ]
            if thens:
                with self.library.series(question, thens[0], thens[-1], snapshot.connection) as past:
                    for then in thens:
                        past.go_on(then.position)
                        found.append(ask(asking, _back_to(then, past, asking)))
            report = msgspec.json.encode(gather(asking, found))
        return _response(report, asking, request)

    def _asking(self, snapshot: Snapshot, question: str, who: Authenticated, at: int | None) -> Asking:
        opened = school(snapshot.connection) or School("", "UTC", simulated=False)
        if at is not None and not opened.simulated:
            raise ClockNotSettable("this school is real, its clock cannot be set: leave the time out")
        now = self.service.clock() if at is None else at
        day = local_day(now, opened.timezone).isoformat()
        seen = sight(question, who.grants, duties_of(snapshot.connection, who, day))
        unshown = {} if question in WITHOUT_CONSENT else _unshown(snapshot.connection, seen.duties.pupils, who, day)
        if unshown:
            seen = seen._replace(duties=seen.duties._replace(pupils=seen.duties.pupils - unshown.keys()))
        asking = Asking(snapshot.connection, snapshot.connection, opened, seen, who, now, snapshot.position)
        asking.unshown = unshown
        asking.rights_day = day
        return asking

    def _check_current(self, snapshot: Snapshot) -> None:
        """Refuse a generation that was built for other projections: its tables are not the ones we would ask."""
        current = self._current.get(snapshot.generation)
        if current is None:
            model: ReadModel = self.service.read
            current = model.place.fingerprint(snapshot.generation) == model.folding.fingerprint
            if len(self._current) > GENERATIONS_REMEMBERED_MAX:
                self._current.clear()
            self._current[snapshot.generation] = current
        if not current:
            raise ReportsNotBuilt("the reports are being built for this version of ejd: try again in a moment")


def _back_to(then: Then, past: Past, asking: Asking) -> Asking:
    """Answer the question in its past; what may be seen stays as it is today."""
    past.begin()
    opened = school(past.c) or School("", asking.school.timezone, simulated=asking.school.simulated)
    return replace(asking, c=past.c, school=opened, now=then.now, position=then.position, ground=past, then=then)


def _unshown(c: sa.Connection, pupils: frozenset[str], who: Authenticated, day: str) -> dict[str, Verdict]:
    """Answer for a family's reader the own pupils whose journal is not shown in electronic form on a day."""
    if not pupils:
        return {}
    ledger, on = ledger_of(c, day, pupils | {who.person}), date.fromisoformat(day)
    found = {one: may(ledger, one, who.person, ELECTRONIC_FORM, on) for one in pupils}
    return {one: verdict for one, verdict in found.items() if not verdict.allowed}


def duties_of(c: sa.Connection, who: Authenticated, day: str) -> Duties:
    """Answer classes and pupils that somebody has to do with on a day; journals depend on the range asked about."""
    if reads_whole_school(who.grants) or not who.person:
        return Duties()
    classes: set[str] = set()
    pupils: set[str] = set()
    if "teacher" in who.roles:
        ids = [row.stream for row in classes_by_name(c)]
        classes = {one for one, staff in class_teachers_on(c, ids, day).items() if staff == who.person}
    if "parent" in who.roles:
        pupils |= set(pupils_of(c, guardian=who.person, day=day))
    if "pupil" in who.roles:
        pupils.add(who.person)
    return Duties(classes=frozenset(classes), pupils=frozenset(pupils))


def _response(report: bytes, asking: Asking, request: Request) -> Response:
    """Answer the report with its ETag, or 304 when the client has it; the position stands in a header too."""
    notes_of(request.scope).told.append(report)
    etag = f'W/"{hashlib.sha256(report).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-store", "Ejd-Position": str(asking.position)}
    if _has(request.headers, etag):
        notes_of(request.scope).outcome = "ok"
        return Response(status_code=304, headers=headers)
    simulated = b"true" if asking.school.simulated else b"false"
    then = b""
    if asking.then is not None:
        how = b"exclude" if asking.then.without_invalidated else b"include"
        then = b'"as_of":"%s","invalidated":"%s",' % (moment_text(asking.then.now).encode(), how)
    body = b'{"position":%d,%s"simulated":%s,"report":%s}' % (asking.position, then, simulated, report)
    return Response(body, media_type="application/json", headers=headers)


def _file(found: Download, asking: Asking, request: Request) -> Response:
    """Answer a file for saving; its name is plain ASCII."""
    headers = {
        "Content-Disposition": f'attachment; filename="{found.file_name}"',
        "Cache-Control": "no-store",
        "Ejd-Position": str(asking.position),
    }
    if asking.school.simulated:
        headers["Ejd-Simulated"] = "true"
    if asking.then is not None:
        headers["Ejd-As-Of"] = moment_text(asking.then.now)
    if not isinstance(found.body, bytes):
        found.body.seek(0, SEEK_END)
        headers["Content-Length"] = str(found.body.tell())
        found.body.seek(0)
        return StreamingResponse(_pieces(found.body), media_type=found.media_type, headers=headers)
    if found.kept:
        etag = f'"{hashlib.sha256(found.body).hexdigest()[:32]}"'
        headers |= {"ETag": etag, "Cache-Control": "no-store"}
        if _has(request.headers, etag):
            notes_of(request.scope).outcome = "ok"
            return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)


def _pieces(body: IO[bytes]) -> Iterator[bytes]:
    """Yield a file piece by piece and close it, also when nobody wants the rest."""
    with body:
        while piece := body.read(PIECE_BYTES):
            yield piece


def _has(headers: Mapping[str, str], etag: str) -> bool:
    """Say whether If-None-Match names the ETag; compared weakly, as RFC 9110 has it."""
    known = headers.get("if-none-match", "")
    return known.strip() == "*" or etag.removeprefix("W/") in {
        one.strip().removeprefix("W/") for one in known.split(",")
    }
