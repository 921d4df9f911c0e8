-- Why a notice is not sent: the family's consent is missing. Such a row is never marked as sent.
ALTER TABLE outbox ADD COLUMN withheld text COLLATE "C";

-- Who looked at whose personal data: one row for each answer. Whom it named stands once for all answers that name the
-- same people (`people`: their ids, 16 bytes each, ascending, deflated), and by person for "who looked at this pupil".
CREATE TABLE looks (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    viewer text COLLATE "C" NOT NULL,
    roles text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    question text COLLATE "C" NOT NULL,
    asked text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    people bigint NOT NULL,
    set_id text COLLATE "C" NOT NULL
);
CREATE INDEX looks_set ON looks (set_id, number);
CREATE INDEX looks_account ON looks (account, at);

CREATE TABLE look_sets (
    set_id text COLLATE "C" NOT NULL PRIMARY KEY,
    people bytea NOT NULL
);

CREATE TABLE look_members (
    person text COLLATE "C" NOT NULL,
    set_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (person, set_id)
);

DO $$
DECLARE kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['looks', 'look_sets', 'look_members'] LOOP
        EXECUTE format('CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', kept);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER no_change', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER no_truncate', kept);
    END LOOP;
END;
$$;
