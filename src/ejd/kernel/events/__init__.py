"""The story, told in events: one module per noun. `CATALOGUE` knows them all by their stored names."""

from ejd.kernel.event import Catalogue, Event, Upcaster
from ejd.kernel.events import (
    accounts,
    acknowledgements,
    breaches,
    consents,
    control_works,
    corrections,
    credentials,
    curricula,
    days,
    erasures,
    factors,
    final_marks,
    imports,
    journals,
    lessons,
    markers,
    people,
    school,
    timetable,
    year,
)

MODULES = (
    school,
    year,
    people,
    curricula,
    journals,
    timetable,
    lessons,
    days,
    control_works,
    final_marks,
    acknowledgements,
    consents,
    corrections,
    accounts,
    credentials,
    factors,
    breaches,
    imports,
    erasures,
    markers,
)


def event_classes() -> list[type[Event]]:
    """Answer every event class in the order of the story; a class without a stored name is a base and left out."""
    return [
        thing
        for module in MODULES
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Event)
        and thing.__module__ == module.__name__
        and thing.stored_name
    ]


UPCASTERS: dict[str, Upcaster] = {
    "regulation-adopted/1": school.regulation_from_shape_1,
    "period-reopened/1": year.reopening_from_shape_1,
}
"""Shapes that are no longer written."""

CATALOGUE = Catalogue(event_classes(), UPCASTERS)
