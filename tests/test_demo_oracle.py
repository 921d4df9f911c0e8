"""Every report of the demonstration, and of a school imported from a real timetable, equals the oracle's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from ejd.app import School, initialise, opened, system_clock
from ejd.demo import FULL, SMALL, Shape, build_demo
from ejd.demo.shape import chance
from ejd.founding import IMPORTER, account_with_role, cli_actor
from ejd.imports.apply import import_file
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.ids import OPERATOR
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.people import PupilState
from ejd.read.rebuild import ensure_built
from ejd.settings import Settings
from ejd_commands.attendance import AbsenceLine
from ejd_commands.final_marks import DecideFinalMark
from ejd_commands.lessons import SaveLesson
from ejd_commands.marks import MarkEntry
from tests import oracle as o
from tests.imports.importing import AUGUST, FIRST_DAY, LAST_DAY, Found, by_hand, empty_school
from tests.imports.shared_data import real_file
from tests.projections.compared import Difference, differences
from tests.scenario import uid
from tests.schools import Clock

PAGE_EVENTS = 5_000
UAE = "fet/United-Arab-Emirates__IBDP-School-2016.fet"
LESSONS_HELD = 80
ONE_DAY_MICROSECONDS = 86_400_000_000


def events_of(school: School) -> Iterator[tuple[Recorded, Event]]:
    """Answer all events of a school, markers too."""
    page = school.store.read_page(0, PAGE_EVENTS)
    while page:
        for meta in page:
            yield meta, CATALOGUE.decode(meta.name, meta.state)
        page = school.store.read_page(page[-1].position, PAGE_EVENTS)


def valid(events: list[tuple[Recorded, Event]]) -> list[tuple[Recorded, Event]]:
    """Leave out markers, and what at least one breach holds void after the last of them."""
    holders: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for meta, event in events:
        match event:
            case EventsVoided(breach=breach, versions=versions):
                for version in versions:
                    holders[meta.stream, version].add(breach)
            case EventsRestored(breach=breach, versions=versions):
                for version in versions:
                    holders[meta.stream, version].discard(breach)
    return [
        (meta, event)
        for meta, event in events
        if not isinstance(event, EventsVoided | EventsRestored) and not holders.get((meta.stream, meta.version))
    ]


def differences_of(school: School, *, thorough: bool, percent: int = 100) -> tuple[int, list[Difference]]:
    """Answer how many events there are, and where report and oracle differ a day after the last one."""

    def open_box(sealed: Sealed, at: Ref) -> str:
        return school.vault.unseal(sealed, field="recommendation-given.text", at=at) or ""

    events = list(events_of(school))
    ensure_built(school.read, school.workshop, processes=1)
    school.feeder.run_to_end()
    now = events[-1][0].recorded_at + ONE_DAY_MICROSECONDS
    with school.read.snapshot() as snapshot:
        assert snapshot.position == events[-1][0].position
        facts = o.facts_of(valid(events), open_box)
        found = list(differences(snapshot.connection, facts, now, thorough=thorough, percent=percent))
    return len(events), found


@pytest.mark.parametrize(
    ("shape", "percent", "events_min"),
    [
        pytest.param(SMALL, 10, 1_500, id="small"),
        pytest.param(FULL, 100, 50_000, id="full", marks=pytest.mark.slow),
    ],
)
def test_every_report_of_the_demonstration_is_the_oracles(
    tmp_path: Path, shape: Shape, percent: int, events_min: int
) -> None:
    """A share of all questions about a small one, each report for each journal, class and period of the whole one."""
    settings = Settings(data_dir=tmp_path / "school")
    initialise(settings)
    with opened(settings) as school:
        build_demo(school, shape=shape, random_bytes=chance(7, "oracle").randbytes, clock=system_clock)
        count, found = differences_of(school, thorough=shape is SMALL, percent=percent)
    assert count > events_min
    assert found == []


@pytest.mark.slow
def test_every_report_of_an_imported_school_is_the_oracles(tmp_path: Path) -> None:
    """Lessons are held in it, with marks and absences, some of them entered late; final marks are decided."""
    path, clock = real_file(UAE), Clock(AUGUST)
    with empty_school(tmp_path, clock=clock) as school:
        report = import_file(
            school,
            "fet",
            path,
            actor=cli_actor(IMPORTER),
            year_name="2026/27",
            first_day=FIRST_DAY,
            last_day=LAST_DAY,
        )
        hold_lessons(school, clock, Found(school, report.year))
        count, found = differences_of(school, thorough=False)
    assert count > LESSONS_HELD
    assert found == []


def hold_lessons(school: School, clock: Clock, found: Found) -> None:
    """Hold lessons of the first weeks of October in order of time; in every ninth the teacher is three days late."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for pupil in sorted(found.streams("pupil")):
        memberships = found.states.load(PupilState, pupil).memberships
        for stay in (*memberships.groups, *memberships.classes):
            members[stay.where].append(pupil)
    teachers = {journal: state for journal, state in found.journals().items() if state.loads and state.opened}
    first, last = found.turn()
    lessons = sorted(found.due_lessons(first, last), key=lambda one: (one.date, one.slot, one.journal))
    accounts: dict[str, str] = {}
    marked: dict[tuple[str, str], str] = {}
    chosen = [one for one in lessons if one.journal in teachers][:: max(1, len(lessons) // LESSONS_HELD)]
    for number, lesson in enumerate(chosen):
        state = teachers[lesson.journal]
        staff, journal = state.loads[0].staff, state.opened
        assert journal is not None
        if staff not in accounts:
            accounts[staff] = uid(f"account {staff}")
            for command in account_with_role(accounts[staff], f"t-{staff}", "teacher", staff):
                by_hand(school, command, account=OPERATOR, at=None)
        pupils = members[journal.group]
        late = timedelta(days=3 * (number % 9 == 8))
        clock.moment = max(clock.moment, datetime.combine(lesson.date, time(18), UTC) + late)
        marks = tuple(
            MarkEntry(pupil=one, work=("oral", "control")[number % 2], value=str(2 + (place + number) % 4))
            for place, one in enumerate(pupils)
            if (place + number) % 3 == 0
        )
        absent = tuple(AbsenceLine(pupil=one, kind="ill") for one in pupils[number % 4 :: 7])
        command = SaveLesson(
            journal=lesson.journal, day=lesson.date, slot=lesson.slot, topic="Тема", absences=absent, marks=marks
        )
        by_hand(school, command, account=accounts[staff], at=None)
        marked |= {(lesson.journal, one): accounts[staff] for one in pupils[:3]}
    for place, ((in_journal, pupil), account) in enumerate(marked.items()):
        final = DecideFinalMark(
            journal=in_journal, period="year", pupil=pupil, value=("2", "3", "4", "5", "н/а", "осв")[place % 6]
        )
        by_hand(school, final, account=account, at=None)
