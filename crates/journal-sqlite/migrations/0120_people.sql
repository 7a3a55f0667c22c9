-- Who administers the server: users, roles, tokens, sessions, and links that sign in once.
CREATE TABLE users (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    email        TEXT,
    role         TEXT,
    enabled      INTEGER NOT NULL,
    password     TEXT,
    issuer       TEXT,
    subject      TEXT,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER,
    UNIQUE (issuer, subject)
) STRICT;
-- Permissions are words with blanks between them, and so are the names of apps.
CREATE TABLE roles (
    name        TEXT PRIMARY KEY,
    permissions TEXT NOT NULL,
    apps        TEXT
) STRICT, WITHOUT ROWID;
-- Of a token, a cookie and a link only the SHA-256 is stored.
CREATE TABLE api_tokens (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    digest       BLOB NOT NULL UNIQUE,
    permissions  TEXT NOT NULL,
    apps         TEXT,
    user         INTEGER,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE TABLE console_sessions (
    id      INTEGER PRIMARY KEY,
    digest  BLOB NOT NULL UNIQUE,
    user    INTEGER,
    made_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    address TEXT,
    agent   TEXT NOT NULL
) STRICT;
CREATE TABLE sign_in_links (
    digest     BLOB PRIMARY KEY,
    user       INTEGER,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
