"""States of people: staff, pupils with memberships by date, guardians."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ejd.kernel.command import State
from ejd.kernel.envelope import Ref
from ejd.kernel.events import curricula as u
from ejd.kernel.events import people as p

if TYPE_CHECKING:
    from ejd.kernel.event import Event


class Stay(NamedTuple):
    """From `starts` (included) to `ends` (not included, None: still) in a class or group; `ref` is its beginning."""

    where: str
    starts: date
    ends: date | None
    ref: Ref


def close_stays(stays: tuple[Stay, ...], day: date, where: str | None = None) -> tuple[Stay, ...]:
    """Answer the stays after leaving on a day: open or later-ending ones end that day, later ones fall away."""
    return tuple(
        stay._replace(ends=day) if where in {None, stay.where} and (stay.ends is None or stay.ends > day) else stay
        for stay in stays
        if where not in {None, stay.where} or stay.starts < day
    )


def stay_on(stays: tuple[Stay, ...], day: date, where: str | None = None) -> Stay | None:
    """Answer the stay that covers a date."""
    for stay in stays:
        if where in {None, stay.where} and stay.starts <= day and (stay.ends is None or day < stay.ends):
            return stay
    return None


def corrected_stays(stays: tuple[Stay, ...], spells: tuple[p.Spell, ...], ref: Ref) -> tuple[Stay, ...]:
    """Answer the stays after a correction; what begins as before stands on the event that it always stood on."""
    known = {(stay.where, stay.starts): stay.ref for stay in stays}
    return tuple(Stay(one.where, one.starts, one.ends, known.get((one.where, one.starts), ref)) for one in spells)


class Memberships(NamedTuple):
    """A pupil's classes, groups and individual plans by date; commands and projections fold it with `evolve`."""

    classes: tuple[Stay, ...] = ()
    groups: tuple[Stay, ...] = ()
    plans: tuple[tuple[date, tuple[str, ...] | None], ...] = ()

    def evolve(self, event: Event, ref: Ref) -> Memberships:
        """Answer the memberships after an event of the pupil's stream."""
        match event:
            case p.PupilEnrolled():
                return self._move(event.class_id, event.enrolled_on, ref)
            case p.PupilTransferred():
                return self._move(event.new_class, event.transferred_on, ref)
            case p.PupilReturned():
                return self._move(event.class_id, event.returned_on, ref)
            case p.PupilLeft():
                return self._replace(
                    classes=close_stays(self.classes, event.left_on), groups=close_stays(self.groups, event.left_on)
                )
            case p.GroupJoined():
                closed = close_stays(self.groups, event.joined_on, event.group)
                return self._replace(groups=(*closed, Stay(event.group, event.joined_on, None, ref)))
            case p.GroupLeft():
                return self._replace(groups=close_stays(self.groups, event.left_on, event.group))
            case p.IndividualPlanSet():
                return self._replace(plans=(*self._plans_before(event.starts), (event.starts, event.class_journals)))
            case p.IndividualPlanEnded():
                return self._replace(plans=(*self._plans_before(event.ends), (event.ends, None)))
            case _:
                return self._corrected(event, ref)

    def _corrected(self, event: Event, ref: Ref) -> Memberships:
        match event:
            case p.ClassStaysCorrected():
                return self._replace(classes=corrected_stays(self.classes, event.new, ref))
            case p.GroupStaysCorrected():
                own = tuple(stay for stay in self.groups if stay.where == event.group)
                others = tuple(stay for stay in self.groups if stay.where != event.group)
                return self._replace(groups=(*others, *corrected_stays(own, event.new, ref)))
            case _:
                return self

    def _move(self, class_id: str, day: date, ref: Ref) -> Memberships:
        return self._replace(classes=(*close_stays(self.classes, day), Stay(class_id, day, None, ref)))

    def _plans_before(self, day: date) -> tuple[tuple[date, tuple[str, ...] | None], ...]:
        return tuple(plan for plan in self.plans if plan[0] < day)

    def class_on(self, day: date) -> Stay | None:
        """Answer the stay in a class on a date."""
        return stay_on(self.classes, day)

    def plan_on(self, day: date) -> tuple[str, ...] | None:
        """Answer the class journals of the individual plan on a date; None: the pupil follows the class."""
        found: tuple[str, ...] | None = None
        for starts, journals in self.plans:
            if starts <= day:
                found = journals
        return found

    def member_of(self, group: str, group_kind: str, journal: str, day: date) -> Stay | None:
        """Answer the stay by which the pupil belongs in a journal on a date, or None.

        In a class's journal an individual plan decides which ones are the pupil's (requirement C3).
        """
        if group_kind == "group":
            return stay_on(self.groups, day, group)
        stay = stay_on(self.classes, day, group)
        plan = self.plan_on(day)
        return None if plan is not None and journal not in plan else stay


def with_curriculum(kept: tuple[tuple[date, str], ...], starts: date, curriculum: str) -> tuple[tuple[date, str], ...]:
    """Answer a pupil's curricula with one from a day on, "" the class's; what was planned from then falls away."""
    return (*(one for one in kept if one[0] < starts), (starts, curriculum))


NAMING = (p.PupilEnrolled, p.StaffMemberEmployed, p.GuardianRegistered, p.PersonNameCorrected)
"""Events that say a person's name."""


def name_version(event: Event, ref: Ref, before: int) -> int:
    """Answer the version of the event that said a person's name last."""
    return ref.version if isinstance(event, NAMING) else before


class PupilState(State):
    """A pupil with memberships by date."""

    kind: ClassVar[str] = "pupil"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Not enrolled."""
        super().__init__()
        self.enrolled = False
        self.memberships = Memberships()
        self.curricula: tuple[tuple[date, str], ...] = ()

        self.name_version = 0
        self.birth_version = 0

    def evolve(self, event: Event, ref: Ref) -> None:
        """The memberships' fold does the work."""
        if isinstance(event, p.PupilEnrolled):
            self.enrolled = True
        match event:
            case u.PupilCurriculumAssigned():
                self.curricula = with_curriculum(self.curricula, event.starts, event.curriculum)
            case u.PupilCurriculumEnded():
                self.curricula = with_curriculum(self.curricula, event.ends, "")
            case _:
                pass

        self.name_version = name_version(event, ref, self.name_version)
        if isinstance(event, p.BirthDateCorrected) or (isinstance(event, p.PupilEnrolled) and event.birth_date):
            self.birth_version = ref.version
        self.memberships = self.memberships.evolve(event, ref)


class Term(NamedTuple):
    """One employment, days included; None: still. `ref` is its beginning."""

    starts: date
    ends: date | None
    ref: Ref


class Post(NamedTuple):
    """A position from a day on, until the next one begins; `ref` is the event that said it."""

    position: str
    starts: date
    ref: Ref


def posts_after(posts: tuple[Post, ...], event: Event, ref: Ref) -> tuple[Post, ...]:
    """Answer the positions in order of time; commands and projections fold a staff member's stream with it.

    An employment and a change count from their day on. What a correction leaves as it was stands on what it stood on.
    """
    match event:
        case (
            p.StaffMemberEmployed(position=position, employed_on=starts)
            | p.StaffPositionChanged(position=position, starts=starts)
        ):
            return (*(post for post in posts if post.starts < starts), Post(position, starts, ref))
        case p.StaffPositionsCorrected():
            known = {(post.position, post.starts): post.ref for post in posts}
            return tuple(
                Post(one.position, one.starts, known.get((one.position, one.starts), ref)) for one in event.new
            )
        case _:
            return posts


class StaffState(State):
    """A staff member with the terms of employment; the last one is in `employed_on` and `left_on`."""

    kind: ClassVar[str] = "staff"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Not employed."""
        super().__init__()
        self.terms: tuple[Term, ...] = ()
        self.posts: tuple[Post, ...] = ()
        self.qualified: p.StaffQualified | None = None

        self.name_version = 0

    @property
    def employed_on(self) -> date | None:
        """First day of the last term."""
        return self.terms[-1].starts if self.terms else None

    @property
    def left_on(self) -> date | None:
        """Last day of the last term."""
        return self.terms[-1].ends if self.terms else None

    def evolve(self, event: Event, ref: Ref) -> None:
        """Employment again begins another term: what was taught before leaving stays right."""
        self.name_version = name_version(event, ref, self.name_version)
        self.posts = posts_after(self.posts, event, ref)
        match event:
            case p.StaffMemberEmployed():
                before = tuple(term for term in self.terms if term.starts < event.employed_on)
                last_day = event.employed_on - timedelta(days=1)
                closed = tuple(
                    term._replace(ends=last_day) if term.ends is None or term.ends > last_day else term
                    for term in before
                )
                self.terms = (*closed, Term(event.employed_on, None, ref))
            case p.StaffMemberLeft():
                if self.terms:
                    self.terms = (*self.terms[:-1], self.terms[-1]._replace(ends=event.left_on))
            case p.StaffQualified():
                self.qualified = event
            case _:
                pass

    def term_on(self, day: date) -> Term | None:
        """Answer the employment that covers a date."""
        for term in self.terms:
            if term.starts <= day and (term.ends is None or day <= term.ends):
                return term
        return None

    def works_on(self, day: date) -> bool:
        """Answer whether a date lies between employment and the last day, both included."""
        return self.term_on(day) is not None


class GuardianState(State):
    """A guardian with the pupils that he or she acts for, by date."""

    kind: ClassVar[str] = "guardian"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Not registered."""
        super().__init__()
        self.registered = False
        self.name_version = 0
        self.pupils: tuple[Stay, ...] = ()
        self.relations: dict[str, str] = {}

    def evolve(self, event: Event, ref: Ref) -> None:
        """Guardianship is kept like a stay."""
        self.name_version = name_version(event, ref, self.name_version)
        match event:
            case p.GuardianRegistered():
                self.registered = True
            case p.GuardianshipEstablished():
                closed = close_stays(self.pupils, event.starts, event.pupil)
                self.pupils = (*closed, Stay(event.pupil, event.starts, None, ref))
                self.relations[event.pupil] = event.relation
            case p.GuardianshipEnded():
                self.pupils = close_stays(self.pupils, event.ends, event.pupil)
            case _:
                pass

    def acts_for(self, pupil: str, day: date) -> Stay | None:
        """Answer the guardianship on a date."""
        return stay_on(self.pupils, day, pupil)
