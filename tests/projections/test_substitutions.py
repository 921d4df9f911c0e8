"""Substitutions by hand: who taught, what is shown when something is void or erased, what is proposed."""

from __future__ import annotations

import pytest

from ejd.kernel.event import Event
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import timetable as t
from ejd.kernel.ids import timetable_stream
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.lesson_course import moment_of
from ejd_projections.school_catalogue import find_year
from ejd_projections.substitution_proposals import proposals
from ejd_projections.substitutions import Reader, Substitutions, substitutions
from ejd_projections.teaching_hours import teaching_hours
from tests.projections.conftest import Ask
from tests.projections.story import (
    ADA,
    ALGEBRA,
    BORIS,
    CLASS_7A,
    ENGLISH,
    EREMIN,
    GROUP,
    YEAR,
    ZHUKOV,
    Story,
    a_school,
    at,
    day,
    micros,
    sealed,
)

HEAD = Reader(every_reason=True, person="")
FIRST, LAST = "2026-09-01", "2026-09-10"
TUESDAY = at(ALGEBRA, "09-01", 2)
BY_BORIS = e.Substitution(teacher=BORIS)


def listed(ask: Ask, story: Story, reader: Reader = HEAD) -> Substitutions:
    c = ask(story)
    return substitutions(
        c,
        year=find_year(c, year=YEAR),
        journals=find_journals(c, year=YEAR),
        days=(FIRST, LAST),
        moment=moment_of(micros("09-20 12:00"), "Europe/Moscow"),
        reader=reader,
        limit=100,
    )


def substituted(absent: str, reason: str) -> Story:
    why = sealed(absent, reason, "reason")
    story = a_school()
    given = (e.LessonSubstituted, {"absent_teacher": absent, "substitution": BY_BORIS, "reason": why})
    story.in_lesson(TUESDAY, given, when="09-01 07:00")
    return story


def test_the_reason_of_an_erased_person_is_gone_and_anothers_is_not_shown(ask: Ask) -> None:
    (one,) = listed(ask, substituted("staff-erased", "больничный")).lessons
    assert [decision.reason for decision in one.decisions] == [""]
    assert [person.id for person in one.absent] == ["staff-erased"]


def test_who_reads_about_somebody_else_gets_no_reason(ask: Ask) -> None:
    (one,) = listed(ask, substituted(ADA, "больничный"), Reader(every_reason=False, person=BORIS)).lessons
    assert [decision.reason for decision in one.decisions] == [None]


def test_a_void_substitution_never_was(ask: Ask) -> None:
    story = substituted(ADA, "больничный")
    (stream,) = {meta.stream for meta in story.events if meta.name == e.LessonSubstituted.stored_name}
    assert listed(ask, story.void(stream, 1)).lessons == []


def test_of_two_teachers_the_hour_is_the_one_whom_the_timetable_names(ask: Ask) -> None:
    story = a_school().tell(ALGEBRA, j.TeacherAssigned(staff=BORIS, starts=day("09-01")))
    entries = (
        t.ScheduleEntry(cycle_day=2, slot=2, teachers=(ADA,)),
        t.ScheduleEntry(cycle_day=4, slot=3),
    )
    story.tell(timetable_stream(YEAR), t.JournalScheduled(journal=ALGEBRA, starts=day("09-01"), entries=entries))
    extra = at(ALGEBRA, "09-02", 5, 2)
    story.in_lesson(extra, (e.ExtraLessonPlanned, {}), when="09-01 07:00")
    c = ask(story)
    found = teaching_hours(
        c,
        year=find_year(c, year=YEAR),
        days=(FIRST, LAST),
        moment=moment_of(micros("09-20 12:00"), "Europe/Moscow"),
    )
    # Tuesdays 1 and 8 are Ada's; Thursdays 3 and 10, and the extra lesson, are both's.
    assert {row.staff: (row.planned, row.own) for row in found.rows} == {ADA: (5, 5), BORIS: (3, 3)}


def test_a_parallel_group_is_proposed_to_merge_with(ask: Ask) -> None:
    second, group = "journal-english-7a-2", "group-english-2"
    story = a_school()
    story.tell(group, j.TeachingGroupFormed(year=YEAR, name="7А англ. 2", kind="subgroup", classes=(CLASS_7A,)))
    story.open_journal(
        second, "Английский 7А/2", group, subject="subject-english", group_kind="group", classes=(CLASS_7A,)
    )
    story.tell(ENGLISH, j.TeacherAssigned(staff=ADA, starts=day("09-01")))
    story.tell(second, j.TeacherAssigned(staff=BORIS, starts=day("09-01")))
    story.schedule(ENGLISH, "09-01", (3, 4)).schedule(second, "09-01", (3, 4))
    c = ask(story)
    found = proposals(
        c,
        year=find_year(c, year=YEAR),
        teacher=ADA,
        days=("2026-09-02", "2026-09-02"),
        moment=moment_of(micros("09-01 12:00"), "Europe/Moscow"),
        colleagues_max=10,
    )
    (one,) = found.lessons
    assert [(merge.journal, merge.teachers) for merge in one.merges] == [(second, [BORIS])]
    assert (one.free, one.colleagues) == (0, []), "Boris teaches the other group then"
    assert {(move.date, move.slot) for move in one.moves}.isdisjoint({("2026-09-03", 3), ("2026-09-09", 4)})
    assert one.moves[0].date == "2026-09-03"


@pytest.mark.parametrize(
    ("chess", "slots"),
    [
        ((p.GroupJoined(group="group-chess", joined_on=day("09-01")),), [1, 2, 4, 6, 7]),
        (
            (
                p.GroupJoined(group="group-chess", joined_on=day("09-01")),
                p.GroupLeft(group="group-chess", left_on=day("09-02")),
            ),
            [1, 2, 4, 5, 6],
        ),
        ((), [1, 2, 4, 5, 6]),
    ],
    ids=["a pupil of both", "left it the day before", "nobody in both"],
)
def test_a_place_is_free_by_who_belongs_there_on_that_day(ask: Ask, chess: tuple[Event, ...], slots: list[int]) -> None:
    """Two groups of one class are no clash by their kind, and pupils who are in both are one."""
    story = a_school().tell(ENGLISH, j.TeacherAssigned(staff=ADA, starts=day("09-01")))
    story.tell(ZHUKOV, p.GroupJoined(group=GROUP, joined_on=day("09-01")), *chess)
    formed = j.TeachingGroupFormed(year=YEAR, name="Шахматы", kind="elective", classes=(CLASS_7A,))
    story.tell("group-chess", formed).tell(EREMIN, p.GroupJoined(group="group-chess", joined_on=day("09-01")))
    story.open_journal(
        "journal-chess", "Шахматы", "group-chess", subject="chess", group_kind="group", classes=(CLASS_7A,)
    )
    story.tell("journal-chess", j.TeacherAssigned(staff=BORIS, starts=day("09-01")))
    entries = (t.ScheduleEntry(cycle_day=4, slot=5),)
    story.tell(
        timetable_stream(YEAR), t.JournalScheduled(journal="journal-chess", starts=day("09-01"), entries=entries)
    )
    c = ask(story.schedule(ENGLISH, "09-01", (3, 4)))
    found = proposals(
        c,
        year=find_year(c, year=YEAR),
        teacher=ADA,
        days=("2026-09-02", "2026-09-02"),
        moment=moment_of(micros("09-01 12:00"), "Europe/Moscow"),
        colleagues_max=10,
    )
    (one,) = found.lessons
    # On Thursday Ada has algebra in slot 3, the chess group is there in slot 5.
    assert [(move.date, move.slot) for move in one.moves] == [("2026-09-03", slot) for slot in slots]
