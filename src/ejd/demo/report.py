"""What the demonstration came to, and what its reader may try."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TIME_HEADER = "Ejd-Simulated-Time"


@dataclass(frozen=True)
class Samples:
    """Ids to try things on; the lesson is due on the last day and nobody has recorded it yet."""

    year: str
    class_id: str
    class_title: str
    journal: str
    pupil: str
    lesson_day: str
    lesson_slot: int
    teacher: str
    guardian: str
    child: str
    child_class: str
    child_journal: str
    simulated_time: str
    breach: str
    """Waits for its second person."""


@dataclass(frozen=True)
class DemoReport:
    """Counts by kind, seconds by phase, bearer tokens by role (shown once: only digests are kept), sample ids."""

    school: str
    things: dict[str, int]
    events: dict[str, int]
    commands: dict[str, int]
    commits: int
    position: int
    seconds: dict[str, float]
    samples: Samples
    tokens: dict[str, str] = field(repr=False)
    """By head, deputy-head, teacher, parent, api-client."""

    @property
    def events_count(self) -> int:
        """All events."""
        return sum(self.events.values())


def demo_lines(report: DemoReport, base_url: str) -> Iterator[str]:
    """Answer where to look and what to try, line by line; `base_url` without a slash at its end."""
    seconds = sum(report.seconds.values())
    things = ", ".join(f"{count} {what}" for what, count in report.things.items())
    yield f"{report.school}: a simulated school with {things}."
    yield f"{report.events_count:,} events from {sum(report.commands.values()):,} commands in {seconds:.0f} s."
    yield ""
    yield f"Look at {base_url}/docs. Sample tokens, valid for 30 days and not shown again:"
    width = max(map(len, report.tokens))
    for role, token in report.tokens.items():
        yield f"  {role:<{width}}  {token}"
    yield ""
    yield "Try, in a shell:"
    for role, token in report.tokens.items():
        yield f"  {role.upper().replace('-', '_')}='Authorization: Bearer {token}'"
    for what, command in _trials(report.samples, base_url):
        yield ""
        yield f"  # {what}"
        yield f"  {command}"


def _trials(ids: Samples, base_url: str) -> Iterator[tuple[str, str]]:
    reports, events = f"{base_url}/api/v1/reports", f"{base_url}/api/v1/events"
    yield (
        f"the journal page of {ids.class_title} in the first quarter",
        f"curl -s -H \"$TEACHER\" '{reports}/gradebook?journal={ids.journal}&period=q1'",
    )
    yield (
        "how completely and how timely the journals are filled, as the deputy head",
        f"curl -s -H \"$DEPUTY_HEAD\" '{reports}/fill-completeness?period=q1&by=subject'",
    )
    yield (
        "progress percentage of the class",
        f"curl -s -H \"$HEAD\" '{reports}/progress?class={ids.child_class}&period=q1'",
    )
    yield (
        "what is still missing in the set-up of the year, and who owes it, as a spreadsheet",
        f"curl -s -H \"$DEPUTY_HEAD\" -o readiness.xlsx '{reports}/readiness?format=xlsx'",
    )
    yield (
        "how far the programme is, why it lags, and where it will end",
        f"curl -s -H \"$DEPUTY_HEAD\" '{reports}/programme?by=subject'",
    )
    yield (
        "hours of teachers by month for the payroll: own, substituted, lost, merged",
        f"curl -s -H \"$HEAD\" '{reports}/substitutions/hours?period=q1'",
    )
    yield (
        "the timetable of the class for a calendar program",
        f"curl -s -H \"$DEPUTY_HEAD\" '{base_url}/api/v1/exports/timetable.ics?class={ids.class_id}'",
    )
    yield (
        "what a child missed, as the parent",
        f"curl -s -H \"$PARENT\" '{reports}/missed-topics?pupil={ids.child}&period=q1'",
    )
    mark = _record_mark(ids, base_url, ids.journal, "4")
    yield ("a mark in the lesson that is not recorded yet; the school is simulated, so its clock can be set", mark)
    yield ("the same once more: the same answer, and nothing is stored twice", mark)
    refused = _record_mark(ids, base_url, ids.journal, "7").replace(RECORD_KEY, REFUSED_KEY)
    yield ("a refusal: there is no mark 7", refused)
    yield (
        "what would be void if the deputy head agreed to what the head proposed after a stolen password",
        f"curl -s -H \"$DEPUTY_HEAD\" '{base_url}/api/v1/breaches/{ids.breach}/preview'",
    )
    yield (
        "every correction that was made void by a breach, with its author, session and reason",
        f"curl -s -H \"$HEAD\" '{base_url}/api/v1/audit/corrections?void=yes'",
    )
    yield (
        "a parent may not look at the events, the head may",
        f'for WHO in "$PARENT" "$HEAD"; do curl -s -H "$WHO" \'{events}?type=mark-corrected/1&limit=3\'; done',
    )


RECORD_KEY, REFUSED_KEY = "6f1d6a8e-2d5b-4a57-9c07-0b8f1a3f7a01", "6f1d6a8e-2d5b-4a57-9c07-0b8f1a3f7a02"


def _record_mark(ids: Samples, base_url: str, journal: str, value: str) -> str:
    body = (
        f'{{"journal": "{journal}", "day": "{ids.lesson_day}", "slot": {ids.lesson_slot}, '
        f'"pupil": "{ids.pupil}", "work": "oral", "value": "{value}"}}'
    )
    return (
        f'curl -s -X POST -H "$TEACHER" -H "Idempotency-Key: {RECORD_KEY}" -H "{TIME_HEADER}: {ids.simulated_time}" '
        f"-H 'Content-Type: application/json' -d '{body}' '{base_url}/api/v1/commands/record-mark'"
    )
