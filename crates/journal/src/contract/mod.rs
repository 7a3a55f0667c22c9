//! What every journal must pass: the laws and the methods' words, as tests.
//!
//! A journal under test comes as a [`Subject`]; each part may be run alone, or all with [`run_all`].
//! They panic on the first thing that is not as it must be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)]

mod conclusions;
mod deliveries;
mod events;
mod exchanges;
mod given;
mod installed;
mod laws;
mod lineage;
mod recovery;
mod registry;
mod retention;
mod retries;

pub use conclusions::{an_attempt_publishes_with_its_result, outputs_are_kept_where_there_are_any};
pub use deliveries::{due_gives_the_first, lists_and_filters, results_are_kept};
pub use events::{
    an_app_asks_what_it_missed, an_app_is_not_told_what_its_namesake_got, events_are_kept,
    keys_repeat_what_was_accepted, skipped_ones_are_kept,
};
pub use exchanges::{exchanges_are_kept, keys_of_exchanges, notes_are_written_along};
pub use installed::{an_app_is_installed_as_a_whole, packages_are_kept};
pub use laws::{calls_take_effect_in_order, the_account_adds_up, transactions_are_whole};
pub use lineage::{backlogs_are_counted, lineages_are_kept};
pub use recovery::a_new_server_puts_things_in_order;
pub use registry::{
    a_batch_is_kept, a_hook_comes_back, an_app_takes_its_keys_along, apps_and_links_are_kept, hooks_are_kept,
    names_keep_their_case,
};
pub use retention::{old_things_go, what_stays_holds_nothing_up};
pub use retries::{a_pending_one_by_hand, many_by_hand, one_by_hand, replays_are_deliveries};

use crate::{Journal, RegistryStore};

/// A journal under test.
pub trait Subject {
    /// What it is.
    type Store: Journal + RegistryStore;

    /// The journal.
    fn store(&self) -> &Self::Store;

    /// Ends the journal and opens it again on what it kept, as a new server would.
    fn restart(&mut self) -> impl Future<Output = ()>;
}

/// Runs every part, each on a journal of its own from `fresh`.
pub async fn run_all<S: Subject>(fresh: impl AsyncFn() -> S) {
    apps_and_links_are_kept(fresh().await).await;
    an_app_takes_its_keys_along(fresh().await).await;
    hooks_are_kept(fresh().await).await;
    names_keep_their_case(fresh().await).await;
    a_batch_is_kept(fresh().await).await;
    a_hook_comes_back(fresh().await).await;
    packages_are_kept(fresh().await).await;
    an_app_is_installed_as_a_whole(fresh().await).await;
    events_are_kept(fresh().await).await;
    lineages_are_kept(fresh().await).await;
    backlogs_are_counted(fresh().await).await;
    an_app_asks_what_it_missed(fresh().await).await;
    an_app_is_not_told_what_its_namesake_got(fresh().await).await;
    keys_repeat_what_was_accepted(fresh().await).await;
    skipped_ones_are_kept(fresh().await).await;
    results_are_kept(fresh().await).await;
    an_attempt_publishes_with_its_result(fresh().await).await;
    outputs_are_kept_where_there_are_any(fresh().await).await;
    due_gives_the_first(fresh().await).await;
    lists_and_filters(fresh().await).await;
    one_by_hand(fresh().await).await;
    a_pending_one_by_hand(fresh().await).await;
    many_by_hand(fresh().await).await;
    replays_are_deliveries(fresh().await).await;
    exchanges_are_kept(fresh().await).await;
    keys_of_exchanges(fresh().await).await;
    notes_are_written_along(fresh().await).await;
    a_new_server_puts_things_in_order(fresh().await).await;
    old_things_go(fresh().await).await;
    what_stays_holds_nothing_up(fresh().await).await;
    calls_take_effect_in_order(fresh().await).await;
    transactions_are_whole(fresh().await).await;
    the_account_adds_up(fresh().await).await;
}
