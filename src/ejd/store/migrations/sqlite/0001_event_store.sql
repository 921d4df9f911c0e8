-- Positions are an explicit rowid: they ascend in commit order and nothing may assume that they are dense.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL CHECK (originator_version >= 0),
    topic TEXT NOT NULL,
    state BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    command_id TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    caused_by TEXT NOT NULL,
    salt BLOB NOT NULL
);
CREATE UNIQUE INDEX events_stream ON events (originator_id, originator_version);
CREATE INDEX events_actor ON events (actor, recorded_at);

-- The id stands first, so that the ids of a whole group of commits are looked up without their accounts.
CREATE TABLE commands (
    command_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    batch_id TEXT NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (command_id, actor)
) WITHOUT ROWID;
CREATE INDEX commands_batch ON commands (batch_id) WHERE batch_id <> '';

CREATE TABLE batches (
    batch_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (batch_id, actor)
) WITHOUT ROWID;

CREATE TABLE directory (
    first_position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    journal TEXT NOT NULL,
    class_id TEXT NOT NULL,
    person TEXT NOT NULL,
    year TEXT NOT NULL,
    date TEXT NOT NULL
);
CREATE INDEX directory_journal ON directory (journal, kind, first_position) WHERE journal <> '';

CREATE TABLE reservations (
    key TEXT NOT NULL PRIMARY KEY,
    stream TEXT NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER directory_no_update BEFORE UPDATE ON directory
BEGIN SELECT RAISE(ABORT, 'the directory is never changed'); END;
CREATE TRIGGER directory_no_delete BEFORE DELETE ON directory
BEGIN SELECT RAISE(ABORT, 'the directory forgets nothing'); END;
CREATE TRIGGER commands_no_update BEFORE UPDATE ON commands
BEGIN SELECT RAISE(ABORT, 'stored answers are never changed'); END;
CREATE TRIGGER commands_no_delete BEFORE DELETE ON commands
BEGIN SELECT RAISE(ABORT, 'stored answers are never deleted'); END;
CREATE TRIGGER batches_no_update BEFORE UPDATE ON batches
BEGIN SELECT RAISE(ABORT, 'stored answers are never changed'); END;
CREATE TRIGGER batches_no_delete BEFORE DELETE ON batches
BEGIN SELECT RAISE(ABORT, 'stored answers are never deleted'); END;
