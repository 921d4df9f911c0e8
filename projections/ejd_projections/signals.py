"""Signals for the deputy head (A10): patterns worth a look, each with its definition. None of them is a proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from fractions import Fraction
from statistics import median
from typing import Literal

import sqlalchemy as sa

from ejd.kernel.calendar import local_day, zone
from ejd.kernel.envelope import Ref
from ejd_projections.account_holders import Holder, holders
from ejd_projections.asking import SelectionError
from ejd_projections.correction_figures import Judge, Where, judge_of
from ejd_projections.correction_search import (
    CORRECTIONS_MAX,
    FIRST_ENTRIES,
    Choice,
    Found,
    Judged,
    find_corrections,
    joined_rows,
)
from ejd_projections.correction_tables import late_entries
from ejd_projections.entry_counts import entry_counts
from ejd_projections.gradebook_tables import attendance, lessons, marks
from ejd_projections.journal_catalogue import journals
from ejd_projections.people import names
from ejd_projections.rolls import MISSED
from ejd_projections.signal_acknowledgements import Acknowledged
from ejd_projections.signal_findings import Finding, SignalRecord, finding_of, life_path

Signal = Literal[
    "many-corrections",
    "raised-before-period-end",
    "marks-for-absent",
    "late-in-bulk",
    "unusual-hours",
    "after-acknowledgement",
]
DEFINITIONS: dict[Signal, str] = {
    "many-corrections": "accounts that made at least corrections_min corrections in the days asked about and entered at"
    " least entries_min records, and whose corrections / entries is at least times × the median of all accounts that"
    " entered at least entries_min; entries are topics, homework, rolls, marks and final marks that stand",
    "raised-before-period-end": "marks and final marks that were raised on one of the last period_end_days days of"
    " their grading period, its last day included",
    "marks-for-absent": "marks that stand for a pupil whom the roll of the same lesson has as absent, excused or ill"
    " (a mark given later may be one that was made up: see hours_after_lesson)",
    "late-in-bulk": "at least bulk_marks marks entered by one account within bulk_minutes minutes, each at least"
    " bulk_days days after the day of its lesson",
    "unusual-hours": "corrections recorded before hour_from or from hour_to on, by the school's clocks, or on a day"
    " on which no grade has lessons",
    "after-acknowledgement": "corrections of marks, attendance and final marks about which a guardian had acknowledged"
    " the diary of that week, or the marks of that period, as it stood before the correction",
}
MINUTE_MICROSECONDS = 60_000_000

Authors = Callable[[Collection[Ref]], dict[Ref, str]]
"""Answers the account that recorded each event."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is worth a look; every one can be set in the question."""

    entries_min: int = 50
    corrections_min: int = 10
    times: int = 2
    period_end_days: int = 7
    bulk_marks: int = 10
    bulk_minutes: int = 10
    bulk_days: int = 7
    hour_from: int = 7
    hour_to: int = 22


@dataclass(slots=True)
class SignalAnswer:
    """One signal with its definition and thresholds; a page of its `total` findings."""

    signal: str
    definition: str
    thresholds: dict[str, int]
    total: int
    findings: list[Finding]


@dataclass(slots=True)
class Signals:
    """Signals of the days asked about, both included, by the lesson's day (a final mark's last one)."""

    first: str
    last: str
    signals: list[SignalAnswer]


def signals(  # noqa: PLR0913 - the question and its page
    c: sa.Connection,
    *,
    first: str,
    last: str,
    chosen: Sequence[Signal],
    thresholds: Thresholds,
    authors: Authors,
    limit: int,
    offset: int = 0,
) -> Signals:
    """Answer the chosen signals, each with a page of its findings."""
    search = Search(c, first, last, thresholds, authors)
    answers = []
    for signal in chosen:
        found = search.findings(signal)
        page = found[offset : offset + limit]
        search.complete(page)
        answers.append(SignalAnswer(signal, DEFINITIONS[signal], asdict(thresholds), len(found), page))
    return Signals(first, last, answers)


class Search:
    """Looks for each signal; the corrections of the days are read once."""

    def __init__(self, c: sa.Connection, first: str, last: str, thresholds: Thresholds, authors: Authors) -> None:
        """Nothing is read yet."""
        self._c = c
        self._first, self._last = first, last
        self._t = thresholds
        self._authors = authors
        self._judge: Judge = judge_of(c)
        self._known: list[Judged] | None = None

    @property
    def _corrections(self) -> list[Judged]:
        """The corrections that count; first entries under an approval are none here."""
        if self._known is None:
            choice = Choice(first=self._first, last=self._last, void=False)
            found = find_corrections(self._c, choice, self._judge)
            self._known = [one for one in found if one.found.change not in FIRST_ENTRIES]
        return self._known

    def findings(self, signal: Signal) -> list[Finding]:
        """Answer what a signal finds, in order of time (many-corrections: the highest rate first)."""
        match signal:
            case "many-corrections":
                return self._many()
            case "raised-before-period-end":
                return list(self._raised())
            case "marks-for-absent":
                return self._absent()
            case "late-in-bulk":
                return list(self._bulk())
            case "unusual-hours":
                return list(self._unusual())
            case "after-acknowledgement":
                return list(self._acknowledged())

    def complete(self, page: Iterable[Finding]) -> None:
        """Put names, and the authors of events that the read model does not know, into the findings of a page."""
        page = list(page)
        people = names(self._c, {record.pupil for finding in page for record in finding.records} - {""})
        unknown = [finding for finding in page if not finding.by.account]
        refs = [Ref(record.record, record.version) for finding in unknown for record in finding.records]
        authors = self._authors(refs) if refs else {}
        for finding in unknown:
            record = finding.records[0]
            finding.by = replace(finding.by, account=authors.get(Ref(record.record, record.version), ""))
        by_account = holders(self._c, {finding.by.account for finding in page} - {""})
        for finding in page:
            finding.by = by_account.get(finding.by.account, finding.by)
            for record in finding.records:
                record.pupil_name = people.get(record.pupil, "")

    def _many(self) -> list[Finding]:
        by_actor: dict[str, list[Judged]] = defaultdict(list)
        for one in self._corrections:
            by_actor[one.found.actor].append(one)
        entries = {actor: count for actor, count in self._entries().items() if count >= self._t.entries_min}
        rates = {actor: Fraction(len(by_actor.get(actor, ())), count) for actor, count in entries.items()}
        if not rates:
            return []
        middle = median(rates.values())
        findings = []
        for actor, rate in sorted(rates.items(), key=lambda one: (-one[1], one[0])):
            own = by_actor.get(actor, [])
            if len(own) >= self._t.corrections_min and rate >= self._t.times * middle:
                why = f"{len(own)} corrections of {entries[actor]} entries"
                finding = finding_of(actor, why, own)
                finding.entries = entries[actor]
                finding.rate_hundredths, finding.median_hundredths = _hundredths(rate), _hundredths(Fraction(middle))
                findings.append(finding)
        return findings

    def _entries(self) -> dict[str, int]:
        """Answer how many entries each account made in lessons of the days, and in final marks of their periods."""
        t, j = entry_counts.c, journals.c
        found: dict[str, int] = defaultdict(int)
        of_lessons = sa.select(t.actor, sa.func.sum(t.entries)).where(t.day >= self._first, t.day <= self._last)
        for actor, count in self._c.execute(of_lessons.group_by(t.actor)).all():
            found[actor] += int(count)
        finals = (
            sa.select(t.actor, j.year, t.period, sa.func.sum(t.entries))
            .join(journals.table, j.stream == t.journal)
            .where(t.day == "")
            .group_by(t.actor, j.year, t.period)
        )
        for actor, year, period, count in self._c.execute(finals).all():
            end = self._judge.period_end(Where("final-mark", year, "", "", "", "", 0, period, ""))
            if end is not None and self._first <= end.isoformat() <= self._last:
                found[actor] += int(count)
        return found

    def _raised(self) -> Iterable[Finding]:
        for one in self._corrections:
            days = one.figures.days_after_period_end
            if one.figures.direction == "up" and days is not None and -self._t.period_end_days < days <= 0:
                yield finding_of(one.found.actor, f"raised {-days} days before the period's end", [one])

    def _absent(self) -> list[Finding]:
        m, a, p, j = marks.c, attendance.c, lessons.c, journals.c
        statement = (
            sa.select(m.stream, m.version, m.pupil, m.work, m.number, m.value, m.recorded_at, a.kind)
            .add_columns(p.journal, p.placed_date, p.placed_slot, j.name, j.year, j.scheme, j.bells, j.grading_system)
            .select_from(lessons.table)
            .join(marks.table, m.stream == p.stream)
            .join(attendance.table, sa.and_(a.stream == m.stream, a.pupil == m.pupil))
            .join(journals.table, j.stream == p.journal)
            .where(p.placed_date >= self._first, p.placed_date <= self._last, a.kind.in_(sorted(MISSED)))
            .order_by(p.placed_date, p.placed_slot, m.stream, m.pupil, m.work, m.number)
            .limit(CORRECTIONS_MAX + 1)
        )
        rows = self._c.execute(statement).all()
        if len(rows) > CORRECTIONS_MAX:
            raise SelectionError(f"more than {CORRECTIONS_MAX} such marks: choose a shorter time", field="first")
        findings = []
        for row in rows:
            stream, version, pupil, work, number, value, at, kind, journal, day, slot, name, year, *rest = row
            scheme, bells, system = rest
            where = Where("mark", year, scheme, bells, system, day, slot, "", work)
            hours = self._judge.figures(where, "", value, at).hours_after_lesson
            record = SignalRecord(
                record=stream,
                version=version,
                kind="mark",
                journal=journal,
                journal_name=name,
                group_name="",
                day=day,
                slot=slot,
                period="",
                pupil=pupil,
                pupil_name="",
                work=work,
                number=number,
                old="",
                new=value,
                recorded_at=at,
                hours_after_lesson=hours,
                life=life_path("mark", stream, journal, "", pupil, work, number),
            )
            findings.append(Finding(Holder("", "", "", ""), f"the roll has the pupil as {kind}", 1, [record]))
        return findings

    def _bulk(self) -> Iterable[Finding]:
        t = late_entries.c
        day = sa.func.coalesce(lessons.c.placed_date, t.day)
        statement = joined_rows(late_entries, only_used=False).where(
            t.kind == "mark", t.void.is_(False), day >= self._first, day <= self._last
        )
        rows = self._c.execute(statement.limit(CORRECTIONS_MAX + 1)).all()
        if len(rows) > CORRECTIONS_MAX:
            raise SelectionError(f"more than {CORRECTIONS_MAX} late marks: choose a shorter time", field="first")
        late = [one for one in map(Found._make, rows) if self._days_late(one) >= self._t.bulk_days]
        late.sort(key=lambda one: (one.actor, one.recorded_at, one.position))
        run: list[Found] = []
        for one in late:
            if run and (one.actor != run[0].actor or one.recorded_at - run[0].recorded_at > self._bulk_span):
                yield from self._bulk_finding(run)
                run = []
            run.append(one)
        yield from self._bulk_finding(run)

    @property
    def _bulk_span(self) -> int:
        return self._t.bulk_minutes * MINUTE_MICROSECONDS

    def _bulk_finding(self, run: list[Found]) -> Iterable[Finding]:
        if len(run) >= self._t.bulk_marks:
            judged = [Judged(one, self._judge.figures(one.where, one.old, one.new, one.recorded_at)) for one in run]
            days = self._days_late(run[0])
            yield finding_of(run[0].actor, f"{len(run)} marks at once, the first {days} days after its lesson", judged)

    def _days_late(self, one: Found) -> int:
        recorded = local_day(one.recorded_at, self._judge.timezone)
        return (recorded - recorded.fromisoformat(one.day)).days

    def _unusual(self) -> Iterable[Finding]:
        for one in self._corrections:
            at = datetime.fromtimestamp(one.found.recorded_at // 1_000_000, tz=zone(self._judge.timezone))
            if not self._t.hour_from <= at.hour < self._t.hour_to:
                yield finding_of(one.found.actor, f"recorded at {at:%H:%M}", [one])
            elif not self._judge.is_school_day(at.date()):
                yield finding_of(one.found.actor, f"recorded on {at:%d.%m.%Y}, a day without lessons", [one])

    def _acknowledged(self) -> Iterable[Finding]:
        about = [one for one in self._corrections if one.found.pupil]
        known = Acknowledged(self._c, self._judge, {one.found.pupil for one in about})
        for one in about:
            seen = known.before(one.found)
            if seen is not None:
                yield finding_of(one.found.actor, seen, [one])


def _hundredths(rate: Fraction) -> int:
    """Answer a rate per 100 in hundredths, half up."""
    return (20_000 * rate.numerator + rate.denominator) // (2 * rate.denominator)
