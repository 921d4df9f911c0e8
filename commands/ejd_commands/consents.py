"""Consents, refusals and withdrawals of personal data (E5): from a paper the school registers, or in the cabinet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from pydantic import Field, Strict

from ejd.kernel.access import Access
from ejd.kernel.command import Command, NotFound, Refusal, Target, WrongState
from ejd.kernel.consent_rights import RegistersConsent, SpeaksForOneself
from ejd.kernel.consents import OF_AGE, OWN_FROM_AGE, has_ended, purpose_of, purposes_on, standing
from ejd.kernel.envelope import Scope
from ejd.kernel.events import consents as k
from ejd.kernel.ids import SCHOOL, consents_stream
from ejd.kernel.rights import Administers
from ejd.kernel.states.consents import ConsentState, word_of
from ejd.kernel.states.people import GuardianState, PupilState, StaffState
from ejd_commands import known
from ejd_commands.fields import Code, Day, Id, Name, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

WORDS_MAX = 1_000
"""Said about one person; a family that changes its mind every week for eleven years says fewer."""
PURPOSES_MAX = 50
"""Purposes that the school defined itself."""
VERSION_MAX = 1_000_000


class UnknownPerson(NotFound):
    """No pupil, guardian or staff member has this id."""


class UnknownConsent(NotFound):
    """Nothing was said about the person in that version."""


class NotTheirConsent(Refusal):
    """Somebody speaks for a person for whom he or she does not act."""


class NotSaidYet(Refusal):
    """What is dated in the future was not said."""


class SaidToday(Refusal):
    """In the cabinet something is said on the day on which it is said."""


class NothingToWithdraw(WrongState):
    """There is no consent of that giver for that purpose."""


class TooManyConsents(Refusal):
    """More than one person's registry, or the school's list of purposes, may hold."""


class DefineConsentPurpose(Command):
    """Add a purpose of consent, or change from a day on what one that ejd knows takes (E5)."""

    name: ClassVar[str] = "define-consent-purpose"
    access: ClassVar[Access] = Access("administer", "school", "define purposes of consent")
    code: Code
    title: Name
    whose: k.Whose = "person"
    needs: k.Needs = "consent"
    own_from_age: Annotated[int, Strict(), Field(ge=0, le=OF_AGE)] = OWN_FROM_AGE
    starts: Day

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the school's stream."""
        return Target(SCHOOL, Scope(kind="school"))

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the administration."""
        return Administers("define purposes of consent")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """The definition of that day changes nothing when it is the same."""
        event = k.ConsentPurposeDefined(
            code=self.code,
            name=self.title,
            whose=self.whose,
            needs=self.needs,
            own_from_age=self.own_from_age,
            starts=self.starts,
        )
        defined = known.school(context).consent_purposes
        if purpose_of(event) == next((one for one in reversed(defined) if one.code == self.code), None):
            return
        codes = {one.code for one in defined}
        if self.code not in codes and len(codes) >= PURPOSES_MAX:
            msg = f"the school has {PURPOSES_MAX} purposes of its own: change one that is no longer asked for"
            raise TooManyConsents(msg, field="code")
        yield event


class AboutConsents(Command):
    """Base: whose personal data it is about; a pupil, a guardian or a staff member."""

    person: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the registry of the person."""
        return Target(consents_stream(self.person), Scope(kind="consents", person=self.person))

    def unknown(self) -> UnknownPerson:
        """Answer what is said of an id of nobody, and of a person whom the actor may not know of."""
        return UnknownPerson(f"there is no person {self.person}: check the id in GET /api/v1/people", field="person")

    def state(self, context: Context) -> ConsentState:
        """Answer what was said so far; raises UnknownPerson."""
        pupil = context.load(PupilState, self.person)
        guardian = context.load(GuardianState, self.person)
        if not (pupil.enrolled or guardian.registered or context.load(StaffState, self.person).terms):
            raise self.unknown()
        return context.load(ConsentState, consents_stream(self.person))

    def check(self, context: Context, word: k.ConsentWord) -> None:
        """Raise a refusal unless the giver could say it about the person on that day, for a purpose of then."""
        if word.decided_on > context.today:
            msg = f"{word.decided_on:%d.%m.%Y} is not here yet: give the date that stands on the paper"
            raise NotSaidYet(msg, field="decided_on")
        if word.until is not None and word.until < word.decided_on:
            msg = f"the last day {word.until:%d.%m.%Y} is before the consent: correct one of them"
            raise known.EndsBeforeItBegins(msg, field="until")
        purposes = purposes_on(word.decided_on, known.school(context).consent_purposes)
        if word.purpose not in purposes:
            msg = f"nobody asked for {word.purpose!r} on {word.decided_on:%d.%m.%Y}; the purposes of that day: "
            raise known.NotInTheSetUp(msg + ", ".join(purposes), field="purpose")
        if word.giver == self.person:
            return
        guardianship = context.load(GuardianState, word.giver).acts_for(self.person, word.decided_on)
        if guardianship is None:
            msg = f"who gave this did not act for the person on {word.decided_on:%d.%m.%Y}: check giver and date"
            raise NotTheirConsent(msg, field="giver")
        context.rely(guardianship.ref)


class ConsentCommand(AboutConsents):
    """Base of what is said: for which purpose, by whom, on which day (today by default), and how it came."""

    access: ClassVar[Access] = Access("consent", "child", "say something about personal data", also="register-consent")
    makes: ClassVar[type[k.ConsentEvent]]
    purpose: Code
    giver: Id
    channel: k.ConsentChannel
    decided_on: Day | None = None
    note: Reason | None = None

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the school from paper, for the giver in the cabinet."""
        if self.channel == "paper":
            return RegistersConsent(self.person, self.unknown())
        return SpeaksForOneself(self.person, self.giver, self.unknown())

    def day(self, context: Context) -> date:
        """Answer when it was said; raises SaidToday for another day in the cabinet."""
        if self.channel == "cabinet" and self.decided_on not in {None, context.today}:
            msg = "in the cabinet it is said today: leave the day out, or have the paper registered"
            raise SaidToday(msg, field="decided_on")
        return self.decided_on or context.today

    def event(self, day: date) -> k.ConsentEvent:
        """Answer what was said, without its note."""
        return self.makes(
            person=self.person, purpose=self.purpose, giver=self.giver, decided_on=day, channel=self.channel
        )

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """What the giver said last by that day is not said again, unless with a note."""
        state = self.state(context)
        event = self.event(self.day(context))
        word = word_of(event)
        self.check(context, word)
        before = standing(state.words, self.purpose, word.decided_on).get(self.giver)
        said = None if before is None else state.said[before.version]
        if said is not None and self.note is None and (said.decision, said.until) == (word.decision, word.until):
            return
        if word.decision == "withdrawn":
            if before is None or before.decision != "given" or has_ended(before, word.decided_on):
                msg = "there is no consent of this giver to withdraw: register a refusal instead"
                raise NothingToWithdraw(msg, field="purpose")
            context.rely(state.refs[before.version])
        if len(state.said) >= WORDS_MAX:
            msg = f"{WORDS_MAX} entries about one person are too many: strike what was registered by mistake"
            raise TooManyConsents(msg, field="person")
        if self.note is None:
            yield event
        else:
            note = context.seal(self.person, self.note, field=f"{event.stored_name.partition('/')[0]}.note")
            yield msgspec.structs.replace(event, note=note)


class GiveConsent(ConsentCommand):
    """Register that somebody agrees, until a last day if one is named (E5)."""

    name: ClassVar[str] = "give-consent"
    makes: ClassVar[type[k.ConsentEvent]] = k.ConsentGiven
    until: Day | None = None

    def event(self, day: date) -> k.ConsentEvent:
        """Answer the consent with its last day."""
        return msgspec.structs.replace(super().event(day), until=self.until)


class RefuseConsent(ConsentCommand):
    """Register that somebody was asked and said no (E5)."""

    name: ClassVar[str] = "refuse-consent"
    makes: ClassVar[type[k.ConsentEvent]] = k.ConsentRefused


class WithdrawConsent(ConsentCommand):
    """Register that somebody takes the own consent back (E5; 152-ФЗ, art. 9, part 2)."""

    name: ClassVar[str] = "withdraw-consent"
    makes: ClassVar[type[k.ConsentEvent]] = k.ConsentWithdrawn


class ConsentCorrection(AboutConsents):
    """Base of what sets the registry right: the version of the event that said it first."""

    access: ClassVar[Access] = Access("register-consent", "child", "correct the registry of consents")
    version: Annotated[int, Field(ge=1, le=VERSION_MAX)]
    reason: Reason

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for whoever registers papers."""
        return RegistersConsent(self.person, self.unknown(), "correct the registry of consents")

    def old(self, context: Context) -> k.ConsentWord:
        """Answer what stands there now; raises UnknownConsent."""
        state = self.state(context)
        word = state.said.get(self.version)
        if word is None:
            msg = f"nothing about this person stands in version {self.version}: look it up in the report of consents"
            raise UnknownConsent(msg, field="version")
        if self.version in state.refs:
            context.rely(state.refs[self.version])
        return word


class CorrectConsent(ConsentCorrection):
    """Correct what was registered wrongly from a paper, all values as they should be; both stay in the history."""

    name: ClassVar[str] = "correct-consent"
    purpose: Code
    giver: Id
    decision: k.Decision
    decided_on: Day
    until: Day | None = None

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse what could not have been said then; the same again changes nothing."""
        old = self.old(context)
        new = k.ConsentWord(
            purpose=self.purpose,
            giver=self.giver,
            decision=self.decision,
            decided_on=self.decided_on,
            until=self.until if self.decision == "given" else None,
        )
        self.check(context, new)
        if old != new:
            reason = context.seal(self.person, self.reason, field="consent-corrected.reason")
            yield k.ConsentCorrected(person=self.person, version=self.version, old=old, new=new, reason=reason)


class StrikeConsent(ConsentCorrection):
    """Strike what should not be in the registry, such as the paper of another child; it stays in the history."""

    name: ClassVar[str] = "strike-consent"

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse what is not there."""
        old = self.old(context)
        reason = context.seal(self.person, self.reason, field="consent-struck.reason")
        yield k.ConsentStruck(person=self.person, version=self.version, old=old, reason=reason)
