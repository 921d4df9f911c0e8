"""What an invalidation changes in the reports, row by row: counted in full, listed up to a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class Listing(Generic[T]):
    """Counts all rows and keeps those of one page: a large window needs no more memory than a small one."""

    def __init__(self, limit: int, offset: int) -> None:
        """Begin empty."""
        self._limit, self._offset = limit, offset
        self.total = 0
        self.rows: list[T] = []

    def add(self, row: T) -> None:
        """Count a row."""
        if self._offset <= self.total < self._offset + self._limit:
            self.rows.append(row)
        self.total += 1


@dataclass(slots=True)
class MarkChange:
    """A cell of the gradebook; None: empty."""

    lesson: str
    journal: str
    date: str
    pupil: str
    work: str
    number: int
    before: str | None
    after: str | None


@dataclass(slots=True)
class LessonChange:
    """Topic, homework, roll, cancelling, place, room or substitute of a lesson; None: nothing is recorded."""

    lesson: str
    journal: str
    date: str
    part: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class AttendanceChange:
    """One pupil's line of a roll; None: no line."""

    lesson: str
    journal: str
    date: str
    pupil: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class AdviceChange:
    """A recommendation that is gone, or there again."""

    lesson: str
    journal: str
    date: str
    pupil: str
    version: int
    there_after: bool


@dataclass(slots=True)
class FinalMarkChange:
    """A final mark; None: none."""

    journal: str
    period: str
    pupil: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class MembershipChange:
    """A stay of a pupil in a class or group; `ends` None: still. `there_after` says on which side it is."""

    pupil: str
    kind: str
    place: str
    starts: str
    ends: str | None
    there_after: bool


@dataclass(slots=True)
class AverageChange:
    """A pupil's average in a journal and period, in hundredths (None: no marks that count), with its marks."""

    pupil: str
    journal: str
    period: str
    marks_before: int
    before_hundredths: int | None
    marks_after: int
    after_hundredths: int | None


@dataclass(slots=True)
class MissedChange:
    """Missed lessons of those with the roll taken while the pupil was in the journal, in a period."""

    pupil: str
    journal: str
    period: str
    missed_before: int
    lessons_before: int
    missed_after: int
    lessons_after: int


@dataclass(slots=True)
class ProgressChange:
    """Progress (b) of a class in a period: pupils all of whose final marks are at least «3» / pupils × 100 %."""

    year: str
    period: str
    class_id: str
    class_name: str
    numerator_before: int
    denominator_before: int
    before_hundredths: int | None
    numerator_after: int
    denominator_after: int
    after_hundredths: int | None


@dataclass(slots=True)
class Differences:
    """Reports before and after. `totals` counts every list in full; each list is one page of it.

    `progress_left_out` counts classes and periods that were not compared because there are too many.
    """

    totals: dict[str, int]
    marks: list[MarkChange]
    lessons: list[LessonChange]
    attendance: list[AttendanceChange]
    recommendations: list[AdviceChange]
    final_marks: list[FinalMarkChange]
    memberships: list[MembershipChange]
    averages: list[AverageChange]
    missed: list[MissedChange]
    progress: list[ProgressChange]
    progress_left_out: int


class Lists:
    """All lists of one page."""

    def __init__(self, limit: int, offset: int) -> None:
        """Begin empty."""
        self.marks = Listing[MarkChange](limit, offset)
        self.lessons = Listing[LessonChange](limit, offset)
        self.attendance = Listing[AttendanceChange](limit, offset)
        self.recommendations = Listing[AdviceChange](limit, offset)
        self.final_marks = Listing[FinalMarkChange](limit, offset)
        self.memberships = Listing[MembershipChange](limit, offset)
        self.averages = Listing[AverageChange](limit, offset)
        self.missed = Listing[MissedChange](limit, offset)
        self.progress = Listing[ProgressChange](limit, offset)

    def differences(self, progress_left_out: int) -> Differences:
        """Answer the page."""
        return Differences(
            totals={name: listing.total for name, listing in vars(self).items()},
            marks=self.marks.rows,
            lessons=self.lessons.rows,
            attendance=self.attendance.rows,
            recommendations=self.recommendations.rows,
            final_marks=self.final_marks.rows,
            memberships=self.memberships.rows,
            averages=self.averages.rows,
            missed=self.missed.rows,
            progress=self.progress.rows,
            progress_left_out=progress_left_out,
        )
