"""The whole API under every role's token, by chance and by its own document: no fault, no foreign child in any answer.

python -m tests.reliability.fuzz_roles --calls 100000

Each role has a school of its own, in which another class has people with unmistakable names, contacts, marks and texts.
Schemathesis asks; a witness between server and application looks at each answer, headers, files and all. Printed: calls
and statuses by role. Exits 1 when a status is a 5xx or undocumented, an answer is not as documented, or a name or id
stands in it that the role has nothing to do with and did not send.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ejd.http.logs import make_log
from ejd.http.service import create_http
from tests import worlds as w
from tests.http.server import served
from tests.reliability.fuzz_hooks import UUID
from tests.scenario import uid
from tests.schools import JOURNAL_5B, LESSON_5B, LOGINS, SLOT_5B, TinySchool, made, tiny_school

ROOT = Path(__file__).parent.parent.parent
NOBODY = "nobody"
"""Without any token."""
ROLES = (*LOGINS, NOBODY)
ALIEN, ALIENS_GUARDIAN = uid("pupil from elsewhere"), uid("guardian from elsewhere")
ALIEN_WORDS = (
    *("Нездешнева", "Аэлита", "Инопланетова", "aelita@elsewhere.example", "+70000000042"),
    *("замечание-об-Аэлите", "причина-об-Аэлите", "совет-для-Аэлиты"),
)
"""What only those see who have to do with the pupil of 5Б: names, contacts, a comment, a reason, a recommendation."""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SHOWN_MAX = 5
SECONDS_OF_A_CALL_MAX = 0.5
START_SECONDS_MAX = 300
OTHERS = {b"authorization", b"cookie"}
"""Who asks is said by the witness alone."""
ZIP = b"PK\x03\x04"


class Child(NamedTuple):
    """Words that only stand where this child is shown."""

    words: tuple[str, ...]


VERA = Child((w.VERA, "olga@example.org"))
GLEB = Child((w.GLEB, "Глебов"))
DINA = Child((w.DINA, "Ёлкина"))
MISHA = Child((w.MISHA, "Мишин"))
AELITA = Child((ALIEN, ALIENS_GUARDIAN, *ALIEN_WORDS))
FOREIGN: Mapping[str, tuple[Child, ...]] = {
    "ada": (MISHA, AELITA),
    "boris": (VERA, GLEB, DINA),
    "olga": (GLEB, DINA, MISHA, AELITA),
    "vera": (GLEB, DINA, MISHA, AELITA),
    "helper": (VERA, GLEB, DINA, MISHA, AELITA),
    NOBODY: (VERA, GLEB, DINA, MISHA, AELITA),
}
"""By login the children whom they have nothing to do with; who is not here reads the whole school."""
PUPILS = [w.VERA, w.GLEB, w.DINA, w.MISHA, ALIEN]
CLASSES, JOURNALS, LESSONS = [w.CLASS_5A, w.CLASS_5B], [w.JOURNAL, JOURNAL_5B], [w.LESSON, LESSON_5B]
STAFF, GUARDIANS = [w.ADA_STAFF, w.BORIS_STAFF, w.HEAD_STAFF], [w.PARENT_GUARDIAN, ALIENS_GUARDIAN]
ACCOUNTS = [account for account, _, _ in LOGINS.values()]
IDS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("pupil", "pupils"), PUPILS),
    **dict.fromkeys(("class", "class_id", "classes", "group"), CLASSES),
    **dict.fromkeys(("journal", "journals"), JOURNALS),
    **dict.fromkeys(("staff", "teacher", "absent_teacher"), STAFF),
    **dict.fromkeys(("account", "actor"), ACCOUNTS),
    "guardian": GUARDIANS,
    "lesson": LESSONS,
    "person": [*PUPILS, *GUARDIANS, *STAFF],
    "room": [w.ROOM_12],
    "subject": [w.MATHS],
    "year": [w.YEAR],
    "": [*PUPILS, *CLASSES, *JOURNALS, *LESSONS, *STAFF, *GUARDIANS, *ACCOUNTS, w.YEAR, w.MATHS, w.ROOM_12],
}
"""What schemathesis asks about (`tests.reliability.fuzz_hooks`)."""


@contextmanager
def school_of_two_classes(folder: Path) -> Iterator[TinySchool]:
    """Make the tiny school with a pupil in 5Б of whom everything is there that can be of a pupil."""
    lesson: dict[str, Any] = {"journal": JOURNAL_5B, "day": "2025-10-06", "slot": SLOT_5B}
    mark = {"pupil": ALIEN, "work": "oral", "value": "2"}
    with tiny_school("sqlite", folder) as tiny:
        for login, name, body in (
            ("deputy", "enrol-pupil", _name() | {"pupil": ALIEN, "class_id": w.CLASS_5B, "enrolled_on": "2025-09-01"}),
            ("deputy", "register-guardian", _name("Инопланетова") | {"guardian": ALIENS_GUARDIAN} | _contacts()),
            (
                "deputy",
                "establish-guardianship",
                {"guardian": ALIENS_GUARDIAN, "pupil": ALIEN, "relation": "mother", "starts": "2025-09-01"},
            ),
            ("boris", "save-lesson", {**lesson, "topic": "Дроби", "marks": [{**mark, "comment": ALIEN_WORDS[5]}]}),
            ("boris", "correct-mark", {**lesson, **mark, "value": "3", "reason": ALIEN_WORDS[6]}),
            ("boris", "give-recommendation", {**lesson, "pupil": ALIEN, "text": ALIEN_WORDS[7]}),
        ):
            tiny.send(made(name, **body), login=login)
        tiny.feed()
        yield tiny


def _name(family: str = "Нездешнева") -> dict[str, Any]:
    return {"family": family, "given": "Аэлита"}


def _contacts() -> dict[str, Any]:
    return {"email": ALIEN_WORDS[3], "phone": ALIEN_WORDS[4]}


@dataclass
class Seen:
    """What the witness has seen under one token."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """How many requests came."""
        return self.statuses.total()


class Witness:
    """Gives each request the token whose turn it is, and looks at the whole answer."""

    def __init__(self, app: ASGIApp, tokens: Mapping[str, str], documented: Mapping[tuple[str, str], set[str]]) -> None:
        """Take tokens by login (empty for nobody), and by path and method the statuses of the document."""
        self._app = app
        self._tokens = list(tokens.items())
        self._documented = documented
        self._turn = 0
        self.seen: dict[str, Seen] = {login: Seen() for login in tokens}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, as whoever's turn it is."""
        if scope["type"] != "http" or scope["path"] == "/openapi.json":
            await self._app(scope, receive, send)
            return
        login, token = self._tokens[self._turn % len(self._tokens)]
        self._turn += 1
        headers = [_own(name, value, self._turn) for name, value in scope["headers"] if name not in OTHERS]
        scope = {**scope, "headers": [*headers, *([(b"authorization", f"Bearer {token}".encode())] if token else [])]}
        asked, told, status, heads = bytearray(), bytearray(), 0, b""

        async def received() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            nonlocal status, heads
            if message["type"] == "http.response.start":
                status = message["status"]
                heads = b"\n".join(b"%s: %s" % pair for pair in message["headers"])
            told.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, received, sent)
        request = (
            f"{scope['method']} {scope['path']}?{unquote_plus(scope['query_string'].decode('latin-1'))} {_text(asked)}"
        )
        self._look(login, scope, request, status, _text(heads) + text_of(bytes(told)))

    def _look(self, login: str, scope: Scope, request: str, status: int, answer: str) -> None:
        seen = self.seen[login]
        seen.statuses[status] += 1
        route = getattr(scope.get("route"), "path", None)
        documented = self._documented.get((route or "", scope["method"]), None)
        where = f"{login}: {request[:600]}"
        if status >= 500 and status != 503:
            seen.faults.append(f"{status} for {where}")
        if documented is not None and str(status) not in documented:
            seen.faults.append(f"undocumented {status} for {where}")
        for word in (word for child in FOREIGN.get(login, ()) for word in child.words):
            if word in answer and word not in request:
                seen.faults.append(f"foreign {word!r} told to {where}")


def _own(name: bytes, value: bytes, turn: int) -> tuple[bytes, bytes]:
    """Give each command a key of its own: schemathesis draws the same one again, and a repeat is soon refused."""
    if name == b"idempotency-key" and UUID.fullmatch(value.decode("latin-1")):
        return name, uid(f"call {turn}").encode()
    return name, value


def _text(raw: bytes | bytearray) -> str:
    return raw.decode("utf-8", "replace")


def text_of(body: bytes) -> str:
    """Answer whatever can be read in a body: of a file every part of it, of a calendar its whole lines."""
    if body.startswith(ZIP):
        with zipfile.ZipFile(BytesIO(body)) as parts:
            return "\n".join(text_of(parts.read(name)) for name in parts.namelist())
    return _text(body.replace(b"\r\n ", b""))


def documented_by(document: Mapping[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Answer by path and method the statuses that the document has."""
    return {
        (path, method.upper()): set(operation["responses"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def ask(folder: Path, logins: Sequence[str], *, examples: int, seed: int, only: Sequence[str] = ()) -> dict[str, Seen]:
    """Ask a school under these tokens by turns, each operation so many times; `only` narrows operations.

    What schemathesis itself finds is a fault of the last login.
    """
    log = StringIO()
    with school_of_two_classes(folder) as tiny:
        app = create_http(tiny.school, log=make_log("error", log))
        tokens = {login: tiny.tokens.get(login, "") for login in logins}
        document = app.openapi()
        witness = Witness(app, tokens, documented_by(document))
        operations = len(document["paths"])
        with served(witness) as address:
            ran = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
                    *("--phases", "fuzzing", "--max-examples", str(examples), "--checks", CHECKS, *only),
                    *("--continue-on-failure", "--seed", str(seed), "--workers", "1", "--no-color"),
                    *("--generation-database", "none"),
                ],
                capture_output=True,
                text=True,
                timeout=START_SECONDS_MAX + operations * examples * SECONDS_OF_A_CALL_MAX,
                check=False,
                cwd=folder,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "SCHEMATHESIS_HOOKS": "tests.reliability.fuzz_hooks",
                    "EJD_FUZZ_IDS": json.dumps(IDS),
                },
            )
    last = witness.seen[logins[-1]]
    if ran.returncode:
        last.faults.append(ran.stdout[-6_000:] + ran.stderr[-2_000:])
    if log.getvalue():
        last.faults.append(log.getvalue()[-2_000:])
    return witness.seen


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask role by role and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000, help="requests of all roles together, about")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--roles", default=",".join(ROLES), help="logins of the tiny school, by commas")
    given = parser.parse_args(arguments)
    roles = given.roles.split(",")
    faults = calls = 0
    with tempfile.TemporaryDirectory() as folder, tiny_school("sqlite", Path(folder), build=False) as tiny:
        operations = len(documented_by(create_http(tiny.school, feed=False).openapi()))
    examples = max(1, round(given.calls / len(roles) / operations))
    for role in roles:
        with tempfile.TemporaryDirectory() as folder:
            (seen,) = ask(Path(folder), [role], examples=examples, seed=given.seed).values()
        calls += seen.calls
        faults += len(seen.faults)
        told = ", ".join(f"{status}: {count:,}" for status, count in sorted(seen.statuses.items()))
        print(f"{role:18} {seen.calls:>7,} calls; {told}; faults: {len(seen.faults)}", flush=True)
        for fault in seen.faults[:SHOWN_MAX]:
            print(f"  {fault}", flush=True)
    print(f"{calls:,} calls, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
