"""Two people decide on the same state at once, in two processes: no rule is broken that reports alone would see.

Each handler waits in front of its first append until the other has decided too; whoever comes second decides anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ejd.app import School, open_school
from ejd.handling.decision import Decision
from ejd.handling.handler import Handler, Request, batch_id_of
from ejd.kernel.command import Actor, Command, Refusal
from ejd.kernel.envelope import Answer, Commit
from ejd_commands.control_plan import NormsBroken
from ejd_commands.placing import SlotIsTaken, TeacherIsNeededElsewhere
from ejd_commands.timetable_picture import TimetableHasConflicts
from tests import worlds as w
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import JOURNAL_5B, SLOT_5B, TinySchool, made, tiny_school

DEPUTY = Actor(w.DEPUTY, uid("session"), "tests")
OTHER_DEPUTY = Actor(w.HEAD, uid("session of the head"), "tests")
WAIT_SECONDS_MAX = 60
GROUP, ENGLISH = uid("a group of 5a"), uid("english")
OF_THE_CLASS, OF_THE_GROUP = uid("english of 5a"), uid("english of the group")
MONDAY = "2025-10-13"
ENGLISH_SLOT = 5
SUBSTITUTE = w.DEPUTY_STAFF


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """Answer the tiny school: 5А has English as a class on Mondays, and a group with a journal and nobody in it."""
    database = request.param
    postgres: PostgresDatabase | None = None
    if database == "postgres":
        postgres = request.getfixturevalue("postgres_database")
    with tiny_school(database, tmp_path, postgres, build=False) as school:
        school.send_all(
            [
                made("define-subject", subject=ENGLISH, title="Английский язык"),
                made(
                    "form-teaching-group",
                    group=GROUP,
                    year=w.YEAR,
                    title="5А англ. 1",
                    kind="subgroup",
                    classes=[w.CLASS_5A],
                ),
                made("open-journal", journal=OF_THE_CLASS, subject=ENGLISH, group=w.CLASS_5A, group_kind="class"),
                made("open-journal", journal=OF_THE_GROUP, subject=ENGLISH, group=GROUP, group_kind="group"),
                made("assign-teacher", journal=OF_THE_CLASS, staff=w.HEAD_STAFF, starts="2025-09-01", hours_per_week=1),
                scheduled(OF_THE_CLASS, "2025-09-01", ENGLISH_SLOT),
            ],
            account=w.DEPUTY,
        )
        yield school


@pytest.fixture
def other(tiny: TinySchool) -> Iterator[School]:
    """Answer the same school, as another process has it open."""
    school = open_school(tiny.settings, clock=tiny.clock)
    yield school
    school.close()


class Together:
    """A store whose first append waits until the other party has decided too; what it does then is counted."""

    def __init__(self, handler: Handler, before: Callable[[], object]) -> None:
        """Put it before the handler's own store."""
        self._store = handler.store
        self._before = before
        self.appends = 0
        handler.store = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> object:
        """Everything else is the real store's."""
        return getattr(self._store, name)

    def append(self, commit: Commit) -> Answer:
        """Wait before the first append only."""
        self.appends += 1
        if self.appends == 1:
            self._before()
        return self._store.append(commit)


def outcome_of(handler: Handler, command: Command, actor: Actor) -> Answer | Refusal:
    try:
        return handler.handle([Request(command, uid(f"{actor.account} {command}"))], actor)
    except Refusal as refusal:
        return refusal


def at_once(tiny: TinySchool, other: School, first: Command, second: Command) -> list[Answer | Refusal]:
    """Send two commands by two processes, decided on the same state; answer the stored one and then the refused one."""
    barrier = Barrier(2, timeout=WAIT_SECONDS_MAX)
    handlers = (tiny.school.handler, other.handler)
    for handler in handlers:
        Together(handler, barrier.wait)
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(outcome_of, handlers, (first, second), (DEPUTY, OTHER_DEPUTY)))
    return sorted(outcomes, key=lambda one: isinstance(one, Refusal))


def scheduled(journal: str, starts: str, slot: int) -> Command:
    entries = [{"cycle_day": 1, "slot": slot}]
    return made("schedule-journal", journal=journal, starts=starts, entries=entries)


def work(journal: str, title: str, day: str = MONDAY) -> dict[str, str]:
    return {"journal": journal, "day": day, "title": title, "form": "контрольная работа"}


def planned(journal: str, title: str) -> Command:
    return made("plan-control-work", **work(journal, title))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (planned(w.JOURNAL, "Дроби"), planned(OF_THE_CLASS, "Времена")),
        (
            made("plan-control-works", works=[work(w.JOURNAL, "Дроби"), work(w.JOURNAL, "Проценты", "2025-12-01")]),
            made("plan-control-works", works=[work(OF_THE_CLASS, "Времена")]),
        ),
    ],
    ids=["one and one", "two lists"],
)
def test_of_two_works_of_a_class_on_one_day_one_is_planned(
    tiny: TinySchool, other: School, first: Command, second: Command
) -> None:
    stored, refused = at_once(tiny, other, first, second)
    assert isinstance(stored, Answer)
    assert isinstance(refused, NormsBroken)
    assert "2 control works of a class on one day" in refused.sentence


def test_of_a_work_that_is_moved_and_one_that_is_planned_one_comes_to_the_day(tiny: TinySchool, other: School) -> None:
    moving = uid("a work that moves")
    tiny.send(made("plan-control-work", control_work=moving, **work(w.JOURNAL, "Дроби", "2025-12-01")), login="deputy")
    move = made("move-control-work", control_work=moving, new_day=MONDAY, reason="карантин")
    stored, refused = at_once(tiny, other, move, planned(OF_THE_CLASS, "Времена"))
    assert isinstance(stored, Answer)
    assert isinstance(refused, NormsBroken)


def test_norms_of_a_parallel_hold_between_its_classes(tiny: TinySchool, other: School) -> None:
    tiny.send(made("adopt-control-norms", starts="2025-09-01", source="приказ № 1", errors=["between"]), login="deputy")
    stored, refused = at_once(tiny, other, planned(w.JOURNAL, "Дроби"), planned(JOURNAL_5B, "Проценты"))
    assert isinstance(stored, Answer)
    assert isinstance(refused, NormsBroken)
    assert "tenths of a week" in refused.sentence


def test_works_of_classes_that_share_no_norm_do_not_meet(tiny: TinySchool, other: School) -> None:
    """Another class and subject: both are stored by their first append, whoever comes first."""
    barrier = Barrier(2, timeout=WAIT_SECONDS_MAX)
    waiting = [Together(handler, barrier.wait) for handler in (tiny.school.handler, other.handler)]
    commands = (planned(OF_THE_CLASS, "Времена"), planned(JOURNAL_5B, "Проценты"))
    with ThreadPoolExecutor(2) as threads:
        handlers = (tiny.school.handler, other.handler)
        outcomes = list(threads.map(outcome_of, handlers, commands, (DEPUTY, OTHER_DEPUTY)))
    assert all(isinstance(one, Answer) for one in outcomes)
    assert [one.appends for one in waiting] == [1, 1]


def joined(pupil: str, group: str = GROUP) -> Command:
    return made("join-group", pupil=pupil, group=group, joined_on=MONDAY)


def newcomer() -> list[Command]:
    pupil = uid("a pupil who comes just now")
    fields = {"family": "Новикова", "given": "Нина", "class_id": w.CLASS_5A, "enrolled_on": MONDAY}
    return [made("enrol-pupil", pupil=pupil, **fields), joined(pupil)]


def meanwhile(tiny: TinySchool, other: School, commands: Sequence[Command]) -> Together:
    """Have another process store commands between the decision and the append of the school's own handler."""
    ids = [uid(f"meanwhile {number}") for number in range(len(commands))]
    requests = [Request(command, one) for command, one in zip(commands, ids, strict=True)]
    batch = batch_id_of(ids) if len(ids) > 1 else ""
    return Together(tiny.school.handler, lambda: other.handler.handle(requests, OTHER_DEPUTY, batch_id=batch))


AT_THE_HOUR_OF_THE_CLASS = (
    scheduled(OF_THE_GROUP, MONDAY, w.LESSON_SLOT),
    made(
        "change-timetable",
        year=w.YEAR,
        starts=MONDAY,
        journals=[{"journal": OF_THE_GROUP, "added": [{"cycle_day": 1, "slot": w.LESSON_SLOT}]}],
    ),
)


@pytest.mark.parametrize("comes", [[joined(w.VERA)], newcomer()], ids=["joins", "enrolled and joins"])
@pytest.mark.parametrize("change", AT_THE_HOUR_OF_THE_CLASS, ids=["schedule-journal", "change-timetable"])
def test_a_pupil_who_joins_while_the_timetable_changes_is_not_put_in_two_places(
    tiny: TinySchool, other: School, change: Command, comes: list[Command]
) -> None:
    store = meanwhile(tiny, other, comes)
    with pytest.raises(TimetableHasConflicts, match="class 5А has several lessons at once"):
        tiny.send(change, login="deputy")
    assert store.appends == 1


def test_a_pupil_who_joins_while_a_lesson_is_moved_is_not_put_in_two_places(tiny: TinySchool, other: School) -> None:
    tiny.send(scheduled(OF_THE_GROUP, MONDAY, 6), login="deputy")
    meanwhile(tiny, other, [joined(w.VERA)])
    move = {"journal": OF_THE_GROUP, "day": MONDAY, "slot": 6, "new_day": MONDAY, "new_slot": w.LESSON_SLOT}
    with pytest.raises(SlotIsTaken):
        tiny.send(made("move-lesson", **move), login="deputy")


def test_whoever_makes_no_difference_does_not_make_it_decided_anew(
    tiny: TinySchool, other: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mass of movements elsewhere, an import say, must not keep a change of the timetable from being stored."""
    elsewhere = uid("a group of 5b")
    fields = {"year": w.YEAR, "title": "5Б англ. 1", "kind": "subgroup", "classes": [w.CLASS_5B]}
    tiny.send(made("form-teaching-group", group=elsewhere, **fields), login="deputy")
    decided: list[Decision] = []
    decision = tiny.school.handler._decision

    def counted(actor: Actor, at: int | None) -> Decision:
        decided.append(decision(actor, at))
        return decided[-1]

    monkeypatch.setattr(tiny.school.handler, "_decision", counted)
    store = meanwhile(tiny, other, [joined(w.MISHA, elsewhere)])
    assert tiny.send(AT_THE_HOUR_OF_THE_CLASS[1], login="deputy").events
    assert (store.appends, len(decided)) == (2, 1)


def test_of_two_changes_that_put_a_teacher_in_two_places_one_is_stored(tiny: TinySchool, other: School) -> None:
    load = {"staff": w.BORIS_STAFF, "starts": "2025-09-01", "hours_per_week": 1}
    tiny.send(made("assign-teacher", journal=OF_THE_GROUP, **load), login="deputy")
    history = uid("history of 5b")
    tiny.send(
        made("open-journal", journal=history, subject=ENGLISH, group=w.CLASS_5B, group_kind="class"), login="deputy"
    )
    tiny.send(made("assign-teacher", journal=history, **load), login="deputy")
    changes = [
        made(
            "change-timetable",
            year=w.YEAR,
            starts=MONDAY,
            journals=[{"journal": journal, "added": [{"cycle_day": 1, "slot": 6}]}],
        )
        for journal in (OF_THE_GROUP, history)
    ]
    stored, refused = at_once(tiny, other, *changes)
    assert isinstance(stored, Answer)
    assert isinstance(refused, TimetableHasConflicts)


def test_a_free_colleague_substitutes_in_one_place_only(tiny: TinySchool, other: School) -> None:
    in_the_slot_of_5b = {"cycle_day": 1, "slot": SLOT_5B}
    starts = {"journal": OF_THE_CLASS, "starts": MONDAY, "entries": [in_the_slot_of_5b]}
    tiny.send(made("schedule-journal", **starts), login="deputy")
    lessons = [
        made("substitute-teacher", journal=journal, day=MONDAY, slot=SLOT_5B, teacher=SUBSTITUTE)
        for journal in (OF_THE_CLASS, JOURNAL_5B)
    ]
    stored, refused = at_once(tiny, other, *lessons)
    assert isinstance(stored, Answer)
    assert isinstance(refused, TeacherIsNeededElsewhere)
