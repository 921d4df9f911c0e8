"""Requests made from the OpenAPI document, good and bad: never a 5xx, never an undocumented answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.http.conftest import Web

EXAMPLES_MAX = 4
"""For each of some 80 operations; the whole file takes less than a minute."""

load_all_checks()


@pytest.fixture(scope="module")
def api(shared: Web) -> Iterator[Any]:
    """The document of the running application."""
    return schemathesis.openapi.from_asgi("/openapi.json", shared.client.app)


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES_MAX,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_answers_as_documented(shared: Web, case: Any) -> None:
    response = case.call(headers={"Authorization": f"Bearer {shared.tiny.tokens['deputy']}"})
    case.validate_response(
        response,
        checks=[
            schemathesis.checks.not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
            response_headers_conformance,
            negative_data_rejection,
            missing_required_header,
            unsupported_method,
            ignored_auth,
        ],
    )
