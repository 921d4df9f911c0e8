"""A breach walked through on an open school, whatever is in it: reported, received, reset, proposed, decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ejd.app import School
from ejd.handling.handler import Request
from ejd.history.preview import Preview, Previewed, preview
from ejd.kernel.command import Actor, Command
from ejd.kernel.envelope import Answer
from ejd.kernel.states.breaches import BreachState, Window
from ejd.kernel.voiding import Affected, affected, digest_of
from ejd_commands.breaches import AcknowledgeBreachNotice, ConfirmBreachNotice, ReportBreach, ResetCredentials
from ejd_commands.invalidations import (
    InvalidateBreach,
    ProposeBreachWindow,
    ProposeInvalidation,
    RevokeInvalidation,
    WidenBreachWindow,
)
from tests import worlds as w
from tests.scenario import uid

SESSION = uid("session of a breach")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(microseconds: int) -> datetime:
    """Answer the moment of microseconds since 1970 UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


@dataclass(frozen=True)
class Breach:
    """A breach of an account; the people who handle it are those of `tests.worlds`."""

    school: School
    breach: str
    account: str = w.ADA

    def send(self, command: Command, by: str, command_id: str | None = None) -> Answer:
        """Send one command as an account; its id follows from the name unless one is given."""
        known = command_id or uid(f"{self.breach} {command.name} {command!r} {by}")
        return self.school.handler.handle([Request(command, known)], Actor(by, SESSION, "tests"))

    def open(self, learned_at: int, *, support: str = w.SUPPORT, second: str = w.DEPUTY) -> None:
        """Report it, receive it twice, reset the credentials; the window begins where it was learned of.

        `support` receives as technical support, `second` confirms what the head entered late.
        """
        since = moment(learned_at)
        report = ReportBreach(breach=self.breach, account=self.account, learned_at=since, what="Пароль на доске")
        self.send(report, w.HEAD)
        for receiver, by, confirming in (("head", w.HEAD, second), ("support", support, w.HEAD)):
            fields = {"breach": self.breach, "receiver": receiver}
            self.send(AcknowledgeBreachNotice.model_validate({**fields, "received_at": since}), by)
            self.send(ConfirmBreachNotice.model_validate(fields), confirming)
        self.send(ResetCredentials(breach=self.breach), w.HEAD)

    def widen(self, starts: int, ends: int) -> None:
        """Choose a wider window, as two people."""
        propose = ProposeBreachWindow(breach=self.breach, starts=moment(starts), ends=moment(ends), reason="Раньше")
        self.send(propose, w.HEAD)
        self.send(WidenBreachWindow(breach=self.breach), w.DEPUTY)

    def state(self) -> BreachState:
        """Answer the breach as it is."""
        return self.school.states.load(BreachState, self.breach)

    def window(self) -> Window:
        """Answer its window."""
        window = self.state().window
        assert window is not None
        return window

    def affected(self) -> Affected:
        """Answer what its window holds now."""
        window = self.window()
        return affected(self.school.store.operations(self.account, window.starts, window.ends), window, self.state())

    def digest(self) -> str:
        """Answer the digest that a preview shows now."""
        found = self.affected()
        return digest_of(self.breach, self.window(), found, self.school.store.heads(list(found.voided)))

    def preview(self) -> Preview:
        """Answer the whole preview, its first page of lists."""
        of = Previewed(self.breach, self.account, self.state(), self.window(), limit=100, offset=0)
        with self.school.read.snapshot() as snapshot:
            return preview(self.school.store, snapshot.connection, of, upto=snapshot.position)

    def propose(self, command_id: str | None = None) -> str:
        """Propose what the preview shows, as the head; answer its digest."""
        digest = self.digest()
        self.send(ProposeInvalidation(breach=self.breach, digest=digest), w.HEAD, command_id)
        return digest

    def invalidate(self, digest: str, command_id: str | None = None) -> Answer:
        """Agree, as the deputy head."""
        return self.send(InvalidateBreach(breach=self.breach, digest=digest), w.DEPUTY, command_id)

    def revoke(self, command_id: str | None = None) -> Answer:
        """Revoke it, as the head."""
        return self.send(RevokeInvalidation(breach=self.breach, reason="Ложная тревога"), w.HEAD, command_id)
