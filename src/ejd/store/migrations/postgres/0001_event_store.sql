-- Collation "C": ids and keys are compared as bytes, on every server the same way, and faster.
CREATE TABLE events (
    position bigint NOT NULL PRIMARY KEY,
    originator_id text COLLATE "C" NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version >= 0),
    topic text COLLATE "C" NOT NULL,
    state bytea NOT NULL,
    recorded_at bigint NOT NULL,
    actor text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    client text COLLATE "C" NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    caused_by text COLLATE "C" NOT NULL,
    salt bytea NOT NULL
);
CREATE UNIQUE INDEX events_stream ON events (originator_id, originator_version);
CREATE INDEX events_actor ON events (actor, recorded_at);

-- The id stands first, so that the ids of a whole group of commits are looked up without their accounts.
CREATE TABLE commands (
    command_id text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    body_hash bytea NOT NULL,
    batch_id text COLLATE "C" NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    recorded_at bigint NOT NULL,
    PRIMARY KEY (command_id, actor)
);
CREATE INDEX commands_batch ON commands (batch_id) WHERE batch_id <> '';

CREATE TABLE batches (
    batch_id text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    recorded_at bigint NOT NULL,
    PRIMARY KEY (batch_id, actor)
);

CREATE TABLE directory (
    first_position bigint NOT NULL PRIMARY KEY,
    stream text COLLATE "C" NOT NULL UNIQUE,
    kind text COLLATE "C" NOT NULL,
    journal text COLLATE "C" NOT NULL,
    class_id text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    year text COLLATE "C" NOT NULL,
    date text COLLATE "C" NOT NULL
);
CREATE INDEX directory_journal ON directory (journal, kind, first_position) WHERE journal <> '';

CREATE TABLE reservations (
    key text COLLATE "C" NOT NULL PRIMARY KEY,
    stream text COLLATE "C" NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END;
$$;

-- Triggers of the owner, always firing: also for a role that was given UPDATE or DELETE by mistake.
DO $$
DECLARE kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['events', 'commands', 'batches', 'directory'] LOOP
        EXECUTE format('CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', kept);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER no_change', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER no_truncate', kept);
    END LOOP;
END;
$$;
