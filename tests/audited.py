"""Random histories whose commands have real authors, some of them under an approval."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import corrections as c
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd_commands.lesson_base import Identity
from tests import histories as h
from tests import worlds as w
from tests.scenario import sealed, uid

ACCOUNTS = (w.ADA, w.BORIS, w.DEPUTY, uid("account of nobody"))
DAY_MICROSECONDS = 86_400_000_000
SHARE = 0.4
"""Of the commands that are made under an approval."""


def audited_history(player: h.Player, seed: int) -> h.ClockStore:
    """Answer the store of a player with authors, requests, approvals and their use; some of that void.

    The commands of players keep to the free windows: some are put later here, and corrections of everything are added.
    """
    rnd = Random(seed)
    store = h.ClockStore(list(player.store.events), dict(player.store.versions), player.store.commits)
    _correct(store, rnd)
    authors: dict[str, str] = {}
    later: dict[str, int] = {}
    for index, meta in enumerate(store.events):
        author = authors.setdefault(meta.command_id, rnd.choice(ACCOUNTS))
        days = later.setdefault(meta.command_id, rnd.choice((0, 0, 0, 1, 8, 20)))
        at = meta.recorded_at + days * DAY_MICROSECONDS
        store.events[index] = meta._replace(actor=author, session=f"session {author[:4]}", recorded_at=at)
    written = {}
    approved = {meta.command_id for meta in store.events if meta.name == c.CorrectionMade.stored_name}
    for meta in store.events:
        event = CATALOGUE.decode(meta.name, meta.state)
        if isinstance(event, e.LessonEvent | f.FinalMarkEvent) and meta.command_id not in approved:
            written[meta.stream, meta.command_id] = (meta, event)
    for (record, command), (meta, event) in written.items():
        if rnd.random() < SHARE:
            _request(store, rnd, record, command, event, meta.actor)
    return store


def _correct(store: h.ClockStore, rnd: Random) -> None:
    """Correct some of what was recorded, as far as it has something to correct."""
    for meta in list(store.events):
        if rnd.random() < 0.3:
            event = CATALOGUE.decode(meta.name, meta.state)
            for one in _corrections(event, rnd):
                days = rnd.choice((0, 1, 9))
                store.commit(meta.recorded_at + days * DAY_MICROSECONDS, (meta.stream, one))
                if rnd.random() < 0.2:
                    void = EventsVoided(breach=rnd.choice(h.BREACHES), versions=(store.versions[meta.stream],))
                    store.commit(meta.recorded_at + 30 * DAY_MICROSECONDS, (meta.stream, void))


def _corrections(event: Event, rnd: Random) -> Iterable[Event]:
    reason = sealed(w.VERA, "ошибка")
    value = rnd.choice(("2", "3", "4", "5", "зач", "осв"))
    if isinstance(event, e.LessonEvent):
        lesson: Identity = {
            "journal": event.journal,
            "date": event.date,
            "slot": event.slot,
            "ordinal": event.ordinal,
        }
        match event:
            case e.MarkRecorded():
                cell: Any = {"pupil": event.pupil, "work": event.work, "number": event.number}
                yield e.MarkCorrected(**lesson, **cell, old_value=event.value, new_value=value, reason=reason)
                if rnd.random() < 0.3:
                    yield e.MarkWithdrawn(**lesson, **cell, old_value=value, reason=reason)
            case e.RollTaken():
                late = e.Absence(pupil=w.VERA, kind="late", minutes=5)
                yield e.AttendanceCorrected(**lesson, pupil=w.VERA, new=late, reason=reason)
            case e.TopicRecorded():
                yield e.TopicCorrected(**lesson, old_topic=event.topic, new_topic="Тема 9", reason=reason)
            case e.HomeworkSet():
                new = e.Homework(text="№ 9", minutes=5)
                yield e.HomeworkCorrected(**lesson, old=event.homework, new=new, reason=reason)
            case e.LessonSubstituted():
                yield e.SubstitutionCorrected(**lesson, old=event.substitution, reason=reason)
            case _:
                pass
    if isinstance(event, f.FinalMarkDecided):
        mark = {"journal": event.journal, "period": event.period, "pupil": event.pupil}
        yield f.FinalMarkCorrected(**mark, old_value=event.value, new_value=value, basis=f.Basis(), reason=reason)


def _request(  # noqa: PLR0913 - the parts of a request
    store: h.ClockStore, rnd: Random, record: str, command: str, event: e.LessonEvent | f.FinalMarkEvent, actor: str
) -> None:
    stream = uid(f"request {record} {command}")
    lesson = event if isinstance(event, e.LessonEvent) else None
    asked = c.CorrectionRequested(
        account=actor,
        kind="lesson" if lesson else "final-mark",
        record=record,
        journal=event.journal,
        day=lesson.date if lesson else None,
        period=event.period if isinstance(event, f.FinalMarkEvent) else "",
        reason=sealed(w.VERA, "ошибка в журнале"),
    )
    decided = rnd.choice(
        (
            (c.CorrectionApproved(until=2**53),),
            (c.CorrectionApproved(until=2**53), c.CorrectionApproved(until=2**54)),
            (c.CorrectionRejected(reason=sealed(w.VERA, "нет оснований")),),
            (c.CorrectionWithdrawn(),),
            (),
        )
    )
    made = (c.CorrectionMade(record=record, command=command),) if rnd.random() < 0.8 else ()
    last = store.events[-1].recorded_at
    for number, one in enumerate((asked, *decided, *made), start=1):
        store.commit(last + number * 1_000, (stream, one))
        by = actor if isinstance(one, c.CorrectionRequested | c.CorrectionMade) else w.DEPUTY
        store.events[-1] = store.events[-1]._replace(actor=by)
    if rnd.random() < 0.3:
        versions = tuple(rnd.sample(range(1, store.versions[stream] + 1), 1))
        store.commit(last + 9_000, (stream, EventsVoided(breach="breach-1", versions=versions)))
        if rnd.random() < 0.3:
            store.commit(last + 9_500, (stream, EventsRestored(breach="breach-1", versions=versions)))
