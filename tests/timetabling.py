"""A school with everything that timetables can be in conflict with, and random walks of changes through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random

from ejd.kernel.command import Actor, Command
from ejd.kernel.conflict_facts import Picture
from ejd.kernel.conflicts import KINDS
from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import journals as j
from ejd.kernel.events import school as s
from ejd.kernel.events import timetable as t
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import TimetableState, YearState
from ejd_commands import classes, journals, movement, school, timetable, timetable_changes, timetable_rules, years
from ejd_commands import movement_corrections as corrections
from ejd_commands.timetable_picture import Change, picture_of
from tests import worlds as w
from tests.oracle import Facts, facts_of
from tests.scenario import MemoryContext, Scenario, World, given, uid
from tests.worlds import pupil

SINCE = date(2025, 9, 1)
LAST = date(2025, 10, 19)
CLASS_1A, CLASS_9Z = uid("class 1a"), uid("class 9z of nobody")
GROUP_2, CLUB = uid("group english 2 of 5a"), uid("group club")
MUSIC, SPORT = uid("subject music"), uid("subject sport")
HALL = uid("room hall")
PUPILS = (w.VERA, w.GLEB, w.DINA, w.MISHA, uid("pupil of 1a"))
CLASSES = (w.CLASS_5A, w.CLASS_5B, CLASS_1A)
GROUPS = (w.GROUP, GROUP_2, CLUB)
ROOMS = ("", w.ROOM_12, w.ROOM_14, HALL)
TEACHERS = (w.ADA_STAFF, w.BORIS_STAFF, w.DEPUTY_STAFF)


def _journal(words: str, subject: str, group: str, classes: tuple[str, ...]) -> World:
    opened = j.JournalOpened(
        year=w.YEAR,
        subject=subject,
        group=group,
        group_kind="class" if (group,) == classes else "group",
        classes=classes,
        grade=1 if CLASS_1A in classes else 5,
        scheme="quarters",
        bells="juniors" if CLASS_1A in classes else "first-shift",
        grading_system="five-point",
        name=words,
    )
    stream = uid(f"journal {words}")
    return (stream, opened), (stream, j.TeacherAssigned(staff=w.BORIS_STAFF, starts=SINCE))


def _group(group: str, name: str, kind: str, *classes: str) -> tuple[str, Event]:
    assert kind in {"subgroup", "club"}
    return group, j.TeachingGroupFormed(
        year=w.YEAR, name=name, kind="club" if kind == "club" else "subgroup", classes=classes
    )


def _class(name: str, grade: int, bells: str, week_days: int) -> j.ClassFormed:
    return j.ClassFormed(year=w.YEAR, name=name, grade=grade, scheme="quarters", bells=bells, week_days=week_days)


OTHER_BELLS = tuple(y.Bell(slot=n, starts=530 + 40 * (n - 1), ends=565 + 40 * (n - 1)) for n in range(1, 6))
A_BUSY_SCHOOL: World = (
    *w.A_GROUP_JOURNAL,
    (w.YEAR, y.AcademicYearOpened(name="2025/26", first_day=SINCE, last_day=LAST)),
    (
        w.YEAR,
        y.BreaksDefined(
            breaks=(
                y.Break(name="Каникулы", first_day=date(2025, 9, 22), last_day=date(2025, 9, 24)),
                y.Break(name="Ещё", first_day=date(2025, 10, 8), last_day=date(2025, 10, 9), grades=(1,)),
                y.Break(
                    name="Практика", first_day=date(2025, 9, 15), last_day=date(2025, 9, 16), classes=(w.CLASS_5A,)
                ),
            )
        ),
    ),
    (
        w.YEAR,
        y.HolidaysDefined(
            holidays=(y.Holiday(day=date(2025, 9, 8), name="День школы"),),
            transferred=(y.TransferredDay(day=date(2025, 9, 13), cycle_day=1),),
        ),
    ),
    (w.YEAR, y.BellScheduleDefined(code="juniors", name="Младшие", bells=OTHER_BELLS)),
    (CLASS_1A, _class("1А", 1, "juniors", 5)),
    (CLASS_9Z, _class("9Я", 9, "first-shift", 6)),
    pupil(PUPILS[4], "Первоклассник", "Пётр", CLASS_1A),
    (MUSIC, s.SubjectDefined(name="Музыка")),
    (SPORT, s.SubjectDefined(name="Физкультура")),
    (HALL, s.RoomDefined(name="Зал", capacity=2, kind="зал")),
    _group(GROUP_2, "5А англ. 2", "subgroup", w.CLASS_5A, w.CLASS_5B),
    _group(CLUB, "Шахматы", "club", w.CLASS_5A, w.CLASS_5B),
    *_journal("maths 5b", w.MATHS, w.CLASS_5B, (w.CLASS_5B,)),
    *_journal("music 5a", MUSIC, w.CLASS_5A, (w.CLASS_5A,)),
    *_journal("sport 1a", SPORT, CLASS_1A, (CLASS_1A,)),
    *_journal("maths 1a", w.MATHS, CLASS_1A, (CLASS_1A,)),
    *_journal("english 2", w.ENGLISH, GROUP_2, (w.CLASS_5A, w.CLASS_5B)),
    *_journal("sport of english 2", SPORT, GROUP_2, (w.CLASS_5A, w.CLASS_5B)),
    *_journal("chess", SPORT, CLUB, (w.CLASS_5A, w.CLASS_5B)),
    *_journal("maths 9z", w.MATHS, CLASS_9Z, (CLASS_9Z,)),
)
"""Two fifth classes, a first class with other bells and a break of its own, a class of nobody; groups, club, hall."""
JOURNALS = (
    w.JOURNAL,
    w.GROUP_JOURNAL,
    *(
        uid(f"journal {words}")
        for words in (
            "maths 5b",
            "music 5a",
            "sport 1a",
            "maths 1a",
            "english 2",
            "sport of english 2",
            "chess",
            "maths 9z",
        )
    ),
)
STRICT: World = ((SCHOOL, t.TimetableRulesAdopted(rules=t.TimetableRules(errors=KINDS))),)
"""Whatever is a conflict is an error."""


def walk(seed: int, steps: int, world: World = A_BUSY_SCHOOL) -> Scenario:
    """Answer the school after random changes of timetable, memberships, loads and set-up, refused ones left out."""
    rnd = Random(seed)
    scenario = given(world)
    for _ in range(steps):
        outcome = scenario.when(rnd.choice(STEPS)(rnd), by=w.HEAD)
        if outcome.refusal is None:
            scenario = outcome.and_then_given()
    return scenario


def _day(rnd: Random) -> date:
    return SINCE + timedelta(days=rnd.choice((0, 0, rnd.randint(0, (LAST - SINCE).days))))


def _entries(rnd: Random) -> list[dict[str, object]]:
    named = rnd.choice((None, None, None, w.BORIS_STAFF, w.ADA_STAFF))
    cells = [(day, slot) for day in (1, 2, 3, 6) for slot in range(1, 9)]
    return [
        {
            "cycle_day": day,
            "slot": slot,
            "room": rnd.choice(ROOMS) or None,
            "teachers": [named] if named is not None and rnd.random() < 0.5 else None,
        }
        for day, slot in rnd.sample(cells, rnd.randint(0, 14))
    ]


def _schedule(rnd: Random) -> Command:
    return timetable.ScheduleJournal.model_validate(
        {
            "journal": rnd.choice(JOURNALS),
            "starts": _day(rnd),
            "entries": _entries(rnd),
            "accept_conflicts": rnd.random() < 0.9,
        }
    )


def _change(rnd: Random) -> Command:
    chosen = rnd.sample(JOURNALS, rnd.randint(2, 4))
    return timetable_changes.ChangeTimetable.model_validate(
        {
            "year": w.YEAR,
            "starts": _day(rnd),
            "journals": [{"journal": one, "entries": _entries(rnd)} for one in chosen],
            "accept_conflicts": rnd.random() < 0.9,
        }
    )


def _assign(rnd: Random) -> Command:
    starts = _day(rnd)
    ends = starts + timedelta(days=rnd.randint(0, 30)) if rnd.random() < 0.4 else None
    return journals.AssignTeacher(
        journal=rnd.choice(JOURNALS),
        staff=rnd.choice(TEACHERS),
        starts=starts,
        ends=ends if ends is None or ends <= LAST else LAST,
        hours_per_week=rnd.choice((None, 1, 2, 5, 12)),
    )


def _unassign(rnd: Random) -> Command:
    return journals.UnassignTeacher(journal=rnd.choice(JOURNALS), staff=rnd.choice(TEACHERS), ends=_day(rnd))


def _move(rnd: Random) -> Command:
    who, day = rnd.choice(PUPILS), _day(rnd)
    return rnd.choice(
        (
            movement.TransferPupil(pupil=who, class_id=rnd.choice(CLASSES), transferred_on=day),
            movement.RecordDeparture(pupil=who, left_on=day),
            movement.RecordReturn(pupil=who, class_id=rnd.choice(CLASSES), returned_on=day),
            movement.SetIndividualPlan(
                pupil=who, starts=day, class_journals=tuple(rnd.sample((w.JOURNAL, JOURNALS[3]), rnd.randint(0, 2)))
            ),
            movement.EndIndividualPlan(pupil=who, ends=day),
            _corrected(rnd, who, day),
        )
    )


def _corrected(rnd: Random, who: str, day: date) -> Command:
    """What was recorded of a pupil's movement was wrong."""
    reason = "ошибка в приказе"
    group, other = rnd.choice(GROUPS), _day(rnd)
    return rnd.choice(
        (
            corrections.CorrectEnrolment(pupil=who, class_id=rnd.choice(CLASSES), enrolled_on=day, reason=reason),
            corrections.WithdrawGroupStay(pupil=who, group=group, recorded_on=SINCE, reason=reason),
            corrections.CorrectGroupStay(pupil=who, group=group, recorded_on=SINCE, starts=other, reason=reason),
        )
    )


def _join(rnd: Random) -> Command:
    return movement.JoinGroup(pupil=rnd.choice(PUPILS), group=rnd.choice(GROUPS), joined_on=_day(rnd))


def _leave(rnd: Random) -> Command:
    return movement.LeaveGroup(pupil=rnd.choice(PUPILS), group=rnd.choice(GROUPS), left_on=_day(rnd))


def _rules(rnd: Random) -> Command:
    return timetable_rules.AdoptTimetableRules.model_validate(
        {
            "errors": rnd.sample(KINDS, rnd.randint(0, len(KINDS))),
            "shared_rooms": [HALL] if rnd.random() < 0.5 else [],
            "room_kinds": [{"subject": SPORT, "kinds": ["зал"]}] if rnd.random() < 0.5 else [],
            "daily_limits": rnd.choice(
                ([], [{"first_grade": 5, "last_grade": 9, "lessons": 2, "once_a_week": rnd.choice((2, 3))}])
            ),
        }
    )


def _set_up(rnd: Random) -> Command:
    number = rnd.choice(CLASSES)
    return rnd.choice(
        (
            school.DefineRoom(room=HALL, title="Зал", capacity=rnd.choice((None, 1, 2)), kind=rnd.choice(("зал", ""))),
            classes.FormClass(
                class_id=number,
                year=w.YEAR,
                title=f"класс {CLASSES.index(number)}",
                grade=1 if number == CLASS_1A else 5,
                scheme="quarters",
                bells="first-shift",
                week_days=rnd.choice((5, 6)),
            ),
            years.DefineBellSchedule(
                year=w.YEAR,
                code="juniors",
                title="Младшие",
                bells=tuple(
                    years.BellPart(slot=n, starts=500 + 50 * n, ends=500 + 50 * n + rnd.choice((20, 45)))
                    for n in range(1, rnd.randint(3, 9))
                ),
            ),
        )
    )


STEPS: Sequence[Callable[[Random], Command]] = (
    *[_schedule] * 6,
    *[_change] * 2,
    *[_assign] * 4,
    _unassign,
    *[_move] * 4,
    *[_join] * 4,
    _leave,
    _rules,
    _set_up,
)


def facts(scenario: Scenario) -> Facts:
    """Answer the plain facts of a scenario for the oracle."""
    events: list[tuple[Recorded, Event]] = [(one, CATALOGUE.decode(one.name, one.state)) for one in scenario.log]
    return facts_of(events)


def whole_picture(scenario: Scenario) -> Picture:
    """Answer the picture that commands would see if all journals changed at once, without any change."""
    context = context_of(scenario)
    known = scenario.state(TimetableState, w.TIMETABLE).schedules
    change = Change(w.YEAR, scenario.state(YearState, w.YEAR).calendar, SINCE, known)
    return picture_of(context, change, KINDS)


def context_of(scenario: Scenario) -> MemoryContext:
    """Answer what the head would decide on."""
    return MemoryContext(
        streams=dict(scenario.streams),
        reserved=dict(scenario.reserved),
        actor=Actor(w.HEAD, uid("session"), "tests"),
        command_id=uid("command"),
        now=scenario.now(),
        timezone=scenario.timezone(),
    )
