"""A timetable file becomes journals, groups and due lessons, once; a changed file brings only what changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ejd.app import School, initialise, opened
from ejd.founding import IMPORTER, account_with_role, cli_actor
from ejd.imports import apply
from ejd.imports.apply import ImportRefused, import_file, report_lines
from ejd.imports.timetable_file import TeachingGroup, TimetableFile
from ejd.imports.weekdays import cycle
from ejd.kernel.ids import OPERATOR
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import RoomState, SubjectState
from ejd.kernel.states.teaching import ClassState
from ejd_commands.classes import FormClass
from ejd_commands.journals import UnassignTeacher
from ejd_commands.movement import RecordDeparture
from ejd_commands.people import EmployStaffMember
from ejd_commands.school import DefineRoom, DefineSubject
from ejd_commands.timetable import ScheduleEntryPart, ScheduleJournal
from ejd_commands.years import CycleDayPart, DefineCycle, OpenAcademicYear
from tests.imports.importing import (
    FIRST_DAY,
    LAST_DAY,
    Due,
    Found,
    bring,
    by_hand,
    due_by_file,
    empty_school,
    events_after,
)
from tests.imports.small_files import EVA, YAN, activity, timetable
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import settings_of

MATHS = activity(1, "Математика", "Ада/5А", (0, 1), (2, 1))
ENGLISH = activity(2, "Английский", f"Боб/{EVA},{YAN}", (1, 2))
MUSIC = activity(3, "Музыка", f"Боб/{EVA}", (3, 4))
A_FILE = timetable(MATHS, ENGLISH, MUSIC)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with empty_school(tmp_path) as school:
        yield school


def with_lessons(*lessons: Any, **changes: Any) -> TimetableFile:
    return timetable(*lessons, **changes)


def test_classes_groups_and_single_pupils_get_their_journals(school: School) -> None:
    halves = (TeachingGroup("5Б-1", "5Б-1", classes=("5Б",)), TeachingGroup("5", "5", ("5А", "5Б"), ("5А", "5Б")))
    more = (
        activity(4, "Труд", "Ада/5Б-1", (0, 5)),
        activity(5, "Хор", "/5А,5Б", (4, 6)),
        activity(6, "Спорт", "Ада/5Б"),
    )
    report = bring(school, timetable(MATHS, ENGLISH, MUSIC, *more, groups=halves))
    found = Found(school, report.year)
    opened = {state.opened.name: state.opened for state in found.journals().values() if state.opened}
    assert {name: (each.group_kind, each.grade, len(each.classes)) for name, each in opened.items()} == {
        "Математика, 5А": ("class", 5, 1),
        "Английский, 5А": ("group", 5, 1),
        "Музыка, 5А": ("group", 5, 1),
        "Труд, 5Б-1": ("group", 5, 1),
        "Хор, 5А + 5Б": ("group", 5, 2),
        "Спорт, 5Б": ("class", 5, 1),
    }
    assert set(found.groups().values()) == {"5А: Английский", "5А: Музыка", "5Б-1", "5А + 5Б: Хор"}
    assert [len(found.members(name)) for name in ("5А: Английский", "5А: Музыка", "5Б-1", "5А + 5Б: Хор")] == [
        2,
        1,
        0,
        2,
    ]
    assert (report.groups, report.journals, report.activities_placed, report.periods) == (4, 6, 5, 6)
    assert report.notes == (
        "Journals without a teacher: 1.",
        "Teaching groups whose pupils the file does not name: 1.",
        "Classes whose pupils the file does not name: 1.",
        "Sets of students that no activity names, and that are not formed: 1.",
    )


def test_the_lessons_are_due_in_the_calendar_from_the_first_day(school: School) -> None:
    report = bring(school, A_FILE)
    found = Found(school, report.year)
    assert found.due_in_a_turn() == {
        Due("Математика", "5А", 1, 1, "101"): 1,
        Due("Математика", "5А", 3, 1, "101"): 1,
        Due("Английский", "", 2, 2, "101"): 1,
        Due("Музыка", "", 4, 4, "101"): 1,
    }
    # 1 September 2026 is a Tuesday: English is due on it.
    assert [each.date for each in found.due_lessons(FIRST_DAY, FIRST_DAY)] == [FIRST_DAY]
    periods = found.year.data.schemes["half-years"]
    assert (periods[0].first_day, periods[1].last_day) == (FIRST_DAY, LAST_DAY)
    assert periods[1].first_day - periods[0].last_day == timedelta(days=1)


def test_a_teachers_load_is_the_lessons_of_a_week(school: School) -> None:
    report = bring(school, A_FILE)
    found = Found(school, report.year)
    (load,) = found.journals()[found.journal("Математика, 5А")].loads
    assert (load.starts, load.ends, load.hours_per_week) == (FIRST_DAY, None, 2)


def test_importing_twice_changes_nothing_whoever_does_it(school: School) -> None:
    first = bring(school, A_FILE)
    assert first.commands_sent == first.events_stored - 2, "the three journals' lessons are one command"
    deputy = uid("account deputy")
    by_hand(
        school, EmployStaffMember(staff=uid("d"), family="Д", given="Д", position="завуч", employed_on=date(2026, 8, 1))
    )
    for command in account_with_role(deputy, "deputy", "deputy-head", uid("d")):
        by_hand(school, command, account=OPERATOR)
    position = school.store.last_position()
    for account in (IMPORTER, deputy):
        again = bring(school, A_FILE, actor=cli_actor(account))
        assert (again.commands_sent, again.events_stored) == (0, 0)
        assert school.store.last_position() == position
        assert list(report_lines(again))[-1].startswith("Nothing has changed")


def test_a_moved_lesson_is_one_event_and_moves_back(school: School) -> None:
    bring(school, A_FILE)
    moved = with_lessons(activity(1, "Математика", "Ада/5А", (0, 1), (4, 7)), ENGLISH, MUSIC)
    for file in (moved, A_FILE, moved, A_FILE):
        position = school.store.last_position()
        report = bring(school, file)
        assert events_after(school, position) == ["journal-scheduled/1"]
        assert Found(school, report.year).due_in_a_turn() == due_by_file(file)


def test_a_timetable_that_changes_in_the_middle_of_the_year_leaves_the_past_alone(school: School) -> None:
    bring(school, A_FILE)
    moved = with_lessons(activity(1, "Математика", "Боб/5А", (1, 7)), ENGLISH, MUSIC)
    monday = date(2026, 11, 2)
    found = Found(school, bring(school, moved, starts=monday).year)
    journal = found.journal("Математика, 5А")
    lessons = [each.date for each in found.due_lessons(FIRST_DAY, LAST_DAY) if each.journal == journal]
    assert {day.weekday() for day in lessons if day < monday} == {0, 2}
    assert {day.weekday() for day in lessons if day >= monday} == {1}
    loads = sorted((load.starts, load.ends) for load in found.journals()[journal].loads)
    assert loads == [(FIRST_DAY, monday - timedelta(days=1)), (monday, None)]
    assert bring(school, moved, starts=monday).events_stored == 0


def test_pupils_who_come_and_go_keep_the_journal_of_their_group(school: School) -> None:
    bring(school, A_FILE)
    monday, lida = date(2026, 11, 2), "Лидина Лида"
    people = ((EVA, "5А"), (YAN, "5Б"), (lida, "5А"))
    changed = with_lessons(MATHS, activity(2, "Английский", f"Боб/{EVA},{lida}", (1, 2)), MUSIC, pupils=people)
    position = school.store.last_position()
    report = bring(school, changed, starts=monday)
    assert events_after(school, position) == [
        "pupil-transferred/1",
        "group-left/1",
        "pupil-enrolled/1",
        "group-joined/1",
    ]
    stays = {(stay.starts, stay.ends) for stay in Found(school, report.year).members("5А: Английский")}
    assert stays == {(FIRST_DAY, None), (FIRST_DAY, monday), (monday, None)}
    assert report.journals == len(Found(school, report.year).journals()) == 3
    assert bring(school, changed, starts=monday).events_stored == 0


def test_a_journal_that_the_file_no_longer_has_loses_its_lessons_only(school: School) -> None:
    bring(school, A_FILE)
    position = school.store.last_position()
    report = bring(school, with_lessons(MATHS, MUSIC, subject_names=["Английский"]))
    assert events_after(school, position) == ["journal-scheduled/1"]
    assert "Journals no longer in the file, which have no lessons from 2026-09-01 on: 1." in report.notes
    found = Found(school, report.year)
    assert len(found.journals()) == 3
    assert len(found.members("5А: Английский")) == 2
    assert {each.subject for each in found.due_in_a_turn()} == {"Математика", "Музыка"}


def test_what_a_person_changed_stays_until_the_file_changes_it(school: School) -> None:
    report = bring(school, A_FILE)
    found = Found(school, report.year)
    (room,) = found.streams("room")
    journal = found.journal("Математика, 5А")
    (load,) = found.journals()[journal].loads
    by_hand(school, DefineRoom(room=room, title="Кабинет математики", capacity=30))
    by_hand(
        school,
        ScheduleJournal(journal=journal, starts=FIRST_DAY, entries=(ScheduleEntryPart(cycle_day=5, slot=5),)),
    )
    by_hand(school, UnassignTeacher(journal=journal, staff=load.staff, ends=FIRST_DAY - timedelta(days=1)))
    again = bring(school, A_FILE)
    assert again.events_stored == 0
    assert sum(note.endswith("was changed by hand after an earlier import and stays so.") for note in again.notes) == 3
    assert school.states.fresh(RoomState, room).name == "Кабинет математики"
    moved = with_lessons(activity(1, "Математика", "Ада/5А", (0, 1), (4, 7)), ENGLISH, MUSIC)
    position = school.store.last_position()
    bring(school, moved)
    assert events_after(school, position) == ["journal-scheduled/1"]


def test_a_change_by_hand_elsewhere_is_not_spread_by_an_import(school: School) -> None:
    report = bring(school, A_FILE)
    found = Found(school, report.year)
    for stream in found.streams("class"):
        formed = school.states.fresh(ClassState, stream).formed
        assert formed is not None
        by_hand(
            school,
            FormClass(
                class_id=stream,
                year=formed.year,
                title=formed.name,
                grade=formed.grade,
                scheme=formed.scheme,
                bells=formed.bells,
                grading_system="ten-point",
            ),
        )
    assert bring(school, A_FILE).events_stored == 0


def test_things_of_the_same_name_are_used_as_they_are(school: School) -> None:
    by_hand(school, DefineSubject(subject=uid("maths"), title="математика", short="Мат"))
    by_hand(school, DefineRoom(room=uid("101"), title="101", capacity=12))
    year = uid("year")
    by_hand(school, OpenAcademicYear(year=year, title="2026/27", first_day=FIRST_DAY, last_day=LAST_DAY))
    six_days = tuple(CycleDayPart(title=f"{n}", weekday=n) for n in (5, 0, 1, 2, 3, 4))
    by_hand(school, DefineCycle(year=year, kind="weekly", days=six_days))
    report = bring(school, A_FILE)
    assert report.year == year
    assert "Of the subjects of the file the school has already, and they are used as they are: 1." in report.notes
    assert school.states.fresh(SubjectState, uid("maths")).name == "математика"
    found = Found(school, year)
    # The first day of this year's cycle is Saturday: the file's Monday is the second.
    days = {each.day for each in found.due_in_a_turn() if each.subject == "математика"}
    assert days == {2, 4}
    assert all(state.formed and state.formed.week_days == 6 for state in _classes(found))


def _classes(found: Found) -> list[ClassState]:
    return [found.states.load(ClassState, stream) for stream in found.streams("class")]


def test_courses_of_one_subject_and_the_same_pupils_share_a_journal_unless_they_meet(school: School) -> None:
    second = activity(2, "Математика", "Боб/5А", (1, 1))
    meeting = activity(3, "Математика", "Ева/5А", (0, 1))
    with pytest.raises(ImportRefused, match="room 101 has several lessons at once"):
        bring(school, timetable(MATHS, second, meeting))
    report = bring(school, timetable(MATHS, second, meeting), accept_conflicts=True)
    found = Found(school, report.year)
    shared = found.journals()[found.journal("Математика, 5А")]
    assert len(shared.loads) == 2
    assert [len(found.members(name)) for name in found.groups().values()] == [0]
    assert sum(found.due_in_a_turn().values()) == report.periods == 4
    assert report.notes[:3] == (
        "Journals shared by several courses of one subject and the same students: 1.",
        "Courses that meet another one of the same subject and students: 1.",
        "Teaching groups whose pupils the file does not name: 1.",
    )
    assert (
        report.notes[-1]
        == "Slots in which the file has the same class, group or pupil in several activities at once: 1."
    )


def test_two_teachers_of_one_course_in_one_slot_hold_one_lesson(school: School) -> None:
    both = (activity(1, "Математика", "Ада/5А", (0, 1)), activity(2, "Математика", "Боб/5А", (0, 1), (1, 1)))
    report = bring(school, timetable(*(msgspec.structs.replace(each, division="7") for each in both)))
    found = Found(school, report.year)
    (journal,) = found.journals().values()
    assert sorted(load.hours_per_week or 0 for load in journal.loads) == [1, 2]
    assert sum(found.due_in_a_turn().values()) == 2
    assert (
        report.notes[0]
        == "Periods that fall together with another one of their journal, and are one lesson with it: 1."
    )


def test_pupils_without_a_class_are_put_in_one(school: School) -> None:
    report = bring(school, timetable(ENGLISH, MUSIC, classes=(), pupils=((EVA, None), (YAN, None))))
    assert (report.classes, report.pupils) == (1, 2)
    found = Found(school, report.year)
    assert [state.formed.name for state in _classes(found) if state.formed] == ["Индивидуальные планы"]
    assert all(school.states.fresh(PupilState, each).memberships.class_on(FIRST_DAY) for each in found.streams("pupil"))


def test_no_name_of_a_person_stands_in_clear_in_events(school: School) -> None:
    bring(
        school,
        timetable(activity(1, "Музыка", f"Воронцова Анна/{EVA},{YAN}", (0, 1)), activity(2, "Хор", f"/{EVA}", (0, 2))),
    )
    stored = b"".join(each.state for each in school.store.read_page(0, 10_000)).decode()
    for word in ("Незнамова", "Ева", "Кузин", "Воронцова", "Анна"):
        assert word not in stored


def test_names_that_commands_do_not_take_are_made_fit(school: School) -> None:
    subjects = ("а" * 500, "а" * 499, "\u200b", "Два\u0085слова", "ДВА СЛОВА")
    lessons = tuple(activity(number, name, "\u0007 /5А", (0, number)) for number, name in enumerate(subjects, start=1))
    report = bring(school, timetable(*lessons, classes=("5А",), pupils=()))
    names = [school.states.fresh(SubjectState, each).name for each in Found(school, report.year).streams("subject")]
    assert names == [
        "а" * 199 + "…",
        "а" * 99 + "… (" + "а" * 49 + "…)",
        "без названия",
        "Два слова",
        "ДВА СЛОВА (ДВА СЛОВА)",
    ]
    assert bring(school, timetable(*lessons, classes=("5А",), pupils=())).events_stored == 0


def test_an_interrupted_import_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "BATCH_EVENTS_MAX", 5)
    with empty_school(tmp_path / "whole") as school:
        whole = bring(school, A_FILE).events_stored
    assert whole > 20
    with empty_school(tmp_path / "broken") as school:
        position, told = school.store.last_position(), 0

        def pull_the_plug(done: int, total: int) -> None:
            nonlocal told
            told += 1
            if told % 3 == 0:
                raise KeyboardInterrupt

        for _ in range(whole):
            try:
                bring(school, A_FILE, progress=pull_the_plug)
            except KeyboardInterrupt:
                continue
            break
        assert len(events_after(school, position)) == whole
        assert Found(school, bring(school, A_FILE).year).due_in_a_turn() == due_by_file(A_FILE)


def test_progress_goes_from_nothing_to_all(school: School) -> None:
    told: list[tuple[int, int]] = []
    bring(school, A_FILE, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] == told[0][1]


@pytest.mark.parametrize(
    ("file", "options", "saying"),
    [
        (A_FILE, {"year_name": " "}, "The academic year has no name"),
        (A_FILE, {"last_day": FIRST_DAY}, "an academic year ends after it begins"),
        (A_FILE, {"starts": LAST_DAY + timedelta(days=1)}, "outside the year 2026/27"),
        (A_FILE, {"first_day": date(1926, 9, 1)}, "OpenAcademicYear, first_day"),
        (timetable(MATHS, slots_per_day=21), {}, "21 lessons a day and a school here at most 20"),
        (timetable(MATHS, days=cycle([f"Day {n}" for n in range(61)])), {}, "61 days in its cycle"),
        (timetable(MATHS, days=cycle(["a"] * 9, range(1, 10))), {}, "9 weeks in its cycle"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_stored(
    school: School, file: TimetableFile, options: dict[str, Any], saying: str
) -> None:
    position = school.store.last_position()
    with pytest.raises(ImportRefused, match=re.escape(saying)):
        bring(school, file, **options)
    assert school.store.last_position() == position


def test_a_hostile_file_is_refused_in_seconds(school: School) -> None:
    names = [f"g{number}" for number in range(1_500)]
    nested = [TeachingGroup(name, name, members=tuple(names), classes=("5А",)) for name in names]
    taught = (activity(number, "Математика", f"/{name}", (0, 1)) for number, name in enumerate(names))
    with pytest.raises(ImportRefused, match="more than 100000 memberships"):
        bring(school, timetable(*taught, groups=nested))
    classes = [f"{number}" for number in range(101)]
    with pytest.raises(ImportRefused, match="is of 101 classes, more than 100"):
        bring(school, timetable(activity(1, "Хор", f"/{','.join(classes)}", (0, 1)), classes=classes, pupils=()))
    with pytest.raises(ImportRefused, match="more than 50000 subjects"):
        bring(school, timetable(MATHS, subject_names=map(str, range(50_001))))


def test_an_import_takes_the_right_to_set_the_school_up(school: School) -> None:
    with pytest.raises(ImportRefused, match="only a head or deputy head or API client may change the set-up"):
        bring(school, A_FILE, actor=cli_actor(OPERATOR))


def test_there_must_be_a_school(tmp_path: Path) -> None:
    settings = settings_of("sqlite", tmp_path)
    initialise(settings)
    with opened(settings) as school, pytest.raises(ImportRefused, match="There is no school yet"):
        bring(school, A_FILE)


def test_a_year_of_other_days_or_with_lessons_in_another_cycle_is_refused(school: School) -> None:
    bring(school, A_FILE)
    with pytest.raises(ImportRefused, match="goes from 2026-09-01 to 2027-05-28 here"):
        bring(school, A_FILE, last_day=LAST_DAY + timedelta(days=1))
    other = timetable(MATHS, days=cycle(["День 1", "День 2", "День 3"]), name="Филиал")
    with pytest.raises(ImportRefused, match="has lessons in a cycle that the file's days do not fit"):
        bring(school, other)
    # The same source may change its own cycle.
    own = timetable(MATHS, ENGLISH, days=cycle(["День 1", "День 2", "День 3"]))
    assert Found(school, bring(school, own).year).due_in_a_turn() == due_by_file(own)


def test_two_sources_stand_side_by_side(school: School) -> None:
    bring(school, A_FILE)
    other = timetable(activity(1, "Химия", "Ада/8В", (0, 1)), classes=("8В",), pupils=(), name="Филиал")
    report = bring(school, other, accept_conflicts=True)
    assert report.conflicts_total == 1, "the same room, which both have on Monday"
    assert not any("no longer" in note for note in report.notes)
    found = Found(school, report.year)
    assert sum(found.due_in_a_turn().values()) == A_FILE.periods + other.periods
    assert len(found.streams("staff")) == 1 + 2 + 1


def test_a_person_who_was_erased_does_not_come_back(school: School) -> None:
    report = bring(school, A_FILE)
    pupils = Found(school, report.year).streams("pupil")
    school.vault.destroy(pupils[0])
    assert bring(school, A_FILE).events_stored == 0


def test_a_pupil_who_left_is_told_and_joins_nothing(school: School) -> None:
    found = Found(school, bring(school, A_FILE).year)
    # The only pupil of the music group.
    (eva,) = [stay.ref.stream for stay in found.members("5А: Музыка")]
    by_hand(school, RecordDeparture(pupil=eva, left_on=date(2026, 11, 2)))
    assert bring(school, A_FILE).events_stored == 0
    more = timetable(MATHS, ENGLISH, MUSIC, activity(4, "Хор", f"Боб/{EVA}", (4, 4)))
    report = bring(school, more, starts=date(2026, 12, 1))
    told = [
        note for note in report.notes if note.startswith(f"Pupil “{EVA}” in group “5А: Хор”: the pupil is in no class")
    ]
    assert len(told) == 1
    assert len(Found(school, report.year).members("5А: Хор")) == 0
    assert Found(school, report.year).due_in_a_turn()[Due("Хор", "", 5, 4, "101")] == 0


def test_who_changes_the_school_during_an_import_is_not_overrun(school: School) -> None:
    position = school.store.last_position()

    def meddle(done: int, total: int) -> None:
        del done, total
        if school.store.owner_of("subject/музыка") is None:
            by_hand(school, DefineSubject(subject=uid("music"), title="МУЗЫКА"))

    with pytest.raises(ImportRefused, match=r"The import: another subject is named 'Музыка'.*run the import again"):
        bring(school, A_FILE, progress=meddle)
    assert events_after(school, position) == ["subject-defined/1"]
    assert (
        "Of the subjects of the file the school has already, and they are used as they are: 1."
        in bring(school, A_FILE).notes
    )


def test_on_postgresql_it_is_the_same(tmp_path: Path, postgres_database: PostgresDatabase) -> None:
    with empty_school(tmp_path, postgres_database) as school:
        report = bring(school, A_FILE)
        assert Found(school, report.year).due_in_a_turn() == due_by_file(A_FILE)
        assert bring(school, A_FILE).events_stored == 0


def test_a_file_is_read_by_its_kind(school: School, tmp_path: Path) -> None:
    path = tmp_path / "broken.fet"
    path.write_bytes(b"<fet/>")
    for kind, saying in (("fet", "names no days"), ("xhstt", "outermost element is <fet>")):
        options: dict[str, Any] = {"actor": cli_actor(IMPORTER), "year_name": "2026/27"}
        with pytest.raises(ImportRefused, match=saying):
            import_file(school, kind, path, first_day=FIRST_DAY, last_day=LAST_DAY, **options)  # type: ignore[arg-type]


def test_the_report_names_every_activity_that_is_not_in_the_timetable(school: School) -> None:
    report = bring(school, timetable(MATHS, activity(9, "Физика", "Ада/5Б")))
    assert list(report_lines(report))[:3] == [
        "Школа № 7: classes 2, groups 0, pupils 2, teachers 1, subjects 2, rooms 1, journals 2, activities 2",
        "In the timetable: 1 activities with 2 lessons in each turn of the cycle; not in it: 1",
        "  Activity 9 has no day and hour.",
    ]
