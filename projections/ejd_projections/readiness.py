"""What the readiness of a year's set-up (C7, п. 5) is judged on: its term, accounts, and everything else read once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import msgspec
import sqlalchemy as sa

from ejd.kernel.calendar import Calendar, calendar_from_json
from ejd.kernel.due import Schedule, schedule_on
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import accounts as a
from ejd.kernel.events import year as y
from ejd.kernel.readiness import default_term
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import among, checked_ids, fetch, is_in
from ejd_projections.control_works import control_works
from ejd_projections.curricula import curricula_of_classes
from ejd_projections.curriculum_compared import Choice, Way, ways_of
from ejd_projections.journal_catalogue import (
    ClassRow,
    GroupRow,
    Journal,
    Teacher,
    class_teachers_on,
    classes_by_name,
    find_journals,
    groups_by_name,
    plan_topics,
    teachers_of,
)
from ejd_projections.memberships import StayRow, plans_of, stays_in
from ejd_projections.people import guardianships, names, staff
from ejd_projections.school_catalogue import (
    RoomRow,
    Year,
    grading_systems,
    kinds_of_work,
    regulations,
    rooms_by_name,
    subjects_by_name,
)
from ejd_projections.timetable import schedules_of

projection = Projection("readiness", version=1)


@dataclass(slots=True)
class TermRow:
    """The day by which the set-up of the year is to be done, when the school named one."""

    stream: str
    day: str


@dataclass(slots=True)
class AccountRow:
    """Somebody's account; one whose opening is void is none."""

    stream: str
    person: str


@dataclass(slots=True)
class RoleRow:
    """A role that an account has, days included (None: still)."""

    stream: str
    role: str
    starts: str
    ends: str | None


readiness_terms = projection.table("readiness_terms", TermRow, key=("stream",))
person_accounts = projection.table("person_accounts", AccountRow, key=("stream",), indexes=[("person",)])
account_roles = projection.table("account_roles", RoleRow, key=("stream", "role"), indexes=[("role",)])


@projection.on(y.ReadinessDateSet)
def _term_set(event: y.ReadinessDateSet, meta: Recorded, rows: StreamRows) -> None:
    readiness_terms.put(rows, TermRow(meta.stream, event.day.isoformat()))


@projection.on(a.AccountOpened)
def _account_opened(event: a.AccountOpened, meta: Recorded, rows: StreamRows) -> None:
    person_accounts.put(rows, AccountRow(meta.stream, event.person))


@projection.on(a.RoleGranted)
def _role_granted(event: a.RoleGranted, meta: Recorded, rows: StreamRows) -> None:
    ends = event.ends.isoformat() if event.ends else None
    account_roles.put(rows, RoleRow(meta.stream, event.role, event.starts.isoformat(), ends))


@projection.on(a.RoleRevoked)
def _role_revoked(event: a.RoleRevoked, _meta: Recorded, rows: StreamRows) -> None:
    account_roles.drop(rows, event.role)


@dataclass
class PlanHours:
    """A thematic plan: its lessons, and how many of its topics are control works."""

    hours: int
    control: int


@dataclass
class Ground:
    """Everything of a year that readiness looks at, on one day of it, read with a fixed number of questions."""

    year: Year
    day: str
    calendar: Calendar
    term: str
    classes: list[ClassRow]
    groups: dict[str, GroupRow]
    journals: list[Journal]
    class_teachers: dict[str, str]
    teachers: dict[str, list[Teacher]]
    plans: dict[str, PlanHours]
    schedules: dict[str, Schedule]
    control_works: Counter[str]
    members: dict[str, list[StayRow]]
    """Pupils by class on the day."""
    in_groups: dict[str, set[str]]
    """Pupils by teaching group on the day."""
    individual: set[str]
    """Pupils with an individual plan that counts on the day."""
    guardians: dict[str, set[str]]
    """By pupil, on the day."""
    with_account: set[str]
    names: dict[str, str]
    rooms: list[RoomRow]
    subjects: dict[str, str]
    """Names by id."""
    ways: dict[str, list[Way]]
    """By class the ways through its journals that a curriculum has lines for."""
    with_curriculum: set[str]
    """Classes that follow a curriculum on the day."""
    staff: int
    regulations: int
    systems: set[str]
    kinds: int
    _by_class: dict[str, list[Journal]] = field(default_factory=dict)

    def journals_of(self, class_id: str) -> list[Journal]:
        """Answer the journals in which pupils of a class are taught."""
        if not self._by_class:
            for journal in self.journals:
                for one in journal.classes:
                    self._by_class.setdefault(one, []).append(journal)
        return self._by_class.get(class_id, [])

    def teacher_of(self, journal: str) -> str:
        """Answer the first teacher of a journal, "" where there is none."""
        found = self.teachers.get(journal)
        return found[0].staff if found else ""


def term_of(c: sa.Connection, year: Year) -> str:
    """Answer the day by which the year is to be set up: 15 September unless the school named another (п. 5)."""
    for row in fetch(c, readiness_terms, readiness_terms.c.stream == year.id):
        return row.day
    return default_term(date.fromisoformat(year.first_day)).isoformat()


def ground_of(c: sa.Connection, year: Year, today: str) -> Ground:
    """Read what a year has by now; people and loads are those of today, or of the nearest day of the year."""
    day = min(max(today, year.first_day), year.last_day)
    classes = classes_by_name(c, year=year.id)
    groups = {row.stream: row for row in groups_by_name(c, year=year.id)}
    journals = find_journals(c, year=year.id)
    ids = [one.id for one in journals]
    class_ids = [row.stream for row in classes]
    class_teachers = class_teachers_on(c, class_ids, day)
    teachers = teachers_of(c, ids, first=day, last=day)
    stays = stays_in(c, [*class_ids, *groups], first=day, last=day)
    members: dict[str, list[StayRow]] = {}
    in_groups: dict[str, set[str]] = {}
    for row in stays:
        if row.kind == "class":
            members.setdefault(row.place, []).append(row)
        else:
            in_groups.setdefault(row.place, set()).add(row.stream)
    pupils = {row.stream for row in stays if row.kind == "class"}
    guardians = _guardians(c, pupils, day)
    people = {one.staff for own in teachers.values() for one in own} | set(class_teachers.values())
    return Ground(
        year=year,
        day=day,
        calendar=calendar_from_json(year.calendar),
        term=term_of(c, year),
        classes=classes,
        groups=groups,
        journals=journals,
        class_teachers=class_teachers,
        teachers=teachers,
        plans=_plans(c, ids),
        schedules=_schedules(c, ids, day),
        control_works=_control_works(c, ids),
        members=members,
        in_groups=in_groups,
        individual={one for one, plans in (plans_of(c, pupils) if pupils else {}).items() if _counts(plans, day)},
        guardians=guardians,
        with_account=_with_account(c),
        names=names(c, people),
        rooms=rooms_by_name(c),
        subjects={row.stream: row.name for row in subjects_by_name(c)},
        ways=_ways(c, year, day),
        with_curriculum=set(curricula_of_classes(c, class_ids, day)) if class_ids else set(),
        staff=sum(row.left_on is None or row.left_on >= day for row in staff(c)),
        regulations=len(fetch(c, regulations)),
        systems={row.code for row in fetch(c, grading_systems)},
        kinds=len(kinds_of_work(c)),
    )


def _ways(c: sa.Connection, year: Year, day: str) -> dict[str, list[Way]]:
    found: dict[str, list[Way]] = {}
    for way in ways_of(c, year, day, Choice()):
        if way.lines and not way.pupil:
            found.setdefault(way.of_class.stream, []).append(way)
    return found


def _counts(plans: list[tuple[str, tuple[str, ...] | None]], day: str) -> bool:
    counting = [journals for starts, journals in plans if starts <= day]
    return bool(counting) and counting[-1] is not None


def _plans(c: sa.Connection, journals: list[str]) -> dict[str, PlanHours]:
    t = plan_topics.c
    control = sa.func.sum(sa.case((t.control, 1), else_=0))
    asked = sa.select(t.stream, sa.func.sum(t.hours), control).where(among(t.stream, "ids")).group_by(t.stream)
    found = c.execute(asked, {"ids": checked_ids(journals)}).all() if journals else []
    return {journal: PlanHours(int(hours), int(works)) for journal, hours, works in found}


def _schedules(c: sa.Connection, journals: list[str], day: str) -> dict[str, Schedule]:
    counting = {
        journal: schedule_on(schedules, date.fromisoformat(day))
        for journal, schedules in (schedules_of(c, journals) if journals else {}).items()
    }
    return {journal: one for journal, one in counting.items() if one is not None and one.entries}


def _control_works(c: sa.Connection, journals: list[str]) -> Counter[str]:
    t = control_works.c
    if not journals:
        return Counter()
    return Counter(row.journal for row in fetch(c, control_works, is_in(t.journal, journals), t.cancelled.is_(False)))


def _guardians(c: sa.Connection, pupils: set[str], day: str) -> dict[str, set[str]]:
    t = guardianships.c
    found: dict[str, set[str]] = {}
    on_day = sa.and_(t.starts <= day, sa.or_(t.ends.is_(None), t.ends > day))
    for row in fetch(c, guardianships, is_in(t.pupil, pupils), on_day) if pupils else ():
        found.setdefault(row.pupil, set()).add(row.stream)
    return found


def holders_of_role(c: sa.Connection, role: str, day: str) -> list[str]:
    """Answer the persons who have a role on a day by some account, in order of their ids."""
    r, p = account_roles.c, person_accounts.c
    asked = (
        sa.select(p.person)
        .join(account_roles.table, r.stream == p.stream)
        .where(p.person != "", r.role == role, r.starts <= day, sa.or_(r.ends.is_(None), r.ends >= day))
        .distinct()
        .order_by(p.person)
    )
    return list(c.scalars(asked))


def _with_account(c: sa.Connection) -> set[str]:
    t = person_accounts.c
    return set(c.scalars(sa.select(t.person).where(t.person != "").distinct()))


def group_classes(row: GroupRow) -> list[str]:
    """Answer the ids of the classes that a teaching group is for."""
    return msgspec.json.decode(row.classes, type=list[str])
