"""What all files of a OneRoster export have in common: ids, status, days, lists of ids."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from ejd.imports.days import day_of
from ejd.imports.roster_file import Refused, refused
from ejd.imports.tables import Row
from ejd_commands.fields import CODE_CHARACTERS_MAX, CODE_PATTERN

__all__ = ["GONE", "OWN", "Rows", "code_of", "listed"]

OWN: Final = "metadata.ejd."
"""Begins the columns that an export of ours has beside those of the standard (`ejd.exports.oneroster.OWN`)."""

GONE: Final = "tobedeleted"
_STATUSES: Final = frozenset({"", "active", GONE})
"""Empty stands for active in bulk files (CSV binding 1.2, section 3)."""
ID_CHARACTERS_MAX: Final = 255


class Rows(NamedTuple):
    """The rows of one file; without a file there are none."""

    name: str
    headings: tuple[str, ...]
    rows: Sequence[Row]

    def by_id(self, refusals: list[Refused], heading: str = "sourcedId") -> Iterator[tuple[str, Row]]:
        """Yield rows with their ids; refused are those without, with a strange status, and a second one."""
        seen: set[str] = set()
        for row in self.rows:
            key = row.text(heading)
            if not key or len(key) > ID_CHARACTERS_MAX:
                refusals.append(refused(row.at, "there is no id, or one of more than 255 characters", heading, key))
            elif row.text("status") not in _STATUSES:
                refusals.append(
                    refused(row.at, "the status is neither active nor tobedeleted", "status", row.text("status"))
                )
            elif key in seen:
                refusals.append(refused(row.at, "another row has this id: the first one counts", heading, key))
            else:
                seen.add(key)
                yield key, row

    def day(self, row: Row, heading: str, refusals: list[Refused], *, needed: bool = True) -> date | None:
        """Answer a day, or None and a refusal where there is none."""
        text = row.text(heading)
        found = day_of(text[:10] if "T" in text else text)
        if found is None and (needed or text):
            refusals.append(refused(row.at, "this is no day as 2026-09-01", heading, text))
        return found


def code_of(text: str) -> str:
    """Answer a code of ours as it stands in a file, "" for what is none."""
    return text if len(text) <= CODE_CHARACTERS_MAX and re.match(CODE_PATTERN, text) else ""


def listed(text: str) -> tuple[str, ...]:
    """Answer the values of a list in one cell, each once."""
    return tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
