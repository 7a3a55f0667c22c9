use super::*;
use footbridge_model::id::EventId;
use proptest::prelude::*;

fn due(id: u64, at: i64) -> Due {
    let (id, event_id) = (DeliveryId::from_number(id), EventId::from_number(id));
    Due { id, event_id, attempts: 0, attempts_base: 0, at: Millis(at) }
}

fn waiting(id: u64, at: i64) -> Waiting {
    Waiting { due: due(id, at), event: None }
}

/// A journal of one hook, as the lane sees it: what is pending, by `(due, id)`.
#[derive(Default)]
struct Disk(BTreeMap<(i64, u64), ()>);

impl Disk {
    fn due(&self, ordered: bool, limit: u32) -> Vec<Due> {
        let mut all: Vec<_> = self.0.keys().map(|(at, id)| due(*id, *at)).collect();
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
        lane.ended(id, true);
        done.push(id.number());
    }
}

#[test]
fn a_backlog_of_any_size_waits_in_the_journal() {
    let (mut lane, mut disk) = (Lane::new(false), Disk::default());
    for id in 0..10_000 {
        disk.0.insert((1, id), ());
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
    lane.ended(DeliveryId::from_number(1), true);
    lane.offer(waiting(1, 50));
    assert!(lane.start(Millis(49), 8).is_none(), "the first retries, the second waits");
    assert_eq!(lane.start(Millis(50), 8).unwrap().due.id.number(), 1);
}

#[test]
fn a_silent_receiver_is_probed_one_at_a_time() {
    let mut lane = Lane::new(false);
    for id in 0..20 {
        lane.offer(waiting(id, 0));
    }
    for id in 0..5 {
        assert!(lane.start(Millis(0), 8).is_some());
        lane.ended(DeliveryId::from_number(id), false);
    }
    assert!(lane.start(Millis(0), 8).is_some());
    assert!(lane.start(Millis(0), 8).is_none());
    lane.ended(DeliveryId::from_number(5), true);
    assert!(lane.start(Millis(0), 8).is_some() && lane.start(Millis(0), 8).is_some());
}

proptest! {
    /// Whatever is offered, whenever it is due, and whenever the lane looks: each is started once.
    #[test]
    fn nothing_is_lost_and_nothing_is_started_twice(
        steps in prop::collection::vec((0_i64..40, any::<bool>()), 1..900),
        ordered in any::<bool>(),
    ) {
        let (mut lane, mut disk, mut done) = (Lane::new(ordered), Disk::default(), Vec::new());
        let count = steps.len();
        for (place, (later, work)) in steps.into_iter().enumerate() {
            let (id, at) = (place as u64, place as i64 / 10 + later);
            disk.0.insert((at, id), ());
            lane.offer(waiting(id, at));
            if work {
                done.extend(drain(&mut lane, &mut disk, ordered, place as i64 / 10));
            }
        }
        done.extend(drain(&mut lane, &mut disk, ordered, 1_000_000));
        if ordered {
            prop_assert!(done.is_sorted());
        }
        done.sort_unstable();
        prop_assert_eq!(done, (0..count as u64).collect::<Vec<_>>());
    }
}
