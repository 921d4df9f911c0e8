"""Verbs about one person: everything that the school has of it (152-ФЗ ст. 14)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ejd.app import opened
from ejd.cli.parts import Unusable, app, check_opened, out
from ejd.history.person_data import Beside, person_data
from ejd.http.person_html import to_html
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import SchoolState
from ejd.settings import Settings

person = typer.Typer(no_args_is_help=True, help="One person: `ejd person export ID FILE`.")
app.add_typer(person, name="person")


@person.callback()
def persons() -> None:
    """Keep `export` a word of its own while it is the only one."""


@person.command()
def export(
    person_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a pupil, staff member or guardian.")],
    to: Annotated[Path, typer.Argument(metavar="FILE", help="File to write, for its owner only; .html: to read.")],
) -> None:
    """Write everything that is sealed for a person, names it, or was recorded by its accounts."""
    settings = Settings()
    with opened(settings) as school:
        check_opened(school)
        found = person_data(
            school.store,
            Beside(school.outbox, school.store.signing_in, school.store.factors),
            school.read.folding.unseal,
            person_id.lower(),
            looks=school.looks.of_person,
        )
        if not (found.streams or found.about):
            raise Unusable(f"nothing is known of {person_id}: take the id from the list of people")
        content = msgspec.json.format(msgspec.json.encode(found))
        if to.suffix == ".html":
            state = school.states.load(SchoolState, SCHOOL)
            content = to_html(found, school=state.name, timezone=state.timezone, now=school.clock())
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    out.print(f"{len(found.about)} events about the person, {len(found.recorded)} recorded by it: {to}", markup=False)
