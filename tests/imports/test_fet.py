"""FET files become timetables in which every activity is placed or refused with its reason."""

import contextlib
import html
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ejd.imports.fet import read_fet, read_fet_file
from ejd.imports.journal_plans import journals
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_file import Placement, TimetableFile
from tests.imports.broken_files import spoiled
from tests.imports.shared_data import real_file


def _activity(number: int, subject: str, people: str, *, hours: str = "1", group: int = 0) -> str:
    """Return an activity; `people` are teachers, a slash, and student sets, divided by commas."""
    teachers, students = (side.split(",") if side else [] for side in people.split("/"))
    return (
        "<Activity>"
        + "".join(f"<Teacher>{name}</Teacher>" for name in teachers)
        + f"<Subject>{subject}</Subject>"
        + "".join(f"<Students>{name}</Students>" for name in students)
        + f"<Duration>{hours}</Duration><Id>{number}</Id><Activity_Group_Id>{group}</Activity_Group_Id>"
        + "<Active>true</Active></Activity>\n"
    )


def _start(number: int, day: str, hour: str, *, weight: str = "100") -> str:
    return (
        f"<ConstraintActivityPreferredStartingTime><Weight_Percentage>{weight}</Weight_Percentage>"
        f"<Activity_Id>{number}</Activity_Id><Preferred_Day>{day}</Preferred_Day><Preferred_Hour>{hour}</Preferred_Hour>"
        f"<Permanently_Locked>false</Permanently_Locked><Active>true</Active></ConstraintActivityPreferredStartingTime>\n"
    )


def _room(number: int, room: str, *, weight: str = "100") -> str:
    return (
        f"<ConstraintActivityPreferredRoom><Weight_Percentage>{weight}</Weight_Percentage><Activity_Id>{number}</Activity_Id>"
        f"<Room>{room}</Room><Active>true</Active></ConstraintActivityPreferredRoom>\n"
    )


def _named(tag: str, *names: str) -> str:
    return f"<{tag}s_List>" + "".join(f"<{tag}><Name>{name}</Name></{tag}>" for name in names) + f"</{tag}s_List>\n"


def _set(level: str, name: str, pupils: int, below: str = "") -> str:
    return f"<{level}><Name>{name}</Name><Number_of_Students>{pupils}</Number_of_Students>{below}</{level}>"


def _school(students: str, activities: str, times: str = "", rooms: str = "", extra: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<fet version="6.1.5">\n'
        "<Institution_Name>Школа № 7</Institution_Name>\n"
        + extra
        + _named("Day", "Понедельник", "Вторник")
        + _named("Hour", "08:30", "09:25", "10:20")
        + _named("Subject", "Математика", "Английский")
        + _named("Teacher", "Ада", "Боб")
        + "<Rooms_List><Room><Name>101</Name><Capacity>24</Capacity></Room>"
        + "<Room><Name>Зал</Name><Capacity>30000</Capacity></Room></Rooms_List>\n"
        + f"<Students_List>{students}</Students_List>\n<Activities_List>\n{activities}</Activities_List>\n"
        + f"<Time_Constraints_List>\n{times}</Time_Constraints_List>\n"
        + f"<Space_Constraints_List>\n{rooms}</Space_Constraints_List>\n</fet>\n"
    ).encode()


_TWO_CLASSES = _set(
    "Year",
    "5",
    50,
    _set("Group", "5А", 26, _set("Subgroup", "5А-1", 13) + _set("Subgroup", "5А-2", 13)) + _set("Group", "5Б", 24),
)

# Two classes. Activity 1 lasts two periods (slots 1 and 2 of Monday), 2 one: three periods. 3 is the whole
# parallel on Tuesday's last slot: the fourth. The others are refused, each for its own reason.
_EVERY_REASON = _school(
    _TWO_CLASSES,
    _activity(1, "Математика", "Ада/5А", hours="2")
    + _activity(2, "Математика", "/5Б")
    + _activity(3, "Английский", "Ада,Боб/5")
    + _activity(11, "Математика", "Ада/5А").replace("true", "false")
    + _activity(12, "", "Ада/5А")
    + _activity(13, "Математика", "Ада/")
    + _activity(14, "Математика", "Ада/9Я")
    + _activity(15, "Математика", "Ада/5А", hours="пол")
    + _activity(16, "Математика", "Ада/5А")
    + _activity(17, "Математика", "Ада/5А")
    + _activity(18, "Математика", "Ада/5А")
    + _activity(19, "Математика", "Ада/5А")
    + _activity(20, "Математика", "Ада/5А", hours="2")
    + _activity(21, "Математика", "Ада/5А")
    + _activity(22, "Математика", "Ада/5А"),
    _start(1, "Понедельник", "08:30").replace("false", "true")
    + _start(2, "Понедельник", "08:30")
    + _start(3, "Вторник", "10:20")
    + "".join(_start(number, "Вторник", "08:30") for number in (11, 12, 13, 14, 15))
    + _start(17, "Вторник", "")
    + _start(18, "Вторник", "08:30", weight="95.5")
    + _start(19, "Вторник", "08:30")
    + _start(19, "Вторник", "09:25")
    + _start(20, "Вторник", "10:20")
    + _start(21, "Среда", "08:30")
    + _start(22, "Вторник", "08:30").replace("true", "false"),
    _room(1, "101") + _room(2, "Зал", weight="50") + _room(3, "Чулан"),
)


def test_activities_stand_where_the_file_fixes_them() -> None:
    file = read_fet(_EVERY_REASON)
    places = {lesson.id: lesson.placements for lesson in file.lessons if lesson.placements}
    assert places == {
        "1": (Placement(0, 1, "101"), Placement(0, 2, "101")),
        "2": (Placement(0, 1),),
        "3": (Placement(1, 3),),
    }
    assert file.periods == 4
    assert [(day.name, day.weekday) for day in file.days] == [("Понедельник", 0), ("Вторник", 1)]
    assert (file.school_name, file.slots_per_day, file.slot_names[0]) == ("Школа № 7", 3, "08:30")
    assert [(room.name, room.capacity) for room in file.rooms] == [("101", 24), ("Зал", None)]
    assert file.notes == ("Activity 3 is in room “Чулан”, which the file does not list.",)


def test_every_other_activity_is_refused_for_its_reason() -> None:
    file = read_fet(_EVERY_REASON)
    assert {each.activity_id: each.kind for each in file.refusals} == {
        "11": "inactive",
        "12": "no-subject",
        "13": "no-students",
        "14": "unknown-name",
        "15": "bad-duration",
        "16": "no-time",
        "17": "incomplete-time",
        "18": "only-a-wish",
        "19": "several-times",
        "20": "past-the-end",
        "21": "unknown-name",
        "22": "no-time",
    }
    reasons = {each.activity_id: each.reason for each in file.refusals}
    assert reasons["20"] == (
        "Activity 20 (Математика: 5А, Ада) would end in slot 4 of a day of 3: start it earlier in FET."
    )
    assert all(reason.endswith(".") and reason.count(". ") == 0 for reason in reasons.values())


def test_groups_of_a_year_are_classes_and_the_year_is_their_heading() -> None:
    file = read_fet(_EVERY_REASON)
    assert [(each.id, each.parallel, each.headcount) for each in file.classes] == [
        ("5А", "5", 26),
        ("5Б", "5", 24),
    ]
    assert [(each.id, each.members, each.classes) for each in file.groups] == [
        ("5", ("5А", "5Б"), ("5А", "5Б")),
        ("5А-1", (), ("5А",)),
        ("5А-2", (), ("5А",)),
    ]


def test_a_group_never_taught_whole_whose_halves_add_up_is_a_heading_over_classes() -> None:
    grade = _set("Group", "А", 50, _set("Subgroup", "А1", 25) + _set("Subgroup", "А2", 25))
    file = read_fet(_school(_set("Year", "Школа", 50, grade), _activity(1, "Математика", "Ада/А1")))
    assert [each.id for each in file.classes] == ["А1", "А2"]
    assert [(each.id, each.classes) for each in file.groups] == [("Школа", ("А1", "А2")), ("А", ("А1", "А2"))]


def test_a_year_taught_mostly_whole_or_cut_in_overlapping_ways_is_a_class() -> None:
    halves = _set("Group", "9-м", 12) + _set("Group", "9-д", 13)
    whole = (
        _activity(1, "Математика", "Ада/9")
        + _activity(2, "Английский", "Боб/9")
        + _activity(3, "Английский", "Боб/9-м")
    )
    file = read_fet(_school(_set("Year", "9", 25, halves), whole))
    assert [each.id for each in file.classes] == ["9"]
    assert [(each.id, each.classes) for each in file.groups] == [("9-м", ("9",)), ("9-д", ("9",))]
    shared = _set("Subgroup", "9-м-англ", 6)
    cut = _set("Group", "9-м", 12, shared) + _set("Group", "9-англ", 12, shared)
    assert [each.id for each in read_fet(_school(_set("Year", "9", 25, cut), "")).classes] == ["9"]


def test_sets_of_one_are_pupils_of_the_first_class_that_has_them() -> None:
    years = _set("Year", "12 IB", 2, _set("Group", "Ева", 1) + _set("Group", "Ян", 1)) + _set(
        "Year", "Хор", 1, _set("Group", "Ева", 1)
    )
    file = read_fet(_school(years, _activity(1, "Математика", "Ада/Ева,Ян")))
    assert [(each.id, each.class_id) for each in file.pupils] == [("Ева", "12 IB"), ("Ян", "12 IB")]
    assert [each.id for each in file.classes] == ["12 IB"]
    assert [(each.id, each.members, each.classes) for each in file.groups] == [("Хор", ("Ева",), ("12 IB",))]


def test_one_course_is_one_journal_and_other_pupils_are_another() -> None:
    # 4 and 10 are one divided course with two teachers; 5 is the same division for other pupils; 6 is the
    # same course undivided; 7 has no time, but a journal; 8 has nobody to teach, and none.
    file = read_fet(
        _school(
            _TWO_CLASSES,
            _activity(10, "Математика", "Ада/5А,5Б", group=4)
            + _activity(4, "Математика", "Боб/5Б,5А", group=4)
            + _activity(5, "Математика", "Ада/5А", group=4)
            + _activity(6, "Математика", "Боб/5А,5Б")
            + _activity(7, "Английский", "Боб/5А-1", hours="2")
            + _activity(8, "Английский", "Боб/"),
            _start(10, "Вторник", "08:30") + _start(4, "Понедельник", "09:25") + _start(6, "Понедельник", "08:30"),
        )
    )
    plans = journals(file)
    assert [(each.key, each.activity_ids, each.teachers) for each in plans] == [
        ("fet:4", ("4", "6", "10"), ("Боб", "Ада")),
        ("fet:5", ("5",), ("Ада",)),
        ("fet:7", ("7",), ("Боб",)),
    ]
    assert [(each.placement.day, each.placement.slot, each.teachers) for each in plans[0].lessons] == [
        (0, 1, ("Боб",)),
        (0, 2, ("Боб",)),
        (1, 1, ("Ада",)),
    ]
    assert [each.planned_slots for each in plans] == [3, 1, 2]
    assert set(plans[0].student_sets) == {"5А", "5Б"}


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        (b"<fet/>", "names no days"),
        (_school("", "", extra=_named("Day", "Вторник")), "days of the file share a name"),
        (_school("", _activity(1, "", "/") * 2), "Several activities have the Id 1"),
        (_school("", "<Activity/>"), "has no Id"),
        (_school("", "", extra="<Mode>Mornings-Afternoons</Mode>"), "mode “Mornings-Afternoons”"),
        (_school("", "", extra=_named("Hour", *map(str, range(101)))), "104 hours a day and at most 100"),
    ],
)
def test_a_file_without_a_usable_grid_is_refused(content: bytes, saying: str) -> None:
    with pytest.raises(ImportRefused, match=re.escape(saying)):
        read_fet(content)


@settings(max_examples=250, deadline=None)
@given(spoiled(_EVERY_REASON))
def test_a_spoiled_file_is_read_whole_or_refused(content: bytes) -> None:
    with contextlib.suppress(ImportRefused):
        file = read_fet(content)
        assert {each.activity_id for each in file.refusals} == {each.id for each in file.lessons if not each.placements}
        journals(file)


@settings(max_examples=25, deadline=None)
@given(st.permutations([_activity(number, "Математика", "Ада/5А", group=number // 3) for number in range(1, 8)]))
def test_journal_keys_do_not_depend_on_the_order_of_activities(activities: list[str]) -> None:
    file = read_fet(_school(_TWO_CLASSES, "".join(activities)))
    assert [each.key for each in journals(file)] == ["fet:1"]


_UAE = "fet/United-Arab-Emirates__IBDP-School-2016.fet"
_GREECE = "fet/Greece__Didymoteicho__6th-Primary-School.fet"
_ITALY = "fet/Italy__2010__Liceo-2010.fet"


class _Counted:
    """A FET file counted by regular expressions over its text, sharing nothing with the importer."""

    def __init__(self, path: Path) -> None:
        text = path.read_text("utf-8-sig")
        self.hours = re.findall(r"<Hour>\s*<Name>(.*?)</Name>", text)
        bodies = re.findall(r"<Activity>(.*?)</Activity>", text, re.DOTALL)
        self.activities = {self._field(body, "Id"): body for body in bodies}
        self.starts = self._constraints(text, "ConstraintActivityPreferredStartingTime")
        self.rooms = self._constraints(text, "ConstraintActivityPreferredRoom")
        self.placed = {key for key, body in self.activities.items() if key in self.starts and "<Students>" in body}
        self.periods = sum(self.duration(key) for key in self.placed)

    def _constraints(self, text: str, tag: str) -> dict[str, str]:
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert all("<Weight_Percentage>100</Weight_Percentage>" in body and "<Active>true<" in body for body in bodies)
        return {self._field(body, "Activity_Id"): body for body in bodies}

    @staticmethod
    def _field(body: str, tag: str) -> str:
        found = re.search(rf"<{tag}>(.*?)</{tag}>", body)
        assert found is not None
        return html.unescape(found.group(1))

    def duration(self, activity: str) -> int:
        return int(self._field(self.activities[activity], "Duration"))

    def first_period(self, activity: str) -> tuple[str, int, str | None]:
        start = self.starts[activity]
        room = self._field(self.rooms[activity], "Room") if activity in self.rooms else None
        return (
            self._field(start, "Preferred_Day"),
            self.hours.index(self._field(start, "Preferred_Hour")) + 1,
            room,
        )


@pytest.mark.parametrize(
    ("name", "activities", "placed", "periods", "refusals"),
    [
        (_UAE, 1_585, 1_580, 1_788, {"no-students": 5}),
        (_GREECE, 377, 364, 412, {"no-time": 13}),
        (_ITALY, 598, 36, 47, {"no-time": 561, "no-students": 1}),
    ],
)
def test_a_real_school_is_read_as_an_independent_count_says(
    name: str, activities: int, placed: int, periods: int, refusals: dict[str, int]
) -> None:
    path = real_file(name)
    counted, file = _Counted(path), read_fet_file(path)
    assert len(file.lessons) == len(counted.activities) == activities
    assert sum(1 for each in file.lessons if each.placements) == len(counted.placed) == placed
    assert file.periods == counted.periods == periods
    assert len(file.refusals) == len(counted.activities) - len(counted.placed)
    assert Counter(each.kind for each in file.refusals) == refusals
    for lesson in file.lessons:
        if lesson.placements:
            first = lesson.placements[0]
            assert (file.days[first.day].name, first.slot, first.room) == counted.first_period(lesson.id)
            assert len(lesson.placements) == counted.duration(lesson.id)
    assert sum(each.planned_slots for each in journals(file)) == sum(
        counted.duration(key) for key, body in counted.activities.items() if "<Students>" in body
    )
    assert read_fet_file(path) == file


def test_the_emirates_school_has_pupils_doubles_and_a_week_from_sunday() -> None:
    path = real_file(_UAE)
    file, text = read_fet_file(path), path.read_text("utf-8-sig")
    assert [day.weekday for day in file.days] == [6, 0, 1, 2, 3]
    assert text.count("<Duration>2</Duration>") == sum(each.duration_slots == 2 for each in file.lessons) == 209
    assert sum(each.duration_slots for each in file.lessons) == 1_794
    # A pupil is a group of one; the three years of individual choices count their pupils: 33, 56 and 39.
    named_pupils = set(re.findall(r"<Group>\s*<Name>(Student [^<]+)</Name>\s*<Number_of_Students>1<", text))
    assert {each.id for each in file.pupils} == named_pupils
    assert Counter(each.class_id for each in file.pupils) == {"12 AS": 33, "12 IB": 56, "13": 39}
    assert {each.id: each.headcount for each in file.classes if each.id in {"12 AS", "12 IB", "13"}} == {
        "12 AS": 33,
        "12 IB": 56,
        "13": 39,
    }
    assert len(file.classes) == 34 + 3
    assert (len(file.teachers), len(file.rooms)) == (104, 102)


def test_greek_and_italian_classes_are_those_that_are_taught() -> None:
    greek, italian = read_fet_file(real_file(_GREECE)), read_fet_file(real_file(_ITALY))
    assert [day.weekday for day in greek.days] == [0, 1, 2, 3, 4]
    assert [day.weekday for day in italian.days] == [0, 1, 2, 3, 4, 5]
    assert len(greek.classes) == 2 * 6 + 1
    assert len(italian.classes) == 23
    assert not _sets_without_class(greek)
    assert not _sets_without_class(italian)


def _sets_without_class(file: TimetableFile) -> set[str]:
    placed = {each.id for each in file.classes} | {each.id for each in file.groups if each.classes}
    return {each for lesson in file.lessons for each in lesson.student_sets} - placed
