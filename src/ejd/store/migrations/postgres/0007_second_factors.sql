-- Second factors, beside the events that name them: a sealed secret or a public key, digests of recovery codes, and
-- what somebody has begun and must go on with soon. Times: microseconds since 1970 UTC.
CREATE TABLE factors (
    account text COLLATE "C" NOT NULL,
    factor text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    secret text COLLATE "C" NOT NULL,
    counter bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (account, factor)
);

CREATE TABLE recovery_codes (
    account text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, code)
);

CREATE TABLE tickets (
    digest text COLLATE "C" NOT NULL PRIMARY KEY,
    account text COLLATE "C" NOT NULL,
    what text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    session text COLLATE "C" NOT NULL,
    secret text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX tickets_end ON tickets (expires_at);
