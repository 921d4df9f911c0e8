"""Unique names when an import is undone: what only the import claimed is free again, what it replaced is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.kernel.envelope import Ref
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import curricula as c
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd.kernel.states.people import Memberships
from ejd.kernel.states.teaching import GroupState
from ejd.kernel.void import MARKER_NAMES, void_versions
from ejd_commands.fields import unique_key
from ejd_commands.movement import individual_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ejd.kernel.command import Context, Refusal
    from ejd.kernel.envelope import Recorded
    from ejd.kernel.event import Event

__all__ = ["give_names_back"]

_CLAIMING = (
    s.SubjectDefined,
    s.RoomDefined,
    c.CurriculumAdopted,
    y.AcademicYearOpened,
    j.ClassFormed,
    j.TeachingGroupFormed,
    j.JournalOpened,
    p.ExternalIdLinked,
)
_MOVING = (p.GroupJoined, p.GroupLeft, p.PupilTransferred, p.PupilLeft)


def give_names_back(context: Context, stream: str, undone: Sequence[Recorded], *, otherwise: Refusal) -> None:
    """Free what only the undone events of a stream claimed, and claim again what they gave up.

    `otherwise` is raised when somebody else has such a name by now.
    """
    events = [CATALOGUE.events[meta.name] for meta in undone if meta.name in CATALOGUE.events]
    if not any(each in (*_CLAIMING, *_MOVING) for each in events):
        return
    recorded, versions = context.recorded(stream), [meta.version for meta in undone]
    before, after = (dict(_claimed(context, recorded, skip)) for skip in ((), versions))
    for what, key in before.items():
        if after.get(what) != key and context.owner_of(key) in {stream, None}:
            context.release(key)
    for what, key in after.items():
        if before.get(what) != key:
            context.reserve(key, stream, otherwise=otherwise)


def _claimed(context: Context, recorded: Sequence[Recorded], skip: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Answer the unique keys that the valid events of a stream claim, the last one of a kind counts."""
    void = void_versions(CATALOGUE.decode(one.name, one.state) for one in recorded if one.name in MARKER_NAMES)
    member = Memberships()
    for meta in recorded:
        if meta.version not in void and meta.version not in skip and meta.name not in MARKER_NAMES:
            event = CATALOGUE.decode(meta.name, meta.state)
            member = member.evolve(event, Ref(meta.stream, meta.version))
            yield from _keys(event)
    for group in dict.fromkeys(stay.where for stay in member.groups if stay.ends is None):
        formed = context.load(GroupState, group).formed
        if formed is not None and formed.kind == "individual":
            yield individual_key(group), individual_key(group)


def _keys(event: Event) -> Iterator[tuple[str, str]]:
    match event:
        case s.SubjectDefined():
            yield "title", f"subject/{unique_key(event.name)}"
        case s.RoomDefined():
            yield "title", f"room/{unique_key(event.name)}"
        case c.CurriculumAdopted():
            yield "title", f"curriculum/{event.year}/{unique_key(event.name)}"
        case y.AcademicYearOpened():
            yield "title", f"year/{unique_key(event.name)}"
        case j.ClassFormed():
            yield "title", f"class/{event.year}/{unique_key(event.name)}"
        case j.TeachingGroupFormed():
            yield "title", f"group/{event.year}/{unique_key(event.name)}"
        case j.JournalOpened():
            yield "title", f"journal/{event.year}/{event.subject}/{event.group}"
        case p.ExternalIdLinked():
            yield event.external, f"external/{event.external}"
        case _:
            return
