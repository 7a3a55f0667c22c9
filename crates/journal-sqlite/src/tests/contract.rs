//! The contract suite on files. A restart closes the journal and opens it again.

use super::{database, open};
use crate::SqliteJournal;
use footbridge_journal::Journal as _;
use footbridge_journal::contract::{self, Subject};
use tempfile::TempDir;

struct OnDisk {
    directory: TempDir,
    journal: Option<SqliteJournal>,
}

impl OnDisk {
    fn fresh() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = Some(open(&database(&directory)).unwrap());
        Self { directory, journal }
    }
}

impl Subject for OnDisk {
    type Store = SqliteJournal;

    fn store(&self) -> &SqliteJournal {
        self.journal.as_ref().unwrap()
    }

    async fn restart(&mut self) {
        self.store().close().await.unwrap();
        self.journal = None;
        self.journal = Some(open(&database(&self.directory)).unwrap());
    }
}

#[tokio::test]
async fn obeys_the_contract() {
    contract::run_all(async || OnDisk::fresh()).await;
}

/// The same without closing: dropping the journal writes everything that was requested.
struct Dropped(OnDisk);

impl Subject for Dropped {
    type Store = SqliteJournal;

    fn store(&self) -> &SqliteJournal {
        self.0.store()
    }

    async fn restart(&mut self) {
        self.0.journal = None;
        self.0.journal = Some(open(&database(&self.0.directory)).unwrap());
    }
}

#[tokio::test]
async fn obeys_it_when_dropped() {
    contract::run_all(async || Dropped(OnDisk::fresh())).await;
}
