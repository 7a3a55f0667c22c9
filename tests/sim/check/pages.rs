//! Oracle: a page sees each event of its app once in a connection, and none is missing without a gap.

use super::{Row, RunView};
use crate::history::{PageEntry, PageHistory, Tick};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::EventId;
use std::collections::BTreeSet;

pub(super) fn check(run: &RunView<'_>) {
    for page in run.records.pages.values() {
        once_in_a_connection(page);
        nothing_is_missing(run, page);
    }
}

fn once_in_a_connection(page: &PageHistory) {
    let mut seen = BTreeSet::new();
    for (tick, entry) in &page.entries {
        match entry {
            PageEntry::Connected => seen.clear(),
            PageEntry::Event(event) => assert!(seen.insert(*event), "{event} came twice by {tick}"),
            PageEntry::Gap => {}
        }
    }
}

fn nothing_is_missing(run: &RunView<'_>, page: &PageHistory) {
    let Some((since, _)) = page.entries.first() else { return };
    let seen: BTreeSet<EventId> = page.entries.iter().filter_map(|(_, entry)| event(*entry)).collect();
    // The event of a key may be older than the call.
    let calls = run.records.publishes.iter().filter(|call| call.publish.key.is_none());
    for call in calls.filter(|call| call.called > *since) {
        let Some(Ok(accepted)) = &call.answer else { continue };
        let rows = || {
            let of_event = run.rows.values().filter(|row| row.view.delivery.event_id == accepted.id);
            of_event.filter(|row| row.hook_history.plan.app == page.app)
        };
        let found = seen.contains(&accepted.id);
        assert!(!found || rows().next().is_some(), "{} is not for the page", accepted.id);
        // A cancelled one may have lost its hook before the page could hear of it; one that was retried may have been
        // skipped first.
        let is_live =
            |row: &Row<'_>| row.view.delivery.status != DeliveryStatus::Cancelled && !row.was_retried();
        let is_for_page = rows().any(is_live);
        if is_for_page && !found {
            let entries = &page.entries;
            assert!(
                has_gap(page, call.called),
                "the page of app {} never saw {call:?}: {entries:?}",
                page.app
            );
        }
    }
}

fn event(entry: PageEntry) -> Option<EventId> {
    if let PageEntry::Event(event) = entry { Some(event) } else { None }
}

fn has_gap(page: &PageHistory, since: Tick) -> bool {
    page.entries.iter().any(|(tick, entry)| *entry == PageEntry::Gap && *tick > since)
}
