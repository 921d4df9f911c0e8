"""`GET /api/v1/reports/gradebook/changes`: what changed on journal pages between two moments, why and by whom."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from ejd.access.reading import of_administration
from ejd.handling.authentication import Authenticated
from ejd.history.page_changes import Cell, Found, Kind, Value, between, cells_of, differences, reason_of, touches
from ejd.http.asking import Answered, Asking, Desk, Limit, Offset
from ejd.http.choosing import WhomParameters, allowed_journals, year_of
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd.http.problems import Malformed, NotThere
from ejd.http.reports import allowed_pages
from ejd.http.routes import add_question, problems, who
from ejd.http.wording import AS_OF_PATTERN
from ejd.kernel.envelope import Ref
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.states.access import AccountState
from ejd_commands.fields import Code
from ejd_projections.asking import NotThereError
from ejd_projections.gradebook import Gradebook
from ejd_projections.people import names
from ejd_projections.period import Selection, select_days

NAME = "gradebook-changes"
CHANGES_LIMIT = 100
EVENTS_OF_A_CELL_MAX = 20
"""Events listed with one change, the newest ones; `events_total` counts all."""


class ChangesParameters(WhomParameters):
    """Two moments, and whose pages; without a period the whole year's."""

    moment_from: Annotated[
        str, Field(alias="from", pattern=AS_OF_PATTERN, description="The earlier moment: a time or a position.")
    ]
    moment_to: Annotated[
        str | None,
        Field(alias="to", pattern=AS_OF_PATTERN, description="The later moment; the present by default."),
    ] = None
    period: Annotated[Code | None, Field(description="Code of a grading period, such as q1.")] = None
    scheme: Annotated[Code | None, Field(description="Grading periods such as quarters: the current one.")] = None
    limit: Limit = CHANGES_LIMIT
    offset: Offset = 0


@dataclass(slots=True)
class ChangeEvent:
    """One event between the moments that touched the cell.

    A marker (events-voided, events-restored) is one too. `person` is behind the account, where there is one. `reason`
    is shown to the administration and to who teaches the journal; account, and breach, to those who work here.
    """

    type: str
    position: int
    stream: str
    version: int
    recorded_at: str
    account: str
    person: str
    person_name: str
    reason: str | None
    breach: str


@dataclass(slots=True)
class Change:
    """One cell that is not what it was; None: there was, or is, nothing in it."""

    journal: str
    journal_name: str
    kind: Kind
    stream: str
    date: str
    pupil: str
    pupil_name: str
    work: str
    number: int
    period: str
    before: Value | None
    after: Value | None
    events: list[ChangeEvent]
    events_total: int


@dataclass(slots=True)
class Changes:
    """A page of the `total` cells that changed after the first moment, up to the second, by journal and kind."""

    moment_from: str
    position_from: int
    moment_to: str
    position_to: int
    year: str
    first: str
    last: str
    total: int
    changes: list[Change]


class _Side:
    """The pages at one moment; none where the school, or what was asked for, did not exist yet."""

    def __init__(self, asking: Asking, query: ChangesParameters, days: Selection | None = None) -> None:
        """Look at the days given, or else at those of the question."""
        self.days = days
        self.pages: list[Gradebook] = []
        self.missing: NotThere | NotThereError | None = None
        try:
            if self.days is None:
                year = year_of(asking, query)
                self.days = select_days(year, today=asking.today, period=query.period, scheme=query.scheme)
            allowed = allowed_journals(asking, query, self.days)
            self.pages = allowed_pages(asking, allowed, allowed.journals, self.days)
        except (NotThere, NotThereError) as missing:
            self.missing = missing


def changes(school: SchoolService, before: Asking, after: Asking, query: ChangesParameters) -> Changes:
    """What changed on journal pages (D1) between two moments, cell by cell, with the events that did it.

    Sums and averages follow from the cells and are not listed. The pages are those that may be seen today.
    """
    if query.as_of is not None:
        raise Malformed("say the two moments in `from` and `to`, leave as_of out", field="as_of")
    late = _Side(after, query)
    early = _Side(before, query, late.days)
    if late.missing is not None and early.missing is not None:
        raise late.missing
    old, new = cells_of(early.pages), cells_of(late.pages)
    found = differences(old, new)
    page = found[query.offset : query.offset + query.limit]
    told = _Teller(school, after, [*early.pages, *late.pages], {cell.stream for cell in page}, before.position)
    days = late.days or early.days
    assert days is not None and before.then is not None and after.then is not None  # noqa: PT018, S101 - invariant
    return Changes(
        moment_from=moment_text(before.now),
        position_from=before.position,
        moment_to=moment_text(after.now),
        position_to=after.position,
        year=days.year,
        first=days.first,
        last=days.last,
        total=len(found),
        changes=[told.change(cell, old.get(cell), new.get(cell)) for cell in page],
    )


class _Teller:
    """Tells of a page of changes: names, and the events between the moments."""

    def __init__(
        self,
        school: SchoolService,
        asking: Asking,
        pages: Sequence[Gradebook],
        streams: Collection[str],
        after: int,
    ) -> None:
        self._school = school
        events = school.store.read_streams(sorted(streams), upto=asking.position)
        self._events = between(events, after)
        self._journals = {page.journal.id: page.journal.name for page in pages}
        self._pupils = {one.pupil: one.name for page in pages for one in page.pupils}
        self._dates = {lesson.lesson: lesson.date for page in pages for lesson in page.lessons}
        self._dates |= {work.stream: work.day for page in pages for work in page.control_works}
        self._staff = asking.sight.staff
        self._administration = of_administration(asking.who.grants)
        first, last = min((page.first for page in pages), default=""), max((page.last for page in pages), default="")
        self._taught = asking.taught(first, last).duties.journals
        actors = {one.meta.actor for own in self._events.values() for one in own}
        self._persons = {actor: self._person(actor) for actor in actors}
        self._names = names(asking.live, set(self._persons.values()) - {""})

    def change(self, cell: Cell, before: Value | None, after: Value | None) -> Change:
        """Answer one change."""
        events = [one for one in self._events.get(cell.stream, ()) if touches(cell, one)]
        return Change(
            journal=cell.journal,
            journal_name=self._journals[cell.journal],
            kind=cell.kind,
            stream=cell.stream,
            date=self._dates.get(cell.stream, ""),
            pupil=cell.pupil,
            pupil_name=self._pupils.get(cell.pupil, ""),
            work=cell.work,
            number=cell.number,
            period=cell.period,
            before=before,
            after=after,
            events=self._told(cell, events[-EVENTS_OF_A_CELL_MAX:]),
            events_total=len(events),
        )

    def _told(self, cell: Cell, events: Iterable[Found]) -> list[ChangeEvent]:
        reasons = self._administration or cell.journal in self._taught
        return [self._event(one, with_reason=reasons) for one in events]

    def _event(self, one: Found, *, with_reason: bool) -> ChangeEvent:
        meta, event = one.meta, one.event
        sealed = reason_of(event) if with_reason else None
        person = self._persons[meta.actor]
        breach = event.breach if isinstance(event, EventsVoided | EventsRestored) else ""
        return ChangeEvent(
            type=meta.name,
            position=meta.position,
            stream=meta.stream,
            version=meta.version,
            recorded_at=moment_text(meta.recorded_at),
            account=meta.actor if self._staff else "",
            person=person,
            person_name=self._names.get(person, ""),
            reason=None
            if sealed is None
            else self._school.read.folding.unseal(*sealed, Ref(meta.stream, meta.version)),
            breach=breach if self._staff else "",
        )

    def _person(self, account: str) -> str:
        opened = self._school.states.load(AccountState, account).opened
        return opened.person if opened else ""


def add_changes(app: FastAPI, school: SchoolService, desk: Desk) -> None:
    """Add the route."""

    def gradebook_changes(
        request: Request,
        query: Annotated[ChangesParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        return desk.compare(
            NAME,
            lambda before, after: changes(school, before, after, query),
            request=request,
            who=client,
            moments=(query.moment_from, query.moment_to),
            invalidated=query.invalidated,
            at=moment_of(simulated_time),
        )

    add_question(
        app,
        name=NAME,
        path="/reports/gradebook/changes",
        endpoint=gradebook_changes,
        model=Answered[Changes],
        responses=problems(400, 401, 403, 404, 406, 422, 503),
        tag="reports",
        description=changes.__doc__,
    )
