-- Signing in: the only tables beside reservations and outbox whose rows change. Secrets stand in no event: hashes and
-- digests stand here, by account and by the id that the event has. Times: microseconds since 1970 UTC.
CREATE TABLE passwords (
    account text COLLATE "C" NOT NULL,
    credential text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, credential)
);

CREATE TABLE codes (
    account text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (account, code)
);

CREATE TABLE sessions (
    digest text COLLATE "C" NOT NULL PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    account text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    created_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    authenticated_at bigint NOT NULL,
    factors text COLLATE "C" NOT NULL,
    client text COLLATE "C" NOT NULL,
    new_device bigint NOT NULL
);
CREATE INDEX sessions_account ON sessions (account, created_at);
CREATE INDEX sessions_created ON sessions (created_at);

CREATE TABLE devices (
    device text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    seen_at bigint NOT NULL,
    PRIMARY KEY (device, account)
);
CREATE INDEX devices_account ON devices (account);
CREATE INDEX devices_seen ON devices (seen_at);

CREATE TABLE guesses (
    key text COLLATE "C" NOT NULL PRIMARY KEY,
    tries bigint NOT NULL,
    since bigint NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX guesses_until ON guesses (until);

CREATE TABLE token_uses (
    token text COLLATE "C" NOT NULL PRIMARY KEY,
    used_on text COLLATE "C" NOT NULL
);
