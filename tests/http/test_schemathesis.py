"""Requests made from the OpenAPI document, good and bad: never a 5xx, never an undocumented answer."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from ejd.http.logs import make_log
from ejd.http.service import create_http
from tests.http.server import served
from tests.schools import tiny_school

SECONDS_MAX = 150
SEED = 7
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
)
ALL_BY_CHANCE = ("--phases", "fuzzing", "--max-examples", "2")
"""Every operation, with a few requests by chance."""
QUESTIONS_IN_EVERY_WAY = (
    *("--phases", "examples,coverage", "--include-method", "GET"),
    *("--include-path", "/api/v1/commands/save-lesson", "--include-path", "/api/v1/commands"),
)
"""Every parameter of the questions, and of two large commands, at its bounds and beyond.

All commands were run so once (11,884 requests): they share the code that checks them.
"""


@pytest.mark.parametrize("selection", [ALL_BY_CHANCE, QUESTIONS_IN_EVERY_WAY], ids=["by chance", "every parameter"])
def test_every_operation_answers_as_documented(tmp_path: Path, selection: tuple[str, ...]) -> None:
    with tiny_school("sqlite", tmp_path) as tiny:
        log = StringIO()
        with served(create_http(tiny.school, log=make_log("error", log))) as address:
            command = [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
                *("--header", f"Authorization: Bearer {tiny.tokens['deputy']}"),
                *("--checks", ",".join(CHECKS), *selection),
                *("--seed", str(SEED), "--workers", "1", "--no-color", "--generation-database", "none"),
            ]
            ran = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False, cwd=tmp_path
            )
        assert ran.returncode == 0, ran.stdout[-6_000:] + ran.stderr[-2_000:] + log.getvalue()[-2_000:]
        assert " passed" in ran.stdout
        assert log.getvalue() == ""
