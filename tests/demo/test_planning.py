"""The school as it is planned, before anything is sent: names, load, timetable."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from ejd.demo.curriculum import CONTROLLED, HOURS, SUBJECTS
from ejd.demo.families import Families
from ejd.demo.people import PATRONYMICS, Names, feminine
from ejd.demo.roster import Roster
from ejd.demo.shape import FULL, SMALL, Shape, chance
from ejd.demo.staffing import LOAD_MAX, Staffing
from ejd.demo.story import individual_pupils
from ejd.demo.timetable import make_timetable
from ejd.demo.topics import thematic_plan

LESSONS_A_DAY_MAX = {1: 5, 2: 5, 3: 5, 4: 5, 5: 6, 6: 6, 7: 7, 8: 7, 9: 7, 10: 7, 11: 7}
"""СанПиН, written down here once more so that the table in the code is not its own judge."""


def planned(seed: int, shape: Shape = FULL) -> Roster:
    names = Names(seed, chance(seed, "names"))
    roster = Staffing(seed, shape, names, chance(seed, "staff")).build()
    make_timetable(roster.blocks, roster.classes, chance(seed, "timetable"))
    Families(seed, shape, names, chance(seed, "families")).settle(roster)
    individual_pupils(seed, roster, shape, chance(seed, "individual"))
    return roster


@pytest.fixture(scope="module", params=[1, 7, 23])
def roster(request: pytest.FixtureRequest) -> Roster:
    """The whole school of some seed."""
    return planned(int(request.param))


def test_no_teacher_and_no_room_is_in_two_places_at_once(roster: Roster) -> None:
    teachers = Counter((journal.taught_by.id, place) for journal in roster.journals for place in journal.places)
    rooms = Counter((journal.taught_by.room, place) for journal in roster.journals for place in journal.places)
    assert max(teachers.values()) == 1
    assert max(rooms.values()) == 1


def test_no_pupil_is_in_two_lessons_at_once(roster: Roster) -> None:
    for one in roster.classes:
        for pupil in one.pupils:
            day = pupil.stays[0].starts
            own = Counter(p for j in roster.journals if one in j.classes and j.has(pupil, day) for p in j.places)
            assert max(own.values()) == 1, (one.title, own.most_common(1))


def test_a_class_has_no_free_slot_between_lessons_and_keeps_the_sanitary_limit(roster: Roster) -> None:
    for one in roster.classes:
        by_day: dict[int, set[int]] = defaultdict(set)
        for journal in roster.journals:
            if one in journal.classes and (journal.group is None or journal.group.kind != "individual"):
                for place in journal.places:
                    by_day[place.day].add(place.slot)
        assert len(by_day) == one.week_days
        for slots in by_day.values():
            assert slots == set(range(1, len(slots) + 1))
            assert len(slots) <= LESSONS_A_DAY_MAX[one.grade]


def test_every_journal_has_its_hours_and_nobody_more_than_a_full_load(roster: Roster) -> None:
    assert all(len(journal.places) == journal.hours > 0 for journal in roster.journals)
    assert max(teacher.hours for teacher in roster.staff) <= LOAD_MAX


def test_names_agree_with_sex_and_father(roster: Roster) -> None:
    sons, daughters = {p[1] for p in PATRONYMICS}, {p[2] for p in PATRONYMICS}
    fathers = {pupil.id: g for g in roster.guardians if g.relation == "father" for pupil in g.pupils}
    for pupil in roster.pupils:
        assert pupil.name.middle in (sons if pupil.sex == "m" else daughters)
        father = fathers.get(pupil.id)
        if father is not None:
            family = father.name.family
            assert pupil.name.family == (family if pupil.sex == "m" else feminine(family))
            assert pupil.name.middle in next(p[1:] for p in PATRONYMICS if p[0] == father.name.given)
    assert any("ё" in pupil.name.family.casefold() for pupil in roster.pupils)


def test_the_school_has_the_size_that_was_asked_for(roster: Roster) -> None:
    assert len(roster.classes) == 15
    assert 270 <= len(roster.pupils) <= 340
    kinds = Counter(group.kind for group in roster.groups)
    assert kinds["individual"] == 2
    assert kinds["subgroup"] > 0
    assert kinds["stream"] > 0


def test_family_names_of_women_are_declined() -> None:
    assert [feminine(name) for name in ("Королёв", "Знаменский", "Ильин")] == ["Королёва", "Знаменская", "Ильина"]


def test_every_subject_has_topics_for_each_of_its_grades() -> None:
    for grade, hours in HOURS.items():
        for subject, weekly in hours.items():
            assert subject in SUBJECTS
            course = f"{subject}-f" if subject == "labour" and grade > 4 else subject
            plan = thematic_plan(course, grade, 9 * weekly, CONTROLLED.get(subject, 0))
            assert len(plan) == 9 * weekly
            assert sum(line.control for line in plan) == CONTROLLED.get(subject, 0)


def test_a_shape_that_the_story_does_not_fit_in_is_refused() -> None:
    with pytest.raises(ValueError, match="two weeks to a quarter"):
        Shape(classes=("5Ы",))
    with pytest.raises(ValueError, match="two weeks to a quarter"):
        Shape(pupils_per_class=1)
    assert planned(7, SMALL).classes[0].title == "4А"
