"""Texts that are sealed as one: a person's name in parts, contacts."""

from __future__ import annotations

import msgspec

SORT_WEIGHTS = {letter: f"{index:02x}" for index, letter in enumerate("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")}
NAME_CHARACTERS_MAX = 100


class PersonName(msgspec.Struct, frozen=True, kw_only=True):
    """Family name, given name and patronymic (OneRoster: familyName, givenName, middleName)."""

    family: str
    given: str
    middle: str = ""

    def full(self) -> str:
        """Answer the name as a Russian school writes it: family name first."""
        return " ".join(part for part in (self.family, self.given, self.middle) if part)

    def short(self) -> str:
        """Answer the family name with the initials, as timetables have it: Иванова И.И."""
        initials = "".join(f"{part[0]}." for part in (self.given, self.middle) if part)
        return " ".join(part for part in (self.family, initials) if part)


class Contacts(msgspec.Struct, frozen=True, kw_only=True):
    """How a guardian can be reached."""

    email: str = ""
    phone: str = ""


def to_text(value: PersonName | Contacts) -> str:
    """Answer the JSON text that is sealed."""
    return msgspec.json.encode(value).decode()


def name_from_text(text: str) -> PersonName:
    """Answer the name from the clear text of its sealed field."""
    return msgspec.json.decode(text, type=PersonName)


def contacts_from_text(text: str) -> Contacts:
    """Answer the contacts from the clear text of their sealed field."""
    return msgspec.json.decode(text, type=Contacts)


def sort_key(text: str) -> str:
    """Answer a key whose byte order is the Russian alphabet's (Ё after Е), the same in both databases.

    Case does not matter; other letters sort before Russian ones by their code.
    """
    return "".join(f"~{SORT_WEIGHTS[letter]}" if letter in SORT_WEIGHTS else letter for letter in text.casefold())
