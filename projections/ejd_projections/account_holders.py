"""Whose account it is: who recorded something is told by name, whatever became of the account."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import accounts as a
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import among, checked_ids
from ejd_projections.people import ERASED, persons

projection = Projection("account_holders", version=1)


@dataclass(slots=True)
class HolderRow:
    """An account that was ever opened, also when its opening is void; `person` is "" for a program."""

    stream: str
    kind: str
    login: str
    person: str


account_holders = projection.table("account_holders", HolderRow, key=("stream",), indexes=[("person",)])


@projection.on_all(a.AccountOpened)
def _account_opened(event: a.AccountOpened, meta: Recorded, rows: StreamRows) -> None:
    account_holders.put(rows, HolderRow(meta.stream, event.kind, event.login, event.person))


@dataclass(slots=True)
class Holder:
    """An account with the person it belongs to; `name` is "" for programs and unknown accounts."""

    account: str
    login: str
    person: str
    name: str


_h = account_holders.c
_HOLDERS = (
    sa.select(_h.stream, _h.login, _h.person, persons.c.family, persons.c.given, persons.c.middle)
    .outerjoin(persons.table, persons.c.stream == _h.person)
    .where(among(_h.stream, "accounts"))
)


def logins(c: sa.Connection) -> dict[str, str]:
    """Answer the login of everybody who has an account, by person; of several the one opened first by its id."""
    found = sa.select(_h.person, _h.login).where(_h.person != "").order_by(_h.stream.desc())
    return {row.person: row.login for row in c.execute(found)}


def full_name(person: str, family: str | None, given: str | None, middle: str | None) -> str:
    """Answer a joined name; «удалено» for a person whose name is erased, "" where there is no person."""
    if family is None or not person:
        return ""
    return " ".join(part for part in (family, given, middle) if part) or ERASED


def holders(c: sa.Connection, accounts: Collection[str]) -> dict[str, Holder]:
    """Answer the holders of accounts; those that were never opened (the importer) stand there by their id alone."""
    found = {one: Holder(one, "", "", "") for one in accounts}
    if accounts:
        for account, login, person, *name in c.execute(_HOLDERS, {"accounts": checked_ids(accounts)}).all():
            found[account] = Holder(account, login, person, full_name(person, *name))
    return found
