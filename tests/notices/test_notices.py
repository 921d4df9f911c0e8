"""Retractions and reminders on both databases: each written once, whoever writes and however often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import msgspec
import pytest

from ejd.notices.readiness import ReadinessReminders
from ejd.notices.reminders import OpenDependents
from ejd.notices.retractions import Retractions
from ejd.store import outbox
from ejd.store.outbox import Notice, Outbox, to_staff
from ejd_commands.breach_ends import DecideOnDependents, DependentPart
from ejd_commands.consents import ConsentCommand, GiveConsent, RefuseConsent
from ejd_commands.invalidations import RevokeInvalidation
from ejd_commands.people import EndGuardianship, EstablishGuardianship, RegisterGuardian
from ejd_projections.people import people_by_id
from tests import worlds as w
from tests.breach_story import ACKNOWLEDGED, BREACH, FINALS, LESSON, Story, at
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import microseconds, tiny_school

FATHER, AUNT = uid("guardian father of gleb"), uid("guardian aunt of dina")
DECIDED_VERSION = 6
"""Version of the breach's event that made events void: report, two receipts, reset, proposal, decision."""


@pytest.fixture(params=["sqlite", "postgres"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    """The forged marks, invalidated; GLEB has a father here, DINA had an aunt until yesterday."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database) as tiny:
        told = Story(tiny)
        for guardian, pupil in ((FATHER, w.GLEB), (AUNT, w.DINA)):
            told.send(at(13), RegisterGuardian(guardian=guardian, family="Орлов", given="Олег"), "deputy")
            acts = EstablishGuardianship(guardian=guardian, pupil=pupil, relation="other", starts=w.FIRST_DAY)
            told.send(at(13), acts, "deputy")
        told.send(at(13), EndGuardianship(guardian=AUNT, pupil=w.DINA, ends=date(2025, 10, 5)), "deputy")
        told.forged_marks()
        told.invalidate(told.digest())
        tiny.feed()
        yield told


def retractions(story: Story, box: Outbox | None = None) -> Retractions:
    """The job as another process has it: nothing looked through yet."""
    school = story.tiny.school
    return Retractions(school.read, box or school.outbox, story.tiny.clock)


def keys(story: Story, kind: str) -> list[str]:
    """Answer the keys of a kind."""
    return [row.key for row in story.tiny.school.outbox.page(kind=kind)]


def expected(kind: str, version: int) -> list[str]:
    """Keys of VERA's mother and GLEB's father; nobody acts for DINA on the day."""
    pairs = ((w.PARENT_GUARDIAN, w.VERA), (FATHER, w.GLEB))
    return sorted(f"{kind}/{BREACH}/{version}/{guardian}/{pupil}" for guardian, pupil in pairs)


def test_guardians_of_the_day_are_told_once_however_often_the_job_runs(story: Story) -> None:
    job = retractions(story)
    assert job.run() == 2
    assert job.run() == 0
    assert retractions(story).run() == 0
    assert keys(story, "retraction") == expected("retraction", DECIDED_VERSION)
    row = story.tiny.school.outbox.page(recipient=FATHER)[0]
    assert msgspec.json.decode(row.about) == {"breach": BREACH, "version": DECIDED_VERSION, "pupil": w.GLEB}
    assert (row.created_at, row.sent_at) == (story.tiny.clock(), None)


def test_two_processes_at_once_write_one_row_for_each(story: Story) -> None:
    jobs = [retractions(story) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(Retractions.run, jobs)) == 2
    assert keys(story, "retraction") == expected("retraction", DECIDED_VERSION)


class Dying:
    """An outbox whose process is killed after the first statement."""

    def __init__(self, real: Outbox) -> None:
        """Wrap a real one."""
        self.real = real

    def put(self, notices: Sequence[Notice], moment: int) -> int:
        """Write the first and die."""
        self.real.put(notices[:1], moment)
        raise KeyboardInterrupt


def test_a_job_that_was_killed_half_way_is_finished_by_the_next_one(story: Story) -> None:
    dying = Dying(story.tiny.school.outbox)
    with pytest.raises(KeyboardInterrupt):
        retractions(story, dying).run()  # type: ignore[arg-type]
    assert len(keys(story, "retraction")) == 1
    assert retractions(story).run() == 1
    assert keys(story, "retraction") == expected("retraction", DECIDED_VERSION)


def test_a_revocation_tells_the_same_guardians_that_it_counts_after_all(story: Story) -> None:
    job = retractions(story)
    job.run()
    story.send(at(17), RevokeInvalidation(breach=BREACH, reason="Ложная тревога"), "head")
    story.tiny.feed()
    assert job.run() == 2
    assert keys(story, "restoration") == expected("restoration", DECIDED_VERSION + 1)
    story.invalidate(story.digest(), moment=at(18))
    story.tiny.feed()
    assert job.run() == 2
    assert len(keys(story, "retraction")) == 4


def test_deputy_heads_are_reminded_once_a_day_from_the_hour_on(story: Story) -> None:
    school = story.tiny.school

    def reminders(hour: int = 8) -> OpenDependents:
        return OpenDependents(school.states, school.read, school.outbox, story.tiny.clock, hour=hour)

    assert reminders(hour=17).run() == 0, "it is 16:00"
    job = reminders()
    assert job.run() == 1
    assert (job.run(), reminders().run()) == (0, 0)
    row = school.outbox.page(kind="open-dependents")[0]
    assert row.recipient == w.DEPUTY_STAFF
    assert msgspec.json.decode(row.about) == {"open": 3, "breaches": {BREACH: 3}}
    story.on(at(7, 59, date(2025, 10, 7)))
    assert job.run() == 0
    story.on(at(8, 0, date(2025, 10, 7)))
    assert job.run() == 1
    versions = {ACKNOWLEDGED: 1, LESSON: 5, FINALS: 1}
    parts = tuple(DependentPart(stream=stream, version=version) for stream, version in versions.items())
    keep = DecideOnDependents(breach=BREACH, dependents=parts, decision="kept", reason="Проверено")
    story.send(at(9, 0, date(2025, 10, 7)), keep, "deputy")
    story.tiny.feed()
    story.on(at(9, 0, date(2025, 10, 8)))
    assert job.run() == 0
    assert [key.split("/")[1] for key in keys(story, "open-dependents")] == ["2025-10-06", "2025-10-07"]


def test_the_outbox_is_paged_and_marked_once(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    box = story.tiny.school.outbox
    monkeypatch.setattr(outbox, "ROWS_IN_ONE_STATEMENT", 2)
    notices = [to_staff(f"note/{n}", "note", w.ADA_STAFF, "{}") for n in range(5)]
    assert box.put([*notices, notices[0]], at=7) == 5
    assert box.put([*notices, to_staff("note/9", "note", w.ADA_STAFF, "{}")], at=8) == 1
    first = box.page(limit=4)
    assert [row.key for row in first] == ["note/0", "note/1", "note/2", "note/3"]
    after = (first[-1].created_at, first[-1].key)
    assert [row.key for row in box.page(after=after, kind="note")] == ["note/4", "note/9"]
    assert box.mark_sent("note/1", 9) is True
    assert (box.mark_sent("note/1", 10), box.mark_sent("nothing", 10)) == (False, False)
    assert [row.key for row in box.page(kind="note", unsent=True)] == [f"note/{n}" for n in (0, 2, 3, 4, 9)]
    assert box.page()[1].sent_at == 9


def say(story: Story, command: type[ConsentCommand], giver: str, pupil: str) -> None:
    said = {"person": pupil, "giver": giver, "purpose": "electronic-form", "channel": "paper"}
    story.send(at(16), command.model_validate(said), "deputy")


def test_without_consent_nothing_is_sent_and_the_reason_is_kept(story: Story) -> None:
    box = story.tiny.school.outbox
    say(story, RefuseConsent, FATHER, w.GLEB)
    story.tiny.feed()
    assert retractions(story).run() == 2
    (kept,) = box.page(withheld=True)
    assert (kept.recipient, kept.sent_at) == (FATHER, None)
    assert msgspec.json.decode(kept.withheld or "") == {"reason": "refused", "by": [FATHER]}
    assert [row.recipient for row in box.page(kind="retraction", unsent=True)] == [w.PARENT_GUARDIAN]
    assert box.mark_sent(kept.key, 9) is False
    say(story, GiveConsent, FATHER, w.GLEB)
    story.tiny.feed()
    assert retractions(story).run() == 0, "told on paper already"
    assert box.page(withheld=True) == [kept]


def test_everybody_whom_a_notice_of_duty_goes_to_is_staff(story: Story) -> None:
    school = story.tiny.school
    retractions(story).run()
    OpenDependents(school.states, school.read, school.outbox, story.tiny.clock, hour=8).run()
    ReadinessReminders(school.read, school.outbox, lambda: microseconds(at(9, 0, date(2025, 9, 8))), hour=8).run()
    with school.read.snapshot() as snapshot:
        kinds = {
            row.kind: {person.kind for person in people_by_id(snapshot.connection, [row.recipient]).values()}
            for row in school.outbox.page(limit=1_000)
        }
    assert kinds == {"retraction": {"guardian"}, "open-dependents": {"staff"}, "readiness": {"staff"}}
