"""What the deputy head changes from day to day: substitutions, cancellations, moves, extra lessons, control works."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from ejd.demo import texts
from ejd.demo.curriculum import CONTROLLED, SLOTS
from ejd.demo.setup import subject_id
from ejd.demo.shape import FIRST_DAY, FULL, derived_id
from ejd.demo.timeline import Control, Lesson
from ejd_commands import substitutions as s
from ejd_commands.control_works import CancelControlWork, MoveControlWork, PlanControlWork
from ejd_commands.lessons import PlanExtraLesson
from ejd_commands.substitution_bulk import SubstituteTeacherBulk

if TYPE_CHECKING:
    from random import Random

    from ejd.demo.roster import Teacher
    from ejd.demo.sending import Agenda
    from ejd.demo.timeline import Timeline

SCHOOL_WEEK = timedelta(days=6)
MORNING = 460
"""7:40, minutes since midnight."""
CANCELLED_SHARE, MERGED_SHARE, OTHER_SUBJECT_SHARE = 0.12, 0.5, 0.4
LOOK_AHEAD_DAYS = 6
CONTROLS_PLANNED_ON = FIRST_DAY + timedelta(days=1)
CONTROLS_FROM_DAY = 14
POINTS = (20, 25, 30)


ILLNESS = "Временная нетрудоспособность учителя"
SELF_STUDY_AT = 2
"""Number of the lesson, from 0, of the first absent teacher that is left to self-study."""


def _place(lesson: Lesson) -> dict[str, Any]:
    return {"journal": lesson.journal.id, "day": lesson.day, "slot": lesson.slot}


class Changes:
    """Alters the lessons of a timeline and notes the commands that say so."""

    def __init__(self, seed: int, timeline: Timeline, agenda: Agenda, random: Random) -> None:
        """Take the timeline, which is changed in place."""
        self._seed, self._timeline, self._agenda, self._random = seed, timeline, agenda, random
        self._deputy = timeline.roster.deputies[0].account
        self._full = timeline.shape.pupils_per_class >= FULL.pupils_per_class

    def plan(self) -> None:
        """Plan everything, the rarer things first; the sample lesson is left as it is."""
        self.leave_one_open()
        for number, teacher in enumerate(self._ill_teachers()):
            self._substitute_week(teacher, first=number == 0)
        self._move(8 if self._full else 2)
        self._extra(6 if self._full else 1)
        self._controls()

    def leave_one_open(self) -> None:
        """Choose the lesson of the last day that nobody has recorded yet."""
        marked = [
            lesson
            for lesson in self._timeline.lessons
            if lesson.journal.group is None
            and lesson.journal.system == "five-point"
            and lesson.journal.classes[0].scheme == "quarters"
        ]
        last = max(lesson.day for lesson in marked)
        on_it = [lesson for lesson in marked if lesson.day == last]
        chosen = min(on_it, key=lambda one: (-CONTROLLED.get(one.journal.subject, 0), one.slot))
        chosen.left_open = chosen.changed = True

    def _ill_teachers(self) -> list[Teacher]:
        teachers = [one for one in self._timeline.roster.teachers if not self._has_open(one)]
        english = [one for one in teachers if one.specialty == "english"][:1]
        primary = [one for one in teachers if one.specialty == "primary"][:1]
        others = [one for one in teachers if one.specialty in {"history", "physics"}][:2]
        return [*english, *primary, *others] if self._full else [*english, *others[:1]]

    def _has_open(self, teacher: Teacher) -> bool:
        return any(lesson.left_open and lesson.teacher is teacher for lesson in self._timeline.lessons)

    def _substitute_week(self, absent: Teacher, *, first: bool) -> None:
        monday = self._timeline.shape.ill_week
        lessons = [
            lesson
            for lesson in self._timeline.lessons
            if lesson.teacher is absent and monday <= lesson.day < monday + SCHOOL_WEEK and not lesson.changed
        ]
        if not first:
            self._substitute_all(absent, lessons)
            return
        for number, lesson in enumerate(lessons):
            if number == len(lessons) - 1:
                self._cancelled_by_mistake(lesson)
            elif number == SELF_STUDY_AT:
                alone = s.AssignSelfStudy(**_place(lesson), absent_teacher=absent.id, reason=ILLNESS)
                self._note(lesson, MORNING, alone)
            elif number and self._random.random() < CANCELLED_SHARE:
                self._cancel(lesson, texts.CANCEL_REASONS[0])
            else:
                self._substitute(lesson, absent, corrected=number == 0, withdrawn=number == 1)

    def _substitute_all(self, absent: Teacher, lessons: list[Lesson]) -> None:
        """Decide on the week of an absent teacher with one command, on its first morning."""
        chosen = [self._chosen(lesson, alone=number == 0) for number, lesson in enumerate(lessons)]
        if chosen:
            command = SubstituteTeacherBulk.model_validate(
                {"absent_teacher": absent.id, "reason": ILLNESS, "lessons": chosen}
            )
            self._agenda.note(lessons[0].day, MORNING + 30, self._deputy, command)

    def _chosen(self, lesson: Lesson, *, alone: bool) -> dict[str, Any]:
        """Answer what becomes of a lesson, and let it become so."""
        free, place = self._free_teachers(lesson), _place(lesson)
        lesson.changed = True
        if not free:
            lesson.cancelled = True
            return {**place, "kind": "cancel"}
        lesson.teacher = free[0]
        self._timeline.occupy(lesson)
        if alone:
            return {**place, "kind": "self-study", "teacher": free[0].id}
        subject = self._own_subject(free[0], lesson)
        lesson.other_subject = subject is not None
        return {**place, "kind": "teacher", "teacher": free[0].id, "subject": subject}

    def _note(self, lesson: Lesson, minute: int, command: s.AdministeredLesson) -> None:
        lesson.changed = True
        self._agenda.note(lesson.day, minute, self._deputy, command)

    def _substitute(self, lesson: Lesson, absent: Teacher, *, corrected: bool, withdrawn: bool) -> None:
        free = self._free_teachers(lesson)
        other = self._other_half(lesson)
        merged, subject = None, None
        if other is not None and self._random.random() < MERGED_SHARE:
            substitute, merged = other.teacher, other.journal.id
        elif free:
            substitute = free[0]
            subject = self._own_subject(substitute, lesson)
        else:
            self._cancel(lesson, texts.CANCEL_REASONS[0])
            return
        place = _place(lesson)
        command = s.SubstituteTeacher.model_validate(
            {
                **place,
                "teacher": substitute.id,
                "absent_teacher": absent.id,
                "subject": subject,
                "merged_journal": merged,
                "reason": ILLNESS,
            }
        )
        self._note(lesson, MORNING, command)
        lesson.teacher, lesson.other_subject = substitute, subject is not None
        if corrected and len(free) > 1:
            lesson.teacher, lesson.other_subject = free[1], False
            reason = "Назначен другой учитель: первый занят на олимпиаде"
            correction = {**place, "teacher": free[1].id, "reason": reason}
            self._note(lesson, MORNING + 10, s.CorrectSubstitution.model_validate(correction))
        if withdrawn:
            lesson.teacher, lesson.other_subject = absent, False
            correction = {**place, "reason": "Учитель вышел на этот урок"}
            self._note(lesson, MORNING + 10, s.CorrectSubstitution.model_validate(correction))
        self._timeline.occupy(lesson)

    def _free_teachers(self, lesson: Lesson) -> list[Teacher]:
        """Answer who could come, the same trade first, then who has the smallest load."""
        own = lesson.journal.taught_by.specialty
        ill = {one.id for one in self._ill_teachers()}
        free = [
            one
            for one in self._timeline.roster.teachers
            if one.id not in ill and self._timeline.is_free(one, lesson.day, lesson.slot)
        ]
        return sorted(free, key=lambda one: (one.specialty != own, one.hours, self._random.random()))

    def _other_half(self, lesson: Lesson) -> Lesson | None:
        for other in self._timeline.lessons:
            if (
                (other.day, other.slot) == (lesson.day, lesson.slot)
                and other.journal is not lesson.journal
                and other.journal.subject == lesson.journal.subject
                and other.journal.classes == lesson.journal.classes
                and other.teacher is not lesson.teacher
            ):
                return other
        return None

    def _own_subject(self, substitute: Teacher, lesson: Lesson) -> str | None:
        """Answer the subject that the substitute gives instead, when it is another one."""
        if substitute.specialty == lesson.journal.taught_by.specialty or self._random.random() > OTHER_SUBJECT_SHARE:
            return None
        for journal in self._timeline.roster.journals:
            if journal.taught_by is substitute and lesson.journal.classes[0] in journal.classes:
                return subject_id(self._seed, journal.subject)
        return None

    def _cancel(self, lesson: Lesson, reason: str) -> None:
        lesson.cancelled = True
        command = s.CancelLesson(journal=lesson.journal.id, day=lesson.day, slot=lesson.slot, reason=reason)
        self._note(lesson, MORNING, command)

    def _cancelled_by_mistake(self, lesson: Lesson) -> None:
        self._cancel(lesson, texts.CANCEL_REASONS[2])
        lesson.cancelled = False
        reason = "Экскурсия перенесена, урок состоится"
        command = s.ReinstateLesson(journal=lesson.journal.id, day=lesson.day, slot=lesson.slot, reason=reason)
        self._note(lesson, MORNING + 20, command)

    def _some(self, wanted: int) -> list[Lesson]:
        open_ones = [
            lesson
            for lesson in self._timeline.lessons
            if not lesson.changed
            and lesson.day > FIRST_DAY
            and len(lesson.journal.classes) == 1
            and (lesson.journal.group is None)
        ]
        return self._random.sample(open_ones, min(6 * wanted, len(open_ones)))

    def _move(self, wanted: int) -> None:
        for lesson in self._some(wanted):
            place = self._later_place(lesson)
            if place is None:
                continue
            lesson.on, lesson.at = place
            command = s.MoveLesson(
                journal=lesson.journal.id,
                day=lesson.day,
                slot=lesson.slot,
                new_day=lesson.on,
                new_slot=lesson.at,
                reason=self._random.choice(texts.MOVE_REASONS),
            )
            self._note(lesson, MORNING, command)
            self._timeline.occupy(lesson)
            wanted -= 1
            if wanted == 0:
                return

    def _later_place(self, lesson: Lesson) -> tuple[date, int] | None:
        for ahead in range(1, LOOK_AHEAD_DAYS):
            day = lesson.day + timedelta(days=ahead)
            slot = self._timeline.after_lessons(lesson.journal.classes, day)
            if day >= self._timeline.shape.last_day or slot is None or slot > SLOTS:
                continue
            if self._timeline.is_free(lesson.teacher, day, slot):
                return day, slot
        return None

    def _extra(self, wanted: int) -> None:
        for lesson in self._some(wanted):
            slot = self._timeline.after_lessons(lesson.journal.classes, lesson.day)
            if slot is None or slot > SLOTS or not self._timeline.is_free(lesson.teacher, lesson.day, slot):
                continue
            extra = Lesson(lesson.journal, lesson.day, slot, lesson.day, slot, lesson.teacher, ordinal=2)
            self._timeline.lessons.append(extra)
            self._timeline.occupy(extra)
            command = PlanExtraLesson(
                journal=extra.journal.id,
                day=extra.day,
                slot=extra.slot,
                ordinal=extra.ordinal,
                reason="Консультация перед контрольной работой",
            )
            extra.changed = lesson.changed = True
            self._agenda.note(extra.day, MORNING, self._deputy, command)
            wanted -= 1
            if wanted == 0:
                return

    def _controls(self) -> None:
        """Put control works on days on which the class has no other, not first and not on the first days."""
        taken: set[tuple[str, date]] = set()
        earliest = FIRST_DAY + timedelta(days=CONTROLS_FROM_DAY if self._full else 3)
        odd = 0
        for lessons in self._timeline.by_journal().values():
            journal = lessons[0].journal
            wanted = CONTROLLED.get(journal.subject, 0) if journal.system == "five-point" else 0
            if journal.group is not None and journal.group.kind == "individual":
                continue
            fitting = [x for x in lessons if x.day >= earliest and not x.changed and x.slot > 1 and x.ordinal == 1]
            for number in range(1, wanted + 1):
                target = (len(fitting) * number) // (wanted + 1)
                near = sorted(fitting, key=lambda x, at=target: abs(fitting.index(x) - at))  # type: ignore[misc]
                chosen = next((x for x in near if not self._controlled(x, taken)), None)
                if chosen is None:
                    continue
                odd += 1
                free = [x for x in lessons if x.day < chosen.day and not self._controlled(x, taken)]
                planned_for = free[-1].day if odd % 10 == 4 and free else chosen.day  # noqa: PLR2004 - every tenth
                self._plan_control(chosen, number, odd, planned_for)
                taken |= {(one.id, on) for one in journal.classes for on in (chosen.day, planned_for)}

    @staticmethod
    def _controlled(lesson: Lesson, taken: set[tuple[str, date]]) -> bool:
        return lesson.control is not None or any((one.id, lesson.day) in taken for one in lesson.journal.classes)

    def _plan_control(self, lesson: Lesson, number: int, count: int, first_day: date) -> None:
        """Plan it; every tenth was first planned for another day, every fifteenth is cancelled."""
        journal = lesson.journal
        control = Control(derived_id(self._seed, "control", journal.id, str(number)), self._random.choice(POINTS), 2)
        command = PlanControlWork(
            control_work=control.id,
            journal=journal.id,
            day=first_day,
            title=f"Контрольная работа № {number}",
            form=texts.CONTROL_FORMS[2 if journal.subject == "russian" else number % 2],
            work="control",
            variants=control.variants,
            points_max=control.points_max,
        )
        self._agenda.note(CONTROLS_PLANNED_ON, 960, self._deputy, command)
        before = first_day - timedelta(days=1)
        if first_day != lesson.day:
            reason = "Материал пройден позже, чем намечено"
            move = MoveControlWork(control_work=control.id, new_day=lesson.day, reason=reason)
            self._agenda.note(max(before, CONTROLS_PLANNED_ON), 970, self._deputy, move)
        if count % 15 == 3:  # noqa: PLR2004 - every fifteenth
            cancel = CancelControlWork(control_work=control.id, reason="Заменена всероссийской проверочной работой")
            self._agenda.note(max(before, CONTROLS_PLANNED_ON), 980, self._deputy, cancel)
            return
        lesson.control = control
