"""Who may say something about personal data: the school from a paper, a person or guardian in the own cabinet (E5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ejd.kernel.access import PERMITS, Thing, Tie, decide
from ejd.kernel.command import NotAllowed
from ejd.kernel.rights import facts, knows_pupil, lacking, person_of
from ejd.kernel.states.people import GuardianState, PupilState, StaffState
from ejd.kernel.states.teaching import ClassState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ejd.kernel.command import Context, Refusal
    from ejd.kernel.envelope import Ref


@dataclass(frozen=True)
class RegistersConsent:
    """From paper: the administration, and the class teacher for the own class's pupils and who acts for them.

    `unknown` is what somebody hears who may not know of the person.
    """

    person: str
    unknown: Refusal
    doing: str = "register consents from paper"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant of the role; a person of another class is refused, or not there."""
        verdict = decide("register-consent", facts(context, list(self._ties(context))), Thing("child", self.person))
        if verdict.allowed:
            return verdict.refs
        if verdict.lacks == "role":
            raise lacking(verdict, PERMITS["register-consent"].roles, self.doing)
        colleague = bool(context.load(StaffState, self.person).terms)
        if not (verdict.known or colleague or knows_pupil(context, self.person)):
            raise self.unknown
        msg = "a teacher registers consents of the own class only: ask its class teacher or the deputy head"
        raise NotAllowed(msg)

    def _ties(self, context: Context) -> Iterator[Tie]:
        """Answer the stays in the actor's own class of the pupil, or of those the guardian acts for."""
        guardian, own, today = context.load(GuardianState, self.person), person_of(context), context.today
        acted_for = {stay.where for stay in guardian.pupils if guardian.acts_for(stay.where, today)}
        for pupil in (self.person, *sorted(acted_for)):
            stay = context.load(PupilState, pupil).memberships.class_on(today)
            if stay is not None and own and context.load(ClassState, stay.where).teacher_on(today) == own:
                yield Tie("class-teacher", stay.ref)


@dataclass(frozen=True)
class SpeaksForOneself:
    """In the cabinet: everybody for oneself, and who acts for a pupil for that pupil.

    `unknown` is what somebody hears of a person who is neither.
    """

    person: str
    giver: str
    unknown: Refusal

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant of the role, and the guardianship; raises NotAllowed in somebody else's name."""
        known = facts(context)
        if person_of(context) != self.giver:
            msg = "in the cabinet you speak only in your own name: a paper is registered by the school"
            raise NotAllowed(msg)
        guardianship = context.load(GuardianState, self.giver).acts_for(self.person, context.today)
        ties = [Tie("oneself")] if self.giver == self.person else []
        if guardianship is not None:
            ties.append(Tie("guardianship", guardianship.ref))
        verdict = decide("consent", known._replace(ties=ties), Thing("child", self.person))
        if verdict.allowed:
            return verdict.refs
        if verdict.lacks == "role":
            raise lacking(verdict, PERMITS["consent"].roles, "agree or refuse in the cabinet")
        if not verdict.known:
            raise self.unknown
        msg = "you do not act for this pupil today: ask the office to check the guardianship"
        raise NotAllowed(msg)
