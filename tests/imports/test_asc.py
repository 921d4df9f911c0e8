"""Files of aSc Timetables as its two exports write them, made by hand: what is read, and what is refused by name."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ejd.imports.asc import read_asc, read_asc_file
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_file import Placement, TimetableFile
from tests.imports.broken_files import spoiled
from tests.imports.importing import Due, Found, bring, empty_school
from tests.postgres import PostgresDatabase

DAYS = """<daysdefs><daysdef id="D0" name="Любой день" days="10000,01000,00100,00010,00001"/>
<daysdef id="D1" name="Понедельник" days="10000"/><daysdef id="D2" name="Вторник" days="01000"/>
<daysdef id="D3" name="Среда" days="00100"/><daysdef id="D4" name="Четверг" days="00010"/>
<daysdef id="D5" name="Пятница" days="00001"/></daysdefs>"""
HEAD = """<periods><period name="1" short="1" period="1" starttime="8:30" endtime="9:15"/>
<period name="2" short="2" period="2" starttime="9:25" endtime="10:10"/>
<period name="3" short="3" period="3" starttime="10:30" endtime="11:15"/></periods>"""
LISTS = """<subjects><subject id="S1" name="Алгебра" short="Алг"/><subject id="S2" name="Английский язык"/>
<subject id="S3" name="Физкультура"/></subjects>
<teachers><teacher id="T1" firstname="Ирина Ивановна" lastname="Иванова" name="Иванова И.И." short="Ив"/>
<teacher id="T2" name="Петров П.П."/></teachers>
<classrooms><classroom id="R1" name="305" capacity="30"/><classroom id="R2" name="Зал" capacity="*"/></classrooms>
<grades><grade name="8 класс" grade="8"/></grades>
<classes><class id="C1" name="8А" grade="8" teacherid="T1"/><class id="C2" name="8Б" grade="8" teacherid=""/></classes>
<groups><group id="G0" name="Весь класс" classid="C1" entireclass="1" divisiontag="0"/>
<group id="G1" name="1 группа" classid="C1" entireclass="0" divisiontag="1" studentids="P1" studentcount="12"/>
<group id="G2" name="2 группа" classid="C1" entireclass="0" divisiontag="1"/>
<group id="H0" name="Весь класс" classid="C2" entireclass="1" divisiontag="0"/></groups>
<students><student id="P1" classid="C1" firstname="Вера" lastname="Васильева" name="x"/></students>"""
LESSONS = """<lessons>
<lesson id="L1" classids="C1" subjectid="S1" periodspercard="1" periodsperweek="2.0" teacherids="T1" groupids="G0"/>
<lesson id="L2" classids="C1" subjectid="S2" periodspercard="1" periodsperweek="1.0" teacherids="T1" groupids="G1"/>
<lesson id="L3" classids="C1" subjectid="S2" periodspercard="1" periodsperweek="1.0" teacherids="T2" groupids="G2"/>
<lesson id="L4" classids="C1,C2" subjectid="S3" periodspercard="2" periodsperweek="2.0" teacherids="T1,T2"
 groupids="G0,H0"/></lessons>"""
CARDS = """<cards><card lessonid="L1" classroomids="R1" period="1" days="10000" weeks="1" terms="1"/>
<card lessonid="L1" classroomids="" period="2" days="00100" weeks="1" terms="1"/>
<card lessonid="L2" classroomids="R1" period="2" days="01000" weeks="1" terms="1"/>
<card lessonid="L3" classroomids="R2" period="2" days="01000" weeks="1" terms="1"/>
<card lessonid="L4" classroomids="R2" period="2" days="00001" weeks="1" terms="1"/>
<card lessonid="L4" classroomids="R2" period="3" days="00001" weeks="1" terms="1"/></cards>"""


def asc(*parts: str, encoding: str = "UTF-8", options: str = "") -> bytes:
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    text = f'{head}<timetable importtype="database" options="{options}">{"".join(parts)}</timetable>'
    return text.encode(encoding)


WHOLE = asc(HEAD, DAYS, LISTS, LESSONS, CARDS)


def read(lessons: str = LESSONS, cards: str = CARDS, *, term: int | None = None) -> TimetableFile:
    return read_asc(asc(HEAD, DAYS, LISTS, lessons, cards), term=term)


def places(file: TimetableFile, lesson: str) -> list[Placement]:
    (found,) = [each for each in file.lessons if each.id == lesson]
    return list(found.placements)


def one(weeks: str = "2.0", cards: str = "", *, per_card: int = 1, **changes: str) -> TimetableFile:
    row = {"classids": "C1", "subjectid": "S1", "teacherids": "T1", "groupids": "G0", **changes}
    attributes = " ".join(f'{key}="{value}"' for key, value in row.items())
    lesson = f'<lesson id="L" periodspercard="{per_card}" periodsperweek="{weeks}" {attributes}/>'
    return read(f"<lessons>{lesson}</lessons>", f"<cards>{cards}</cards>")


def card(period: object = 1, days: str = "10000", weeks: str = "1", terms: str = "1", room: str = "") -> str:
    return f'<card lessonid="L" classroomids="{room}" period="{period}" days="{days}" weeks="{weeks}" terms="{terms}"/>'


def test_a_file_is_read_whole() -> None:
    file = read_asc(WHOLE)
    assert [day.weekday for day in file.days] == [0, 1, 2, 3, 4]
    assert file.slot_names == ("8:30", "9:25", "10:30")
    assert [each.name for each in file.teachers] == ["Иванова Ирина Ивановна", "Петров П.П."]
    assert [(each.name, each.capacity) for each in file.rooms] == [("305", 30), ("Зал", None)]
    assert [(each.name, each.parallel) for each in file.classes] == [("8А", "8 класс"), ("8Б", "8 класс")]
    assert [(each.name, each.classes, each.members) for each in file.groups] == [
        ("8А: 1 группа", ("class C1",), ("student P1",)),
        ("8А: 2 группа", ("class C1",), ()),
    ]
    assert [(each.name, each.class_id) for each in file.pupils] == [("Васильева Вера", "class C1")]
    assert [each.student_sets for each in file.lessons] == [
        *(("class C1",), ("group G1",), ("group G2",), ("class C1", "class C2")),
    ]
    assert places(file, "L1") == [Placement(0, 1, "R1"), Placement(2, 2)]
    assert places(file, "L4") == [Placement(4, 2, "R2"), Placement(4, 3, "R2")]
    assert file.refusals == ()
    assert file.notes == ("Class teachers are not read: appoint them here.",)


@pytest.mark.parametrize("encoding", ["UTF-8", "windows-1251", "UTF-16"])
def test_the_encodings_that_it_writes_are_understood(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "asc.xml"
    path.write_bytes(asc(HEAD, DAYS, LISTS, LESSONS, CARDS, encoding=encoding))
    assert read_asc_file(path) == read_asc(WHOLE)


def test_a_file_of_central_europe_is_understood() -> None:
    lists = LISTS
    for russian, czech in (("Алгебра", "Algebra příkladů"), ("Английский язык", "Angličtina")):
        lists = lists.replace(russian, czech)
    text = "".join(sign for sign in (HEAD + lists + LESSONS + CARDS) if sign.encode("cp1250", "ignore"))
    file = read_asc(asc(text, encoding="windows-1250"))
    assert [each.name for each in file.subjects][:2] == ["Algebra příkladů", "Angličtina"]


def test_a_double_lesson_is_two_cards_or_one_as_the_hours_tell() -> None:
    both = one("2.0", card(1) + card(2), per_card=2)
    start = one("2.0", card(1), per_card=2)
    assert places(both, "L") == places(start, "L") == [Placement(0, 1), Placement(0, 2)]
    late = one("2.0", card(3), per_card=2)
    assert (late.refusals[0].kind, late.refusals[0].activity_id) == ("past-the-end", "L")


def test_weeks_that_differ_make_a_cycle_of_weeks() -> None:
    file = one("1.5", card(1, "10000", "11") + card(2, "01000", "10"))
    assert [(day.weekday, day.week) for day in file.days][::5] == [(0, 1), (0, 2)]
    assert [(place.day, place.slot) for place in places(file, "L")] == [(0, 1), (1, 2), (5, 1)]
    assert one("1.0", card(1, "10000", "11")).days[0].week is None, "every card in every week: one week"


def test_terms_that_differ_must_be_chosen() -> None:
    lessons = LESSONS
    cards = CARDS.replace('days="10000" weeks="1" terms="1"', 'days="10000" weeks="1" terms="10"')
    cards = cards.replace('days="00100" weeks="1" terms="1"', 'days="00100" weeks="1" terms="01"')
    cards = cards.replace('terms="1"', 'terms="11"')
    with pytest.raises(ImportRefused, match="differ by term, and there are 2"):
        read(lessons, cards)
    assert [place.day for place in places(read(lessons, cards, term=1), "L1")] == [0]
    assert [place.day for place in places(read(lessons, cards, term=2), "L1")] == [2]
    with pytest.raises(ImportRefused, match="no term 3"):
        read(lessons, cards, term=3)
    assert places(read(term=1), "L1") == places(read(), "L1"), "one term is the only one"


def test_cards_without_a_place_are_refused_by_name_and_the_rest_is_placed() -> None:
    file = one("3.0", card(1) + card(""))
    assert places(file, "L") == [Placement(0, 1)]
    (refused,) = file.refusals
    assert (refused.activity_id, refused.kind) == ("L unplaced", "incomplete-time")
    assert refused.reason == "Lesson L (Алгебра: 8А) has 2 lessons without a place: place its cards in aSc."
    nowhere = one("1.0")
    assert [(each.activity_id, each.kind) for each in nowhere.refusals] == [("L", "no-time")]


def test_lesson_zero_moves_everything_by_one() -> None:
    file = one("2.0", card(0) + card(1))
    assert [place.slot for place in places(file, "L")] == [1, 2]
    assert file.slot_names == ("0", "8:30", "9:25", "10:30")
    assert any("lesson 0 is slot 1" in note for note in file.notes)


@pytest.mark.parametrize(
    ("changes", "cards", "kind", "saying"),
    [
        ({"subjectid": ""}, card(), "no-subject", "has no subject"),
        ({"classids": "", "groupids": ""}, card(), "no-students", "taught to nobody"),
        ({"subjectid": "S9"}, card(), "unknown-name", "a subject “S9”"),
        ({"teacherids": "T1,T9"}, card(), "unknown-name", "a teacher “T9”"),
        ({"groupids": "G9"}, card(), "unknown-name", "a class, group or student “group G9”"),
        ({}, card(room="R9"), "unknown-name", "in a room “R9”"),
        ({}, card() + card(), "twice-at-once", "more than once"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_reason(
    changes: dict[str, Any], cards: str, kind: str, saying: str
) -> None:
    file = one("2.0", cards, **changes)
    (refused,) = file.refusals
    assert (refused.activity_id, refused.kind) == ("L", kind)
    assert saying in refused.reason


def test_the_older_format_names_days_by_number() -> None:
    days = "<days>" + "".join(
        f'<day name="{name}" short="x" day="{number}"/>' for number, name in enumerate(("Понедельник", "Вторник"), 1)
    )
    lesson = '<lessons><lesson id="L" subjectid="S1" classids="C1" teacherid="T1" periodsperweek="2"/></lessons>'
    cards = (
        '<cards><card lessonid="L" day="1" period="2" classroomid="R1"/><card lessonid="L" day="2" period="1"/></cards>'
    )
    file = read_asc(asc(HEAD, days + "</days>", LISTS, lesson, cards, options="daynumbering1"))
    assert [day.name for day in file.days] == ["Понедельник", "Вторник"]
    assert places(file, "L") == [Placement(0, 2, "R1"), Placement(1, 1)]
    assert file.lessons[0].teachers == ("T1",)


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        (b"", "The file is empty"),
        (b"<fet/>", "not <timetable>"),
        (asc(LISTS), "names no periods"),
        (asc(HEAD, LISTS), "has no days"),
        (asc(HEAD.replace('period="3"', 'period="300"'), DAYS, LISTS), "lessons of number 300"),
        (b'<!DOCTYPE timetable [<!ENTITY a "a">]><timetable>&a;</timetable>', "document type"),
        (b"<timetable><periods>", "stops being well-formed"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_to_do(content: bytes, saying: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_asc(content)
    assert saying in str(refused.value)


@settings(max_examples=150, deadline=None)
@given(content=spoiled(WHOLE), term=st.sampled_from((None, 1, 2)))
def test_a_spoiled_file_is_read_or_refused_and_nothing_else(content: bytes, term: int | None) -> None:
    with suppress(ImportRefused):
        assert isinstance(read_asc(content, term=term), TimetableFile)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_file_becomes_a_school_with_its_timetable_and_twice_changes_nothing(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: PostgresDatabase | None = None
    if database == "postgres":
        postgres = request.getfixturevalue("postgres_database")
    with empty_school(tmp_path, postgres) as school:
        report = bring(school, read_asc(WHOLE))
        found = Found(school, report.year)
        assert found.due_in_a_turn() == {
            Due("Алгебра", "8А", 1, 1, "305"): 1,
            Due("Алгебра", "8А", 3, 2, ""): 1,
            Due("Английский язык", "", 2, 2, "305"): 1,
            Due("Английский язык", "", 2, 2, "Зал"): 1,
            Due("Физкультура", "", 5, 2, "Зал"): 1,
            Due("Физкультура", "", 5, 3, "Зал"): 1,
        }
        assert bring(school, read_asc(WHOLE)).commands_sent == 0
