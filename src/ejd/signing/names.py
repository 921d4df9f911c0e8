"""The names of a person, in clear, where they stand in clear: in the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from ejd.read.contract import NoGenerationError
from ejd_projections.people import persons

if TYPE_CHECKING:
    from ejd.read.model import ReadModel


class NamesInReports:
    """Looks a person up in the live generation."""

    def __init__(self, model: ReadModel) -> None:
        """Ask nothing yet."""
        self._model = model

    def __call__(self, person: str) -> tuple[str, ...]:
        """Answer family name, given name and patronymic; nothing while no reports are built, or the name is erased."""
        c = persons.c
        try:
            with self._model.snapshot() as snapshot:
                row = snapshot.connection.execute(
                    sa.select(c.family, c.given, c.middle).where(c.stream == person)
                ).first()
        except NoGenerationError:
            return ()
        return tuple(name for name in row if name) if row is not None else ()
