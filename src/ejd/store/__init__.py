"""The event store: envelope, append, read, follow, idempotency; one adapter each for SQLite and PostgreSQL."""
