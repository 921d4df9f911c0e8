"""What families agreed to on the papers of the first week, and what some of them changed since (E5)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ejd.demo.shape import FIRST_DAY
from ejd.kernel.consents import ELECTRONIC_FORM, EMAIL, PROCESSING
from ejd.kernel.ids import consents_stream
from ejd.kernel.states.consents import ConsentState
from ejd_commands import consents as c

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from ejd.demo.roster import Guardian, Pupil, Roster, SchoolClass
    from ejd.demo.sending import Agenda
    from ejd.handling.states import States
    from ejd.kernel.command import Command

PAPERS_ON = FIRST_DAY + timedelta(days=1)
CHANGED_ON = FIRST_DAY + timedelta(days=2)
AFTER_LESSONS, SUPPER = 960, 1140
PHOTO, TRIP = "photo", "trip"
PHOTO_REFUSED, PHOTO_UNASKED, BY_EMAIL = 0.08, 0.1, 0.7
TRIP_LAST_DAY = date(2027, 5, 31)


class FamilyConsents:
    """Class teachers register the papers; families without an account want no electronic form."""

    def __init__(self, roster: Roster, agenda: Agenda, states: States, random: Random) -> None:
        """Find out who acts for whom."""
        self._roster, self._agenda, self._states, self._random = roster, agenda, states, random
        self._guardians: dict[str, list[Guardian]] = {}
        for guardian in roster.guardians:
            for pupil in guardian.pupils:
                self._guardians.setdefault(pupil.id, []).append(guardian)

    def plan(self) -> None:
        """Plan the papers of every class, the cabinets, and what is set right in the week after."""
        title = "Поездки и экскурсии класса"
        purpose = c.DefineConsentPurpose(code=TRIP, title=title, own_from_age=18, starts=FIRST_DAY)
        self._agenda.note(FIRST_DAY, AFTER_LESSONS, self._roster.deputies[0].account, purpose)
        for one in self._roster.classes:
            there = [pupil for pupil in one.pupils if all(pupil.where(one.id, on) for on in (FIRST_DAY, PAPERS_ON))]
            assert one.teacher is not None, "every class has its teacher"  # noqa: S101 - invariant
            papers = [command for pupil in there for command in self._papers(pupil)]
            self._agenda.note(PAPERS_ON, AFTER_LESSONS, one.teacher.account, *papers)
            if one.title == "5А":
                self._changes(one, there)
        for guardian in self._roster.guardians:
            if guardian.account and guardian.email and self._random.random() < BY_EMAIL:
                own = c.GiveConsent(person=guardian.id, purpose=EMAIL, giver=guardian.id, channel="cabinet")
                self._agenda.note(PAPERS_ON, SUPPER, guardian.account, own)

    def _papers(self, pupil: Pupil) -> Iterator[Command]:
        giver = self._guardians[pupil.id][0]
        yield self._paper(c.GiveConsent, pupil, giver, PROCESSING)
        if giver.account:
            yield self._paper(c.GiveConsent, pupil, giver, ELECTRONIC_FORM)
        else:
            yield self._paper(c.RefuseConsent, pupil, giver, ELECTRONIC_FORM, note="Просят сообщать на бумаге")
        draw = self._random.random()
        if draw > PHOTO_REFUSED + PHOTO_UNASKED:
            yield self._paper(c.GiveConsent, pupil, giver, PHOTO)
        elif draw < PHOTO_REFUSED:
            yield self._paper(c.RefuseConsent, pupil, giver, PHOTO)

    def _changes(self, one: SchoolClass, there: list[Pupil]) -> None:
        """One consent is withdrawn, one was registered with a wrong date, one belongs to another child."""
        assert one.teacher is not None, "every class has its teacher"  # noqa: S101 - invariant
        first, second, third = there[:3]
        trips = [
            self._paper(c.GiveConsent, pupil, self._guardians[pupil.id][0], TRIP) for pupil in (first, second, third)
        ]
        self._agenda.note(CHANGED_ON, AFTER_LESSONS, one.teacher.account, *trips)
        self._agenda.note(
            CHANGED_ON,
            AFTER_LESSONS + 1,
            one.teacher.account,
            self._paper(c.WithdrawConsent, first, self._guardians[first.id][0], TRIP, on=CHANGED_ON),
            lambda: self._set_right(second, third),
        )

    def _set_right(self, second: Pupil, third: Pupil) -> Iterator[Command]:
        giver = self._guardians[second.id][0].id
        yield c.CorrectConsent(
            person=second.id,
            version=self._version(second),
            purpose=TRIP,
            giver=giver,
            decision="given",
            decided_on=CHANGED_ON,
            until=TRIP_LAST_DAY,
            reason="Дата и срок по бумаге другие",
        )
        yield c.StrikeConsent(person=third.id, version=self._version(third), reason="Бумага другого ученика")

    def _version(self, pupil: Pupil) -> int:
        said = self._states.load(ConsentState, consents_stream(pupil.id)).said
        return max(version for version, word in said.items() if word.purpose == TRIP)

    @staticmethod
    def _paper(  # noqa: PLR0913 - what stands on a paper
        command: type[c.ConsentCommand],
        pupil: Pupil,
        giver: Guardian,
        purpose: str,
        *,
        on: date = FIRST_DAY,
        note: str | None = None,
    ) -> Command:
        fields = {"person": pupil.id, "purpose": purpose, "giver": giver.id, "channel": "paper", "note": note}
        return command.model_validate(fields | {"decided_on": on})
