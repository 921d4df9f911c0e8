"""Which pupils are in which classes and groups, by date, and their individual plans; folded by the kernel."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event
from ejd.kernel.events import people as p
from ejd.kernel.states.people import Memberships, Stay
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import among, ask, bound, checked_ids, fetch, is_in, question
from ejd_projections.journal_catalogue import Journal

projection = Projection("memberships", version=2)


@dataclass(slots=True)
class StayRow:
    """A pupil is in a class or group (`kind`) from `starts` (included) to `ends` (not included, None: still).

    `version` is the event of the pupil's stream that began it.
    """

    stream: str
    kind: str
    place: str
    starts: str
    ends: str | None
    version: int


@dataclass(slots=True)
class PlanRow:
    """From a day on: JSON list of the class journals of an individual plan, None: the class's curriculum again."""

    stream: str
    starts: str
    journals: str | None

    def listed(self) -> tuple[str, ...] | None:
        """Answer the class journals of the plan."""
        return None if self.journals is None else _journals(self.journals)


stays = projection.table("stays", StayRow, key=("stream", "kind", "place", "starts"), indexes=[("place", "starts")])
individual_plans = projection.table("individual_plans", PlanRow, key=("stream", "starts"))


def _fold(event: Event, meta: Recorded, rows: StreamRows) -> None:
    after = _from_rows(rows).evolve(event, Ref(meta.stream, meta.version))
    for stay_row in stays.all(rows):
        stays.drop(rows, stay_row.kind, stay_row.place, stay_row.starts)
    for plan_row in individual_plans.all(rows):
        individual_plans.drop(rows, plan_row.starts)
    for kind, own in (("class", after.classes), ("group", after.groups)):
        for stay in own:
            ends = stay.ends.isoformat() if stay.ends else None
            row = StayRow(meta.stream, kind, stay.where, stay.starts.isoformat(), ends, stay.ref.version)
            stays.put(rows, row)
    for starts, listed in after.plans:
        text = None if listed is None else msgspec.json.encode(listed).decode()
        individual_plans.put(rows, PlanRow(meta.stream, starts.isoformat(), text))


projection.on(p.PupilEnrolled, p.PupilTransferred, p.PupilLeft, p.PupilReturned)(_fold)
projection.on(p.GroupJoined, p.GroupLeft, p.IndividualPlanSet, p.IndividualPlanEnded)(_fold)
projection.on(p.ClassStaysCorrected, p.GroupStaysCorrected)(_fold)


def _from_rows(rows: StreamRows) -> Memberships:
    # No two stays of one place begin on one day, and stays do not overlap: their order carries no meaning.
    kept: dict[str, list[Stay]] = {"class": [], "group": []}
    for row in stays.all(rows):
        ends = date.fromisoformat(row.ends) if row.ends else None
        stay = Stay(row.place, date.fromisoformat(row.starts), ends, Ref(row.stream, row.version))
        kept[row.kind].append(stay)
    plans = tuple(
        (date.fromisoformat(row.starts), None if row.journals is None else _journals(row.journals))
        for row in individual_plans.all(rows)
    )
    return Memberships(tuple(kept["class"]), tuple(kept["group"]), plans)


def _journals(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])


@dataclass(slots=True)
class Member:
    """A pupil belongs in a journal from `starts` (included) to `ends` (not included, None: still)."""

    pupil: str
    starts: str
    ends: str | None

    def on(self, day: str) -> bool:
        """Answer whether the pupil belongs there on a day."""
        return self.starts <= day and (self.ends is None or day < self.ends)


@dataclass(slots=True)
class ClassMember:
    """A pupil with the class on the day asked for."""

    pupil: str
    class_id: str


_s = stays.c
_TOUCHING = sa.and_(_s.starts <= bound("last"), sa.or_(_s.ends.is_(None), _s.ends > bound("first")))
_IN_PLACES = question(stays, among(_s.place, "places"), _TOUCHING)
_IN_PLACES_OF_ONE = question(stays, among(_s.place, "places"), _s.stream == bound("pupil"), _TOUCHING)
_OF_PUPILS = question(stays, among(_s.stream, "pupils"), _TOUCHING)
_PLANS = question(individual_plans, among(individual_plans.c.stream, "pupils"))


def stays_in(
    c: sa.Connection, places: Collection[str], *, first: str, last: str, pupil: str | None = None
) -> list[StayRow]:
    """Answer the stays in classes and groups that touch a range of days, both included; of one pupil if given."""
    where = {"places": checked_ids(places), "first": first, "last": last}
    if pupil is not None:
        return ask(c, stays, _IN_PLACES_OF_ONE, **where, pupil=pupil)
    return ask(c, stays, _IN_PLACES, **where)


def stays_of(c: sa.Connection, pupils: Collection[str], *, first: str, last: str) -> list[StayRow]:
    """Answer the stays of pupils that touch a range of days, both included."""
    return ask(c, stays, _OF_PUPILS, pupils=checked_ids(pupils), first=first, last=last)


def plans_of(c: sa.Connection, pupils: Collection[str]) -> dict[str, list[tuple[str, tuple[str, ...] | None]]]:
    """Answer the individual plans of pupils, each with its first day, in order; most pupils have none."""
    found: dict[str, list[tuple[str, tuple[str, ...] | None]]] = {}
    for row in ask(c, individual_plans, _PLANS, pupils=checked_ids(pupils)):
        found.setdefault(row.stream, []).append((row.starts, row.listed()))
    return found


def memberships_in(c: sa.Connection, places: Collection[str]) -> dict[str, Memberships]:
    """Answer by pupil the stays of all days in classes and groups, with individual plans: for `kernel.conflicts`."""
    kept: dict[str, dict[str, list[Stay]]] = {}
    for row in fetch(c, stays, is_in(stays.c.place, places)):
        ends = date.fromisoformat(row.ends) if row.ends else None
        stay = Stay(row.place, date.fromisoformat(row.starts), ends, Ref(row.stream, row.version))
        kept.setdefault(row.stream, {"class": [], "group": []})[row.kind].append(stay)
    plans = plans_of(c, kept) if kept else {}
    return {
        pupil: Memberships(
            tuple(own["class"]),
            tuple(own["group"]),
            tuple((date.fromisoformat(starts), listed) for starts, listed in plans.get(pupil, ())),
        )
        for pupil, own in kept.items()
    }


def class_members_on(
    c: sa.Connection, *, day: str, classes: Collection[str] | None = None, pupils: Collection[str] | None = None
) -> list[ClassMember]:
    """Answer who is in which class on a day, by class and pupil.

    Asked for the period's last day this is the rule «a pupil who moved between classes within the period counts in
    the class of the period's last day» (rules.md, formulas, H).
    """
    s = stays.c
    where = [s.kind == "class", s.starts <= day, sa.or_(s.ends.is_(None), s.ends > day)]
    where += [] if classes is None else [is_in(s.place, classes)]
    where += [] if pupils is None else [is_in(s.stream, pupils)]
    return [ClassMember(row.stream, row.place) for row in fetch(c, stays, *where, order=[s.place])]


def members_of(
    c: sa.Connection, journals: Collection[Journal], *, first: str, last: str, pupil: str | None = None
) -> dict[str, list[Member]]:
    """Answer who belongs in each journal on any day of a range, by journal id; a pupil who came back has two lines.

    In a class's journal an individual plan decides which ones are the pupil's (requirement C3).
    """
    by_place: dict[str, list[StayRow]] = {}
    for row in stays_in(c, {journal.group for journal in journals}, first=first, last=last, pupil=pupil):
        by_place.setdefault(row.place, []).append(row)
    in_classes = {row.stream for own in by_place.values() for row in own if row.kind == "class"}
    plans = plans_of(c, in_classes) if in_classes else {}
    return {
        journal.id: [
            member
            for row in by_place.get(journal.group, ())
            if row.kind == journal.group_kind
            for member in cut_by_plans(row, journal.id, plans.get(row.stream, ()))
            if member.starts <= last and (member.ends is None or member.ends > first)
        ]
        for journal in journals
    }


def cut_by_plans(stay: StayRow, journal: str, plans: Collection[tuple[str, tuple[str, ...] | None]]) -> list[Member]:
    """Answer the parts of a stay in which the journal is the pupil's; neighbouring parts are one."""
    if stay.kind == "group" or not plans:
        return [Member(stay.stream, stay.starts, stay.ends)]
    cuts: list[tuple[str, bool]] = [("", True)]
    cuts += [(starts, listed is None or journal in listed) for starts, listed in plans]
    parts: list[Member] = []
    for index, (begins, allowed) in enumerate(cuts):
        starts = max(begins, stay.starts)
        next_cut = cuts[index + 1][0] if index + 1 < len(cuts) else None
        ends = min((end for end in (next_cut, stay.ends) if end is not None), default=None)
        if not allowed or (ends is not None and ends <= starts):
            continue
        if parts and parts[-1].ends == starts:
            parts[-1].ends = ends
        else:
            parts.append(Member(stay.stream, starts, ends))
    return parts
