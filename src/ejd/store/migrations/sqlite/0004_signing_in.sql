-- Signing in: the only tables beside reservations and outbox whose rows change. Secrets stand in no event: hashes and
-- digests stand here, by account and by the id that the event has. Times: microseconds since 1970 UTC.
CREATE TABLE passwords (
    account TEXT NOT NULL,
    credential TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (account, credential)
) WITHOUT ROWID;

CREATE TABLE codes (
    account TEXT NOT NULL,
    code TEXT NOT NULL,
    digest TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account, code)
) WITHOUT ROWID;

CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    factors TEXT NOT NULL,
    client TEXT NOT NULL,
    new_device INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account, created_at);
CREATE INDEX sessions_created ON sessions (created_at);

CREATE TABLE devices (
    device TEXT NOT NULL,
    account TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (device, account)
) WITHOUT ROWID;
CREATE INDEX devices_account ON devices (account);
CREATE INDEX devices_seen ON devices (seen_at);

CREATE TABLE guesses (
    key TEXT NOT NULL PRIMARY KEY,
    tries INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX guesses_until ON guesses (until);

CREATE TABLE token_uses (
    token TEXT NOT NULL PRIMARY KEY,
    used_on TEXT NOT NULL
) WITHOUT ROWID;
