-- How often the values of credentials were used. `kind`: 0 token, 1 secret key, 2 signing secret. `id`: the number of the
-- value, which says nothing about the value.
CREATE TABLE credential_uses (
    app     TEXT NOT NULL,
    kind    INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (app, kind, id)
) STRICT, WITHOUT ROWID;
