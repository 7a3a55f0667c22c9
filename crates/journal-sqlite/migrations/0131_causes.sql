-- What an event has caused. Most events and exchanges have no cause.
CREATE INDEX events_cause ON events (cause) WHERE cause IS NOT NULL;
CREATE INDEX exchanges_cause ON exchanges (cause) WHERE cause IS NOT NULL;
