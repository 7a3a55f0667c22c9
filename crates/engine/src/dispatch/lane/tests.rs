//! A lane against a model of what it must do.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn due(id: u64, at: i64) -> PendingDelivery {
    let (id, event_id) = (DeliveryId::from_number(id), EventId::from_number(id));
    PendingDelivery { id, event_id, attempts: 0, attempts_base: 0, at: Millis(at) }
}

fn waiting(id: u64, at: i64) -> Waiting {
    Waiting { due: due(id, at), event: None }
}

/// A journal of one hook that answers at once: what is pending, by `(due, id)`.
#[derive(Default)]
struct Disk(BTreeSet<(i64, u64)>);

impl Disk {
    fn due(&self, ordered: bool, limit: u32) -> Vec<PendingDelivery> {
        let mut all: Vec<_> = self.0.iter().map(|(at, id)| due(*id, *at)).collect();
        if ordered {
            all.sort_by_key(|due| due.id);
        }
        all.truncate(limit as usize);
        all
    }
}

fn drain(lane: &mut Lane, disk: &mut Disk, ordered: bool, now: i64) -> Vec<u64> {
    let mut done = Vec::new();
    loop {
        if let Some(asked) = lane.refill(Millis(now)) {
            lane.refilled(disk.due(ordered, asked), asked);
        }
        let Some(started) = lane.start(Millis(now), 8) else { return done };
        let id = started.due.id;
        disk.0.remove(&(started.due.at.0, id.number()));
        lane.ended(id, Manner::Quick, Millis(now));
        done.push(id.number());
    }
}

#[test]
fn a_backlog_of_any_size_waits_in_the_journal() {
    let (mut lane, mut disk) = (Lane::new(false), Disk::default());
    for id in 0..10_000 {
        disk.0.insert((1, id));
        lane.offer(waiting(id, 1));
        assert!(lane.window.len() <= WINDOW);
    }
    assert_eq!(drain(&mut lane, &mut disk, false, 1), (0..10_000).collect::<Vec<_>>());
    assert!(lane.is_idle());
}

#[test]
fn an_ordered_lane_holds_back_until_the_first_is_done() {
    let mut lane = Lane::new(true);
    lane.offer(waiting(1, 0));
    lane.offer(waiting(2, 0));
    assert_eq!(lane.start(Millis(0), 8).unwrap().due.id.number(), 1);
    assert!(lane.start(Millis(0), 8).is_none(), "one at a time");
    lane.ended(DeliveryId::from_number(1), Manner::Quick, Millis(0));
    lane.offer(Waiting { due: PendingDelivery { attempts: 1, ..due(1, 50) }, event: None });
    assert!(lane.start(Millis(49), 8).is_none(), "the first retries, the second waits");
    assert_eq!(lane.start(Millis(50), 8).unwrap().due.id.number(), 1);
}

#[test]
fn an_older_one_that_is_offered_late_goes_before_those_that_wait() {
    let mut lane = Lane::new(true);
    let asked = lane_with_a_backlog(&mut lane);
    lane.refilled((2..).take(asked as usize).map(|id| due(id, 0)).collect(), asked);
    lane.offer(waiting(1, 0));
    lane.offer(waiting(100_000, 0));
    assert_eq!(lane.start(Millis(0), 8).unwrap().due.id.number(), 1);
    assert!(lane.window.keys().all(|(_, id)| id.number() < 100_000), "that one waits in the journal");
}

fn lane_with_a_backlog(lane: &mut Lane) -> u32 {
    lane.forget();
    lane.refill(Millis(0)).unwrap()
}

#[test]
fn a_silent_receiver_is_probed_one_at_a_time() {
    let mut lane = Lane::new(false);
    for id in 0..20 {
        lane.offer(waiting(id, 0));
    }
    for id in 0..5 {
        assert!(lane.start(Millis(0), 8).is_some());
        lane.ended(DeliveryId::from_number(id), Manner::Silent, Millis(0));
    }
    assert!(lane.start(Millis(9), 8).is_none(), "it is left alone for a while");
    assert_eq!(lane.next_at(), Some(Millis(10)));
    assert!(lane.start(Millis(10), 8).is_some());
    assert!(lane.start(Millis(10), 8).is_none());
    lane.ended(DeliveryId::from_number(5), Manner::Quick, Millis(10));
    assert!(lane.start(Millis(10), 8).is_some() && lane.start(Millis(10), 8).is_some());
}

#[test]
fn a_hanging_receiver_is_tried_by_as_many_as_its_hook_allows() {
    let mut lane = Lane::new(false);
    for id in 0..20 {
        lane.offer(waiting(id, 0));
    }
    for id in 0..5 {
        assert!(!lane.hangs() && lane.start(Millis(0), 8).is_some());
        lane.ended(DeliveryId::from_number(id), Manner::Hanging, Millis(0));
    }
    assert!(lane.hangs());
    for id in 5..13 {
        assert_eq!(lane.start(Millis(0), 8).unwrap().due.id.number(), id);
    }
    assert!(lane.start(Millis(0), 8).is_none());
    lane.ended(DeliveryId::from_number(5), Manner::Silent, Millis(0));
    assert!(!lane.hangs() && lane.start(Millis(60_000), 8).is_none(), "it refuses: one at a time");
}

#[test]
fn a_result_counts_as_in_flight_until_the_journal_has_kept_it() {
    let mut lane = Lane::new(false);
    for id in 0..4 {
        lane.offer(waiting(id, 0));
    }
    for id in 0..2 {
        assert!(lane.start(Millis(0), 2).is_some());
        lane.ended(DeliveryId::from_number(id), Manner::Quick, Millis(0));
        lane.settling();
    }
    assert!(lane.start(Millis(0), 2).is_none() && !lane.is_idle());
    lane.settled();
    assert!(lane.start(Millis(0), 2).is_some());
    assert!(lane.start(Millis(0), 2).is_none());
}

#[test]
fn a_lane_holds_back_longer_each_time_that_the_server_itself_fails() {
    let mut lane = Lane::new(false);
    let mut now = 0;
    for seconds in [1, 2, 4, 8, 8] {
        lane.offer(waiting(7, 0));
        assert!(lane.start(Millis(now), 8).is_some());
        lane.ended(DeliveryId::from_number(7), Manner::Unknown, Millis(now));
        lane.hold(Millis(now));
        lane.hold(Millis(now));
        lane.offer(waiting(7, 0));
        now += seconds * 1000;
        assert_eq!((lane.next_at(), lane.is_held(Millis(now - 1))), (Some(Millis(now)), true));
        assert!(!lane.is_overdue(Millis(now - 1), Millis(now - 1)));
        assert!(lane.is_overdue(Millis(now), Millis(now)), "due, and nothing keeps it");
    }
    assert!(lane.start(Millis(now), 8).is_some());
    lane.ended(DeliveryId::from_number(7), Manner::Quick, Millis(now));
    lane.hold(Millis(now));
    assert!(!lane.is_held(Millis(now + 1000)), "one that was made counts from the beginning again");
}

/// What may happen to a lane, in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Publish,
    Stir,
    Ask,
    Answer,
    Start,
    MoveOn,
    End { retry: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Publish),
        1 => Just(Step::Stir),
        2 => Just(Step::Ask),
        2 => Just(Step::Answer),
        4 => Just(Step::Start),
        1 => Just(Step::MoveOn),
        3 => any::<bool>().prop_map(|retry| Step::End { retry }),
    ]
}

/// A lane, its journal, and a refill that is answered whenever it likes.
struct World {
    lane: Lane,
    disk: BTreeMap<u64, (i64, u32)>,
    asked: Option<(u32, Vec<PendingDelivery>)>,
    flying: Vec<PendingDelivery>,
    now: i64,
    ordered: bool,
}

impl World {
    fn found(&self, limit: u32) -> Vec<PendingDelivery> {
        let mut all: Vec<PendingDelivery> = self
            .disk
            .iter()
            .map(|(id, (at, attempts))| PendingDelivery { attempts: *attempts, ..due(*id, *at) })
            .collect();
        all.sort_by_key(|due| (if self.ordered { Millis(0) } else { due.at }, due.id));
        all.truncate(limit as usize);
        all
    }

    fn take(&mut self, step: Step) {
        self.now += 1;
        let now = Millis(self.now);
        match step {
            Step::Publish => {
                let id = self.now.unsigned_abs();
                self.disk.insert(id, (self.now, 0));
                self.lane.offer(waiting(id, self.now));
            }
            Step::Stir => self.lane.forget(),
            Step::Ask => {
                if let Some(asked) = self.lane.refill(now) {
                    self.asked = Some((asked, self.found(asked)));
                }
            }
            Step::Answer => {
                if let Some((asked, found)) = self.asked.take() {
                    self.lane.refilled(found, asked);
                }
            }
            Step::Start => {
                if let Some(started) = self.lane.start(now, 8) {
                    let row = self.disk.get(&started.due.id.number());
                    let attempts = row.map(|(_, attempts)| *attempts);
                    assert_eq!(attempts, Some(started.due.attempts), "an attempt is made once");
                    assert!(self.flying.iter().all(|other| other.id != started.due.id));
                    let flying = |id: &&u64| self.flying.iter().any(|other| other.id.number() == **id);
                    let first = self.disk.keys().find(|id| !flying(id));
                    assert!(!self.ordered || first == Some(&started.due.id.number()), "out of order");
                    self.flying.push(started.due);
                }
            }
            Step::MoveOn => {
                if let Some(flying) = self.flying.last() {
                    self.lane.move_on(flying.id);
                }
            }
            Step::End { retry } => {
                if let Some(ended) = self.flying.pop() {
                    self.end(&ended, retry);
                }
            }
        }
    }

    fn end(&mut self, ended: &PendingDelivery, retry: bool) {
        self.lane.ended(ended.id, Manner::Quick, Millis(self.now));
        if retry {
            let again =
                PendingDelivery { at: Millis(self.now + 3), attempts: ended.attempts + 1, ..ended.clone() };
            self.disk.insert(again.id.number(), (again.at.0, again.attempts));
            self.lane.offer(Waiting { due: again, event: None });
        } else {
            self.disk.remove(&ended.id.number());
        }
    }
}

proptest! {
    /// Whatever is offered, stirred and read again, and whenever the journal answers: no attempt is
    /// made twice, and in the end nothing is left.
    #[test]
    fn nothing_is_lost_and_nothing_is_attempted_twice(
        steps in prop::collection::vec(step(), 1..600),
        ordered in any::<bool>(),
    ) {
        let lane = Lane::new(ordered);
        let (disk, flying) = (BTreeMap::new(), Vec::new());
        let mut world = World { lane, disk, asked: None, flying, now: 0, ordered };
        for step in steps {
            world.take(step);
        }
        for _ in 0..20_000 {
            for step in [Step::Answer, Step::Ask, Step::Answer, Step::Start, Step::End { retry: false }] {
                world.take(step);
            }
            if world.disk.is_empty() {
                break;
            }
        }
        prop_assert!(world.disk.is_empty(), "{} are left", world.disk.len());
    }
}
