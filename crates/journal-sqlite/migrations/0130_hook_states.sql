-- The pause of a hook's lane: `[at, by, reason]`. How a hook was switched off: `[at, by]`, without `by` for a 410.
ALTER TABLE hooks ADD COLUMN paused TEXT;
ALTER TABLE hooks ADD COLUMN off TEXT;
