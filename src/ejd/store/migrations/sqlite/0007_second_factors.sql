-- Second factors, beside the events that name them: a sealed secret or a public key, digests of recovery codes, and
-- what somebody has begun and must go on with soon. Times: microseconds since 1970 UTC.
CREATE TABLE factors (
    account TEXT NOT NULL,
    factor TEXT NOT NULL,
    title TEXT NOT NULL,
    secret TEXT NOT NULL,
    counter INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account, factor)
) WITHOUT ROWID;

CREATE TABLE recovery_codes (
    account TEXT NOT NULL,
    code TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (account, code)
) WITHOUT ROWID;

CREATE TABLE tickets (
    digest TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    what TEXT NOT NULL,
    generation INTEGER NOT NULL,
    session TEXT NOT NULL,
    secret TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tickets_end ON tickets (expires_at);
