-- Who changed what, when and from where. An entry is written in the transaction of its change, and holds no secret.
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY,
    who_kind    TEXT NOT NULL,
    who         TEXT NOT NULL,
    address     TEXT,
    action      TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object      TEXT NOT NULL,
    before      TEXT,
    after       TEXT,
    note        TEXT
) STRICT;
