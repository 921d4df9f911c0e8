"""The timetable as a calendar that programs subscribe to: of a class, teacher, room, group or pupil (G1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from ejd.exports.calendar_file import ICALENDAR_TYPE, CalendarEntry, to_icalendar
from ejd.http.asking import Asking, Download
from ejd.http.choosing import ChoiceParameters, allowed_journals, days_of, own_pupil
from ejd.http.problems import Malformed, NotThere
from ejd_commands.fields import Id
from ejd_projections.journal_catalogue import Journal, classes_by_name, find_journals, groups_by_name
from ejd_projections.lesson_calendar import CalendarLesson, calendar_lessons
from ejd_projections.lessons_due import substituted_journals
from ejd_projections.people import names
from ejd_projections.period import Selection
from ejd_projections.school_catalogue import rooms_by_name, subjects_by_name

FILE_NAME = "timetable.ics"


class CalendarParameters(ChoiceParameters):
    """Whose calendar; the whole present year by default."""

    room: Annotated[Id | None, Field(description="A room.")] = None

    @property
    def says_whose(self) -> bool:
        """Whether somebody, something or some place was named."""
        chosen = (self.class_id, self.group, self.journal, self.subject, self.teacher, self.pupil, self.room)
        return any(one is not None for one in chosen)


def timetable_calendar(asking: Asking, query: CalendarParameters) -> Download:
    """The timetable as iCalendar: one event for each lesson, where and when it takes place, in the school's time zone.

    Moved lessons stand where they take place, substitutes are named, cancelled ones have STATUS:CANCELLED. An event
    keeps its UID for ever; its SEQUENCE rises with every change.
    """
    days = days_of(asking, query)
    pupil = own_pupil(asking, query) or query.pupil
    if pupil is None and not query.says_whose:
        raise Malformed("choose whose calendar: a class, teacher, room, group or pupil", field="class")
    journals = _journals(asking, query, days)
    asking.ground.timetable_lessons([one.id for one in journals], (days.first, days.last), days.year)
    rooms = [] if query.room is None else rooms_by_name(asking.c, ids=[query.room])
    if query.room is not None and not rooms:
        raise NotThere("there is no such room: look it up in GET /api/v1/timetable/grid", field="room")
    found = calendar_lessons(
        asking.c,
        journals,
        first=days.first,
        last=days.last,
        teacher=query.teacher,
        room=query.room,
        pupil=pupil,
    )
    whose = [*_whose(asking, query, pupil), *(f"кабинет {row.name}" for row in rooms)]
    body = to_icalendar(
        _entries(found),
        title=", ".join(("Расписание", *whose)),
        timezone=asking.school.timezone,
        simulated=asking.school.simulated,
    )
    return Download(body, ICALENDAR_TYPE, FILE_NAME, kept=True)


def _journals(asking: Asking, query: CalendarParameters, days: Selection) -> Sequence[Journal]:
    """Answer the journals that may be seen, also those in which the teacher only gives lessons for somebody else."""
    found = allowed_journals(asking, query, days).journals
    if query.teacher is None or not (asking.sight.everything or query.teacher == asking.who.person):
        return found
    known = {one.id for one in found}
    more = substituted_journals(asking.c, query.teacher, first=days.first, last=days.last) - known
    return [*found, *(find_journals(asking.c, year=days.year, ids=more) if more else ())]


def _whose(asking: Asking, query: CalendarParameters, pupil: str | None) -> Iterator[str]:
    c = asking.c
    for one in (query.class_id, query.group):
        if one is not None:
            yield from (row.name for row in classes_by_name(c, ids=[one]))
            yield from (row.name for row in groups_by_name(c, ids=[one]))
    if query.journal is not None:
        yield from (one.name for one in find_journals(c, ids=[query.journal]))
    if query.subject is not None:
        yield from (row.name for row in subjects_by_name(c, ids=[query.subject]))
    people = {one for one in (query.teacher, pupil) if one is not None}
    if people:
        yield from sorted(names(c, people).values())


def _entries(found: Sequence[CalendarLesson]) -> Iterator[CalendarEntry]:
    for one in found:
        lesson = one.lesson
        subject = lesson.substitute_subject_name or lesson.subject_name
        yield CalendarEntry(
            uid=lesson.lesson,
            day=date.fromisoformat(lesson.placed_date),
            starts=lesson.starts_at,
            ends=lesson.ends_at,
            title=f"{subject}, {lesson.group_name}",
            place=lesson.room_name,
            about=list(_about(one)),
            category=subject,
            cancelled=lesson.cancelled,
            sequence=one.sequence,
            stamped_at=one.stamped_at,
        )


def _about(one: CalendarLesson) -> Iterator[str]:
    lesson = one.lesson
    yield f"Урок {lesson.placed_slot}"
    if one.teacher_names:
        role = "Присматривает" if lesson.self_study else "Замещает" if lesson.substitute else "Учитель"
        yield f"{role}: {', '.join(one.teacher_names)}"
    if lesson.self_study:
        yield "Самостоятельная работа"
    if lesson.substitute_subject:
        yield f"Вместо предмета: {lesson.subject_name}"
    if lesson.cancelled:
        yield "Отменён"
    if lesson.moved:
        yield f"Перенесён с {date.fromisoformat(lesson.date):%d.%m.%Y}, урок {lesson.slot}"
    if lesson.extra:
        yield "Дополнительный"
    if lesson.topic:
        yield f"Тема: {lesson.topic}"
    if lesson.homework:
        yield f"Задание: {lesson.homework}"
