-- Where events and exchanges come from. `via`: null api, 1 page, 2 function, 3 system, 4 console. `test` is null or 1.
-- `trace` are the fields of `traceparent`: trace, span and flags.
ALTER TABLE events ADD COLUMN via INTEGER;
ALTER TABLE events ADD COLUMN test INTEGER;
ALTER TABLE events ADD COLUMN trace BLOB;
ALTER TABLE exchanges ADD COLUMN via INTEGER;
ALTER TABLE exchanges ADD COLUMN test INTEGER;
ALTER TABLE exchanges ADD COLUMN trace BLOB;
ALTER TABLE exchanges ADD COLUMN cause INTEGER;
-- The HTTP status of the recipient's answer.
ALTER TABLE exchanges ADD COLUMN answer_status INTEGER;
-- How long the last attempt took, in milliseconds; null in rows that are older than this.
ALTER TABLE deliveries ADD COLUMN last_ms INTEGER;
