-- Deliveries that were made after their event, of which the range of ids that follows the event's knows nothing.
CREATE TABLE replays (
    id       INTEGER PRIMARY KEY,
    event_id INTEGER NOT NULL
) STRICT;
CREATE INDEX replays_event ON replays (event_id);
