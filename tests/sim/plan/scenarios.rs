//! Plans for one situation each.

use super::{
    APPS, Action, Crash, EVENTS, HookPlan, INSTALLABLE, PagePlan, Plan, Publish, Retention, SETTLE_TIME, Step,
};
use crate::broken::Broken;
use crate::receiver_faults::{Condition, Phase};
use crate::rng::Rng;
use footbridge_model::hook::HookOptions;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

impl Plan {
    /// These steps with healthy receivers and a healthy server.
    pub(crate) fn quiet(seed: u64, faults_end: Duration, steps: Vec<Step>) -> Self {
        Self {
            seed,
            steps,
            crashes: Vec::new(),
            clock_jumps: Vec::new(),
            disk_full: Vec::new(),
            unreadable: Duration::ZERO..Duration::ZERO,
            receivers: vec![Vec::new(); APPS + INSTALLABLE],
            reacting: Vec::new(),
            most_reactions: usize::MAX,
            pages: Vec::new(),
            retention: None,
            settle_time: SETTLE_TIME,
            is_cluster: false,
            broken: Broken::Nothing,
            faults_end,
        }
    }

    /// Many events for healthy receivers, with a crash in the middle.
    pub(crate) fn killed(seed: u64) -> Self {
        let mut rng = Rng::of(seed, &[7]);
        let options = |ordered| HookOptions { ordered, in_flight: 4, ..HookOptions::default() };
        let hooks = [hook(0, options(false)), hook(1, options(true))];
        let publishes = (0..60).map(|mark| publish(SECOND, 2, mark));
        let crash = Crash { at: SECOND + rng.millis(100..400), downtime: SECOND };
        let steps = hooks.into_iter().chain(publishes).collect();
        Self { crashes: vec![crash], ..Self::quiet(seed, 3 * SECOND, steps) }
    }

    /// More events for a hook that keeps order than its server holds in memory, and a crash in their midst.
    pub(crate) fn flooded(seed: u64) -> Self {
        let hook = hook(0, HookOptions { ordered: true, ..HookOptions::default() });
        let publishes = (0..400).map(|mark| publish(SECOND + Duration::from_millis(mark), 2, mark));
        let crash = Crash { at: 3 * SECOND + Rng::of(seed, &[7]).millis(0..1000), downtime: SECOND };
        let steps = std::iter::once(hook).chain(publishes).collect();
        Self { crashes: vec![crash], ..Self::quiet(seed, 5 * SECOND, steps) }
    }

    /// One event whose first attempt fails, and whose event cannot be read for a minute at the second.
    pub(crate) fn unreadable() -> Self {
        let ask = |at| Step { at: at * SECOND, action: Action::Ask };
        let steps =
            vec![hook(0, HookOptions::default()), publish(2 * SECOND, 1, 7), ask(5), ask(25), ask(70)];
        let down = Phase { during: Duration::ZERO..Duration::from_millis(2500), condition: Condition::Down };
        Self {
            unreadable: Duration::from_millis(2500)..60 * SECOND,
            receivers: vec![vec![down]; APPS + INSTALLABLE],
            ..Self::quiet(0, 61 * SECOND, steps)
        }
    }

    /// An app that reacts to each of its own events.
    pub(crate) fn circle() -> Self {
        let steps = vec![hook(0, HookOptions::default()), publish(SECOND, 0, 3)];
        Self { reacting: vec![0], ..Self::quiet(1, 30 * SECOND, steps) }
    }

    /// Events every second that are retained for ten seconds, and a page that is away for longer.
    pub(crate) fn forgotten() -> Self {
        let publishes = (2..60).map(|second| publish(second * SECOND, 1, u64::from(second)));
        let steps = std::iter::once(hook(0, HookOptions::default())).chain(publishes).collect();
        let losses = vec![(5 * SECOND, 150 * SECOND)];
        Self {
            pages: vec![PagePlan { app: 0, from: SECOND, losses }],
            retention: Some(Retention { ended: 10 * SECOND, dead: 20 * SECOND }),
            ..Self::quiet(2, 160 * SECOND, steps)
        }
    }

    /// The same, with a receiver that is down: deliveries are pending for longer than ended events are retained.
    pub(crate) fn forgotten_while_down() -> Self {
        let down = Phase { during: Duration::ZERO..100 * SECOND, condition: Condition::Down };
        Self { receivers: vec![vec![down]; APPS + INSTALLABLE], ..Self::forgotten() }
    }
}

/// Adds hook `number` of the app of that number, for all events.
fn hook(number: u64, options: HookOptions) -> Step {
    let hook = HookPlan {
        number,
        app: usize::try_from(number).unwrap(),
        publisher: None,
        event: None,
        options,
        server: false,
        transient: false,
    };
    Step { at: Duration::ZERO, action: Action::Add(hook) }
}

fn publish(at: Duration, publisher: usize, mark: u64) -> Step {
    let event = EVENTS[0];
    let publish = Publish { publisher, event, mark, key: None, only: None, cause: None, hang_up_after: None };
    Step { at, action: Action::Publish(publish) }
}
