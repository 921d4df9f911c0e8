"""Requests made from the OpenAPI document, good and bad: never a 5xx, never an undocumented answer."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

from ejd.http.logs import make_log
from ejd.http.service import create_http
from tests.http.server import served
from tests.schools import tiny_school

EXAMPLES_MAX = 3
"""For each of some 80 operations, beside those that cover every parameter once."""
SECONDS_MAX = 110
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


def test_every_operation_answers_as_documented(tmp_path: Path) -> None:
    with tiny_school("sqlite", tmp_path) as tiny:
        log = StringIO()
        with served(create_http(tiny.school, log=make_log("error", log))) as address:
            command = [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
                *("--header", f"Authorization: Bearer {tiny.tokens['deputy']}"),
                *("--checks", ",".join(CHECKS)),
                *("--phases", "examples,coverage,fuzzing"),
                *("--max-examples", str(EXAMPLES_MAX)),
                *("--seed", str(SEED), "--workers", "2", "--no-color", "--generation-database", "none"),
            ]
            ran = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False, cwd=tmp_path
            )
        assert ran.returncode == 0, ran.stdout[-6_000:] + ran.stderr[-2_000:] + log.getvalue()[-2_000:]
        assert log.getvalue() == ""
