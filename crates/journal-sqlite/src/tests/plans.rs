//! Query plans: statements that must be quick with any backlog use their indexes.

use super::{database, event, hook, open};
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{
    Claim, DeliveryFilter, DeliveryQueue as _, DeliveryResult, EventLog as _, History as _, Journal as _,
    Partition, Replay, Session,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, HookId};
use footbridge_model::time::Millis;
use rusqlite::Connection;

fn plan(conn: &Connection, sql: &str) -> String {
    let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = explain.query_map([], |row| row.get::<_, String>(3)).unwrap();
    lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn what_lanes_ask_for_is_a_seek_without_sorting() {
    let directory = tempfile::tempdir().unwrap();
    open(&database(&directory)).unwrap().close().await.unwrap();
    let conn = Connection::open(database(&directory)).unwrap();
    for (sql, index) in [
        (
            "SELECT id FROM deliveries WHERE hook_id = 1 AND status = 0 ORDER BY next_at, id LIMIT 9",
            "deliveries_due (hook_id=?)",
        ),
        (
            "SELECT id FROM deliveries WHERE hook_id = 1 AND status = 0 AND ordered = 1 ORDER BY id LIMIT 9",
            "deliveries_in_order (hook_id=?)",
        ),
        (
            "SELECT hook_id, next_at FROM deliveries WHERE status = 0 AND hook_id > 1 ORDER BY hook_id, next_at LIMIT 1",
            "deliveries_due (hook_id>?)",
        ),
        (
            "SELECT d.id FROM deliveries d WHERE d.status = 3 AND d.hook_id = 1 AND d.id > 5 ORDER BY d.id LIMIT 9",
            "deliveries_dead (hook_id=? AND rowid>?)",
        ),
        (
            "SELECT d.id FROM deliveries d INDEXED BY deliveries_dead_age WHERE d.status = 3 AND d.id > 5 ORDER BY d.id LIMIT 9",
            "deliveries_dead_age (status=? AND rowid>?)",
        ),
        (
            "DELETE FROM keys WHERE scope >= 'publish/x/' AND scope < 'publish/x0'",
            "PRIMARY KEY (scope>? AND scope<?)",
        ),
    ] {
        let plan = plan(&conn, sql);
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
    }
}

/// The account equals the rows after everything that moves a delivery.
#[tokio::test]
async fn the_account_equals_the_rows() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    for number in 1..=4 {
        journal.put_hook(hook(number)).await.unwrap();
    }
    for number in 1..=40 {
        journal.append(event(number * 10, &[1, 2, 3, 4], 10)).await.unwrap();
    }
    let ends = DeliveryStatus::ALL.into_iter().cycle().zip((11..410).filter(|id| id % 10 < 4));
    let result = |(status, id)| DeliveryResult {
        claim: Claim::exclusive(Session(0), Partition(0)),
        id: DeliveryId::from_number(id),
        attempt: None,
        status,
        next_attempt_at: Some(Millis(9)),
        reason: None,
    };
    journal.record_owned(ends.map(result).collect()).await.unwrap();
    journal.delete_hooks(vec![HookId::from_number(4)], "hook gone").await.unwrap();
    journal.cancel_of(HookId::from_number(3), "hook disabled").await.unwrap();
    let dead = DeliveryFilter { status: Some(DeliveryStatus::Dead), ..DeliveryFilter::default() };
    let picked = journal.find_deliveries(dead, None, 10).await.unwrap();
    assert_eq!(picked.ids.len(), 10);
    journal.retry_many(picked.ids, DeliveryStatus::Dead, Millis(9), vec![]).await.unwrap();
    let delivered = DeliveryFilter { status: Some(DeliveryStatus::Delivered), ..DeliveryFilter::default() };
    let again = journal.find_deliveries(delivered, None, 5).await.unwrap().ids;
    let ids = (9001..).map(DeliveryId::from_number);
    let replays = again.into_iter().zip(ids).map(|(of, id)| Replay { of, id }).collect();
    assert_eq!(journal.replay(replays, Millis(9), vec![]).await.unwrap().len(), 5);
    journal.close().await.unwrap();

    let journal = open(&database(&directory)).unwrap();
    let account = journal.account().await.unwrap();
    assert!(account.balances());
    assert_eq!(account.accepted, 165);
    for status in DeliveryStatus::ALL {
        let filter = DeliveryFilter { status: Some(status), ..DeliveryFilter::default() };
        let page = footbridge_journal::Page { before: None, limit: 1000 };
        let rows = journal.deliveries(filter, page).await.unwrap().len();
        assert_eq!(u64::try_from(rows).unwrap(), account.count(status), "{status:?}");
    }
}
