"""What else happens in a quarter: pupils come, go and change groups, loads change hands, accounts are locked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ejd.demo.curriculum import PRIMARY_GRADES
from ejd.demo.families import members
from ejd.demo.roster import Block, Group, Journal, Stay
from ejd.demo.second_quarter import second_quarter
from ejd.demo.setup import account_commands, enrolment, program_account
from ejd.demo.shape import FIRST_DAY, FULL, derived_id
from ejd.demo.timetable import place_individual
from ejd_commands import accounts as a
from ejd_commands import movement as m
from ejd_commands import people as p
from ejd_commands.journals import AssignTeacher, UnassignTeacher
from ejd_commands.timetable import ScheduleJournal

if TYPE_CHECKING:
    from random import Random

    from ejd.demo.families import Families
    from ejd.demo.roster import Place, Pupil, Roster, SchoolClass, Teacher
    from ejd.demo.sending import Agenda
    from ejd.demo.shape import Shape
    from ejd.kernel.command import Command

EARLY = 470
"""7:50, minutes since midnight: before the first lesson."""
INDIVIDUAL_COURSES, INDIVIDUAL_HOURS = ("russian", "math", "algebra"), 2
ILL_DAYS_MAX = 9
"""Whoever is ill longer is a story of its own."""
SATURDAY, WEEK_DAYS = 5, 7


def individual_pupils(seed: int, roster: Roster, shape: Shape, random: Random) -> None:
    """Give two pupils individual curricula: the second one's ends within the story."""
    marked = [one for one in roster.classes if one.grade not in PRIMARY_GRADES and one.scheme == "quarters"]
    chosen = [marked[0], marked[-1]]
    for number, one in enumerate(chosen, start=1):
        pupil = next(q for q in reversed(one.pupils) if not q.no_pe and len(q.ill) < ILL_DAYS_MAX)
        ends = moment(shape, 0.75) if number == len(chosen) else None
        group = Group(
            derived_id(seed, "group", "individual", one.title),
            f"{one.title}, индивидуальное обучение",
            "individual",
            (one,),
            f"one {one.id}",
        )
        of_class = [j for j in roster.journals if j.group is None and j.classes == (one,)]
        instead = [j for j in of_class if j.course in INDIVIDUAL_COURSES]
        pupil.plan = (FIRST_DAY, ends, frozenset(j.id for j in of_class if j not in instead))
        pupil.stays.append(Stay(group.id, FIRST_DAY, ends))
        roster.groups.append(group)
        for journal in instead:
            own = Journal(
                derived_id(seed, "journal", journal.subject, group.id),
                journal.subject,
                journal.course,
                (one,),
                INDIVIDUAL_HOURS,
                journal.system,
                group,
                journal.teacher,
                ends=ends,
            )
            place_individual(own, instead, roster.journals, random)
            own.hours = len(own.places)
            own.taught_by.hours += own.hours
            roster.blocks.append(Block([own], (one,), own.hours))


def moment(shape: Shape, share: float) -> date:
    """Answer a day from Monday to Friday so far into the story."""
    day = FIRST_DAY + timedelta(days=round((shape.last_day - FIRST_DAY).days * share))
    return day + timedelta(days=WEEK_DAYS - day.weekday() if day.weekday() >= SATURDAY else 0)


class Story:
    """Changes people's memberships and notes the commands that say so."""

    def __init__(self, seed: int, roster: Roster, shape: Shape, agenda: Agenda) -> None:
        """Take the roster, which is changed in place."""
        self._seed, self._roster, self._shape, self._agenda = seed, roster, shape, agenda
        self._deputy = roster.deputies[0].account

    def plan(self, families: Families) -> None:
        """Plan all of it."""
        self._individual_plan_ends()
        self._newcomer(families)
        self._transfer()
        self._leaves(moment(self._shape, 0.35), moment(self._shape, 0.6))
        if self._shape.pupils_per_class >= FULL.pupils_per_class:
            self._leaves(moment(self._shape, 0.55), None)
        self._changes_group()
        self._load_changes_hands()
        self._staff_and_guardians()
        self._accounts()
        change = second_quarter(self._roster)
        self._agenda.note(moment(self._shape, 0.7), EARLY, program_account(self._seed), change)

    def _note(self, day: date, *commands: Command) -> None:
        self._agenda.note(day, EARLY, self._deputy, *commands)

    def _individual_plan_ends(self) -> None:
        for pupil in self._roster.pupils:
            if pupil.plan is None or pupil.plan[1] is None:
                continue
            day = pupil.plan[1]
            group = next(g for g in self._roster.groups if g.kind == "individual" and pupil.where(g.id, FIRST_DAY))
            self._note(day, m.EndIndividualPlan(pupil=pupil.id, ends=day))
            self._note(day, m.LeaveGroup(pupil=pupil.id, group=group.id, left_on=day))
            for journal in self._roster.journals:
                if journal.group is group:
                    stop = ScheduleJournal(journal=journal.id, starts=day, entries=())
                    self._agenda.note(day, EARLY + 5, program_account(self._seed), stop)

    def _join(self, pupil: Pupil, one: SchoolClass, day: date) -> list[Command]:
        """Put a pupil into the groups of a class, each time the part that suits, the second half where it is free."""
        commands: list[Command] = []
        for group in self._roster.groups:
            suits = one in group.classes and group.part in {pupil.sex, "second", "technical"}
            if suits and not pupil.where(group.id, day):
                pupil.stays.append(Stay(group.id, day))
                commands.append(m.JoinGroup(pupil=pupil.id, group=group.id, joined_on=day))
        return commands

    def _newcomer(self, families: Families) -> None:
        home = self._roster.classes[-1]
        day = moment(self._shape, 0.3)
        pupil = families.newcomer(self._roster, home, day)
        guardianships = [
            p.EstablishGuardianship(guardian=one.id, pupil=pupil.id, relation=one.relation, starts=day)
            for one in self._roster.guardians
            if pupil in one.pupils
        ]
        self._note(day, enrolment(pupil, home.id, day), *self._join(pupil, home, day), *guardianships)

    def _plain(self, one: SchoolClass) -> Pupil:
        """Answer a pupil of a class about whom nothing else is told."""
        groups = {g.id: g for g in self._roster.groups}
        for pupil in one.pupils[1:]:
            moved = any(stay.ends is not None or stay.starts != FIRST_DAY for stay in pupil.stays)
            individual = any(groups[s.where].kind == "individual" for s in pupil.stays if s.where in groups)
            if not moved and not individual and pupil.plan is None:
                return pupil
        msg = f"{one.title} is too small for the story"
        raise LookupError(msg)

    def _transfer(self) -> None:
        """Move a pupil between two classes of a grade."""
        pairs = [
            (old, new)
            for old, new in zip(self._roster.classes, self._roster.classes[1:], strict=False)
            if old.grade == new.grade and old.scheme == "quarters"
        ]
        if not pairs:
            return
        (old, new), day = pairs[0], moment(self._shape, 0.65)
        pupil = self._plain(old)
        groups = {group.id: group for group in self._roster.groups}
        pupil.stays = [
            replace(stay, ends=day) if stay.where not in groups or new not in groups[stay.where].classes else stay
            for stay in pupil.stays
        ]
        pupil.stays.append(Stay(new.id, day))
        new.pupils.append(pupil)
        transfer = m.TransferPupil(pupil=pupil.id, class_id=new.id, transferred_on=day)
        self._note(day, transfer, *self._join(pupil, new, day))

    def _leaves(self, left: date, returns: date | None) -> None:
        """Let a pupil leave, and return if a day is given."""
        one = self._roster.classes[len(self._roster.classes) // 2]
        pupil = self._plain(one)
        pupil.stays = [replace(stay, ends=left) for stay in pupil.stays]
        self._note(left, m.RecordDeparture(pupil=pupil.id, left_on=left))
        if returns is not None:
            pupil.stays.append(Stay(one.id, returns))
            back = m.RecordReturn(pupil=pupil.id, class_id=one.id, returned_on=returns)
            self._note(returns, back, *self._join(pupil, one, returns))

    def _changes_group(self) -> None:
        """Move a pupil from the first to the second half of a class in English."""
        journals = [j for j in self._roster.journals if j.subject == "english" and j.group is not None]
        if not journals:
            return
        one, day = journals[0].classes[0], moment(self._shape, 0.45)
        halves = {j.group.part: j.group for j in journals if j.group is not None and j.classes == (one,)}
        pupil = next(q for q in members(halves["first"]) if len(q.stays) == len({s.where for s in q.stays}))
        pupil.stays = [replace(s, ends=day) if s.where == halves["first"].id else s for s in pupil.stays]
        pupil.stays.append(Stay(halves["second"].id, day))
        self._note(
            day,
            m.LeaveGroup(pupil=pupil.id, group=halves["first"].id, left_on=day),
            m.JoinGroup(pupil=pupil.id, group=halves["second"].id, joined_on=day),
        )

    def _load_changes_hands(self) -> None:
        """Give one journal to another teacher who is free at its times."""
        day = moment(self._shape, 0.5)
        busy = {(j.taught_by.id, place) for j in self._roster.journals for place in j.places}
        for journal in self._roster.journals:
            if journal.group is not None or journal.hours > 2 or journal.grade in PRIMARY_GRADES:  # noqa: PLR2004 - few
                continue
            successor = self._successor(journal, busy)
            if successor is not None:
                last = day - timedelta(days=1)
                journal.later = (day, successor)
                self._note(
                    day,
                    UnassignTeacher(journal=journal.id, staff=journal.taught_by.id, ends=last),
                    AssignTeacher(journal=journal.id, staff=successor.id, starts=day, hours_per_week=journal.hours),
                )
                return

    def _successor(self, journal: Journal, busy: set[tuple[str, Place]]) -> Teacher | None:
        own = journal.taught_by.specialty
        for teacher in sorted(self._roster.teachers, key=lambda one: (one.specialty != own, one.hours)):
            if teacher is not journal.taught_by and not any((teacher.id, place) in busy for place in journal.places):
                return teacher
        return None

    def _staff_and_guardians(self) -> None:
        """The librarian leaves; one guardianship ends, a new guardian takes over the contacts."""
        librarian = self._roster.others[2]
        self._note(
            moment(self._shape, 0.8), p.DismissStaffMember(staff=librarian.id, left_on=moment(self._shape, 0.85))
        )
        fathers = [
            guardian
            for guardian in self._roster.guardians
            if guardian.relation == "father"
            and guardian.account
            and len(guardian.pupils) == 1
            and guardian.pupils[0].stays[0].starts == FIRST_DAY
        ]
        if fathers:
            father = fathers[0]
            day = moment(self._shape, 0.4)
            self._note(day, p.EndGuardianship(guardian=father.id, pupil=father.pupils[0].id, ends=day))
            father.until = day

    def _accounts(self) -> None:
        """A role given by mistake is revoked; a parent's account is locked for a day."""
        support, day = self._roster.support.account, moment(self._shape, 0.4)
        librarian = self._roster.others[2]
        account = derived_id(self._seed, "account", "librarian")
        self._agenda.note(day, 600, support, *account_commands(account, "library", librarian.id, "teacher"))
        self._agenda.note(day, 640, support, a.RevokeRole(account=account, role="teacher"))
        parents = [g for g in self._roster.guardians if g.account]
        victim = parents[len(parents) // 2]
        reason = "Сообщение о входе с чужого телефона"
        self._agenda.note(day, 700, support, a.LockAccount(account=victim.account, reason=reason))
        reason = "Владелец подтвердил вход, пароль изменён"
        self._agenda.note(day, 800, support, a.UnlockAccount(account=victim.account, reason=reason))
