"""What happens in and to one lesson: topic, homework, roll, marks, recommendations, substitution, moving, cancelling.

A lesson's identity is its planned occurrence: journal, original date, school-wide slot, ordinal. Every event carries
it, so that a fold needs nothing but the lesson's own stream.
"""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

AttendanceKind = Literal["absent", "excused", "ill", "late"]


class LessonEvent(Event, frozen=True, kw_only=True):
    """Base of all events of a lesson; never stored itself."""

    journal: str
    date: date
    slot: int
    ordinal: int = 1


class ExtraLessonPlanned(LessonEvent, frozen=True, kw_only=True):
    """A lesson that the timetable does not have; `makes_up` is the stream of the lost lesson that it stands for."""

    stored_name: ClassVar[str] = "extra-lesson-planned/1"
    room: str = ""
    makes_up: str = ""
    reason: Sealed | None = None
    despite: int = 0
    """Clashes with other lessons that the school's rules call errors, accepted with the command."""


class TopicRecorded(LessonEvent, frozen=True, kw_only=True):
    """The lesson was held on this topic; `plan_item` is the line of the thematic plan it comes from."""

    stored_name: ClassVar[str] = "topic-recorded/1"
    topic: str
    plan_item: int | None = None


class TopicCorrected(LessonEvent, frozen=True, kw_only=True):
    """The topic was entered wrongly."""

    stored_name: ClassVar[str] = "topic-corrected/1"
    old_topic: str
    new_topic: str
    new_plan_item: int | None = None
    reason: Sealed


class Homework(msgspec.Struct, frozen=True, kw_only=True):
    """Homework as given: text, for which day, minutes it should take, links. An empty text says: none is set."""

    text: str
    due: date | None = None
    minutes: int | None = None
    links: tuple[str, ...] = ()


class HomeworkSet(LessonEvent, frozen=True, kw_only=True):
    """Homework given in this lesson."""

    stored_name: ClassVar[str] = "homework-set/1"
    homework: Homework


class HomeworkCorrected(LessonEvent, frozen=True, kw_only=True):
    """The homework was entered wrongly; no new one means withdrawn."""

    stored_name: ClassVar[str] = "homework-corrected/1"
    old: Homework
    new: Homework | None = None
    reason: Sealed


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the roll: н absent, у excused, б ill, о late with minutes."""

    pupil: str
    kind: AttendanceKind
    minutes: int | None = None


class RollTaken(LessonEvent, frozen=True, kw_only=True):
    """The roll was taken: everybody else was present. It is not taken twice, only corrected pupil by pupil."""

    stored_name: ClassVar[str] = "roll-taken/1"
    absences: tuple[Absence, ...]


class AttendanceCorrected(LessonEvent, frozen=True, kw_only=True):
    """One pupil's line of the roll was wrong; nothing stands for present."""

    stored_name: ClassVar[str] = "attendance-corrected/1"
    pupil: str
    old: Absence | None = None
    new: Absence | None = None
    reason: Sealed


class MarkRecorded(LessonEvent, frozen=True, kw_only=True):
    """A mark in an empty cell; the cell is pupil, kind of work and number (4/5 are numbers 1 and 2)."""

    stored_name: ClassVar[str] = "mark-recorded/1"
    pupil: str
    work: str
    number: int = 1
    value: str
    comment: Sealed | None = None
    control_work: str = ""
    variant: int | None = None
    points: int | None = None


class MarkCorrected(LessonEvent, frozen=True, kw_only=True):
    """The mark of a cell was wrong."""

    stored_name: ClassVar[str] = "mark-corrected/1"
    pupil: str
    work: str
    number: int = 1
    old_value: str
    new_value: str
    control_work: str = ""
    reason: Sealed


class MarkWithdrawn(LessonEvent, frozen=True, kw_only=True):
    """There should be no mark in this cell."""

    stored_name: ClassVar[str] = "mark-withdrawn/1"
    pupil: str
    work: str
    number: int = 1
    old_value: str
    reason: Sealed


class RecommendationGiven(LessonEvent, frozen=True, kw_only=True):
    """The teacher's advice to one pupil (A8), sealed under the pupil's key."""

    stored_name: ClassVar[str] = "recommendation-given/1"
    pupil: str
    text: Sealed


class Substitution(msgspec.Struct, frozen=True, kw_only=True):
    """Who teaches instead, and what: `subject` when another one, `merged_journal` when groups are taught together.

    `self_study`: the pupils work alone, nobody teaches; `teacher` then supervises them, or is empty.
    """

    teacher: str
    subject: str = ""
    merged_journal: str = ""
    self_study: bool = False


class LessonSubstituted(LessonEvent, frozen=True, kw_only=True):
    """Another teacher gives this lesson (A9), the hours are the substitute's; or the pupils study alone."""

    stored_name: ClassVar[str] = "lesson-substituted/1"
    absent_teacher: str = ""
    substitution: Substitution
    reason: Sealed | None = None
    despite: int = 0
    """Clashes with other lessons that the school's rules call errors, accepted with the command."""


class SubstitutionCorrected(LessonEvent, frozen=True, kw_only=True):
    """The substitution was entered wrongly; no new one means there was none."""

    stored_name: ClassVar[str] = "substitution-corrected/1"
    old: Substitution
    new: Substitution | None = None
    reason: Sealed
    despite: int = 0
    """Clashes with other lessons that the school's rules call errors, accepted with the command."""


class LessonMoved(LessonEvent, frozen=True, kw_only=True):
    """The lesson takes place at another time or in another room; its identity stays."""

    stored_name: ClassVar[str] = "lesson-moved/1"
    old_date: date
    old_slot: int
    new_date: date
    new_slot: int
    new_room: str = ""
    reason: Sealed | None = None
    despite: int = 0
    """Clashes with other lessons that the school's rules call errors, accepted with the command."""


class LessonCancelled(LessonEvent, frozen=True, kw_only=True):
    """The lesson does not take place."""

    stored_name: ClassVar[str] = "lesson-cancelled/1"
    reason: Sealed


class LessonReinstated(LessonEvent, frozen=True, kw_only=True):
    """The lesson takes place after all: the cancellation was wrong."""

    stored_name: ClassVar[str] = "lesson-reinstated/1"
    reason: Sealed
    despite: int = 0
    """Clashes with other lessons that the school's rules call errors, accepted with the command."""
