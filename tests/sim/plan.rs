//! What is going to happen in a run: all of it follows from the seed, before anything begins.

use crate::dice::Dice;
use crate::weather::{self, Mood, Spell};
use footbridge_model::hook::{AnswerRule, HookOptions};
use std::ops::Range;
use std::time::Duration;

/// How many apps there are; each publishes, holds hooks and has a receiver.
pub(crate) const APPS: usize = 4;
/// What they publish.
const EVENTS: [&str; 3] = ["added", "changed", "gone"];
/// The waits between attempts.
pub(crate) const WAITS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];
/// One attempt, whole.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(5);
/// Longer than a server that was killed stays away.
pub(crate) const AWAY: Duration = Duration::from_secs(5);
/// How long after the last fault everything must have ended.
pub(crate) const CALM: Duration = Duration::from_mins(10);

/// A run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// What is done to the server, by time.
    pub(crate) steps: Vec<Step>,
    /// When it is killed, and how long it stays away.
    pub(crate) crashes: Vec<Crash>,
    /// When the clock is set, and by how many milliseconds.
    pub(crate) jumps: Vec<Jump>,
    /// When the disk is full.
    pub(crate) full: Vec<Range<Duration>>,
    /// When events cannot be read from the disk.
    pub(crate) blind: Range<Duration>,
    /// How each receiver fares.
    pub(crate) weather: Vec<Vec<Spell>>,
    /// How long after the last fault everything has ended at the latest.
    pub(crate) patience: Duration,
    /// From when on nothing fails.
    pub(crate) calm: Duration,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) at: Duration,
    pub(crate) act: Act,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    pub(crate) at: Duration,
    pub(crate) away: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Jump {
    pub(crate) at: Duration,
    pub(crate) by: i64,
}

/// What somebody does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Publish(Publish),
    Add(HookPlan),
    Remove(u64),
    Switch {
        hook: u64,
        on: bool,
    },
    /// Switches those on that are off, and touches no other.
    SwitchAllOn,
    /// Retries some delivery that has ended badly.
    Retry(u64),
    /// Retries all dead deliveries of a hook.
    RetryAll(u64),
    /// Asks whether deliveries get on.
    Ask,
}

/// One publish.
#[derive(Debug, Clone)]
pub(crate) struct Publish {
    pub(crate) publisher: usize,
    pub(crate) event: &'static str,
    /// What its body says: a publish that is repeated under its key says the same.
    pub(crate) mark: u64,
    pub(crate) key: Option<u64>,
    /// Whom it is for, if not for everybody.
    pub(crate) only: Option<usize>,
    /// When the caller hangs up.
    pub(crate) patience: Option<Duration>,
}

/// A hook to be made; its number is in its route.
#[derive(Debug, Clone)]
pub(crate) struct HookPlan {
    pub(crate) number: u64,
    pub(crate) app: usize,
    pub(crate) publisher: Option<usize>,
    pub(crate) event: Option<&'static str>,
    pub(crate) options: HookOptions,
    /// Its route is a path of its app.
    pub(crate) server: bool,
    /// It goes with the server that it was made in.
    pub(crate) transient: bool,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed, &[0]);
        let calm = dice.millis(20_000..120_000);
        let mut numbers = 0;
        let mut steps: Vec<Step> =
            (0..dice.within(2..6)).map(|_| add(&mut dice, &mut numbers, Duration::ZERO)).collect();
        for _ in 0..dice.within(15..60) {
            let at = dice.millis(100..u64::try_from(calm.as_millis()).unwrap());
            let step = match dice.within(0..100) {
                0..72 => Step { at, act: Act::Publish(publish(&mut dice, 20)) },
                72..78 => add(&mut dice, &mut numbers, at),
                78..82 => Step { at, act: Act::Remove(dice.within(0..numbers)) },
                82..86 => Step { at, act: Act::Switch { hook: dice.within(0..numbers), on: false } },
                86..92 => Step { at, act: Act::Switch { hook: dice.within(0..numbers), on: true } },
                92..98 => Step { at, act: Act::Retry(dice.next()) },
                _ => Step { at, act: Act::RetryAll(dice.within(0..numbers)) },
            };
            steps.push(step);
        }
        bursts(&mut dice, &mut steps, calm);
        // Whatever is off by then goes on, so that everything comes to an end.
        steps.push(Step { at: calm + AWAY, act: Act::SwitchAllOn });
        steps.sort_by_key(|step| step.at);
        let (crashes, full, jumps) = troubles(&mut dice, &steps, calm);
        let mut weather: Vec<_> = (0..APPS).map(|_| weather::of(&mut dice, calm)).collect();
        let blind = if dice.percent(15) {
            let from = dice.millis(1000..u64::try_from(calm.as_millis()).unwrap());
            from..(from + dice.millis(100..30_000)).min(calm)
        } else {
            Duration::ZERO..Duration::ZERO
        };
        let mut patience = CALM;
        if dice.percent(8) {
            weather[0] = weather::hanging_for_good();
            let publishes = steps.iter().filter(|step| matches!(step.act, Act::Publish(_))).count();
            // One after the other: all attempts of each, and the waits between them.
            let each = WAITS.iter().sum::<Duration>().mul_f64(1.2)
                + ATTEMPT * (u32::try_from(WAITS.len()).unwrap() + 1);
            patience += each * u32::try_from(publishes).unwrap();
        }
        Self { seed, steps, crashes, jumps, full, blind, weather, patience, calm }
    }

    /// Many events for receivers that are well, in the midst of which the server is killed.
    pub(crate) fn killed(seed: u64) -> Self {
        let mut dice = Dice::of(seed, &[7]);
        let hook = |number: u64, ordered| {
            let options = HookOptions { ordered, in_flight: 4, ..HookOptions::default() };
            let app = usize::try_from(number).unwrap();
            Act::Add(HookPlan {
                number,
                app,
                publisher: None,
                event: None,
                options,
                server: false,
                transient: false,
            })
        };
        let second = Duration::from_secs(1);
        let hooks = [hook(0, false), hook(1, true)].map(|act| Step { at: Duration::ZERO, act });
        let publishes = (0..60).map(|mark| {
            let publish =
                Publish { publisher: 2, event: EVENTS[0], mark, key: None, only: None, patience: None };
            Step { at: second, act: Act::Publish(publish) }
        });
        let crash = Crash { at: second + dice.millis(100..400), away: second };
        Self {
            steps: hooks.into_iter().chain(publishes).collect(),
            crashes: vec![crash],
            calm: 3 * second,
            blind: Duration::ZERO..Duration::ZERO,
            weather: vec![Vec::new(); APPS],
            seed,
            ..Self::blind()
        }
    }

    /// One event whose first attempt fails, and whose second finds for a minute that it cannot be read.
    pub(crate) fn blind() -> Self {
        let seconds = Duration::from_secs;
        let hook = HookPlan {
            number: 0,
            app: 0,
            publisher: None,
            event: None,
            options: HookOptions::default(),
            server: false,
            transient: false,
        };
        let publish =
            Publish { publisher: 1, event: EVENTS[0], mark: 7, key: None, only: None, patience: None };
        let steps = [
            (seconds(0), Act::Add(hook)),
            (seconds(2), Act::Publish(publish)),
            (seconds(5), Act::Ask),
            (seconds(25), Act::Ask),
            (seconds(70), Act::Ask),
        ];
        let down = Spell { during: seconds(0)..Duration::from_millis(2500), mood: Mood::Down };
        Self {
            seed: 0,
            steps: steps.into_iter().map(|(at, act)| Step { at, act }).collect(),
            crashes: Vec::new(),
            jumps: Vec::new(),
            full: Vec::new(),
            blind: Duration::from_millis(2500)..seconds(60),
            weather: vec![vec![down]; APPS],
            patience: CALM,
            calm: seconds(61),
        }
    }

    /// Whether nothing happens to the server itself.
    pub(crate) fn is_sound(&self) -> bool {
        self.crashes.is_empty() && self.full.is_empty()
    }

    /// Whether the disk has no room.
    pub(crate) fn is_full(&self, at: Duration) -> bool {
        self.full.iter().any(|range| range.contains(&at))
    }

    /// By how much the clock was set forward between two instants.
    pub(crate) fn set_forward(&self, between: Range<Duration>) -> Duration {
        let jumps = self.jumps.iter().filter(|jump| between.contains(&jump.at));
        Duration::from_millis(jumps.map(|jump| u64::try_from(jump.by).unwrap_or(0)).sum())
    }
}

/// A publish whose caller hangs up in so many of a hundred cases.
fn publish(dice: &mut Dice, hasty: u64) -> Publish {
    let key = dice.percent(30).then(|| dice.within(0..4));
    let mark = dice.next() >> 16;
    Publish {
        // A key belongs to one publisher and one event, and mostly to one body.
        publisher: usize::try_from(key.unwrap_or(dice.next()) % APPS as u64).unwrap(),
        event: key.map_or_else(|| dice.pick(&EVENTS), |_| EVENTS[0]),
        mark: key.filter(|_| !dice.percent(10)).unwrap_or(mark),
        key,
        only: dice.percent(10).then(|| dice.pick(&[0, 1, 2, 3])),
        patience: dice.percent(hasty).then(|| dice.millis(0..30)),
    }
}

/// Many publishes at once, so that there is something to keep in order and something to lose; now and then more than
/// a lane holds in memory.
fn bursts(dice: &mut Dice, steps: &mut Vec<Step>, calm: Duration) {
    let flood = dice.percent(3).then_some(300..500);
    for size in (0..dice.within(0..3)).map(|_| 3..12).chain(flood) {
        let at = dice.millis(100..u64::try_from(calm.as_millis()).unwrap());
        for _ in 0..dice.within(size) {
            steps.push(Step { at: at + dice.millis(0..40), act: Act::Publish(publish(dice, 40)) });
        }
    }
}

fn add(dice: &mut Dice, numbers: &mut u64, at: Duration) -> Step {
    let number = *numbers;
    *numbers += 1;
    let (server, transient) = (dice.percent(40), dice.percent(15));
    let options = HookOptions {
        answer: if dice.percent(25) { AnswerRule::Optional } else { AnswerRule::Required },
        in_flight: dice.pick(&[1, 2, 8]),
        ordered: dice.percent(40),
    };
    let hook = HookPlan {
        number,
        app: dice.pick(&[0, 1, 2, 3]),
        publisher: dice.percent(30).then(|| dice.pick(&[0, 1, 2, 3])),
        event: dice.percent(40).then(|| dice.pick(&EVENTS)),
        // An app that makes its own hook says nothing else of it.
        options: if transient { HookOptions::default() } else { options },
        server,
        transient,
    };
    Step { at, act: Act::Add(hook) }
}

/// Crashes, times without room on the disk, and clocks that are set; none of them in one run of three.
fn troubles(
    dice: &mut Dice,
    steps: &[Step],
    calm: Duration,
) -> (Vec<Crash>, Vec<Range<Duration>>, Vec<Jump>) {
    if dice.percent(33) {
        return (Vec::new(), Vec::new(), Vec::new());
    }
    let end = u64::try_from(calm.as_millis()).unwrap();
    let mut crashes: Vec<Crash> = (0..dice.within(0..4))
        .map(|_| {
            // Mostly just behind something that is being done.
            let place = usize::try_from(dice.within(0..steps.len() as u64)).unwrap();
            let near = steps[place].at.max(Duration::from_millis(100)) + dice.millis(0..60);
            let at = if dice.percent(70) { near } else { dice.millis(100..end) };
            Crash { at, away: dice.millis(1..4000) }
        })
        .filter(|crash| crash.at < calm)
        .collect();
    crashes.sort_by_key(|crash| crash.at);
    let full = (0..if dice.percent(30) { dice.within(1..3) } else { 0 })
        .map(|_| {
            let from = dice.millis(1000..end);
            from..(from + dice.millis(5..5000)).min(calm)
        })
        .collect();
    let jumps = (0..if dice.percent(30) { dice.within(1..3) } else { 0 })
        .map(|_| {
            let most = dice.pick(&[30_000, 7_200_000]);
            let by = i64::try_from(dice.within(1..most)).unwrap();
            Jump { at: dice.millis(0..end), by: if dice.percent(50) { by } else { -by } }
        })
        .collect();
    (crashes, full, jumps)
}
