//! Searches of deliveries, and the indexes that narrow them.

use super::events::{asks_about_provenance, facts as event_facts};
use super::hook_apps::HookApps;
use super::range::{IdRange, clock};
use crate::column::{key, number, status};
use crate::deliveries;
use crate::failure::CommandResult;
use crate::filter::{of_event, with_status};
use crate::provenance;
use footbridge_journal::{Collector, DeliveryFilter, DeliveryView, Found, Search};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId, HookId, number_at};
use footbridge_model::name::AppName;
use footbridge_model::query::{AnyId, Condition, DeliveryFacts, Query, StatusWord};
use rusqlite::{Connection, Row};

/// The most pending deliveries that a search sorts. With more, newest first finds some soon.
const SORTED: i64 = 50_000;

/// The values that a filter and a query want in columns that have an index.
#[derive(Debug, Default)]
struct Narrowed {
    status: Option<DeliveryStatus>,
    hook: Option<HookId>,
    event: Option<EventId>,
    app: Option<AppName>,
}

impl Narrowed {
    fn of(filter: &DeliveryFilter, query: &Query, range: &mut IdRange) -> Self {
        let DeliveryFilter { status, hook, event, app, .. } = filter;
        let mut narrowed = Self { status: *status, hook: *hook, event: *event, app: app.clone() };
        for condition in query.positive() {
            match condition {
                Condition::Status(StatusWord::Delivery(status)) => narrowed.status = Some(*status),
                Condition::Hook(hook) | Condition::Id(AnyId::Hook(hook)) => narrowed.hook = Some(*hook),
                Condition::Event(event) | Condition::Id(AnyId::Event(event)) => narrowed.event = Some(*event),
                Condition::To(app) => narrowed.app = Some(app.clone()),
                Condition::Id(AnyId::Delivery(id)) => range.only(key(id.number())),
                _ => {}
            }
        }
        narrowed
    }

    /// The index that finds these rows, and the condition that goes with it.
    fn source(&self, conn: &Connection) -> CommandResult<(&'static str, String)> {
        if let Some(event) = self.event {
            return Ok(("", of_event(&key(event.number()).to_string())));
        }
        let hook = self.hook.map(|hook| format!("d.hook_id = {}", key(hook.number())));
        Ok(match (self.status, hook) {
            (Some(DeliveryStatus::Dead), Some(hook)) => {
                ("INDEXED BY deliveries_dead", format!("{} AND {hook}", with_status(DeliveryStatus::Dead)))
            }
            (Some(DeliveryStatus::Dead), None) => {
                ("INDEXED BY deliveries_dead_age", with_status(DeliveryStatus::Dead))
            }
            (Some(DeliveryStatus::Pending), hook) => {
                let of_app = || {
                    // The key of an app has neither quotes nor other special characters.
                    let app = self.app.as_ref()?;
                    Some(format!("d.hook_id IN (SELECT a.id FROM hooks a WHERE a.app = '{}')", app.key()))
                };
                let hooks = hook.or_else(of_app).unwrap_or_else(|| "1".to_owned());
                let condition = format!("{} AND {hooks}", with_status(DeliveryStatus::Pending));
                let index = "INDEXED BY deliveries_due";
                if is_few(conn, index, &condition)? { (index, condition) } else { ("", "1".to_owned()) }
            }
            _ => ("", "1".to_owned()),
        })
    }
}

fn is_few(conn: &Connection, index: &str, condition: &str) -> CommandResult<bool> {
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM deliveries d {index} WHERE {condition} LIMIT {})",
        SORTED + 1
    );
    let count: i64 = conn.query_row(&sql, [], |row| row.get(0))?;
    Ok(count <= SORTED)
}

/// Makes one step of a search of deliveries.
pub(crate) fn search(
    conn: &Connection,
    filter: &DeliveryFilter,
    search: &Search,
) -> CommandResult<Found<DeliveryView>> {
    let (query, out_of_time) = (&search.query, clock(search.budget));
    let mut range = IdRange::of(search);
    range.from = range.from.max(filter.since.map_or(0, |since| key(number_at(since))));
    range.to = range.to.min(filter.until.map_or(i64::MAX, |until| key(number_at(until))));
    let (index, condition) = Narrowed::of(filter, query, &mut range).source(conn)?;
    let sql = format!(
        "SELECT d.id, d.event_id, d.hook_id, d.status, d.last_status, d.last_error, d.last_ms FROM deliveries d {index}
         WHERE {condition} AND d.id >= ?1 AND d.id < ?2 ORDER BY d.id {}",
        range.direction()
    );
    let mut select = conn.prepare(&sql)?;
    let mut rows = select.query([range.from, range.to])?;
    let mut collector = Collector::new(search);
    let mut events = DecidingEvents::new(conn, filter, query)?;
    let mut apps = HookApps::new(conn);
    while let Some(row) = rows.next()? {
        let app = apps.of(row.get(2)?)?;
        let delivery = facts(row, &app)?;
        let picked = search.shows_to(std::iter::once(&*app))
            && filter.picks(&delivery)
            && query.matches_delivery_itself(&delivery)
            && events.pick(delivery.event)?;
        let view = if picked { deliveries::listed(conn, delivery.id)? } else { None };
        let number = delivery.id.number();
        let goes_on = match view {
            Some(view) => collector.keep(number, view, &out_of_time),
            None => collector.pass(number, &out_of_time),
        };
        if !goes_on {
            break;
        }
    }
    Ok(collector.finish())
}

fn facts<'a>(row: &'a Row<'_>, app: &'a str) -> CommandResult<DeliveryFacts<'a>> {
    Ok(DeliveryFacts {
        id: DeliveryId::from_number(number(row.get(0)?)),
        event: EventId::from_number(number(row.get(1)?)),
        hook: HookId::from_number(number(row.get(2)?)),
        app,
        status: status(row.get(3)?)?,
        code: row.get(4)?,
        error: row.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?,
        ms: row.get(6)?,
    })
}

/// Decides about deliveries by their events, and remembers the last one: the deliveries of an event follow each other.
struct DecidingEvents<'c> {
    /// `None` if neither the filter nor the query asks about events.
    select: Option<rusqlite::CachedStatement<'c>>,
    filter: &'c DeliveryFilter,
    query: &'c Query,
    with_provenance: bool,
    last: Option<(EventId, bool)>,
}

impl<'c> DecidingEvents<'c> {
    fn new(conn: &'c Connection, filter: &'c DeliveryFilter, query: &'c Query) -> CommandResult<Self> {
        let with_provenance = asks_about_provenance(query);
        let asks = filter.name.is_some() || query.asks_about_events();
        let body = if query.body_tests().next().is_some() { "body" } else { "NULL" };
        let sql = if with_provenance {
            format!(
                "SELECT id, publisher, name, {body}, {}, cause FROM events WHERE id = ?1",
                provenance::COLUMNS
            )
        } else {
            format!("SELECT id, publisher, name, {body} FROM events WHERE id = ?1")
        };
        let select = if asks { Some(conn.prepare_cached(&sql)?) } else { None };
        Ok(Self { select, filter, query, with_provenance, last: None })
    }

    fn pick(&mut self, event: EventId) -> CommandResult<bool> {
        let Some(select) = &mut self.select else { return Ok(true) };
        if let Some((last, picked)) = self.last
            && last == event
        {
            return Ok(picked);
        }
        let mut rows = select.query([key(event.number())])?;
        let picked = match rows.next()? {
            None => false,
            Some(row) => {
                let facts = event_facts(row, 0, self.with_provenance)?;
                let named = self.filter.name.as_deref().is_none_or(|name| name == facts.name);
                named && self.query.matches_its_event(&facts)
            }
        };
        self.last = Some((event, picked));
        Ok(picked)
    }
}
