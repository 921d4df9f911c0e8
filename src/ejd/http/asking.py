"""What every question shares: one snapshot, what the asker may see, waiting for a position, ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ejd.access.reading import Duties, Sight, check_reader, reads_whole_school, sight
from ejd.handling.authentication import Authenticated
from ejd.handling.handler import ClockNotSettable
from ejd.http.contract import SchoolService
from ejd.http.notes import notes_of
from ejd.http.problems import Malformed, ReportsNotBuilt
from ejd.kernel.calendar import local_day
from ejd.read.model import ReadModel, Snapshot
from ejd_commands.fields import WHOLE_NUMBER_MAX
from ejd_projections.gradebook_tables import lessons
from ejd_projections.journal_catalogue import class_teachers_on, classes_by_name, find_journals
from ejd_projections.people import pupils_of
from ejd_projections.school_catalogue import School, school

T = TypeVar("T")

PAGE_MAX = 1_000
OFFSET_MAX = 1_000_000
GENERATIONS_REMEMBERED_MAX = 16

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


class Answered(BaseModel, Generic[T]):
    """A report with the position that it is true for."""

    position: int = Field(description="Everything up to this position is in the report, nothing above it.")
    simulated: bool = Field(description="True: the school is a simulation, nothing of this ever happened.")
    report: T


@dataclass
class Asking:
    """One question being answered: the connection sees one position of all tables."""

    c: sa.Connection
    school: School
    sight: Sight
    who: Authenticated
    now: int
    """Microseconds since 1970 UTC."""
    position: int = 0

    @property
    def day(self) -> date:
        """Today, at the school."""
        return local_day(self.now, self.school.timezone)

    @property
    def today(self) -> str:
        """Today at the school, as ISO text."""
        return self.day.isoformat()

    def taught(self, first: str, last: str) -> Sight:
        """Answer the sight with the journals of a range of days: own load, and own substitutions."""
        if self.sight.everything or "teacher" not in self.who.roles or not self.who.person:
            return self.sight
        own = {one.id for one in find_journals(self.c, teacher=self.who.person, first=first, last=last)}
        t = lessons.c
        given = sa.select(t.journal).distinct().where(t.substitute == self.who.person)
        given = given.where(t.placed_date >= first, t.placed_date <= last)
        own |= set(self.c.scalars(given))
        return self.sight._replace(duties=self.sight.duties._replace(journals=frozenset(own)))


@dataclass
class Desk:
    """Where questions are asked: opens the snapshot, finds out what the asker may see, makes the response."""

    service: SchoolService
    _current: dict[int, bool] = field(default_factory=dict)

    def answer(  # noqa: PLR0913 - the question, who asks it, and as of when
        self,
        question: str,
        ask: Callable[[Asking], Any],
        *,
        request: Request,
        who: Authenticated,
        after: int | None = None,
        at: int | None = None,
    ) -> Response:
        """Answer a question by its name in `ejd.access.reading.READERS`; raises Refusal and what reports raise."""
        check_reader(question, who.roles)
        if after is not None and after > self.service.store.last_position():
            raise Malformed(f"there is no position {after} yet: give one that a command answered", field="after")
        with self.service.read.snapshot(after) as snapshot:
            self._check_current(snapshot)
            asking = self._asking(snapshot, question, who, at)
            report = msgspec.json.encode(ask(asking))
        return _response(report, asking, request)

    def _asking(self, snapshot: Snapshot, question: str, who: Authenticated, at: int | None) -> Asking:
        opened = school(snapshot.connection) or School("", "UTC", simulated=False)
        if at is not None and not opened.simulated:
            raise ClockNotSettable("this school is real, its clock cannot be set: leave the time out")
        now = self.service.clock() if at is None else at
        day = local_day(now, opened.timezone).isoformat()
        seen = sight(question, who.roles, duties_of(snapshot.connection, who, day))
        return Asking(snapshot.connection, opened, seen, who, now, snapshot.position)

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


def duties_of(c: sa.Connection, who: Authenticated, day: str) -> Duties:
    """Answer classes and pupils that somebody has to do with on a day; journals depend on the range asked about."""
    if reads_whole_school(who.roles) or not who.person:
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
    etag = f'W/"{hashlib.sha256(report).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Ejd-Position": str(asking.position)}
    if _has(request.headers, etag):
        notes_of(request.scope).outcome = "ok"
        return Response(status_code=304, headers=headers)
    simulated = b"true" if asking.school.simulated else b"false"
    body = b'{"position":%d,"simulated":%s,"report":%s}' % (asking.position, simulated, report)
    return Response(body, media_type="application/json", headers=headers)


def _has(headers: Mapping[str, str], etag: str) -> bool:
    """Say whether If-None-Match names the ETag; compared weakly, as RFC 9110 has it."""
    known = headers.get("if-none-match", "")
    return known.strip() == "*" or etag.removeprefix("W/") in {
        one.strip().removeprefix("W/") for one in known.split(",")
    }
