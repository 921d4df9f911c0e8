"""What came of an import, for a program and for the terminal."""

from collections.abc import Iterator

import msgspec

from ejd.imports.timetable_file import Refused

__all__ = ["ImportReport", "report_lines"]


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the school has of the file now; every activity is placed or among the refusals."""

    school_name: str
    year: str
    """Id of the academic year."""
    classes: int
    groups: int
    pupils: int
    teachers: int
    subjects: int
    rooms: int
    journals: int
    activities: int
    activities_placed: int
    periods: int
    """In one turn of the cycle."""
    refusals: tuple[Refused, ...]
    notes: tuple[str, ...]
    conflicts: tuple[str, ...]
    """Conflicts of the timetable that were taken as warnings, the first ones, a sentence each."""
    conflicts_total: int
    commands_sent: int
    commands_unchanged: int
    """Not sent, since everything they say is so already."""
    events_stored: int


_COUNTED = (
    "classes",
    "groups",
    "pupils",
    "teachers",
    "subjects",
    "rooms",
    "journals",
    "activities",
)


def report_lines(report: ImportReport) -> Iterator[str]:
    """Return the report as plain lines, every activity that is not in the timetable with its reason."""
    yield f"{report.school_name or 'The file'}: " + ", ".join(f"{each} {getattr(report, each)}" for each in _COUNTED)
    yield (
        f"In the timetable: {report.activities_placed} activities with {report.periods} lessons in each turn of the"
        f" cycle; not in it: {len(report.refusals)}"
    )
    for refused in report.refusals:
        yield f"  {refused.reason}"
    yield from report.notes
    if report.conflicts_total:
        yield f"Conflicts of the timetable, taken as warnings: {report.conflicts_total}"
        yield from (f"  {conflict}" for conflict in report.conflicts)
        if report.conflicts_total > len(report.conflicts):
            yield f"  and {report.conflicts_total - len(report.conflicts)} more"
    if report.commands_sent:
        yield (
            f"Commands sent: {report.commands_sent}, events stored: {report.events_stored},"
            f" so already: {report.commands_unchanged}"
        )
    else:
        yield f"Nothing has changed: everything was so already ({report.commands_unchanged})"
