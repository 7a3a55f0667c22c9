-- Which event caused an event, the first of that chain, and how many led to it.
ALTER TABLE events ADD COLUMN cause INTEGER;
ALTER TABLE events ADD COLUMN root INTEGER;
ALTER TABLE events ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
