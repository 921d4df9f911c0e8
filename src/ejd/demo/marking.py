"""Which marks a lesson brings, by kind of work, subject and pupil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ejd.demo import texts
from ejd_commands.marks import MarkEntry

if TYPE_CHECKING:
    from random import Random

    from ejd.demo.roster import Pupil, Teacher
    from ejd.demo.timeline import Lesson

ORAL_SHARE, HOMEWORK_SHARE, PRACTICAL_SHARE = 0.34, 0.52, 0.48
HOMEWORK_CHECKED_SHARE = 0.45
SECOND_MARK_SHARE, COMMENT_SHARE, PROJECT_SHARE = 0.03, 0.012, 0.02
MEAN, NOISE, ABILITY, TALENT = 3.95, 0.62, 0.75, 0.3
"""Of marks before rounding: `TALENT` is how far a pupil's subjects differ from one another."""
WRITTEN_EVERY, DICTATION_EVERY, LABORATORY_EVERY = 7, 9, 6
ESSAY_AT = 12
"""Which lesson of literature brings an essay, marked twice: for content and for spelling."""
ENTERED_AFTER_DAYS: Final = {"control": (1, 5), "dictation": (1, 3), "essay": (2, 6), "independent": (0, 3)}
LATE_WRITTEN: Final = frozenset(ENTERED_AFTER_DAYS)
WRITTEN: Final = frozenset(
    {"russian", "math", "algebra", "geometry", "english", "physics", "physics-deep", "chemistry", "history",
     "history-deep", "society", "society-deep", "probability", "informatics", "informatics-deep"}
)  # fmt: skip
LABORATORY: Final = frozenset({"physics", "physics-deep", "chemistry", "biology", "geography", "informatics"})
HANDS_ON: Final = frozenset({"pe", "art", "labour", "music"})
TESTED: Final = frozenset({"history", "society", "geography", "biology"})
POINTS_OF_MARK: Final = {5: (0.9, 1.0), 4: (0.7, 0.88), 3: (0.45, 0.68), 2: (0.1, 0.44)}
"""Share of the points of a control work by mark."""


class Marks(NamedTuple):
    """Marks entered with the lesson, and those of written work that come some days later."""

    at_once: list[MarkEntry]
    later: list[MarkEntry]
    after_days: int


class Marker:
    """Gives marks; the density scales how often, except for work that everybody writes."""

    def __init__(self, random: Random, density: float) -> None:
        """Take chance from outside."""
        self._random, self._density = random, density
        self._talents: dict[tuple[str, str], float] = {}

    def marks(self, lesson: Lesson, number: int, present: list[Pupil]) -> Marks:
        """Answer the marks of a journal's lesson; `number` counts the journal's lessons from 1."""
        if lesson.journal.system == "unmarked":
            return Marks([], [], 0)
        if lesson.journal.subject == "pe":
            present = [pupil for pupil in present if not pupil.no_pe]
        if lesson.journal.system == "pass-fail":
            return Marks(self._passed(present), [], 0)
        written, everybody = self._written(lesson, number, present)
        if everybody:
            first, last = ENTERED_AFTER_DAYS.get(written, (0, 0))
            return Marks([], everybody, self._random.randint(first, last))
        return Marks([*self._single(lesson, present)], [], 0)

    def value(self, pupil: Pupil, teacher: Teacher, shift: float = 0.0) -> int:
        """Answer a mark from 2 to 5."""
        key = (pupil.id, teacher.specialty)
        if key not in self._talents:
            self._talents[key] = self._random.gauss(0.0, TALENT)
        wanted = MEAN + ABILITY * pupil.ability + self._talents[key] + teacher.kindness + shift
        wanted += self._random.gauss(0.0, NOISE)
        return max(2, min(5, round(wanted)))

    def _passed(self, present: list[Pupil]) -> list[MarkEntry]:
        return [
            MarkEntry(pupil=pupil.id, work="oral", value="зач")
            for pupil in present
            if self._random.random() < ORAL_SHARE * self._density
        ]

    def _written(self, lesson: Lesson, number: int, present: list[Pupil]) -> tuple[str, list[MarkEntry]]:
        journal = lesson.journal
        if lesson.control is not None:
            return "control", [self._control(lesson, pupil) for pupil in present]
        if journal.group is not None and journal.group.kind == "individual":
            return "", []
        work = ""
        if journal.subject == "literature" and number == ESSAY_AT:
            work = "essay"
        elif journal.subject == "russian" and number % DICTATION_EVERY == DICTATION_EVERY - 1:
            work = "dictation"
        elif journal.subject in LABORATORY and number % LABORATORY_EVERY == LABORATORY_EVERY - 1:
            work = "practical"
        elif journal.subject in TESTED and number % WRITTEN_EVERY == 2:  # noqa: PLR2004 - the second of seven
            work = "test"
        elif journal.subject in WRITTEN and number % WRITTEN_EVERY == WRITTEN_EVERY - 2:
            work = "independent"
        if not work:
            return "", []
        marks = [self._entry(pupil, lesson.teacher, work) for pupil in present]
        if work == "essay":
            marks += [self._entry(pupil, lesson.teacher, work, 2) for pupil in present]
        return work, marks

    def _single(self, lesson: Lesson, present: list[Pupil]) -> list[MarkEntry]:
        hands_on = lesson.journal.subject in HANDS_ON
        work = "practical" if hands_on else "oral"
        share = self._density * (PRACTICAL_SHARE if hands_on else ORAL_SHARE)
        checked = not hands_on and self._random.random() < HOMEWORK_CHECKED_SHARE
        found: list[MarkEntry] = []
        for pupil in present:
            if self._random.random() < share:
                found.append(self._entry(pupil, lesson.teacher, work))
                if self._random.random() < SECOND_MARK_SHARE:
                    found.append(self._entry(pupil, lesson.teacher, work, 2))
            if checked and self._random.random() < HOMEWORK_SHARE * self._density:
                found.append(self._entry(pupil, lesson.teacher, "homework"))
        if lesson.journal.subject in {"world", "history", "informatics"} and self._random.random() < PROJECT_SHARE:
            found += [self._entry(pupil, lesson.teacher, "project") for pupil in present[:3]]
        return found

    def _entry(self, pupil: Pupil, teacher: Teacher, work: str, number: int = 1) -> MarkEntry:
        shift = 0.25 if work in {"project", "homework", "practical"} else 0.0
        comment = self._random.choice(texts.COMMENTS) if self._random.random() < COMMENT_SHARE else None
        value = str(self.value(pupil, teacher, shift))
        return MarkEntry(pupil=pupil.id, work=work, number=number, value=value, comment=comment)

    def _control(self, lesson: Lesson, pupil: Pupil) -> MarkEntry:
        assert lesson.control is not None, "only a lesson with a control work asks"  # noqa: S101 - invariant
        value = self.value(pupil, lesson.teacher, -0.1)
        low, high = POINTS_OF_MARK[value]
        return MarkEntry(
            pupil=pupil.id,
            work="control",
            value=str(value),
            control_work=lesson.control.id,
            variant=self._random.randint(1, lesson.control.variants),
            points=round(self._random.uniform(low, high) * lesson.control.points_max),
        )
