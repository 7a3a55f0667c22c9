//! The statistics of traffic: sums of edges by minute and by hour.

use crate::column::{key, number};
use crate::failure::CommandResult;
use crate::txn::Txn;
use footbridge_journal::{HOURS_KEPT, MINUTES_KEPT, Resolution, Traffic, TrafficFold, TrafficQuery};
use footbridge_model::time::Millis;
use footbridge_model::traffic::{CLASSES, Edge, Latencies, Sums, Way};
use rusqlite::{Connection, Row, ToSql, params};
use std::collections::HashMap;
use std::time::Instant;

/// The most rows that one call of retention deletes.
const PRUNED: u32 = 1000;
/// The number of rows that are read between two looks at the clock.
const PATIENCE_STEP: u32 = 1024;

const fn way_code(way: Way) -> i64 {
    match way {
        Way::Page => 0,
        Way::Publish => 1,
        Way::Exchange => 2,
    }
}

const fn way(code: i64) -> Way {
    match code {
        0 => Way::Page,
        1 => Way::Publish,
        _ => Way::Exchange,
    }
}

/// The columns that count.
const COUNTS: [&str; 7] = ["events", "attempts", "ok", "failed", "dead", "first", "first_ok"];

const fn counts(sums: &Sums) -> [u64; 7] {
    [sums.events, sums.attempts, sums.ok, sums.failed, sums.dead, sums.first, sums.first_ok]
}

/// The names of all columns with numbers that add up.
fn summed() -> Vec<String> {
    COUNTS.into_iter().map(str::to_owned).chain((0..CLASSES).map(|class| format!("l{class:02}"))).collect()
}

/// Adds the traffic of minutes to the sums of these minutes and of their hours.
pub(crate) fn add(txn: &Txn<'_>, minutes: &[Traffic]) -> CommandResult<()> {
    let columns = summed();
    let places = vec!["?"; columns.len()].join(", ");
    let adds: Vec<String> =
        columns.iter().map(|column| format!("{column} = {column} + excluded.{column}")).collect();
    let sql = format!(
        "INSERT INTO traffic (hourly, at, edge, last_at, {}) VALUES (?, ?, ?, ?, {places})
         ON CONFLICT DO UPDATE SET last_at = max(last_at, excluded.last_at), {}",
        columns.join(", "),
        adds.join(", "),
    );
    for Traffic { edge, begin, sums } in minutes {
        let edge = edge_id(txn, edge, sums.last_at)?;
        let numbers: Vec<i64> = counts(sums).into_iter().chain(sums.latencies.0).map(key).collect();
        for (hourly, at) in [(false, *begin), (true, Resolution::Hour.begin(*begin))] {
            let mut values: Vec<&dyn ToSql> = vec![&hourly, &at.0, &edge, &sums.last_at.0];
            values.extend(numbers.iter().map(|number| number as &dyn ToSql));
            txn.run(&sql, &values[..])?;
        }
    }
    Ok(())
}

/// The id of an edge, which is made if it is new.
fn edge_id(txn: &Txn<'_>, edge: &Edge, last_at: Millis) -> CommandResult<i64> {
    let sql = "INSERT INTO traffic_edges (sender, name, recipient, way, last_at) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT DO UPDATE SET last_at = max(last_at, excluded.last_at) RETURNING id";
    let Edge { from, name, to, way } = edge;
    let id = txn.first(sql, params![from, name, to, way_code(*way), last_at.0], |row| row.get(0))?;
    Ok(id.unwrap_or_default())
}

/// Reads the edges with their ids.
fn read_edges(conn: &Connection) -> CommandResult<Vec<(i64, Edge, Millis)>> {
    let sql = "SELECT id, sender, name, recipient, way, last_at FROM traffic_edges";
    let mut select = conn.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let edge = Edge { from: row.get(1)?, name: row.get(2)?, to: row.get(3)?, way: way(row.get(4)?) };
        Ok((row.get(0)?, edge, Millis(row.get(5)?)))
    };
    Ok(select.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Reads every edge with the time of its last traffic.
pub(crate) fn edges(conn: &Connection) -> CommandResult<Vec<(Edge, Millis)>> {
    Ok(read_edges(conn)?.into_iter().map(|(_, edge, last_at)| (edge, last_at)).collect())
}

/// Sums up the traffic that a query selects; `None` if that takes longer than the query allows.
pub(crate) fn sum(conn: &Connection, query: TrafficQuery) -> CommandResult<Option<Vec<Traffic>>> {
    let (started, patience) = (Instant::now(), query.patience);
    let hourly = query.resolution == Resolution::Hour;
    let (since, until) = (query.since, query.until);
    let mut fold = TrafficFold::new(query);
    let groups: HashMap<i64, _> = read_edges(conn)?
        .into_iter()
        .filter_map(|(id, edge, last_at)| (last_at >= since).then(|| Some((id, fold.group(&edge)?)))?)
        .collect();
    let sql = format!(
        "SELECT edge, at, last_at, {} FROM traffic WHERE hourly = ?1 AND at >= ?2 AND at < ?3",
        summed().join(", ")
    );
    let mut select = conn.prepare_cached(&sql)?;
    let mut rows = select.query(params![hourly, since.0, until.0])?;
    let mut read = 0_u32;
    while let Some(row) = rows.next()? {
        read += 1;
        if read.is_multiple_of(PATIENCE_STEP) && started.elapsed() > patience {
            return Ok(None);
        }
        if let Some(group) = groups.get(&row.get(0)?) {
            fold.add(*group, Millis(row.get(1)?), &sums(row, 2)?);
        }
    }
    Ok(Some(fold.finish()))
}

/// Reads sums; the first of their columns is the time of the last traffic.
fn sums(row: &Row<'_>, first: usize) -> rusqlite::Result<Sums> {
    let count = |place: usize| Ok::<_, rusqlite::Error>(number(row.get(first + 1 + place)?));
    let mut latencies = Latencies::default();
    for (class, counted) in latencies.0.iter_mut().enumerate() {
        *counted = count(COUNTS.len() + class)?;
    }
    Ok(Sums {
        events: count(0)?,
        attempts: count(1)?,
        ok: count(2)?,
        failed: count(3)?,
        dead: count(4)?,
        first: count(5)?,
        first_ok: count(6)?,
        last_at: Millis(row.get(first)?),
        latencies,
    })
}

/// Deletes a portion of the sums that are old enough, and the edges that have none left. Returns true if there is more.
pub(crate) fn prune(txn: &Txn<'_>, now: Millis) -> CommandResult<bool> {
    let mut more = false;
    for (hourly, kept) in [(false, MINUTES_KEPT), (true, HOURS_KEPT)] {
        let sql = "DELETE FROM traffic WHERE (hourly, at, edge) IN (
                       SELECT hourly, at, edge FROM traffic WHERE hourly = ?1 AND at < ?2 LIMIT ?3)";
        let deleted = txn.run(sql, params![hourly, now.minus(kept).0, PRUNED])?;
        more |= deleted >= PRUNED as usize;
    }
    if !more {
        // An hour longer, because the row of an hour begins before its last traffic.
        let before = now.minus(HOURS_KEPT).0 - Resolution::Hour.ms();
        txn.run("DELETE FROM traffic_edges WHERE last_at < ?1", [before])?;
    }
    Ok(more)
}
