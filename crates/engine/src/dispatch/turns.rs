//! Lanes get their turns: offers come in, attempts are launched while there are places.

use super::asleep::Asleep;
use super::attempt::Sender;
use super::flights::Flights;
use super::held::Budget;
use super::lane::{Lane, Waiting};
use super::permits::{Permits, Pool, Taken};
use super::record::Recorder;
use super::tried::Tried;
use super::watch::Watch;
use super::way::Pace;
use super::wheel::Wheel;
use crate::failure_log::FailureLog;
use crate::lanes::Offer;
use crate::progress::Progress;
use crate::registry::{AppEntry, AppRegistry, HookEntry};
use footbridge_journal::{JournalError, PendingDelivery};
use footbridge_model::hook::AnswerRule;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::retry::Schedule;
use footbridge_model::time::{Clock, Entropy, Millis};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// The longest sleep without looking at the clock: it may have been set meanwhile.
const NAP: Duration = Duration::from_secs(30);
/// The shortest wait for a lane that could do nothing although something is due.
const SOON: Duration = Duration::from_millis(1);
/// A clock that goes back by more than this was set back, not corrected.
const SET_BACK: Duration = Duration::from_secs(1);
/// Why deliveries to a hook whose receiver said 410 are cancelled.
pub(super) const SWITCHED_OFF: &str = "hook switched off (410)";

/// What comes back from tasks.
#[derive(Debug)]
pub(super) enum Report {
    /// An attempt has ended.
    Tried(Flight, Tried),
    /// An attempt waits for an answer that need not come: the lane goes on.
    MovedOn(Flight),
    /// The journal has kept results of these lanes, one for each time that they are named.
    Settled(Vec<HookId>),
    /// An attempt past its lane has ended.
    Hurried(Flight, Tried),
    /// An app was started, or could not be.
    Started(AppName),
    /// The journal gave what a lane asked for.
    Refilled { hook: HookId, found: Result<Vec<PendingDelivery>, JournalError>, asked: u32 },
    /// A hook whose receiver said 410 was switched off, or could not be.
    SwitchedOff { hook: HookId, done: bool },
}

/// An attempt under way.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) due: PendingDelivery,
    pub(super) hook: Arc<HookEntry>,
}

/// What the loop works with that does not change.
pub(super) struct Parts {
    pub(super) registry: Arc<AppRegistry>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) schedule: Schedule,
    pub(super) answer_wait: Duration,
    pub(super) progress: Arc<Progress>,
    pub(super) log: Arc<FailureLog>,
}

/// Everything the loop owns.
pub(super) struct State {
    pub(super) parts: Parts,
    pub(super) recorder: Recorder,
    pub(super) sender: Rc<Sender>,
    pub(super) lanes: HashMap<HookId, Lane>,
    pub(super) wheel: Wheel,
    pub(super) permits: Permits,
    pub(super) flights: Flights,
    /// Hooks whose receivers said 410, and whether they are switched off by now.
    pub(super) gone: HashMap<HookId, bool>,
    pub(super) results: mpsc::Sender<Report>,
    pub(super) asleep: Asleep,
    pub(super) budget: Budget,
    /// The number of the oldest event that was under way when the last offers were taken.
    pub(super) oldest_open: u64,
    last_now: Millis,
    pub(super) watch: Watch,
}

impl State {
    pub(super) fn new(sender: Sender, results: mpsc::Sender<Report>, parts: Parts) -> Self {
        Self {
            parts,
            recorder: Recorder::new(Arc::clone(&sender.journal), results.clone()),
            sender: Rc::new(sender),
            lanes: HashMap::new(),
            wheel: Wheel::default(),
            permits: Permits::default(),
            flights: Flights::default(),
            gone: HashMap::new(),
            results,
            asleep: Asleep::default(),
            budget: Budget::default(),
            oldest_open: u64::MAX,
            last_now: Millis(i64::MIN),
            watch: Watch::default(),
        }
    }

    /// Whether nothing is under way.
    pub(super) const fn is_idle(&self) -> bool {
        self.permits.running() == 0
    }

    /// Hands results to the journal.
    pub(super) fn flush(&mut self) {
        self.recorder.flush();
    }

    /// How long nothing is due.
    pub(super) fn nap(&self) -> Duration {
        let due = self.wheel.next_wake().map_or(NAP, |at| self.parts.clock.now().until(at));
        let long = self.flights.next_long().map_or(NAP, |at| at.saturating_duration_since(Instant::now()));
        let watch = if self.lanes.is_empty() { NAP } else { self.watch.wait() };
        due.min(long).min(watch)
    }

    pub(super) fn lane(&mut self, hook: HookId) -> &mut Lane {
        let registry = &self.parts.registry;
        let ordered = || registry.index.load().hook(hook).is_some_and(|entry| entry.hook.options.ordered);
        self.lanes.entry(hook).or_insert_with(|| Lane::new(ordered()))
    }

    /// Takes deliveries that were just accepted.
    pub(super) fn offered(&mut self, offers: &mut Vec<Offer>) {
        for Offer { event, deliveries } in offers.drain(..) {
            for delivery in deliveries {
                let waiting = Waiting { due: delivery.due(&event), event: self.budget.hold(&event) };
                self.lane(delivery.hook_id).offer(waiting);
                self.wheel.ready(delivery.hook_id);
            }
        }
    }

    /// Hooks that changed, or to which something became due by another way.
    pub(super) fn stirred(&mut self, hooks: BTreeSet<HookId>) {
        for hook in hooks {
            let ordered = self.parts.registry.index.load().hook(hook).map(|entry| entry.hook.options.ordered);
            let lane = self.lane(hook);
            if let Some(ordered) = ordered {
                lane.set_ordered(ordered);
            }
            lane.forget();
            self.wheel.ready(hook);
        }
    }

    /// Gives lanes their turns while there are places.
    pub(super) fn pump(&mut self) {
        let now = self.parts.clock.now();
        if now.plus(SET_BACK) < self.last_now {
            self.clock_was_set_back();
        }
        self.last_now = now;
        self.watch(now);
        while let Some(hook) = self.flights.grown_long(Instant::now()) {
            self.permits.slow_down();
            if let Some(lane) = self.lanes.get_mut(&hook) {
                lane.takes_long();
            }
            self.wheel.unpark(&Taken::Pool(Pool::Quick));
        }
        if self.is_idle() {
            self.wheel.unpark_all();
        }
        self.wheel.wake(now);
        while let Some(hook) = self.wheel.turn() {
            self.turn(hook, now);
        }
    }

    /// What is due was reckoned by a clock that no longer counts: every lane reads the journal anew.
    fn clock_was_set_back(&mut self) {
        tracing::warn!("the clock was set back: what is due is reckoned anew");
        self.stirred(self.lanes.keys().copied().collect());
    }

    fn turn(&mut self, id: HookId, now: Millis) {
        if self.asleep.holds(id) {
            return;
        }
        let Some(hook) = self.parts.registry.index.load().hook(id).cloned() else {
            self.hook_is_gone(id);
            return;
        };
        if self.is_ended(&hook) {
            return;
        }
        let app = self.parts.registry.directory.load().app(hook.hook.app.as_str()).cloned();
        let Some(app) = app.filter(|app| app.app.enabled && hook.hook.enabled) else {
            // Switched off: what is pending waits in the journal until it is switched on again.
            self.rest(id);
            return;
        };
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let pool = match (lane.hangs(), lane.holds_long()) {
            (true, _) => Pool::Hanging,
            (false, true) => Pool::Slow,
            (false, false) => Pool::Quick,
        };
        if let Some(asked) = lane.refill(now) {
            self.refill(id, hook.hook.options.ordered, asked);
        }
        match self.permits.check(&app.app.name, pool) {
            Ok(()) => self.start(hook, app, pool, now),
            Err(taken) => self.wheel.park(id, taken),
        }
    }

    /// Whether the hook's receiver has said 410; what came in for it since is cancelled too.
    fn is_ended(&mut self, hook: &HookEntry) -> bool {
        let id = hook.hook.id;
        match self.gone.get(&id) {
            None => return false,
            Some(true) if hook.hook.enabled => {
                self.gone.remove(&id);
                return false;
            }
            Some(true) => self.recorder.cancel(id, SWITCHED_OFF),
            Some(false) => {}
        }
        self.rest(id);
        true
    }

    fn start(&mut self, hook: Arc<HookEntry>, app: Arc<AppEntry>, pool: Pool, now: Millis) {
        let id = hook.hook.id;
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        // Of two publishers the later may be quicker: what comes before it may still be on its way.
        let older_may_come = lane.first_event().is_some_and(|event| event.number() > self.oldest_open);
        let in_turn = !(hook.hook.options.ordered && older_may_come);
        if in_turn && let Some(waiting) = lane.start(now, usize::from(hook.hook.options.in_flight)) {
            self.launch(waiting, hook, app, pool);
            self.wheel.ready(id);
            return;
        }
        // A lane at work is looked at again when an attempt ends: what is due already needs no timer.
        let busy = lane.under_way() > 0;
        let next = lane.next_at().filter(|at| *at > now || !busy).map(|at| at.max(now.plus(SOON)));
        if lane.is_idle() {
            self.lanes.remove(&id);
        }
        self.wheel.wake_at(id, next);
    }

    fn hook_is_gone(&mut self, id: HookId) {
        if self.rest(id) {
            return;
        }
        // Besides what was cancelled with the hook, an event may have been accepted while it went.
        self.recorder.cancel(id, "hook gone");
    }

    /// Sets a lane aside, but remembers what is under way; gives whether there was nothing to set aside.
    pub(super) fn rest(&mut self, id: HookId) -> bool {
        self.wheel.remove(id);
        let Some(lane) = self.lanes.get_mut(&id) else { return true };
        lane.rest();
        if lane.under_way() == 0 {
            self.lanes.remove(&id);
        }
        false
    }

    fn refill(&mut self, hook: HookId, ordered: bool, asked: u32) {
        // Results first, so that the journal does not give what has just ended.
        self.recorder.flush();
        let found = self.sender.journal.due(hook, ordered, asked);
        let results = self.results.clone();
        tokio::task::spawn_local(async move {
            let found = found.await;
            let _ = results.send(Report::Refilled { hook, found, asked }).await;
        });
    }

    fn launch(&mut self, waiting: Waiting, hook: Arc<HookEntry>, app: Arc<AppEntry>, pool: Pool) {
        self.watch.started();
        self.permits.take(&app.app.name, pool);
        self.flights.begin(waiting.due.id, hook.hook.id, pool);
        let flight = Flight { due: waiting.due.clone(), hook };
        let (sender, results) = (Rc::clone(&self.sender), self.results.clone());
        let optional = flight.hook.hook.options.answer == AnswerRule::Optional;
        let answer_wait = optional.then_some(self.parts.answer_wait);
        tokio::task::spawn_local(async move {
            let tried = match answer_wait {
                None => sender.attempt(waiting, &flight.hook, &app, None, Pace::Lane).await,
                Some(wait) => fly_on(&sender, waiting, &flight, &app, wait, &results).await,
            };
            let _ = results.send(Report::Tried(flight, tried)).await;
        });
    }
}

/// An attempt whose lane goes on once the request is written and `wait` has passed.
async fn fly_on(
    sender: &Sender,
    waiting: Waiting,
    flight: &Flight,
    app: &AppEntry,
    wait: Duration,
    results: &mpsc::Sender<Report>,
) -> Tried {
    let (written, is_written) = oneshot::channel();
    let mut attempt = std::pin::pin!(sender.attempt(waiting, &flight.hook, app, Some(written), Pace::Lane));
    let waited = async {
        if is_written.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(wait).await;
    };
    tokio::select! {
        biased;
        tried = &mut attempt => tried,
        () = waited => {
            let _ = results.send(Report::MovedOn(flight.clone())).await;
            attempt.await
        }
    }
}
