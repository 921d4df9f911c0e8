"""Who may read what: every question and role, own and foreign."""

from __future__ import annotations

from typing import get_args

import pytest

from ejd.access.reading import READERS, Duties, check_reader, reads_whole_school, sight
from ejd.kernel.command import NotAllowed
from ejd.kernel.events.accounts import Role

ROLES: tuple[str, ...] = get_args(Role)
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
    "timetable": "head deputy-head teacher pupil parent api-client",
    "timetable-conflicts": "head deputy-head api-client",
    "timetable-preview": "head deputy-head api-client",
    "looks": "head deputy-head teacher pupil parent",
    "consents": "head deputy-head teacher pupil parent",
    "readiness": "head deputy-head teacher api-client",
    "readiness-history": "head deputy-head api-client",
    **dict.fromkeys(
        ("session", "sign-out", "sessions", "end-session", "end-other-sessions", "step-up", "set-password"),
        "head deputy-head teacher pupil parent support",
    ),
    **dict.fromkeys(("imports", "import", "import-upload", "import-apply", "import-undo"), "head deputy-head"),
}
"""Written out by hand: a change of the rules must be made twice."""


def test_the_matrix_has_every_question() -> None:
    assert set(MATRIX) == set(READERS)


@pytest.mark.parametrize("question", MATRIX)
@pytest.mark.parametrize("role", ROLES)
def test_only_the_named_roles_may_ask(question: str, role: str) -> None:
    roles = frozenset({role})
    if role in MATRIX[question].split():
        check_reader(question, roles)
    else:
        with pytest.raises(NotAllowed, match="this can be read by: head"):
            sight(question, roles, DUTIES)


def test_nobody_without_a_role_may_ask_anything() -> None:
    for question in READERS:
        with pytest.raises(NotAllowed):
            sight(question, frozenset(), DUTIES)


@pytest.mark.parametrize("role", ["head", "deputy-head", "api-client"])
def test_administration_and_programs_see_the_whole_school(role: str) -> None:
    seen = sight("gradebook", frozenset({role}), Duties())
    assert reads_whole_school(frozenset({role}))
    assert seen.whole_journal("any", "any")
    assert seen.whole_class("any")


def test_a_teacher_sees_own_journals_and_the_own_class() -> None:
    seen = sight("gradebook", frozenset({"teacher"}), DUTIES)
    assert seen.whole_journal("own", "5b")
    assert seen.whole_journal("foreign", "5a"), "kept for the own class"
    assert not seen.whole_journal("foreign", "5b")
    assert seen.part_of_journal(frozenset({"5a", "5b"}))
    assert not seen.part_of_journal(frozenset({"5b"}))
    assert not seen.family("child"), "a teacher's child is seen by the role of a parent"


@pytest.mark.parametrize("role", ["parent", "pupil"])
def test_a_family_sees_its_own_rows_only(role: str) -> None:
    seen = sight("gradebook", frozenset({role}), DUTIES)
    assert seen.family("child")
    assert not seen.family("other")
    assert not seen.whole_journal("own", "5a")
    assert not seen.part_of_journal(frozenset({"5a"}))
    assert not seen.whole_class("5a")


def test_a_teacher_with_a_child_here_has_both() -> None:
    seen = sight("gradebook", frozenset({"teacher", "parent"}), DUTIES)
    assert seen.whole_journal("own", "5b")
    assert seen.family("child")
    fill = sight("fill-completeness", frozenset({"teacher", "parent"}), DUTIES)
    assert not fill.family("child"), "no question for parents"
