//! The plan of a run: everything is drawn from the seed before the run starts.

pub(crate) mod draw;
mod scenarios;

use crate::broken::Broken;
use crate::receiver_faults::Phase;
use footbridge_model::exchange::Direction;
use footbridge_model::hook::HookOptions;
use std::ops::Range;
use std::time::Duration;

/// The number of apps. Each publishes, has hooks, and has a receiver.
pub(crate) const APPS: usize = 4;
/// The number of apps that can be installed. Their receivers follow those of [`APPS`].
pub(crate) const INSTALLABLE: usize = 2;
/// The names of the events.
pub(crate) const EVENTS: [&str; 3] = ["added", "changed", "gone"];
/// Waits between attempts.
pub(crate) const WAITS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];
/// Time limit of an attempt and of an exchange.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(5);
/// Longer than any downtime after a crash.
pub(crate) const MAX_DOWNTIME: Duration = Duration::from_secs(5);
/// How long after the last fault all deliveries must have ended.
pub(crate) const SETTLE_TIME: Duration = Duration::from_mins(10);

/// Everything that happens in one run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Actions, by time.
    pub(crate) steps: Vec<Step>,
    /// When the server is killed, and how long it stays down.
    pub(crate) crashes: Vec<Crash>,
    /// When the wall clock is changed, and by how many milliseconds.
    pub(crate) clock_jumps: Vec<ClockJump>,
    /// When the disk is full.
    pub(crate) disk_full: Vec<Range<Duration>>,
    /// When the disk cannot read events.
    pub(crate) unreadable: Range<Duration>,
    /// The phases of each receiver, those of installed apps last.
    pub(crate) receivers: Vec<Vec<Phase>>,
    /// Apps that answer some events with an event of their own.
    pub(crate) reacting: Vec<usize>,
    /// The most events that apps publish in reaction to others.
    pub(crate) most_reactions: usize,
    pub(crate) pages: Vec<PagePlan>,
    /// How long ended events and dead deliveries are retained; `None` for ever.
    pub(crate) retention: Option<Retention>,
    /// How long after `faults_end` all deliveries must have ended.
    pub(crate) settle_time: Duration,
    /// Several servers share a database, which may fail.
    pub(crate) is_cluster: bool,
    /// The behaviour that is broken on purpose.
    pub(crate) broken: Broken,
    /// The time after which nothing fails.
    pub(crate) faults_end: Duration,
}

/// An action and its time.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) at: Duration,
    pub(crate) action: Action,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    pub(crate) at: Duration,
    pub(crate) downtime: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockJump {
    pub(crate) at: Duration,
    pub(crate) by: i64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Retention {
    pub(crate) ended: Duration,
    pub(crate) dead: Duration,
}

/// A page that watches the events of an app from `from` on.
#[derive(Debug, Clone)]
pub(crate) struct PagePlan {
    pub(crate) app: usize,
    pub(crate) from: Duration,
    /// When its connection is lost, and how long it takes to return.
    pub(crate) losses: Vec<(Duration, Duration)>,
}

/// An action of a publisher, an app or an operator.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Publish(Publish),
    Exchange(ExchangePlan),
    Add(HookPlan),
    Remove(u64),
    Switch {
        hook: u64,
        on: bool,
    },
    /// Enables every disabled hook.
    SwitchAllOn,
    /// Retries a dead or cancelled delivery, picked by this number.
    Retry(u64),
    /// Retries all dead deliveries of a hook.
    RetryAll(u64),
    /// Asks the engine if deliveries are stalled.
    Ask,
    /// Installs an app.
    Install(usize),
    /// Stops an installed app; a later event starts it again.
    Stop(usize),
}

/// A publish call.
#[derive(Debug, Clone)]
pub(crate) struct Publish {
    pub(crate) publisher: usize,
    pub(crate) event: &'static str,
    /// The content of the body. A repetition under the same key mostly has the same.
    pub(crate) mark: u64,
    pub(crate) key: Option<u64>,
    /// The only subscriber; `None` for all.
    pub(crate) only: Option<usize>,
    /// The number of the event that caused this one.
    pub(crate) cause: Option<u64>,
    /// When the caller hangs up.
    pub(crate) hang_up_after: Option<Duration>,
}

/// An exchange between two linked apps: each app of an even number is a host, linked to the miniapp that follows it.
#[derive(Debug, Clone)]
pub(crate) struct ExchangePlan {
    pub(crate) sender: usize,
    pub(crate) direction: Direction,
    pub(crate) mark: u64,
    pub(crate) key: Option<u64>,
    pub(crate) respond_async: bool,
    /// When the caller hangs up.
    pub(crate) hang_up_after: Option<Duration>,
}

impl ExchangePlan {
    pub(crate) const fn recipient(&self) -> usize {
        self.sender ^ 1
    }
}

/// A hook to create. Its number is part of its route.
#[derive(Debug, Clone)]
pub(crate) struct HookPlan {
    pub(crate) number: u64,
    /// Its app; installed apps follow the others.
    pub(crate) app: usize,
    pub(crate) publisher: Option<usize>,
    pub(crate) event: Option<&'static str>,
    pub(crate) options: HookOptions,
    /// A `server` hook: its route is a path of its app.
    pub(crate) server: bool,
    /// A transient hook: it ends with the server process.
    pub(crate) transient: bool,
}

/// The hooks in the package of an installed app.
pub(crate) fn package_hooks(installed: usize) -> Vec<HookPlan> {
    let hook = |place: u64, event, ordered| HookPlan {
        number: 1000 + 10 * installed as u64 + place,
        app: APPS + installed,
        publisher: None,
        event: Some(event),
        options: HookOptions { ordered, ..HookOptions::default() },
        server: true,
        transient: false,
    };
    vec![hook(0, EVENTS[0], false), hook(1, EVENTS[1], true)]
}

impl Plan {
    /// True if the server never crashes and its disk is never full.
    pub(crate) fn has_no_server_faults(&self) -> bool {
        self.crashes.is_empty() && self.disk_full.is_empty() && !self.is_cluster
    }

    /// True if the disk is full at this time.
    pub(crate) fn is_disk_full(&self, at: Duration) -> bool {
        self.disk_full.iter().any(|range| range.contains(&at))
    }

    /// The sum of forward clock jumps in this period.
    pub(crate) fn set_forward(&self, between: Range<Duration>) -> Duration {
        let clock_jumps = self.clock_jumps.iter().filter(|clock_jump| between.contains(&clock_jump.at));
        Duration::from_millis(clock_jumps.map(|clock_jump| u64::try_from(clock_jump.by).unwrap_or(0)).sum())
    }
}
