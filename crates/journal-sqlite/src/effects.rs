//! The events and exchanges that an event has caused.

use crate::column::{key, number};
use crate::failure::CommandResult;
use footbridge_journal::{Effect, EffectKind};
use footbridge_model::id::EventId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::{Connection, params};

const EVENTS: &str = "SELECT id, name, publisher, time FROM events INDEXED BY events_cause WHERE cause = ?1 ORDER BY id LIMIT ?2";
const EXCHANGES: &str = "SELECT id, event_type, sender, at FROM exchanges INDEXED BY exchanges_cause WHERE cause = ?1 ORDER BY id LIMIT ?2";

/// Returns what an event has caused directly, oldest first.
pub(crate) fn of(conn: &Connection, event: EventId, limit: u32) -> CommandResult<Vec<Effect>> {
    let mut effects = Vec::new();
    for (kind, sql) in [(EffectKind::Event, EVENTS), (EffectKind::Exchange, EXCHANGES)] {
        let mut select = conn.prepare_cached(sql)?;
        let rows = select.query_map(params![key(event.number()), limit], |row| {
            let app: String = row.get(2)?;
            let (number, name, at) = (number(row.get(0)?), row.get(1)?, Millis(row.get(3)?));
            Ok(Effect { kind, number, name, app: AppName::trusted(&app), at })
        })?;
        for row in rows {
            effects.push(row?);
        }
    }
    effects.sort_by_key(|effect| effect.number);
    Ok(effects)
}
