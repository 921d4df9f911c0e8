"""What must be kept of a person, how long and why: the check that an erasure begins with (152-ФЗ ст. 21). Pure.

The service keeps journals and what summary sheets are printed from; personal files are kept elsewhere, so that their
terms are named and hold nothing up here. Terms marked (setting) are the school's regulation (rules.md, L).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.events.erasures import Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ejd.kernel.events.erasures import Ground


class RetentionClass(NamedTuple):
    """Something that is kept: from which day that rule counts, what it says, where it is written, whether here."""

    code: str
    since: date
    what: str
    source: str
    here: bool = True


RELATION = RetentionClass(
    "relation",
    date(2006, 7, 27),
    "the school needs the data while the person learns or works here, or acts for a pupil",
    "152-ФЗ, ст. 6 ч. 1 п. 2, 5",
)
JOURNAL = RetentionClass(
    "journal",
    date(2020, 2, 18),
    "journals of the years in which the person was in them",
    "125-ФЗ, ст. 17; приказ Росархива от 20.12.2019 № 236 and the school's list of files (setting)",
)
SHEET = RetentionClass(
    "summary-sheet",
    date(2020, 2, 18),
    "summary sheets of final marks of the pupil's years",
    "125-ФЗ, ст. 17; приказ Росархива от 20.12.2019 № 236 and the school's list of files (setting)",
)
STAFF_FILE = RetentionClass(
    "personal-file",
    date(2016, 5, 23),
    "personal files of staff, 50 years: kept by the school, not by this service",
    "125-ФЗ, ст. 22.1",
    here=False,
)
CLASSES = (RELATION, JOURNAL, SHEET, STAFF_FILE)
STAFF_FILE_YEARS = 50

OVERRIDING: frozenset[Ground] = frozenset({"unlawful", "court"})
"""Grounds that leave no choice: what was processed unlawfully is destroyed (152-ФЗ ст. 21 ч. 3), a court has decided.

A consent withdrawn does not end what the law itself demands (ст. 9 ч. 2, ст. 21 ч. 5).
"""


class YearOf(NamedTuple):
    """Until which days the papers of an academic year are kept in which the person was in journals."""

    journals_until: date
    sheets_until: date


def of_pupil(*, here: bool, years: Iterable[YearOf]) -> tuple[Kept, ...]:
    """Answer what is kept of a pupil; `here`: in a class today or later."""
    known = list(years)
    found = [_kept(RELATION, None)] if here else []
    if known:
        found.append(_kept(JOURNAL, max(one.journals_until for one in known)))
        found.append(_kept(SHEET, max(one.sheets_until for one in known)))
    return tuple(found)


def of_staff(*, left_on: date | None, years: Iterable[YearOf]) -> tuple[Kept, ...]:
    """Answer what is kept of a staff member; `left_on` None: still at work."""
    known = list(years)
    found = [_kept(RELATION, None)] if left_on is None else []
    if known:
        found.append(_kept(JOURNAL, max(one.journals_until for one in known)))
    ended = None if left_on is None else date(left_on.year + STAFF_FILE_YEARS, 12, 31)
    found.append(_kept(STAFF_FILE, ended))
    return tuple(found)


def of_guardian(*, acts: bool) -> tuple[Kept, ...]:
    """Answer what is kept of a guardian: nothing once nobody is left to act for."""
    return (_kept(RELATION, None),) if acts else ()


def in_the_way(kept: Sequence[Kept], ground: Ground, day: date) -> list[Kept]:
    """Answer what forbids to destroy the key on a day: kept here, its term not over, the ground none that overrides."""
    if ground in OVERRIDING:
        return []
    return [one for one in kept if one.here and (one.until is None or one.until >= day)]


def in_words(kept: Iterable[Kept]) -> str:
    """Answer one clause that names classes, terms and sources."""
    return "; ".join(
        f"{_class(one.code).what}, {'meanwhile' if one.until is None else f'until {one.until:%d.%m.%Y}'} ({one.source})"
        for one in kept
    )


def _kept(rule: RetentionClass, until: date | None) -> Kept:
    return Kept(code=rule.code, until=until, source=rule.source, here=rule.here)


def _class(code: str) -> RetentionClass:
    return next(one for one in CLASSES if one.code == code)
