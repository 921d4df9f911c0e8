"""People of a roster, compared with those of the school."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from ejd.imports.roster_file import Person, Pupil, StaffMember
from ejd.imports.roster_ground import KnownPerson, name_key
from ejd.imports.roster_work import Kind, Work
from ejd.imports.titles import title
from ejd.kernel.states.people import PupilState, StaffState, Stay
from ejd.kernel.states.teaching import ClassState
from ejd.kernel.titles import PersonName
from ejd_commands.movement import RecordDeparture, RecordReturn, TransferPupil
from ejd_commands.people import (
    DismissStaffMember,
    EmployStaffMember,
    EnrolPupil,
    QualifyStaffMember,
)
from ejd_commands.person_records import CorrectBirthDate, CorrectPersonName
from ejd_commands.positions import ChangeStaffPosition

__all__ = ["PeoplePlan"]

POSITION = "сотрудник"
"""Of somebody whose position the file does not say."""


class PeoplePlan:
    """Matches people by the file's ids, else by name with birth date or class; nobody is guessed."""

    def __init__(self, work: Work, fallback: Callable[[str], str | None]) -> None:
        self._work = work
        self._fallback = fallback
        self._by_name: defaultdict[tuple[str, str], list[KnownPerson]] = defaultdict(list)
        for person in work.ground.persons.values():
            if not work.linked or person.stream not in work.ground.brought:
                self._by_name[person.kind, name_key(person.name.family, person.name.given)].append(person)

    def staff(self) -> None:
        """Staff: employed from the first day of the year on, corrected, dismissed."""
        for each in self._work.roster.staff:
            taken = self.take("staff", each, lambda _: True)
            if taken is None:
                continue
            stream, known = taken
            if each.gone:
                self._dismiss(stream, each)
            elif not known:
                self._employ(stream, each, "added")
            else:
                self._employed(stream, each)
            if not each.gone and each.subjects:
                self._qualify(stream, each)
        if "users" in self._work.roster.complete:
            self._dismiss_missing()

    def _qualify(self, stream: str, each: StaffMember) -> None:
        """Say which subjects somebody may teach; the list of the file replaces the one that an earlier file gave."""
        work = self._work
        state = work.rehearsal.decision.load(StaffState, stream)
        if not state.terms:
            return
        subjects = [work.find("subject", title(name).casefold()) for name in each.subjects]
        for name, found in zip(each.subjects, subjects, strict=True):
            if found is None:
                work.missing(each.at, "subject", "", name)
        wanted = tuple(dict.fromkeys(one for one in subjects if one is not None))
        old = state.qualified
        if not wanted or (old is not None and old.subjects == wanted):
            return
        if old is not None and not work.may(ours=not work.ground.ended_by_hand(stream, "subjects")):
            work.rehearsal.keep("staff member", each.shown(), each.at, "may teach other subjects in the school")
            return
        category = "none" if old is None else old.category
        command = QualifyStaffMember(staff=stream, subjects=wanted, category=category)
        kind: Literal["added", "changed"] = "added" if old is None else "changed"
        work.rehearsal.send(command, kind, "subjects of", each.shown(), each.at, ", ".join(each.subjects))

    def _employ(self, stream: str, each: StaffMember, kind: Literal["added", "changed"]) -> None:
        work = self._work
        command = EmployStaffMember(
            staff=stream,
            family=each.family,
            given=each.given,
            middle=each.middle,
            position=each.position or POSITION,
            employed_on=(each.employed_on or work.year.first_day) if kind == "added" else work.year.starts,
        )
        if not work.rehearsal.send(command, kind, "staff member", each.shown(), each.at):
            work.drop("staff", each.key)

    def _employed(self, stream: str, each: StaffMember) -> None:
        work = self._work
        left_on = work.ground.load(StaffState, stream).left_on
        if left_on is not None and left_on < work.year.starts:
            if work.may(ours=not work.ground.ended_by_hand(stream)):
                self._employ(stream, each, "changed")
            else:
                work.rehearsal.keep("staff member", each.shown(), each.at, "has left the school")
            return
        lines = self.named(stream, "staff", each)
        lines = self._posted(stream, each) or lines
        if not lines:
            work.rehearsal.same()

    def _posted(self, stream: str, each: StaffMember) -> bool:
        """Bring a position that the file states; what was said last here counts. False: nothing was to be told."""
        work = self._work
        post = work.ground.load(StaffState, stream).posts[-1]
        if not each.position_stated or post.position == each.position:
            return False
        if not work.may(ours=work.ground.ours(post.ref)):
            work.rehearsal.keep("staff member", each.shown(), each.at, f"the position here is {post.position}")
            return True
        starts = max(work.year.starts, post.starts)
        command = ChangeStaffPosition(staff=stream, position=each.position, starts=starts)
        detail = f"{each.position} from {starts:%d.%m.%Y} on, was {post.position}"
        work.rehearsal.send(command, "changed", "staff member", each.shown(), each.at, detail)
        return True

    def _dismiss(self, stream: str, each: StaffMember) -> None:
        work = self._work
        term = work.ground.load(StaffState, stream).terms[-1:]
        if not term or term[0].ends is not None:
            work.drop("staff", each.key)
            work.rehearsal.same()
        elif not work.may(ours=stream in work.ground.brought):
            work.rehearsal.keep("staff member", each.shown(), each.at, "was employed in the school")
        else:
            left_on = max(term[0].starts, work.year.starts - timedelta(days=1))
            command = DismissStaffMember(staff=stream, left_on=left_on)
            work.rehearsal.send(command, "ended", "staff member", each.shown(), each.at)

    def _dismiss_missing(self) -> None:
        named = {stream for (kind, _), stream in self._work.ids.items() if kind == "staff"}
        at = self._work.roster.staff[0].at._replace(row=0) if self._work.roster.staff else None
        for stream, state in self._work.ground.all("staff", StaffState):
            if at is not None and stream in self._work.ground.brought and stream not in named and state.left_on is None:
                left_on = max(state.terms[-1].starts, self._work.year.starts - timedelta(days=1))
                person = self._work.ground.persons.get(stream)
                name = stream if person is None else person.name.full()
                command = DismissStaffMember(staff=stream, left_on=left_on)
                self._work.rehearsal.send(command, "ended", "staff member", name, at)

    def pupils(self) -> None:
        """Pupils: enrolled, moved, corrected, departed."""
        for each in self._work.roster.pupils:
            homes = [self._work.find("class", stay.school_class) for stay in each.stays]
            if None in homes and not each.gone:
                self._work.missing(each.at, "class", "", each.stays[homes.index(None)].school_class)
                continue
            self._pupil(each, [home for home in homes if home is not None])
        if "users" in self._work.roster.complete:
            self._depart_missing()

    def _pupil(self, each: Pupil, homes: list[str]) -> None:
        day = self._work.year.starts
        begun = [place for place, stay in enumerate(each.stays) if stay.starts is None or stay.starts <= day]
        now = begun[-1] if begun else 0
        home = homes[now] if len(homes) == len(each.stays) and homes else None
        over = bool(each.stays) and now == len(each.stays) - 1 and (each.stays[now].ends or date.max) <= day
        taken = self.take("pupil", each, lambda person: self._same_child(person, each, home))
        if taken is None:
            return
        stream, known = taken
        if each.gone or (known and over):
            self._depart(stream, each)
        elif not known:
            self._enrol(stream, each, homes)
        else:
            lines = self.named(stream, "pupil", each)
            lines = self._born(stream, each) or lines
            lines = (home is not None and self._placed(stream, each, home)) or lines
            if not lines:
                self._work.rehearsal.same()

    def _same_child(self, person: KnownPerson, each: Pupil, home: str | None) -> bool:
        """Two with one name are one child when the birth date is the same, or, where one is missing, the class."""
        if person.birth_date is not None and each.birth_date is not None:
            return person.birth_date == each.birth_date
        stay = self._stay(person.stream)
        return home is not None and stay is not None and stay.where == home

    def _enrol(self, stream: str, each: Pupil, homes: list[str]) -> None:
        """Enrol a new pupil, and let the later stays of the file follow."""
        work = self._work
        if not homes and each.fallback_class is not None:
            found = self._fallback(each.fallback_class)
            homes = [] if found is None else [found]
        if not homes:
            work.rehearsal.refuse(each.at, "the file names no class for this new pupil")
            work.drop("pupil", each.key)
            return
        command = EnrolPupil(
            pupil=stream,
            family=each.family,
            given=each.given,
            middle=each.middle,
            birth_date=each.birth_date,
            class_id=homes[0],
            enrolled_on=work.year.day(each.stays[0].starts if each.stays else None),
        )
        if not work.rehearsal.send(command, "added", "pupil", each.shown(), each.at, self._class_name(homes[0])):
            work.drop("pupil", each.key)
            return
        for home, stay, before in zip(homes[1:], each.stays[1:], each.stays, strict=False):
            day = work.year.day(stay.starts)
            later: RecordReturn | TransferPupil = TransferPupil(pupil=stream, class_id=home, transferred_on=day)
            if before.ends is not None and before.ends < day:
                self._left(stream, each, before.ends)
                later = RecordReturn(pupil=stream, class_id=home, returned_on=day)
            work.rehearsal.send(later, "changed", "pupil", each.shown(), each.at, self._class_name(home))
        ends = each.stays[-1].ends if each.stays else None
        if ends is not None and ends <= work.year.last_day:
            self._left(stream, each, ends)

    def _left(self, stream: str, each: Pupil, day: date) -> None:
        command = RecordDeparture(pupil=stream, left_on=day)
        self._work.rehearsal.send(command, "ended", "pupil", each.shown(), each.at)

    def _placed(self, stream: str, each: Pupil, home: str) -> bool:
        """Bring a known pupil into the class of the file; False: nothing was to be told."""
        work, day = self._work, self._work.year.starts
        stay = self._stay(stream)
        if stay is not None and stay.where == home:
            return False
        detail = self._class_name(home)
        command: RecordReturn | TransferPupil
        if stay is None:
            if not work.may(ours=not work.ground.ended_by_hand(stream)):
                work.rehearsal.keep("pupil", each.shown(), each.at, "has left the school")
                return True
            command = RecordReturn(pupil=stream, class_id=home, returned_on=day)
        elif self._year_of(stay.where) != work.year.id:
            command = RecordReturn(pupil=stream, class_id=home, returned_on=day)
        elif not work.may(ours=work.ground.ours(stay.ref)):
            here = self._class_name(stay.where)
            work.rehearsal.keep("pupil", each.shown(), each.at, f"was put into {here} in the school")
            return True
        else:
            command = TransferPupil(pupil=stream, class_id=home, transferred_on=max(day, stay.starts))
        work.rehearsal.send(command, "changed", "pupil", each.shown(), each.at, detail)
        return True

    def _stay(self, stream: str) -> Stay | None:
        """Answer the stay in a class on the day from which the file counts, or the next one in the year."""
        work = self._work
        memberships = work.ground.load(PupilState, stream).memberships
        found = memberships.class_on(work.year.starts)
        later = (one for one in memberships.classes if work.year.starts < one.starts <= work.year.last_day)
        return next(later, None) if found is None else found

    def _year_of(self, class_id: str) -> str:
        formed = self._work.ground.load(ClassState, class_id).formed
        return "" if formed is None else formed.year

    def _class_name(self, class_id: str) -> str:
        formed = self._work.rehearsal.decision.load(ClassState, class_id).formed
        return class_id if formed is None else formed.name

    def _depart(self, stream: str, each: Pupil) -> None:
        work, stay = self._work, self._stay(stream)
        if stay is None or stay.ends is not None:
            work.rehearsal.same()
        elif not work.may(ours=work.ground.ours(stay.ref)):
            work.rehearsal.keep("pupil", each.shown(), each.at, "was put into the class in the school")
        else:
            command = RecordDeparture(pupil=stream, left_on=max(stay.starts, work.year.starts))
            work.rehearsal.send(command, "ended", "pupil", each.shown(), each.at)

    def _depart_missing(self) -> None:
        """In a complete list, whom it does not name is no longer here; only those whom an earlier list brought."""
        work = self._work
        named = {stream for (kind, _), stream in work.ids.items() if kind == "pupil"}
        if not work.roster.pupils:
            return
        at = work.roster.pupils[0].at._replace(row=0)
        for stream in work.ground.streams["pupil"]:
            stay = self._stay(stream) if stream not in named else None
            if stay is None or stay.ends is not None or not work.ground.ours(stay.ref):
                continue
            if self._year_of(stay.where) == work.year.id:
                person = work.ground.persons.get(stream)
                name = stream if person is None else person.name.full()
                command = RecordDeparture(pupil=stream, left_on=max(stay.starts, work.year.starts))
                work.rehearsal.send(command, "ended", "pupil", name, at)

    def _born(self, stream: str, each: Pupil) -> bool:
        work, person = self._work, self._work.ground.persons.get(stream)
        if person is None or each.birth_date is None or person.birth_date == each.birth_date:
            return False
        if person.birth_date is not None and not work.may(ours=person.birth_ours):
            work.rehearsal.keep("pupil", each.shown(), each.at, "has another birth date in the school")
        else:
            command = CorrectBirthDate(pupil=stream, birth_date=each.birth_date)
            work.rehearsal.send(command, "changed", "pupil", each.shown(), each.at, "birth date")
        return True

    def named(self, stream: str, kind: Kind, each: Person) -> bool:
        """Bring a name of the file in; a patronymic that the file leaves out is not taken away."""
        work, person = self._work, self._work.ground.persons.get(stream)
        if person is None:
            return False
        wanted = PersonName(family=each.family, given=each.given, middle=each.middle or person.name.middle)
        if wanted == person.name:
            return False
        if not work.may(ours=person.name_ours):
            work.rehearsal.keep(kind, each.shown(), each.at, f"is called {person.name.full()} in the school")
            return True
        command = CorrectPersonName.model_validate(
            {"kind": kind, "person": stream, "family": wanted.family, "given": wanted.given, "middle": wanted.middle}
        )
        work.rehearsal.send(command, "changed", kind, each.shown(), each.at, f"was {person.name.full()}")
        return True

    def take(self, kind: Kind, each: Person, same: Callable[[KnownPerson], bool]) -> tuple[str, bool] | None:
        """Answer stream and whether the school has the person, see `Work.take`; `same` tells of two of one name."""
        fits = [
            person.stream
            for person in self._by_name.get((kind, name_key(each.family, each.given)), ())
            if person.stream not in self._work.claimed and _may_be(person.name.middle, each.middle) and same(person)
        ]
        return self._work.take(kind, each, fits)


def _may_be(one: str, other: str) -> bool:
    """Say whether two patronymics do not contradict each other: one may be missing."""
    return not one or not other or name_key(one) == name_key(other)
