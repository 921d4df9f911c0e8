"""The words of XHSTT, the archive format of high-school timetabling research (HSEval), as values.

Only what a journal needs is read: times, resources, events and one solution; of the constraints only
LinkEventsConstraint.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from ejd.imports.safe_xml import ELEMENTS_MAX, Element, ImportRefused, child_text, shown

__all__ = [
    "Event",
    "Part",
    "Resource",
    "ResourceKind",
    "Time",
    "read_events",
    "read_parts",
    "read_resources",
    "read_times",
]

ResourceKind = Literal["teacher", "room", "class", "student", "other"]

_KINDS: Final[Mapping[str, ResourceKind]] = {
    "teacher": "teacher",
    "teachers": "teacher",
    "room": "room",
    "rooms": "room",
    "class": "class",
    "classes": "class",
    "schoolclass": "class",
    "studentgroup": "class",
    "studentgroups": "class",
    "student": "student",
    "students": "student",
}
"""The format leaves the types of resources to the archive; these are the names that archives use."""
_NUMBER_DIGITS_MAX: Final = 6


class Time(msgspec.Struct, frozen=True):
    """One slot of the cycle; `week` is '' where the archive has no weeks."""

    id: str
    day: str
    day_name: str
    week: str


class Resource(msgspec.Struct, frozen=True):
    """A teacher, room, class or student."""

    id: str
    name: str
    kind: ResourceKind


class Event(msgspec.Struct, frozen=True):
    """A course's demand for `duration` times; the solution may split it into several parts."""

    id: str
    name: str
    duration: int
    """0 where it is no positive whole number."""
    course: str
    resources: tuple[str, ...]
    groups: tuple[str, ...]
    time: str
    """The time fixed by the instance itself, '' where the solution decides."""


class Part(msgspec.Struct, frozen=True):
    """A piece of an event in a solution; None and '' mean: as the event says."""

    duration: int | None
    time: str
    resources: tuple[str, ...]


def read_times(instance: Element) -> tuple[Time, ...]:
    """Return the times in the order in which they follow each other, each of which has a day."""
    day_names = {day.get("Id", ""): child_text(day, "Name") for day in instance.iterfind("Times/TimeGroups/Day")}
    times: list[Time] = []
    for element in instance.iterfind("Times/Time"):
        day = _reference(element.find("Day"))
        if day not in day_names:
            raise ImportRefused(
                f"The time {shown(element.get('Id', ''))} belongs to no day: complete the archive's Times."
            )
        times.append(Time(element.get("Id", ""), day, day_names[day] or day, _reference(element.find("Week"))))
    _refuse_repeated([time.id for time in times], "times")
    if not times:
        raise ImportRefused("The instance has no times to place lessons at: complete the archive's Times.")
    return tuple(times)


def read_resources(instance: Element) -> tuple[Resource, ...]:
    """Return all resources; a type that no school needs gives the kind `other`."""
    kinds: dict[str, ResourceKind] = {}
    for element in instance.iterfind("Resources/ResourceTypes/ResourceType"):
        words = (element.get("Id", "").casefold(), child_text(element, "Name").casefold())
        kinds[element.get("Id", "")] = next((_KINDS[word] for word in words if word in _KINDS), "other")
    resources = tuple(
        Resource(
            element.get("Id", ""),
            child_text(element, "Name") or element.get("Id", ""),
            kinds.get(_reference(element.find("ResourceType")), "other"),
        )
        for element in instance.iterfind("Resources/Resource")
    )
    _refuse_repeated([each.id for each in resources], "resources")
    return resources


def read_events(instance: Element) -> tuple[Event, ...]:
    """Return the events; a resource group in an event stands for all its resources."""
    members: dict[str, list[str]] = {}
    for element in instance.iterfind("Resources/Resource"):
        for group in _references(element, "ResourceGroups/ResourceGroup"):
            members.setdefault(group, []).append(element.get("Id", ""))
    events: list[Event] = []
    demanded = 0
    for element in instance.iterfind("Events/Event"):
        resources = list(_references(element, "Resources/Resource"))
        for group in _references(element, "ResourceGroups/ResourceGroup"):
            resources += members.get(group, ())
            demanded += len(members.get(group, ()))
            if demanded > ELEMENTS_MAX:
                raise ImportRefused(
                    f"The events ask for more than {ELEMENTS_MAX} resources: export one school at a time."
                )
        events.append(
            Event(
                id=element.get("Id", ""),
                name=child_text(element, "Name"),
                duration=_whole_number(child_text(element, "Duration")) or 0,
                course=_reference(element.find("Course")),
                resources=tuple(dict.fromkeys(resources)),
                groups=_references(element, "EventGroups/EventGroup"),
                time=_reference(element.find("Time")),
            )
        )
    _refuse_repeated([event.id for event in events], "events")
    return tuple(events)


def read_parts(solution: Element) -> dict[str, list[Part]]:
    """Return for each event that the solution mentions the parts into which it splits it."""
    parts: dict[str, list[Part]] = {}
    for element in solution.iterfind("Events/Event"):
        text = child_text(element, "Duration")
        # A duration that is no number counts as 0, so that the event falls short and is refused.
        duration = (_whole_number(text) or 0) if text else None
        part = Part(duration, _reference(element.find("Time")), _references(element, "Resources/Resource"))
        parts.setdefault(_reference(element), []).append(part)
    return parts


def _reference(element: Element | None) -> str:
    return "" if element is None else element.get("Reference", "")


def _references(element: Element, path: str) -> tuple[str, ...]:
    """Return the references on a path, each once; a role that nobody fills has none."""
    return tuple(dict.fromkeys(found for each in element.iterfind(path) if (found := _reference(each))))


def _refuse_repeated(ids: list[str], what: str) -> None:
    if "" in ids or len(set(ids)) < len(ids):
        raise ImportRefused(f"Some {what} of the archive have no Id or share one: give each its own Id.")


def _whole_number(text: str) -> int | None:
    """Return a positive number, None for anything else."""
    fits = text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX
    return int(text) or None if fits else None
