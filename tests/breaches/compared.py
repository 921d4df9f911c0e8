"""What the product says of a played school beside what the truth says: void events, states, sign-in, reports."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any

import sqlalchemy as sa

from ejd.app import School
from ejd.kernel.command import NotAuthenticated
from ejd.kernel.envelope import Ref
from ejd.kernel.ids import final_marks_stream
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.teaching import FinalMarksState, JournalState
from ejd.read.memory import Memory
from ejd.read.model import Snapshot
from tests import oracle as o
from tests.breaches import truth as t
from tests.breaches.player import RealPlayer
from tests.breaches.standing import Standing
from tests.oracle_audit import audit, rows_of_all
from tests.projections.audit_compared import check_list, of_audit
from tests.projections.compared import Difference, compare, questions
from tests.read import laws

PAGE_EVENTS = 5_000
SHOWN_MAX = 5


def all_events(school: School, after: int = 0) -> Iterator[Any]:
    """Answer the stored events above a position, page by page."""
    while page := school.store.read_page(after, PAGE_EVENTS):
        yield from page
        after = page[-1].position


def none(found: Iterable[Any]) -> None:
    """Assert that nothing was found, and show the first of it."""
    first = list(islice(found, SHOWN_MAX))
    assert not first, "\n".join(map(str, first))


class Comparing:
    """Compares one played school; events are read once, and are never written again (which is checked at the end)."""

    def __init__(self, player: RealPlayer) -> None:
        """Nothing is read yet."""
        self.player = player
        self.school = player.school
        self.happened: list[t.Happened] = []
        self.truth = t.Truth([])
        self.memory = Memory(self.school.read.folding)

    def read(self) -> None:
        """Take in what was stored since the last time."""
        after = self.happened[-1].meta.position if self.happened else 0
        new = t.decoded(all_events(self.school, after))
        if new:
            self.happened = [*self.happened, *new]
            self.truth = t.Truth(self.happened)

    def check_void(self) -> None:
        """The markers say what the decisions say; nobody acted who was shut out."""
        none(compare("void", t.told_by_decisions(self.truth), t.told_by_markers(self.happened)))
        none(t.acted_while_shut_out(self.happened))

    def check_states(self, streams: Iterable[str]) -> None:
        """States that commands decide on are those of the truth, in these streams and of all accounts."""
        self._check_access()
        facts = self.facts()
        for stream in streams:
            if stream in facts.lessons:
                self._same(stream, _lesson(facts.lessons[stream]), _lesson_state(self._load(LessonState, stream)))
            if stream in facts.pupils:
                self._same(stream, _pupil(facts.pupils[stream]), _pupil_state(self._load(PupilState, stream)))
            if stream in facts.journals:
                loads = sorted((load.staff, load.starts, load.ends or date.max) for load in facts.loads[stream])
                known = self._load(JournalState, stream).loads
                self._same(stream, loads, sorted((one.staff, one.starts, one.ends or date.max) for one in known))
        for (journal, period), finals in facts.finals_of.items():
            stream = final_marks_stream(journal, period)
            values = self._load(FinalMarksState, stream).values
            self._same(stream, {pupil: one.value for pupil, one in finals.items()}, values)

    def _check_access(self) -> None:
        now = self.player.now
        for account, one in self.truth.access().items():
            state = self._load(AccountState, account)
            known = {grant.role: (grant.starts, grant.ends) for grant in state.grants}
            self._same(account, one.grants, known)
            self._same(account, (one.locked, one.suspended), (state.closed_by_hand, state.suspended))
            self._same(account, one.tokens, {token: held.expires_at for token, held in state.tokens.items()})
            for held in self.player.sessions.get(account, ()):
                lets_in = not one.locked and not one.suspended and one.tokens.get(held.token, 0) > now
                assert self._signs_in(held.text) == lets_in, f"{account} with {held.token}"

    def _signs_in(self, text: str) -> bool:
        try:
            self.school.authentication.by_token(text)
        except NotAuthenticated:
            return False
        return True

    def _load(self, kind: Any, stream: str) -> Any:
        return self.school.states.fresh(kind, stream)

    def _same(self, what: str, truth: Any, state: Any) -> None:
        none(compare(what, truth, state))

    def facts(self, upto: int | None = None) -> o.Facts:
        """Answer the facts for the reports, now or as they were known at a position."""
        truth = self.truth
        if upto is not None:
            truth = t.Truth([one for one in self.happened if one.meta.position <= upto])
        return o.facts_of(truth.valid, self._open)

    def _open(self, sealed: Sealed, at: Ref) -> str:
        return self.school.vault.unseal(sealed, field="recommendation-given.text", at=at) or ""

    def _open_reason(self, sealed: Sealed, field: str, at: Ref) -> str:
        return self.school.vault.unseal(sealed, field=field, at=at) or ""

    def check_reports(self, seed: int, permille: int) -> None:
        """Feed to the end, then ask a share of all questions."""
        self.school.feeder.run_to_end()
        with self.school.read.snapshot() as snapshot:
            assert snapshot.position == self.school.store.last_position()
            facts, now = self.facts(), self.player.now + 1
            none(_differences(snapshot.connection, facts, now, f"{seed}", permille))
            self._check_audit(snapshot, facts)

    def _check_audit(self, snapshot: Snapshot, facts: o.Facts, upto: int | None = None) -> None:
        """Compare the audit of corrections: tables that tell of void events too, the list and its conditions."""
        happened = [one for one in self.happened if upto is None or one.meta.position <= upto]
        void = self.truth.void if upto is None else t.Truth(happened).void
        events = [(meta, event, meta.position in void) for meta, event in happened]
        rows = of_audit(laws.contents(self.school.read.folding, snapshot))
        for table, expected in of_audit(rows_of_all(events, self._open_reason)).items():
            self._same(table, expected, rows[table])
        check_list(snapshot.connection, audit(facts, events, self._open_reason))

    def check_dependents(self) -> None:
        """What stood on what each breach holds void is what looking at all events finds."""
        self.school.feeder.run_to_end()
        periods = {
            (year, one.code): (one.first_day, one.last_day)
            for year, opened in self.facts().years.items()
            for scheme in opened.schemes.values()
            for one in scheme
        }
        at = {(meta.stream, meta.version): meta.position for meta, _ in self.happened}
        standing = Standing(self.truth, periods)
        for breach in self.truth.breaches:
            found = {at[one.stream, one.version] for one in self.school.states.dependents(breach, None)}
            self._same(f"dependents of {breach}", standing.dependents(breach), found)

    def check_past(self, position: int, seed: int, permille: int) -> None:
        """Ask as of a position: the past as it was known then, whatever was made void, or valid, since."""
        moment = self.school.store.moment_at(position)
        assert moment is not None
        upto = moment.position
        streams = sorted({meta.stream for meta, _ in self.happened if meta.position <= upto})
        with self.memory.snapshot(self.school.store, streams, upto=upto) as snapshot:
            facts, now = self.facts(upto), self.player.now + 1
            none(_differences(snapshot.connection, facts, now, f"{seed}", permille))
            self._check_audit(snapshot, facts, upto)

    def check_log(self) -> None:
        """What was read once is there unchanged: nothing is ever rewritten or lost."""
        assert list(all_events(self.school)) == [one.meta for one in self.happened]


def _differences(c: sa.Connection, facts: o.Facts, now: int, seed: str, permille: int) -> Iterator[Difference]:
    """Ask a share of all questions, chosen by their words."""
    for one in questions(facts, now):
        if zlib.crc32(f"{seed} {one.words}".encode()) % 1_000 < permille:
            yield from one.differences(c, one.words)


def _lesson(one: o.Lesson) -> dict[str, Any]:
    return {
        "topic": (one.topic, one.plan_item),
        "homework": one.homework,
        "roll": one.roll_at is not None,
        "lines": {pupil: (line.kind, line.minutes) for pupil, line in one.lines.items()},
        "marks": {cell: (mark.value, mark.control_work, mark.version) for cell, mark in one.marks.items()},
        "cancelled": one.cancelled,
        "extra": one.extra,
        "day": one.day,
        "substitute": one.substitute,
        "advice": {version: pupil for pupil, version, _ in one.advice},
    }


def _lesson_state(one: LessonState) -> dict[str, Any]:
    return {
        "topic": (one.topic, one.plan_item),
        "homework": one.homework,
        "roll": one.roll_taken,
        "lines": {pupil: (line.kind, line.minutes) for pupil, line in one.absences.items()},
        "marks": {tuple(cell): (mark.value, mark.control_work, mark.ref.version) for cell, mark in one.marks.items()},
        "cancelled": one.cancelled,
        "extra": one.extra,
        "day": one.day,
        "substitute": "" if one.substitution is None else one.substitution.teacher,
        "advice": {ref.version: pupil for ref, pupil in one.recommended.items()},
    }


def _pupil(one: o.Pupil) -> dict[str, Any]:
    return {
        "classes": [(stay.where, stay.starts, stay.ends) for stay in one.classes],
        "groups": sorted((stay.where, stay.starts, stay.ends or date.max) for stay in one.groups),
        "plans": dict(one.plans),
    }


def _pupil_state(one: PupilState) -> dict[str, Any]:
    classes, groups, plans = one.memberships
    return {
        "classes": [(stay.where, stay.starts, stay.ends) for stay in classes],
        "groups": sorted((stay.where, stay.starts, stay.ends or date.max) for stay in groups),
        "plans": dict(plans),
    }
