"""Erasure of a person (152-ФЗ ст. 21): who asks, what must be kept first, who decides, and what happens at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel import retention
from ejd.kernel.breach_rights import UnderBreach
from ejd.kernel.command import Actor, Command, NotAllowed, Refusal
from ejd.kernel.envelope import Ref
from ejd.kernel.erasure_rights import DecidesErasure, SecondPersonDecides
from ejd.kernel.events import accounts as a
from ejd.kernel.events import erasures as x
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.events.erasures import Kept
from ejd.kernel.states.erasures import ErasureState
from ejd.kernel.voiding import NEVER_VOID
from ejd_commands import erasures
from ejd_commands.erasures import ApproveErasure, RejectErasure, RequestErasure
from ejd_commands.known import UnknownGuardian, UnknownStaffMember
from ejd_commands.lesson_base import UnknownPupil
from tests import worlds as w
from tests.scenario import MemoryContext, given, sealed, uid

REQUEST, OTHER = uid("erasure"), uid("another erasure")
WHY = "по заявлению"
MOTHER: dict[str, Any] = {"kind": "guardian", "person": w.PARENT_GUARDIAN, "ground": "purpose-reached", "reason": WHY}
PUPIL: dict[str, Any] = {"kind": "pupil", "person": w.VERA, "ground": "consent-withdrawn", "reason": WHY}
HEAD_TOO = uid("account second head")
NO_LONGER = (w.PARENT_GUARDIAN, p.GuardianshipEnded(pupil=w.VERA, ends=w.TODAY))
WORLD = (*w.A_JOURNAL, NO_LONGER, *w.account(HEAD_TOO, "head-too", "head", uid("staff second head")))
LAW = retention.RELATION.source
RELATION = Kept(code="relation", source=LAW)
JOURNALS = Kept(code="journal", until=date(2031, 12, 31), source=retention.JOURNAL.source)
SHEETS = Kept(code="summary-sheet", until=date(2051, 12, 31), source=retention.SHEET.source)


def asked(kept: tuple[Kept, ...] = (), by: str = w.DEPUTY, **fields: Any) -> tuple[str, x.ErasureRequested]:
    """Answer the event of a request for the mother, or for whom the fields name."""
    chosen = {**MOTHER, **fields}
    return REQUEST, x.ErasureRequested(
        account=by,
        person=chosen["person"],
        kind=chosen["kind"],
        ground=chosen["ground"],
        kept=kept,
        reason=sealed(chosen["person"], WHY),
    )


def locked(account: str, person: str) -> tuple[str, a.AccountLocked]:
    """Answer that an account is locked because its owner is erased."""
    return account, a.AccountLocked(reason=sealed(person, erasures.LOCKED_BECAUSE))


def test_administration_asks_and_the_head_as_a_second_person_decides() -> None:
    request = RequestErasure(**MOTHER, request=REQUEST)
    outcome = given(WORLD).when(request, by=w.DEPUTY).then(asked()[1])
    outcome.sealing(w.PARENT_GUARDIAN, WHY, field="erasure-requested.reason")
    approved = x.ErasureApproved(person=w.PARENT_GUARDIAN, kind="guardian", ground="purpose-reached")
    again = outcome.and_then_given()
    again.when(ApproveErasure(request=REQUEST), by=w.HEAD).then(approved, locked(w.PARENT, w.PARENT_GUARDIAN)[1])
    again.when(request, by=w.DEPUTY).then_nothing()


def test_a_lock_by_hand_is_not_made_twice() -> None:
    world = given(WORLD, asked(), locked(w.PARENT, w.PARENT_GUARDIAN))
    approved = x.ErasureApproved(person=w.PARENT_GUARDIAN, kind="guardian", ground="purpose-reached")
    world.when(ApproveErasure(request=REQUEST), by=w.HEAD).then(approved)


@pytest.mark.parametrize(
    ("by", "person"), [(w.PARENT, w.PARENT_GUARDIAN), (w.PUPIL_ACCOUNT, w.VERA), (w.PARENT, w.VERA)]
)
def test_a_person_asks_for_itself_and_a_guardian_for_the_child(by: str, person: str) -> None:
    kind: Any = "guardian" if person == w.PARENT_GUARDIAN else "pupil"
    command = RequestErasure(kind=kind, person=person, ground="consent-withdrawn", reason=WHY, request=REQUEST)
    decided = given(w.A_JOURNAL).when(command, by=by).decided
    assert [type(one.event) for one in decided] == [x.ErasureRequested]


@pytest.mark.parametrize("by", [w.PARENT, w.ADA, w.SUPPORT, w.API_CLIENT])
def test_nobody_else_asks(by: str) -> None:
    command = RequestErasure(**{**PUPIL, "person": w.GLEB})
    given(WORLD).when(command, by=by).then_refused(
        NotAllowed, saying="only a head or deputy head may ask for the erasure"
    )


def test_what_must_be_kept_is_named_when_asked_and_refuses_the_decision() -> None:
    kept = (RELATION, JOURNALS, SHEETS)
    outcome = given(WORLD).when(RequestErasure(**PUPIL, request=REQUEST), by=w.DEPUTY)
    outcome.then(asked(kept, **PUPIL)[1])
    outcome.when(ApproveErasure(request=REQUEST), by=w.HEAD).then_refused(
        erasures.MustBeKept, saying="summary sheets of final marks of the pupil's years, until 31.12.2051 (125-ФЗ"
    )


def test_a_pupil_who_left_is_kept_in_the_journals_until_their_term_which_the_closing_of_the_year_set() -> None:
    closed = (w.YEAR, y.AcademicYearClosed(journals_kept_until=date(2026, 1, 31), sheets_kept_until=date(2026, 2, 1)))
    left = (w.VERA, p.PupilLeft(left_on=w.TODAY))
    world = given(WORLD, left, closed, asked(**PUPIL))
    refused = world.at("2026-02-01 12:00").when(ApproveErasure(request=REQUEST), by=w.HEAD)
    refused.then_refused(erasures.MustBeKept, saying="this must be kept first: summary sheets")
    kept = (
        Kept(code="journal", until=date(2026, 1, 31), source=retention.JOURNAL.source),
        Kept(code="summary-sheet", until=date(2026, 2, 1), source=retention.SHEET.source),
    )
    approved = x.ErasureApproved(person=w.VERA, kind="pupil", ground="consent-withdrawn", kept=kept)
    over = world.at("2026-02-02 12:00").when(ApproveErasure(request=REQUEST), by=w.HEAD)
    over.then(approved, locked(w.PUPIL_ACCOUNT, w.VERA)[1])


@pytest.mark.parametrize("ground", sorted(retention.OVERRIDING))
def test_a_ground_that_leaves_no_choice_overrides_and_the_event_says_what_it_overrode(ground: Any) -> None:
    world = given(WORLD, asked(**PUPIL | {"ground": ground}))
    approved = x.ErasureApproved(person=w.VERA, kind="pupil", ground=ground, kept=(RELATION, JOURNALS, SHEETS))
    world.when(ApproveErasure(request=REQUEST), by=w.HEAD).then(approved, locked(w.PUPIL_ACCOUNT, w.VERA)[1])


def test_of_staff_the_journals_are_kept_and_the_personal_file_elsewhere() -> None:
    left = (w.BORIS_STAFF, p.StaffMemberLeft(left_on=date(2025, 10, 3)))
    file = Kept(code="personal-file", until=date(2075, 12, 31), source=retention.STAFF_FILE.source, here=False)
    command = RequestErasure(kind="staff", person=w.BORIS_STAFF, ground="court", reason=WHY, request=REQUEST)
    fields = {"kind": "staff", "person": w.BORIS_STAFF, "ground": "court"}
    given(WORLD, left).when(command, by=w.DEPUTY).then(asked((JOURNALS, file), **fields)[1])
    at_work = Kept(code="personal-file", source=retention.STAFF_FILE.source, here=False)
    given(WORLD).when(command, by=w.DEPUTY).then(asked((RELATION, JOURNALS, at_work), **fields)[1])


def test_a_personal_file_alone_holds_nothing_up() -> None:
    kept = retention.of_staff(left_on=date(2025, 1, 1), years=())
    assert [one.code for one in kept] == ["personal-file"]
    assert retention.in_the_way(kept, "purpose-reached", w.TODAY) == []


def test_a_year_without_days_keeps_nobody() -> None:
    bare = (*w.A_SCHOOL, (w.CLASS_5A, w.class_formed("5А")), w.pupil(w.VERA, "Васильева", "Вера"))
    outcome = given(bare).when(RequestErasure(**PUPIL, request=REQUEST), by=w.DEPUTY)
    outcome.then(asked((RELATION,), **PUPIL)[1])


def test_who_asked_does_not_decide_and_nobody_about_oneself_or_under_a_breach() -> None:
    by_head = given(WORLD, asked(by=w.HEAD))
    by_head.when(ApproveErasure(request=REQUEST), by=w.HEAD).then_refused(SecondPersonDecides, saying="two persons")
    by_head.when(ApproveErasure(request=REQUEST), by=w.DEPUTY).then_refused(NotAllowed, saying="only a head may decide")
    of_head = given(WORLD, asked(kind="staff", person=w.HEAD_STAFF, ground="court"))
    of_head.when(ApproveErasure(request=REQUEST), by=w.HEAD).then_refused(SecondPersonDecides, saying="two persons")
    breached = (
        (HEAD_TOO, a.AccountSuspended(breach=uid("breach"))),
        (HEAD_TOO, a.CredentialsReset(breach=uid("breach"))),
    )
    given(WORLD, asked(), *breached).when(ApproveErasure(request=REQUEST), by=HEAD_TOO).then_refused(
        UnderBreach, saying="let another head decide"
    )


def test_whoever_is_head_of_one_class_only_does_not_decide() -> None:
    of_class = a.RoleGranted(role="head", starts=w.FIRST_DAY, scope=a.GrantScope("class", w.CLASS_5A))
    world = given(WORLD, asked(), (w.BORIS, of_class))
    world.when(ApproveErasure(request=REQUEST), by=w.BORIS).then_refused(NotAllowed, saying="a part of the school only")
    context = MemoryContext(world.streams, {}, Actor(w.BORIS, "session", "tests"), OTHER, world.now(), "Europe/Moscow")
    with pytest.raises(NotAllowed):
        DecidesErasure(w.PARENT_GUARDIAN, w.DEPUTY).granted(context)


def test_a_rejected_request_says_why_and_leaves_room_for_another() -> None:
    world = given(WORLD, asked()).with_reserved({f"erasure/{w.PARENT_GUARDIAN}": REQUEST})
    second = RequestErasure(**MOTHER, request=OTHER)
    world.when(second, by=w.DEPUTY).then_refused(erasures.ErasureIsRequested, saying="decide on that request")
    rejected = world.when(RejectErasure(request=REQUEST, reason=WHY), by=w.DEPUTY)
    rejected.then(x.ErasureRejected(reason=sealed(w.PARENT_GUARDIAN, WHY)))
    rejected.sealing(w.PARENT_GUARDIAN, WHY, field="erasure-rejected.reason")
    after = rejected.and_then_given()
    after.when(second, by=w.DEPUTY).then(asked()[1])
    for late in (ApproveErasure(request=REQUEST), RejectErasure(request=REQUEST, reason=WHY)):
        after.when(late, by=w.HEAD).then_refused(erasures.ErasureIsDecided, saying="is rejected already")
    again = after.when(RequestErasure(**MOTHER, request=REQUEST), by=w.DEPUTY)
    again.then_refused(erasures.ErasureIsDecided, saying="take a new id")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (RequestErasure(kind="pupil", person=OTHER, ground="court", reason=WHY), UnknownPupil),
        (RequestErasure(kind="staff", person=OTHER, ground="court", reason=WHY), UnknownStaffMember),
        (RequestErasure(kind="guardian", person=OTHER, ground="court", reason=WHY), UnknownGuardian),
        (ApproveErasure(request=OTHER), erasures.UnknownErasure),
        (RejectErasure(request=OTHER, reason=WHY), erasures.UnknownErasure),
    ],
)
def test_what_is_not_there_is_refused(command: Command, refusal: type[Refusal]) -> None:
    given(WORLD).when(command, by=w.HEAD).then_refused(refusal, saying="there is no ")


def test_an_approval_and_the_end_of_a_key_are_never_void() -> None:
    assert {"erasure-approved/1", "key-destroyed/1"} <= NEVER_VOID
    assert NEVER_VOID.isdisjoint({"erasure-requested/1", "erasure-rejected/1"})


def test_what_is_done_is_told() -> None:
    approved = (REQUEST, x.ErasureApproved(person=w.PARENT_GUARDIAN, kind="guardian", ground="court"))
    destroyed = (REQUEST, x.KeyDestroyed(person=w.PARENT_GUARDIAN))
    given(WORLD, asked(), approved).when(ApproveErasure(request=REQUEST), by=w.HEAD).then_refused(
        erasures.ErasureIsDecided, saying="is approved already"
    )
    given(WORLD, asked(), approved, destroyed).when(ApproveErasure(request=REQUEST), by=w.HEAD).then_refused(
        erasures.ErasureIsDecided, saying="is destroyed already"
    )


def test_a_void_request_leaves_what_was_approved() -> None:
    state = ErasureState()
    for version, event in enumerate([asked()[1], x.ErasureApproved(person=w.VERA, kind="pupil", ground="court")], 1):
        state.evolve(event, Ref(REQUEST, version))
    state.evolve(w.class_formed("5А"), Ref(REQUEST, 3))
    assert state.standing == "approved"
    without = ErasureState()
    without.evolve(x.KeyDestroyed(person=w.VERA), Ref(REQUEST, 3))
    assert (without.standing, without.requested) == ("destroyed", None)


def test_every_class_of_keeping_has_a_source_and_a_day() -> None:
    assert {one.code for one in retention.CLASSES} == {"relation", "journal", "summary-sheet", "personal-file"}
    assert all("ФЗ" in one.source and one.since.year >= 2006 for one in retention.CLASSES)
