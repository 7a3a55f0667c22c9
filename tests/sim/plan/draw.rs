//! Draws the plan of a seed.

use super::{
    APPS, ATTEMPT, Action, ClockJump, Crash, EVENTS, ExchangePlan, HookPlan, INSTALLABLE, MAX_DOWNTIME,
    PagePlan, Plan, Publish, Retention, SETTLE_TIME, Step, WAITS,
};
use crate::broken::Broken;
use crate::receiver_faults;
use crate::rng::Rng;
use footbridge_model::exchange::Direction;
use footbridge_model::hook::{AnswerRule, HookOptions};
use std::ops::Range;
use std::time::Duration;

/// Faults of the server itself.
type ServerFaults = (Vec<Crash>, Vec<Range<Duration>>, Vec<ClockJump>);

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::of(seed, &[0]);
        let faults_end = rng.millis(20_000..120_000);
        let mut numbers = 0;
        let mut steps: Vec<Step> =
            (0..rng.within(2..6)).map(|_| add(&mut rng, &mut numbers, Duration::ZERO)).collect();
        for _ in 0..rng.within(15..60) {
            let at = rng.millis(100..millis(faults_end));
            let step = match rng.within(0..100) {
                0..72 => Step { at, action: Action::Publish(publish(&mut rng, 20)) },
                72..78 => add(&mut rng, &mut numbers, at),
                78..82 => Step { at, action: Action::Remove(rng.within(0..numbers)) },
                82..86 => Step { at, action: Action::Switch { hook: rng.within(0..numbers), on: false } },
                86..92 => Step { at, action: Action::Switch { hook: rng.within(0..numbers), on: true } },
                92..98 => Step { at, action: Action::Retry(rng.next()) },
                _ => Step { at, action: Action::RetryAll(rng.within(0..numbers)) },
            };
            steps.push(step);
        }
        bursts(&mut rng, &mut steps, faults_end);
        // Disabled hooks are enabled at the end, so that all deliveries can end.
        steps.push(Step { at: faults_end + MAX_DOWNTIME, action: Action::SwitchAllOn });
        steps.sort_by_key(|step| step.at);
        let (crashes, disk_full, clock_jumps) = server_faults(&mut rng, &steps, faults_end);
        let receivers = (0..APPS + INSTALLABLE).map(|_| receiver_faults::of(&mut rng, faults_end)).collect();
        let mut plan = Self {
            seed,
            crashes,
            clock_jumps,
            disk_full,
            unreadable: unreadable(&mut rng, faults_end),
            receivers,
            reacting: Vec::new(),
            most_reactions: 40,
            pages: Vec::new(),
            retention: None,
            settle_time: SETTLE_TIME,
            is_cluster: false,
            broken: Broken::Nothing,
            faults_end,
            steps,
        };
        if rng.percent(8) {
            plan.hang_for_good();
        }
        plan.add_features();
        plan
    }

    /// Lets one receiver hang to the end, and all deliveries to it time out.
    fn hang_for_good(&mut self) {
        self.receivers[0] = receiver_faults::hanging_for_good();
        let publishes = self.steps.iter().filter(|step| matches!(step.action, Action::Publish(_))).count();
        // The deliveries come one after another: all attempts of each, and the waits between them.
        let each =
            WAITS.iter().sum::<Duration>().mul_f64(1.2) + ATTEMPT * (u32::try_from(WAITS.len()).unwrap() + 1);
        self.settle_time += each * u32::try_from(publishes).unwrap();
    }

    /// Draws exchanges, installed apps, pages, reactions and retention, each from a generator of its own.
    fn add_features(&mut self) {
        let (seed, end) = (self.seed, millis(self.faults_end));
        let mut rng = Rng::of(seed, &[10]);
        if rng.percent(50) {
            for _ in 0..rng.within(3..25) {
                let at = rng.millis(100..end);
                self.steps.push(Step { at, action: Action::Exchange(exchange(&mut rng)) });
            }
        }
        let mut rng = Rng::of(seed, &[11]);
        for app in 0..INSTALLABLE {
            if rng.percent(35) {
                let at = rng.millis(100..end);
                self.steps.push(Step { at, action: Action::Install(app) });
                for _ in 0..rng.within(0..3) {
                    let at = rng.millis(millis(at)..end + 1);
                    self.steps.push(Step { at, action: Action::Stop(app) });
                }
            }
        }
        let mut rng = Rng::of(seed, &[12]);
        for _ in 0..rng.pick(&[0, 1, 1, 3]) {
            let from = rng.millis(0..end);
            let losses = (0..rng.within(0..4)).map(|_| (rng.millis(0..end), rng.millis(0..8_000))).collect();
            self.pages.push(PagePlan { app: rng.pick(&[0, 1, 2, 3]), from, losses });
        }
        let mut rng = Rng::of(seed, &[13]);
        self.reacting = (0..APPS).filter(|_| rng.percent(12)).collect();
        let mut rng = Rng::of(seed, &[14]);
        self.retention = rng
            .percent(20)
            .then(|| Retention { ended: rng.millis(10_000..60_000), dead: rng.millis(60_000..120_000) });
        self.steps.sort_by_key(|step| step.at);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

fn unreadable(rng: &mut Rng, faults_end: Duration) -> Range<Duration> {
    if !rng.percent(15) {
        return Duration::ZERO..Duration::ZERO;
    }
    let from = rng.millis(1000..millis(faults_end));
    from..(from + rng.millis(100..30_000)).min(faults_end)
}

/// A publish whose caller hangs up in `hasty` percent of the calls.
fn publish(rng: &mut Rng, hasty: u64) -> Publish {
    let publish = plain_publish(rng);
    Publish {
        only: rng.percent(10).then(|| rng.pick(&[0, 1, 2, 3])),
        hang_up_after: rng.percent(hasty).then(|| rng.millis(0..30)),
        ..publish
    }
}

/// A publish to every app, whose caller waits.
pub(crate) fn plain_publish(rng: &mut Rng) -> Publish {
    let key = rng.percent(30).then(|| rng.within(0..4));
    let mark = rng.next() >> 16;
    Publish {
        // A key belongs to one publisher and one event, and mostly to one body.
        publisher: usize::try_from(key.unwrap_or(rng.next()) % APPS as u64).unwrap(),
        event: key.map_or_else(|| rng.pick(&EVENTS), |_| EVENTS[0]),
        mark: key.filter(|_| !rng.percent(10)).unwrap_or(mark),
        key,
        only: None,
        cause: None,
        hang_up_after: None,
    }
}

fn exchange(rng: &mut Rng) -> ExchangePlan {
    let exchange = plain_exchange(rng, 50);
    ExchangePlan { hang_up_after: rng.percent(20).then(|| rng.millis(0..2_000)), ..exchange }
}

/// An exchange whose caller waits, with a key in `keyed` percent of the calls.
pub(crate) fn plain_exchange(rng: &mut Rng, keyed: u64) -> ExchangePlan {
    let key = rng.percent(keyed).then(|| rng.within(0..4));
    let mark = rng.next() >> 16;
    let sender = usize::try_from(key.unwrap_or(rng.next()) % APPS as u64).unwrap();
    ExchangePlan {
        // A key belongs to one sender, and mostly to one body.
        sender,
        direction: if sender % 2 == 0 { Direction::ToMiniapp } else { Direction::ToHost },
        mark: key.filter(|_| !rng.percent(10)).unwrap_or(mark),
        key,
        respond_async: rng.percent(30),
        hang_up_after: None,
    }
}

/// Bursts of publishes, so that order and crashes matter; rarely one that exceeds the in-memory window of a lane.
fn bursts(rng: &mut Rng, steps: &mut Vec<Step>, faults_end: Duration) {
    let flood = rng.percent(3).then_some(300..500);
    for size in (0..rng.within(0..3)).map(|_| 3..12).chain(flood) {
        let at = rng.millis(100..millis(faults_end));
        for _ in 0..rng.within(size) {
            steps.push(Step { at: at + rng.millis(0..40), action: Action::Publish(publish(rng, 40)) });
        }
    }
}

fn add(rng: &mut Rng, numbers: &mut u64, at: Duration) -> Step {
    let number = *numbers;
    *numbers += 1;
    let (server, transient) = (rng.percent(40), rng.percent(15));
    let options = HookOptions {
        answer: if rng.percent(25) { AnswerRule::Optional } else { AnswerRule::Required },
        in_flight: rng.pick(&[1, 2, 8]),
        ordered: rng.percent(40),
    };
    let hook = HookPlan {
        number,
        app: rng.pick(&[0, 1, 2, 3]),
        publisher: rng.percent(30).then(|| rng.pick(&[0, 1, 2, 3])),
        event: rng.percent(40).then(|| rng.pick(&EVENTS)),
        // Apps cannot choose options for hooks that they create themselves.
        options: if transient { HookOptions::default() } else { options },
        server,
        transient,
    };
    Step { at, action: Action::Add(hook) }
}

/// Crashes, times with a full disk, and clock jumps; a third of the runs has none.
fn server_faults(rng: &mut Rng, steps: &[Step], faults_end: Duration) -> ServerFaults {
    if rng.percent(33) {
        return (Vec::new(), Vec::new(), Vec::new());
    }
    let end = millis(faults_end);
    let mut crashes: Vec<Crash> = (0..rng.within(0..4))
        .map(|_| {
            // Mostly right after an action.
            let place = usize::try_from(rng.within(0..steps.len() as u64)).unwrap();
            let near = steps[place].at.max(Duration::from_millis(100)) + rng.millis(0..60);
            let at = if rng.percent(70) { near } else { rng.millis(100..end) };
            Crash { at, downtime: rng.millis(1..4000) }
        })
        .filter(|crash| crash.at < faults_end)
        .collect();
    crashes.sort_by_key(|crash| crash.at);
    let full = (0..if rng.percent(30) { rng.within(1..3) } else { 0 })
        .map(|_| {
            let from = rng.millis(1000..end);
            from..(from + rng.millis(5..5000)).min(faults_end)
        })
        .collect();
    let clock_jumps = (0..if rng.percent(30) { rng.within(1..3) } else { 0 })
        .map(|_| {
            let most = rng.pick(&[30_000, 7_200_000]);
            let by = i64::try_from(rng.within(1..most)).unwrap();
            ClockJump { at: rng.millis(0..end), by: if rng.percent(50) { by } else { -by } }
        })
        .collect();
    (crashes, full, clock_jumps)
}
