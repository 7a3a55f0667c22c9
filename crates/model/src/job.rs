//! Jobs: the same act on many deliveries, in the background.

use crate::audit::Actor;
use crate::id::{DeliveryId, EventId, HookId, JobId};
use crate::name::AppName;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $error:ident, $message:literal, $($(#[$of:meta])* $variant:ident = $text:literal),*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$of])* $variant),*
        }

        impl $name {
            /// All values, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The value as a word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),*
                }
            }
        }

        /// The error for another word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        #[error($message)]
        pub struct $error;

        impl FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or($error)
            }
        }
    };
}

word!(
    /// The act of a job.
    JobKind, BadJobKind, "must be `retry`, `replay` or `cancel`",
    /// The same delivery is attempted again.
    Retry = "retry",
    /// The event is delivered once more, as a new delivery.
    Replay = "replay",
    /// A pending delivery ends without another attempt.
    Cancel = "cancel"
);

word!(
    /// The state of a job.
    JobState, BadJobState, "must be `queued`, `running`, `stopped`, `done` or `failed`",
    /// It waits, for example until another job with the same receiver has ended.
    Queued = "queued",
    /// It is at work.
    Running = "running",
    /// A person stopped it.
    Stopped = "stopped",
    /// It has dealt with everything.
    Done = "done",
    /// It gave up before its end.
    Failed = "failed"
);

impl JobState {
    /// Returns true if the job changes further deliveries.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

word!(
    /// The outcome of one item of a job.
    ItemOutcome, BadItemOutcome, "must be `ok`, `failed`, `skipped` or `waiting`",
    /// The attempt has not ended.
    Waiting = "waiting",
    /// The receiver took it, or the delivery was cancelled.
    Ok = "ok",
    /// The attempt ended without success.
    Failed = "failed",
    /// Nothing was done with it.
    Skipped = "skipped"
);

/// The request of a job, as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSpec {
    /// The act on each delivery.
    pub kind: JobKind,
    /// The query that selects deliveries; with `hook` it selects events.
    pub query: String,
    /// Only what was made at or after this time.
    pub since: Option<Millis>,
    /// Only what was made before this time.
    pub until: Option<Millis>,
    /// The hook that replayed events go to, in place of the hooks of their deliveries.
    pub hook: Option<HookId>,
    /// The highest number that the job looks at: what exists when it is made.
    pub end: u64,
    /// The most deliveries in a second.
    pub pace: u32,
    /// The job gives up after this many failures in a row.
    pub stop_after: Option<u32>,
    /// The apps that whoever made the job is limited to.
    pub scope: Option<BTreeSet<AppName>>,
    /// The one who made the job.
    pub by: Actor,
    /// The reason that was given.
    pub reason: Option<String>,
}

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProgress {
    /// How many rows match; `None` until they are counted.
    pub matched: Option<u64>,
    /// The last number that the job has dealt with.
    pub cursor: u64,
    /// Items whose attempt was successful.
    pub ok: u64,
    /// Items whose attempt failed.
    pub failed: u64,
    /// Items whose attempt has not ended.
    pub waiting: u64,
    /// Items that were left out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The latest failures without a success between them.
    pub in_a_row: u32,
    /// The time of its first step.
    pub started_at: Option<i64>,
    /// The time of its end.
    pub ended_at: Option<i64>,
    /// Why it waits or has ended, in words.
    pub text: Option<String>,
}

impl JobProgress {
    /// The number of items that the job has dealt with.
    pub fn done(&self) -> u64 {
        self.ok + self.failed + self.skipped.values().sum::<u64>()
    }

    /// Takes note of an item that no longer waits.
    pub fn settle(&mut self, outcome: ItemOutcome) {
        self.waiting = self.waiting.saturating_sub(1);
        match outcome {
            ItemOutcome::Ok => {
                self.ok += 1;
                self.in_a_row = 0;
            }
            ItemOutcome::Failed => {
                self.failed += 1;
                self.in_a_row += 1;
            }
            ItemOutcome::Waiting | ItemOutcome::Skipped => {}
        }
    }
}

/// A job with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The id, which contains the time at which the job was made.
    pub id: JobId,
    /// The request that made it.
    pub spec: JobSpec,
    /// The state of the job.
    pub state: JobState,
    /// How far it is.
    pub progress: JobProgress,
}

/// One delivery that a job has dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobItem {
    /// The number of the delivery or event that was selected.
    pub source: u64,
    /// The delivery that is attempted; `None` if there is none.
    pub delivery: Option<DeliveryId>,
    /// The event of the delivery.
    pub event: EventId,
    /// The name of the receiving app.
    pub app: String,
    /// The outcome so far.
    pub outcome: ItemOutcome,
    /// The number of attempts that the delivery had before.
    pub attempts: u32,
    /// More about the outcome, in words.
    pub text: Option<String>,
}
