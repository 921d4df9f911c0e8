"""Every row of the matrix as a request, made from the route table and the catalogue of commands; nothing is listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from fastapi import FastAPI

from ejd.access.reading import NARROWED
from ejd.http.routes import ApiRoute
from ejd.http.second_factors import TICKET_CHARACTERS
from ejd_commands.catalogue import catalogue
from tests import worlds as w
from tests.matrix import world as m
from tests.scenario import uid

Json = dict[str, Any]
MOMENT = "2025-10-06T11:00:00+03:00"
NO_IMPORT = "urn:ejd:problem:upload-gone"
VARIANTS: dict[str, tuple[Json, ...]] = {
    "acknowledge-diary": ({}, {"channel": "paper"}),
    "acknowledge-period-marks": ({}, {"channel": "paper"}),
    "acknowledge-recommendation": ({}, {"channel": "paper"}),
    **dict.fromkeys(
        ("give-consent", "refuse-consent", "withdraw-consent"), ({"channel": "paper"}, {"channel": "cabinet"})
    ),
    "request-correction": ({"kind": "topic"}, {"kind": "substitution"}),
    "grant-role": ({"role": "parent"}, {"role": "deputy-head"}),
    "revoke-role": ({"role": "parent"}, {"role": "deputy-head"}),
    "acknowledge-breach-notice": ({"receiver": "head"}, {"receiver": "support"}),
}
"""Commands that ask for another right by what they say: a row for each."""
PLAIN_VALUES: dict[str, str] = {
    "date": "2025-10-06",
    "date-time": MOMENT,
    "uuid": uid("something"),
}
NAMED: dict[str, Any] = {
    "account": m.PLAIN_ACCOUNT,
    "breach": m.BREACH,
    "year": w.YEAR,
    "staff": w.ADA_STAFF,
    "teacher": w.ADA_STAFF,
    "absent_teacher": w.ADA_STAFF,
    "subject": w.MATHS,
    "period": "q1",
    "digest": "0" * 64,
    "token": "0" * 16,
    "new_token": "1" * 16,
    "ticket": "0" * TICKET_CHARACTERS,
    "code": "0" * 16,
    "session": uid("no session"),
    "factor": uid("no factor"),
    "name": "Название",
    "timezone": "Europe/Moscow",
}


@dataclass(frozen=True)
class Row:
    """One line of the matrix: `name` is a route's, what stands after the ? is what it is asked with."""

    name: str
    method: str
    path: str
    query: tuple[str, ...] = ()
    body: Json | None = None
    command: str = ""
    of_a_day: bool = False

    def request(self, about: m.Objects) -> tuple[str, str, bytes | None, dict[str, str]]:
        """Answer method, address, body and headers of the request about one set of objects."""
        known = fields_of(about)
        path = self.path
        for name, value in {**known, "lesson": about.lesson, "part": "topic", "import_id": uid("no import")}.items():
            path = path.replace(f"{{{name}}}", quote(str(value)))
        known |= {"to": known["day"], "from": known["day"]} if self.of_a_day else {}
        asked = {name: known[name] if name in known else FIXED_QUERY[name] for name in self.query}
        address = f"{path}?{urlencode(asked)}" if asked else path
        if self.command:
            if self.command in OF_ERASURE:
                known["request"] = m.ERASURE
            body = {**body_of(self.command, known), **(self.body or {})}
            return self.method, address, json.dumps(body).encode(), {"Idempotency-Key": str(uuid4())}
        return self.method, address, None if self.body is None else json.dumps(self.body).encode(), {}


OF_ERASURE = {"approve-erasure", "reject-erasure"}
"""Commands whose `request` is another one."""
FIXED_QUERY = {"from": "2025-10-06T08:00:00+03:00", "kind": "roster", "file_name": "lists.csv"}


def fields_of(about: m.Objects) -> Json:
    """Answer the values of fields and parameters that name the objects."""
    return {
        **NAMED,
        "journal": about.journal,
        "class": about.class_id,
        "class_id": about.class_id,
        "new_class": about.class_id,
        "pupil": about.pupil,
        "guardian": about.guardian,
        "person": about.pupil,
        "giver": about.giver or about.guardian,
        "lesson": about.lesson,
        "slot": about.slot,
        "day": about.day.isoformat(),
        "week": "2025-10-06",
        "control_work": about.control_work,
        "request": about.request,
        "group": about.class_id,
    }


def body_of(command: str, known: Json) -> Json:
    """Answer the smallest valid body of a command; it is only to be understood, what it says is refused later."""
    schema = catalogue()[command].model_json_schema()
    return _object(schema, schema.get("$defs", {}), known)


def _object(schema: Json, shapes: Json, known: Json) -> Json:
    names = set(schema.get("required", ()))
    if "day" in schema.get("properties", {}) and "slot" in schema["properties"]:
        names |= {"day", "slot"}
    return {name: _value(name, schema["properties"][name], shapes, known) for name in sorted(names)}


def _value(name: str, schema: Json, shapes: Json, known: Json) -> Any:
    if "$ref" in schema:
        return _value(name, shapes[schema["$ref"].rpartition("/")[2]], shapes, known)
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return _value(name, options[0], shapes, known)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return _object(schema, shapes, known)
        case "array":
            return [_value(name, schema["items"], shapes, known) for _ in range(max(1, schema.get("minItems", 0)))]
        case "integer" | "number":
            return known.get(name, schema.get("minimum", 1))
        case "boolean":
            return False
    if name in known:
        return known[name]
    return PLAIN_VALUES.get(schema.get("format", ""), "Слово" if "pattern" not in schema else "q1")


def rows(app: FastAPI) -> Iterator[Row]:
    """Answer all rows, in the order of their names."""
    whole = app.openapi()
    document, shapes = whole["paths"], whole["components"]["schemas"]
    found: list[Row] = []
    for route in app.router.routes:
        if not isinstance(route, ApiRoute) or route.open:
            continue
        (method,) = sorted(route.methods or ())
        if route.name in catalogue():
            for change in VARIANTS.get(route.name, ({},)):
                said = "".join(f"?{value}" for value in change.values())
                found.append(Row(f"{route.name}{said}", method, route.path, body=change, command=route.name))
            continue
        operation = document.get(route.path, {}).get(method.lower(), {})
        parameters = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
        of_a_day = route.name in OF_A_DAY
        needed = (
            ("from", "to")
            if of_a_day
            else CHOSEN.get(route.name) or tuple(one["name"] for one in parameters if one["required"])
        )
        body = BODIES.get(route.name)
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if body is None and content is not None:
            body = _value("", content, shapes, fields_of(m.OWN))
        path = route.path.replace("{name}", "no-such-command")
        found.append(Row(route.name, method, path, needed, body, of_a_day=of_a_day))
        if route.name in NARROWED:
            names = [one["name"] for one in parameters]
            found += [
                Row(f"{route.name}?{chosen}", method, path, (*needed, chosen), body, of_a_day=of_a_day)
                for chosen in ("class", "journal", "pupil", "person")
                if chosen in names and chosen not in needed
            ]
    yield from sorted(found, key=lambda one: one.name)


OF_A_DAY = {"gradebook", "missed-topics"}
"""Questions that are asked about the day of the lesson: a substitute sees marks of that day alone."""
CHOSEN = {"timetable-calendar": ("class",)}
"""Questions that want something chosen though no single parameter is required."""
BODIES: dict[str, Any] = {
    "batch": [{"command": "define-subject", "id": uid("in a batch"), "title": "Математика"}],
    "unknown-command": {},
    "timetable-preview": body_of("change-timetable", fields_of(m.OWN)),
    "import-upload": {"no": "file"},
    "production-calendar-file": {"no": "file"},
    "issue-codes": {"accounts": [m.PLAIN_ACCOUNT]},
    "import-apply": {"digest": "0" * 64},
}
"""What questions that are asked by POST are sent."""


class Client:
    """One kept connection to the server."""

    def __init__(self, address: str) -> None:
        """Connect when first asked."""
        host, port = address.removeprefix("http://").split(":")
        self._connection = HTTPConnection(host, int(port), timeout=60)

    def send(self, row: Row, about: m.Objects, token: str | None) -> tuple[int, dict[str, str], bytes]:
        """Send a row's request and answer status, headers and body."""
        method, address, body, headers = row.request(about)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, address, body, headers)
        answer = self._connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
