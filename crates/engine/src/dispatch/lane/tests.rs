//! Tests of the lane: examples, and random steps compared with a model.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn delivery(id: u64, at: i64) -> PendingDelivery {
    let (id, event_id) = (DeliveryId::from_number(id), EventId::from_number(id));
    PendingDelivery { id, event_id, attempts: 0, attempts_base: 0, at: Millis(at) }
}

fn queued(id: u64, at: i64) -> QueuedDelivery {
    QueuedDelivery { delivery: delivery(id, at), event: None }
}

/// The pending deliveries of one hook in a journal that answers at once, by `(due, id)`.
#[derive(Default)]
struct Disk(BTreeSet<(i64, u64)>);

impl Disk {
    fn due(&self, ordered: bool, limit: u32) -> Vec<PendingDelivery> {
        let mut all: Vec<_> = self.0.iter().map(|(at, id)| delivery(*id, *at)).collect();
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
        if let Some(asked) = lane.start_refill(Millis(now)) {
            lane.finish_refill(disk.due(ordered, asked), asked);
        }
        let Some(started) = lane.start(Millis(now), 8) else { return done };
        let id = started.delivery.id;
        disk.0.remove(&(started.delivery.at.0, id.number()));
        lane.end(id, ReceiverSignal::FastAnswer, Millis(now));
        done.push(id.number());
    }
}

#[test]
fn a_backlog_of_any_size_waits_in_the_journal() {
    let (mut lane, mut disk) = (Lane::new(false), Disk::default());
    for id in 0..10_000 {
        disk.0.insert((1, id));
        lane.offer(queued(id, 1));
        assert!(lane.window.len() <= WINDOW);
    }
    assert_eq!(drain(&mut lane, &mut disk, false, 1), (0..10_000).collect::<Vec<_>>());
    assert!(lane.is_idle());
}

#[test]
fn an_ordered_lane_waits_until_its_first_delivery_has_ended() {
    let mut lane = Lane::new(true);
    lane.offer(queued(1, 0));
    lane.offer(queued(2, 0));
    assert_eq!(lane.start(Millis(0), 8).unwrap().delivery.id.number(), 1);
    assert!(lane.start(Millis(0), 8).is_none(), "one at a time");
    lane.end(DeliveryId::from_number(1), ReceiverSignal::FastAnswer, Millis(0));
    lane.offer(QueuedDelivery { delivery: PendingDelivery { attempts: 1, ..delivery(1, 50) }, event: None });
    assert!(lane.start(Millis(49), 8).is_none(), "the first retries, the second waits");
    assert_eq!(lane.start(Millis(50), 8).unwrap().delivery.id.number(), 1);
}

#[test]
fn an_older_delivery_that_is_offered_late_is_attempted_first() {
    let mut lane = Lane::new(true);
    let asked = lane_with_a_backlog(&mut lane);
    lane.finish_refill((2..).take(asked as usize).map(|id| delivery(id, 0)).collect(), asked);
    lane.offer(queued(1, 0));
    lane.offer(queued(100_000, 0));
    assert_eq!(lane.start(Millis(0), 8).unwrap().delivery.id.number(), 1);
    assert!(lane.window.last_id().is_some_and(|id| id.number() < 100_000), "that one waits in the journal");
}

fn lane_with_a_backlog(lane: &mut Lane) -> u32 {
    lane.reload();
    lane.start_refill(Millis(0)).unwrap()
}

#[test]
fn a_silent_receiver_is_probed_one_at_a_time() {
    let mut lane = Lane::new(false);
    for id in 0..20 {
        lane.offer(queued(id, 0));
    }
    for id in 0..5 {
        assert!(lane.start(Millis(0), 8).is_some());
        lane.end(DeliveryId::from_number(id), ReceiverSignal::FastFailure, Millis(0));
    }
    assert!(lane.start(Millis(9), 8).is_none(), "the lane pauses");
    assert_eq!(lane.next_at(), Some(Millis(10)));
    assert!(lane.start(Millis(10), 8).is_some());
    assert!(lane.start(Millis(10), 8).is_none());
    lane.end(DeliveryId::from_number(5), ReceiverSignal::FastAnswer, Millis(10));
    assert!(lane.start(Millis(10), 8).is_some() && lane.start(Millis(10), 8).is_some());
}

#[test]
fn a_hanging_receiver_gets_as_many_attempts_as_its_hook_allows() {
    let mut lane = Lane::new(false);
    for id in 0..20 {
        lane.offer(queued(id, 0));
    }
    for id in 0..5 {
        assert!(!lane.is_hanging() && lane.start(Millis(0), 8).is_some());
        lane.end(DeliveryId::from_number(id), ReceiverSignal::SlowFailure, Millis(0));
    }
    assert!(lane.is_hanging());
    for id in 5..13 {
        assert_eq!(lane.start(Millis(0), 8).unwrap().delivery.id.number(), id);
    }
    assert!(lane.start(Millis(0), 8).is_none());
    lane.end(DeliveryId::from_number(5), ReceiverSignal::FastFailure, Millis(0));
    assert!(
        !lane.is_hanging() && lane.start(Millis(60_000), 8).is_none(),
        "a refusing receiver gets one attempt at a time"
    );
}

#[test]
fn a_result_counts_as_in_flight_until_it_is_written() {
    let mut lane = Lane::new(false);
    for id in 0..4 {
        lane.offer(queued(id, 0));
    }
    for id in 0..2 {
        assert!(lane.start(Millis(0), 2).is_some());
        lane.end(DeliveryId::from_number(id), ReceiverSignal::FastAnswer, Millis(0));
        lane.result_unwritten();
    }
    assert!(lane.start(Millis(0), 2).is_none() && !lane.is_idle());
    lane.result_written();
    assert!(lane.start(Millis(0), 2).is_some());
    assert!(lane.start(Millis(0), 2).is_none());
}

#[test]
fn the_backoff_of_a_lane_doubles_while_the_server_itself_fails() {
    let mut lane = Lane::new(false);
    let mut now = 0;
    for seconds in [1, 2, 4, 8, 8] {
        lane.offer(queued(7, 0));
        assert!(lane.start(Millis(now), 8).is_some());
        lane.end(DeliveryId::from_number(7), ReceiverSignal::Unknown, Millis(now));
        lane.back_off(Millis(now));
        lane.back_off(Millis(now));
        lane.offer(queued(7, 0));
        now += seconds * 1000;
        assert_eq!((lane.next_at(), lane.is_backing_off(Millis(now - 1))), (Some(Millis(now)), true));
        assert!(!lane.is_overdue(Millis(now - 1), Millis(now - 1)));
        assert!(lane.is_overdue(Millis(now), Millis(now)), "due, and nothing prevents the attempt");
    }
    assert!(lane.start(Millis(now), 8).is_some());
    lane.end(DeliveryId::from_number(7), ReceiverSignal::FastAnswer, Millis(now));
    lane.back_off(Millis(now));
    assert!(!lane.is_backing_off(Millis(now + 1000)), "an attempt that was made ends the doubling");
}

/// The steps of a lane, in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Publish,
    Wake,
    Ask,
    Answer,
    Start,
    StopWaiting,
    End { retry: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Publish),
        1 => Just(Step::Wake),
        2 => Just(Step::Ask),
        2 => Just(Step::Answer),
        4 => Just(Step::Start),
        1 => Just(Step::StopWaiting),
        3 => any::<bool>().prop_map(|retry| Step::End { retry }),
    ]
}

/// A lane, its journal, and a refill that may be answered at any time.
struct World {
    lane: Lane,
    disk: BTreeMap<u64, (i64, u32)>,
    asked: Option<(u32, Vec<PendingDelivery>)>,
    in_flight: Vec<PendingDelivery>,
    now: i64,
    ordered: bool,
}

impl World {
    fn found(&self, limit: u32) -> Vec<PendingDelivery> {
        let mut all: Vec<PendingDelivery> = self
            .disk
            .iter()
            .map(|(id, (at, attempts))| PendingDelivery { attempts: *attempts, ..delivery(*id, *at) })
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
                self.lane.offer(queued(id, self.now));
            }
            Step::Wake => self.lane.reload(),
            Step::Ask => {
                if let Some(asked) = self.lane.start_refill(now) {
                    self.asked = Some((asked, self.found(asked)));
                }
            }
            Step::Answer => {
                if let Some((asked, found)) = self.asked.take() {
                    self.lane.finish_refill(found, asked);
                }
            }
            Step::Start => {
                if let Some(started) = self.lane.start(now, 8) {
                    let row = self.disk.get(&started.delivery.id.number());
                    let attempts = row.map(|(_, attempts)| *attempts);
                    assert_eq!(attempts, Some(started.delivery.attempts), "an attempt is made once");
                    assert!(self.in_flight.iter().all(|other| other.id != started.delivery.id));
                    let in_flight = |id: &&u64| self.in_flight.iter().any(|other| other.id.number() == **id);
                    let first = self.disk.keys().find(|id| !in_flight(id));
                    assert!(!self.ordered || first == Some(&started.delivery.id.number()), "out of order");
                    self.in_flight.push(started.delivery);
                }
            }
            Step::StopWaiting => {
                if let Some(in_flight) = self.in_flight.last() {
                    self.lane.stop_waiting(in_flight.id);
                }
            }
            Step::End { retry } => {
                if let Some(ended) = self.in_flight.pop() {
                    self.end(&ended, retry);
                }
            }
        }
    }

    fn end(&mut self, ended: &PendingDelivery, retry: bool) {
        self.lane.end(ended.id, ReceiverSignal::FastAnswer, Millis(self.now));
        if retry {
            let again =
                PendingDelivery { at: Millis(self.now + 3), attempts: ended.attempts + 1, ..ended.clone() };
            self.disk.insert(again.id.number(), (again.at.0, again.attempts));
            self.lane.offer(QueuedDelivery { delivery: again, event: None });
        } else {
            self.disk.remove(&ended.id.number());
        }
    }
}

proptest! {
    /// In any order of offers, wakes, refills and answers: no attempt is made twice, and in the end every delivery was
    /// attempted.
    #[test]
    fn no_delivery_is_lost_or_attempted_twice(
        steps in prop::collection::vec(step(), 1..600),
        ordered in any::<bool>(),
    ) {
        let lane = Lane::new(ordered);
        let (disk, in_flight) = (BTreeMap::new(), Vec::new());
        let mut world = World { lane, disk, asked: None, in_flight, now: 0, ordered };
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
