//! Retention gives room back to the file system step by step.

use super::{database, event, hook, open};
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{
    Claim, DeliveryFilter, DeliveryResult, EventLog as _, History as _, Journal as _, Page, Partition,
    Session,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::time::Millis;

#[tokio::test]
async fn the_file_shrinks_after_retention() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    let journal = open(&path).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    for number in 1..=300 {
        journal.append(event(number * 10, &[1], 40_000)).await.unwrap();
    }
    let all = Page { before: None, limit: 1000 };
    let ended = |view: &footbridge_journal::DeliveryView| DeliveryResult {
        claim: Claim::exclusive(Session(0), Partition(0)),
        id: view.delivery.id,
        attempt: None,
        status: DeliveryStatus::Cancelled,
        next_attempt_at: None,
        reason: None,
    };
    let results = journal.deliveries(DeliveryFilter::default(), all).await.unwrap();
    journal.record_owned(results.iter().map(ended).collect()).await.unwrap();
    let size = || std::fs::metadata(&path).unwrap().len();
    let (before, now) = (size(), Millis(1_790_000_000_000));
    assert!(before > 8 << 20, "{before}");
    let mut steps = 0;
    while journal.prune_before(now, now, now).await.unwrap() {
        steps += 1;
        assert!(steps < 1000, "retention does not end");
    }
    assert!(steps > 10, "{steps} steps are none");
    journal.close().await.unwrap();
    assert!(size() < 3 << 20, "{before} became {}", size());
}
