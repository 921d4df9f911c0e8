"""Ten thousand elements in every list of every command, and as many as the list takes: refused, or done, quickly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from ejd.http.service import create_http
from ejd_commands.catalogue import catalogue
from tests import worlds as w
from tests.schools import tiny_school

Schema: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str | int, ...]
"""Where a list stands: names of fields, 0 for the first element of a list on the way."""

MANY = 10_000
CPU_SECONDS_MAX = 1.0
ANSWER_BYTES_MAX = 10_000
SOMETHING = {
    "year": w.YEAR,
    "journal": w.JOURNAL,
    "class_id": w.CLASS_5A,
    "pupil": w.VERA,
    "staff": w.ADA_STAFF,
    "teacher": w.ADA_STAFF,
    "absent_teacher": w.ADA_STAFF,
    "subject": w.MATHS,
    "room": w.ROOM_12,
    "slot": w.LESSON_SLOT,
    "day": "2025-10-06",
    "starts": "2025-10-06",
    "period": "q1",
}
"""What the tiny school has, by the name of the field."""
FORMS = {"uuid": lambda n: str(UUID(int=n + 1)), "date": lambda n: f"2025-10-{n % 28 + 1:02}"}
MOMENT, DIGEST = "2025-10-08T09:00:00Z", "0" * 64


class Shape:
    """The fields of one command, from which bodies are made."""

    def __init__(self, name: str) -> None:
        """Take them from the catalogue."""
        self.name = name
        self.schema = catalogue()[name].model_json_schema()
        self.parts = self.schema.get("$defs", {})

    def whole(self, schema: Schema) -> Schema:
        """Answer a schema without references, the first of several ways that is not null."""
        while True:
            if "$ref" in schema:
                schema = self.parts[str(schema["$ref"]).rpartition("/")[2]]
            elif "anyOf" in schema or "oneOf" in schema:
                ways = schema.get("anyOf") or schema["oneOf"]
                schema = next(one for one in ways if one.get("type") != "null")
            else:
                return schema

    def some(self, schema: Schema, name: str, number: int = 0) -> Any:
        """Answer a value; different ones by number where that is possible."""
        schema = self.whole(schema)
        if "const" in schema or "enum" in schema:
            values = schema.get("enum") or [schema["const"]]
            return values[number % len(values)]
        match schema["type"]:
            case "object":
                return {one: self.some(schema["properties"][one], one, number) for one in schema.get("required", ())}
            case "array":
                return [self.some(schema["items"], name, n) for n in range(max(1, schema.get("minItems", 0)))]
            case "integer":
                least = int(schema.get("minimum", 1))
                return SOMETHING.get(name, least + number % (int(schema.get("maximum", 10**6)) - least + 1))
            case "string" if name in SOMETHING and number == 0:
                return SOMETHING[name]
            case "string":
                return self._text(schema, name, number)
            case _:
                return False

    def _text(self, schema: Schema, name: str, number: int) -> str:
        form, pattern = str(schema.get("format", "")), str(schema.get("pattern", ""))
        if form in FORMS:
            return FORMS[form](number)
        if form == "date-time":
            return MOMENT
        if "{64}" in pattern or "{16}" in pattern:
            return DIGEST if "{64}" in pattern else DIGEST[:16]
        return f"https://example.org/{number}" if name == "links" else f"a{number}"

    def lists(self, schema: Schema | None = None, place: Place = ()) -> Iterator[tuple[Place, Schema]]:
        """Yield every list of the command, with where it stands."""
        schema = self.whole(self.schema if schema is None else schema)
        if schema.get("type") == "array":
            yield place, schema
            yield from self.lists(schema["items"], (*place, 0))
        for name, own in schema.get("properties", {}).items():
            yield from self.lists(own, (*place, name))

    def body(self, place: Place, elements: list[Any]) -> dict[str, Any]:
        """Answer a body that has these elements there."""
        body = self.some(self.schema, "")
        at, schema = body, self.schema
        for step, following in zip(place, (*place[1:], None), strict=True):
            schema = self.whole(schema)
            schema = schema["items"] if step == 0 else schema["properties"][step]
            if following is None:
                at[step] = elements
            elif step != 0:
                at = at.setdefault(step, self.some(schema, str(step)))
            else:
                at = at[0]
        assert isinstance(body, dict)
        return body


def test_no_list_of_any_command_is_without_a_limit_or_slow(tmp_path: Path) -> None:
    """By their shape: a new list of a new command is asked about too."""
    tried = 0
    with tiny_school("sqlite", tmp_path) as tiny, TestClient(create_http(tiny.school, feed=False)) as client:
        for name in sorted(catalogue()):
            shape = Shape(name)
            login = "ada" if "approval" in shape.schema["properties"] else "head"
            headers = {"Authorization": f"Bearer {tiny.tokens[login]}", "Host": "localhost"}
            for place, own in shape.lists():
                limit = own["maxItems"]
                full = [shape.some(own["items"], str(place[-1]), number) for number in range(MANY)]
                for elements in (full, [None] * MANY, full[:limit]):
                    headers["Idempotency-Key"] = str(uuid4())
                    begun = time.process_time()
                    body = shape.body(place, elements)
                    answer = client.post(f"/api/v1/commands/{name}", json=body, headers=headers)
                    spent = time.process_time() - begun
                    where = (name, place, len(elements), answer.text[:300])
                    assert answer.status_code < 500, where
                    assert spent < CPU_SECONDS_MAX, (*where, spent)
                    assert len(answer.content) < ANSWER_BYTES_MAX, where
                    if len(elements) > limit or elements[0] is None:
                        assert answer.status_code in {400, 413}, where
                    tried += 1
    assert tried > 150
