"""People: one row each, in the order of the Russian alphabet, empty when erased."""

from __future__ import annotations

import sqlalchemy as sa

from ejd.kernel.events import people as p
from ejd.kernel.titles import Contacts, PersonName, to_text
from ejd_projections.asking import fetch
from ejd_projections.people import guardians_of, names, people_by_id, persons, pupils_of, staff
from ejd_projections.positions import position_on, positions_of
from ejd_projections.qualifications import Qualification, qualifications_of
from tests.projections.conftest import Ask
from tests.projections.story import ADA, BORIS, EREMIN, YOZHIKOVA, ZHUKOV, a_school, day, sealed, why


def pupils_in_order(c: sa.Connection) -> list[str]:
    return [row.full() for row in fetch(c, persons, persons.c.kind == "pupil", order=[persons.c.sort_key])]


def test_pupils_stand_in_the_order_of_the_russian_alphabet(ask: Ask) -> None:
    # Е, Ё, Ж, and case does not matter; in Unicode ё stands behind я.
    c = ask(a_school().pupil("pupil-x", "еремина"))
    assert pupils_in_order(c) == ["Еремин Анна", "еремина Анна", "Ёжикова Анна", "Жуков Анна"]


def test_an_erased_person_has_an_empty_name_and_stands_last(ask: Ask) -> None:
    c = ask(a_school().pupil("pupil-erased", "Абрамов"))
    assert pupils_in_order(c)[-1] == "удалено"
    erased = people_by_id(c, ["pupil-erased"])["pupil-erased"]
    assert (erased.family, erased.given, erased.middle) == ("", "", "")


def test_staff_have_a_position_and_a_last_day(ask: Ask) -> None:
    c = ask(a_school().tell(BORIS, p.StaffMemberLeft(left_on=day("10-10"))))
    assert [(row.full(), row.left_on) for row in staff(c)] == [("Борисов Ада", "2026-10-10"), ("Лавлейс Ада", None)]
    assert {key: [row.position for row in held] for key, held in positions_of(c).items()} == {
        ADA: ["учитель"],
        BORIS: ["учитель"],
    }
    assert names(c, [ADA, "nobody"]) == {ADA: "Лавлейс Ада"}


def test_a_position_is_held_from_a_day_on_until_the_next_one(ask: Ask) -> None:
    story = a_school().tell(ADA, p.StaffPositionChanged(position="завуч", starts=day("10-01")))
    held = positions_of(ask(story))[ADA]
    days = ("2000-01-01", "2026-09-30", "2026-10-01", "2027-01-01")
    assert [position_on(held, one, None) for one in days] == ["учитель", "учитель", "завуч", "завуч"]
    assert position_on(held, "2027-01-01", left_on="2026-09-30") == "учитель"
    assert position_on([], "2026-10-01", None) == ""


def test_corrected_positions_are_the_whole_of_them(ask: Ask) -> None:
    story = a_school().tell(ADA, p.StaffPositionChanged(position="завуч", starts=day("10-01")))
    new = (p.PositionFrom(position="завуч", starts=day("09-01")),)
    held = positions_of(ask(story.tell(ADA, p.StaffPositionsCorrected(old=(), new=new, reason=why()))))[ADA]
    assert [(row.position, row.starts, row.version) for row in held] == [("завуч", "2026-09-01", 3)]


def test_an_employment_begins_the_positions_of_its_time(ask: Ask) -> None:
    story = a_school().tell(ADA, p.StaffPositionChanged(position="завуч", starts=day("10-01")))
    name = sealed(ADA, to_text(PersonName(family="Лавлейс", given="Ада")), "staff-member-employed.name")
    story.tell(ADA, p.StaffMemberEmployed(name=name, position="методист", employed_on=day("10-01")))
    assert [row.position for row in positions_of(ask(story))[ADA]] == ["учитель", "методист"]


def test_a_guardian_acts_for_a_pupil_by_date(ask: Ask) -> None:
    contacts = Contacts(email="yana@example.org", phone="+7 900 000-00-00")
    story = a_school().guardian("guardian-1", "Еремина", EREMIN, contacts).guardian("guardian-2", "Янова", EREMIN)
    story.tell("guardian-1", p.GuardianshipEstablished(pupil=ZHUKOV, relation="aunt", starts=day("09-01")))
    story.tell("guardian-2", p.GuardianshipEnded(pupil=EREMIN, ends=day("10-01")))
    c = ask(story)
    september = guardians_of(c, pupil=EREMIN, day="2026-09-30")
    assert [(one.name, one.relation, one.email) for one in september] == [
        ("Еремина Яна", "mother", "yana@example.org"),
        ("Янова Яна", "mother", ""),
    ]
    assert [one.id for one in guardians_of(c, pupil=EREMIN, day="2026-10-01")] == ["guardian-1"]
    assert pupils_of(c, guardian="guardian-1", day="2026-10-01") == [EREMIN, ZHUKOV]
    assert guardians_of(c, pupil=YOZHIKOVA, day="2026-10-01") == []


def test_a_guardianship_established_anew_begins_once(ask: Ask) -> None:
    story = a_school().guardian("guardian-1", "Еремина", EREMIN)
    story.tell("guardian-1", p.GuardianshipEstablished(pupil=EREMIN, relation="guardian", starts=day("09-01")))
    assert [one.relation for one in guardians_of(ask(story), pupil=EREMIN, day="2026-09-01")] == ["guardian"]


def test_the_last_qualification_counts_whole(ask: Ask) -> None:
    story = a_school().tell(ADA, p.StaffQualified(subjects=("maths", "physics"), category="first"))
    story.tell(ADA, p.StaffQualified(subjects=("physics",), category="highest"))
    story.tell(BORIS, p.StaffQualified(subjects=("music",)))
    c = ask(story)
    assert qualifications_of(c) == {
        ADA: Qualification(["physics"], "highest"),
        BORIS: Qualification(["music"], "none"),
    }
    assert list(qualifications_of(c, staff=[ADA, "nobody"])) == [ADA]
