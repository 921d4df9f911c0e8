"""Looking up what a command names: the thing as it is, noted as relied on, or a refusal that says where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.access import Access
from ejd.kernel.command import Command, NotFound, Refusal, WrongState
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import SetsUp
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.people import GuardianState, PupilState, StaffState
from ejd.kernel.states.school import RoomState, SchoolState, SubjectState, YearState
from ejd.kernel.states.teaching import ClassState, CurriculumState, GroupState, JournalState
from ejd_commands.fields import unique_key
from ejd_commands.lesson_base import UnknownJournal, UnknownPupil

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ejd.kernel.command import Context, Need
    from ejd.kernel.events.accounts import AccountOpened
    from ejd.kernel.events.curricula import CurriculumAdopted
    from ejd.kernel.events.journals import ClassFormed, JournalOpened, TeachingGroupFormed
    from ejd.kernel.events.school import SubjectDefined
    from ejd.kernel.states.people import Term


class NoSchool(NotFound):
    """The school is not opened yet."""


class UnknownYear(NotFound):
    """No academic year has this id."""


class NoSuchSubject(NotFound):
    """No subject has this id."""


class NoSuchRoom(NotFound):
    """No room has this id."""


class UnknownStaffMember(NotFound):
    """No staff member has this id."""


class UnknownGuardian(NotFound):
    """No guardian has this id."""


class UnknownClass(NotFound):
    """No class has this id."""


class UnknownGroup(NotFound):
    """No teaching group has this id."""


class UnknownCurriculum(NotFound):
    """No curriculum has this id."""


class UnknownAccount(NotFound):
    """No account has this id."""


class NameTaken(Refusal):
    """Another one of that kind has the name."""

    status = 409


class NamedTwice(Refusal):
    """Two entries of one list are the same."""


class BelongsToAnotherYear(WrongState):
    """A class or group cannot move to another academic year."""


class EndsBeforeItBegins(Refusal):
    """The last day is before the first."""


class NoSuchCycleDay(Refusal):
    """The year's cycle has no such day."""


class NotInTheSetUp(Refusal):
    """The year or the school has nothing under this code."""


class OutsideTheYear(Refusal):
    """The day is not a day of the academic year."""


class NotEmployedThen(Refusal):
    """The staff member does not work at the school on that day."""


class SetUpCommand(Command):
    """Base of the commands that set the school up: administration, or a program it let in, may send them (C1-C8)."""

    access: ClassVar[Access] = Access("set-up", "school", "change the set-up of the school")

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the right to set the school up."""
        return SetsUp()


def school(context: Context) -> SchoolState:
    """Answer the open school; raises NoSchool."""
    state = context.load(SchoolState, SCHOOL)
    if not state.name:
        msg = "there is no school yet: open it with open-school"
        raise NoSchool(msg)
    return state


def year(context: Context, year_id: str, field: str = "year") -> YearState:
    """Answer an open academic year; raises UnknownYear."""
    state = context.load(YearState, year_id)
    if state.ref is None:
        msg = f"there is no academic year {year_id}: open it with open-academic-year"
        raise UnknownYear(msg, field=field)
    context.rely(state.ref)
    return state


def in_year(state: YearState, day: date, field: str) -> date:
    """Answer a day of the year; raises OutsideTheYear."""
    first, last = state.data.first_day, state.data.last_day
    if first is None or last is None or not first <= day <= last:
        bounds = "" if first is None or last is None else f" ({first:%d.%m.%Y} to {last:%d.%m.%Y})"
        msg = f"{day:%d.%m.%Y} is outside the academic year {state.data.name}{bounds}: choose a day within it"
        raise OutsideTheYear(msg, field=field)
    return day


def check_span(state: YearState, first: date, last: date, field: str) -> None:
    """Raise OutsideTheYear or EndsBeforeItBegins unless the days bound a part of the year, both included."""
    in_year(state, first, f"{field}.first_day")
    in_year(state, last, f"{field}.last_day")
    if first > last:
        msg = f"the last day {last:%d.%m.%Y} is before the first {first:%d.%m.%Y}: correct one of them"
        raise EndsBeforeItBegins(msg, field=f"{field}.last_day")


def subject(context: Context, subject_id: str, field: str = "subject") -> SubjectDefined:
    """Answer a subject; raises NoSuchSubject."""
    state = context.load(SubjectState, subject_id)
    if state.defined is None or state.ref is None:
        msg = f"there is no subject {subject_id}: define it with define-subject"
        raise NoSuchSubject(msg, field=field)
    context.rely(state.ref)
    return state.defined


def check_room(context: Context, room_id: str, field: str = "room") -> None:
    """Raise NoSuchRoom unless the room is defined."""
    state = context.load(RoomState, room_id)
    if state.ref is None:
        msg = f"there is no room {room_id}: define it with define-room"
        raise NoSuchRoom(msg, field=field)
    context.rely(state.ref)


def staff(context: Context, staff_id: str, field: str = "staff") -> StaffState:
    """Answer somebody who works or worked at the school; raises UnknownStaffMember."""
    state = context.load(StaffState, staff_id)
    if not state.terms:
        msg = f"there is no staff member {staff_id}: employ the person with employ-staff-member"
        raise UnknownStaffMember(msg, field=field)
    return state


def working(context: Context, staff_id: str, day: date, field: str = "staff") -> Term:
    """Answer the employment that covers a day; raises NotEmployedThen."""
    term = staff(context, staff_id, field).term_on(day)
    if term is None:
        msg = f"staff member {staff_id} does not work here on {day:%d.%m.%Y}: choose another day or person"
        raise NotEmployedThen(msg, field=field)
    context.rely(term.ref)
    return term


def pupil(context: Context, pupil_id: str, field: str = "pupil") -> PupilState:
    """Answer a pupil who is or was enrolled; raises UnknownPupil."""
    state = context.load(PupilState, pupil_id)
    if not state.enrolled:
        msg = f"there is no pupil {pupil_id}: enrol the child with enrol-pupil"
        raise UnknownPupil(msg, field=field)
    return state


def guardian(context: Context, guardian_id: str, field: str = "guardian") -> GuardianState:
    """Answer a registered guardian; raises UnknownGuardian."""
    state = context.load(GuardianState, guardian_id)
    if not state.registered:
        msg = f"there is no guardian {guardian_id}: register the person with register-guardian"
        raise UnknownGuardian(msg, field=field)
    return state


def class_formed(context: Context, class_id: str, field: str = "class_id") -> ClassFormed:
    """Answer a class as it was formed last; raises UnknownClass."""
    state = context.load(ClassState, class_id)
    if state.formed is None or state.ref is None:
        msg = f"there is no class {class_id}: form it with form-class"
        raise UnknownClass(msg, field=field)
    context.rely(state.ref)
    return state.formed


def same_year(old_year: str | None, new_year: str, noun: str) -> None:
    """Raise BelongsToAnotherYear when something that exists would move to another year."""
    if old_year is not None and old_year != new_year:
        msg = f"this {noun} is of another academic year: form a new one in this year"
        raise BelongsToAnotherYear(msg, field="year")


def check_course(context: Context, year_id: str, *, scheme: str, bells: str) -> None:
    """Raise NotInTheSetUp unless the year has these grading periods and this bell schedule."""
    data = year(context, year_id).data
    if scheme not in data.schemes:
        have = ", ".join(data.schemes) or "none yet: define them with define-grading-periods"
        raise NotInTheSetUp(f"the year has no grading periods {scheme!r}; it has {have}", field="scheme")
    if bells not in data.bells:
        have = ", ".join(data.bells) or "none yet: define one with define-bell-schedule"
        raise NotInTheSetUp(f"the year has no bell schedule {bells!r}; it has {have}", field="bells")


def check_grading_system(context: Context, code: str) -> None:
    """Raise NotInTheSetUp unless the school has the grading system."""
    systems = school(context).grading_systems
    if code not in systems:
        have = ", ".join(systems)
        raise NotInTheSetUp(f"the school has no grading system {code!r}: use one of {have}", field="grading_system")


def class_on_a_day(context: Context, class_id: str, day: date, field: str) -> ClassFormed:
    """Answer a class whose academic year has this day; raises UnknownClass, UnknownYear or OutsideTheYear."""
    formed = class_formed(context, class_id)
    in_year(year(context, formed.year, "class_id"), day, field)
    return formed


def group_formed(context: Context, group_id: str, field: str = "group") -> TeachingGroupFormed:
    """Answer a teaching group as it was formed last; raises UnknownGroup."""
    state = context.load(GroupState, group_id)
    if state.formed is None or state.ref is None:
        msg = f"there is no teaching group {group_id}: form it with form-teaching-group"
        raise UnknownGroup(msg, field=field)
    context.rely(state.ref)
    return state.formed


def journal(context: Context, journal_id: str, field: str = "journal") -> tuple[JournalState, JournalOpened]:
    """Answer a journal and how it was opened last; raises UnknownJournal."""
    state = context.load(JournalState, journal_id)
    if state.opened is None or state.ref is None:
        msg = f"there is no journal {journal_id}: open it with open-journal"
        raise UnknownJournal(msg, field=field)
    context.rely(state.ref)
    return state, state.opened


def curriculum(context: Context, curriculum_id: str, field: str = "curriculum") -> CurriculumAdopted:
    """Answer a curriculum as it was adopted last; raises UnknownCurriculum."""
    state = context.load(CurriculumState, curriculum_id)
    if state.adopted is None or state.ref is None:
        msg = f"there is no curriculum {curriculum_id}: adopt it with adopt-curriculum"
        raise UnknownCurriculum(msg, field=field)
    context.rely(state.ref)
    return state.adopted


def account(context: Context, account_id: str, field: str = "account") -> AccountOpened:
    """Answer the opening of an account; raises UnknownAccount."""
    opened = context.load(AccountState, account_id).opened
    if opened is None:
        msg = f"there is no account {account_id}: open it with open-account"
        raise UnknownAccount(msg, field=field)
    return opened


def claim_title(context: Context, noun: str, within: str, title: str, old_title: str, stream: str) -> None:  # noqa: PLR0913
    """Claim a title, and free the one it replaces; raises NameTaken when another stream has it.

    `within` begins the unique key (`class/<year>`); titles that a reader takes for the same are the same.
    """
    key, old_key = f"{within}/{unique_key(title)}", f"{within}/{unique_key(old_title)}"
    if old_title and key == old_key:
        return
    if old_title:
        context.release(old_key)
    taken = NameTaken(f"another {noun} is named {title!r}: choose a different name, or use that {noun}", field="title")
    context.reserve(key, stream, otherwise=taken)


def only_once(values: Iterable[str], field: str) -> None:
    """Raise NamedTwice when one of the values comes a second time."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            msg = f"{value!r} stands twice in {field}: leave one of them"
            raise NamedTwice(msg, field=field)
        seen.add(value)
