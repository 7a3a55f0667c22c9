//! The table of events.

use crate::checksum::{self, Checksum};
use crate::column::{CANCELLED, key, number};
use crate::failure::{CommandError, CommandResult};
use crate::keys::{self, KeyLookup};
use crate::lineage;
use crate::provenance;
use crate::txn::Txn;
use bytes::Bytes;
use footbridge_journal::{Appended, EventView, NewEvent, StatusCounts};
use footbridge_model::event::Event;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::id::EventId;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Millis;
use rusqlite::{Connection, Row, params};

/// Stores an event, its deliveries and its key.
pub(crate) fn append(txn: &mut Txn<'_>, new: &NewEvent) -> CommandResult<Appended> {
    let event = &new.event;
    if let Some(used) = &new.key {
        match keys::find(txn, used, event.time)? {
            KeyLookup::Nothing => {}
            KeyLookup::Event(accepted) => return Ok(Appended::Replay(accepted)),
            KeyLookup::Other | KeyLookup::Exchange(_) => return Ok(Appended::Mismatch),
        }
    }
    let (taken, skipped) = (length(&new.deliveries), length(&new.skipped));
    // Skipped deliveries have ids of this event too.
    let count = taken.saturating_add(skipped);
    let headers = headers_text(&event.headers);
    let (via, test, trace) = provenance::values(event.provenance);
    txn.run(
        "INSERT INTO events (id, time, publisher, name, deliveries, headers, body, depth, cause, root, sum, via, test, trace)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            key(event.id.number()),
            event.time.0,
            event.publisher.as_str(),
            event.name.as_str(),
            count,
            headers,
            &event.body[..],
            event.lineage.depth,
            event.lineage.cause.map(|id| key(id.number())),
            event.lineage.root.map(|id| key(id.number())),
            sum_of(event, count, headers.as_deref()).value(),
            via,
            test,
            trace,
        ],
    )?;
    insert_deliveries(txn, new)?;
    if let Some(used) = &new.key {
        keys::put(txn, used, event.id.number(), event.time, Some(taken))?;
    }
    txn.state.account.accepted += u64::from(count);
    txn.state.account.pending += u64::from(taken);
    txn.state.account.cancelled += u64::from(skipped);
    Ok(Appended::Stored)
}

fn sum_of(event: &Event, deliveries: u32, headers: Option<&str>) -> Checksum {
    Checksum::default()
        .number(key(event.id.number()))
        .number(event.time.0)
        .text(event.publisher.as_str())
        .text(event.name.as_str())
        .number(i64::from(deliveries))
        .optional(headers)
        .bytes(&event.body)
}

fn length<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

fn insert_deliveries(txn: &Txn<'_>, new: &NewEvent) -> CommandResult<()> {
    let mut insert = txn.conn.prepare_cached(
        "INSERT INTO deliveries (id, event_id, hook_id, status, ordered, attempts, attempts_base, next_at, sum)
         VALUES (?1, ?2, ?3, 0, ?4, 0, 0, ?5, ?6)",
    )?;
    let event = key(new.event.id.number());
    for delivery in &new.deliveries {
        let hook = key(delivery.hook_id.number());
        let ordered = txn.state.ordered.contains(&hook);
        let id = key(delivery.id.number());
        let sum = checksum::of_delivery(id, event, hook).value();
        insert.execute(params![id, event, hook, ordered, new.event.time.0, sum])?;
    }
    for (delivery, reason) in &new.skipped {
        let (id, hook) = (key(delivery.id.number()), key(delivery.hook_id.number()));
        let sum = checksum::of_delivery(id, event, hook).value();
        txn.run(
            "INSERT INTO deliveries (id, event_id, hook_id, status, ordered, attempts, attempts_base, last_error, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?7)",
            params![id, event, hook, CANCELLED, txn.state.ordered.contains(&hook), reason, sum],
        )?;
    }
    Ok(())
}

fn headers_text(headers: &PublishHeaders) -> Option<String> {
    // Pairs of strings always serialise.
    (!headers.is_empty()).then(|| serde_json::to_string(&headers.pairs()).unwrap_or_default())
}

fn headers(text: Option<&str>) -> CommandResult<PublishHeaders> {
    let Some(text) = text else { return Ok(PublishHeaders::default()) };
    let pairs: Vec<(String, String)> = serde_json::from_str(text)
        .map_err(|_| CommandError::damaged("the headers of an event are not readable"))?;
    Ok(PublishHeaders::from_stored(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
}

/// The columns that [`view`] needs. `body` is the column or what stands for it.
fn columns(body: &str) -> String {
    let (lineage, provenance) = (lineage::COLUMNS, provenance::COLUMNS);
    format!("id, time, publisher, name, deliveries, headers, {body}, {lineage}, sum, {provenance}")
}

const LINEAGE_AT: usize = 7;
const SUM_AT: usize = 10;
const PROVENANCE_AT: usize = 11;

fn view(row: &Row<'_>) -> CommandResult<EventView> {
    let text = |place| row.get_ref(place).and_then(|value| Ok(value.as_str()?));
    let event = Event {
        id: EventId::from_number(number(row.get(0)?)),
        time: Millis(row.get(1)?),
        publisher: AppName::trusted(text(2)?),
        name: EventName::trusted(text(3)?),
        headers: headers(row.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?)?,
        body: Bytes::from(row.get::<_, Vec<u8>>(6)?),
        lineage: lineage::read(row, LINEAGE_AT)?,
        provenance: provenance::read(row, PROVENANCE_AT)?,
    };
    Ok(EventView { event, deliveries: row.get(4)?, statuses: StatusCounts::default() })
}

/// Reads the event with this id.
pub(crate) fn one(conn: &Connection, id: EventId) -> CommandResult<Option<EventView>> {
    let mut select = conn.prepare_cached(&format!("SELECT {} FROM events WHERE id = ?1", columns("body")))?;
    let mut rows = select.query([key(id.number())])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let found = view(row)?;
    let headers = row.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    sum_of(&found.event, found.deliveries, headers).check(row.get(SUM_AT)?, || format!("the event {id}"))?;
    Ok(Some(found))
}

/// Reads the event with this id, but for its body.
pub(crate) fn without_body(conn: &Connection, id: EventId) -> CommandResult<Option<EventView>> {
    let mut select = conn.prepare_cached(&format!("SELECT {} FROM events WHERE id = ?1", columns("x''")))?;
    let mut rows = select.query([key(id.number())])?;
    rows.next()?.map(view).transpose()
}
