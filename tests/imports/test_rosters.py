"""A OneRoster export becomes people, classes, groups and journals, once; a later one brings only what changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ejd.app import School
from ejd.imports.oneroster import oneroster_files, read_oneroster
from ejd.imports.packed import digest_of
from ejd.imports.roster_report import undo_lines
from ejd.imports.roster_undo import undo_import
from ejd.kernel.command import Command
from ejd.kernel.states.people import GuardianState, StaffState
from ejd.kernel.states.teaching import ClassState
from ejd_commands.classes import AppointClassTeacher, FormClass
from ejd_commands.journals import AssignTeacher, UnassignTeacher
from ejd_commands.movement import LeaveGroup, RecordDeparture, TransferPupil
from ejd_commands.people import EndGuardianship, EstablishGuardianship, RegisterGuardian
from ejd_commands.person_records import CorrectBirthDate, CorrectPersonName
from tests import worlds as w
from tests.imports.roster_files import (
    CLASSES,
    ENROLLMENTS,
    ROLES,
    TABLES,
    USERS,
    Line,
    bringing,
    counts,
    everything_read,
    imported,
    importing,
    lines,
    oneroster,
    replaced,
)
from tests.imports.roster_now import TODAY, Now, hand
from tests.imports.shared_data import real_file
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import NOON, Clock, TinySchool, tiny_school

FIRST = date(2025, 9, 1)


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """The school on either database."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database, build=False, clock=Clock(NOON)) as made:
        yield made


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """The school on SQLite."""
    with tiny_school("sqlite", tmp_path, build=False, clock=Clock(NOON)) as made:
        yield made.school


def test_a_roster_becomes_a_school(tiny: TinySchool) -> None:
    report = imported(tiny.school, oneroster())
    now = Now(tiny.school)
    assert (report.state, report.year, report.starts) == ("applied", w.YEAR, "2025-09-01")
    assert counts(report) == {"added": 19}
    assert (now.class_of("Ёжиков"), now.class_of("Аистова"), now.class_of("Белкина")) == ("8А", "8А", "8Б")
    assert now.row("Ёжиков")["birth_date"] == "2011-02-03"
    assert now.members("Английский 1") == {"Ёжиков", "Белкина"}
    assert now.teachers("Английский язык, Английский 1") == {"Шекспир"}
    _, state = now.journal("Физика, 8А")  # all pupils of one homeroom: the class's own journal
    assert state.opened is not None
    assert (state.opened.group_kind, now.teachers("Физика, 8А")) == ("class", {"Ньютон"})
    class_8a = now.states.load(ClassState, now.class_named("8А"))
    assert class_8a.formed is not None
    assert (class_8a.formed.grade, class_8a.teachers) == (8, {FIRST: now.person("Ньютон")})
    guardian = now.states.load(GuardianState, now.person("Ёжикова"))
    assert guardian.relations == {now.person("Ёжиков"): "mother"}
    assert now.row("Ёжикова")["email"] == "maria@example.org"
    assert "users.csv: passwords are never read (password)." in report.notes


def test_importing_twice_changes_nothing(tiny: TinySchool) -> None:
    imported(tiny.school, oneroster())
    position = tiny.school.store.last_position()
    again = imported(tiny.school, oneroster())
    assert (again.state, counts(again), again.commands) == ("unchanged", {}, 0)
    assert tiny.school.store.last_position() == position
    other = imported(tiny.school, oneroster("delta"))
    assert (other.state, tiny.school.store.last_position()) == ("unchanged", position)


def test_a_trial_stores_nothing(school: School) -> None:
    position = school.store.last_position()
    report = importing(school, oneroster()).report()
    assert (report.state, counts(report), school.store.last_position()) == ("rehearsed", {"added": 19}, position)


def test_what_a_later_file_says_counts_from_today(school: School) -> None:
    imported(school, oneroster())
    users = replaced(USERS, u1="u1,,true,Ёжиков,Ёж,Ежевич,,,g1,08,", g1=USERS[5].replace("maria@", "new@"))
    moved = replaced(ENROLLMENTS, e3="e3,,h8a,s,u3,student,,,", e9="e9,tobedeleted,en1,s,u3,student,,,")
    report = imported(school, oneroster(users=users, enrollments=moved))
    assert report.starts == "2025-10-06"
    assert lines(report, "changed") == [
        "pupil Ёжиков Ёж Ежевич (was Ёжиков Ёж Ёжович)",
        "pupil Белкина Белла (8А)",
        "guardian Ёжикова Мария (contacts)",
    ]
    now = Now(school)
    assert (now.class_of("Белкина", FIRST), now.class_of("Белкина")) == ("8Б", "8А")
    assert now.members("Английский 1") == {"Ёжиков"}
    assert now.members("Английский 1", FIRST) == {"Ёжиков", "Белкина"}
    assert (now.row("Ёжиков")["middle"], now.row("Ёжикова")["email"]) == ("Ежевич", "new@example.org")


def test_in_a_whole_list_what_is_missing_has_ended(school: School) -> None:
    imported(school, oneroster())
    users, roles = replaced(USERS, u2="", t2=""), replaced(ROLES, s2="", r1="")
    left = replaced(ENROLLMENTS, e2="", e6="", e10="", e8="")
    report = imported(school, oneroster(users=users, roles=roles, enrollments=left))
    assert sorted(lines(report, "ended")) == [
        "group member Английский 1",
        "load Английский язык, Английский 1",
        "pupil Аистова Анна",
        "staff member Шекспир Вильям",
    ]
    now = Now(school)
    assert (now.class_of("Аистова", FIRST), now.class_of("Аистова")) == ("8А", "")
    assert now.states.load(StaffState, now.person("Шекспир")).left_on == date(2025, 10, 5)
    back = imported(school, oneroster())
    assert sorted(lines(back, "changed")) == ["pupil Аистова Анна (8А)", "staff member Шекспир Вильям"]
    assert Now(school).class_of("Аистова") == "8А"


def test_a_group_that_a_whole_list_no_longer_names_has_nobody(school: School) -> None:
    imported(school, oneroster())
    classes = replaced(CLASSES, en1="")
    enrollments = replaced(ENROLLMENTS, e8="", e9="", e10="")
    report = imported(school, oneroster(classes=classes, enrollments=enrollments))
    assert lines(report, "ended") == [
        "group member Английский 1",
        "group member Английский 1",
        "load Английский язык, Английский 1",
    ]
    assert Now(school).members("Английский 1") == set()
    assert imported(school, oneroster(classes=classes, enrollments=enrollments)).state == "unchanged"


def test_in_a_delta_only_what_is_to_be_deleted_has_ended(school: School) -> None:
    imported(school, oneroster())
    gone = oneroster(
        "delta",
        classes=("h8b,tobedeleted,8Б,08,,homeroom,s,y", "en1,tobedeleted,Английский 1,08,c2,scheduled,s,y"),
        users=("u3,tobedeleted,true,Белкина,Белла,,,,,08,", "t1,tobedeleted,true,Ньютон,Исаак,Исаакович,,,,,"),
        roles=("s3,,u3,primary,student,s", "r0,,t1,primary,teacher,s"),
        enrollments=("e7,tobedeleted,p8a,s,t1,teacher,true,,",),
        demographics=(),
        courses=(),
    )
    report = imported(school, gone)
    assert sorted(lines(report, "ended")) == [
        "load Физика, 8А",
        "pupil Белкина Белла",
        "staff member Ньютон Исаак Исаакович",
    ]
    assert len(lines(report, "kept")) == 3  # class, group and journal stay with their records
    assert imported(school, gone).state == "unchanged"


def test_a_delta_finds_what_earlier_files_brought(school: School) -> None:
    imported(school, oneroster())
    line: Line = ("e11,,en1,s,u2,student,,2025-10-10,2026-01-01",)
    nothing: dict[str, Any] = {name: () for name in TABLES if name != "enrollments"}
    delta = oneroster("delta", **nothing, enrollments=line)
    report = imported(school, delta, name="2025/26")
    assert lines(report, "added") == ["group member Английский 1"]
    now = Now(school)
    assert (now.members("Английский 1"), "Аистова" in now.members("Английский 1", date(2025, 10, 10))) == (
        {"Ёжиков", "Белкина"},
        True,
    )


def change_by_hand(school: School) -> None:
    """Change everything that a roster may say."""
    now = Now(school)
    hedgehog, stork, mother = now.person("Ёжиков"), now.person("Аистова"), now.person("Ёжикова")
    english, _ = now.journal("Английский язык, Английский 1")
    class_8b = now.states.load(ClassState, now.class_named("8Б")).formed
    assert class_8b is not None
    commands = (
        CorrectPersonName(kind="pupil", person=hedgehog, family="Ежов", given="Егор"),
        CorrectBirthDate(pupil=hedgehog, birth_date=date(2011, 2, 4)),
        TransferPupil(pupil=stork, class_id=w.CLASS_5A, transferred_on=TODAY),
        RecordDeparture(pupil=now.person("Белкина"), left_on=TODAY),
        LeaveGroup(pupil=hedgehog, group=now.group_named("Английский 1"), left_on=TODAY),
        AppointClassTeacher(class_id=now.class_named("8А"), staff=w.ADA_STAFF, starts=TODAY),
        UnassignTeacher(journal=english, staff=now.person("Шекспир"), ends=date(2025, 10, 5)),
        AssignTeacher(journal=english, staff=w.ADA_STAFF, starts=TODAY, hours_per_week=3),
        RegisterGuardian(guardian=mother, family="Ёжикова", given="Марина", email="hand@example.org"),
        EndGuardianship(guardian=mother, pupil=hedgehog, ends=TODAY),
        FormClass(
            class_id=now.class_named("8Б"),
            year=w.YEAR,
            title="8 лицейский",
            grade=8,
            scheme=class_8b.scheme,
            bells=class_8b.bells,
        ),
    )
    for number, command in enumerate(commands):
        hand(school, command, number)


def test_what_people_changed_by_hand_stays_and_is_named(school: School) -> None:
    imported(school, oneroster())
    change_by_hand(school)
    position = school.store.last_position()
    report = imported(school, oneroster())
    assert (report.state, school.store.last_position()) == ("unchanged", position)
    kept = lines(report, "kept")
    for words in (
        "class 8Б (is called “8 лицейский” in the school)",
        "pupil Ёжиков Ёж Ёжович (is called Ежов Егор in the school)",
        "(has another birth date in the school)",
        "pupil Аистова Анна (was put into 5А in the school)",
        "pupil Белкина Белла (has left the school)",
        "class teacher 8А (was appointed in the school)",
        "(left the group in the school)",
        "load Английский язык, Английский 1 (was ended in the school)",
        "guardian Ёжикова Мария (is called Ёжикова Марина in the school)",
        "(has other contacts in the school)",
        "guardianship mother (was ended in the school)",
    ):
        assert any(words.replace("“", "").replace("”", "") in one.replace("“", "").replace("”", "") for one in kept), (
            words,
            kept,
        )


def test_told_to_overwrite_the_file_wins_and_says_so(school: School) -> None:
    imported(school, oneroster())
    change_by_hand(school)
    report = imported(school, oneroster(), overwrite=True)
    assert counts(report).keys() <= {"changed", "added", "ended", "refused"}
    now = Now(school)
    assert (now.class_of("Аистова"), now.class_of("Ёжиков")) == ("8А", "8А")
    assert now.row("Ёжиков")["birth_date"] == "2011-02-03"
    assert now.class_named("8Б")
    assert imported(school, oneroster(), overwrite=True).state == "unchanged"


def test_somebody_of_the_school_is_found_by_name_and_class_and_known_from_then_on(school: School) -> None:
    users = ("v,,true,васильева,ВЕРА,Олеговна,,,o,05,", "o,,true,Васильева,Ольга,,olga@example.org,,,,")
    roles = ("r1,,v,primary,student,s", "r2,,o,primary,parent,s")
    classes, enrollments = ("h5a,,5A,05,,homeroom,s,y",), ("e1,,h5a,s,v,student,,,",)  # A is Latin
    files = oneroster(users=users, roles=roles, classes=classes, enrollments=enrollments, demographics=(), courses=())
    report = imported(school, files)
    now = Now(school)
    assert [row[0] for row in now.people if row[3] == "Вера"] == [w.VERA]
    assert "Names of classes written in another way (8A for 8А) than the school's: 1." in report.notes
    assert sorted(one.noun for one in report.differences if "known by the id" in one.detail) == [
        "class",
        "guardian",
        "pupil",
    ]
    hand(school, CorrectPersonName(kind="pupil", person=w.VERA, family="Петрова", given="Вера"), 1)
    again = imported(school, files)
    assert (again.state, len(lines(again, "kept"))) == ("unchanged", 1)


def test_two_who_fit_are_not_guessed(school: School) -> None:
    imported(school, oneroster(), source="other program")
    twins = replaced(USERS, u3="u3,,true,Аистова,Анна,,,,,08,")
    enrolled = replaced(ENROLLMENTS, e3="e3,,h8a,s,u3,student,,,")
    demographics = ("u1,,2011-02-03,male",)
    imported(school, oneroster(users=twins, enrollments=enrolled, demographics=demographics), source="third")
    report = imported(school, oneroster(demographics=demographics), source="fourth")
    assert [one.reason for one in report.refusals if one.file == "users.csv"] == [
        "several of the school fit this pupil: 2; give an id or more"
    ]


def test_an_interrupted_import_goes_on(tiny: TinySchool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ejd.imports.import_run.PART_COMMANDS_MAX", 4)
    whole = importing(tiny.school, oneroster())
    handle = tiny.school.handler.handle
    handled: list[int] = []

    def dying(*args: object, **options: object) -> object:
        if len(handled) == 3:
            raise KeyboardInterrupt
        handled.append(1)
        return handle(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny.school.handler, "handle", dying)
    with pytest.raises(KeyboardInterrupt):
        whole.apply()
    monkeypatch.setattr(tiny.school.handler, "handle", handle)
    again = importing(tiny.school, oneroster())
    assert again.import_id == whole.import_id
    report = again.apply()
    assert (report.continued, report.state, report.commands) == (True, "applied", 19 - 8)
    assert imported(tiny.school, oneroster()).state == "unchanged"
    before = everything_read(tiny.school)["persons"]
    undone = undo_import(tiny.school, report.import_id, again.actor)
    assert (undone.left, undone.events) == ((), 19)
    assert len(everything_read(tiny.school)["persons"]) == len(before) - 6


def test_undone_everything_is_as_it_was(tiny: TinySchool) -> None:
    before = everything_read(tiny.school)
    report = imported(tiny.school, oneroster())
    assert everything_read(tiny.school) != before
    undone = undo_import(tiny.school, report.import_id, importing(tiny.school, oneroster()).actor)
    assert (undone.events, undone.left) == (19, ())
    assert everything_read(tiny.school) == before
    assert undo_import(tiny.school, report.import_id, importing(tiny.school, oneroster()).actor).repeated
    again = imported(tiny.school, oneroster())
    assert again.import_id != report.import_id
    assert counts(again) == {"added": 19}
    assert imported(tiny.school, oneroster()).state == "unchanged"


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_undone_the_reports_are_what_they_would_be_without_the_import(
    request: pytest.FixtureRequest, tmp_path: Path, database: Any
) -> None:
    """What people changed meanwhile, beside what the import brought, is there as if it had never been."""
    by_hand: tuple[Command, ...] = (
        CorrectPersonName(kind="pupil", person=w.VERA, family="Петрова", given="Вера"),
        TransferPupil(pupil=w.GLEB, class_id=w.CLASS_5B, transferred_on=TODAY),
        FormClass(
            year=w.YEAR, class_id=uid("class by hand"), title="8В", grade=8, scheme="quarters", bells="first-shift"
        ),
    )
    postgres: PostgresDatabase | None = None
    if database == "postgres":
        postgres = request.getfixturevalue("postgres_database")
    with tiny_school(database, tmp_path / "with", postgres, build=False, clock=Clock(NOON)) as tiny:
        report = imported(tiny.school, oneroster())
        for number, command in enumerate(by_hand):
            hand(tiny.school, command, number)
        second = imported(tiny.school, oneroster(users=replaced(USERS, u1="u1,,true,Ежов,Ёж,,,,g1,08,")))
        actor = importing(tiny.school, oneroster()).actor
        assert undo_import(tiny.school, second.import_id, actor).left == ()
        assert undo_import(tiny.school, report.import_id, actor).left == ()
        undone = everything_read(tiny.school)
    with tiny_school("sqlite", tmp_path / "without", build=False, clock=Clock(NOON)) as tiny:
        for number, command in enumerate(by_hand):
            hand(tiny.school, command, number)
        assert undone == everything_read(tiny.school)


def test_undone_what_others_built_on_stays_with_all_that_it_stands_on(tiny: TinySchool) -> None:
    report = imported(tiny.school, oneroster())
    now = Now(tiny.school)
    hedgehog = now.person("Ёжиков")
    guardian = EstablishGuardianship(guardian=w.PARENT_GUARDIAN, pupil=hedgehog, relation="other", starts=TODAY)
    hand(tiny.school, guardian, 1)
    undone = undo_import(tiny.school, report.import_id, importing(tiny.school, oneroster()).actor)
    left = {(one.kind, one.title) for one in undone.left}  # Newton is class teacher of 8А
    newton = ("staff", "Ньютон Исаак Исаакович")
    assert left == {("pupil", "Ёжиков Ёж Ёжович"), ("class", "8А"), ("group", "Английский 1"), ("class", "8Б"), newton}
    after = Now(tiny.school)
    assert (after.class_of("Ёжиков"), [row for row in after.people if row[2] == "Аистова"]) == ("8А", [])
    hand(tiny.school, FormClass(year=w.YEAR, title="8В", grade=8, scheme="quarters", bells="first-shift"), 2)
    back = imported(tiny.school, oneroster())
    assert sorted(one for one in lines(back, "added") if "pupil" in one) == [
        "pupil Аистова Анна (8А)",
        "pupil Белкина Белла (8Б)",
    ]


def test_what_slips_in_while_an_import_is_undone_is_named(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    report = imported(school, oneroster())
    hedgehog, handle = Now(school).person("Ёжиков"), school.handler.handle
    command = EstablishGuardianship(guardian=w.PARENT_GUARDIAN, pupil=hedgehog, relation="other", starts=TODAY)

    def slower(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(school.handler, "handle", handle)
        hand(school, command, 1)
        return handle(*args, **options)

    actor = importing(school, oneroster()).actor
    monkeypatch.setattr(school.handler, "handle", slower)
    undone = undo_import(school, report.import_id, actor)
    assert [(one.kind, one.title) for one in undone.meanwhile] == [("pupil", "Ёжиков Ёж Ёжович")]
    assert any("import the file again" in line for line in undo_lines(undone))
    imported(school, oneroster())
    assert Now(school).class_of("Ёжиков") == "8А"


def test_a_name_that_an_undone_import_claimed_is_free_again(school: School) -> None:
    report = imported(school, oneroster())
    undo_import(school, report.import_id, importing(school, oneroster()).actor)
    hand(school, FormClass(year=w.YEAR, title="8А", grade=8, scheme="quarters", bells="first-shift"), 1)
    assert imported(school, oneroster()).state == "applied"


@pytest.mark.parametrize("relative", ["roster/oneroster-1.1-full.zip", "roster/sds-v2.1/users.csv"])
def test_real_files_come_in_completely(tiny: TinySchool, relative: str) -> None:
    path = real_file(relative)
    files = oneroster_files([path if path.suffix == ".zip" else path.parent])
    roster = read_oneroster(files)
    before = everything_read(tiny.school)
    found = bringing(tiny.school, roster, digest_of(files))
    report = found.apply()
    expected = {"zip": {"added": 15, "refused": 8}, "csv": {"added": 28}}[relative[-3:]]
    assert counts(report) == expected
    assert bringing(tiny.school, roster, digest_of(files)).report().state == "unchanged"
    undo_import(tiny.school, report.import_id, found.actor)
    assert everything_read(tiny.school) == before
