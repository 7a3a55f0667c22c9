//! How fast the journal acknowledges: `append [callers] [seconds] [directory]`, then what a backlog costs.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss, clippy::indexing_slicing)]

use bytes::Bytes;
use footbridge_journal::{
    Claim, Cluster, DeliveryQueue, DeliveryResult, EventLog, Journal, NewDelivery, NewEvent, NodeCard,
    Partition, PruneLimits, RegistryChange, RegistryStore, Retention, Version,
};
use footbridge_journal_sqlite::{MasterKey, SqliteJournal, SqliteOptions};
use footbridge_model::delivery::{Attempt, DeliveryStatus};
use footbridge_model::event::Event;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::{Hook, HookOptions, HookType, Lifetime, Origin};
use footbridge_model::id::{DeliveryId, EventId, HookId, IdSource};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::provenance::Provenance;
use footbridge_model::time::{Entropy, Millis};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Debug)]
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn now() -> Millis {
    Millis(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap())
}

fn event(ids: &IdSource, hook: HookId, body: &Bytes) -> NewEvent {
    let time = now();
    let number = ids.block(time, 2);
    let event = Event {
        id: EventId::from_number(number),
        name: EventName::trusted("photo-saved"),
        publisher: AppName::trusted("camera"),
        body: body.clone(),
        headers: PublishHeaders::default(),
        time,
        lineage: Lineage::default(),
        provenance: Provenance::default(),
    };
    let delivery =
        NewDelivery { id: DeliveryId::from_number(number + 1), hook_id: hook, partition: Partition(0) };
    NewEvent {
        event: Arc::new(event),
        deliveries: vec![delivery],
        skipped: Vec::new(),
        key: None,
        registry: Version::default(),
    }
}

fn hook(number: u64) -> Hook {
    Hook {
        id: HookId::from_number(number),
        app: AppName::trusted("shop"),
        pattern: Pattern::parse("*").unwrap(),
        route: "hooks/photo".to_owned(),
        kind: HookType::Server,
        lifetime: Lifetime::Persistent,
        origin: Origin::Api,
        enabled: true,
        created_at: now(),
        options: HookOptions::default(),
        paused: None,
        off: None,
    }
}

fn open(path: &Path) -> SqliteJournal {
    let key = MasterKey([1; 32]);
    SqliteJournal::open(SqliteOptions {
        path: path.to_owned(),
        master_key: key,
        entropy: Arc::new(Zeros),
        listen: None,
    })
    .unwrap()
}

/// Begins a session, and returns the claim on the partition of all hooks.
async fn join(journal: &SqliteJournal) -> (Claim, IdSource) {
    let joined = journal.join(NodeCard::default(), now()).await.unwrap();
    (Claim::exclusive(joined.session, Partition(0)), IdSource::above(joined.highest_id))
}

async fn put_hooks(journal: &SqliteJournal, hooks: Vec<Hook>) {
    let version = journal.load().await.unwrap().version;
    journal.apply(RegistryChange::hooks(hooks), version).await.unwrap();
}

async fn caller(
    journal: Arc<SqliteJournal>,
    (claim, ids): (Claim, Arc<IdSource>),
    until: Instant,
    record: bool,
) -> Vec<Duration> {
    let body = Bytes::from(vec![b'7'; 1024]);
    let mut waits = Vec::new();
    while Instant::now() < until {
        let new = event(&ids, HookId::from_number(1), &body);
        let delivery = new.deliveries[0].id;
        let begun = Instant::now();
        journal.append(new).await.unwrap();
        waits.push(begun.elapsed());
        if record {
            let attempt = Attempt {
                n: 1,
                at: now(),
                status: Some(200),
                error: None,
                ms: 3,
                output: None,
                answer: None,
            };
            let status = DeliveryStatus::Delivered;
            let result = DeliveryResult {
                claim,
                id: delivery,
                attempt: Some(attempt),
                status,
                next_attempt_at: None,
                reason: None,
            };
            drop(journal.record(vec![result]));
        }
    }
    waits
}

async fn measure(path: &Path, callers: usize, seconds: u64, record: bool) {
    let journal = Arc::new(open(path));
    put_hooks(&journal, vec![hook(1)]).await;
    let (claim, ids) = join(&journal).await;
    let ids = Arc::new(ids);
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..callers)
        .map(|_| tokio::spawn(caller(journal.clone(), (claim, ids.clone()), until, record)))
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    let rate = waits.len() as f64 / begun.elapsed().as_secs_f64();
    waits.sort();
    let at = |thousandth: usize| waits[(waits.len() - 1) * thousandth / 1000].as_micros();
    println!(
        "{callers} callers{}: {rate:.0} acks/s, p50 {} us, p99 {} us, p99.9 {} us",
        if record { ", each delivered" } else { "" },
        at(500),
        at(990),
        at(999)
    );
    journal.close().await.unwrap();
}

async fn backlog(path: &Path) {
    let journal = open(path);
    let (claim, ids) = join(&journal).await;
    let body = Bytes::from_static(b"{}");
    put_hooks(&journal, (2..102).map(hook).collect()).await;
    let begun = Instant::now();
    for round in 0..1000 {
        let waits: Vec<_> = (0..1000)
            .map(|place| journal.append(event(&ids, HookId::from_number(2 + (round + place) % 100), &body)))
            .collect();
        for wait in waits {
            wait.await.unwrap();
        }
    }
    println!("1 M more pending on 100 hooks in {:?}", begun.elapsed());
    for ordered in [false, true] {
        let begun = Instant::now();
        let due = journal.due(claim, HookId::from_number(1), ordered, 256).await.unwrap().len();
        println!(
            "due(ordered: {ordered}) of the first hook's {} pending: {due} in {:?}",
            journal.pending_estimate() - 1_000_000,
            begun.elapsed()
        );
    }
    journal.close().await.unwrap();
    let begun = Instant::now();
    let journal = open(path);
    println!("open: {:?}", begun.elapsed());
    let begun = Instant::now();
    let (claim, _) = join(&journal).await;
    let waiting = journal.waiting(Vec::new()).await.unwrap();
    println!(
        "join with {} pending: {} hooks in {:?}",
        journal.pending_estimate(),
        waiting.len(),
        begun.elapsed()
    );
    let begun = Instant::now();
    let cancelled = journal.cancel(claim, HookId::from_number(2), "hook disabled").await.unwrap();
    println!("cancel: {cancelled} in {:?}", begun.elapsed());
    for number in 3..102 {
        journal.cancel(claim, HookId::from_number(number), "hook disabled").await.unwrap();
    }
    let mut longest = Duration::ZERO;
    let (begun, mut portions) = (Instant::now(), 1);
    let later = now().plus(Duration::from_secs(1));
    let limits = PruneLimits { ended_before: later, dead_before: later, audit_before: later, now: later };
    loop {
        let one = Instant::now();
        let more = journal.prune(claim, limits).await.unwrap();
        longest = longest.max(one.elapsed());
        if !more {
            break;
        }
        portions += 1;
    }
    println!("prune: {portions} portions in {:?}, the longest {longest:?}", begun.elapsed());
    journal.close().await.unwrap();
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number =
        |place: usize, default| arguments.get(place).and_then(|text| text.parse().ok()).unwrap_or(default);
    let directory = arguments.get(2).map_or_else(std::env::temp_dir, Into::into);
    let path = directory.join(format!("append-{}.db", std::process::id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (callers, seconds) = (number(0, 64), u64::try_from(number(1, 3)).unwrap());
    runtime.block_on(async {
        measure(&path, callers, seconds, false).await;
        measure(&path, callers, seconds, true).await;
        measure(&path, 1, seconds, false).await;
        if arguments.iter().any(|argument| argument == "backlog") {
            backlog(&path).await;
        }
    });
    for end in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}
