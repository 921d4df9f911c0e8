"""Opening the school, its regulation, kinds of work, grading systems, subjects and rooms."""

from __future__ import annotations

from datetime import date

import pytest

from ejd.kernel.command import NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.events import school as s
from ejd.kernel.ids import SCHOOL, SYSTEM, derived
from ejd.kernel.policies import FIVE_POINT, GRADING_SYSTEMS, HUNDRED_POINT, UNMARKED, WORK_KINDS
from ejd_commands.known import NamedTwice, NameTaken, NoSchool
from ejd_commands.school import (
    AdoptRegulation,
    DefineGradingSystem,
    DefineRoom,
    DefineSubject,
    DefineWorkKinds,
    NotAScale,
    OpenSchool,
    SchoolIsOpen,
    SimulationStaysSimulation,
)
from tests.scenario import given, refused_as_input, uid
from tests.worlds import A_REAL_EMPTY_SCHOOL, A_SCHOOL, ADA, API_CLIENT, DEPUTY, ENGLISH, HEAD, MATHS, ROOM_12, SUPPORT

OPEN = OpenSchool(title="Школа № 7", timezone="Europe/Moscow")
OPENED = tuple(event for _, event in A_REAL_EMPTY_SCHOOL)
ORAL = {"code": "oral", "title": "Ответ"}


def test_a_school_opens_with_defaults_that_stand_in_the_log() -> None:
    given().when(OPEN, by=SYSTEM).then(*OPENED).in_stream(SCHOOL)
    assert s.WorkKindsDefined(kinds=WORK_KINDS) in OPENED
    assert [e.system for e in OPENED if isinstance(e, s.GradingSystemDefined)] == list(GRADING_SYSTEMS)


def test_the_system_has_no_more_right_once_there_is_a_school() -> None:
    given(A_REAL_EMPTY_SCHOOL).when(OPEN, by=SYSTEM).then_refused(NotAllowed)


def test_opening_the_same_school_again_changes_nothing() -> None:
    given(A_SCHOOL).when(OPEN, by=HEAD).then_nothing()


@pytest.mark.parametrize("other", [{"title": "Школа № 8"}, {"timezone": "Asia/Omsk"}])
def test_a_second_school_is_refused(other: dict[str, str]) -> None:
    command = OPEN.model_copy(update=other)
    given(A_SCHOOL).when(command, by=HEAD).then_refused(SchoolIsOpen, saying="Школа № 7", field="title")


def test_a_real_school_never_becomes_a_simulated_one() -> None:
    command = OPEN.model_copy(update={"simulated": True})
    given(A_SCHOOL).when(command, by=HEAD).then_refused(SimulationStaysSimulation, saying="a real school")


def test_a_simulated_school_never_becomes_a_real_one() -> None:
    simulated = (SCHOOL, s.SchoolOpened(name="Школа № 7", timezone="Europe/Moscow", simulated=True))
    refused = given(A_SCHOOL, simulated).when(OPEN, by=HEAD)
    refused.then_refused(SimulationStaysSimulation, saying="a simulated school", field="simulated")


@pytest.mark.parametrize("name", ["Nowhere/Town", "Europe", "../etc/passwd", "Europe/"])
def test_a_time_zone_is_one_of_the_world(name: str) -> None:
    refused_as_input(OpenSchool, field="timezone", title="Школа", timezone=name)


def test_a_regulation_is_adopted_whole() -> None:
    adopted = s.Regulation(topic_days=1, round_up_from_hundredths=60)
    command = AdoptRegulation(starts=date(2025, 9, 1), topic_days=1, round_up_from_hundredths=60)
    outcome = given(A_SCHOOL).when(command, by=DEPUTY)
    outcome.then(s.RegulationAdopted(starts=date(2025, 9, 1), regulation=adopted)).standing_on(Ref(DEPUTY, 2))
    outcome.when(command, by=HEAD).then_nothing()


def test_a_regulation_names_windows_approvers_and_receivers_and_each_one_adopted_is_kept() -> None:
    fields = {
        "topic_window_days": 1,
        "homework_window_days": 2,
        "attendance_window_days": 3,
        "mark_window_days": 4,
        "written_work_window_days": 5,
        "final_mark_window_days": 6,
        "substitution_window_days": 365,
        "approvers": ("deputy-head",),
        "approval_days": 0,
        "backdating_hours": 720,
        "receiver_for_head": "support",
        "receiver_for_support": "head",
        "journals_kept_years": 10,
        "sheets_kept_years": 75,
    }
    first = AdoptRegulation.model_validate({"starts": "2025-09-01", **fields})
    outcome = given(A_SCHOOL).when(first, by=HEAD)
    outcome.then(s.RegulationAdopted(starts=date(2025, 9, 1), regulation=s.Regulation(**fields)))  # type: ignore[arg-type]
    second = outcome.when(first.model_copy(update={"approval_days": 5}), by=HEAD)
    assert len(second.events) == 1
    assert second.and_then_given().streams[SCHOOL][-2:] == [*outcome.events, *second.events]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topic_window_days", 366),
        ("homework_window_days", -1),
        ("attendance_window_days", 366),
        ("mark_window_days", -1),
        ("written_work_window_days", 366),
        ("final_mark_window_days", 366),
        ("substitution_window_days", True),
        ("approval_days", 366),
        ("backdating_hours", 721),
        ("approvers", []),
        ("approvers.0", ["teacher"]),
        ("approvers", ["head", "deputy-head", "head"]),
        ("receiver_for_head", "head"),
        ("receiver_for_support", "support"),
        ("journals_kept_years", 0),
        ("sheets_kept_years", 101),
    ],
)
def test_the_terms_of_a_regulation_have_limits(field: str, value: object) -> None:
    refused_as_input(AdoptRegulation, field=field, starts="2025-09-01", **{field.partition(".")[0]: value})


def test_a_role_approves_once() -> None:
    command = AdoptRegulation(starts=date(2025, 9, 1), approvers=("head", "head"))
    given(A_SCHOOL).when(command, by=HEAD).then_refused(NamedTwice, field="approvers")


def test_only_administration_adopts_a_regulation() -> None:
    given(A_SCHOOL).when(AdoptRegulation(starts=date(2025, 9, 1)), by=API_CLIENT).then_refused(NotAllowed)


def test_kinds_of_work_replace_those_before() -> None:
    command = DefineWorkKinds.model_validate({"kinds": [ORAL]})
    outcome = given(A_SCHOOL).when(command, by=HEAD)
    outcome.then(s.WorkKindsDefined(kinds=(s.WorkKind(code="oral", name="Ответ"),)))
    outcome.when(command, by=HEAD).then_nothing()


@pytest.mark.parametrize("second", [{"code": "oral", "title": "Устно"}, {"code": "oral-2", "title": "ответ"}])
def test_kinds_of_work_have_names_of_their_own(second: dict[str, str]) -> None:
    command = DefineWorkKinds.model_validate({"kinds": [ORAL, second]})
    given(A_SCHOOL).when(command, by=HEAD).then_refused(NamedTwice, saying="stands twice", field="kinds")


def test_there_are_no_kinds_of_work_without_a_school() -> None:
    given().when(DefineWorkKinds.model_validate({"kinds": [ORAL]}), by=SYSTEM).then_refused(NoSchool)


def test_teachers_do_not_set_the_school_up() -> None:
    given(A_SCHOOL).when(DefineSubject(title="Химия"), by=ADA).then_refused(NotAllowed, saying="head")


def scale(system: s.GradingSystem) -> DefineGradingSystem:
    return DefineGradingSystem.model_validate(
        {
            "code": system.code,
            "title": system.name,
            "scale": system.scale,
            "values": [
                {
                    "value": v.value,
                    "level": v.level,
                    "points": v.points,
                    "counts": v.counts,
                    "final_only": v.final_only,
                }
                for v in system.values
            ],
            "lowest": system.lowest,
            "highest": system.highest,
            "bands": [{"lowest": b.lowest, "level": b.level} for b in system.bands],
        }
    )


@pytest.mark.parametrize("system", GRADING_SYSTEMS, ids=lambda system: system.code)
def test_the_default_scales_can_be_defined_and_are_there_already(system: s.GradingSystem) -> None:
    given(A_SCHOOL).when(scale(system), by=HEAD).then_nothing()


def test_a_scale_is_defined_whole() -> None:
    command = scale(FIVE_POINT).model_copy(update={"code": "five-point-plus"})
    outcome = given(A_SCHOOL).when(command, by=HEAD)
    (event,) = outcome.events
    assert isinstance(event, s.GradingSystemDefined)
    assert event.system.values == FIVE_POINT.values


@pytest.mark.parametrize(
    ("system", "change", "saying"),
    [
        (FIVE_POINT, {"values": ()}, "a value for current marks"),
        (FIVE_POINT, {"highest": 5}, "belong to a range"),
        (HUNDRED_POINT, {"highest": 0}, "above the lowest"),
        (HUNDRED_POINT, {"bands": ()}, "ascend from its lowest"),
        (HUNDRED_POINT, {"highest": 80}, "ascend from its lowest"),
        (HUNDRED_POINT, {"values": scale(FIVE_POINT).values}, "is a number"),
        (UNMARKED, {"values": scale(FIVE_POINT).values}, "no values"),
        (UNMARKED, {"lowest": 1}, "no values"),
    ],
)
def test_what_is_no_scale_is_refused(system: s.GradingSystem, change: dict[str, object], saying: str) -> None:
    given(A_SCHOOL).when(scale(system).model_copy(update=change), by=HEAD).then_refused(NotAScale, saying=saying)


def test_a_scale_names_each_value_once() -> None:
    values = scale(FIVE_POINT).values
    command = scale(FIVE_POINT).model_copy(update={"values": (*values, values[0])})
    given(A_SCHOOL).when(command, by=HEAD).then_refused(NamedTwice, field="values")


def test_a_subject_gets_an_id_that_follows_from_the_command() -> None:
    command_id = uid("command of a subject")
    outcome = given(A_SCHOOL).when(DefineSubject(title=" Химия ", short="Хим"), by=API_CLIENT, command_id=command_id)
    stream = derived(command_id, "subject")
    outcome.then(s.SubjectDefined(name="Химия", short="Хим")).in_stream(stream)
    assert outcome.reserved == {"subject/химия": stream}


def test_a_subject_is_defined_once() -> None:
    given(A_SCHOOL).when(DefineSubject(subject=MATHS, title="Математика", short="Мат"), by=HEAD).then_nothing()


def test_renaming_a_subject_frees_its_old_name() -> None:
    renamed = given(A_SCHOOL).with_reserved({"subject/математика": MATHS})
    outcome = renamed.when(DefineSubject(subject=MATHS, title="Алгебра"), by=HEAD)
    outcome.then(s.SubjectDefined(name="Алгебра"))
    assert outcome.reserved == {"subject/алгебра": MATHS}
    assert outcome.released == ["subject/математика"]


def test_writing_a_subject_otherwise_keeps_its_name_reserved() -> None:
    outcome = given(A_SCHOOL).when(DefineSubject(subject=MATHS, title="МАТЕМАТИКА"), by=HEAD)
    outcome.then(s.SubjectDefined(name="МАТЕМАТИКА"))
    assert outcome.released == []


@pytest.mark.parametrize("title", ["математика", "Maтематика"])
def test_another_subject_cannot_have_the_name_also_in_look_alike_letters(title: str) -> None:
    taken = given(A_SCHOOL).with_reserved({"subject/математика": MATHS})
    refused = taken.when(DefineSubject(subject=ENGLISH, title=title), by=HEAD)
    refused.then_refused(NameTaken, saying="another subject is named", field="title")


def test_a_room_is_defined_once_and_can_change() -> None:
    scenario = given(A_SCHOOL)
    scenario.when(DefineRoom(room=ROOM_12, title="12", capacity=30), by=DEPUTY).then_nothing()
    bigger = DefineRoom(room=ROOM_12, title="12", capacity=32, kind="лаборатория")
    scenario.when(bigger, by=DEPUTY).then(s.RoomDefined(name="12", capacity=32, kind="лаборатория"))
    scenario.when(DefineRoom(title="15"), by=DEPUTY).then(s.RoomDefined(name="15"))


def test_support_does_not_set_the_school_up() -> None:
    given(A_SCHOOL).when(DefineRoom(title="15"), by=SUPPORT).then_refused(NotAllowed)
