"""Imports as a whole (C9): begun, applied, undone as one. What they bring goes through the commands of each family."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, ClassVar, Protocol

from pydantic import Field

from ejd.kernel.command import Elsewhere, NotFound, Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import imports as i
from ejd.kernel.events.markers import EventsVoided
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.imports import ImportState
from ejd.kernel.void import MARKER_NAMES, void_versions
from ejd.kernel.voiding import NEVER_VOID, STREAMS_MAX
from ejd_commands.fields import WHOLE_NUMBER_MAX, Code, Day, Digest, Id, Name, Part, WholeNumber
from ejd_commands.import_names import give_names_back
from ejd_commands.known import SetUpCommand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ejd.kernel.command import Context, Decided
    from ejd.kernel.envelope import Recorded

REFUSALS_KEPT_MAX = 1_000
"""Of the rows that an import refused, so many are kept with the reason; all are counted."""


class NoSuchImport(NotFound):
    """No import has this id."""


class ImportIsOver(WrongState):
    """The import is applied or undone."""


class UsedSince(WrongState):
    """Others have built on what the import brought."""


class NothingToUndo(Refusal):
    """The import brought nothing, or others have built on all of it."""

    status = 409


class ImportCommand(SetUpCommand):
    """Base of what is written to an import's own stream."""

    import_id: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the import's stream."""
        return Target(self.import_id, Scope(kind="import"))

    def begun(self, context: Context) -> ImportState:
        """Answer an import that was begun; raises NoSuchImport."""
        state = context.load(ImportState, self.import_id)
        if not state.begun:
            raise NoSuchImport(f"there is no import {self.import_id}: look at the list of imports", field="import_id")
        return state


class BeginImport(ImportCommand):
    """Say that a file is being brought in, before anything of it is (C9); again, by whoever goes on with it."""

    name: ClassVar[str] = "begin-import"
    source: Code
    kind: Code
    file_name: Name
    digest: Digest
    year: Id
    starts: Day
    commands: WholeNumber

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse an import that is over; an account that began it says it once."""
        state = context.load(ImportState, self.import_id)
        if state.applied is not None or state.undone is not None:
            raise ImportIsOver("this import is over: begin a new one under an id of its own", field="import_id")
        if any(one.account == context.actor.account for one in state.begun):
            return
        yield i.ImportBegun(
            source=self.source,
            kind=self.kind,
            file_name=context.seal(SCHOOL, self.file_name, field="import-begun.file_name"),
            digest=self.digest,
            year=self.year,
            starts=self.starts,
            commands=self.commands,
            account=context.actor.account,
            at=context.now,
        )


class RefusedRowPart(Part):
    """Where a row of the file stands that was not brought in, and why; nothing personal."""

    file: Name
    sheet: Annotated[str, Field(max_length=100)] = ""
    row: WholeNumber
    column: Annotated[str, Field(max_length=200)] = ""
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]


class FinishImport(ImportCommand):
    """Say that everything of the file that the rules let in is in the school (C9)."""

    name: ClassVar[str] = "finish-import"
    added: WholeNumber
    changed: WholeNumber
    ended: WholeNumber
    unchanged: WholeNumber
    kept: WholeNumber
    refused: WholeNumber
    refusals: Annotated[tuple[RefusedRowPart, ...], Field(max_length=REFUSALS_KEPT_MAX)] = ()

    def decide(self, context: Context) -> Iterable[Decided]:
        """Say it once; refuse it of an import that is undone."""
        state = self.begun(context)
        if state.undone is not None:
            raise ImportIsOver("this import is undone: import the file again instead", field="import_id")
        if state.applied is None:
            yield i.ImportApplied(
                added=self.added,
                changed=self.changed,
                ended=self.ended,
                unchanged=self.unchanged,
                kept=self.kept,
                refused=self.refused,
                refusals=tuple(i.RefusedRow(**one.model_dump()) for one in self.refusals),
            )


class UndoImport(ImportCommand):
    """Undo an import as one (C9): what it brought counts as never recorded, and stays in the history.

    Name in `keep` the streams that others have built on; what they recorded stays as it is. Undone before its end, an
    import brings nothing from then on; what came in the very moment is undone by sending this again, under a new id.
    """

    name: ClassVar[str] = "undo-import"
    alone: ClassVar[bool] = True
    events_max: ClassVar[int] = STREAMS_MAX + 10_000
    keep: Annotated[tuple[Id, ...], Field(max_length=STREAMS_MAX)] = ()

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a stream in which anybody recorded something since, unless it is kept."""
        state = self.begun(context)
        if state.undone is not None and state.applied is not None:
            return
        brought = brought_by(context, state)
        left = tuple(sorted(set(self.keep) & set(brought)))
        undone = {stream: metas for stream, metas in brought.items() if stream not in left}
        heads = context.heads(list(undone))
        if state.undone is not None:  # every stream that was undone then ends with a marker
            undone = {stream: metas for stream, metas in undone.items() if heads[stream] == metas[-1].version}
            if not undone:
                return
        for stream, metas in undone.items():
            if heads[stream] > metas[-1].version and changed_since(context.recorded(stream), metas):
                msg = f"{stream} was changed since the import: leave it as it is by naming it in `keep`"
                raise UsedSince(msg, field="keep")
        if not undone and (brought or state.applied is not None):
            msg = "nothing of this import can be undone: it brought nothing, or others have built on all of it"
            raise NothingToUndo(msg, field="import_id")
        yield i.ImportUndone(events=sum(map(len, undone.values())), streams=len(undone), left=left)
        for stream, metas in sorted(undone.items()):
            taken = UsedSince(f"the name that {stream} had before is taken: keep it as it is", field="keep")
            give_names_back(context, stream, metas, otherwise=taken)
            versions = tuple(meta.version for meta in metas)
            yield Elsewhere(EventsVoided(breach=self.import_id, versions=versions), stream)


def changed_since(recorded: Sequence[Recorded], brought: Sequence[Recorded]) -> bool:
    """Say whether a stream has valid events of others after the first one that an import brought."""
    void = void_versions(CATALOGUE.decode(one.name, one.state) for one in recorded if one.name in MARKER_NAMES)
    own = {meta.version for meta in brought}
    return any(
        meta.version > brought[0].version
        and meta.version not in own
        and meta.version not in void
        and meta.name not in MARKER_NAMES
        for meta in recorded
    )


class Operations(Protocol):
    """What knows the events of an account: a decision's context, or the store."""

    def operations(self, account: str, since: int, until: int, /) -> Iterator[Recorded]:
        """Answer the events recorded in [since, until), in order."""
        ...


def brought_by(context: Operations, state: ImportState) -> dict[str, list[Recorded]]:
    """Answer the events that an import brought, stream by stream, its own stream left out."""
    found: defaultdict[str, list[Recorded]] = defaultdict(list)
    accounts = dict.fromkeys(one.account for one in state.begun)
    since = min(one.at for one in state.begun)
    for account in accounts:
        for meta in context.operations(account, since, WHOLE_NUMBER_MAX):
            if meta.client == state.client and not meta.name.startswith("import-") and meta.name not in NEVER_VOID:
                found[meta.stream].append(meta)
    return {stream: sorted(metas, key=lambda meta: meta.version) for stream, metas in found.items()}
