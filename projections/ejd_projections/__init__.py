"""The read side: one file per read model."""

from __future__ import annotations

import importlib
import pkgutil

from ejd.read.projection import Projection


def all_projections() -> tuple[Projection, ...]:
    """Answer every projection that a module of this package declares, by name; a new module needs no list."""
    found: dict[str, Projection] = {}
    for module in pkgutil.iter_modules(__path__):
        for thing in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(thing, Projection):
                found[thing.name] = thing
    return tuple(found[name] for name in sorted(found))
