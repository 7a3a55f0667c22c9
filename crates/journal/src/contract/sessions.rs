//! The laws for stores that several servers share.

use super::given::{PARTITION, at, ended, event, head, hook, hook_id, key};
use super::{Owner as _, Shared};
use crate::{
    Account, Appended, BeatNumber, Burial, Claim, Cluster as _, DeliveryQueue as _, DeliveryResult,
    EventLog as _, ExchangeLog as _, ExchangeStart, Hint, History as _, Joined, JournalError, KeyDisposition,
    NewEvent, Partition, Recorded, RegistryChange, RegistryStore as _, RegistryUpdate, Version,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeFailureKind, ExchangeOutcome};
use footbridge_model::hook::{Hook, Lifetime};
use footbridge_model::id::{EventId, ExchangeId};

/// Two servers that have joined.
async fn two<S: Shared>(shared: &S) -> ((S::Node, Joined), (S::Node, Joined)) {
    let (first, second) = (shared.node().await, shared.node().await);
    let joined = first.join_as("first").await.unwrap();
    let also = second.join_as("second").await.unwrap();
    assert!(joined.alone && !joined.exclusive && !also.alone && !also.exclusive, "{joined:?} {also:?}");
    assert!(also.session > joined.session);
    assert_ne!(joined.source, also.source, "two living sessions have one source of ids");
    ((first, joined), (second, also))
}

fn at_version(registry: Version, new: NewEvent) -> NewEvent {
    NewEvent { registry, ..new }
}

async fn beat<N: crate::Store>(node: &N, floor: u64) -> Result<u64, JournalError> {
    Ok(node.beat(EventId::from_number(floor), at(0)).await?.horizon.number())
}

/// Law 5: once a session is over nothing it writes takes effect, and its partitions and its source are free.
pub async fn a_session_that_is_over_writes_nothing<S: Shared>(shared: S) {
    let ((frozen, joined), (other, _)) = two(&shared).await;
    let version = frozen.put_hook(hook(1)).await.unwrap();
    let claim = frozen.own_claim().await.unwrap();
    frozen.append(at_version(version, event(10, &[1, 1]))).await.unwrap();
    let pulse = other.beat(EventId::from_number(10), at(0)).await.unwrap();
    let seen = pulse.peers.iter().find(|peer| peer.session == joined.session).unwrap().beat;
    assert!(matches!(other.bury(joined.session, seen, at(50)).await, Ok(Burial::Buried(_))));
    assert_eq!(other.bury(joined.session, seen, at(50)).await, Ok(Burial::AlreadyOver));

    let before = other.account().await.unwrap();
    let result = DeliveryResult { claim, ..ended(11, DeliveryStatus::Delivered) };
    let fenced = JournalError::Fenced;
    assert_eq!(frozen.append(at_version(version, event(20, &[1]))).await, Err(fenced.clone()));
    assert_eq!(frozen.record(vec![result.clone()]).await, Err(fenced.clone()));
    assert_eq!(frozen.record_and_append(result, vec![]).await, Err(fenced.clone()));
    assert_eq!(frozen.cancel(claim, hook_id(1), "hook gone").await, Err(fenced.clone()));
    assert_eq!(frozen.apply(RegistryChange::hooks(vec![hook(2)]), version).await, Err(fenced.clone()));
    assert_eq!(frozen.start_exchange(head(30), None).await.err(), Some(fenced.clone()));
    assert_eq!(beat(&frozen, 99).await, Err(fenced.clone()));
    assert_eq!(frozen.claim(vec![PARTITION]).await, Err(fenced));
    assert_eq!(other.account().await.unwrap(), before);
    assert!(other.event(EventId::from_number(20)).await.unwrap().is_none());
    assert_eq!(other.load().await.unwrap().hooks, [hook(1)]);

    // The other takes over.
    assert_eq!(other.own_claim().await.unwrap().epoch.0, claim.epoch.0 + 1);
    assert_eq!(other.waiting_hooks().await.unwrap(), [hook_id(1)]);
    let due = other.due_of(hook_id(1), false, 9).await.unwrap();
    assert_eq!(due.iter().map(|due| due.id.number()).collect::<Vec<_>>(), [11, 12]);
    other.record_owned(vec![ended(11, DeliveryStatus::Delivered)]).await.unwrap();
    let account = Account { accepted: 2, pending: 1, delivered: 1, ..Account::default() };
    assert_eq!(other.account().await.unwrap(), account);

    // Who is back is somebody else, and has lost its partitions.
    let again = frozen.join_as("first").await.unwrap();
    assert!(again.session > joined.session && !again.alone);
    let late = DeliveryResult { claim, ..ended(12, DeliveryStatus::Dead) };
    assert_eq!(frozen.record(vec![late]).await, Ok(vec![PARTITION]));
    assert_eq!(other.account().await.unwrap(), account);
}

/// A session that has sent a beat since is not buried.
pub async fn a_living_session_is_not_buried<S: Shared>(shared: S) {
    let ((node, joined), (other, _)) = two(&shared).await;
    beat(&node, 1).await.unwrap();
    let pulse = other.beat(EventId::from_number(1), at(0)).await.unwrap();
    let [peer] = &pulse.peers[..] else { panic!("{pulse:?}") };
    assert_eq!((peer.session, peer.node.name.as_str()), (joined.session, "first"));
    beat(&node, 2).await.unwrap();
    let bury = async |seen| other.bury(joined.session, seen, at(0)).await;
    assert_eq!(bury(peer.beat).await, Ok(Burial::StillBeating));
    assert_eq!(bury(BeatNumber(peer.beat.0 + 9)).await, Ok(Burial::StillBeating));
    assert!(beat(&node, 3).await.is_ok());
    // A session that leaves is over at once.
    node.claim(vec![PARTITION]).await.unwrap();
    node.leave().await.unwrap();
    assert_eq!(beat(&node, 4).await, Err(JournalError::Fenced));
    assert_eq!(other.claim(vec![PARTITION]).await.unwrap().len(), 1);
    assert!(other.beat(EventId::from_number(5), at(0)).await.unwrap().peers.is_empty());
}

/// Law 5: a partition has one owner, and a claim on what was given back counts no longer.
pub async fn a_claimed_partition_has_one_owner<S: Shared>(shared: S) {
    let ((first, _), (second, _)) = two(&shared).await;
    let version = first.put_hook(hook(1)).await.unwrap();
    let partitions = vec![PARTITION, Partition(2), Partition::of_installed(7)];
    let claims = first.claim(partitions.clone()).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.partition).collect::<Vec<_>>(), partitions);
    assert_eq!(first.claim(partitions.clone()).await.unwrap(), claims, "asking again changes nothing");
    assert_eq!(second.claim(partitions.clone()).await.unwrap(), []);
    let forged = Claim { session: second.claim(vec![Partition(9)]).await.unwrap()[0].session, ..claims[0] };
    // Anybody may append, only the owner may deliver.
    second.append(at_version(version, event(10, &[1, 1, 1]))).await.unwrap();
    let result = |claim, id| DeliveryResult { claim, ..ended(id, DeliveryStatus::Delivered) };
    assert_eq!(second.record(vec![result(forged, 11)]).await, Ok(vec![PARTITION]));
    assert_eq!(second.due(forged, hook_id(1), false, 9).await, Err(JournalError::Fenced));
    assert_eq!(first.record(vec![result(claims[0], 11)]).await, Ok(vec![]));

    first.release(claims.clone()).await.unwrap();
    let taken = second.claim(partitions).await.unwrap();
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().zip(&claims).all(|(new, old)| new.epoch > old.epoch), "{taken:?}");
    assert_eq!(first.record(vec![result(claims[0], 12)]).await, Ok(vec![PARTITION]));
    assert_eq!(first.cancel(claims[0], hook_id(1), "hook gone").await, Err(JournalError::Fenced));
    assert_eq!(first.record_and_append(result(claims[0], 12), vec![]).await, Ok(Recorded::PartitionLost));
    // Results of several partitions: those of the partitions that are lost are refused, the others stored.
    let mixed = vec![result(claims[0], 12), result(taken[0], 13)];
    assert_eq!(second.record(mixed).await, Ok(vec![PARTITION]));
    let account = Account { accepted: 3, pending: 1, delivered: 2, ..Account::default() };
    assert_eq!(first.account().await.unwrap(), account);
    assert_eq!(second.waiting_hooks().await.unwrap(), [hook_id(1)]);
    let elsewhere = taken.iter().copied().filter(|claim| claim.partition == Partition(2)).collect();
    assert_eq!(second.waiting(elsewhere).await.unwrap(), [], "nothing waits in that partition");
}

/// Law 6: whoever has read up to a version has read every change up to it.
pub async fn versions_have_no_holes<S: Shared>(shared: S) {
    let ((first, _), (second, _)) = two(&shared).await;
    let start = second.load().await.unwrap().version;
    let put = |number| RegistryChange::hooks(vec![hook(number)]);
    let one = first.apply(put(1), start).await.unwrap();
    assert_eq!(second.apply(put(2), start).await, Err(JournalError::Stale));
    let changed = async |from| match second.since(from).await.unwrap() {
        RegistryUpdate::Snapshot(snapshot) => {
            (snapshot.hooks.iter().map(|hook| hook.id.number()).collect(), snapshot.version)
        }
        RegistryUpdate::Changes(changes, version) => {
            let hooks = changes.into_iter().flat_map(|change| match change {
                RegistryChange::Put(batch) => batch.hooks,
                _ => Vec::new(),
            });
            (hooks.map(|hook| hook.id.number()).collect::<Vec<_>>(), version)
        }
    };
    assert_eq!(changed(start).await, (vec![1], one));
    let two = second.apply(put(2), one).await.unwrap();
    let three = first.apply(put(3), two).await.unwrap();
    assert_eq!([two, three], [one.next(), one.next().next()]);
    let (hooks, version) = changed(one).await;
    assert!(version == three && hooks.ends_with(&[2, 3]), "{hooks:?} {version}");
    assert_eq!(second.beat(EventId::from_number(1), at(0)).await.unwrap().version, three);
}

/// A hook that was made before an event gets it, whoever publishes.
pub async fn an_event_matches_the_present_hooks<S: Shared>(shared: S) {
    let ((first, _), (second, _)) = two(&shared).await;
    let old = second.load().await.unwrap().version;
    let new = first.put_hook(hook(1)).await.unwrap();
    assert_eq!(second.append(at_version(old, event(10, &[]))).await, Ok(Appended::Stale));
    assert!(second.event(EventId::from_number(10)).await.unwrap().is_none());
    assert_eq!(second.append(at_version(new, event(10, &[1]))).await, Ok(Appended::Stored));
    // The same for what an attempt publishes.
    let claim = second.own_claim().await.unwrap();
    let newer = first.put_hook(hook(2)).await.unwrap();
    let result = || DeliveryResult { claim, ..ended(11, DeliveryStatus::Delivered) };
    let publish =
        async |version| second.record_and_append(result(), vec![at_version(version, event(20, &[1]))]).await;
    assert_eq!(publish(new).await, Ok(Recorded::Stale));
    assert_eq!(second.account().await.unwrap().delivered, 0);
    assert_eq!(publish(newer).await, Ok(Recorded::Stored));
    assert_eq!(
        second.account().await.unwrap(),
        Account { accepted: 2, pending: 1, delivered: 1, ..Account::default() }
    );
}

/// Law 7: the horizon waits for the slowest session, and never goes back.
pub async fn the_horizon_never_goes_back<S: Shared>(shared: S) {
    let ((first, joined), (second, _)) = two(&shared).await;
    let version = first.load().await.unwrap().version;
    beat(&first, 100).await.unwrap();
    assert!(beat(&second, 50).await.unwrap() <= 50);
    // The first is silent now, and may still append what it began.
    assert!(beat(&second, 200).await.unwrap() <= 100, "a silent session is forgotten");
    assert_eq!(first.append(at_version(version, event(100, &[]))).await, Ok(Appended::Stored));
    let horizon = beat(&second, 201).await.unwrap();
    // Who joins begins above it, and does not pull it back.
    let third = shared.node().await;
    let new = third.join_as("third").await.unwrap();
    assert!(new.highest_id >= horizon, "{new:?}");
    assert!(beat(&second, 202).await.unwrap() >= horizon);
    assert!(beat(&third, 300).await.unwrap() >= horizon);
    // What is buried holds nothing back.
    let seen = second.beat(EventId::from_number(203), at(0)).await.unwrap();
    let seen = seen.peers.iter().find(|peer| peer.session == joined.session).unwrap().beat;
    second.bury(joined.session, seen, at(0)).await.unwrap();
    let risen = beat(&second, 204).await.unwrap();
    assert!(risen > 100 && risen <= 204, "{risen}");
    assert_eq!(first.append(at_version(version, event(101, &[]))).await, Err(JournalError::Fenced));
    let missed = second.missed_events(hook(1).app, 0, EventId::from_number(1), 9).await.unwrap();
    assert!(missed.horizon.number() >= risen, "{missed:?}");
}

/// A burial fails the running exchanges of its session and no others; when nobody lives any more all transient hooks
/// end.
pub async fn exchanges_end_with_their_session<S: Shared>(shared: S) {
    let ((first, joined), (second, _)) = two(&shared).await;
    first.put_hook(Hook { lifetime: Lifetime::Transient, ..hook(1) }).await.unwrap();
    let start = async |node: &S::Node, number, name: &str| {
        node.start_exchange(head(number), Some(key(name, 1, at(9000)))).await.unwrap()
    };
    start(&first, 30, "a").await;
    start(&second, 40, "b").await;
    let end = async |id, node: &S::Node| {
        let ending = ExchangeOutcome::Answered("{}".into());
        node.finish(ExchangeId::from_number(id), ending, 1, at(9), KeyDisposition::Replays).await
    };
    assert_eq!(end(30, &second).await, Err(JournalError::NotFound("running exchange")), "another's exchange");
    let seen = second.beat(EventId::from_number(1), at(0)).await.unwrap().peers[0].beat;
    let Ok(Burial::Buried(ended)) = second.bury(joined.session, seen, at(500)).await else { panic!() };
    assert_eq!((ended.exchanges, ended.hooks), (1, 0), "the app lives as long as the cluster does");
    let ending = async |id| second.exchange(ExchangeId::from_number(id)).await.unwrap().unwrap().ending;
    let Some(ExchangeOutcome::Failed(failure)) = ending(30).await else { panic!("it did not fail") };
    assert_eq!(failure.kind, ExchangeFailureKind::NoAnswer);
    assert_eq!(ending(40).await, None);
    assert!(matches!(start(&second, 50, "a").await, ExchangeStart::Replay(_)), "it is not sent twice");
    assert_eq!(end(40, &second).await, Ok(()));

    second.leave().await.unwrap();
    let next = shared.node().await;
    let joined = next.join_as("next").await.unwrap();
    assert!(joined.alone);
    assert_eq!((joined.ended.hooks, joined.ended.exchanges), (1, 0));
    assert!(next.load().await.unwrap().hooks.is_empty());
}

/// Hints reach the other sessions, and not the one that sent them.
pub async fn hints_reach_the_others<S: Shared>(shared: S) {
    let ((first, _), (second, _)) = two(&shared).await;
    let hint = |number| Hint {
        version: Version(number),
        floor: EventId::from_number(number),
        hooks: vec![(PARTITION, hook_id(number))],
    };
    first.hint(hint(1));
    first.hint(hint(2));
    let heard = second.hints().await.unwrap();
    assert!(heard.lost || heard.hints == [hint(1), hint(2)], "{heard:?}");
    second.hint(hint(3));
    let heard = first.hints().await.unwrap();
    assert!(heard.lost || heard.hints == [hint(3)], "{heard:?}");
}
