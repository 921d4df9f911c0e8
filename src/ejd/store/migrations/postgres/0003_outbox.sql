-- What people are to be told (channels come later). The key says what about whom: it is written once, by whichever process.
CREATE TABLE outbox (
    key text COLLATE "C" NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    sent_at bigint
);
CREATE INDEX outbox_created ON outbox (created_at, key);

CREATE INDEX IF NOT EXISTS directory_person ON directory (person, kind, first_position) WHERE person <> '';
