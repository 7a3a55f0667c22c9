-- Statistics of traffic: who sent what to whom, by minute and by hour.

-- `recipient` is empty for the acceptance of an event. `way`: 0 page, 1 publish, 2 exchange.
CREATE TABLE traffic_edges (
    id        INTEGER PRIMARY KEY,
    sender    TEXT NOT NULL,
    name      TEXT NOT NULL,
    recipient TEXT NOT NULL,
    way       INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    UNIQUE (sender, name, recipient, way)
) STRICT;

-- The sums of an edge in the minute (`hourly` 0) or hour (1) that begins at `at`. The columns from `l00` on count
-- latencies by class, whose bounds `model/traffic.rs` has.
CREATE TABLE traffic (
    hourly   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    edge     INTEGER NOT NULL,
    events   INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    ok       INTEGER NOT NULL,
    failed   INTEGER NOT NULL,
    dead     INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    first_ok INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    l00 INTEGER NOT NULL,
    l01 INTEGER NOT NULL,
    l02 INTEGER NOT NULL,
    l03 INTEGER NOT NULL,
    l04 INTEGER NOT NULL,
    l05 INTEGER NOT NULL,
    l06 INTEGER NOT NULL,
    l07 INTEGER NOT NULL,
    l08 INTEGER NOT NULL,
    l09 INTEGER NOT NULL,
    l10 INTEGER NOT NULL,
    l11 INTEGER NOT NULL,
    l12 INTEGER NOT NULL,
    l13 INTEGER NOT NULL,
    l14 INTEGER NOT NULL,
    l15 INTEGER NOT NULL,
    l16 INTEGER NOT NULL,
    l17 INTEGER NOT NULL,
    l18 INTEGER NOT NULL,
    l19 INTEGER NOT NULL,
    PRIMARY KEY (hourly, at, edge)
) STRICT, WITHOUT ROWID;
