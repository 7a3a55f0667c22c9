//! Tests of the audit log.

use super::given::{ALL, START, at, delivery_id, ended, event, hook, hook_id};
use super::{Owner as _, Subject};
use crate::{
    AuditFilter, AuditLog as _, DeliveryQueue as _, EventLog as _, FoundAudit, JournalError, Page,
    RegistryChange, RegistryStore as _, Replay, Store,
};
use footbridge_model::audit::{Actor, ActorKind, AuditEntry, AuditObject};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{AuditId, number_at};
use footbridge_model::time::Millis;

/// An entry that was made `ms` after the start.
fn entry(ms: i64, action: &str) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_number(number_at(Millis(START_OF_IDS + ms))),
        who: Actor { kind: ActorKind::User, name: "ana".to_owned(), address: Some([192, 0, 2, 7].into()) },
        action: action.to_owned(),
        object: AuditObject::new("hook", hook_id(1)),
        before: None,
        after: Some(r#"{"route":"/Ünder"}"#.to_owned()),
        note: Some("because".to_owned()),
    }
}

/// Ids count from 2024.
const START_OF_IDS: i64 = START + 10_000_000_000;

async fn actions(store: &impl Store, filter: AuditFilter, page: Page) -> Vec<String> {
    let FoundAudit { entries, .. } = store.audit_entries(filter, page).await.unwrap();
    entries.into_iter().map(|entry| entry.action).collect()
}

async fn all(store: &impl Store) -> Vec<String> {
    actions(store, AuditFilter::default(), ALL).await
}

/// Entries are stored whole, listed newest first, filtered, and deleted when they are old.
pub async fn audit_entries_are_stored<S: Subject>(mut subject: S) {
    let entries = vec![entry(1, "hook.create"), entry(2, "hook.update"), entry(3, "link.create")];
    subject.store().audit(entries.clone()).await.unwrap();
    subject.reopen().await;
    let store = subject.store();
    let stored = store.audit_entries(AuditFilter::default(), ALL).await.unwrap();
    assert_eq!(stored.entries, entries.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!((stored.looked, stored.stopped_at), (3, None));
    let page = Page { before: Some(entries[2].id.number()), limit: 1 };
    assert_eq!(actions(store, AuditFilter::default(), page).await, ["hook.update"]);

    let any = AuditFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let after = |ms| Some(Millis(START_OF_IDS + ms));
    for (filter, expected) in [
        (AuditFilter { kind: Some(ActorKind::System), ..any() }, &[] as &[&str]),
        (AuditFilter { who: text("ben"), ..any() }, &[]),
        (AuditFilter { who: text("ana"), action: text("hook.*"), ..any() }, &["hook.update", "hook.create"]),
        (AuditFilter { action: text("hook.create"), ..any() }, &["hook.create"]),
        (AuditFilter { object_kind: text("app"), ..any() }, &[]),
        (AuditFilter { object_id: Some(hook_id(2).text()), ..any() }, &[]),
        (AuditFilter { text: text("üNDER"), since: after(3), ..any() }, &["link.create"]),
        (AuditFilter { until: after(2), ..any() }, &["hook.create"]),
    ] {
        assert_eq!(actions(store, filter.clone(), ALL).await, expected, "{filter:?}");
    }
    store.prune_before(at(0), at(0), Millis(START_OF_IDS + 3).plus(super::owner::AUDIT_KEPT)).await.unwrap();
    assert_eq!(all(store).await, ["link.create"]);
}

/// A change and its entry are stored together, or neither.
pub async fn audit_entries_follow_their_change<S: Subject>(subject: S) {
    let store = subject.store();
    let version = store.load().await.unwrap().version;
    let put = || RegistryChange::hooks(vec![hook(1)]);
    let stale = store.apply_audited(put(), version.next(), vec![entry(1, "stale")]).await;
    assert_eq!(stale, Err(JournalError::Stale));
    store.apply_audited(put(), version, vec![entry(2, "put")]).await.unwrap();
    assert_eq!(all(store).await, ["put"]);

    store.append(event(10, &[1, 1])).await.unwrap();
    store.record_owned(vec![ended(11, DeliveryStatus::Delivered)]).await.unwrap();
    store.retry(delivery_id(11), at(5), vec![entry(3, "delivered")]).await.unwrap();
    assert!(store.retry(delivery_id(99), at(5), vec![entry(4, "missing")]).await.is_err());
    let dead = DeliveryStatus::Dead;
    store.retry_many(vec![delivery_id(12)], dead, at(5), vec![entry(5, "not dead")]).await.unwrap();
    let replay = |of| vec![Replay { of: delivery_id(of), id: delivery_id(of + 10) }];
    store.replay(replay(12), at(5), vec![entry(6, "pending")]).await.unwrap();
    assert_eq!(all(store).await, ["put"]);

    store.retry(delivery_id(12), at(5), vec![entry(7, "retry")]).await.unwrap();
    let pending = DeliveryStatus::Pending;
    store.retry_many(vec![delivery_id(12)], pending, at(5), vec![entry(8, "retry many")]).await.unwrap();
    store.replay(replay(11), at(5), vec![entry(9, "replay")]).await.unwrap();
    assert_eq!(all(store).await, ["replay", "retry many", "retry", "put"]);
}
