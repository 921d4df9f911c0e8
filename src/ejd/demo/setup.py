"""Setting the demonstration up as a school would: the head appoints, deputies and a program enter the year."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ejd.demo import plans
from ejd.demo.calendar import year_commands
from ejd.demo.curriculum import CONTROLLED, PRIMARY_GRADES, SUBJECTS
from ejd.demo.sending import PROGRAM, WEB
from ejd.demo.shape import FIRST_DAY, PREPARED_ON, ROLES_FROM, TIMEZONE, derived_id
from ejd.demo.topics import thematic_plan
from ejd.kernel.calendar import microseconds_at
from ejd.kernel.events.timetable import ERRORS
from ejd.kernel.ids import SCHOOL
from ejd.kernel.policies import WORK_KINDS
from ejd_commands import accounts as a
from ejd_commands import classes as k
from ejd_commands import journals as j
from ejd_commands import people as p
from ejd_commands import school as s
from ejd_commands.closing import SetReadinessDate
from ejd_commands.movement import JoinGroup, SetIndividualPlan
from ejd_commands.thematic_plans import RevisedTopicPart
from ejd_commands.timetable import ScheduleEntryPart, ScheduleJournal
from ejd_commands.timetable_rules import AdoptTimetableRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ejd.access.vault import Vault
    from ejd.demo.roster import Group, Journal, Pupil, Roster, Teacher
    from ejd.demo.sending import Sender
    from ejd.demo.topics import PlanLine
    from ejd.kernel.command import Command
    from ejd.kernel.events.accounts import Role
    from ejd.kernel.events.people import Category

READY_BY = date(2026, 9, 10)
PLAN_WEEKS = 9
"""A thematic plan covers the first quarter and a week more."""
EMPLOYED_YEARS = (2009, 2023)
TEST_KIND = s.WorkKindPart(code="test", title="Тестирование", weight=150, written=True, mark_days=3)
WORK_KINDS_TITLED = (
    *(
        s.WorkKindPart(code=w.code, title=w.name, weight=w.weight, written=w.written, mark_days=w.mark_days)
        for w in WORK_KINDS
    ),
    TEST_KIND,
)


CATEGORIES: tuple[Category, ...] = ("first", "highest", "suitable")


def employed_on(one: Teacher) -> date:
    """Answer the first day of work, which follows from the id."""
    first, last = EMPLOYED_YEARS
    return date(first + int(one.id[:6], 16) % (last - first), 8, 25)


def subject_id(seed: int, code: str) -> str:
    """Answer the id of a subject."""
    return derived_id(seed, "subject", code)


def program_account(seed: int) -> str:
    """Answer the account of the timetable program."""
    return derived_id(seed, "account", "program")


def make_keys(vault: Vault, roster: Roster) -> None:
    """Make everybody's key with one flush to disk each 5,000."""
    vault.make_keys(
        [SCHOOL, *(t.id for t in roster.staff), *(q.id for q in roster.pupils), *(g.id for g in roster.guardians)]
    )


class SetUp:
    """The steps in August; each sends its own batches."""

    def __init__(self, seed: int, roster: Roster, sender: Sender) -> None:
        """Take the school as planned."""
        self._seed, self._roster, self._sender = seed, roster, sender
        self._minutes = {ROLES_FROM: 600, PREPARED_ON: 540}

    def send(self, account: str, commands: Iterable[Command], day: date = PREPARED_ON, client: str = WEB) -> None:
        """Send, twenty minutes after what was sent before on that day."""
        self._minutes[day] = self._minutes.get(day, 540) + 20
        self._sender.send(account, commands, microseconds_at(day, self._minutes[day], TIMEZONE), client)

    def administration(self) -> None:
        """Employ deputies and support, and give them and the timetable program their accounts."""
        roster = self._roster
        trusted = [*roster.deputies, roster.support]
        self.send(roster.head.account, (self._employ(one) for one in trusted), ROLES_FROM)
        opened: list[Command] = []
        for number, deputy in enumerate(roster.deputies, start=1):
            opened += account_commands(deputy.account, f"deputy-{number}", deputy.id, "deputy-head")
        opened += account_commands(roster.support.account, "support", roster.support.id, "support")
        opened += account_commands(program_account(self._seed), "timetable-program", None, "api-client")
        self.send(roster.head.account, opened, ROLES_FROM)

    def year(self) -> None:
        """Adopt the regulation, define kinds of work, scales, the year, subjects and rooms."""
        head, deputy = self._roster.head.account, self._roster.deputies[0].account
        regulation = s.AdoptRegulation(starts=FIRST_DAY, round_up_from_hundredths=60)
        values = (s.GradeValuePart(value="освоил", level=4), s.GradeValuePart(value="не освоил", level=2))
        scale = s.DefineGradingSystem(code="mastery", title="Освоено / не освоено", scale="listed", values=values)
        rules = AdoptTimetableRules(errors=(*ERRORS, "room-size"))
        self.send(head, [rules, regulation, s.DefineWorkKinds(kinds=WORK_KINDS_TITLED), scale])
        self.send(deputy, year_commands(self._roster.year))
        self.send(head, [SetReadinessDate(year=self._roster.year, day=READY_BY)])
        subjects = [
            s.DefineSubject(subject=subject_id(self._seed, code), title=title, short=short)
            for code, (title, short) in SUBJECTS.items()
        ]
        rooms = [
            s.DefineRoom(room=room, title=title, capacity=30, kind=kind)
            for room, title, kind in self._roster.rooms.values()
        ]
        self.send(deputy, [*subjects, *rooms])

    def staff(self) -> None:
        """Employ everybody else, and say what the teachers are qualified to teach."""
        people = [*self._roster.others, *self._roster.teachers]
        self.send(self._roster.head.account, (self._employ(one) for one in people))
        taught: dict[str, dict[str, None]] = {}
        for journal in self._roster.journals:
            taught.setdefault(journal.taught_by.id, {})[subject_id(self._seed, journal.subject)] = None
        qualified = [
            p.QualifyStaffMember(staff=staff, subjects=tuple(subjects), category=CATEGORIES[len(subjects) % 3])
            for staff, subjects in taught.items()
        ]
        self.send(self._roster.head.account, qualified)

    def _employ(self, one: Teacher) -> Command:
        return p.EmployStaffMember(
            staff=one.id,
            family=one.name.family,
            given=one.name.given,
            middle=one.name.middle,
            position=one.position,
            employed_on=employed_on(one),
        )

    def classes(self) -> None:
        """Form classes and groups, enrol the pupils, put them into their groups."""
        roster, deputy = self._roster, self._roster.deputies[0].account
        formed: list[Command] = []
        for one in roster.classes:
            formed.append(
                k.FormClass(
                    class_id=one.id,
                    year=roster.year,
                    title=one.title,
                    grade=one.grade,
                    scheme=one.scheme,
                    bells=one.bells,
                    week_days=one.week_days,
                )
            )
            assert one.teacher is not None, "every class has its teacher"  # noqa: S101 - invariant
            formed.append(k.AppointClassTeacher(class_id=one.id, staff=one.teacher.id, starts=FIRST_DAY))
        self.send(deputy, [*formed, *(self._group(group) for group in roster.groups)])
        groups = {group.id for group in roster.groups}
        enrolled: list[Command] = []
        joined: list[Command] = []
        for pupil in roster.pupils:
            for stay in pupil.stays:
                if stay.starts != FIRST_DAY:
                    continue
                if stay.where in groups:
                    joined.append(JoinGroup(pupil=pupil.id, group=stay.where, joined_on=FIRST_DAY))
                else:
                    enrolled.append(enrolment(pupil, stay.where, FIRST_DAY))
        self.send(deputy, enrolled)
        self.send(deputy, joined)

    def _group(self, group: Group) -> Command:
        return k.FormTeachingGroup(
            group=group.id,
            year=self._roster.year,
            title=group.title,
            kind=group.kind,
            classes=tuple(one.id for one in group.classes),
        )

    def guardians(self) -> None:
        """Register the parents and say for whom they act."""
        commands: list[Command] = []
        for one in self._roster.guardians:
            name = one.name
            commands.append(
                p.RegisterGuardian(
                    guardian=one.id,
                    family=name.family,
                    given=name.given,
                    middle=name.middle,
                    email=one.email,
                    phone=one.phone,
                )
            )
            commands += [
                p.EstablishGuardianship(guardian=one.id, pupil=pupil.id, relation=one.relation, starts=ROLES_FROM)
                for pupil in one.pupils
                if pupil.stays[0].starts == FIRST_DAY
            ]
        self.send(self._roster.deputies[1].account, commands)

    def journals(self) -> None:
        """Open the journals with their teachers and thematic plans, then the individual curricula."""
        roster, deputy = self._roster, self._roster.deputies[0].account
        opened: list[Command] = []
        plans: list[Command] = []
        for journal in roster.journals:
            opened.append(
                j.OpenJournal(
                    journal=journal.id,
                    subject=subject_id(self._seed, journal.subject),
                    group=journal.where,
                    group_kind="class" if journal.group is None else "group",
                    grading_system=journal.system,
                )
            )
            opened.append(
                j.AssignTeacher(
                    journal=journal.id,
                    staff=journal.taught_by.id,
                    starts=FIRST_DAY,
                    hours_per_week=journal.hours,
                )
            )
            plans.append(plan_command(journal))
        self.send(deputy, opened)
        self.send(deputy, plans)
        individual: list[Command] = [
            SetIndividualPlan(pupil=pupil.id, starts=pupil.plan[0], class_journals=tuple(sorted(pupil.plan[2])))
            for pupil in roster.pupils
            if pupil.plan is not None
        ]
        if individual:
            self.send(deputy, individual)

    def plans(self) -> None:
        """Give classes and pupils their curricula, and let one plan go on and control works be planned ahead."""
        roster, deputy = self._roster, self._roster.deputies[0].account
        subjects = {code: subject_id(self._seed, code) for code in SUBJECTS}
        self.send(roster.head.account, [plans.norms()])
        self.send(deputy, plans.curriculum_commands(self._seed, roster, subjects))
        self.send(deputy, plans.individual_curricula(self._seed, roster))
        journal = roster.journals[0]
        lines = (
            RevisedTopicPart(number=number, section=line.section, topic=line.topic, control=line.control)
            for number, line in enumerate(plan_lines(journal), start=1)
        )
        for command in plans.plan_goes_on(journal, lines):
            self.send(deputy, [command])
        self.send(deputy, [plans.works_ahead(roster.journals)])

    def timetable(self) -> None:
        """Let the timetable program publish what every journal has."""
        scheduled = (
            ScheduleJournal(
                journal=journal.id,
                starts=FIRST_DAY,
                entries=tuple(
                    ScheduleEntryPart(cycle_day=place.day, slot=place.slot, room=journal.taught_by.room)
                    for place in journal.places
                ),
            )
            for journal in self._roster.journals
        )
        self.send(program_account(self._seed), scheduled, client=PROGRAM)

    def accounts(self) -> None:
        """Give teachers, parents and some pupils their accounts; logins are no names: they outlive an erasure."""
        roster = self._roster
        commands: list[Command] = []
        for number, teacher in enumerate(roster.teachers, start=1):
            login = f"teacher-{number}"
            commands += account_commands(teacher.account, login, teacher.id, "teacher")
        for deputy in (one for one in roster.deputies if one.hours):
            commands.append(a.GrantRole(account=deputy.account, role="teacher", starts=ROLES_FROM))
        for number, guardian in enumerate(roster.guardians, start=1):
            if guardian.account:
                login = f"parent-{number}"
                commands += account_commands(guardian.account, login, guardian.id, "parent")
        for number, pupil in enumerate(roster.pupils, start=1):
            if pupil.account and pupil.stays[0].starts == FIRST_DAY:
                login = f"pupil-{number}"
                commands += account_commands(pupil.account, login, pupil.id, "pupil")
        self.send(roster.support.account, commands)


def account_commands(account: str, login: str, person: str | None, role: Role) -> Sequence[Command]:
    """Answer what opens an account and gives it its role."""
    kind = "program" if person is None else "person"
    return [
        a.OpenAccount.model_validate({"account": account, "kind": kind, "login": login, "person": person}),
        a.GrantRole(account=account, role=role, starts=ROLES_FROM),
    ]


def enrolment(pupil: Pupil, class_id: str, day: date) -> Command:
    """Answer what enrols a pupil."""
    return p.EnrolPupil(
        pupil=pupil.id,
        family=pupil.name.family,
        given=pupil.name.given,
        middle=pupil.name.middle,
        birth_date=pupil.born,
        class_id=class_id,
        enrolled_on=day,
    )


def plan_lines(journal: Journal) -> list[PlanLine]:
    """Answer the thematic plan of a journal; subjects of grade 1 have no control works."""
    controls = CONTROLLED.get(journal.subject, 0) if journal.grade > PRIMARY_GRADES[0] else 0
    if journal.group is not None and journal.group.kind == "individual":
        controls = 0
    return thematic_plan(journal.course, journal.grade, PLAN_WEEKS * journal.hours, controls)


def plan_command(journal: Journal) -> Command:
    """Answer what adopts the thematic plan of a journal."""
    return j.AdoptThematicPlan(
        journal=journal.id,
        topics=tuple(
            j.PlannedTopicPart(number=number, section=line.section, topic=line.topic, control=line.control)
            for number, line in enumerate(plan_lines(journal), start=1)
        ),
    )
