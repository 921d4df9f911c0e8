"""The whole school at once, as a roster meets it: who and what is there, under which names, and who wrote it so."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

from ejd.access.vault import Standing, Vault
from ejd.handling.states import States, fold
from ejd.imports.identity import Source
from ejd.imports.tables import heading_key
from ejd.kernel.command import State
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event
from ejd.kernel.events import curricula as c
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.links import LinkState
from ejd.kernel.states.people import NAMING, GuardianState, PupilState, StaffState
from ejd.kernel.states.school import SubjectState, YearState
from ejd.kernel.states.teaching import ClassState, CurriculumState, GroupState, JournalState
from ejd.kernel.titles import Contacts, PersonName, contacts_from_text, name_from_text
from ejd.kernel.void import MARKER_NAMES, void_versions
from ejd.store.contract import chunks
from ejd_commands.fields import unique_key

__all__ = ["KnownPerson", "RosterGround", "class_key", "group_key", "name_key"]

S = TypeVar("S", bound=State)

STREAMS_AT_ONCE: Final = 1_000
STREAMS_MAX: Final = 300_000
"""People, classes and journals of a school over ten years are some 50,000."""
KINDS: Final[dict[str, type[State]]] = {
    "pupil": PupilState,
    "staff": StaffState,
    "guardian": GuardianState,
    "subject": SubjectState,
    "class": ClassState,
    "group": GroupState,
    "journal": JournalState,
    "year": YearState,
    "curriculum": CurriculumState,
}


class Sayings(NamedTuple):
    """Who said what of a thing last: whether this source did, and the box with its field and event."""

    ours: bool
    box: Sealed | None = None
    field: str = ""
    at: Ref = Ref("", 0)


class KnownPerson(NamedTuple):
    """What the school knows of a person; `…_ours`: an import of this source wrote it last."""

    stream: str
    kind: str
    name: PersonName
    name_ours: bool
    birth_date: date | None
    birth_ours: bool
    contacts: Contacts
    contacts_ours: bool


def name_key(*parts: str) -> str:
    """Answer what two ways to write a name have in common: case, blanks, ё and е."""
    return "|".join(heading_key(part) for part in parts)


def class_key(text: str) -> str:
    """Answer what two ways to write a class have in common: 8А, 8 «а», 8-A with a Latin letter."""
    return "".join(each for each in unique_key(text).replace("ё", "е") if each.isalnum())


def group_key(text: str) -> str:
    """Answer what two ways to write a group have in common."""
    return unique_key(" ".join(text.split()).replace("ё", "е"))


class RosterGround(States):
    """States of the whole school read together; what is not among them is not there."""

    def __init__(self, states: States, vault: Vault, source: Source) -> None:
        super().__init__(states.store, states.catalogue, cache=states.cache)
        self.source = source
        self.persons: dict[str, KnownPerson] = {}
        self.brought: set[str] = set()
        """Streams whose first valid event an import of this source brought."""
        self.by_external: dict[str, str] = {}
        self.streams: defaultdict[str, list[str]] = defaultdict(list)
        self._prefix = f"ejd-import-{source.label}/"
        self._folded: dict[tuple[type[Any], str], Any] = {}
        self._ours: set[Ref] = set()
        self._vault = vault
        self._sayings: defaultdict[str, dict[str, Sayings]] = defaultdict(dict)
        self._ended: dict[tuple[str, str], bool] = {}
        self._appointed: dict[str, bool] = {}
        self._read()
        self._unseal()

    def load(self, state: type[S], stream: str) -> S:
        """Answer a state without asking the store, but for those that a roster is not about."""
        if state is LinkState or state in _STATES:
            found: S | None = self._folded.get((state, stream))
            return state() if found is None else found
        return super().load(state, stream)

    def ours(self, ref: Ref) -> bool:
        """Say whether an event was brought by an import of this source."""
        return ref in self._ours

    def ended_by_hand(self, stream: str, what: str = "") -> bool:
        """Say whether somebody of the school ended this last (a group, load …, "": being here), and not this source.

        Under "subjects" it is who said last what a member of staff may teach, under "curriculum" by which one a class
        is taught.
        """
        return not self._ended.get((stream, what), True)

    def appointed_by_hand(self, class_id: str) -> bool:
        """Say whether the class teacher was appointed by somebody of the school, and not by this source."""
        return not self._appointed.get(class_id, True)

    def resolve(self, kind: str, key: str) -> str | None:
        """Answer the stream that a file's id means, by derivation or by a link, if the school has it."""
        derived = self.source.entity(kind, key)
        if self.there(kind, derived):
            return derived
        return self.by_external.get(derived)

    def there(self, kind: str, stream: str) -> bool:
        """Say whether a thing of that kind is there and not void."""
        match self.load(KINDS[kind], stream):
            case PupilState(enrolled=there) | GuardianState(registered=there):
                return there
            case StaffState(terms=terms):
                return bool(terms)
            case ClassState(formed=made) | GroupState(formed=made) | SubjectState(defined=made):
                return made is not None
            case JournalState(opened=opened):
                return opened is not None
            case YearState(ref=ref) | CurriculumState(ref=ref):
                return ref is not None
            case _:
                return False

    def all(self, kind: str, state: type[S]) -> Iterable[tuple[str, S]]:
        """Yield the things of a kind that are there, in the order of their coming."""
        return ((stream, self.load(state, stream)) for stream in self.streams[kind] if self.there(kind, stream))

    def _read(self) -> None:
        entries = list(self.store.directory(kinds=tuple(KINDS)))[:STREAMS_MAX]
        kinds = {entry.stream: entry.kind for entry in entries}
        self._kinds.update(kinds)
        for chunk in chunks(kinds, STREAMS_AT_ONCE):
            recorded: dict[str, list[Recorded]] = {stream: [] for stream in chunk}
            for meta in self.store.read_streams(chunk):
                recorded[meta.stream].append(meta)
            for stream, metas in recorded.items():
                self._take(kinds[stream], stream, metas)

    def _take(self, kind: str, stream: str, metas: Sequence[Recorded]) -> None:
        state = fold(KINDS[kind], metas, self.catalogue)
        self.streams[kind].append(stream)
        self._folded[KINDS[kind], stream] = state
        self.cache.put(stream, state)
        links = fold(LinkState, metas, self.catalogue)
        self._folded[LinkState, stream] = links
        void: set[int] = set()
        if any(meta.name in MARKER_NAMES for meta in metas):
            markers = (self.catalogue.decode(m.name, m.state) for m in metas if m.name in MARKER_NAMES)
            void = void_versions(markers)
        valid = [meta for meta in metas if meta.version not in void and meta.name not in MARKER_NAMES]
        if valid and valid[0].client.startswith(self._prefix):
            self.brought.add(stream)
        for meta in valid:
            ours = meta.client.startswith(self._prefix)
            if ours:
                self._ours.add(Ref(stream, meta.version))
            self._note(Ref(stream, meta.version), self.catalogue.decode(meta.name, meta.state), ours=ours)

    def _note(self, at: Ref, event: Event, *, ours: bool) -> None:
        """Keep who said what last; names are opened together later."""
        stream = at.stream
        said = self._sayings[stream]
        name = event.stored_name.partition("/")[0]
        if isinstance(event, NAMING):
            said["name"] = Sayings(ours, event.name, f"{name}.name", at)
        if isinstance(event, p.PupilEnrolled | p.BirthDateCorrected) and event.birth_date is not None:
            said["birth"] = Sayings(ours, event.birth_date, f"{name}.birth_date", at)
        if isinstance(event, p.GuardianRegistered):
            said["contacts"] = Sayings(ours, event.contacts, f"{name}.contacts", at)
        self._note_end(stream, event, ours=ours)

    def _note_end(self, stream: str, event: Event, *, ours: bool) -> None:
        """Keep who ended or appointed what last, and which ids mean what."""
        match event:
            case p.ExternalIdLinked():
                self.by_external[event.external] = stream
            case p.StaffMemberLeft() | p.PupilLeft():
                self._ended[stream, ""] = ours
            case p.StaffQualified():
                self._ended[stream, "subjects"] = ours
            case p.GroupLeft():
                self._ended[stream, event.group] = ours
            case p.GuardianshipEnded():
                self._ended[stream, event.pupil] = ours
            case j.TeacherUnassigned():
                self._ended[stream, event.staff] = ours
            case c.CurriculumAssigned():
                self._ended[stream, "curriculum"] = ours
            case j.ClassTeacherAppointed():
                self._appointed[stream] = ours
            case _:
                pass

    def _unseal(self) -> None:
        asked = [
            (stream, facet, said)
            for stream, facets in self._sayings.items()
            for facet, said in facets.items()
            if said.box is not None
        ]
        boxes = [Standing(said.box, said.field, said.at) for _, _, said in asked if said.box is not None]
        texts = self._vault.unseal_many(boxes)
        clear: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for (stream, facet, _), text in zip(asked, texts, strict=True):
            if text is not None:
                clear[stream][facet] = text
        for kind in ("pupil", "staff", "guardian"):
            for stream in self.streams[kind]:
                if "name" in clear[stream] and self.there(kind, stream):
                    self.persons[stream] = self._person(stream, kind, clear[stream])
        self._sayings.clear()

    def _person(self, stream: str, kind: str, clear: dict[str, str]) -> KnownPerson:
        said = self._sayings[stream]
        nobody = Sayings(ours=False)
        return KnownPerson(
            stream=stream,
            kind=kind,
            name=name_from_text(clear["name"]),
            name_ours=said["name"].ours,
            birth_date=date.fromisoformat(clear["birth"]) if "birth" in clear else None,
            birth_ours=said.get("birth", nobody).ours,
            contacts=contacts_from_text(clear["contacts"]) if "contacts" in clear else Contacts(),
            contacts_ours=said.get("contacts", nobody).ours,
        )


_STATES: Final = frozenset(KINDS.values())
