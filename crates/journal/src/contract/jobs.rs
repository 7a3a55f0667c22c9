//! Tests of jobs: their steps, their counts and their end.

use super::given::{ALL, at, delivery_id, ended, event, hook, hook_id, name};
use super::{Owner as _, Subject};
use crate::{
    Account, DeliveryResult, EventLog as _, History as _, JobAct, JobStep, Jobs as _, JournalError,
    NewJobItem, Partition, SteppedJob, Store,
};
use footbridge_model::audit::Actor;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{EventId, JobId};
use footbridge_model::job::{ItemOutcome, Job, JobKind, JobProgress, JobSpec, JobState};
use std::collections::BTreeSet;

const JOB: JobId = JobId::from_number(7);

fn job(kind: JobKind) -> Job {
    let spec = JobSpec {
        kind,
        query: "status:dead to:\"shop\"".to_owned(),
        since: Some(at(1)),
        until: None,
        hook: Some(hook_id(1)),
        end: 1000,
        pace: 50,
        stop_after: Some(2),
        scope: Some(BTreeSet::from([name("Shop")])),
        by: Actor { address: Some([192, 0, 2, 7].into()), ..Actor::app(&name("ana")) },
        reason: Some("why not".to_owned()),
    };
    Job { id: JOB, spec, state: JobState::Queued, progress: JobProgress::default() }
}

async fn step(store: &impl Store, acts: &[(u64, JobAct)], last: bool) -> SteppedJob {
    let claim = store.claim(vec![Partition::RETENTION]).await.unwrap().pop().unwrap();
    let item = |(source, act): &(u64, JobAct)| NewJobItem {
        source: *source,
        event: EventId::from_number(10),
        app: name("shop"),
        act: *act,
    };
    let items: Vec<_> = acts.iter().map(item).collect();
    let cursor = items.last().map_or(0, |item| item.source);
    let step = JobStep { claim, job: JOB, now: at(50), matched: Some(9), items, cursor, last };
    store.step_job(step).await.unwrap()
}

/// A store with the event 10 and its deliveries: 11 and 12 are dead, 13 is delivered, 14 is pending.
async fn given<S: Subject>(subject: &S, kind: JobKind) {
    let store = subject.store();
    store.put_hook(hook(1)).await.unwrap();
    store.append(event(10, &[1, 1, 1, 1])).await.unwrap();
    let dead = |number| ended(number, DeliveryStatus::Dead);
    store.record_owned(vec![dead(11), dead(12), ended(13, DeliveryStatus::Delivered)]).await.unwrap();
    store.create_job(job(kind), Vec::new()).await.unwrap();
}

/// A retry counts once its attempt has ended, and a job survives a restart.
pub async fn a_job_retries_and_counts<S: Subject>(mut subject: S) {
    given(&subject, JobKind::Retry).await;
    subject.reopen().await;
    let store = subject.store();
    assert_eq!(store.job(JOB).await.unwrap(), Some(job(JobKind::Retry)));
    assert_eq!(store.open_jobs().await.unwrap(), [job(JobKind::Retry)]);
    assert_eq!(store.jobs(ALL).await.unwrap(), [job(JobKind::Retry)]);
    let acts = [
        (11, JobAct::Retry(delivery_id(11))),
        (12, JobAct::Retry(delivery_id(12))),
        (13, JobAct::Retry(delivery_id(13))),
        (14, JobAct::Skip { delivery: Some(delivery_id(14)), reason: "so" }),
    ];
    let stepped = step(store, &acts, true).await;
    assert_eq!(stepped.due, [hook_id(1), hook_id(1)]);
    let progress = stepped.job.progress;
    assert_eq!((stepped.job.state, progress.waiting, progress.done()), (JobState::Running, 2, 2));
    assert_eq!((progress.matched, progress.cursor, progress.skipped["so"]), (Some(9), 14, 1));
    let account = Account { accepted: 4, pending: 3, delivered: 1, ..Account::default() };
    assert_eq!(store.account().await.unwrap(), account);

    // Nothing has ended: nothing changes.
    assert_eq!(step(store, &[], false).await.job.progress.waiting, 2);
    let second = |number, status| DeliveryResult {
        attempt: ended(number, status)
            .attempt
            .map(|attempt| footbridge_model::delivery::Attempt { n: 2, ..attempt }),
        ..ended(number, status)
    };
    store
        .record_owned(vec![second(11, DeliveryStatus::Delivered), second(12, DeliveryStatus::Dead)])
        .await
        .unwrap();

    subject.reopen().await;
    let store = subject.store();
    let done = step(store, &[], true).await.job;
    assert_eq!((done.state, done.progress.ok, done.progress.failed), (JobState::Done, 1, 1));
    assert_eq!((done.progress.waiting, done.progress.ended_at), (0, Some(at(50).0)));
    // Nine matched, and four were found at their turn.
    assert_eq!(
        (done.progress.done(), done.progress.skipped["it was deleted, or did not match any more"]),
        (9, 5)
    );
    assert_eq!(store.open_jobs().await.unwrap(), []);
    let items = store.job_items(JOB, None, None, 9).await.unwrap();
    let outcomes: Vec<_> = items.iter().map(|item| (item.source, item.outcome)).collect();
    let (ok, failed, skipped) = (ItemOutcome::Ok, ItemOutcome::Failed, ItemOutcome::Skipped);
    assert_eq!(outcomes, [(11, ok), (12, failed), (13, skipped), (14, skipped)]);
    assert_eq!(store.job_items(JOB, Some(skipped), Some(13), 9).await.unwrap(), items[3..]);
}

/// Replays are new deliveries, also to a hook that is younger than the event; cancelled deliveries end at once.
pub async fn a_job_replays_and_cancels<S: Subject>(subject: S) {
    given(&subject, JobKind::Replay).await;
    let store = subject.store();
    store.put_hook(hook(2)).await.unwrap();
    let acts = [
        (13, JobAct::Replay { of: delivery_id(13), id: delivery_id(101) }),
        (14, JobAct::Replay { of: delivery_id(14), id: delivery_id(102) }),
        (15, JobAct::Deliver { id: delivery_id(103), hook: hook_id(2), partition: super::given::PARTITION }),
        (16, JobAct::Deliver { id: delivery_id(104), hook: hook_id(9), partition: super::given::PARTITION }),
    ];
    let stepped = step(store, &acts, false).await;
    assert_eq!((stepped.due, stepped.job.progress.waiting), (vec![hook_id(1), hook_id(2)], 2));
    let made = store.delivery(delivery_id(103)).await.unwrap().unwrap().delivery;
    assert_eq!(
        (made.event_id, made.hook_id, made.status),
        (EventId::from_number(10), hook_id(2), DeliveryStatus::Pending)
    );
    assert!(store.delivery(delivery_id(102)).await.unwrap().is_none());
    assert!(store.account().await.unwrap().balances());

    let stopped =
        store.end_job(JOB, JobState::Stopped, "by ana".to_owned(), at(60), Vec::new()).await.unwrap();
    assert_eq!((stopped.state, stopped.progress.text.as_deref()), (JobState::Stopped, Some("by ana")));
    // A job that was stopped does nothing more, and waits for what it has begun.
    let stepped = step(store, &[(17, JobAct::Cancel(delivery_id(14)))], true).await;
    assert_eq!((stepped.cancelled, stepped.job), (vec![], stopped.clone()));
    assert_eq!(store.open_jobs().await.unwrap(), [stopped]);
    let missing = JobId::from_number(8);
    assert_eq!(store.job(missing).await.unwrap(), None);
    let end = store.end_job(missing, JobState::Stopped, String::new(), at(60), Vec::new()).await;
    assert_eq!(end, Err(JournalError::NotFound("job")));
}

/// A job ends when it has cancelled everything, or after too many failures in a row.
pub async fn a_job_ends<S: Subject>(subject: S) {
    given(&subject, JobKind::Cancel).await;
    let store = subject.store();
    let acts = [(13, JobAct::Cancel(delivery_id(13))), (14, JobAct::Cancel(delivery_id(14)))];
    let stepped = step(store, &acts, true).await;
    assert_eq!(stepped.cancelled, [(delivery_id(14), hook_id(1))]);
    assert_eq!((stepped.job.state, stepped.job.progress.ok), (JobState::Done, 1));
    let view = store.delivery(delivery_id(14)).await.unwrap().unwrap().delivery;
    assert_eq!((view.status, view.last_error.as_deref()), (DeliveryStatus::Cancelled, Some("why not")));
    let account = Account { accepted: 4, dead: 2, delivered: 1, cancelled: 1, ..Account::default() };
    assert_eq!(store.account().await.unwrap(), account);
    store.prune_before(at(0), at(0), at(0)).await.unwrap();
    assert_eq!(store.jobs(ALL).await.unwrap().len(), 1);
    store.prune_before(at(51), at(0), at(60)).await.unwrap();
    assert_eq!(
        (store.jobs(ALL).await.unwrap(), store.job_items(JOB, None, None, 9).await.unwrap()),
        (vec![], vec![])
    );

    store.create_job(job(JobKind::Retry), Vec::new()).await.unwrap();
    step(store, &[(11, JobAct::Retry(delivery_id(11))), (12, JobAct::Retry(delivery_id(12)))], false).await;
    let second = |number| DeliveryResult {
        attempt: ended(number, DeliveryStatus::Dead)
            .attempt
            .map(|attempt| footbridge_model::delivery::Attempt { n: 2, ..attempt }),
        ..ended(number, DeliveryStatus::Dead)
    };
    store.record_owned(vec![second(11), second(12)]).await.unwrap();
    let failed = step(store, &[(20, JobAct::Retry(delivery_id(11)))], false).await;
    assert_eq!((failed.job.state, failed.due), (JobState::Failed, vec![]));
    assert_eq!(failed.job.progress.text.as_deref(), Some("gave up after 2 failures in a row"));
}
