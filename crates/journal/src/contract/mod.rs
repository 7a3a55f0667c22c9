//! The tests that every store must pass: the laws, and what the methods promise.
//!
//! A store under test comes as a [`Subject`]; each part may be run alone, or all with [`run_all`]. A store that several
//! servers share comes as a [`Shared`] one, too, for [`run_shared`]. A part panics on the first broken promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)]

mod audit;
mod backlog;
mod conclusions;
mod credential_uses;
mod deliveries;
mod events;
mod exchanges;
mod given;
mod installed;
mod jobs;
mod laws;
mod lineage;
mod owner;
mod people;
mod recovery;
mod registry;
mod retention;
mod retries;
mod searches;
mod sessions;
mod statistics;
mod views;

pub use audit::{audit_entries_are_stored, audit_entries_follow_their_change};
pub use backlog::{backlogs_of_hooks_are_returned, effects_are_returned, single_deliveries_are_cancelled};
pub use conclusions::{outputs_are_stored, results_are_stored_with_their_events};
pub use credential_uses::uses_of_credentials_add_up;
pub use deliveries::{deliveries_are_due_in_order, lists_and_filters, results_are_stored};
pub use events::{
    a_key_repeats_the_first_answer, events_are_stored, missed_events_are_returned,
    missed_events_of_an_earlier_app_are_hidden, skipped_deliveries_are_stored,
};
pub use exchanges::{
    exchanges_are_stored, keys_of_exchanges_are_honoured, records_are_written_with_the_next_write,
};
pub use installed::{an_app_is_installed_with_its_hooks, packages_are_stored};
pub use jobs::{a_job_ends, a_job_replays_and_cancels, a_job_retries_and_counts};
pub use laws::{
    a_failed_call_stores_nothing, a_stale_change_is_refused, a_store_of_one_server_admits_one,
    calls_take_effect_in_order, old_claims_are_refused, results_are_stored_once, the_account_balances,
};
pub use lineage::{backlogs_are_counted, lineages_are_stored};
pub use owner::Owner;
pub use people::{
    names_of_users_are_unique, people_are_stored, sessions_end, what_belongs_to_people_goes_with_them,
};
pub use recovery::a_new_session_ends_what_the_last_one_left;
pub use registry::{
    a_batch_is_stored, a_deleted_hook_is_restored, apps_and_links_are_stored, hooks_are_stored,
    keys_are_deleted_with_their_app, names_keep_their_case,
};
pub use retention::{old_rows_are_deleted, rows_that_stay_delay_no_others};
pub use retries::{
    a_dead_delivery_is_retried, a_pending_delivery_is_retried, many_deliveries_are_retried,
    replays_are_new_deliveries,
};
pub use searches::{a_search_goes_on_where_it_stopped, exchanges_are_searched, searches_find_what_matches};
pub use sessions::{
    a_claimed_partition_has_one_owner, a_living_session_is_not_buried, a_session_that_is_over_writes_nothing,
    an_event_matches_the_present_hooks, exchanges_end_with_their_session, hints_reach_the_others,
    the_horizon_never_goes_back, versions_have_no_holes,
};
pub use statistics::{deliveries_are_counted_by_hook, traffic_is_summed_up};
pub use views::views_are_stored_for_their_owner;

use crate::{Joined, Store};

/// A store under test, for one server.
pub trait Subject {
    /// The type of the store.
    type Store: Store;

    /// Returns the store under test.
    fn store(&self) -> &Self::Store;

    /// Ends the store and opens it again on what it stored, for a new server that has not joined yet.
    fn restart(&mut self) -> impl Future<Output = ()>;

    /// Restarts, and joins as a new server does.
    fn reopen(&mut self) -> impl Future<Output = Joined> {
        async {
            self.restart().await;
            self.store().join_as("again").await.unwrap()
        }
    }
}

/// A store under test that several servers share.
pub trait Shared {
    /// The type of a server's handle.
    type Node: Store;

    /// A handle that has not joined yet.
    fn node(&self) -> impl Future<Output = Self::Node>;
}

/// Runs every part for several servers, each on a store of its own from `fresh`.
pub async fn run_shared<S: Shared>(fresh: impl AsyncFn() -> S) {
    a_session_that_is_over_writes_nothing(fresh().await).await;
    a_living_session_is_not_buried(fresh().await).await;
    a_claimed_partition_has_one_owner(fresh().await).await;
    versions_have_no_holes(fresh().await).await;
    an_event_matches_the_present_hooks(fresh().await).await;
    the_horizon_never_goes_back(fresh().await).await;
    exchanges_end_with_their_session(fresh().await).await;
    hints_reach_the_others(fresh().await).await;
}

/// Runs every part, each on a journal of its own from `fresh`.
#[expect(clippy::too_many_lines, reason = "a list")]
pub async fn run_all<S: Subject>(fresh: impl AsyncFn() -> S) {
    let fresh = async || {
        let subject = fresh().await;
        subject.store().join_as("first").await.unwrap();
        subject
    };
    apps_and_links_are_stored(fresh().await).await;
    keys_are_deleted_with_their_app(fresh().await).await;
    hooks_are_stored(fresh().await).await;
    names_keep_their_case(fresh().await).await;
    a_batch_is_stored(fresh().await).await;
    a_deleted_hook_is_restored(fresh().await).await;
    packages_are_stored(fresh().await).await;
    an_app_is_installed_with_its_hooks(fresh().await).await;
    people_are_stored(fresh().await).await;
    names_of_users_are_unique(fresh().await).await;
    what_belongs_to_people_goes_with_them(fresh().await).await;
    sessions_end(fresh().await).await;
    events_are_stored(fresh().await).await;
    lineages_are_stored(fresh().await).await;
    backlogs_are_counted(fresh().await).await;
    missed_events_are_returned(fresh().await).await;
    missed_events_of_an_earlier_app_are_hidden(fresh().await).await;
    a_key_repeats_the_first_answer(fresh().await).await;
    skipped_deliveries_are_stored(fresh().await).await;
    results_are_stored(fresh().await).await;
    results_are_stored_with_their_events(fresh().await).await;
    outputs_are_stored(fresh().await).await;
    deliveries_are_due_in_order(fresh().await).await;
    lists_and_filters(fresh().await).await;
    a_dead_delivery_is_retried(fresh().await).await;
    a_pending_delivery_is_retried(fresh().await).await;
    many_deliveries_are_retried(fresh().await).await;
    replays_are_new_deliveries(fresh().await).await;
    single_deliveries_are_cancelled(fresh().await).await;
    backlogs_of_hooks_are_returned(fresh().await).await;
    searches_find_what_matches(fresh().await).await;
    a_search_goes_on_where_it_stopped(fresh().await).await;
    effects_are_returned(fresh().await).await;
    exchanges_are_stored(fresh().await).await;
    exchanges_are_searched(fresh().await).await;
    keys_of_exchanges_are_honoured(fresh().await).await;
    records_are_written_with_the_next_write(fresh().await).await;
    a_new_session_ends_what_the_last_one_left(fresh().await).await;
    old_rows_are_deleted(fresh().await).await;
    rows_that_stay_delay_no_others(fresh().await).await;
    traffic_is_summed_up(fresh().await).await;
    uses_of_credentials_add_up(fresh().await).await;
    audit_entries_are_stored(fresh().await).await;
    audit_entries_follow_their_change(fresh().await).await;
    a_job_retries_and_counts(fresh().await).await;
    a_job_replays_and_cancels(fresh().await).await;
    a_job_ends(fresh().await).await;
    views_are_stored_for_their_owner(fresh().await).await;
    deliveries_are_counted_by_hook(fresh().await).await;
    calls_take_effect_in_order(fresh().await).await;
    a_failed_call_stores_nothing(fresh().await).await;
    the_account_balances(fresh().await).await;
    results_are_stored_once(fresh().await).await;
    a_stale_change_is_refused(fresh().await).await;
    old_claims_are_refused(fresh().await).await;
    a_store_of_one_server_admits_one(fresh().await).await;
}
