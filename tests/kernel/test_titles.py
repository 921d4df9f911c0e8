"""Names as schools write them."""

from __future__ import annotations

import pytest

from ejd.kernel.titles import PersonName


@pytest.mark.parametrize(
    ("name", "full", "short"),
    [
        (PersonName(family="Иванова", given="Ирина", middle="Ивановна"), "Иванова Ирина Ивановна", "Иванова И.И."),
        (PersonName(family="Ли", given="Ан"), "Ли Ан", "Ли А."),
        (PersonName(family="", given=""), "", ""),
    ],
)
def test_a_name_is_written_family_first(name: PersonName, full: str, short: str) -> None:
    assert (name.full(), name.short()) == (full, short)
