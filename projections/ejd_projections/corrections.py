"""The audit of corrections (A10): every one ever made, chosen, sorted and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ejd_projections.account_holders import Holder, full_name, holders
from ejd_projections.asking import ROWS_MAX, SelectionError, among, checked_limit
from ejd_projections.correction_figures import judge_of
from ejd_projections.correction_search import Choice, Found, Judged, SortBy, find_corrections, in_order
from ejd_projections.correction_tables import SELF_STUDY, corrections, late_entries
from ejd_projections.people import names

EXPORT_MAX = 50_000
"""Corrections in one file."""


@dataclass(slots=True)
class Approval:
    """What a correction was made under: the request's stream, the version of the approval, and who gave it."""

    request: str
    version: int
    by: Holder
    approved_at: int
    void: bool


@dataclass(slots=True)
class Correction:
    """One correction; times are microseconds UTC. `record` and `version` name the event.

    `counts`: no breach holds it void; `breaches` are those that do. `window` says whether it was recorded before
    `deadline`, by the regulation of the lesson's day. `direction` is that of a mark.
    """

    record: str
    version: int
    position: int
    kind: str
    change: str
    journal: str
    journal_name: str
    subject: str
    subject_name: str
    group: str
    group_name: str
    planned_day: str
    planned_slot: int
    ordinal: int
    day: str
    slot: int
    period: str
    pupil: str
    pupil_name: str
    work: str
    number: int
    old: str
    new: str
    direction: str
    reason: str
    by: Holder
    session: str
    client: str
    recorded_at: int
    window: str
    deadline: int | None
    hours_after_lesson: int | None
    days_after_period_end: int | None
    approval: Approval | None
    counts: bool
    breaches: list[str]


@dataclass(slots=True)
class OfTeacher:
    """How many of the corrections one account recorded."""

    by: Holder
    corrections: int


@dataclass(slots=True)
class Corrections:
    """A page of the `total` corrections that meet the conditions; the counts are of all of them."""

    first: str
    last: str
    total: int
    void: int
    by_kind: dict[str, int]
    by_direction: dict[str, int]
    by_teacher: list[OfTeacher]
    corrections: list[Correction]


def audit_of_corrections(  # noqa: PLR0913 - choice, order and page
    c: sa.Connection,
    choice: Choice,
    *,
    sort: SortBy = "recorded-at",
    descending: bool = True,
    limit: int | None = ROWS_MAX,
    offset: int = 0,
) -> Corrections:
    """Answer a page of the corrections that meet the conditions, with counts of all of them.

    Without a limit all of them are answered, for a file; refuses more than EXPORT_MAX then.
    """
    judged = find_corrections(c, choice, judge_of(c))
    if limit is None and len(judged) > EXPORT_MAX:
        msg = f"{len(judged)} corrections are too many for one file ({EXPORT_MAX}): choose a period, a class, a teacher"
        raise SelectionError(msg, field="format")
    ordered = in_order(judged, sort, descending=descending)
    by_actor = Counter(one.found.actor for one in judged)
    of_whom = {one.found.actor: _holder(one.found) for one in judged}
    teachers = [OfTeacher(of_whom[actor], count) for actor, count in by_actor.items()]
    teachers.sort(key=lambda one: (-one.corrections, one.by.name, one.by.account))
    directions = Counter(one.figures.direction or "none" for one in judged)
    return Corrections(
        first=choice.first,
        last=choice.last,
        total=len(judged),
        void=sum(one.found.void for one in judged),
        by_kind=dict(sorted(Counter(one.found.kind for one in judged).items())),
        by_direction=dict(sorted(directions.items())),
        by_teacher=teachers,
        corrections=shown(c, ordered if limit is None else ordered[offset : offset + checked_limit(limit)]),
    )


def _holder(found: Found) -> Holder:
    name = full_name(found.person, found.family, found.given, found.middle)
    return Holder(found.actor, found.login, found.person, name)


def shown(c: sa.Connection, page: Sequence[Judged]) -> list[Correction]:
    """Answer corrections with reasons and names."""
    reasons = _reasons(c, {one.found.stream for one in page})
    approvers = holders(c, {one.found.approved_by for one in page} - {""})
    people = _substitutes(c, [one.found for one in page])
    answers = []
    for found, figures in page:
        old, new = found.old, found.new
        if found.kind == "substitution":
            old, new = (_instead(text, people) for text in (old, new))
        approval = None
        if found.request:
            by = approvers.get(found.approved_by, Holder("", "", "", ""))
            approval = Approval(found.request, found.approval, by, found.approved_at, found.approval_void)
        answers.append(
            Correction(
                record=found.stream,
                version=found.version,
                position=found.position,
                kind=found.kind,
                change=found.change,
                journal=found.journal,
                journal_name=found.journal_name,
                subject=found.subject,
                subject_name=found.subject_name,
                group=found.group,
                group_name=found.group_name,
                planned_day=found.planned_day,
                planned_slot=found.planned_slot,
                ordinal=found.ordinal,
                day=found.day,
                slot=found.slot,
                period=found.period,
                pupil=found.pupil,
                pupil_name=full_name(found.pupil, found.pupil_family, found.pupil_given, found.pupil_middle),
                work=found.work,
                number=found.number,
                old=old,
                new=new,
                direction=figures.direction or "",
                reason=reasons.get((found.stream, found.version), ""),
                by=_holder(found),
                session=found.session,
                client=found.client,
                recorded_at=found.recorded_at,
                window=figures.window or "",
                deadline=figures.deadline,
                hours_after_lesson=figures.hours_after_lesson,
                days_after_period_end=figures.days_after_period_end,
                approval=approval,
                counts=not found.void,
                breaches=found.breaches.split(),
            )
        )
    return answers


def _reasons(c: sa.Connection, streams: Collection[str]) -> dict[tuple[str, int], str]:
    """Answer the reasons of records, asked for in chunks."""
    found: dict[tuple[str, int], str] = {}
    ordered = sorted(streams)
    for table in (corrections, late_entries):
        t = table.c
        statement = sa.select(t.stream, t.version, t.reason).where(among(t.stream, "streams"), t.reason != "")
        for start in range(0, len(ordered), ROWS_MAX):
            chunk = ordered[start : start + ROWS_MAX]
            found |= {(stream, version): text for stream, version, text in c.execute(statement, {"streams": chunk})}
    return found


def _instead(text: str, people: Mapping[str, str]) -> str:
    """Answer who was to give a lesson, or supervise self-study, by name; whoever is not known stays an id."""
    person, *rest = text.split("|")
    name = people.get(person, text)
    if rest[2:] != [SELF_STUDY]:
        return name
    return f"{SELF_STUDY}, {name}" if person else SELF_STUDY


def _substitutes(c: sa.Connection, page: Iterable[Found]) -> dict[str, str]:
    texts = {text for one in page if one.kind == "substitution" for text in (one.old, one.new) if text}
    return names(c, {text.partition("|")[0] for text in texts})
