-- What people are to be told (channels come later). The key says what about whom: it is written once, by whichever process.
CREATE TABLE outbox (
    key TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    about TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER
) WITHOUT ROWID;
CREATE INDEX outbox_created ON outbox (created_at, key);

CREATE INDEX IF NOT EXISTS directory_person ON directory (person, kind, first_position) WHERE person <> '';
