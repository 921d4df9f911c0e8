"""A breach told through commands in the tiny school: what was forged, what honest people did on top of it.

Monday 6 October 2025, school time. ADA's account is in wrong hands from 14:00, when the notice is received, to 15:00.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ejd.handling.handler import Request
from ejd.handling.states import fold
from ejd.kernel.command import Actor, Command
from ejd.kernel.envelope import Answer
from ejd.kernel.events import CATALOGUE
from ejd.kernel.ids import acknowledgements_stream, final_marks_stream, lesson_stream
from ejd.kernel.states.breaches import BreachState
from ejd.kernel.voiding import affected, digest_of
from ejd_commands.acknowledgements import AcknowledgeDiary
from ejd_commands.attendance import AbsenceLine, TakeRoll
from ejd_commands.breaches import AcknowledgeBreachNotice, ReportBreach, ResetCredentials
from ejd_commands.final_marks import DecideFinalMark
from ejd_commands.invalidations import InvalidateBreach, ProposeInvalidation
from ejd_commands.marks import CorrectMark, RecordMark
from tests import worlds as w
from tests.scenario import uid
from tests.schools import LOGINS, Clock, TinySchool

MOSCOW = ZoneInfo("Europe/Moscow")
BREACH = uid("the breach")
CELL: dict[str, Any] = {"journal": w.JOURNAL, "day": w.TODAY, "slot": w.LESSON_SLOT, "work": "oral"}
FINALS = final_marks_stream(w.JOURNAL, "q1")
ACKNOWLEDGED = acknowledgements_stream(w.PARENT_GUARDIAN, w.VERA)
LESSON = lesson_stream(w.JOURNAL, w.TODAY, w.LESSON_SLOT)


def at(hour: int, minute: int = 0, day: date = w.TODAY) -> datetime:
    """Answer a moment of the school."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=MOSCOW)


class Story:
    """Sends commands at moments; ids are named."""

    def __init__(self, tiny: TinySchool) -> None:
        """Stand in the tiny school."""
        self.tiny = tiny

    def on(self, moment: datetime) -> None:
        """Set the clock."""
        assert isinstance(self.tiny.clock, Clock)
        self.tiny.clock.moment = moment

    def send(self, moment: datetime, command: Command, by: str, *, session: str = "session", name: str = "") -> Answer:
        """Send a command at a moment as a login, under a named id."""
        self.on(moment)
        request = Request(command, uid(name) if name else self.tiny.new_id())
        return self.tiny.school.handler.handle([request], Actor(LOGINS[by][0], uid(session), "tests"))

    def forge(self, moment: datetime, command: Command, name: str = "", *, by: str = "ada") -> Answer:
        """Do something with an account that its owner did not do."""
        return self.send(moment, command, by, session="thief", name=name)

    def report(self, *, breach: str = BREACH, account: str = w.ADA, received: datetime | None = None) -> None:
        """Report at 15:00, received by head and support at 14:00 unless told otherwise, credentials reset at once."""
        moment = at(15)
        heard = received or at(14)
        learned = at(13, 50)
        self.send(
            moment, ReportBreach(breach=breach, account=account, learned_at=learned, what="Пароль подсмотрели"), "head"
        )
        self.send(moment, AcknowledgeBreachNotice(breach=breach, receiver="head", received_at=heard), "head")
        self.send(moment, AcknowledgeBreachNotice(breach=breach, receiver="support", received_at=heard), "helper")
        self.send(moment, ResetCredentials(breach=breach), "helper")

    def propose(self, digest: str, *, breach: str = BREACH, moment: datetime | None = None) -> None:
        """Propose as the head."""
        self.send(moment or at(16), ProposeInvalidation(breach=breach, digest=digest), "head")

    def invalidate(self, digest: str, *, breach: str = BREACH, moment: datetime | None = None) -> Answer:
        """Propose as the head, decide as the deputy head."""
        self.propose(digest, breach=breach, moment=moment)
        command = InvalidateBreach(breach=breach, digest=digest)
        return self.send(moment or at(16), command, "deputy", name=f"invalidate {digest}")

    def forged_marks(self) -> None:
        """Tell what happened.

        Honest at 10:30: GLEB 4. Forged at 11:10: VERA 5, DINA 5, the roll with GLEB absent. Then honest people:
        VERA's mother reads the diary at 14:30, ADA corrects VERA's 5 to 3 and gives DINA a 5 for the quarter.
        """
        self.send(at(13, 30), RecordMark(**CELL, pupil=w.GLEB, value="4"), "ada")
        self.forge(at(14, 10), RecordMark(**CELL, pupil=w.VERA, value="5"), "forged vera")
        self.forge(at(14, 11), RecordMark(**CELL, pupil=w.DINA, value="5"), "forged dina")
        roll = TakeRoll(
            journal=w.JOURNAL, day=w.TODAY, slot=w.LESSON_SLOT, absences=(AbsenceLine(pupil=w.GLEB, kind="absent"),)
        )
        self.forge(at(14, 12), roll, "forged roll")
        seen = self.tiny.school.store.last_position()
        diary = AcknowledgeDiary(guardian=w.PARENT_GUARDIAN, pupil=w.VERA, week=w.TODAY, seen_position=seen)
        self.send(at(14, 30), diary, "olga", name="diary")
        self.report()
        self.send(
            at(15, 10), CorrectMark(**CELL, pupil=w.VERA, value="3", reason="Ошибка в клетке"), "ada", name="corrected"
        )
        self.send(
            at(15, 12), DecideFinalMark(journal=w.JOURNAL, period="q1", pupil=w.DINA, value="5"), "ada", name="decided"
        )

    def digest(self, breach: str = BREACH) -> str:
        """Answer the digest that commands ask for, worked out from the store alone."""
        store = self.tiny.school.store
        state = fold(BreachState, store.read_streams([breach]), CATALOGUE)
        assert state.window is not None
        assert state.reported is not None
        found = affected(
            store.operations(state.reported.account, state.window.starts, state.window.ends), state.window, state
        )
        return digest_of(breach, state.window, found, store.heads(list(found.voided)))
