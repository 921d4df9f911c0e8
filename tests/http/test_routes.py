"""The route table: nothing under /api without security, an access rule and documented problems."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Response

from ejd.access.reading import READERS
from ejd.http import routes
from ejd.http.routes import ApiRoute, UndeclaredRouteError, add_question, check_all_declared, is_open
from ejd.http.service import create_http
from ejd_commands.catalogue import catalogue
from tests.http.conftest import Web

OPEN = {"/healthz", "/readyz", "/metrics", "/api/v1/sign-in", "/api/v1/first-sign-in", "/api/v1/second-factor"}
DOCUMENTATION = {"/", "/openapi.json", "/docs", "/static-offline-docs"}


def test_what_is_open_is_written_down_twice() -> None:
    assert set(routes.OPEN) == OPEN | DOCUMENTATION
    assert all(routes.OPEN.values()), "each with its reason"


def test_a_route_that_declares_nothing_stops_the_start() -> None:
    app = FastAPI(redoc_url=None)
    check_all_declared(app)
    app.add_api_route("/docs-of-mine", lambda: None)
    with pytest.raises(UndeclaredRouteError, match="/docs-of-mine declares no access"):
        check_all_declared(app)
    app = FastAPI(redoc_url=None)
    app.router.add_api_route("/api/v1/x", lambda: None, route_class_override=ApiRoute)
    with pytest.raises(UndeclaredRouteError, match="/api/v1/x declares no access"):
        check_all_declared(app)


def test_the_service_does_not_start_with_a_route_that_declares_nothing(
    shared: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def and_one_more(app: FastAPI, *_: object) -> None:
        app.add_api_route("/secret", lambda: None)

    monkeypatch.setattr("ejd.http.service.add_health", and_one_more)
    with pytest.raises(UndeclaredRouteError, match="/secret"):
        create_http(shared.tiny.school)


def test_every_route_is_known_to_be_open_or_checks_who_asks(shared: Web) -> None:
    for route in shared.client.app.routes:  # type: ignore[attr-defined]
        if is_open(route.path):
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
    table = shared.client.app.routes  # type: ignore[attr-defined]
    assert {one.name for one in table if isinstance(one, ApiRoute) and not one.open} == ruled | set(READERS)


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


def test_what_takes_no_parameters_refuses_them(shared: Web) -> None:
    for path in ("/api/v1/sessions", "/api/v1/imports"):
        answer = shared.client.get(f"{path}?unknown=1", headers=shared.tiny.headers("head"))
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:ejd:problem:malformed"), path
        assert "takes no parameters" in answer.json()["detail"]
