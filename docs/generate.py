"""Writes docs/catalogues from the code and docs/asvs.tsv; `--check` says which ones are out of date and fails."""

from __future__ import annotations

import inspect
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import msgspec

from ejd.access.reading import QUESTIONS
from ejd.http.routes import OPEN
from ejd.kernel.access import PERMITS, SCOPES, SEEN_BY
from ejd.kernel.command import Refusal
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE, MODULES
from ejd.kernel.events.accounts import Role
from ejd.kernel.personal_data import places_of
from ejd.kernel.rights import WORDS
from ejd.settings import Settings
from ejd_commands.catalogue import catalogue
from ejd_projections import all_projections

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from types import ModuleType

    from ejd.kernel.command import Command

FOLDER = Path(__file__).parent / "catalogues"
HEADER = "<!-- written by docs/generate.py from the code: change the code, then run `./run docs` -->"


def sentence(thing: Any) -> str:
    """Answer the whole docstring as one paragraph of Markdown."""
    return " ".join((inspect.getdoc(thing) or "").split()).replace("|", "\\|")


def type_name(annotation: Any) -> str:
    """Answer a type as a reader would write it."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return str(text).replace("typing.", "").replace("|", "\\|")


def events() -> Iterator[str]:
    """Answer the catalogue of events, in the order of the story."""
    yield from (
        "# Events",
        "",
        HEADER,
        "",
        "Stored names never change; a new shape gets a new number and an upcaster.",
        "",
    )
    for module in MODULES:
        yield from (f"## {module.__name__.rpartition('.')[2]}", "", sentence(module), "")
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, Event) and thing.__module__ == module.__name__:
                if not thing.stored_name:
                    continue
                yield from (f"### `{thing.stored_name}`", "", sentence(thing), "")
                yield from ("| field | type | default |", "|---|---|---|")
                for field in msgspec.structs.fields(thing):
                    default = "" if field.required else f"`{field.default!r}`"
                    yield f"| {field.name} | {type_name(field.type)} | {default} |"
                yield ""


def refusals(command: type[Command]) -> list[str]:
    """Answer the refusals that stand in the command's module, by slug."""
    module = sys.modules[command.__module__]
    found = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Refusal) and thing.__module__ == module.__name__
    ]
    return [f"`{refusal.slug()}` ({refusal.status}): {sentence(refusal)}" for refusal in found]


def commands() -> Iterator[str]:
    """Answer the catalogue of commands by family."""
    yield from ("# Commands", "", HEADER, "", "`POST /api/v1/commands/{name}` with the fields as JSON.", "")
    families: dict[str, list[type[Command]]] = {}
    for command in catalogue().values():
        families.setdefault(command.__module__, []).append(command)
    for name, family in sorted(families.items()):
        yield from (f"## {name.rpartition('.')[2]}", "", sentence(sys.modules[name]), "")
        for command in family:
            yield from (
                f"### `{command.name}`",
                "",
                sentence(command),
                "",
                "| field | needed | what |",
                "|---|---|---|",
            )
            schema = command.model_json_schema()
            for field, info in schema.get("properties", {}).items():
                needed = "yes" if field in schema.get("required", ()) else ""
                yield f"| {field} | {needed} | {shape(info)} |"
            yield ""
        lines = refusals(family[0])
        if lines:
            yield from ("Refusals of this family:", "", *(f"* {line}" for line in lines), "")


def shape(info: dict[str, Any]) -> str:
    """Answer the JSON type of a field, with its limits."""
    options = [part for part in info.get("anyOf", [info]) if part.get("type") != "null"]
    words = []
    for option in options:
        kind = option.get("format") or option.get("type") or option.get("$ref", "").rpartition("/")[2]
        if "enum" in option:
            kind = "one of " + ", ".join(map(str, option["enum"]))
        limits = [
            f"{word} {option[key]}"
            for key, word in (
                ("minimum", "from"),
                ("maximum", "to"),
                ("maxLength", "at most characters:"),
                ("maxItems", "at most"),
            )
            if key in option
        ]
        words.append(" ".join([str(kind), *limits]))
    return " or ".join(words).replace("|", "\\|")


def projections() -> Iterator[str]:
    """Answer the catalogue of projections with their tables and the events that they fold."""
    yield from ("# Projections", "", HEADER, "", "Every row belongs to exactly one stream (its first column).", "")
    for projection in all_projections():
        folds = {event.stored_name: fold for event, fold in projection.folds.items()}
        module = sys.modules[next(iter(folds.values())).__module__]
        yield from (f"## {projection.name}, version {projection.version}", "", sentence(module), "")
        for table in projection.tables:
            yield from (f"### table `{table.name}`", "", sentence(table.row), "")
            yield from (f"Key: {', '.join(table.key)}.", "", "Columns: " + ", ".join(table.columns) + ".", "")
        yield from ("Folds: " + ", ".join(f"`{name}`" for name in sorted(folds)) + ".", "")


def settings() -> Iterator[str]:
    """Answer the catalogue of settings."""
    yield from ("# Settings", "", HEADER, "", "Environment variables, or lines of a `.env` file.", "")
    yield from ("| variable | default | what |", "|---|---|---|")
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        yield f"| `EJD_{name.upper()}` | {default} | {field.description} |"
    yield ""


class Requirement(NamedTuple):
    """One requirement of ASVS: `what` it is about in words of ours, how it stands, why, and what shows it."""

    id: str
    level: str
    what: str
    state: str
    why: str
    evidence: list[str]


STATES = {"met": "met", "operator": "by the installation", "gap": "**gap**", "none": "does not apply"}
ASVS = Path(__file__).parent / "asvs.tsv"
CHAPTERS = (
    *("Encoding and sanitization", "Validation and business logic", "Web frontend", "API and web service"),
    *("File handling", "Authentication", "Session management", "Authorization", "Self-contained tokens"),
    *("OAuth and OIDC", "Cryptography", "Secure communication", "Configuration", "Data protection"),
    *("Secure coding and architecture", "Logging and error handling", "WebRTC"),
)


def requirements() -> list[Requirement]:
    """Answer the table of docs/asvs.tsv."""
    lines = ASVS.read_text(encoding="utf-8").splitlines()[1:]
    cells = (line.split("\t") for line in lines)
    return [Requirement(*parts, evidence=evidence.split()) for *parts, evidence in cells]


def totals(rows: list[Requirement]) -> str:
    """Answer the sentence that says how the table stands."""
    states = Counter(row.state for row in rows)
    return (
        f"Of {len(rows)} requirements {states['met']} are met, {states['operator']} are met by the installation,"
        f" {states['gap']} are gaps, {states['none']} do not apply."
    )


def asvs() -> Iterator[str]:
    """Answer the table of the security standard, by chapter, with its gaps first."""
    rows = requirements()
    yield from ("# ASVS 5.0, levels 1 and 2", "", HEADER.replace("the code", "docs/asvs.tsv"), "")
    yield from (
        "The [OWASP Application Security Verification Standard 5.0.0](https://github.com/OWASP/ASVS/tree/v5.0.0) in a",
        "few words of ours (its own text is CC BY-SA 4.0), and what shows that each requirement is met.",
        "`tests/test_asvs.py` holds the table whole, and its evidence existing.",
        "",
        totals(rows) + " What says «yet» comes to apply with what it waits for.",
        "",
        "## Gaps",
        "",
        *(f"* {row.id} (L{row.level}) {row.what}: {row.why}" for row in rows if row.state == "gap"),
        "",
    )
    for number, title in enumerate(CHAPTERS, 1):
        yield from (f"## V{number} {title}", "", "| id | L | about | state | why, evidence |", "|---|---|---|---|---|")
        for row in rows:
            if row.id.startswith(f"{number}."):
                shown = " ".join(filter(None, [row.why, *(f"`{one}`" for one in row.evidence)])).replace("|", "\\|")
                yield f"| {row.id} | {row.level} | {row.what} | {STATES[row.state]} | {shown} |"
        yield ""


MEANINGS = {
    "sealed": "sealed under the key of",
    "person": "id of a person",
    "account": "id of an account",
    "stream": "id of a record, which may be a person's",
    "words": "words in clear, about lessons, things or posts",
}
SEALING = re.compile(r"""context\.seal\(\s*([^,]+?)\s*,.*?field=f?"([^"]+)\"""", re.DOTALL)


def sealed_under() -> dict[str, str]:
    """Answer whose key each sealed field is under, as the commands say it."""
    found: dict[str, str] = {}
    for module in {command.__module__ for command in catalogue().values()}:
        for whose, field in SEALING.findall(inspect.getsource(sys.modules[module])):
            only_school = whose == "SCHOOL"
            known = found.get(field)
            words = (
                "the school" if only_school else "the person, else the school" if "SCHOOL" in whose else "the person"
            )
            found[field] = words if known in {None, words} else "the person, else the school"
    return found


def personal_data() -> Iterator[str]:
    """Answer the catalogue of what events hold of people."""
    yield from (
        "# Personal data in events",
        "",
        HEADER,
        "",
        "Every text of every event has a meaning (`src/ejd/kernel/personal_data.py`); those about nobody are left out.",
        "What it is for, how long it is kept and how it goes: [personal data](../personal-data.md).",
        "",
        "| event | field | what |",
        "|---|---|---|",
    )
    under = sealed_under()
    for event in CATALOGUE.events.values():
        name = event.stored_name.partition("/")[0]
        for place in places_of(event):
            if place.meaning == "other":
                continue
            what = MEANINGS[place.meaning]
            if place.meaning == "sealed":
                what = f"{what} {under.get(f'{name}.{place.path}', 'the person, else the school')}"
            yield f"| `{event.stored_name}` | {place.path} | {what} |"
    yield from ("", "## Tables of the read model with opened texts", "")
    for projection in all_projections():
        module = sys.modules[next(iter(projection.folds.values())).__module__]
        if "unseal(" in "".join(map(inspect.getsource, _modules_of(module))):
            tables = ", ".join(f"`{table.name}`" for table in projection.tables)
            yield f"* {projection.name}: {tables}"
    yield ""


def _modules_of(module: ModuleType) -> list[ModuleType]:
    """Answer a projection's module with those of ours that it shares its folds with."""
    beside = {
        sys.modules[thing.__module__]
        for thing in vars(module).values()
        if callable(thing) and getattr(thing, "__module__", "").endswith("_tables")
    }
    return [module, *beside]


ROLES: tuple[Role, ...] = get_args(Role)


def matrix(first: str, rows: Iterable[tuple[str, Collection[str]]]) -> Iterator[str]:
    """Answer a table with a column for each role."""
    yield f"| {first} | {' | '.join(WORDS[role] for role in ROLES)} |"
    yield f"|---|{'---|' * len(ROLES)}"
    for name, roles in rows:
        yield f"| {name} | {' | '.join('yes' if role in roles else '' for role in ROLES)} |"
    yield ""


def access() -> Iterator[str]:
    """Answer who may do what, from the same declarations that the service judges by."""
    yield from ("# Who may do what", "", HEADER, "", "What the columns mean is in [security](../security.md).", "")
    yield from ("## Actions", "", "| action | what | roles | takes a tie | what bars |", "|---|---|---|---|---|")
    for action, permit in PERMITS.items():
        roles = ", ".join(WORDS[role] for role in permit.roles) + ("; the owner" if permit.owner else "")
        ties = "; ".join(f"{WORDS[role]}: {' or '.join(sorted(kinds))}" for role, kinds in permit.ties.items())
        yield f"| `{action}` | {permit.what} | {roles} | {ties} | {', '.join(permit.bars)} |"
    yield from ("", "## Parts of the school that a role can be granted for", "", "| role | besides the whole school |")
    yield "|---|---|"
    yield from (f"| {WORDS[role]} | {', '.join(sorted(kinds)) or 'none'} |" for role, kinds in SCOPES.items())
    yield from ("", "## Who may know of a thing without a tie to it", "")
    yield from matrix("thing", ((kind, roles) for kind, roles in SEEN_BY.items()))
    yield from ("## Questions", "", "Whether what is answered is narrowed to what duties and scopes cover, or not.", "")
    yield from matrix("question", ((f"`{one}` ({KINDS[got.thing]})", got.readers) for one, got in QUESTIONS.items()))
    yield from ("## Commands", "", "By role; ties and scopes decide then.", "")
    yield from matrix(
        "command", ((f"`{name}` ({one.access.action})", one.access.roles) for name, one in catalogue().items())
    )
    yield from ("## Open to all", "", "| address | why |", "|---|---|")
    yield from (f"| `{path}` | {why} |" for path, why in OPEN.items())


KINDS = {"journal": "narrowed", "directory": "known to all", "school": "whole school"}
PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "events.md": events,
    "commands.md": commands,
    "projections.md": projections,
    "settings.md": settings,
    "personal-data.md": personal_data,
    "asvs.md": asvs,
    "access.md": access,
}


def stale() -> list[str]:
    """Answer the names of the pages that are not as the code would write them."""
    found = []
    for name, page in PAGES.items():
        path = FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text_of(page):
            found.append(name)
    return found


def text_of(page: Callable[[], Iterator[str]]) -> str:
    """Answer a page as it stands in its file."""
    return "\n".join(page()).rstrip() + "\n"


def main() -> int:
    """Write the pages, or with `--check` only say which ones are stale."""
    if "--check" in sys.argv:
        for name in stale():
            print(f"docs/catalogues/{name} is out of date: run `./run docs`", file=sys.stderr)
        return 1 if stale() else 0
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(text_of(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
