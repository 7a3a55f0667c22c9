-- Saved views of the console: a screen with its filter. Each owner has views of their own.
CREATE TABLE views (
    owner  TEXT NOT NULL,
    name   TEXT NOT NULL,
    screen TEXT NOT NULL,
    query  TEXT NOT NULL,
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;
