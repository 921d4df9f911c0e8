"""Each cell of the matrix over real HTTP: what stands in matrix.tsv is what is answered.

`yes`: the right is given (what comes after it, such as a rule of the school, is no matter of access). 401, 403, 404:
refused so. `-`: there is no such cell (`tests.matrix.world.WITHOUT_FOREIGN` says why). To see what a change of the
rules does, run with EJD_WRITE_MATRIX=1 and read the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import NoReturn

import pytest

from ejd.handling import handler
from ejd.http.logs import make_log
from ejd.http.service import create_http
from ejd.kernel.command import Command, Context, Refusal
from ejd.kernel.rights import authority
from tests.http.server import served
from tests.matrix import world as m
from tests.matrix.asking import NO_IMPORT, Client, Row, rows
from tests.postgres import PostgresDatabase

FILE = Path(__file__).parent / "matrix.tsv"
PASSED = "urn:ejd:problem:passed-the-right"
NOBODY: tuple[str, m.Situation] = ("nobody", "own")
COLUMNS = [*((role, situation) for role in m.ROLES for situation in m.SITUATIONS), NOBODY]
SAMPLE = 9
"""On PostgreSQL every so many rows are asked."""


class PassedTheRight(Refusal):
    """The right to the command was given; nothing is decided, so that all cells have the same school."""


def stop_after_the_right(context: Context, command: Command) -> NoReturn:
    """Judge as the service does, then stop."""
    authority(context, command)
    msg = "the right is given"
    raise PassedTheRight(msg)


class Served:
    """The school with its rows and a client."""

    def __init__(self, matrix: m.Matrix, client: Client, table: Sequence[Row]) -> None:
        """Keep what cells need."""
        self.matrix = matrix
        self.client = client
        self.rows = list(table)

    def cell(self, row: Row, role: str, situation: m.Situation) -> str:
        """Ask one cell and answer its code."""
        if situation == "foreign" and role in m.WITHOUT_FOREIGN:
            return "-"
        token = None if role == "nobody" else self.matrix.tokens[role, situation]
        about = m.OWN if role == "nobody" else self.matrix.about(role, situation)
        status, _, body = self.client.send(row, about, token)
        kind = json.loads(body)["type"] if status >= 400 else ""
        if status in {200, 206, 304} or kind in {PASSED, NO_IMPORT}:
            return "yes"
        if status in {401, 403, 404}:
            return str(status)
        if not row.command and status in {409, 422}:
            return "yes"
        return f"{status} {kind.rpartition(':')[2]}"


def serve(matrix: m.Matrix, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve a school whose commands stop after the right."""
    monkeypatch.setattr(handler, "authority", stop_after_the_right)
    app = create_http(matrix.tiny.school, feed=False, log=make_log("error", StringIO()))
    with served(app) as address:
        client = Client(address)
        try:
            yield Served(matrix, client, list(rows(app)))
        finally:
            client.close()


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, patched: pytest.MonkeyPatch) -> Iterator[Served]:
    with m.matrix("sqlite", tmp_path_factory.mktemp("matrix")) as matrix:
        yield from serve(matrix, patched)


def expected() -> dict[str, dict[str, str]]:
    """Read the file: by row, by column."""
    head, *lines = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines()]
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)
    return {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines}


def write(found: dict[str, dict[str, str]]) -> None:
    """Write the file anew."""
    names = [f"{role}.{situation}" for role, situation in COLUMNS]
    head = "\t".join(["row", *names])
    lines = ["\t".join([row, *(found[row][one] for one in names)]) for row in sorted(found)]
    FILE.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def compared(served_: Served, table: Sequence[Row]) -> list[str]:
    """Ask the rows' cells and say where the answer is not what the file says."""
    wanted = expected()
    return [
        f"{row.name} {role}.{situation}: {got}, not {wanted[row.name][f'{role}.{situation}']}"
        for row in table
        for role, situation in COLUMNS
        if (got := served_.cell(row, role, situation)) != wanted[row.name][f"{role}.{situation}"]
    ]


def test_every_route_has_a_row_and_every_row_a_route(shared: Served) -> None:
    if os.environ.get("EJD_WRITE_MATRIX"):
        asked = {row.name: {f"{one[0]}.{one[1]}": shared.cell(row, *one) for one in COLUMNS} for row in shared.rows}
        write(asked)
    assert {row.name for row in shared.rows} == set(expected())


def test_every_cell_answers_what_is_written_down(shared: Served) -> None:
    assert compared(shared, shared.rows) == []


def test_a_sample_of_the_cells_on_postgresql(
    tmp_path: Path, postgres_database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "authority", authority)  # another school of this module may be served already
    with m.matrix("postgres", tmp_path, postgres_database) as matrix:
        for one in serve(matrix, monkeypatch):
            assert compared(one, one.rows[::SAMPLE]) == []
