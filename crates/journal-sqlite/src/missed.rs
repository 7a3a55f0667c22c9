//! Events that a page missed while it was away.

use crate::column::{key, number};
use crate::events;
use crate::failure::{CommandError, CommandResult};
use footbridge_journal::MissedEvents;
use footbridge_model::id::EventId;
use footbridge_model::name::AppName;
use rusqlite::{Connection, params};

/// The most deliveries that are searched. A page that was away for longer begins anew instead.
const LOOK: u32 = 20_000;

/// No other session appends events.
const HORIZON: EventId = EventId::from_number(u64::MAX);

/// Returns the events after `after` that hooks of this app got, oldest first, without those from before its
/// generation.
pub(crate) fn missed_events(
    conn: &Connection,
    app: &AppName,
    generation: u64,
    after: EventId,
    limit: u32,
) -> CommandResult<MissedEvents> {
    let mut oldest = conn.prepare_cached("SELECT min(id) FROM events")?;
    let oldest: Option<i64> = oldest.query_row([], |row| row.get(0))?;
    let old = oldest.is_none_or(|oldest| key(after.number()) < oldest);
    let floor = after.number().max(generation);
    // The deliveries of an event have the ids that follow its own, so those of later events come later. A hook
    // that is not gone is the app's; one that is gone may have been that of an app of this name before. A replay
    // is no new event.
    let sql = "SELECT d.event_id, coalesce(h.app = ?2 AND (h.gone_after IS NULL OR h.id > ?4), 0) AND r.id IS NULL, d.id FROM
                   (SELECT id, event_id, hook_id FROM deliveries WHERE id > ?1 ORDER BY id LIMIT ?3) d
               LEFT JOIN hooks h ON h.id = d.hook_id LEFT JOIN replays r ON r.id = d.id ORDER BY d.id";
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query(params![key(floor), app.key(), LOOK, key(generation)])?;
    let (mut found, mut seen) = (Vec::new(), 0);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    while let Some(row) = rows.next()?.filter(|_| found.len() <= most) {
        seen += 1;
        let (event, its): (i64, bool) = (row.get(0)?, row.get(1)?);
        if its && event > key(floor) && found.last() != Some(&event) {
            found.push(event);
        }
    }
    let gap = seen >= LOOK;
    let more = found.len() > most;
    found.truncate(most);
    let mut since = MissedEvents {
        events: Vec::with_capacity(found.len()),
        more,
        gap: gap && !more || old,
        horizon: HORIZON,
    };
    for id in found {
        match events::one(conn, EventId::from_number(number(id))) {
            Ok(Some(view)) => since.events.push(view.event),
            Ok(None) | Err(CommandError::Refused(_)) => since.gap = true,
            Err(error) => return Err(error),
        }
    }
    Ok(since)
}
