//! `kill -9` at any moment: every acknowledged event is there, with all its deliveries.

use super::{database, event, hook, open};
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{DeliveryFilter, EventFilter, EventLog as _, History as _, Journal as _, Page};
use footbridge_model::id::EventId;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DATABASE: &str = "FOOTBRIDGE_CRASH_TEST_DATABASE";
const KILLS: u64 = 10;
const HOOKS: [u64; 3] = [1, 2, 3];

/// The child process: appends as fast as it can, a few events at a time, and prints what was acknowledged.
#[test]
#[ignore = "the other half of `killed_at_any_moment`, which runs it"]
fn child() {
    let Some(path) = std::env::var_os(DATABASE).map(PathBuf::from) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let journal = open(&path).unwrap();
        let mut last = journal.join_as("test").await.unwrap().highest_id;
        loop {
            let numbers: Vec<_> = (1..=8).map(|place| last + place * 10).collect();
            last = numbers[7];
            let waits: Vec<_> =
                numbers.iter().map(|number| journal.append(event(*number, &HOOKS, 300))).collect();
            for (number, wait) in numbers.iter().zip(waits) {
                wait.await.unwrap();
                writeln!(std::io::stdout(), "acked {number}").unwrap();
            }
        }
    });
}

#[tokio::test]
async fn killed_at_any_moment() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    let journal = open(&path).unwrap();
    for number in HOOKS {
        journal.put_hook(hook(number)).await.unwrap();
    }
    journal.close().await.unwrap();
    drop(journal);
    let mut acked = Vec::new();
    for round in 1..=KILLS {
        // Ends at another point of a group, of a commit or of a checkpoint each time.
        acked.extend(kill_after(&path, usize::try_from(round * round * 7).unwrap()));
        verify(&path, &acked).await;
    }
    assert!(acked.len() > 2000, "only {} events were acknowledged", acked.len());
}

fn kill_after(path: &Path, lines: usize) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::crash::child", "--ignored", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let read = |line: std::io::Result<String>| {
        line.unwrap().strip_prefix("acked ").and_then(|number| number.parse().ok())
    };
    let mut acked: Vec<u64> = output.by_ref().filter_map(read).take(lines).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had said before it died counts too; its last line may be cut.
    let rest: Vec<_> = output.map_while(Result::ok).collect();
    let whole = rest.len().saturating_sub(1);
    acked.extend(rest.into_iter().take(whole).filter_map(|line| read(Ok(line))));
    acked
}

async fn verify(path: &Path, acked: &[u64]) {
    let journal = open(path).unwrap();
    for number in acked {
        let id = EventId::from_number(*number);
        let view = journal.event(id).await.unwrap().unwrap_or_else(|| panic!("{number} is lost"));
        assert_eq!((view.deliveries, view.event.body.len()), (3, 300));
        let filter = DeliveryFilter { event: Some(id), ..DeliveryFilter::default() };
        assert_eq!(
            journal.deliveries(filter, Page { before: None, limit: 9 }).await.unwrap().len(),
            3,
            "{number}"
        );
    }
    let all = Page { before: None, limit: u32::MAX };
    let events = journal.events(EventFilter::default(), all).await.unwrap();
    let deliveries = journal.deliveries(DeliveryFilter::default(), all).await.unwrap();
    assert_eq!(deliveries.len(), 3 * events.len(), "an event is there by half");
    let account = journal.account().await.unwrap();
    assert_eq!((account.accepted, account.pending), (deliveries.len() as u64, deliveries.len() as u64));
    journal.close().await.unwrap();
}
