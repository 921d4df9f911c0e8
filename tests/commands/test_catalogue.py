"""The catalogue of commands: found, named, documented, and refusing with stable types."""

from __future__ import annotations

import re
import types
from collections import defaultdict
from typing import ClassVar

import pytest

from ejd.kernel.access import Access
from ejd.kernel.command import Command, Refusal, commands_in
from ejd_commands.catalogue import catalogue


def refusals(base: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Answer every refusal class that is loaded."""
    return [one for child in base.__subclasses__() for one in (child, *refusals(child))]


def test_every_family_of_commands_is_found() -> None:
    names = list(catalogue())
    assert names == sorted(names)
    assert {"open-school", "form-class", "schedule-journal", "grant-role", "record-mark"} <= set(names)


@pytest.mark.parametrize("command", catalogue().values(), ids=catalogue().keys())
def test_a_command_is_named_in_kebab_case_and_says_what_it_does(command: type[Command]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", command.name)
    assert command.__doc__
    assert command.model_json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("command", catalogue().values(), ids=catalogue().keys())
def test_the_class_is_named_as_the_command(command: type[Command]) -> None:
    assert re.sub(r"(?<!^)(?=[A-Z])", "-", command.__name__).lower() == command.name


def test_two_commands_cannot_have_one_name() -> None:
    class Once(Command):
        name: ClassVar[str] = "do-it"
        access: ClassVar[Access] = Access("administer", "school")

    class Again(Once):
        name: ClassVar[str] = "do-it"

    modules = {"one": types.SimpleNamespace(a=Once, b=Once), "two": types.SimpleNamespace(a=Again)}
    assert list(commands_in(["one"], modules)) == [Once]
    with pytest.raises(ValueError, match="'do-it' is taken"):
        list(commands_in(["one", "two"], modules))


def test_a_command_without_declared_access_stops_everything() -> None:
    class Undeclared(Command):
        name: ClassVar[str] = "do-it"

    with pytest.raises(ValueError, match="Undeclared declares no access"):
        list(commands_in(["one"], {"one": types.SimpleNamespace(a=Undeclared)}))


def test_a_type_of_refusal_has_one_status() -> None:
    catalogue()
    statuses: defaultdict[str, set[int]] = defaultdict(set)
    for refusal in refusals():
        statuses[refusal.slug()].add(refusal.status)
        assert refusal.__doc__
    assert {slug: found for slug, found in statuses.items() if len(found) > 1} == {}
