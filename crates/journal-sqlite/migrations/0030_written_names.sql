-- Names of apps are compared without case and shown as they were registered. `apps.name`, `links` and `hooks.app` hold
-- the lower-cased name; `events.publisher` and the two of `exchanges` hold it as it was written then.
ALTER TABLE apps ADD COLUMN written TEXT;
