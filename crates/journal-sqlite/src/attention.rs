//! Counts of the deliveries that need an operator: dead ones, and those that wait.

use crate::column::{DEAD, PENDING, key, number};
use crate::failure::CommandResult;
use footbridge_journal::{DeadDeliveries, WaitingDeliveries};
use footbridge_model::id::{DeliveryId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// The number of the latest dead deliveries of a hook whose codes are counted.
const SAMPLE: u32 = 1000;

/// Counts dead deliveries by hook, for the `limit` hooks that have the most.
pub(crate) fn dead(conn: &Connection, limit: u32) -> CommandResult<Vec<DeadDeliveries>> {
    let sql = "SELECT dead.hook_id, coalesce((SELECT a.written FROM apps a WHERE a.name = h.app), h.app), dead.count, dead.first
               FROM (SELECT hook_id, count(*) AS count, min(id) AS first
                   FROM deliveries INDEXED BY deliveries_dead WHERE status = 3 GROUP BY hook_id) AS dead
               CROSS JOIN hooks h ON h.id = dead.hook_id ORDER BY dead.count DESC LIMIT ?1";
    let mut select = conn.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        Ok(DeadDeliveries {
            hook: HookId::from_number(number(row.get(0)?)),
            app: AppName::trusted(row.get_ref(1)?.as_str()?),
            count: number(row.get(2)?),
            first: DeliveryId::from_number(number(row.get(3)?)),
            codes: Vec::new(),
        })
    };
    let mut found: Vec<DeadDeliveries> = select.query_map([limit], read)?.collect::<Result<_, _>>()?;
    for dead in &mut found {
        dead.codes = codes(conn, dead.hook)?;
    }
    Ok(found)
}

/// Counts the last HTTP statuses of the latest dead deliveries of a hook.
fn codes(conn: &Connection, hook: HookId) -> CommandResult<Vec<(Option<u16>, u64)>> {
    let sql =
        "SELECT last_status, count(*) FROM (SELECT last_status FROM deliveries INDEXED BY deliveries_dead
                   WHERE status = 3 AND hook_id = ?1 ORDER BY id DESC LIMIT ?2)
               GROUP BY last_status ORDER BY count(*) DESC LIMIT 5";
    let mut select = conn.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, number(row.get(1)?)));
    Ok(select.query_map(params![key(hook.number()), SAMPLE], read)?.collect::<Result<_, _>>()?)
}

/// Counts pending deliveries by hook, and reads the one of each hook that is attempted next.
pub(crate) fn waiting(
    conn: &Connection,
    after: Option<HookId>,
    limit: u32,
) -> CommandResult<Vec<WaitingDeliveries>> {
    let next = "SELECT hook_id FROM deliveries INDEXED BY deliveries_due WHERE status = 0 AND hook_id > ?1
                ORDER BY hook_id LIMIT 1";
    let mut next = conn.prepare_cached(next)?;
    let mut found = Vec::new();
    let mut last = after.map_or(i64::MIN, |hook| key(hook.number()));
    while found.len() < limit as usize {
        let Some(hook) = next.query_row([last], |row| row.get(0)).optional()? else { break };
        found.extend(of_hook(conn, hook)?);
        last = hook;
    }
    Ok(found)
}

fn of_hook(conn: &Connection, hook: i64) -> CommandResult<Option<WaitingDeliveries>> {
    let head = "SELECT id, attempts, next_at, last_status, last_error FROM deliveries";
    let ordered = format!(
        "{head} INDEXED BY deliveries_in_order WHERE hook_id = ?1 AND status = 0 AND ordered = 1 ORDER BY id LIMIT 1"
    );
    let due = format!(
        "{head} INDEXED BY deliveries_due WHERE hook_id = ?1 AND status = 0 ORDER BY next_at, id LIMIT 1"
    );
    let read = |row: &Row<'_>| {
        Ok(WaitingDeliveries {
            hook: HookId::from_number(number(hook)),
            count: 0,
            head: DeliveryId::from_number(number(row.get(0)?)),
            attempts: row.get(1)?,
            due: Millis(row.get(2)?),
            last_status: row.get(3)?,
            last_error: row.get(4)?,
        })
    };
    let mut head = conn.prepare_cached(&ordered)?.query_row([hook], read).optional()?;
    if head.is_none() {
        head = conn.prepare_cached(&due)?.query_row([hook], read).optional()?;
    }
    let Some(mut waiting) = head else { return Ok(None) };
    let sql = "SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_due
                   WHERE hook_id = ?1 AND status = 0 LIMIT ?2)";
    let most = key(WaitingDeliveries::MAX_COUNT);
    waiting.count = conn.prepare_cached(sql)?.query_row([hook, most], |row| row.get(0)).map(number)?;
    Ok(Some(waiting))
}

const _: () = assert!(PENDING == 0 && DEAD == 3, "statements name them as 0 and 3, for the partial indexes");
