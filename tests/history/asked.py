"""Every question of the service, asked of the present or of a past by somebody who may see everything."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import sqlalchemy as sa

from ejd.access.reading import Duties, Sight
from ejd.handling.authentication import Authenticated
from ejd.history.past import Past, Then
from ejd.http.asking import Asking
from ejd.http.questions import QUESTIONS
from ejd.kernel.access import Held
from ejd.kernel.command import Actor, Refusal
from ejd_projections.asking import SelectionError
from ejd_projections.school_catalogue import School, school
from tests import histories as h
from tests import worlds as w

NOBODY = School("", "UTC", simulated=False)
DAYS = ("2025-09-01", "2025-09-08", "2025-09-22", "2025-10-06", "2025-10-24", "2025-11-10")
BY = {
    "fill-completeness": ("journal", "teacher", "class", "subject"),
    "progress": ("class", "line", "subject", "teacher", "grade", "pupil"),
}


def parameters(rnd: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Answer questions by name with parameters: each question once, with few of the conditions."""
    for question in QUESTIONS:
        fields = {(field.alias or name): name for name, field in question.parameters.model_fields.items()}
        chosen: dict[str, Any] = {}
        for field, values in (
            ("class", h.CLASSES),
            ("group", [*h.GROUPS, *h.CLASSES]),
            ("journal", h.JOURNALS),
            ("subject", [w.MATHS, h.SPORT_SUBJECT, h.CHEMISTRY_SUBJECT]),
            ("teacher", sorted(h.STAFF)),
            ("pupil", h.PUPILS),
        ):
            needed = field in fields and question.parameters.model_fields[fields[field]].is_required()
            if field in fields and (needed or rnd.random() < 0.25):
                chosen[field] = rnd.choice(values)
        if {"from", "to"} <= set(fields):
            how = rnd.random()
            if how < 0.4:
                chosen["from"], chosen["to"] = sorted(rnd.sample(DAYS, 2))
            elif how < 0.7 and "period" in fields:
                chosen["period"] = rnd.choice(["q1", "q2", "h1"])
        elif "period" in fields and rnd.random() < 0.8:
            chosen["period"] = rnd.choice(["q1", "q2", "h1", "year", "exam"])
        if question.name in BY:
            chosen["by"] = rnd.choice(BY[question.name])
        yield question.name, chosen


def ask(c: sa.Connection, name: str, chosen: dict[str, Any], now: int, past: Past | None = None) -> Any:
    """Answer a question's report as JSON gives it, or its refusal."""
    (question,) = [one for one in QUESTIONS if one.name == name]
    query = question.parameters.model_validate(chosen)
    who = Authenticated(Actor("account", "session", "tests"), "", (Held("head"),))
    if past is not None:
        past.begin()
    data = c if past is None else past.c
    asking = Asking(data, c, school(data) or NOBODY, Sight(everything=True, duties=Duties()), who, now)
    if past is not None:
        asking.ground, asking.then = past, Then(past.position, now)
    try:
        return msgspec.json.decode(msgspec.json.encode(question.ask(asking, query)))
    except (Refusal, SelectionError) as refusal:
        return type(refusal).__name__, refusal.sentence
