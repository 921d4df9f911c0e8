"""Journals of one class in different grading systems: averages by points, progress and quality by level (A7, D4)."""

from __future__ import annotations

from typing import Any

from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events import school as s
from ejd.kernel.ids import SCHOOL, final_marks_stream
from ejd.kernel.policies import GRADING_SYSTEMS
from ejd_projections.gradebook import gradebook
from ejd_projections.progress import progress
from tests.projections.conftest import Ask
from tests.projections.story import ALGEBRA, CLASS_7A, EREMIN, YEAR, YOZHIKOVA, ZHUKOV, Story, a_school, at

FINALS = {
    ALGEBRA: ("five-point", "5", "4", "2"),
    "physics": ("hundred-point", "85", "50", "49"),
    "art": ("pass-fail", "зач", "зач", "незач"),
    "music": ("ten-point", "9", "6", "4"),
    "latin": ("letter", "A", "C", "н/а"),
}
"""Journal: system, and the final marks of Еремин, Ёжикова, Жуков."""


def mixed() -> Story:
    """7А with a journal in each system, and one without marks that has lessons."""
    story = a_school().tell(SCHOOL, *(s.GradingSystemDefined(system=system) for system in GRADING_SYSTEMS))
    for journal, (system, *marks) in FINALS.items():
        if journal != ALGEBRA:
            story.open_journal(journal, journal, CLASS_7A, subject=f"subject-{journal}", system=system)
        for pupil, value in zip((EREMIN, YOZHIKOVA, ZHUKOV), marks, strict=True):
            decided = f.FinalMarkDecided(journal=journal, period="q1", pupil=pupil, value=value, basis=f.Basis())
            story.tell(final_marks_stream(journal, "q1"), decided, when="10-24 12:00")
    story.open_journal("ethics", "Этика", CLASS_7A, subject="subject-ethics", system="unmarked")
    return story.schedule("ethics", "09-01", (1, 1)).held(at("ethics", "09-07", 1))


def test_final_marks_of_all_systems_count_by_their_five_point_level(ask: Ask) -> None:
    c = ask(mixed())
    (row,) = [one for one in progress(c, year=YEAR, period="q1", by="class").rows if one.id == CLASS_7A]
    one = row.statistics
    # Levels: Еремин 5 5 3 5 5, Ёжикова 4 3 3 4 3, Жуков 2 2 2 3 н/а; the unmarked journal is not assessed.
    assert (one.n5, one.n4, one.n3, one.n2, one.not_attested, one.n, one.without_mark) == (4, 2, 5, 3, 1, 15, 0)
    assert (one.progress.numerator, one.progress.percent_hundredths) == (11, 7333)
    assert (one.quality.numerator, one.quality.percent_hundredths) == (6, 4000)
    assert (one.degree.numerator, one.degree.denominator) == (100 * 4 + 64 * 2 + 36 * 5 + 16 * 3 + 7, 15)
    assert one.average.hundredths == 350
    assert (row.progress.numerator, row.progress.denominator) == (2, 3)
    pupils = {one.id: one.progress for one in progress(c, year=YEAR, period="q1", by="pupil").rows}
    assert (pupils[ZHUKOV].numerator, pupils[ZHUKOV].denominator) == (1, 5)


def test_an_average_is_in_the_points_of_its_own_scale(ask: Ask) -> None:
    story = mixed()
    given = {"physics": ("80", "85"), "latin": ("A", "C"), "art": ("зач", "незач"), "music": ("9", "6")}
    for journal, values in given.items():
        marks: list[Any] = [
            (e.MarkRecorded, {"pupil": EREMIN, "work": "oral", "number": n, "value": value})
            for n, value in enumerate(values, start=1)
        ]
        story.in_lesson(at(journal, "09-01", 1), *marks, when="09-01 12:00")
    c = ask(story)
    averages = {}
    for journal in given:
        page = gradebook(c, journal=journal, first="2026-09-01", last="2026-10-25")
        (pupil,) = [one for one in page.pupils if one.pupil == EREMIN]
        averages[journal] = (pupil.marks_counted, pupil.average_hundredths)
    assert averages == {"physics": (2, 8250), "latin": (2, 400), "art": (0, None), "music": (2, 750)}
