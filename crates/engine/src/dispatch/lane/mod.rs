//! One hook's deliveries: a bounded window of those that are due first, refilled from the journal.

use super::held::Held;
use footbridge_journal::PendingDelivery;
use footbridge_model::id::{DeliveryId, EventId};
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// The most deliveries of one hook that wait in memory.
pub(super) const WINDOW: usize = 256;
/// The most attempts of one lane that wait on for an answer that need not come.
const ASIDE: usize = 256;
/// Attempts in a row without an answer after which a receiver is probed instead of tried.
const TROUBLE: u32 = 5;
/// How much longer each further one of them makes the pause before the next probe.
const PAUSE_STEP: Duration = Duration::from_millis(2);
/// The longest such pause: how late a receiver that is back is noticed.
const PAUSE_MOST: Duration = Duration::from_secs(1);

/// How long a lane holds back at first when the server itself could not make its attempt.
const HOLD: Duration = Duration::from_secs(1);
/// How often that doubles while it goes on.
const HOLD_DOUBLES: u32 = 3;

/// A delivery that waits for its attempt.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) due: PendingDelivery,
    /// The event, when it is at hand; else the attempt reads it.
    pub(super) event: Option<Held>,
}

/// How an attempt ended, as far as it tells of the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It answered soon.
    Quick,
    /// It answered late.
    Late,
    /// It failed soon, without an answer.
    Silent,
    /// It took its time, and then there was no answer.
    Hanging,
    /// Nothing was learned of it.
    Unknown,
}

/// Whether the journal was asked for more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Refill {
    /// No.
    #[default]
    No,
    /// Yes, and it has not answered yet.
    Asked,
    /// Yes, but its answer is no longer wanted.
    Outdated,
}

/// Due first, then oldest; a lane that keeps order knows only the latter.
type Place = (Millis, DeliveryId);

/// The lane of one hook.
#[derive(Debug, Default)]
pub(super) struct Lane {
    ordered: bool,
    window: BTreeMap<Place, Waiting>,
    /// The deliveries in the window.
    waiting: HashSet<DeliveryId>,
    /// When the first of those that lie only in the journal is due.
    floor: Option<Millis>,
    in_flight: HashSet<DeliveryId>,
    /// Those whose attempt still waits for an answer that need not come, while the lane goes on.
    aside: HashSet<DeliveryId>,
    /// Results that the journal has not kept yet: after a crash their deliveries are sent again, so they count as in
    /// flight.
    unsettled: usize,
    refill: Refill,
    /// Those under way at some time during a refill: what the journal says of them may be out of date.
    touched: HashSet<DeliveryId>,
    /// Whether something was left to the journal while a refill was under way.
    missed: Option<Millis>,
    silent_in_a_row: u32,
    /// Whether the receiver takes its time.
    slow: bool,
    /// Whether it takes its time and then does not answer.
    hanging: bool,
    /// A silent receiver is left alone until then, and nobody's attempts are used up meanwhile.
    paused_until: Option<Millis>,
    /// The server itself could not make an attempt: the next is made no sooner than this.
    held_until: Option<Millis>,
    /// How often in a row.
    holds: u32,
}

impl Lane {
    pub(super) fn new(ordered: bool) -> Self {
        Self { ordered, ..Self::default() }
    }

    pub(super) fn set_ordered(&mut self, ordered: bool) {
        if self.ordered != ordered {
            // Places mean something else now: leave all of it to the journal.
            self.ordered = ordered;
            self.forget();
        }
    }

    /// Leaves everything that waits to the journal, and looks there as soon as possible.
    pub(super) fn forget(&mut self) {
        self.clear();
        (self.paused_until, self.held_until) = (None, None);
        self.leave(Millis(0));
    }

    /// Leaves everything that waits to the journal and does not look there: its hook takes nothing.
    pub(super) fn rest(&mut self) {
        self.clear();
        (self.floor, self.missed) = (None, None);
    }

    fn clear(&mut self) {
        self.window.clear();
        self.waiting.clear();
        if self.refill == Refill::Asked {
            self.refill = Refill::Outdated;
        }
    }

    fn leave(&mut self, at: Millis) {
        // Where order counts, what lies in the journal is due as soon as it is its turn.
        let at = if self.ordered { Millis(0) } else { at };
        let earlier = |known: Option<Millis>| Some(known.map_or(at, |known| known.min(at)));
        self.floor = earlier(self.floor);
        if self.is_refilling() {
            self.missed = earlier(self.missed);
        }
    }

    fn place(&self, due: &PendingDelivery) -> Place {
        (if self.ordered { Millis(0) } else { due.at }, due.id)
    }

    /// Takes a delivery that the journal keeps, unless older ones wait there only.
    pub(super) fn offer(&mut self, waiting: Waiting) {
        let due = &waiting.due;
        let older_wait = match self.floor {
            // What waits in the journal is younger than the window, and than one that comes back from its attempt.
            Some(_) if self.ordered => {
                self.window.keys().next_back().map_or(due.attempts == 0, |(_, last)| due.id > *last)
            }
            Some(floor) => floor <= due.at,
            None => false,
        };
        if older_wait {
            self.leave(due.at);
        } else {
            self.insert(waiting);
        }
    }

    fn insert(&mut self, waiting: Waiting) {
        let id = waiting.due.id;
        if self.is_under_way(id) || !self.waiting.insert(id) {
            return;
        }
        self.window.insert(self.place(&waiting.due), waiting);
        while self.window.len() > WINDOW {
            if let Some((_, last)) = self.window.pop_last() {
                self.waiting.remove(&last.due.id);
                self.leave(last.due.at);
            }
        }
    }

    /// How many to ask the journal for, if it is time to.
    pub(super) fn refill(&mut self, now: Millis) -> Option<u32> {
        let floor =
            self.floor.filter(|floor| *floor <= now && !self.is_refilling() && !self.is_paused(now))?;
        let first = self.first_due();
        let hidden = !self.ordered && first.is_none_or(|first| floor < first);
        if self.window.len() > WINDOW / 4 && !hidden {
            return None;
        }
        self.refill = Refill::Asked;
        self.missed = None;
        self.touched = self.in_flight.union(&self.aside).copied().collect();
        u32::try_from(WINDOW + self.touched.len()).ok()
    }

    /// Takes what the journal gave for a refill that asked for `asked`.
    pub(super) fn refilled(&mut self, found: Vec<PendingDelivery>, asked: u32) {
        if std::mem::take(&mut self.refill) == Refill::Outdated {
            // What was left to the journal since is among what `floor` stands for.
            return;
        }
        self.floor = None;
        if let Some(last) = found.last().filter(|_| found.len() >= asked as usize) {
            self.leave(last.at);
        }
        if let Some(missed) = self.missed.take() {
            self.leave(missed);
        }
        let touched = std::mem::take(&mut self.touched);
        for due in found {
            if !touched.contains(&due.id) {
                self.insert(Waiting { due, event: None });
            }
        }
    }

    /// A refill brought nothing because the journal did not answer: it is asked again later.
    pub(super) fn refill_failed(&mut self, now: Millis) {
        self.refill = Refill::No;
        self.missed = None;
        self.hold(now);
    }

    /// Holds back, longer each time in a row: the server itself is short of something, and asking again at once
    /// would only make it worse.
    pub(super) fn hold(&mut self, now: Millis) {
        if self.is_held(now) {
            return;
        }
        self.held_until = Some(now.plus(HOLD.saturating_mul(1 << self.holds.min(HOLD_DOUBLES))));
        self.holds = self.holds.saturating_add(1);
    }

    /// Whether it holds back since the server itself could not make an attempt.
    pub(super) fn is_held(&self, now: Millis) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// The next delivery to attempt now, with at most `in_flight` at once.
    pub(super) fn start(&mut self, now: Millis, in_flight: usize) -> Option<Waiting> {
        let most = if self.ordered || self.is_suspect() && !self.hanging { 1 } else { in_flight };
        if self.in_flight.len() + self.unsettled >= most || self.aside.len() >= ASIDE || self.is_paused(now) {
            return None;
        }
        let first = self.window.first_entry()?;
        if first.get().due.at > now {
            return None;
        }
        let waiting = first.remove();
        self.waiting.remove(&waiting.due.id);
        self.in_flight.insert(waiting.due.id);
        if self.is_refilling() {
            self.touched.insert(waiting.due.id);
        }
        Some(waiting)
    }

    /// An attempt waits on for an answer that need not come: the lane goes on without it.
    pub(super) fn move_on(&mut self, id: DeliveryId) {
        if self.in_flight.remove(&id) {
            self.aside.insert(id);
        }
    }

    /// An attempt takes long: its receiver shall get only places that it cannot keep from others.
    pub(super) const fn takes_long(&mut self) {
        self.slow = true;
    }

    /// An attempt has ended; how decides how carefully the receiver is tried.
    pub(super) fn ended(&mut self, id: DeliveryId, manner: Manner, now: Millis) {
        self.in_flight.remove(&id);
        if self.aside.remove(&id) || manner == Manner::Unknown {
            return;
        }
        self.holds = 0;
        self.slow = manner != Manner::Quick;
        self.hanging = manner == Manner::Hanging;
        let silent = matches!(manner, Manner::Silent | Manner::Hanging);
        self.silent_in_a_row = if silent { self.silent_in_a_row.saturating_add(1) } else { 0 };
        // One that hangs makes its own pause: what waits for it shall get on with its schedule.
        let steps = if self.hanging { 0 } else { self.silent_in_a_row };
        let pause = PAUSE_STEP.saturating_mul(steps).min(PAUSE_MOST);
        self.paused_until = self.is_suspect().then(|| now.plus(pause));
    }

    /// A result is on its way to the journal.
    pub(super) const fn settling(&mut self) {
        self.unsettled += 1;
    }

    /// The journal has kept a result, or will not.
    pub(super) const fn settled(&mut self) {
        self.unsettled = self.unsettled.saturating_sub(1);
    }

    fn is_refilling(&self) -> bool {
        self.refill != Refill::No
    }

    fn is_paused(&self, now: Millis) -> bool {
        self.resumes_at().is_some_and(|until| now < until)
    }

    /// When the last of its pauses ends.
    fn resumes_at(&self) -> Option<Millis> {
        self.paused_until.max(self.held_until)
    }

    /// Whether its receiver holds on to requests without ever answering: its places are counted apart.
    pub(super) const fn hangs(&self) -> bool {
        self.is_suspect() && self.hanging
    }

    /// Whether something has been due since `then`, although nothing keeps it from being attempted.
    pub(super) fn is_overdue(&self, then: Millis, now: Millis) -> bool {
        let first = self.first_due();
        let floor = self.floor.filter(|_| !(self.ordered && first.is_some()));
        let due = first.into_iter().chain(floor).min();
        self.in_flight.is_empty() && !self.is_paused(now) && due.is_some_and(|due| due <= then)
    }

    /// Whether its receiver has not answered for a while.
    const fn is_suspect(&self) -> bool {
        self.silent_in_a_row >= TROUBLE
    }

    /// Whether its receiver would keep a place for long.
    pub(super) const fn holds_long(&self) -> bool {
        self.slow
    }

    fn is_under_way(&self, id: DeliveryId) -> bool {
        self.in_flight.contains(&id) || self.aside.contains(&id)
    }

    /// How many attempts are under way, those it has gone on without and those whose results are not kept yet too.
    pub(super) fn under_way(&self) -> usize {
        self.in_flight.len() + self.aside.len() + self.unsettled
    }

    /// The event of the delivery that is next.
    pub(super) fn first_event(&self) -> Option<EventId> {
        self.window.values().next().map(|first| first.due.event_id)
    }

    fn first_due(&self) -> Option<Millis> {
        self.window.values().next().map(|first| first.due.at)
    }

    /// When there may be something to do next, while nothing else happens.
    pub(super) fn next_at(&self) -> Option<Millis> {
        let first = self.first_due();
        // Where order counts, the journal's turn comes only after the window's.
        let floor = self.floor.filter(|_| !(self.is_refilling() || self.ordered && first.is_some()));
        let due = [first, floor].into_iter().flatten().min()?;
        Some(self.resumes_at().map_or(due, |until| due.max(until)))
    }

    /// Whether there is nothing to remember it for.
    pub(super) fn is_idle(&self) -> bool {
        let waits = !self.window.is_empty() || self.floor.is_some() || self.is_refilling();
        !waits && self.under_way() == 0 && !self.slow
    }
}

#[cfg(test)]
mod tests;
