-- Why a notice is not sent: the family's consent is missing. Such a row is never marked as sent.
ALTER TABLE outbox ADD COLUMN withheld TEXT;

-- Who looked at whose personal data: one row for each answer. Whom it named stands once for all answers that name the
-- same people (`people`: their ids, 16 bytes each, ascending, deflated), and by person for "who looked at this pupil".
CREATE TABLE looks (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    account TEXT NOT NULL,
    viewer TEXT NOT NULL,
    roles TEXT NOT NULL,
    session TEXT NOT NULL,
    question TEXT NOT NULL,
    asked TEXT NOT NULL,
    reason TEXT NOT NULL,
    people INTEGER NOT NULL,
    set_id TEXT NOT NULL
);
CREATE INDEX looks_set ON looks (set_id, number);
CREATE INDEX looks_account ON looks (account, at);

CREATE TABLE look_sets (
    set_id TEXT NOT NULL PRIMARY KEY,
    people BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE look_members (
    person TEXT NOT NULL,
    set_id TEXT NOT NULL,
    PRIMARY KEY (person, set_id)
) WITHOUT ROWID;

CREATE TRIGGER looks_no_update BEFORE UPDATE ON looks
BEGIN SELECT RAISE(ABORT, 'looks are never changed'); END;
CREATE TRIGGER looks_no_delete BEFORE DELETE ON looks
BEGIN SELECT RAISE(ABORT, 'looks are never deleted'); END;
CREATE TRIGGER look_sets_no_update BEFORE UPDATE ON look_sets
BEGIN SELECT RAISE(ABORT, 'looks are never changed'); END;
CREATE TRIGGER look_sets_no_delete BEFORE DELETE ON look_sets
BEGIN SELECT RAISE(ABORT, 'looks are never deleted'); END;
CREATE TRIGGER look_members_no_update BEFORE UPDATE ON look_members
BEGIN SELECT RAISE(ABORT, 'looks are never changed'); END;
CREATE TRIGGER look_members_no_delete BEFORE DELETE ON look_members
BEGIN SELECT RAISE(ABORT, 'looks are never deleted'); END;
