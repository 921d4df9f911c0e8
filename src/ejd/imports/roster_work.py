"""What the parts of planning a roster share: ids, days, and who has the last word."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from ejd.imports.roster_file import At, Roster, Thing
from ejd.imports.roster_ground import RosterGround
from ejd.imports.roster_names import SchoolNames
from ejd.imports.roster_rehearsal import RosterRehearsal
from ejd.imports.roster_year import RosterYear
from ejd_commands.person_records import LinkExternalId

__all__ = ["Work"]

Kind = Literal["pupil", "staff", "guardian", "subject", "class", "group", "journal"]
OF_A_YEAR: Final = frozenset({"class", "group", "journal", "curriculum"})
"""Ids of these are a file's own in one year: an export of the next year may use them again."""


@dataclass
class Work:
    """One roster on its way into one school."""

    ground: RosterGround
    rehearsal: RosterRehearsal
    roster: Roster
    year: RosterYear
    overwrite: bool
    notes: list[str] = field(default_factory=list)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    """Streams of what the file names, by kind and the file's id."""
    claimed: set[str] = field(default_factory=set)
    """Streams that a row of the file means already."""
    names: SchoolNames | None = None
    """Where the file has no ids of its own: what the school's names mean."""
    linked: bool = True
    """Whether the file has ids of its own; where names are the ids, nothing is linked."""

    def own(self, kind: Kind | Literal["curriculum"], key: str) -> str:
        """Answer the id that follows from the file's id."""
        return self.ground.source.entity(kind, self.scoped(kind, key))

    def scoped(self, kind: Kind | Literal["curriculum"], key: str) -> str:
        """Answer the file's id as it is unique over the years."""
        return f"{self.year.id}/{key}" if kind in OF_A_YEAR else key

    def find(self, kind: Kind, key: str) -> str | None:
        """Answer the stream that the file's id means: of the file itself, or of an earlier one."""
        found = self.ids.get((kind, key))
        if found is None:
            found = self.ground.resolve(kind, self.scoped(kind, key))
        return self.names.find(kind, key) if found is None and self.names is not None else found

    def take(self, kind: Kind, thing: Thing, candidates: Iterable[str] = ()) -> tuple[str, bool] | None:
        """Answer stream and whether the school has it; None, and a refusal, for several candidates.

        `candidates` are those of the school that the rules take for the same: one of them is, several are not guessed.
        """
        known = self.ground.resolve(kind, self.scoped(kind, thing.key))
        if known is None:
            same = list(dict.fromkeys(candidates))
            if len(same) > 1:
                self.rehearsal.refuse(
                    thing.at, f"several of the school fit this {kind}: {len(same)}; give an id or more"
                )
                return None
            known = same[0] if same else None
            if known is not None and self.linked:
                self._link(kind, known, thing)
        stream = known or self.own(kind, thing.key)
        self.ids[kind, thing.key] = stream
        self.claimed.add(stream)
        return stream, known is not None

    def drop(self, kind: Kind, key: str) -> None:
        """Forget what the rules refused: what names it is refused too."""
        self.ids.pop((kind, key), None)

    def may(self, *, ours: bool) -> bool:
        """Say whether the file has the last word: about what it wrote itself, or when told to overwrite."""
        return ours or self.overwrite

    def missing(self, at: At, kind: str, column: str, value: str = "") -> None:
        """Refuse a row that names what is neither in the file nor in the school."""
        self.rehearsal.refuse(at, f"the {kind} is neither in the file nor in the school", column, value)

    def _link(self, kind: Kind, stream: str, thing: Thing) -> None:
        external, source = self.own(kind, thing.key), self.ground.source.label
        command = LinkExternalId(kind=kind, thing=stream, source=source, external=external)
        self.rehearsal.send(command, "changed", kind, stream, thing.at, "is known by the id of the file from now on")
