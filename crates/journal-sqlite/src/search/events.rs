//! Searches of events, and the statuses of their deliveries.

use super::hook_apps::HookApps;
use super::range::{IdRange, clock};
use crate::column::{key, number, status};
use crate::events;
use crate::failure::CommandResult;
use crate::provenance;
use footbridge_journal::{Collector, EventFilter, EventView, Found, Search, StatusCounts};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId, HookId, nth};
use footbridge_model::provenance::Provenance;
use footbridge_model::query::{AnyId, Condition, DeliveryFacts, EventFacts, Query};
use rusqlite::{Connection, OptionalExtension as _, Row};
use std::rc::Rc;

/// The columns that decide, of which the body and the provenance are read only if the query asks for them.
fn sql(query: &Query, direction: &str) -> String {
    let body = if query.body_tests().next().is_some() { "body" } else { "NULL" };
    let provenance = if asks_about_provenance(query) {
        format!("{}, cause", provenance::COLUMNS)
    } else {
        "NULL, NULL, NULL, NULL".to_owned()
    };
    format!(
        "SELECT id, publisher, name, {body}, {provenance} FROM events WHERE id >= ?1 AND id < ?2 ORDER BY id {direction}"
    )
}

const PROVENANCE_AT: usize = 4;
const CAUSE_AT: usize = 7;

/// Returns true if a query asks for columns that stand behind the body.
pub(super) fn asks_about_provenance(query: &Query) -> bool {
    query.terms().iter().any(|term| {
        matches!(
            term.condition,
            Condition::Via(_) | Condition::Trace(_) | Condition::Test(_) | Condition::Cause(_)
        )
    })
}

/// Reads the facts that decide about an event, from columns in the order of [`sql`].
pub(super) fn facts<'a>(
    row: &'a Row<'_>,
    first: usize,
    with_provenance: bool,
) -> CommandResult<EventFacts<'a>> {
    let text = |place: usize| row.get_ref(first + place).and_then(|value| Ok(value.as_str()?));
    let body = row.get_ref(first + 3)?.as_bytes_or_null().map_err(rusqlite::Error::from)?;
    let (provenance, cause) = if with_provenance {
        let cause: Option<i64> = row.get(first + CAUSE_AT)?;
        (provenance::read(row, first + PROVENANCE_AT)?, cause.map(|id| EventId::from_number(number(id))))
    } else {
        (Provenance::default(), None)
    };
    Ok(EventFacts {
        id: EventId::from_number(number(row.get(first)?)),
        publisher: text(1)?,
        name: text(2)?,
        body: body.unwrap_or_default(),
        provenance,
        cause,
    })
}

/// Makes one step of a search of events.
pub(crate) fn search(
    conn: &Connection,
    filter: &EventFilter,
    search: &Search,
) -> CommandResult<Found<EventView>> {
    let (query, out_of_time) = (&search.query, clock(search.budget));
    let mut range = IdRange::of(search);
    for condition in query.positive() {
        match condition {
            Condition::Event(id) | Condition::Id(AnyId::Event(id)) => range.only(key(id.number())),
            Condition::Id(AnyId::Delivery(id)) => match event_of(conn, *id)? {
                Some(event) => range.only(event),
                None => return Ok(Collector::new(search).finish()),
            },
            _ => {}
        }
    }
    let (with_provenance, with_deliveries) = (asks_about_provenance(query), query.asks_about_deliveries());
    let mut collector = Collector::new(search);
    let mut apps = HookApps::new(conn);
    let mut select = conn.prepare_cached(&sql(query, range.direction()))?;
    let mut rows = select.query([range.from, range.to])?;
    while let Some(row) = rows.next()? {
        let event = facts(row, 0, with_provenance)?;
        let mut picked = filter.picks(&event) && query.matches_event_itself(&event);
        let own = search.shows_to(std::iter::once(event.publisher));
        let mut seen = None;
        if picked && (with_deliveries || search.scope.is_some()) {
            let mut deliveries = deliveries_of(conn, event.id, &mut apps)?;
            // Who is limited to some apps sees only the deliveries to these.
            deliveries.retain(|delivery| search.shows_to(std::iter::once(&*delivery.app)));
            let facts: Vec<_> = deliveries.iter().map(OfEvent::facts).collect();
            picked = (own || !facts.is_empty()) && query.matches_its_deliveries(&facts);
            seen = search.scope.is_some().then_some(deliveries);
        }
        let id = event.id;
        let view = if picked { view(conn, id, seen.as_deref())? } else { None };
        let goes_on = match view {
            Some(view) => collector.keep(id.number(), view, &out_of_time),
            None => collector.pass(id.number(), &out_of_time),
        };
        if !goes_on {
            break;
        }
    }
    Ok(collector.finish())
}

/// Reads an event without its body, with the statuses of its deliveries: of all, or of those that are `seen`.
fn view(conn: &Connection, id: EventId, seen: Option<&[OfEvent]>) -> CommandResult<Option<EventView>> {
    let Some(view) = events::without_body(conn, id)? else { return Ok(None) };
    let Some(seen) = seen else { return Ok(Some(EventView { statuses: statuses(conn, id)?, ..view })) };
    Ok(Some(view.limited_to(seen.iter().map(|delivery| (delivery.id, delivery.status)))))
}

/// Counts the statuses of an event's deliveries.
pub(crate) fn statuses(conn: &Connection, id: EventId) -> CommandResult<StatusCounts> {
    let mut counts = StatusCounts::default();
    let mut select = conn.prepare_cached(&of_event("d.status"))?;
    let mut rows = select.query([key(id.number()), last_id(conn, id)?])?;
    while let Some(row) = rows.next()? {
        counts.add(status(row.get(0)?)?);
    }
    Ok(counts)
}

/// Selects columns of the deliveries of an event, given its id and the last of the ids that follow it.
fn of_event(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM deliveries d WHERE d.id > ?1 AND d.id <= ?2 AND d.event_id = ?1
         UNION ALL SELECT {columns} FROM replays r CROSS JOIN deliveries d ON d.id = r.id WHERE r.event_id = ?1"
    )
}

/// The last of the ids that an event and the deliveries it was published with have.
fn last_id(conn: &Connection, id: EventId) -> CommandResult<i64> {
    let mut select = conn.prepare_cached("SELECT deliveries FROM events WHERE id = ?1")?;
    let count: Option<u32> = select.query_row([key(id.number())], |row| row.get(0)).optional()?;
    Ok(key(nth(id.number(), u64::from(count.unwrap_or(0)))))
}

/// The event of a delivery.
fn event_of(conn: &Connection, id: DeliveryId) -> CommandResult<Option<i64>> {
    let mut select = conn.prepare_cached("SELECT event_id FROM deliveries WHERE id = ?1")?;
    Ok(select.query_row([key(id.number())], |row| row.get(0)).optional()?)
}

/// The facts that decide about one delivery of an event.
struct OfEvent {
    id: DeliveryId,
    event: EventId,
    hook: HookId,
    app: Rc<str>,
    status: DeliveryStatus,
    code: Option<u16>,
    error: Option<String>,
    ms: Option<u32>,
}

impl OfEvent {
    fn facts(&self) -> DeliveryFacts<'_> {
        let Self { id, event, hook, app, status, code, error, ms } = self;
        let (id, event, hook) = (*id, *event, *hook);
        DeliveryFacts { id, event, hook, app, status: *status, code: *code, error: error.as_deref(), ms: *ms }
    }
}

fn deliveries_of(conn: &Connection, event: EventId, apps: &mut HookApps<'_>) -> CommandResult<Vec<OfEvent>> {
    let columns = "d.id, d.hook_id, d.status, d.last_status, d.last_error, d.last_ms";
    let mut select = conn.prepare_cached(&of_event(columns))?;
    let mut rows = select.query([key(event.number()), last_id(conn, event)?])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let hook: i64 = row.get(1)?;
        found.push(OfEvent {
            id: DeliveryId::from_number(number(row.get(0)?)),
            event,
            hook: HookId::from_number(number(hook)),
            app: apps.of(hook)?,
            status: status(row.get(2)?)?,
            code: row.get(3)?,
            error: row.get(4)?,
            ms: row.get(5)?,
        });
    }
    Ok(found)
}
