-- The first shape of the journal.
--
-- Every id is a number that grows with time, so each table is appended to at its end, and a range of
-- ids is a span of time. Times are milliseconds since the Unix epoch.

-- Single facts: `key_check`, sealed, tells a wrong master key from a right one; `highest_id` keeps
-- ids growing once the rows that held the highest were deleted.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Deliveries by where they stand, written in the transaction that moves them; one row.
CREATE TABLE account (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    accepted   INTEGER NOT NULL,
    pending    INTEGER NOT NULL,
    delivered  INTEGER NOT NULL,
    unanswered INTEGER NOT NULL,
    dead       INTEGER NOT NULL,
    cancelled  INTEGER NOT NULL
) STRICT;
INSERT INTO account VALUES (1, 0, 0, 0, 0, 0, 0);

-- What an app is, as JSON, and all its secrets, sealed together.
CREATE TABLE apps (
    name     TEXT PRIMARY KEY,
    settings TEXT NOT NULL,
    secrets  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    host       TEXT NOT NULL,
    miniapp    TEXT NOT NULL,
    enabled    INTEGER NOT NULL,
    origin     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (host, miniapp)
) STRICT, WITHOUT ROWID;

-- A gone hook stays while deliveries name it: `gone_after` is the highest delivery when it went.
CREATE TABLE hooks (
    id         INTEGER PRIMARY KEY,
    app        TEXT NOT NULL,
    publisher  TEXT NOT NULL,
    event      TEXT NOT NULL,
    route      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    transient  INTEGER NOT NULL,
    origin     INTEGER NOT NULL,
    enabled    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    answer     TEXT NOT NULL,
    in_flight  INTEGER NOT NULL,
    ordered    INTEGER NOT NULL,
    gone_after INTEGER
) STRICT;

-- The deliveries of an event have the ids `id + 1` to `id + deliveries`. The body stands last, so
-- that lists need not read past it.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY,
    time       INTEGER NOT NULL,
    publisher  TEXT NOT NULL,
    name       TEXT NOT NULL,
    deliveries INTEGER NOT NULL,
    headers    TEXT,
    body       BLOB NOT NULL
) STRICT;

-- `status`: 0 pending, 1 delivered, 2 unanswered, 3 dead, 4 cancelled. `attempt_log` is appended to:
-- `[n,at,status,error,ms]` with commas between, so that a result is one row's update.
CREATE TABLE deliveries (
    id            INTEGER PRIMARY KEY,
    event_id      INTEGER NOT NULL,
    hook_id       INTEGER NOT NULL,
    status        INTEGER NOT NULL,
    ordered       INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    attempts_base INTEGER NOT NULL,
    next_at       INTEGER,
    last_status   INTEGER,
    last_error    TEXT,
    attempt_log   TEXT
) STRICT;

-- What a lane asks for: the pending ones of its hook, first due first. Ended ones leave it, so it is
-- as small as the backlog.
CREATE INDEX deliveries_due ON deliveries (hook_id, next_at) WHERE status = 0;
-- The same in the order of ids. Only hooks that ask for order pay for it.
CREATE INDEX deliveries_in_order ON deliveries (hook_id) WHERE status = 0 AND ordered = 1;
-- Dead ones, by hook and by age, to count them and to retry them in bulk.
CREATE INDEX deliveries_dead ON deliveries (hook_id) WHERE status = 3;
CREATE INDEX deliveries_dead_age ON deliveries (status) WHERE status = 3;

-- `state`: 0 running, 1 answered, 2 failed. `status` to `retry_after` tell a failure.
CREATE TABLE exchanges (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    to_host      INTEGER NOT NULL,
    sender       TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    event_type   TEXT NOT NULL,
    state        INTEGER NOT NULL,
    ms           INTEGER,
    status       INTEGER,
    code         TEXT,
    message      TEXT,
    retry_after  INTEGER,
    answer_until INTEGER,
    answer       BLOB
) STRICT;
CREATE INDEX exchanges_running ON exchanges (state) WHERE state = 0;
CREATE INDEX exchanges_kept ON exchanges (answer_until) WHERE answer_until IS NOT NULL;

-- Idempotency keys. What a publisher was told stands here too, since the key may outlive its event;
-- for an exchange `id` is the exchange's and `deliveries` is null.
CREATE TABLE keys (
    scope       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    until       INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    deliveries  INTEGER,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_until ON keys (until);
CREATE INDEX keys_exchange ON keys (id) WHERE deliveries IS NULL;
