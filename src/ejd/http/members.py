"""Who is in which class and group on a day: membership is always a question about one (C3, C8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ejd.access.reading import taught_within
from ejd.http.asking import Asking, Limit, Offset, told
from ejd.http.choosing import YearParameters, year_of
from ejd.http.downloads import DownloadParameters
from ejd.http.problems import NotThere
from ejd.kernel.command import NotAllowed
from ejd_commands.fields import Day, Id
from ejd_projections.journal_catalogue import classes_by_name, find_journals, groups_by_name
from ejd_projections.memberships import StayRow, plans_of, stays_in, stays_of
from ejd_projections.people import people_by_id
from ejd_projections.school_catalogue import Year
from ejd_projections.year_closing import promoted_into

MEMBERS_LIMIT = 200


@dataclass(slots=True)
class GroupOfMember:
    """A teaching group that the pupil is in, from `since` to `until` (not included, None: still)."""

    id: str
    name: str
    kind: str
    since: str
    until: str | None


@dataclass(slots=True)
class MemberOfClass:
    """A pupil in a class on the day, from `since` to `until` (not included, None: still).

    `terms`: promoted, conditional, repeats, as the pupil came from the year before; "" for whoever came otherwise.
    `individual_plan` lists the class journals of an individual curriculum, None where there is none.
    """

    pupil: str
    name: str
    class_id: str
    class_name: str
    since: str
    until: str | None
    terms: str
    groups: list[GroupOfMember]
    individual_plan: list[str] | None


@dataclass(slots=True)
class Members:
    """A page of the `total` pupils of the year's classes on a day, by class and name."""

    year: str
    day: str
    total: int
    members: list[MemberOfClass]


class MembersParameters(YearParameters, DownloadParameters):
    """On a day, by class, group, pupil."""

    day: Annotated[Day | None, Field(description="The day; today by default, or the nearest day of the year.")] = None
    class_id: Annotated[Id | None, Field(alias="class", description="A class.")] = None
    group: Annotated[Id | None, Field(description="A teaching group.")] = None
    pupil: Annotated[Id | None, Field(description="A pupil.")] = None
    limit: Limit = MEMBERS_LIMIT
    offset: Offset = 0


@told
def members(asking: Asking, query: MembersParameters) -> Members:
    """Pupils of classes and groups on a day, with since when and until when; to a teacher those of the own journals."""
    c, year = asking.c, year_of(asking, query)
    asking.ground.classes(year.id)
    day = _day(asking, query, year)
    classes = {row.stream: row for row in classes_by_name(c, year=year.id)}
    groups = {row.stream: row for row in groups_by_name(c, year=year.id)}
    _check(query, set(classes), set(groups))
    asking.ground.members([*classes, *groups])
    seen = _seen(asking, year, day)
    rows = {
        row.stream: row
        for row in stays_in(c, list(classes), first=day, last=day)
        if query.class_id in {None, row.place} and query.pupil in {None, row.stream}
    }
    in_groups: dict[str, list[StayRow]] = {}
    for row in stays_of(c, list(rows), first=day, last=day) if rows else ():
        if row.place in groups:
            in_groups.setdefault(row.stream, []).append(row)
    chosen = [
        row
        for row in rows.values()
        if query.group is None or query.group in {one.place for one in in_groups.get(row.stream, ())}
        if seen is None or seen & {row.place, *(one.place for one in in_groups.get(row.stream, ()))}
    ]
    people = people_by_id(c, [row.stream for row in chosen])
    keys = {one: person.sort_key for one, person in people.items()}
    chosen.sort(key=lambda row: (classes[row.place].sort_key, keys.get(row.stream, ""), row.stream))
    page = chosen[query.offset : query.offset + query.limit]
    plans = plans_of(c, [row.stream for row in page]) if page else {}
    terms = promoted_into(c, [row.stream for row in page])
    return Members(
        year=year.id,
        day=day,
        total=len(chosen),
        members=[
            MemberOfClass(
                pupil=row.stream,
                name=people[row.stream].full() if row.stream in people else "",
                class_id=row.place,
                class_name=classes[row.place].name,
                since=row.starts,
                until=row.ends,
                terms=terms.get((row.stream, row.place), ""),
                groups=[
                    GroupOfMember(one.place, groups[one.place].name, groups[one.place].kind, one.starts, one.ends)
                    for one in sorted(in_groups.get(row.stream, ()), key=lambda one: groups[one.place].sort_key)
                ],
                individual_plan=_plan_on(plans.get(row.stream, []), day),
            )
            for row in page
        ],
    )


def _day(asking: Asking, query: MembersParameters, year: Year) -> str:
    if query.day is not None:
        return query.day.isoformat()
    return min(max(asking.today, year.first_day), year.last_day)


def _check(query: MembersParameters, classes: set[str], groups: set[str]) -> None:
    for field, one, known in (("class", query.class_id, classes), ("group", query.group, groups)):
        if one is not None and one not in known:
            msg = f"there is no such {field} in this year: look it up in GET /api/v1/classes"
            raise NotThere(msg, field=field)


def _seen(asking: Asking, year: Year, day: str) -> set[str] | None:
    """Answer the classes and groups that a teacher may see, by the rights of today; None: all of them."""
    if asking.sight.everything:
        return None
    today = asking.rights_day or asking.today
    who = asking.who.person
    own = find_journals(asking.live, year=year.id, teacher=who, first=today, last=today) if who else []
    within, granted = taught_within(asking.who.grants), asking.sight.duties.journals
    seen = {one.group for one in own if within is None or one.id in within}
    if granted:
        seen |= {one.group for one in find_journals(asking.live, year=year.id, ids=granted)}
    if not asking.strangers(day, day):
        seen |= asking.sight.duties.classes
    if not seen:
        raise NotAllowed("no journal is in your load and you are nobody's class teacher: ask the administration")
    return seen


def _plan_on(plans: list[tuple[str, tuple[str, ...] | None]], day: str) -> list[str] | None:
    found: tuple[str, ...] | None = None
    for starts, journals in plans:
        if starts <= day:
            found = journals
    return None if found is None else list(found)
