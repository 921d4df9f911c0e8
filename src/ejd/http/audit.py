"""The audit as questions (A10): corrections, requests to correct, signals; for the administration."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from ejd.http.asking import Asking, Download, Limit, Offset
from ejd.http.audit_files import corrections_sheet, requests_sheet
from ejd.http.choosing import InDays, OfDays, OfWhom, check_there, days_of
from ejd.http.contract import SchoolService
from ejd.http.downloads import DownloadParameters, download
from ejd.kernel.envelope import Ref
from ejd_commands.accounts import microseconds
from ejd_commands.fields import Id, Moment
from ejd_projections.asking import SelectionError
from ejd_projections.correction_requests import CorrectionRequests, RequestStanding, correction_requests
from ejd_projections.correction_search import Choice, SortBy
from ejd_projections.correction_tables import Change, Kind
from ejd_projections.corrections import Corrections, audit_of_corrections
from ejd_projections.signals import Signal, Signals, Thresholds, signals

CORRECTIONS_LIMIT = 100
HOURS_MAX = 10_000
DAYS_MAX = 400
KINDS_MAX = 7

Days = Annotated[int | None, Field(ge=-DAYS_MAX, le=DAYS_MAX)]


class CorrectionsParameters(OfDays, DownloadParameters):
    """All conditions given must hold; days are those of the lesson, or the last one of a final mark's period."""

    teacher: Annotated[Id | None, Field(description="The staff member who recorded the correction.")] = None
    pupil: Annotated[Id | None, Field(description="The pupil whose record was corrected.")] = None
    kind: Annotated[
        list[Kind],
        Field(default_factory=list, max_length=KINDS_MAX, description="Kinds of records; may be repeated."),
    ]
    change: Annotated[Change | None, Field(description="entered, planned, moved, cancelled: late.")] = None
    direction: Annotated[Literal["up", "down"] | None, Field(description="Marks that were raised, or lowered.")] = None
    window: Annotated[
        Literal["inside", "outside"] | None,
        Field(description="Recorded while the regulation of the lesson's day left it free, or later."),
    ] = None
    approval: Annotated[Literal["with", "without"] | None, Field(description="Made under an approval or not.")] = None
    void: Annotated[
        Literal["yes", "no"] | None, Field(description="yes: only what a breach holds void; no: only what counts.")
    ] = None
    since: Annotated[Moment | None, Field(description="Recorded at this moment or later.")] = None
    until: Annotated[Moment | None, Field(description="Recorded before this moment.")] = None
    hours_after_lesson: Annotated[
        int | None, Field(ge=0, le=HOURS_MAX, description="Recorded so many hours after the lesson's end, or later.")
    ] = None
    days_after_period_end_min: Annotated[
        Days, Field(description="Recorded so many days after the last day of the grading period; before it: -7.")
    ] = None
    days_after_period_end_max: Annotated[Days, Field(description="At most so many days after that day.")] = None
    sort: Annotated[SortBy, Field(description="What the list is sorted by.")] = "recorded-at"
    order: Annotated[Literal["asc", "desc"], Field(description="Ascending or descending.")] = "desc"
    limit: Limit = CORRECTIONS_LIMIT
    offset: Offset = 0


def choice_of(asking: Asking, query: CorrectionsParameters) -> Choice:
    """Answer what was chosen; raises NotThere for an id that nothing has."""
    check_there(asking, query)
    days = days_of(asking, query)
    return Choice(
        first=days.first,
        last=days.last,
        year=days.year,
        teacher=query.teacher,
        class_id=query.class_id,
        group=query.group,
        subject=query.subject,
        journal=query.journal,
        pupil=query.pupil,
        kinds=frozenset(query.kind),
        change=query.change,
        direction=query.direction,
        window=query.window,
        approval=_yes(query.approval, "with"),
        void=_yes(query.void, "yes"),
        since=None if query.since is None else microseconds(query.since),
        until=None if query.until is None else microseconds(query.until),
        hours_after_lesson_min=query.hours_after_lesson,
        days_after_period_end_min=query.days_after_period_end_min,
        days_after_period_end_max=query.days_after_period_end_max,
    )


def _yes(word: str | None, yes: str) -> bool | None:
    return None if word is None else word == yes


def corrections(_school: SchoolService, asking: Asking, query: CorrectionsParameters) -> Corrections | Download:
    """Every correction that was made (A10), also those that a breach made void, and late entries under an approval.

    Who, when, what, old and new, why; inside or outside the free window; by whose approval; against lesson and period.
    As CSV or XLSX all that was chosen, at most 50,000, whatever the page.
    """
    choice, descending = choice_of(asking, query), query.order == "desc"
    if query.file is None:
        return audit_of_corrections(
            asking.c, choice, sort=query.sort, descending=descending, limit=query.limit, offset=query.offset
        )
    whole = audit_of_corrections(asking.c, choice, sort=query.sort, descending=descending, limit=None)
    asking.told.append(whole)
    sheet = corrections_sheet(asking, whole.corrections)
    return download(asking, query.file, sheet, f"corrections-{whole.first}-{whole.last}")


class RequestsParameters(DownloadParameters):
    """Without a standing: all of them."""

    standing: Annotated[
        RequestStanding | None,
        Field(description="open: wait for a decision; approved: not used yet; rejected, withdrawn, used, void."),
    ] = None
    journal: Annotated[Id | None, Field(description="About one journal.")] = None
    pupil: Annotated[Id | None, Field(description="About one pupil.")] = None
    account: Annotated[Id | None, Field(description="Made under one account.")] = None
    limit: Limit = CORRECTIONS_LIMIT
    offset: Offset = 0


def requests(_school: SchoolService, asking: Asking, query: RequestsParameters) -> CorrectionRequests | Download:
    """Requests to correct what is no longer free, for the approver: open, approved, rejected, used; by whom and why."""
    whom = OfWhom.model_validate({"journal": query.journal, "pupil": query.pupil})
    check_there(asking, whom)
    chosen: dict[str, Any] = {
        "now": asking.now,
        "standing": query.standing,
        "journals": None if query.journal is None else [query.journal],
        "pupil": query.pupil,
        "account": query.account,
    }
    if query.file is None:
        return correction_requests(asking.c, **chosen, limit=query.limit, offset=query.offset)
    whole = correction_requests(asking.c, **chosen)
    if whole.total > len(whole.requests):
        msg = f"{whole.total} requests are too many for one file ({len(whole.requests)}): choose a standing, a journal"
        raise SelectionError(msg, field="format")
    asking.told.append(whole)
    return download(asking, query.file, requests_sheet(asking, whole.requests), f"requests-{asking.today}")


SIGNALS: tuple[Signal, ...] = get_args(Signal)
FINDINGS_LIMIT = 50
DEFAULTS = Thresholds()
THRESHOLDS = tuple(asdict(DEFAULTS))


class SignalsParameters(InDays):
    """Without a signal: all of them. Thresholds have the defaults that docs/audit.md names."""

    signal: Annotated[Signal | None, Field(description="One signal; by default all of them.")] = None
    entries_min: Annotated[int, Field(ge=1, le=100_000)] = DEFAULTS.entries_min
    corrections_min: Annotated[int, Field(ge=1, le=100_000)] = DEFAULTS.corrections_min
    times: Annotated[int, Field(ge=1, le=100)] = DEFAULTS.times
    period_end_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = DEFAULTS.period_end_days
    bulk_marks: Annotated[int, Field(ge=1, le=10_000)] = DEFAULTS.bulk_marks
    bulk_minutes: Annotated[int, Field(ge=0, le=1_440)] = DEFAULTS.bulk_minutes
    bulk_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = DEFAULTS.bulk_days
    hour_from: Annotated[int, Field(ge=0, le=24)] = DEFAULTS.hour_from
    hour_to: Annotated[int, Field(ge=0, le=24)] = DEFAULTS.hour_to
    limit: Annotated[Limit, Field(description="Findings of each signal on a page.")] = FINDINGS_LIMIT
    offset: Offset = 0


def find_signals(school: SchoolService, asking: Asking, query: SignalsParameters) -> Signals:
    """Patterns worth a look (A10): each with its definition, its thresholds and the records to look at.

    Many corrections against peers; marks raised before a period's end; marks for absent pupils; late marks in bulk;
    corrections at unusual hours; corrections after a guardian had acknowledged.
    """
    days = days_of(asking, query)

    def authors(refs: Collection[Ref]) -> dict[Ref, str]:
        wanted = set(refs)
        events = school.store.read_streams(sorted({one.stream for one in wanted}), upto=asking.position)
        return {ref: meta.actor for meta in events if (ref := Ref(meta.stream, meta.version)) in wanted}

    return signals(
        asking.c,
        first=days.first,
        last=days.last,
        chosen=SIGNALS if query.signal is None else (query.signal,),
        thresholds=Thresholds(**{name: getattr(query, name) for name in THRESHOLDS}),
        authors=authors,
        limit=query.limit,
        offset=query.offset,
    )
