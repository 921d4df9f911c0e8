"""Random histories whose commands have real authors, some of them under an approval."""

from __future__ import annotations

from random import Random

from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import corrections as c
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from tests import histories as h
from tests import worlds as w
from tests.scenario import sealed, uid

ACCOUNTS = (w.ADA, w.BORIS, w.DEPUTY, uid("account of nobody"))
SHARE = 0.4
"""Of the commands that are made under an approval."""


def audited_history(player: h.Player, seed: int) -> h.ClockStore:
    """Answer the store of a player with authors, requests, approvals and their use; some of that void."""
    rnd = Random(seed)
    store = h.ClockStore(list(player.store.events), dict(player.store.versions), player.store.commits)
    authors: dict[str, str] = {}
    for index, meta in enumerate(store.events):
        author = authors.setdefault(meta.command_id, rnd.choice(ACCOUNTS))
        store.events[index] = meta._replace(actor=author, session=f"session {author[:4]}")
    written = {}
    for meta in store.events[sum(player.set_up.values()) :]:
        event = CATALOGUE.decode(meta.name, meta.state)
        if isinstance(event, e.LessonEvent | f.FinalMarkEvent):
            written[meta.stream, meta.command_id] = (meta, event)
    for (record, command), (meta, event) in written.items():
        if rnd.random() < SHARE:
            _request(store, rnd, record, command, event, meta.actor)
    return store


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
