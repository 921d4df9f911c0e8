"""What the audit of corrections must hold and answer, worked out the plain way from all events, void ones too.

Written from issue 3 (A10, «Audit of corrections»), not from the projections: dicts and loops over the whole list, and
figures by `datetime` instead of arithmetic on microseconds. What counts now comes from `tests.oracle`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event
from ejd.kernel.events import accounts as a
from ejd.kernel.events import corrections as c
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.sealed import Sealed
from tests import oracle as o

AllEvents = Iterable[tuple[Recorded, Event, bool]]
OpenReason = Callable[[Sealed, str, Ref], str]
"""Opens a sealed reason, of the field and event that it was sealed for."""
Rows = dict[str, set[tuple[Any, ...]]]
KINDS: Mapping[type[Event], str] = {
    **dict.fromkeys((e.MarkRecorded, e.MarkCorrected, e.MarkWithdrawn), "mark"),
    **dict.fromkeys((e.RollTaken, e.AttendanceCorrected), "attendance"),
    **dict.fromkeys((e.TopicRecorded, e.TopicCorrected), "topic"),
    **dict.fromkeys((e.HomeworkSet, e.HomeworkCorrected), "homework"),
    **dict.fromkeys((e.LessonSubstituted, e.SubstitutionCorrected), "substitution"),
    **dict.fromkeys((e.ExtraLessonPlanned, e.LessonMoved, e.LessonCancelled, e.LessonReinstated), "lesson"),
    **dict.fromkeys((f.FinalMarkDecided, f.FinalMarkCorrected, f.FinalMarkWithdrawn), "final-mark"),
}
CORRECTIONS = (
    *(e.MarkCorrected, e.MarkWithdrawn, e.AttendanceCorrected, e.TopicCorrected, e.HomeworkCorrected),
    *(e.SubstitutionCorrected, e.LessonReinstated, f.FinalMarkCorrected, f.FinalMarkWithdrawn),
)
COUNTED = (e.TopicRecorded, e.HomeworkSet, e.RollTaken, e.MarkRecorded, f.FinalMarkDecided)


@dataclass
class Audited:
    """One event of the audit, correction or first entry."""

    meta: Recorded
    event: e.LessonEvent | f.FinalMarkEvent
    kind: str
    change: str
    old: str
    new: str
    reason: str
    void: bool
    breaches: str
    late: bool


def as_sealed(box: Sealed, _field: str, _at: Ref) -> str:
    """Open what tests seal."""
    return o.in_clear(box)


def audited(events: AllEvents, open_reason: OpenReason = as_sealed) -> list[Audited]:
    """Answer every correction and every first entry, with the breaches that hold it void at the end."""
    known = list(events)
    breaches = _breaches(known)
    moved: dict[str, date] = {}
    found = []
    for meta, event, void in known:
        if not isinstance(event, e.LessonEvent | f.FinalMarkEvent) or type(event) not in KINDS:
            continue
        change, old, new = _change(event)
        reason = getattr(event, "reason", None)
        late = _may_be_late(meta, event, moved.get(meta.stream))
        held = " ".join(sorted(breaches[meta.stream, meta.version]))
        text = "" if reason is None else open_reason(reason, _field(meta), Ref(meta.stream, meta.version))
        found.append(Audited(meta, event, KINDS[type(event)], change, old, new, text, void, held, late))
        if isinstance(event, e.LessonMoved) and not void:
            moved[meta.stream] = event.new_date
    return found


def _field(meta: Recorded) -> str:
    return f"{meta.name.partition('/')[0]}.reason"


def _breaches(events: AllEvents) -> dict[tuple[str, int], set[str]]:
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for meta, event, _ in events:
        if isinstance(event, EventsVoided):
            for version in event.versions:
                found[meta.stream, version].add(event.breach)
        if isinstance(event, EventsRestored):
            for version in event.versions:
                found[meta.stream, version].discard(event.breach)
    return found


def _change(event: Event) -> tuple[str, str, str]:
    match event:
        case e.MarkCorrected() | f.FinalMarkCorrected():
            return "corrected", event.old_value, event.new_value
        case e.MarkWithdrawn() | f.FinalMarkWithdrawn():
            return "withdrawn", event.old_value, ""
        case e.AttendanceCorrected():
            return "corrected", _line(event.old), _line(event.new)
        case e.TopicCorrected():
            return "corrected", event.old_topic, event.new_topic
        case e.HomeworkCorrected():
            return "withdrawn" if event.new is None else "corrected", _homework(event.old), _homework(event.new)
        case e.SubstitutionCorrected():
            return "withdrawn" if event.new is None else "corrected", _who(event.old), _who(event.new)
        case e.LessonReinstated():
            return "reinstated", "cancelled", ""
        case _:
            return _first(event)


def _first(event: Event) -> tuple[str, str, str]:
    match event:
        case e.MarkRecorded() | f.FinalMarkDecided():
            return "entered", "", event.value
        case e.RollTaken():
            return "entered", "", f"roll taken, lines: {len(event.absences)}"
        case e.TopicRecorded():
            return "entered", "", event.topic
        case e.HomeworkSet():
            return "entered", "", _homework(event.homework)
        case e.LessonSubstituted():
            return "entered", "", _who(event.substitution)
        case e.ExtraLessonPlanned():
            return "planned", "", "extra"
        case e.LessonMoved():
            return "moved", f"{event.old_date}, {event.old_slot}", f"{event.new_date}, {event.new_slot}"
        case _:
            return "cancelled", "", "cancelled"


def _line(line: e.Absence | None) -> str:
    if line is None:
        return "present"
    return f"{line.kind} {line.minutes}" if line.minutes else line.kind


def _homework(homework: e.Homework | None) -> str:
    """The histories give homework a text and minutes."""
    if homework is None:
        return ""
    return f"{homework.text} ({homework.minutes} min)".strip() if homework.minutes else homework.text


def _who(one: e.Substitution | None) -> str:
    if one is None:
        return ""
    return f"{one.teacher}|{one.subject}|{one.merged_journal}" + "|self-study" * one.self_study


def _may_be_late(meta: Recorded, event: Event, moved: date | None) -> bool:
    if not isinstance(event, e.LessonEvent):
        return True
    day = event.date if moved is None or moved > event.date else moved
    east = ZoneInfo("Etc/GMT-14")
    return datetime.fromtimestamp(meta.recorded_at / 1_000_000, tz=east).date() > day


def _columns(one: Audited) -> tuple[Any, ...]:
    meta, event = one.meta, one.event
    lesson = event if isinstance(event, e.LessonEvent) else None
    return (
        *(meta.stream, meta.version, meta.position, meta.recorded_at, meta.actor, meta.session, meta.client),
        *(meta.command_id, one.kind, one.change, event.journal, lesson.date.isoformat() if lesson else ""),
        *(lesson.slot if lesson else 0, lesson.ordinal if lesson else 1, getattr(event, "period", "")),
        *(getattr(event, "pupil", ""), getattr(event, "work", ""), getattr(event, "number", 0)),
        *(one.old, one.new, one.reason, one.void, one.breaches),
    )


def rows_of_all(events: AllEvents, open_reason: OpenReason = as_sealed) -> Rows:
    """Answer the rows of the tables that tell of void events too."""
    known = list(events)
    both = audited(known, open_reason)
    first = [one for one in both if type(one.event) not in CORRECTIONS]
    moves = {
        (meta.stream, event.new_date.isoformat())
        for meta, event in {
            meta.stream: (meta, event) for meta, event, void in known if isinstance(event, e.LessonMoved) and not void
        }.values()
    }
    accounts = {
        meta.stream: (meta.stream, event.kind, event.login, event.person)
        for meta, event, _ in known
        if isinstance(event, a.AccountOpened)
    }
    return {
        "corrections": {_columns(one) for one in both if type(one.event) in CORRECTIONS},
        "late_entries": {_columns(one) for one in first if one.late},
        "moved_lessons": moves,
        "account_holders": set(accounts.values()),
        **_request_rows(known, open_reason),
    }


def _request_rows(events: AllEvents, open_reason: OpenReason) -> Rows:
    streams: dict[str, list[tuple[Recorded, Event, bool]]] = defaultdict(list)
    for meta, event, void in events:
        if type(event).__module__ == c.__name__:
            streams[meta.stream].append((meta, event, void))
    rows: Rows = {"correction_requests": set(), "correction_approvals": set(), "correction_uses": set()}
    for own in streams.values():
        rows["correction_approvals"] |= {
            (meta.stream, meta.version, meta.actor, meta.recorded_at, event.until, void)
            for meta, event, void in own
            if isinstance(event, c.CorrectionApproved)
        }
        rows["correction_uses"] |= {_use(own, meta, event, void) for meta, event, void in own if _is_use(event)}
        rows["correction_requests"] |= {
            _request(own, meta, event, void, open_reason)
            for meta, event, void in own
            if isinstance(event, c.CorrectionRequested)
        }
    return rows


def _is_use(event: Event) -> bool:
    return isinstance(event, c.CorrectionMade)


def _use(own: list[tuple[Recorded, Event, bool]], meta: Recorded, event: Any, void: bool) -> tuple[Any, ...]:
    last: tuple[Any, ...] = (0, "", 0, True)
    for before, one, is_void in own:
        if before.version < meta.version and isinstance(one, c.CorrectionApproved):
            last = before.version, before.actor, before.recorded_at, is_void
    return meta.stream, meta.version, event.record, event.command, meta.actor, meta.recorded_at, void, *last


def _request(
    own: list[tuple[Recorded, Event, bool]],
    meta: Recorded,
    event: Any,
    void: bool,
    open_reason: OpenReason,
) -> tuple[Any, ...]:
    decided: tuple[str, int | None] = ("", None)
    approval: tuple[int | None, int | None] = (None, None)
    used: tuple[int | None, str] = (None, "")
    standing, text = "void" if void else "open", ""
    for at, one, is_void in own:
        if void or is_void:
            continue
        match one:
            case c.CorrectionApproved():
                standing, decided, approval = "approved", (at.actor, at.recorded_at), (at.version, one.until)
            case c.CorrectionRejected():
                standing, decided, approval = "rejected", (at.actor, at.recorded_at), (None, None)
                text = open_reason(one.reason, _field(at), Ref(at.stream, at.version))
            case c.CorrectionWithdrawn():
                standing = "withdrawn"
            case c.CorrectionMade():
                standing, used = "used", (at.recorded_at, one.command)
            case _:
                pass
    return (
        *(meta.stream, event.account, event.person, event.kind, event.record, event.journal),
        *(event.day.isoformat() if event.day else "", event.slot, event.ordinal, event.period, event.pupil),
        *(
            open_reason(event.reason, _field(meta), Ref(meta.stream, meta.version)),
            meta.recorded_at,
            void,
            standing,
            *decided,
            text,
            *approval,
            *used,
        ),
    )


# What the list of corrections must say of each


@dataclass(frozen=True)
class Said:
    """What is said of one correction; `approval` names the request and whether its approval is void."""

    direction: str
    window: str
    hours_after_lesson: int | None
    days_after_period_end: int | None
    approval: tuple[str, bool] | None
    counts: bool


def audit(facts: o.Facts, events: AllEvents, open_reason: OpenReason = as_sealed) -> dict[int, tuple[Audited, Said]]:
    """Answer by position what the audit lists: corrections, and first entries that were late under an approval."""
    known = list(events)
    made = {
        (event.record, event.command, meta.actor): _use(
            [one for one in known if one[0].stream == meta.stream], meta, event, void
        )
        for meta, event, void in known
        if isinstance(event, c.CorrectionMade)
    }
    answer = {}
    for one in audited(known, open_reason):
        use = made.get((one.meta.stream, one.meta.command_id, one.meta.actor))
        said = _said(facts, one, None if use is None else (use[0], use[-1]))
        if type(one.event) in CORRECTIONS or (use is not None and said.window == "outside"):
            answer[one.meta.position] = (one, said)
    return answer


def _said(facts: o.Facts, one: Audited, approval: tuple[str, bool] | None) -> Said:
    journal = facts.journals.get(one.event.journal)
    year = None if journal is None else facts.years[journal.year]
    recorded = o.school_time(facts, one.meta.recorded_at)
    hours = None
    if isinstance(one.event, e.LessonEvent):
        lesson = facts.lessons.get(one.meta.stream)
        day, slot = (lesson.day, lesson.slot) if lesson else (one.event.date, one.event.slot)
        bell = None if journal is None or year is None else year.bells.get(journal.bells, {}).get(slot)
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(facts.timezone))
        end = midnight + timedelta(days=1) if bell is None else midnight + timedelta(minutes=bell.ends)
        hours = (recorded.astimezone(UTC) - end.astimezone(UTC)) // timedelta(hours=1)
        scheme = () if journal is None or year is None else year.schemes.get(journal.scheme, ())
        last = next((period.last_day for period in scheme if period.first_day <= day <= period.last_day), None)
    else:
        codes = {} if year is None else {p.code: p.last_day for some in year.schemes.values() for p in some}
        overall = year.opened.last_day if year is not None and year.opened is not None else None
        last = codes.get(one.event.period, overall)
        day = last or date.min
    window = ""
    if day != date.min:
        free = day + timedelta(days=_free_days(facts, one, day))
        window = "inside" if recorded.date() <= free else "outside"
    system = "" if journal is None else journal.grading_system
    comparable = one.kind in {"mark", "final-mark"} and one.old and one.new
    return Said(
        direction=_direction(facts, system, one.old, one.new) if comparable else "",
        window=window,
        hours_after_lesson=hours,
        days_after_period_end=None if last is None else (recorded.date() - last).days,
        approval=approval,
        counts=not one.void,
    )


def _free_days(facts: o.Facts, one: Audited, day: date) -> int:
    regulation = o.regulation_on(facts, day)
    work = facts.kinds.get(getattr(one.event, "work", ""))
    name = {"final-mark": "final_mark", "lesson": "substitution"}.get(one.kind, one.kind)
    if one.kind == "mark" and work is not None and work.written:
        name = "written_work"
    days: int = getattr(regulation, f"{name}_window_days")
    return days


def _direction(facts: o.Facts, system: str, old: str, new: str) -> str:
    before, after = o.meaning(facts, system, old), o.meaning(facts, system, new)
    if before is None or after is None:
        return ""
    for rank in (0, 1):
        first, second = before[rank], after[rank]
        if first is not None and second is not None:
            return "up" if second > first else "down" if second < first else ""
    return ""
