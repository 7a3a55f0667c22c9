-- Checksums of what must come back as it was written; null in rows that are older than this.
--
-- `deliveries.sum` covers what names the delivery, its event and its hook, which never change; `exchanges.sum` covers
-- the answer that is repeated.
ALTER TABLE events ADD COLUMN sum INTEGER;
ALTER TABLE deliveries ADD COLUMN sum INTEGER;
ALTER TABLE exchanges ADD COLUMN sum INTEGER;
ALTER TABLE hooks ADD COLUMN sum INTEGER;
ALTER TABLE apps ADD COLUMN sum INTEGER;
ALTER TABLE links ADD COLUMN sum INTEGER;
ALTER TABLE keys ADD COLUMN sum INTEGER;
