"""XHSTT archives become timetables by one of their solutions, in which every event is placed or refused."""

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings

from ejd.imports.journal_plans import clashes, journals
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_file import Placement
from ejd.imports.xhstt import read_xhstt, read_xhstt_file
from tests.imports.broken_files import spoiled
from tests.imports.shared_data import real_file


def _resource(name: str, kind: str) -> str:
    return f'<Resource Id="{name}"><Name>{name}</Name><ResourceType Reference="{kind}"/></Resource>\n'


def _event(name: str, duration: str, groups: str, resources: str, time: str = "") -> str:
    return (
        f'<Event Id="{name}"><Name>{name}</Name><Duration>{duration}</Duration>'
        + (f'<Time Reference="{time}"/>' if time else "")
        + '<Resources><Resource><Role>Room</Role><ResourceType Reference="R"/></Resource>'
        + "".join(f'<Resource Reference="{each}"/>' for each in resources.split())
        + "</Resources><EventGroups>"
        + "".join(f'<EventGroup Reference="{each}"/>' for each in groups.split())
        + "</EventGroups></Event>\n"
    )


def _part(event: str, time: str, duration: str = "", room: str = "") -> str:
    return (
        f'<Event Reference="{event}">'
        + (f"<Duration>{duration}</Duration>" if duration else "")
        + (f'<Time Reference="{time}"/>' if time else "")
        + (f'<Resources><Resource Reference="{room}"><Role>Room</Role></Resource></Resources>' if room else "")
        + "</Event>\n"
    )


def _solution(name: str, parts: str) -> str:
    return (
        f'<SolutionGroup Id="{name}"><Solution Reference="I1"><Events>\n{parts}</Events></Solution></SolutionGroup>\n'
    )


def _archive(events: str, solutions: str, constraints: str = "") -> bytes:
    """Return an archive with two weeks of two days of two times: M1 and M2, T1 and T2, m1 and m2, t1 and t2."""
    weeks = {"M": ("W1", "Monday"), "T": ("W1", "Tuesday"), "m": ("W2", "Monday"), "t": ("W2", "Tuesday")}
    times = "".join(
        f'<Time Id="{day}{slot}"><Name>-</Name><Week Reference="{week}"/><Day Reference="{name}"/></Time>\n'
        for day, (week, name) in weeks.items()
        for slot in (1, 2)
    )
    return (
        '<HighSchoolTimetableArchive><Instances><Instance Id="I1"><MetaData><Name>Lyceum</Name></MetaData>\n'
        '<Times><TimeGroups><Week Id="W1"/><Week Id="W2"/><Day Id="Monday"><Name>Monday</Name></Day>'
        '<Day Id="Tuesday"/>'
        f"</TimeGroups>{times}</Times>\n<Resources><ResourceTypes>"
        '<ResourceType Id="P"><Name>Teacher</Name></ResourceType><ResourceType Id="R"><Name>Room</Name></ResourceType>'
        '<ResourceType Id="C"><Name>Class</Name></ResourceType><ResourceType Id="Student"><Name>S</Name></ResourceType>'
        '<ResourceType Id="Bus"><Name>Bus</Name></ResourceType></ResourceTypes>\n'
        + "".join(_resource(name, "P") for name in ("Ada", "Bob"))
        + "".join(_resource(name, "C") for name in ("7A", "7B"))
        + _resource("Eve", "Student")
        + _resource("R1", "R")
        + _resource("Bus 9", "Bus")
        + "</Resources><Events><EventGroups>"
        + "".join(
            f'<EventGroup Id="{name}"><Name>{name}</Name></EventGroup>' for name in ("All", "Latin", "Logic", "Link")
        )
        + f"</EventGroups>\n{events}</Events><Constraints>{constraints}</Constraints></Instance></Instances>\n"
        + f"<SolutionGroups>{solutions}</SolutionGroups></HighSchoolTimetableArchive>\n"
    ).encode()


_LINK = (
    '<LinkEventsConstraint Id="L"><AppliesTo><EventGroups><EventGroup Reference="Link"/></EventGroups></AppliesTo>'
    "</LinkEventsConstraint>"
)

# E1: 1 + 2 periods on Monday 1 and over the end of Tuesday of week 1; E2: the instance's own time, in a room;
# E3 and E4 are linked, and only E3 names the class; X1 to X8 are refused. Placed: 3 + 1 + 1 + 1 = 6 periods.
_SCHOOL = _archive(
    _event("E1", "3", "All Latin", "7A Ada")
    + _event("E2", "1", "All Logic Latin", "Eve Bob", time="t2")
    + _event("E3", "1", "All Link", "7B Ada")
    + _event("E4", "1", "All Link", "Bob")
    + _event("X1", "1", "All Latin", "Ada")
    + _event("X2", "1", "All Latin", "7A Zoe")
    + _event("X3", "x", "All Latin", "7A")
    + _event("X4", "1", "All Latin", "7A")
    + _event("X5", "3", "All Latin", "7A")
    + _event("X6", "2", "All Latin", "7A")
    + _event("X7", "2", "All Latin", "7A")
    + _event("X8", "1", "All Latin", "7A"),
    _solution(
        "first",
        _part("E1", "M1", "1")
        + _part("E1", "T2", "2")
        + _part("E2", "", room="R1")
        + _part("E3", "m2")
        + _part("E4", "m2")
        + "".join(_part(name, "M2") for name in ("X1", "X2", "X3"))
        + _part("X5", "M1", "2")
        + _part("X5", "", "1")
        + _part("X6", "t2")
        + _part("X7", "M2", "1") * 2
        + _part("X8", "noon")
        + _part("ghost", "M1"),
    )
    + _solution("second", _part("X4", "T1")),
    _LINK,
)


def test_a_solution_places_the_parts_of_events_time_after_time() -> None:
    file = read_xhstt(_SCHOOL)
    assert {each.id: each.placements for each in file.lessons if each.placements} == {
        "E1": (Placement(0, 1), Placement(1, 2), Placement(2, 1)),
        "E2": (Placement(3, 2, "R1"),),
        "E3": (Placement(2, 2),),
        "E4": (Placement(2, 2),),
    }
    assert file.periods == 6
    assert [(day.name, day.weekday, day.week, day.place_in_week) for day in file.days] == [
        ("Monday", 0, 1, 0),
        ("Tuesday", 1, 1, 1),
        ("Monday", 0, 2, 0),
        ("Tuesday", 1, 2, 1),
    ]
    assert (file.school_name, file.slots_per_day, file.slot_names) == ("Lyceum", 2, ("1", "2"))
    assert ([each.id for each in file.classes], [each.id for each in file.pupils]) == (["7A", "7B"], ["Eve"])
    assert ([each.id for each in file.teachers], [each.id for each in file.rooms]) == (["Ada", "Bob"], ["R1"])


def test_every_other_event_is_refused_for_its_reason() -> None:
    file = read_xhstt(_SCHOOL)
    assert {each.activity_id: each.kind for each in file.refusals} == {
        "X1": "no-students",
        "X2": "unknown-name",
        "X3": "bad-duration",
        "X4": "no-time",
        "X5": "incomplete-time",
        "X6": "past-the-end",
        "X7": "twice-at-once",
        "X8": "unknown-name",
    }
    reasons = {each.activity_id: each.reason for each in file.refusals}
    assert reasons["X5"] == "Event X5 (Latin) has times for 2 of its 3 periods: choose another solution."


def test_a_subject_is_the_courses_of_an_event_and_not_the_group_of_all() -> None:
    file = read_xhstt(_SCHOOL)
    assert {each.id: each.subject for each in file.lessons if each.id[0] == "E"} == {
        "E1": "Latin",
        "E2": "Logic+Latin",
        "E3": "Link",
        "E4": "Link",
    }
    assert [each.name for each in file.subjects] == ["Latin", "Logic+Latin", "Link"]


def test_linked_events_share_out_the_classes_that_one_of_them_names() -> None:
    file = read_xhstt(_SCHOOL)
    assert [(each.id, each.name, each.members, each.classes) for each in file.groups] == [
        ("split:E3", "Link (7B)", (), ("7B",)),
        ("split:E4", "Link (7B)", (), ("7B",)),
    ]
    assert [each.student_sets for each in file.lessons if each.id in {"E3", "E4"}] == [("split:E3",), ("split:E4",)]
    assert not clashes(file)


def test_the_notes_say_what_was_chosen_inferred_and_left_out() -> None:
    assert read_xhstt(_SCHOOL).notes == (
        "Of 2 solutions “first” was read; the others are second.",
        (
            "2 events are parallel electives of the same classes; the archive does not say who takes which, so each"
            " has a teaching group of its own."
        ),
        "Events of the solution that the instance does not have were left out: 1.",
        "Resources that are neither teachers, rooms, classes nor students were left out: 1.",
    )


def test_another_solution_can_be_asked_for() -> None:
    file = read_xhstt(_SCHOOL, solution="second")
    assert {each.id for each in file.lessons if each.placements} == {"E2", "X4"}
    for asked in ({"solution": "third"}, {"instance": "I2"}):
        with pytest.raises(ImportRefused, match=r"^The archive has no (solution “third”|instance “I2”): choose one of"):
            read_xhstt(_SCHOOL, **asked)


def test_without_a_solution_only_fixed_events_are_placed() -> None:
    file = read_xhstt(_archive(_event("E1", "2", "Latin", "7A", time="T1") + _event("E2", "1", "Logic", "7A"), ""))
    assert file.periods == 2
    assert [(each.activity_id, each.kind) for each in file.refusals] == [("E2", "no-time")]
    assert file.notes[0] == "The archive has no solution, so only events with a fixed time are placed."


def test_who_is_in_two_places_at_once_is_told() -> None:
    events = _event("E1", "1", "Latin", "7A Ada", time="M1") + _event("E2", "1", "Logic", "7B Ada", time="M1")
    found = clashes(read_xhstt(_archive(events, "")))
    assert [(each.kind, each.id, each.day, each.slot, each.activity_ids) for each in found] == [
        ("teacher", "Ada", 0, 1, ("E1", "E2"))
    ]


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        (b"<HighSchoolTimetableArchive/>", "has no instance"),
        (_SCHOOL.replace(b'<Day Reference="Monday"/>', b"", 1), "The time M1 belongs to no day"),
        (_SCHOOL.replace(b'Id="E2"', b'Id="E1"'), "Some events of the archive have no Id or share one"),
        (_SCHOOL.replace(b'Id="Bob"', b'Id=""'), "Some resources of the archive have no Id or share one"),
        (re.sub(rb"<Time Id.*</Time>", b"", _SCHOOL), "has no times"),
    ],
)
def test_an_archive_that_cannot_be_understood_is_refused(content: bytes, saying: str) -> None:
    with pytest.raises(ImportRefused, match=saying):
        read_xhstt(content)


@settings(max_examples=250, deadline=None)
@given(spoiled(_SCHOOL))
def test_a_spoiled_archive_is_read_whole_or_refused(content: bytes) -> None:
    with contextlib.suppress(ImportRefused):
        file = read_xhstt(content)
        assert {each.activity_id for each in file.refusals} == {each.id for each in file.lessons if not each.placements}
        journals(file)


class _Counted:
    """An archive counted by regular expressions over its text, sharing nothing with the importer."""

    def __init__(self, path: Path) -> None:
        text = path.read_text("utf-8-sig")
        instance = text[: text.index("<SolutionGroups>")]
        first_solution = text[text.index("<SolutionGroup ") : text.index("</SolutionGroup>")]
        self.instance = instance
        self.durations = {
            event: int(duration)
            for event, duration in re.findall(
                r'<Event Id\s*=\s*"([^"]+)">\s*<Name>[^<]*</Name>\s*<Duration>(\d+)</Duration>', instance
            )
        }
        self.times: dict[str, list[str]] = {}
        for event, body in re.findall(r'<Event Reference="([^"]+)">(.*?)</Event>', first_solution, re.DOTALL):
            assert "<Duration>1</Duration>" in body
            self.times.setdefault(event, []).extend(re.findall(r'<Time Reference="([^"]+)"', body))
        self.rooms = len(re.findall(r'<Resource Reference="R\d+"', first_solution))

    @property
    def periods(self) -> int:
        return sum(len(times) for times in self.times.values())


def test_woodlands_is_read_as_an_independent_count_says() -> None:
    path = real_file("xhstt/ZA-WD-09.xml")
    counted, file = _Counted(path), read_xhstt_file(path)
    assert len(file.lessons) == len(counted.durations) == 278
    assert file.periods == counted.periods == sum(counted.durations.values()) == 1_353
    assert file.refusals == ()
    # The times are called Day3_G_5: day 3, fifth lesson.
    for lesson in file.lessons:
        named = {tuple(map(int, re.findall(r"\d+", time))) for time in counted.times[lesson.id]}
        assert {(place.day + 1, place.slot) for place in lesson.placements} == named
    assert [(day.name, day.weekday, day.week) for day in file.days] == [
        (f"Day_{number}", None, None) for number in range(1, 7)
    ]
    assert (len(file.classes), len(file.teachers), len(file.rooms), len(file.pupils)) == (30, 40, 0, 0)
    assert all(lesson.student_sets for lesson in file.lessons)
    assert not clashes(file)
    assert sum(len(each.lessons) for each in journals(file)) == 1_353


def test_woodlands_has_a_teaching_group_for_every_parallel_elective() -> None:
    path = real_file("xhstt/ZA-WD-09.xml")
    file, text = read_xhstt_file(path), _Counted(path).instance
    linked = re.findall(r'<Event Id(?:(?!</Event>).)*?<EventGroup Reference="Double\d+"', text, re.DOTALL)
    assert len(file.groups) == len(linked) == 66
    assert sum("SchoolClass" not in each for each in linked) == 47


def test_falkon_is_read_as_an_independent_count_says() -> None:
    path = real_file("xhstt/DK-FG-12.xml")
    counted, file = _Counted(path), read_xhstt_file(path)
    assert len(file.lessons) == len(counted.durations) == file.periods == counted.periods == 1_077
    assert file.refusals == ()
    assert (
        sum(place.room is not None for lesson in file.lessons for place in lesson.placements) == counted.rooms == 1_077
    )
    # Ten days of five times, T0 to T49, the first five days in the first week.
    for lesson in file.lessons:
        (number,) = (int(time.removeprefix("T")) for time in counted.times[lesson.id])
        assert [(place.day, place.slot) for place in lesson.placements] == [(number // 5, number % 5 + 1)]
    assert [(day.week, day.place_in_week) for day in file.days] == [(1 + day // 5, day % 5) for day in range(10)]
    assert {each.id for each in file.pupils} == set(re.findall(r'Resource Id\s*=\s*"(Student\d+)"', counted.instance))
    assert (len(file.pupils), len(file.classes)) == (279, 0)
    assert file.notes[0].startswith("Of 7 solutions “LectioALNS” was read")
    assert not clashes(file)
    assert sum(len(each.lessons) for each in journals(file)) == 1_077


@pytest.mark.parametrize("solution", ["LectioIntegerProgramming_2014-08-29"])
def test_a_computed_solution_of_woodlands_places_every_hour_too(solution: str) -> None:
    file = read_xhstt_file(real_file("xhstt/ZA-WD-09.xml"), solution=solution)
    assert (file.periods, file.refusals) == (1_353, ())
