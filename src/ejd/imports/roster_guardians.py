"""Guardians of a roster and for whom they act, compared with the school's."""

from collections import defaultdict
from functools import partial

from ejd.imports.roster_file import Guardian, Guardianship
from ejd.imports.roster_ground import KnownPerson
from ejd.imports.roster_people import PeoplePlan
from ejd.imports.roster_work import Work
from ejd.kernel.states.people import GuardianState, Stay
from ejd_commands.people import EndGuardianship, EstablishGuardianship, RegisterGuardian

__all__ = ["GuardiansPlan"]


class GuardiansPlan:
    """Comes last: a guardian acts for pupils who are there."""

    def __init__(self, work: Work, people: PeoplePlan) -> None:
        self._work, self._people = work, people

    def guardians(self) -> None:
        """Guardians: registered, corrected, and for whom they act."""
        work = self._work
        pupils: defaultdict[str, set[str]] = defaultdict(set)
        for link in work.roster.guardianships:
            found = work.find("pupil", link.pupil)
            if found is not None:
                pupils[link.guardian].add(found)
        for each in work.roster.guardians:
            taken = self._people.take("guardian", each, partial(self._same_adult, each, pupils[each.key]))
            if taken is None:
                continue
            stream, known = taken
            if not known and each.gone:
                work.drop("guardian", each.key)
            elif not known:
                self._register(stream, each)
            else:
                lines = self._people.named(stream, "guardian", each)
                lines = self._reached(stream, each) or lines
                if not lines:
                    work.rehearsal.same()
        for link in work.roster.guardianships:
            self._acts(link)

    def _same_adult(self, each: Guardian, pupils: set[str], person: KnownPerson) -> bool:
        """Two with one name are one guardian when they act for one child, or have an address in common."""
        state = self._work.ground.load(GuardianState, person.stream)
        same_child = any(stay.where in pupils for stay in state.pupils)
        same_mail = each.email != "" and each.email.casefold() == person.contacts.email.casefold()
        return same_child or same_mail or (each.phone != "" and each.phone == person.contacts.phone)

    def _register(self, stream: str, each: Guardian) -> None:
        command = RegisterGuardian(
            guardian=stream,
            family=each.family,
            given=each.given,
            middle=each.middle,
            email=each.email,
            phone=each.phone,
        )
        if not self._work.rehearsal.send(command, "added", "guardian", each.shown(), each.at):
            self._work.drop("guardian", each.key)

    def _reached(self, stream: str, each: Guardian) -> bool:
        work, person = self._work, self._work.ground.persons.get(stream)
        if person is None:
            return False
        old = person.contacts
        if each.email in {"", old.email} and each.phone in {"", old.phone}:
            return False
        if not work.may(ours=person.contacts_ours):
            work.rehearsal.keep("guardian", each.shown(), each.at, "has other contacts in the school")
        else:
            middle = each.middle or person.name.middle
            command = RegisterGuardian(
                guardian=stream,
                family=each.family if person.name_ours or work.overwrite else person.name.family,
                given=each.given if person.name_ours or work.overwrite else person.name.given,
                middle=middle,
                email=each.email or old.email,
                phone=each.phone or old.phone,
            )
            work.rehearsal.send(command, "changed", "guardian", each.shown(), each.at, "contacts")
        return True

    def _acts(self, link: Guardianship) -> None:
        work, day = self._work, self._work.year.starts
        guardian, pupil = work.find("guardian", link.guardian), work.find("pupil", link.pupil)
        if guardian is None or pupil is None:
            if not link.gone:
                work.missing(link.at, "guardian" if guardian is None else "pupil", "", link.key)
            return
        state = work.rehearsal.decision.load(GuardianState, guardian)
        stay = next((one for one in state.pupils if one.where == pupil and (one.ends is None or one.ends > day)), None)
        if link.gone:
            self._end(guardian, pupil, stay, link)
        elif stay is not None and link.relation in {"other", state.relations.get(pupil)}:
            work.rehearsal.same()
        elif stay is not None and not work.may(ours=work.ground.ours(stay.ref)):
            work.rehearsal.keep(
                "guardianship", link.relation, link.at, f"is {state.relations.get(pupil)} in the school"
            )
        elif stay is None and not work.may(ours=not work.ground.ended_by_hand(guardian, pupil)):
            work.rehearsal.keep("guardianship", link.relation, link.at, "was ended in the school")
        else:
            starts = day if stay is None else stay.starts
            command = EstablishGuardianship.model_validate(
                {"guardian": guardian, "pupil": pupil, "relation": link.relation, "starts": starts.isoformat()}
            )
            work.rehearsal.send(command, "added" if stay is None else "changed", "guardianship", link.relation, link.at)

    def _end(self, guardian: str, pupil: str, stay: Stay | None, link: Guardianship) -> None:
        work = self._work
        if stay is None or stay.ends is not None:
            work.rehearsal.same()
        elif not work.may(ours=work.ground.ours(stay.ref)):
            work.rehearsal.keep("guardianship", link.relation, link.at, "was established in the school")
        else:
            command = EndGuardianship(guardian=guardian, pupil=pupil, ends=max(stay.starts, work.year.starts))
            work.rehearsal.send(command, "ended", "guardianship", link.relation, link.at)
