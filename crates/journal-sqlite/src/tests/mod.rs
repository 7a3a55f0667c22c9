//! The journal on real files.

mod contract;
mod crash;
mod damage;
mod faults;
mod locked;
mod opening;
mod plans;
mod reading;
mod sealing;
mod searching;
mod shrinking;

use crate::{MasterKey, OpenError, SqliteJournal, SqliteOptions};
use bytes::Bytes;
use footbridge_journal::{NewDelivery, NewEvent, Partition, Version};
use footbridge_model::app::{App, AppSecrets, ReceiverAuth};
use footbridge_model::event::Event;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::{Hook, HookOptions, HookType, Lifetime, Origin};
use footbridge_model::id::{DeliveryId, EventId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::provenance::Provenance;
use footbridge_model::rotation::{Previous, Rotating};
use footbridge_model::secret::Secret;
use footbridge_model::time::{Entropy, Millis};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Bytes that never repeat within a test.
#[derive(Debug, Default)]
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn options(path: &Path) -> SqliteOptions {
    SqliteOptions {
        path: path.to_owned(),
        master_key: MasterKey([7; 32]),
        entropy: Arc::new(Counting::default()),
        listen: None,
    }
}

fn open(path: &Path) -> Result<SqliteJournal, OpenError> {
    SqliteJournal::open(options(path))
}

/// Returns the names of the files in a directory, sorted.
fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn database(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("journal.db")
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
        created_at: Millis(0),
        options: HookOptions::default(),
        paused: None,
        off: None,
    }
}

/// An app with every kind of secret, each beginning with `HUSH`.
fn app(name: &str) -> App {
    let hush = |text: &str| Secret::new(format!("HUSH-{text}"));
    let previous =
        vec![Previous { secret: hush("old"), until: Millis(1), superseded: false, uses_id: 0, set: None }];
    App {
        name: AppName::trusted(name),
        secrets: AppSecrets {
            token: Rotating { previous, ..Rotating::new(hush("token")) },
            secret_key: Rotating::new(hush("key")),
            signing_secret: Rotating::new(hush("signing")),
        },
        unseen: footbridge_model::app::Unseen::default(),
        token_prefix: "Token".into(),
        receiver_url: Some("https://shop.example".into()),
        receiver_enabled: true,
        receiver_auth: Some(ReceiverAuth { name: "pair".into(), secret: hush("pair") }),
        url: None,
        host_classes: BTreeMap::new(),
        ca_file: None,
        miniapp_url: None,
        private: BTreeSet::new(),
        package: None,
        origin: Origin::Api,
        enabled: true,
        created_at: Millis(0),
        generation: 1,
        proof_epoch: 2,
    }
}

fn event(number: u64, hooks: &[u64], length: usize) -> NewEvent {
    let event = Event {
        id: EventId::from_number(number),
        name: EventName::trusted("photo-saved"),
        publisher: AppName::trusted("camera"),
        body: Bytes::from(vec![b'7'; length]),
        headers: PublishHeaders::default(),
        time: Millis(i64::try_from(number).unwrap()),
        lineage: Lineage::default(),
        provenance: Provenance::default(),
    };
    let delivery = |(id, hook): (u64, &u64)| NewDelivery {
        id: DeliveryId::from_number(id),
        hook_id: HookId::from_number(*hook),
        partition: Partition(0),
    };
    NewEvent {
        event: Arc::new(event),
        deliveries: (number + 1..).zip(hooks).map(delivery).collect(),
        skipped: Vec::new(),
        key: None,
        registry: Version::default(),
    }
}
