-- Jobs: the same act on many deliveries. `spec` is what was asked for and `progress` how far it is, both as JSON.
-- `open` is 1 while the job changes further deliveries, or waits for the end of attempts.
CREATE TABLE jobs (
    id       INTEGER PRIMARY KEY,
    open     INTEGER NOT NULL,
    state    TEXT NOT NULL,
    spec     TEXT NOT NULL,
    progress TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_open ON jobs (id) WHERE open = 1;

-- One delivery or event that a job has dealt with. `outcome`: 0 waiting, 1 ok, 2 failed, 3 skipped.
CREATE TABLE job_items (
    job      INTEGER NOT NULL,
    source   INTEGER NOT NULL,
    delivery INTEGER,
    event    INTEGER NOT NULL,
    app      TEXT NOT NULL,
    outcome  INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    text     TEXT,
    PRIMARY KEY (job, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_items_waiting ON job_items (job, source) WHERE outcome = 0;
