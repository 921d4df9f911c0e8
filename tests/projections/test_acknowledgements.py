"""Acknowledgements: what was confirmed, by whom, and as it stood when."""

from __future__ import annotations

from ejd.kernel.events import acknowledgements as a
from ejd.kernel.ids import acknowledgements_stream
from ejd_projections.acknowledgements import acknowledged
from tests.projections.conftest import Ask
from tests.projections.story import EREMIN, YEAR, ZHUKOV, a_school, day

STREAM = acknowledgements_stream("guardian-1", EREMIN)
BY_MOTHER = {"guardian": "guardian-1", "pupil": EREMIN}


def test_the_newest_acknowledgement_stands_first(ask: Ask) -> None:
    story = a_school()
    diary = a.DiaryAcknowledged(**BY_MOTHER, channel="web", week=day("09-07"), seen_position=40)
    story.tell(STREAM, diary, when="09-13 20:00")
    marks = a.PeriodMarksAcknowledged(**BY_MOTHER, channel="paper", year=YEAR, period="q1", seen_position=90)
    story.tell(STREAM, marks, when="10-26 20:00")
    advice = a.RecommendationAcknowledged(**BY_MOTHER, channel="api", lesson="lesson-1", version=4)
    c = ask(story.tell(STREAM, advice, when="10-27 20:00"))
    found = acknowledged(c, [EREMIN])
    assert [(one.kind, one.channel) for one in found] == [
        ("recommendation", "api"),
        ("period", "paper"),
        ("diary", "web"),
    ]
    assert (found[0].lesson, found[0].lesson_version) == ("lesson-1", 4)
    assert (found[1].year, found[1].period, found[1].seen_position) == (YEAR, "q1", 90)
    assert [one.week for one in acknowledged(c, [EREMIN], kind="diary")] == ["2026-09-07"]
    assert acknowledged(c, [ZHUKOV]) == []
    assert len(acknowledged(c, [EREMIN], limit=1)) == 1
