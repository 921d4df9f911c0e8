"""All commands by name, found by looking into the modules of this package: a new module is a new family."""

from __future__ import annotations

import pkgutil
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import ejd_commands
from ejd.kernel.command import commands_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ejd.kernel.command import Command


@cache
def catalogue() -> Mapping[str, type[Command]]:
    """Answer the command classes by name, in order of name; raises ValueError when two have the same one."""
    names = [module.name for module in pkgutil.walk_packages(ejd_commands.__path__, prefix="ejd_commands.")]
    for name in names:
        import_module(name)
    return {command.name: command for command in commands_in(names, sys.modules)}
