"""Who may do what in a school's schema on PostgreSQL: the owner makes the tables, the service only adds to them."""

from __future__ import annotations

import psycopg
from psycopg import sql

from ejd.store.postgres import check_schema_name
from ejd.store.schema import migrate_postgres

GRANTS = (
    "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC",
    "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {role}",
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC",
    "REVOKE CREATE ON SCHEMA {schema} FROM {role}",
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT ON {schema}.schema_version TO {role}",
    "GRANT SELECT, INSERT ON {schema}.events, {schema}.commands, {schema}.batches, {schema}.directory TO {role}",
    "GRANT SELECT, INSERT, DELETE ON {schema}.reservations TO {role}",
    "GRANT SELECT, INSERT ON {schema}.outbox TO {role}",
    "GRANT SELECT, INSERT ON {schema}.looks, {schema}.look_sets, {schema}.look_members TO {role}",
    "GRANT UPDATE (sent_at) ON {schema}.outbox TO {role}",
    *(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {{schema}}.{table} TO {{role}}"
        for table in (
            "passwords",
            "codes",
            "sessions",
            "devices",
            "guesses",
            "token_uses",
            "factors",
            "recovery_codes",
            "tickets",
        )
    ),
)
"""All that the service needs: advisory locks, LISTEN and NOTIFY take no privilege, positions no sequence."""


def provision(owner_dsn: str, schema: str, service_role: str | None) -> None:
    """Make or migrate a school's tables as their owner, and give the service's existing role what it needs.

    Without a role only the owner can use the store: for tests and measurements.
    """
    migrate_postgres(owner_dsn, check_schema_name(schema))
    if service_role is None:
        return
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(service_role)}
    with psycopg.connect(owner_dsn) as connection:
        for statement in GRANTS:
            connection.execute(sql.SQL(statement).format(**names))
