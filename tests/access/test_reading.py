"""Who may read what: every question and role, own and foreign."""

from __future__ import annotations

from typing import get_args

import pytest

from ejd.access.reading import (
    DIRECTORY,
    NARROWED,
    ONESELF,
    READERS,
    Duties,
    check_reader,
    of_administration,
    reads_whole_school,
    sight,
    taught_within,
)
from ejd.kernel.access import Held
from ejd.kernel.command import NotAllowed
from ejd.kernel.events.accounts import GrantScope, Role

ROLES: tuple[Role, ...] = get_args(Role)
DUTIES = Duties(journals=frozenset({"own"}), classes=frozenset({"5a"}), pupils=frozenset({"child"}))
MATRIX = {
    "school": "head deputy-head teacher pupil parent support api-client",
    "grading-systems": "head deputy-head teacher pupil parent api-client",
    "curricula": "head deputy-head teacher pupil parent api-client",
    "classes": "head deputy-head teacher pupil parent api-client",
    "journals": "head deputy-head teacher pupil parent api-client",
    "staff": "head deputy-head teacher api-client",
    "substitutions": "head deputy-head teacher api-client",
    "substitution-hours": "head deputy-head teacher api-client",
    "substitution-proposals": "head deputy-head",
    "year-closing": "head deputy-head",
    "next-year": "head deputy-head",
    "calendar": "head deputy-head teacher pupil parent api-client",
    "rooms": "head deputy-head teacher pupil parent api-client",
    "lessons-not-made-up": "head deputy-head teacher api-client",
    "members": "head deputy-head teacher api-client",
    "lessons": "head deputy-head teacher pupil parent api-client",
    "timetable-grid": "head deputy-head teacher pupil parent api-client",
    "timetable-calendar": "head deputy-head teacher pupil parent api-client",
    "oneroster": "head deputy-head api-client",
    "loads": "head deputy-head teacher api-client",
    "people": "head deputy-head teacher api-client",
    "gradebook": "head deputy-head teacher pupil parent api-client",
    "progress": "head deputy-head teacher pupil parent api-client",
    "missed-topics": "head deputy-head teacher pupil parent api-client",
    "gradebook-changes": "head deputy-head teacher pupil parent api-client",
    "fill-completeness": "head deputy-head teacher api-client",
    "curriculum": "head deputy-head teacher api-client",
    "control-works-schedule": "head deputy-head teacher api-client",
    "thematic-plan": "head deputy-head teacher api-client",
    "programme": "head deputy-head teacher api-client",
    "events": "head deputy-head",
    "breaches": "head deputy-head support",
    "breach": "head deputy-head support",
    "breach-dependents": "head deputy-head",
    "breach-preview": "head deputy-head",
    "erasures": "head deputy-head",
    "person-data": "head deputy-head teacher parent pupil",
    "outbox": "head deputy-head",
    "open-dependents": "head deputy-head",
    "without-basis": "head deputy-head",
    "audit-corrections": "head deputy-head",
    "audit-requests": "head deputy-head",
    "audit-signals": "head deputy-head",
    "audit-cell": "head deputy-head",
    "audit-lesson": "head deputy-head",
    "audit-final-mark": "head deputy-head",
    "production-calendar": "head deputy-head teacher pupil parent api-client",
    "production-calendar-file": "head deputy-head api-client",
    "timetable": "head deputy-head teacher pupil parent api-client",
    "timetable-conflicts": "head deputy-head api-client",
    "timetable-preview": "head deputy-head api-client",
    "looks": "head deputy-head teacher pupil parent",
    "consents": "head deputy-head teacher pupil parent",
    "readiness": "head deputy-head teacher api-client",
    "readiness-history": "head deputy-head api-client",
    **dict.fromkeys(
        (
            *("session", "sign-out", "sessions", "end-session", "end-other-sessions", "step-up", "set-password"),
            *("begin-totp", "begin-passkey", "second-factors", "add-second-factor", "recovery-codes"),
            "remove-second-factor",
        ),
        "head deputy-head teacher pupil parent support",
    ),
    "issue-codes": "head deputy-head teacher support",
    "tokens": "head deputy-head teacher pupil parent support api-client",
    **dict.fromkeys(("imports", "import", "import-upload", "import-apply", "import-undo"), "head deputy-head"),
}
"""Written out by hand: a change of the rules must be made twice."""


def test_the_matrix_has_every_question() -> None:
    assert set(MATRIX) == set(READERS)


@pytest.mark.parametrize("question", MATRIX)
@pytest.mark.parametrize("role", ROLES)
def test_only_the_named_roles_may_ask(question: str, role: Role) -> None:
    grants = [Held(role)]
    if role in MATRIX[question].split():
        check_reader(question, grants)
    else:
        with pytest.raises(NotAllowed, match="this can be read by: head"):
            sight(question, grants, DUTIES)


def test_nobody_without_a_role_may_ask_anything() -> None:
    for question in READERS:
        with pytest.raises(NotAllowed):
            sight(question, [], DUTIES)


@pytest.mark.parametrize("role", ["head", "deputy-head", "api-client"])
def test_administration_and_programs_see_the_whole_school(role: Role) -> None:
    seen = sight("gradebook", [Held(role)], Duties())
    assert reads_whole_school([Held(role)])
    assert seen.whole_journal("any", "any")
    assert seen.whole_class("any")


def test_a_teacher_sees_own_journals_and_the_own_class() -> None:
    seen = sight("gradebook", [Held("teacher")], DUTIES)
    assert seen.whole_journal("own", "5b")
    assert seen.whole_journal("foreign", "5a"), "kept for the own class"
    assert not seen.whole_journal("foreign", "5b")
    assert seen.part_of_journal(frozenset({"5a", "5b"}))
    assert not seen.part_of_journal(frozenset({"5b"}))
    assert not seen.family("child"), "a teacher's child is seen by the role of a parent"


@pytest.mark.parametrize("role", ["parent", "pupil"])
def test_a_family_sees_its_own_rows_only(role: Role) -> None:
    seen = sight("gradebook", [Held(role)], DUTIES)
    assert seen.family("child")
    assert not seen.family("other")
    assert not seen.whole_journal("own", "5a")
    assert not seen.part_of_journal(frozenset({"5a"}))
    assert not seen.whole_class("5a")


def test_a_teacher_with_a_child_here_has_both() -> None:
    seen = sight("gradebook", [Held("teacher"), Held("parent")], DUTIES)
    assert seen.whole_journal("own", "5b")
    assert seen.family("child")
    fill = sight("fill-completeness", [Held("teacher"), Held("parent")], DUTIES)
    assert not fill.family("child"), "no question for parents"


CLASS, JOURNAL, CHILD = (GrantScope(kind=kind, id=kind) for kind in ("class", "journal", "child"))


def test_every_question_is_of_one_kind() -> None:
    assert set(READERS) >= DIRECTORY | NARROWED | ONESELF
    assert len(DIRECTORY | NARROWED | ONESELF) == len(DIRECTORY) + len(NARROWED) + len(ONESELF)


@pytest.mark.parametrize("question", MATRIX)
def test_a_role_for_a_part_of_the_school_asks_nothing_about_all_of_it(question: str) -> None:
    grants = [Held("deputy-head", scope=CLASS)]
    if question in DIRECTORY | NARROWED | ONESELF:
        check_reader(question, grants)
    else:
        with pytest.raises(NotAllowed, match="administration"):
            check_reader(question, grants)


@pytest.mark.parametrize("role", ["deputy-head", "api-client"])
def test_a_role_for_a_class_sees_what_its_class_teacher_sees(role: Role) -> None:
    grants = [Held(role, scope=CLASS)]
    seen = sight("gradebook", grants, DUTIES)
    assert not reads_whole_school(grants)
    assert not of_administration(grants)
    assert (seen.everything, seen.staff, seen.teaches, seen.personal) == (False, True, False, True)
    assert seen.duties == Duties(classes=frozenset({"class"}))


def test_a_program_for_a_journal_or_a_child_sees_only_that() -> None:
    journal = sight("gradebook", [Held("api-client", scope=JOURNAL)], Duties())
    assert journal.duties == Duties(journals=frozenset({"journal"}))
    assert journal.staff
    child = sight("gradebook", [Held("api-client", scope=CHILD)], Duties())
    assert child.duties == Duties(pupils=frozenset({"child"}))
    assert not child.staff


def test_a_parents_grant_for_one_child_shows_that_one_while_it_is_the_own_child() -> None:
    grants = [Held("parent", scope=CHILD)]
    both = Duties(pupils=frozenset({"child", "sister"}))
    assert sight("gradebook", grants, both).duties.pupils == {"child"}
    assert sight("gradebook", grants, Duties(pupils=frozenset({"sister"}))).duties.pupils == frozenset()


def test_a_teachers_grant_for_one_journal_takes_the_load_too_and_heads_no_class() -> None:
    grants = [Held("teacher", scope=JOURNAL)]
    seen = sight("gradebook", grants, DUTIES)
    assert (seen.duties, seen.staff, seen.teaches) == (Duties(), True, True)
    assert taught_within(grants) == frozenset({"journal"})
    assert taught_within([*grants, Held("teacher")]) is None
    assert taught_within([Held("parent")]) == frozenset()


def test_technical_support_sees_nothing_personal_where_it_may_ask() -> None:
    assert not sight("breaches", [Held("support")], Duties()).personal
    assert sight("breaches", [Held("head")], Duties()).personal
    assert sight("breaches", [Held("head"), Held("support")], Duties()).personal
