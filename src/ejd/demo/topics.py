"""Thematic plans from the table of topics in `topics.txt`: what a subject is about in a grade, lesson by lesson."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

AGAIN = ("{}. Закрепление", "{}. Практикум", "{}. Выполнение упражнений", "{}. Обобщение", "{}. Урок-повторение")
PLAN_LINES_MAX = 400
_HEAD = re.compile(r"\[([a-z-]+) (\d+)-(\d+)\]")


class PlanLine(NamedTuple):
    """One lesson of a thematic plan."""

    section: str
    topic: str
    control: bool = False


class Section(NamedTuple):
    """A part of the course with its topics."""

    name: str
    topics: tuple[str, ...]


@cache
def table() -> dict[tuple[str, int], tuple[Section, ...]]:
    """Answer the sections by subject and grade."""
    found: dict[tuple[str, int], list[Section]] = {}
    open_keys: list[tuple[str, int]] = []
    for line in files("ejd.demo").joinpath("topics.txt").read_text("utf-8").splitlines():
        head = _HEAD.fullmatch(line)
        if head is not None:
            open_keys = [(head[1], grade) for grade in range(int(head[2]), int(head[3]) + 1)]
        elif line and not line.startswith("#"):
            name, _, topics = line.partition(": ")
            for key in open_keys:
                found.setdefault(key, []).append(Section(name, tuple(topics.split("; "))))
    return {key: tuple(sections) for key, sections in found.items()}


def sections_of(subject: str, grade: int) -> tuple[Section, ...]:
    """Answer the sections of a subject; the deep course of a subject has the topics of the ordinary one."""
    known = table()
    return known.get((subject, grade)) or known[subject.removesuffix("-deep"), grade]


def thematic_plan(subject: str, grade: int, lessons: int, controls: int) -> list[PlanLine]:
    """Answer so many lessons: each topic as often as needed, control works evenly among them, analysed the next time.

    A subject with more lessons than topics comes back to each topic under another heading.
    """
    ordinary = max(min(lessons, PLAN_LINES_MAX) - 2 * controls, 1)
    topics = [(part.name, topic) for part in sections_of(subject, grade) for topic in part.topics][:ordinary]
    lines: list[PlanLine] = []
    for index, (section, topic) in enumerate(topics):
        times = ordinary * (index + 1) // len(topics) - ordinary * index // len(topics)
        lines += [PlanLine(section, topic)] * bool(times)
        for again in range(1, times):
            lines.append(PlanLine(section, AGAIN[(again - 1) % len(AGAIN)].format(topic)))
    for number in range(controls, 0, -1):
        at = ordinary * number // (controls + 1)
        section = lines[max(at - 1, 0)].section
        control = PlanLine(section, f"Контрольная работа № {number} по теме «{section}»", control=True)
        lines[at:at] = [control, PlanLine(section, "Анализ контрольной работы, работа над ошибками")]
    return lines
