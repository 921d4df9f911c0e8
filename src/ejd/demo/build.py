"""Building the demonstration: one seed, one school, every event through a command of somebody who may send it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from ejd.access.codes import new_code
from ejd.access.secrets import new_token
from ejd.demo.breaches import Breaches, open_breach
from ejd.demo.changes import Changes
from ejd.demo.consents import FamilyConsents
from ejd.demo.endings import Endings
from ejd.demo.families import Families
from ejd.demo.late import Late
from ejd.demo.office import Office
from ejd.demo.people import Names
from ejd.demo.records import Records
from ejd.demo.report import DemoReport, Samples
from ejd.demo.sending import Agenda, Sender
from ejd.demo.setup import SetUp, make_keys, program_account
from ejd.demo.shape import FIRST_DAY, FULL, ROLES_FROM, SCHOOL_NAME, SEED, TIMEZONE, Shape, chance
from ejd.demo.staffing import Staffing
from ejd.demo.story import Story, individual_pupils
from ejd.demo.timeline import Timeline
from ejd.demo.timetable import make_timetable
from ejd.founding import Founding, Head, found, named
from ejd.kernel.calendar import microseconds_at
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import SchoolState, YearState
from ejd.read.rebuild import ensure_built
from ejd_commands.accounts import IssueToken, RevokeToken
from ejd_commands.credentials import IssueCode, RevokeCode
from ejd_commands.tokens import RotateToken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ejd.access.secrets import RandomBytes
    from ejd.access.vault import Vault
    from ejd.demo.roster import Guardian, Roster
    from ejd.demo.timeline import Lesson
    from ejd.handling.handler import Handler
    from ejd.read.feeder import Feeder
    from ejd.read.model import ReadModel
    from ejd.read.rebuild import Workshop

Progress = Callable[[str, int, int], None]
"""Told the phase, how much of it is done, and out of how much."""
TOKEN_DAYS = 30
CODE_DAYS = 7
LAST_MINUTE = 1350
"""22:30 of the last day: where the simulated clock stands when all is built."""
SAMPLE_ILL_DAYS_MAX = 10
"""Of the sample child, so that the list of missed topics stays readable."""
TOKEN_DAYS_AFTER_LAST_MAX = 360
"""Beyond that the tokens are issued by today's clock: a command does not take a longer term."""


class DemoRefused(Exception):
    """There is a school here already."""


class DemoPlace(Protocol):
    """What the demonstration needs of an open school; `ejd.app.School` is one."""

    @property
    def handler(self) -> Handler:
        """Handles the commands."""
        ...

    @property
    def vault(self) -> Vault:
        """Makes the keys."""
        ...

    @property
    def read(self) -> ReadModel:
        """Where decisions look for what stood on void events."""
        ...

    @property
    def workshop(self) -> Workshop:
        """Builds it."""
        ...

    @property
    def feeder(self) -> Feeder:
        """Feeds it."""
        ...


def build_demo(  # noqa: PLR0913 - what chance and time are is given from outside
    school: DemoPlace,
    *,
    seed: int = SEED,
    shape: Shape = FULL,
    progress: Progress | None = None,
    random_bytes: RandomBytes = os.urandom,
    clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
) -> DemoReport:
    """Fill an initialised, empty place with the demonstration school; raises DemoRefused for a place in use.

    `clock` is the real one, microseconds since 1970 UTC: sample tokens end thirty days after it.
    """
    present = school.handler.states.fresh(SchoolState, SCHOOL)
    if present.name:
        msg = f"the school {present.name!r} is here already: choose another folder, or begin anew with --fresh"
        raise DemoRefused(msg)
    return _Build(school, seed, shape, progress).run(random_bytes, clock)


class _Build:
    def __init__(self, school: DemoPlace, seed: int, shape: Shape, progress: Progress | None) -> None:
        self.school, self.seed, self.shape = school, seed, shape
        self.progress = progress or (lambda phase, done, of: None)  # noqa: ARG005 - nobody looks
        self.seconds: dict[str, float] = {}
        self.sender = Sender(school.handler, seed)
        self.agenda = Agenda()
        self.at_end = microseconds_at(shape.last_day, LAST_MINUTE, TIMEZONE)

    def run(self, random_bytes: RandomBytes, clock: Callable[[], int]) -> DemoReport:
        with self.phase("planning"):
            roster = self.people()
        with self.phase("set-up"):
            self.found(roster)
            make_keys(self.school.vault, roster)
            self.set_up(roster)
        with self.phase("planning lessons"):
            timeline = self.lessons(roster)
        with self.phase("lessons"):
            days = self.agenda.days()
            for done, day in enumerate(days, start=1):
                self.agenda.carry_out(day, self.sender)
                self.progress("lessons", done, len(days))
        with self.phase("tokens"):
            sample = next(lesson for lesson in timeline.lessons if lesson.left_open)
            parent = self.parent(roster)
            tokens = self.tokens(roster, sample, parent, random_bytes, clock())
        with self.phase("reports"):
            self.bring_reports()
        return DemoReport(
            school=SCHOOL_NAME,
            things=things(roster, timeline),
            events=dict(sorted(self.sender.events.items())),
            commands=dict(sorted(self.sender.commands.items())),
            commits=self.sender.commits,
            position=self.sender.position,
            seconds=self.seconds,
            samples=self.samples(roster, sample, parent),
            tokens=tokens,
        )

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a phase and tell that it begins."""
        self.progress(name, 0, 1)
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun
        self.progress(name, 1, 1)

    def people(self) -> Roster:
        """Plan the school as it is in August, and what moves in it in autumn."""
        names = Names(self.seed, chance(self.seed, "names"))
        roster = Staffing(self.seed, self.shape, names, chance(self.seed, "staff")).build()
        roster.head.id, roster.head.account = named("staff head"), named("account head")
        make_timetable(roster.blocks, roster.classes, chance(self.seed, "timetable"))
        families = Families(self.seed, self.shape, names, chance(self.seed, "families"))
        families.settle(roster)
        individual_pupils(self.seed, roster, self.shape, chance(self.seed, "individual"))
        Story(self.seed, roster, self.shape, self.agenda).plan(families)
        return roster

    def found(self, roster: Roster) -> None:
        """Open the school and appoint its head."""
        name = roster.head.name
        head = Head(family=name.family, given=name.given, middle=name.middle, position=roster.head.position)
        at = microseconds_at(ROLES_FROM, 540, TIMEZONE)
        founding = Founding(name=SCHOOL_NAME, timezone=TIMEZONE, simulated=True, head=head, at=at)
        found(self.school.handler, founding, clock=lambda: at)

    def set_up(self, roster: Roster) -> None:
        """Send the steps of August in their order."""
        steps = SetUp(self.seed, roster, self.sender)
        sending = (
            steps.administration,
            steps.year,
            steps.staff,
            steps.classes,
            steps.guardians,
            steps.journals,
            steps.timetable,
            steps.plans,
            steps.accounts,
        )
        for done, step in enumerate(sending, start=1):
            step()
            self.progress("set-up", done, len(sending))

    def lessons(self, roster: Roster) -> Timeline:
        """Plan every lesson with its records, by the calendar that the school now has."""
        calendar = self.school.handler.states.load(YearState, roster.year).calendar
        timeline = Timeline(roster, self.shape, calendar)
        Changes(self.seed, timeline, self.agenda, chance(self.seed, "changes")).plan()
        late = Late(self.seed, timeline, self.agenda, chance(self.seed, "late"))
        records = Records(timeline, self.agenda, chance(self.seed, "records"), late)
        records.plan()
        Endings(timeline, self.agenda, self.sender, records, chance(self.seed, "endings")).plan()
        Office(self.seed, roster, self.agenda).plan()
        states = self.school.handler.states
        FamilyConsents(roster, self.agenda, states, chance(self.seed, "consents")).plan()
        Breaches(self.seed, timeline, self.agenda, self.sender, self.bring_reports).plan()
        return timeline

    def bring_reports(self) -> None:
        """Build the reports, or feed them up to now: decisions on dependents ask them."""
        ensure_built(self.school.read, self.school.workshop, processes=1)
        self.school.feeder.run_to_end()
        self.school.feeder.stop()

    def parent(self, roster: Roster) -> Guardian:
        """Answer the parent with an account whose child missed most lessons, short of the whole quarter."""
        marked = [c.id for c in roster.classes if c.scheme == "quarters" and c.grade > 1]
        held = [
            guardian
            for guardian in roster.guardians
            if guardian.account
            and guardian.until is None
            and any(pupil.where(id_, self.shape.last_day) for pupil in guardian.pupils for id_ in marked)
        ]
        inside = {FIRST_DAY + timedelta(days=n) for n in range((self.shape.last_day - FIRST_DAY).days)}

        def missed(guardian: Guardian) -> int:
            days = max(len(pupil.ill & inside) for pupil in guardian.pupils)
            return days if days <= SAMPLE_ILL_DAYS_MAX else 0

        return max(held, key=lambda guardian: (missed(guardian), guardian.id))

    def tokens(
        self, roster: Roster, sample: Lesson, parent: Guardian, random_bytes: RandomBytes, now: int
    ) -> dict[str, str]:
        """Issue a token for each kind of user, and one more that is revoked, as is a code whose sheet was lost."""
        expires = datetime.fromtimestamp(now // 1_000_000, tz=UTC) + timedelta(days=TOKEN_DAYS)
        term_max = timedelta(days=TOKEN_DAYS_AFTER_LAST_MAX)
        by_today = expires > datetime.fromtimestamp(self.at_end // 1_000_000, tz=UTC) + term_max
        at = max(now, self.at_end) if by_today else self.at_end
        accounts = {
            "head": roster.head.account,
            "deputy-head": roster.deputies[0].account,
            "teacher": sample.teacher.account,
            "parent": parent.account,
            "api-client": program_account(self.seed),
        }
        tokens = {role: new_token(random_bytes) for role in accounts}
        spare = new_token(random_bytes)
        commands = [
            IssueToken(
                account=accounts[role], token=t.token_id, digest=t.digest, client=f"sample-{role}", expires_at=expires
            )
            for role, t in tokens.items()
        ]
        lost = IssueToken(
            account=roster.head.account, token=spare.token_id, digest=spare.digest, client="lost", expires_at=expires
        )
        revoked = RevokeToken(account=roster.head.account, token=spare.token_id)
        code, owner = new_code(random_bytes).code_id, accounts["teacher"]
        within = datetime.fromtimestamp(at // 1_000_000, tz=UTC) + timedelta(days=CODE_DAYS)
        printed = IssueCode(account=owner, code=code, expires_at=within)
        program, newer = accounts["api-client"], new_token(random_bytes)
        exchanged = RotateToken(
            account=program,
            token=tokens["api-client"].token_id,
            new_token=newer.token_id,
            digest=newer.digest,
            expires_at=expires,
        )
        self.sender.send(
            roster.head.account,
            [*commands, lost, revoked, printed, RevokeCode(account=owner, code=code), exchanged],
            at,
        )
        tokens["api-client"] = newer
        return {role: token.text for role, token in tokens.items()}

    def samples(self, roster: Roster, sample: Lesson, parent: Guardian) -> Samples:
        """Answer ids that the printed commands work on."""
        one = sample.journal.classes[0]
        child = max(parent.pupils, key=lambda pupil: len(pupil.ill))
        home = next(c for c in roster.classes if child.where(c.id, self.shape.last_day))
        journal = next(j for j in roster.journals if j.classes[0] is home and j.group is None)
        away = child.id
        pupil = next(q for q in sample.pupils if q.id != away and self.shape.last_day not in q.ill)
        moment = datetime.fromtimestamp(self.at_end // 1_000_000, tz=ZoneInfo(TIMEZONE))
        return Samples(
            year=roster.year,
            class_id=one.id,
            class_title=one.title,
            journal=sample.journal.id,
            pupil=pupil.id,
            lesson_day=sample.day.isoformat(),
            lesson_slot=sample.slot,
            teacher=sample.teacher.id,
            guardian=parent.id,
            child=child.id,
            child_class=home.id,
            child_journal=journal.id,
            simulated_time=moment.isoformat(),
            breach=open_breach(self.seed),
        )


def things(roster: Roster, timeline: Timeline) -> dict[str, int]:
    """Answer how many there are of everything."""
    return {
        "classes": len(roster.classes),
        "pupils": len(roster.pupils),
        "parents": len(roster.guardians),
        "staff": len(roster.staff),
        "rooms": len(roster.rooms),
        "groups": len(roster.groups),
        "journals": len(roster.journals),
        "lessons": len(timeline.lessons),
    }
