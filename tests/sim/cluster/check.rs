//! The oracles for several nodes, after the end of a run. Those that hold at each commit are in [`super::observer`],
//! the lease is checked at each send.

use super::observer::Log;
use super::plan::{ClusterPlan, DatabaseFaultKind};
use super::run::ClusterOutcome;
use crate::check::{self, Row, RunView};
use crate::history::{Arrival, Tick};
use footbridge_model::delivery::DeliveryStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

/// The longest time from a server's death until another one owns its partitions.
const TAKEOVER: Duration = Duration::from_secs(15);
/// The shortest silence after which a session is ended: 10 s, of clocks that drift by up to a tenth.
const SILENCE: Duration = Duration::from_secs(9);
/// The longest interruption of a server's own beats after which it still counts the silence of others.
const UNINTERRUPTED: Duration = Duration::from_secs(3);

/// Runs all checks. Panics with the first property that does not hold.
pub(super) fn all(outcome: &ClusterOutcome) {
    let records = outcome.history.records();
    assert!(records.violations.is_empty(), "{:#?}", records.violations);
    let run = RunView::of_store(&outcome.base, &records, &outcome.store, outcome.lasted).shared();
    let log = outcome.observer.log();
    burials_have_a_reason(&outcome.plan, &log);
    takeovers_are_quick(&outcome.plan, &log, outcome.lasted);
    run.accounts(log.account);
    check::of_store(&run);
    everything_ends(&run);
    sent_once_by_each_process(&run);
    in_order(&run);
}

/// Oracle "acked": what was accepted has ended, for a reason that a receiver knows.
fn everything_ends(run: &RunView<'_>) {
    for row in run.rows() {
        let delivery = &row.view.delivery;
        let well = |arrival: &&&Arrival| arrival.answered.is_some_and(|status| (200..300).contains(&status));
        let explained = match delivery.status {
            DeliveryStatus::Pending => false,
            DeliveryStatus::Delivered => {
                row.arrivals.iter().filter(well).any(|arrival| arrival.attempt == delivery.attempts)
            }
            DeliveryStatus::Dead | DeliveryStatus::Unanswered => !row.view.attempts.is_empty(),
            DeliveryStatus::Cancelled => true,
        };
        assert!(explained, "{} is no end for what happened: {}", delivery.status.as_str(), row.describe());
        let numbers = row.view.attempts.iter().map(|attempt| attempt.n);
        assert!(numbers.eq(1..=delivery.attempts), "attempts are missing: {}", row.describe());
    }
}

/// A process that knows the result of an attempt does not make the attempt again, even if it could not store the
/// result.
fn sent_once_by_each_process(run: &RunView<'_>) {
    let mut seen = BTreeSet::new();
    for row in run.rows().filter(|row| !row.was_retried()) {
        for arrival in &row.arrivals {
            let first = seen.insert((arrival.process, arrival.delivery, arrival.attempt));
            assert!(first, "process {} sent twice: {arrival:?} of {}", arrival.process, row.describe());
        }
    }
}

/// A hook that keeps order gets an event after those that were acknowledged before it was published.
fn in_order(run: &RunView<'_>) {
    let mut ordered: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for row in run.rows().filter(|row| row.hook_history.plan.options.ordered && !row.was_retried()) {
        let Some((called, acked)) = run.acknowledged(row.view.delivery.event_id) else { continue };
        ordered.entry(row.hook).or_default().push((called, acked, row));
    }
    let well = |arrival: &&&Arrival| arrival.answered.is_some_and(|status| (200..300).contains(&status));
    for mut rows in ordered.into_values() {
        rows.sort_by_key(|(_, acked, _)| *acked);
        // Each with the latest moment at which one that was acknowledged no later was delivered first.
        let mut latest: Vec<(Tick, Tick, &Row<'_>)> = Vec::new();
        for (_, acked, row) in
            rows.iter().filter(|(.., row)| row.view.delivery.status == DeliveryStatus::Delivered)
        {
            let done =
                row.arrivals.iter().filter(well).map(|arrival| arrival.tick).min().unwrap_or(Tick::MAX);
            let (done, row) = match latest.last() {
                Some((_, before, slow)) if *before >= done => (*before, *slow),
                _ => (done, *row),
            };
            latest.push((*acked, done, row));
        }
        for (called, _, younger) in &rows {
            let Some(first) = younger.arrivals.first() else { continue };
            let older = latest[..latest.partition_point(|(acked, ..)| acked < called)].last();
            let late = older.filter(|(_, done, _)| *done >= first.tick);
            assert!(
                late.is_none(),
                "{first:?} came before {}",
                late.map_or_else(String::new, |(.., older)| older.describe())
            );
        }
    }
}

/// A session is ended by others only if no beat of it was committed for long. After a long outage of the database that
/// time begins anew, because everybody was silent.
fn burials_have_a_reason(plan: &ClusterPlan, log: &Log) {
    for burial in &log.burials {
        let since = plan.database.iter().fold(burial.last_beat, |since, fault| {
            let Range { start, end } = fault.during.clone();
            let lost = fault.kind == DatabaseFaultKind::Failover(true) && fault.during.contains(&since);
            let silent = matches!(fault.kind, DatabaseFaultKind::Down | DatabaseFaultKind::Failover(_));
            let restarted = silent && end < burial.at && end.saturating_sub(start) > UNINTERRUPTED;
            let since = if lost { start } else { since };
            if restarted { since.max(end) } else { since }
        });
        let silence = burial.at.saturating_sub(since);
        assert!(silence >= SILENCE, "ended after {silence:?} of silence: {burial:?} {:?}", plan.database);
    }
}

/// The partitions of a dead server have another owner soon, while the database and another server are healthy.
fn takeovers_are_quick(plan: &ClusterPlan, log: &Log, lasted: Duration) {
    for (session, since) in &log.gone {
        let until = *since + TAKEOVER;
        let overlaps = |from: Duration, to: Duration| from < until && to + TAKEOVER > *since;
        let disturbed = plan.database.iter().any(|fault| overlaps(fault.during.start, fault.during.end))
            || plan.faults.iter().any(|fault| {
                fault.node != log.sessions[session].node && overlaps(fault.at, fault.during().end)
            })
            || plan.lost_requests + plan.lost_answers > 0;
        let Some(freed) = log.sessions[session].over else {
            assert!(disturbed || lasted < until, "session {session} died at {since:?} and was never ended");
            continue;
        };
        assert!(
            disturbed || freed <= until,
            "session {session} died at {since:?} and was ended at {freed:?}"
        );
    }
}
