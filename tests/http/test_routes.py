"""The route table: nothing under /api without security, an access rule and documented problems."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Response

from ejd.access.reading import READERS
from ejd.http.routes import ApiRoute, add_question
from ejd_commands.catalogue import catalogue
from tests.http.conftest import Web

OPEN = {"/healthz", "/readyz", "/metrics", "/api/v1/sign-in", "/api/v1/first-sign-in"}
DOCUMENTATION = {"/", "/openapi.json", "/docs", "/docs/start.js", "/static-offline-docs"}


def test_every_route_is_known_to_be_open_or_checks_who_asks(shared: Web) -> None:
    for route in shared.client.app.routes:  # type: ignore[attr-defined]
        if route.path in OPEN | DOCUMENTATION:
            assert not isinstance(route, ApiRoute) or route.open, f"{route.path} must say itself that it is open"
            continue
        assert isinstance(route, ApiRoute), f"{route.path} must be an ApiRoute: it checks the token"
        assert route.path.startswith("/api/v1/")
        assert not route.open, f"{route.path} is open to everybody"


def test_every_route_has_a_rule_about_who_may_use_it(shared: Web) -> None:
    """A command's rule is its own `need`; a question's is in READERS."""
    ruled = {"batch", "unknown-command"}
    for name, command in catalogue().items():
        assert callable(command.need)
        ruled.add(name)
    routes = shared.client.app.routes  # type: ignore[attr-defined]
    assert {one.name for one in routes if isinstance(one, ApiRoute) and not one.open} == ruled | set(READERS)


def test_a_question_without_readers_stops_the_start() -> None:
    with pytest.raises(ValueError, match="READERS who may ask nobody-said"):
        add_question(
            FastAPI(),
            name="nobody-said",
            path="/x",
            endpoint=Response,
            model=None,
            responses={},
            tag="",
            description="",
        )


def test_every_operation_declares_its_security_and_its_problems(shared: Web) -> None:
    document = shared.client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["components"]["securitySchemes"]["session"]["name"] == "__Host-ejd"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            statuses = set(operation["responses"])
            if path in OPEN:
                assert "security" not in operation
                continue
            assert operation["security"] == [{"token": []}, {"session": []}], path
            assert statuses >= {"200", "400", "401", "403", "406", "503"}, path
            assert operation["summary"]
            assert operation["description"]
            for status, answer in operation["responses"].items():
                if status >= "400":
                    (media, content), *_ = answer["content"].items()
                    assert media == "application/problem+json"
                    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_a_request_without_a_token_is_refused_everywhere(shared: Web) -> None:
    document = shared.client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method in operations:
            if path not in OPEN:  # also without the cookie of a session
                answer: Any = shared.client.request(method, path)
                assert answer.status_code == 401, path


def test_the_document_is_served_and_can_be_looked_at(shared: Web) -> None:
    assert shared.client.get("/docs").status_code == 200
    document = shared.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    question = document["paths"]["/api/v1/reports/gradebook"]["get"]["responses"]["200"]
    assert question["content"]["application/json"]["example"]["report"]["gradebooks"]
