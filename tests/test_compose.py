"""compose.yaml and the Dockerfile say nothing that the program does not know."""

from __future__ import annotations

import re
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests import postgres
from tests.postgres import PostgresServer

ROOT = Path(__file__).parent.parent
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}

SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY$")
REQUIRED_VARIABLE = re.compile(r"\$\{\w+:\?[^}]+\}")
URL_WITH_PASSWORD = re.compile(r"://[^:/@\s]+:(?P<password>\$\{[^}]*\}|[^@\s]*)@")


def commands_of_cli() -> dict[str, Any]:
    """Import the program late, so that a fault in it fails the tests that need it and no others."""
    typer_main = import_module("typer.main")
    group = typer_main.get_command(import_module("ejd.cli").app)
    commands: dict[str, Any] = group.commands
    return commands


def test_the_file_has_the_database_the_migration_the_service_and_the_feeder() -> None:
    assert set(SERVICES) == {"postgres", "migrate", "service", "feeder"}
    assert set(OURS) == {"migrate", "service", "feeder"}
    verbs = {name: service["command"][1] for name, service in OURS.items()}
    assert verbs == {"migrate": "init", "service": "serve", "feeder": "feed"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_each_command_is_one_that_the_program_knows(name: str) -> None:
    program, verb, *arguments = OURS[name]["command"]
    assert program == "ejd"
    commands = commands_of_cli()
    assert verb in commands, f"ejd has no verb {verb!r}: {sorted(commands)}"
    known = {option for parameter in commands[verb].params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = {argument.partition("=")[0] for argument in arguments if argument.startswith("-")}
    assert options <= known


@pytest.mark.parametrize("name", sorted(OURS))
def test_each_variable_is_a_setting(name: str) -> None:
    settings = import_module("ejd.settings").Settings
    assert settings.model_config["env_prefix"].upper() == "EJD_"
    known = {f"EJD_{field}".upper() for field in settings.model_fields}
    assert set(OURS[name]["environment"]) <= known


def test_only_the_migration_may_act_as_the_owner() -> None:
    with_owner = {name for name, service in OURS.items() if "ejd_owner" in str(service["environment"])}
    assert with_owner == {"migrate"}
    can_write_key = {name for name, service in OURS.items() if "ejd-key:/var/lib/ejd/key" in service["volumes"]}
    assert can_write_key == {"migrate"}


def test_nothing_runs_before_what_it_stands_on() -> None:
    assert SERVICES["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in ("service", "feeder"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_service_is_asked_whether_it_is_alive_and_ready() -> None:
    test = SERVICES["service"]["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "-c"]
    assert re.findall(r'"(/\w+)"', test[3]) == ["/healthz", "/readyz"]
    port = SERVICES["service"]["environment"]["EJD_PORT"]
    assert f"http://127.0.0.1:{port}" in test[3]
    assert all(published.endswith(f":{port}") for published in SERVICES["service"]["ports"])
    compile(test[3], "healthcheck", "exec")


def test_images_are_pinned() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert "postgres:18" in images
    assert all(":" in image and not image.endswith(":latest") for image in images), images


def test_no_secret_has_a_default() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET_NAME.search(name):
                assert REQUIRED_VARIABLE.fullmatch(value), f"{name} must be asked for, not given"
    passwords = [found["password"] for found in URL_WITH_PASSWORD.finditer(COMPOSE_TEXT)]
    assert passwords
    assert all(REQUIRED_VARIABLE.fullmatch(password) for password in passwords)
    assert not SECRET_NAME.search(DOCKERFILE)


def test_the_image_runs_from_the_lock_and_not_as_root() -> None:
    assert "uv sync --frozen --no-dev" in DOCKERFILE
    assert re.search(r"^USER (?!root)\w+$", DOCKERFILE, re.MULTILINE)
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), f"the Dockerfile copies {source}, which is not here"


def test_the_script_makes_a_role_that_can_only_log_in(postgres_server: PostgresServer) -> None:
    """Run the statements of compose.yaml by hand, as `psql` in the image would."""
    script: str = COMPOSE["configs"]["service-role"]["content"]
    subprocess.run(["/bin/sh", "-n"], input=script.replace("$$", "$"), text=True, check=True)
    statements = script.partition("<<'SQL'\n")[2].partition("\nSQL")[0]
    role = postgres_server.new_name("service")
    with postgres.database(postgres_server) as fresh:
        words = {
            "ejd_service": role,
            "DATABASE ejd ": f"DATABASE {fresh.name} ",
            ":'password'": "'for this test'",
        }
        for word, ours in words.items():
            statements = statements.replace(word, ours)
        with psycopg.connect(fresh.dsn) as connection:
            connection.execute(statements.encode())
        try:
            with psycopg.connect(fresh.dsn_as(role, "for this test")) as connection:
                with pytest.raises(psycopg.errors.InvalidSchemaName):  # it may not even look into public
                    connection.execute("CREATE TABLE own (word text)")
                connection.rollback()
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("CREATE SCHEMA own")
        finally:
            with psycopg.connect(fresh.dsn) as connection:
                connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
