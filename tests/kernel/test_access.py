"""The one decision about access: by role, scope, tie and what stands against, and whether a thing may be known of."""

from __future__ import annotations

from typing import get_args

import pytest

from ejd.kernel.access import (
    PERMITS,
    SCOPES,
    SEEN_BY,
    Access,
    Action,
    Bar,
    Facts,
    Held,
    Thing,
    ThingKind,
    Tie,
    TieKind,
    Verdict,
    admits,
    covers,
    decide,
    sees,
)
from ejd.kernel.envelope import Ref
from ejd.kernel.events.accounts import GrantScope, Role

ROLES: tuple[Role, ...] = get_args(Role)
ACTIONS: tuple[Action, ...] = get_args(Action)
CLASS, OTHER = GrantScope(kind="class", id="5a"), GrantScope(kind="class", id="5b")
JOURNAL = Thing("journal", "maths", frozenset({GrantScope(kind="journal", id="maths"), CLASS}))
GRANT, LOAD = Ref("account", 2), Ref("maths", 3)

WHO_MAY: dict[Action, str] = {
    "set-up": "head deputy-head api-client",
    "administer": "head deputy-head",
    "decide-alone": "head",
    "manage-accounts": "head support",
    "appoint": "head",
    "write-record": "teacher",
    "acknowledge": "parent",
    "register-paper": "head deputy-head teacher",
    "give-code": "head deputy-head support teacher",
    "keep-credentials": "",
    "consent": "parent pupil teacher head deputy-head",
    "register-consent": "head deputy-head teacher",
    "decide-request": "head deputy-head",
    "withdraw-request": "teacher head deputy-head",
    "ask-erasure": "head deputy-head",
    "decide-erasure": "head",
    "report-breach": "head deputy-head support",
    "receive-notice": "head deputy-head support",
    "decide-breach": "head deputy-head",
    "reset-credentials": "support head deputy-head",
    "act-in-role": "head deputy-head teacher pupil parent support api-client",
    "read": "head deputy-head teacher pupil parent support api-client",
    "send": "head deputy-head teacher pupil parent support api-client",
}
"""Written out by hand: a change of the rules must be made twice."""
TIES: dict[tuple[Action, Role], set[TieKind]] = {
    ("write-record", "teacher"): {"load", "substitution"},
    ("acknowledge", "parent"): {"guardianship"},
    ("register-paper", "teacher"): {"class-teacher"},
    ("register-consent", "teacher"): {"class-teacher"},
    ("give-code", "teacher"): {"class-teacher"},
    **{("consent", role): {"oneself", "guardianship"} for role in ROLES if role not in {"support", "api-client"}},
    ("withdraw-request", "teacher"): {"asked"},
    ("withdraw-request", "head"): {"asked"},
    ("withdraw-request", "deputy-head"): {"asked"},
}
BARS: dict[Action, set[Bar]] = {
    "decide-request": {"asked-oneself", "under-breach"},
    "decide-erasure": {"asked-oneself", "under-breach"},
    "receive-notice": {"own-breach", "under-breach"},
    "decide-breach": {"own-breach", "under-breach"},
    "reset-credentials": {"own-breach", "under-breach"},
}
OWNERS = {"report-breach", "send", "ask-erasure", "keep-credentials"}
FOUNDING = {"set-up", "manage-accounts", "appoint", "give-code"}


def test_every_action_has_its_permit_and_expectation() -> None:
    assert set(PERMITS) == set(ACTIONS) == set(WHO_MAY)
    assert set(SEEN_BY) == set(get_args(ThingKind))
    assert set(SCOPES) == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_role_does_what_it_may_with_the_tie_that_it_takes(action: Action, role: Role) -> None:
    held = Facts([Held(role, GRANT)])
    if role not in WHO_MAY[action].split():
        assert decide(action, held) == Verdict(allowed=False, lacks="role")
        return
    wanted = TIES.get((action, role))
    if wanted is None:
        assert decide(action, held) == Verdict(allowed=True, refs=(GRANT,))
        return
    for kind in get_args(TieKind):
        verdict = decide(action, held._replace(ties=[Tie(kind, LOAD)]))
        if kind in wanted:
            assert verdict == Verdict(allowed=True, refs=(GRANT, LOAD))
        else:
            assert verdict == Verdict(allowed=False, lacks="tie"), "a tie of any kind lets know of the thing"


@pytest.mark.parametrize("bar", get_args(Bar))
@pytest.mark.parametrize("action", ACTIONS)
def test_what_stands_against_somebody_bars_the_actions_it_is_about(action: Action, bar: Bar) -> None:
    role: Role = next(iter(PERMITS[action].roles), "head")
    if role not in PERMITS[action].roles:
        assert action not in BARS
        return
    ties = [Tie(kind) for kind in TIES.get((action, role), ())]
    verdict = decide(action, Facts([Held(role, GRANT)], ties, {bar}))
    if bar in BARS.get(action, set()):
        assert verdict == Verdict(allowed=False, lacks=bar)
    else:
        assert verdict.allowed


@pytest.mark.parametrize("action", ACTIONS)
def test_the_owner_needs_no_role_where_it_is_about_what_is_the_own(action: Action) -> None:
    verdict = decide(action, Facts(ties=[Tie("owner", LOAD)]))
    assert verdict == (Verdict(allowed=True) if action in OWNERS else Verdict(allowed=False, lacks="role"))
    part = Held("support", GRANT, CLASS)
    assert decide(action, Facts([part], [Tie("owner")])).allowed is (action in OWNERS)


@pytest.mark.parametrize("action", ACTIONS)
def test_the_system_acts_before_anybody_else_can(action: Action) -> None:
    assert decide(action, Facts(founding=True)).allowed is (action in FOUNDING)
    assert decide(action, Facts(founding=False)).allowed is False


def test_a_grant_reaches_the_whole_school_or_what_lies_in_its_scope() -> None:
    whole, here, there = Held("deputy-head"), Held("deputy-head", scope=CLASS), Held("deputy-head", scope=OTHER)
    assert [covers(one, JOURNAL) for one in (whole, here, there)] == [True, True, False]
    assert [covers(one, Thing("school")) for one in (whole, here, there)] == [True, False, False]
    assert all(covers(one, Thing("directory")) for one in (whole, here, there))


def test_a_deputy_head_of_a_class_administers_there_and_knows_nothing_of_other_journals() -> None:
    assert decide("administer", Facts([Held("deputy-head", GRANT, CLASS)]), JOURNAL).allowed
    foreign = decide("administer", Facts([Held("deputy-head", GRANT, OTHER)]), JOURNAL)
    assert foreign == Verdict(allowed=False, lacks="scope", known=False)
    assert foreign.status == 404
    tied = decide("administer", Facts([Held("deputy-head", GRANT, OTHER)], [Tie("class-teacher")]), JOURNAL)
    assert tied == Verdict(allowed=False, lacks="scope", known=True)
    school = decide("administer", Facts([Held("deputy-head", GRANT, CLASS)]))
    assert (school.allowed, school.lacks, school.status) == (False, "scope", 403)


def test_of_several_grants_the_one_that_reaches_is_stood_on() -> None:
    grants = [Held("deputy-head", Ref("account", 1), OTHER), Held("deputy-head", GRANT)]
    assert decide("administer", Facts(grants), JOURNAL).refs == (GRANT,)
    both = [Held("teacher", Ref("account", 1)), Held("head", GRANT)]
    assert decide("register-paper", Facts(both), Thing("child")).refs == (GRANT,)
    assert decide("register-paper", Facts(both[::-1], [Tie("class-teacher", LOAD)]), Thing("child")).refs == (GRANT,)
    assert decide("administer", Facts([Held("head")])).refs == ()


@pytest.mark.parametrize("kind", get_args(ThingKind))
@pytest.mark.parametrize("role", ROLES)
def test_who_may_not_see_a_thing_is_answered_as_if_it_were_not_there(role: Role, kind: ThingKind) -> None:
    thing = Thing(kind, "x")
    assert sees([Held(role)], thing) is (role in SEEN_BY[kind])
    assert not sees([], thing)
    verdict = decide("write-record", Facts([Held("teacher"), Held(role)]), thing)
    seen = role in SEEN_BY[kind] or "teacher" in SEEN_BY[kind]
    assert (verdict.allowed, verdict.lacks, verdict.status) == (False, "tie", 403 if seen else 404)
    assert verdict.known is seen


def test_lacking_the_role_tells_nothing_of_the_thing() -> None:
    verdict = decide("write-record", Facts([Held("parent")]), Thing("journal", "x"))
    assert (verdict.lacks, verdict.status) == ("role", 403)
    assert Verdict(allowed=True, known=False).status == 200


def test_a_regulation_narrows_the_roles_and_says_their_order() -> None:
    head = Facts([Held("head", GRANT), Held("deputy-head", LOAD)])
    assert decide("decide-request", head, only=("deputy-head", "head")).refs == (LOAD,)
    assert decide("decide-request", head, only=[ROLES[2]]) == Verdict(allowed=False, lacks="role")
    assert decide("administer", Facts([Held("support", GRANT)]), only=[ROLES[5]]).lacks == "role"


def test_by_roles_alone_nobody_is_let_in_who_never_may() -> None:
    writes = Access("write-record", "journal", also="administer")
    assert writes.roles == ("teacher", "head", "deputy-head")
    assert admits(writes, [Held("deputy-head", scope=CLASS)]).allowed
    assert admits(writes, [Held("parent"), Held("support")]) == Verdict(allowed=False, lacks="role")
    assert admits(writes, []) == Verdict(allowed=False, lacks="role")
    assert admits(Access("send", "school"), []).allowed
    assert admits(Access("report-breach", "account"), []).allowed


def test_what_is_about_the_whole_school_takes_a_grant_for_the_whole_of_it() -> None:
    school = Access("administer", "school")
    assert admits(school, [Held("deputy-head", scope=CLASS)]) == Verdict(allowed=False, lacks="scope")
    assert admits(school, [Held("deputy-head", scope=CLASS), Held("teacher")]).lacks == "scope"
    assert admits(school, [Held("deputy-head", scope=CLASS), Held("head")]).allowed
    assert admits(Access("administer", "journal"), [Held("deputy-head", scope=CLASS)]).allowed


def test_a_question_is_for_its_readers() -> None:
    question = Access("read", "journal", readers=frozenset({"parent", "head"}))
    assert question.roles == ("head", "parent")
    assert admits(question, [Held("parent")]).allowed
    assert not admits(question, [Held("teacher")]).allowed
    assert Access("read", "journal").doing == "do this"
