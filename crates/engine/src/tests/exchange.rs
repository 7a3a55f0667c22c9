//! Exchanges: the order of checks, deadlines, hang-ups and the circuit breaker.

use super::kit::{EXCHANGE_TIMEOUT, Receiver, World, name, run};
use crate::{ExchangeDraft, ExchangeOptions, ExchangeReply, Reply, UsedKey};
use bytes::Bytes;
use footbridge_model::exchange::{Direction, ExchangeFailure, ExchangeFailureKind as Kind, ExchangeOutcome};
use footbridge_model::id::ExchangeId;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn draft(client_id: &str, app_id: &str) -> ExchangeDraft {
    ExchangeDraft {
        direction: Direction::ToMiniapp,
        client_id: client_id.to_owned(),
        app_id: app_id.to_owned(),
        event_type: "order".to_owned(),
        payload: Bytes::from_static(b"1"),
    }
}

/// Sends an exchange of `superapp`.
async fn send(world: &World, draft: ExchangeDraft, options: ExchangeOptions) -> ExchangeReply {
    let sender = world.engine.app(&name("superapp")).unwrap();
    let id = world.engine.new_exchange_id();
    world.engine.exchange(&world.courier, &sender, id, draft, options).await
}

fn outcome(reply: Reply) -> ExchangeOutcome {
    match reply {
        Reply::Ended(outcome) => outcome,
        Reply::Accepted | Reply::Invalid(_) => panic!("it has not ended"),
    }
}

async fn failure(world: &World, draft: ExchangeDraft) -> ExchangeFailure {
    match outcome(send(world, draft, ExchangeOptions::default()).await.reply) {
        ExchangeOutcome::Failed(failure) => failure,
        ExchangeOutcome::Answered(answer) => panic!("it was answered: {answer:?}"),
    }
}

/// The recorded outcome of an exchange.
async fn recorded(world: &World, id: ExchangeId) -> Option<ExchangeOutcome> {
    // Records are written behind the sender's back.
    tokio::time::sleep(SECOND).await;
    world.engine.history().exchange(id).await.unwrap()?.ending
}

fn keyed(key: &str) -> ExchangeOptions {
    let key = Some(UsedKey { key: key.to_owned(), fingerprint: [1; 32] });
    ExchangeOptions { key, ..ExchangeOptions::default() }
}

#[test]
fn a_refused_exchange_is_never_sent() {
    run(|world| async move {
        for (client_id, app_id, kind) in [
            ("shop", "superapp", Kind::SenderIsRecipient),
            ("stranger", "shop", Kind::Forbidden),
            ("superapp", "closed", Kind::ReceiverDisabled),
        ] {
            assert_eq!(failure(&world, draft(client_id, app_id)).await.kind, kind, "{client_id} {app_id}");
        }
        // An app that exists is not told from one that does not.
        let unlinked = failure(&world, draft("superapp", "stranger")).await;
        assert_eq!(unlinked, failure(&world, draft("superapp", "nobody")).await);
        assert_eq!(unlinked.kind, Kind::Forbidden);
        world.engine.drain();
        let draining = failure(&world, draft("SuperApp", "shop")).await;
        assert_eq!((draining.kind, draining.retry_after), (Kind::Unavailable, Some(1)));
        assert_eq!(world.requests(), 0);
    });
}

#[test]
fn the_deadline_ends_an_exchange_and_a_sender_may_shorten_it() {
    run(|world| async move {
        world.receiver(Receiver::Hangs);
        for (wait, lasted) in
            [(None, EXCHANGE_TIMEOUT), (Some(2 * SECOND), 2 * SECOND), (Some(99 * SECOND), EXCHANGE_TIMEOUT)]
        {
            let started = Instant::now();
            let options = ExchangeOptions { wait, ..ExchangeOptions::default() };
            let reply = send(&world, draft("superapp", "shop"), options).await;
            assert_eq!(started.elapsed().as_secs(), lasted.as_secs(), "{wait:?}");
            let ExchangeOutcome::Failed(failure) = outcome(reply.reply) else { panic!("it was answered") };
            assert_eq!(failure.kind, Kind::NoAnswer);
            assert_eq!(recorded(&world, reply.id).await, Some(ExchangeOutcome::Failed(failure)));
        }
    });
}

#[test]
fn an_exchange_with_a_key_goes_on_without_its_sender_and_is_sent_once() {
    run(|world| async move {
        world.receiver(Receiver::Answers("{\"price\":1.50}", 3 * SECOND));
        let hung_up = send(&world, draft("superapp", "shop"), keyed("k"));
        assert!(tokio::time::timeout(SECOND, hung_up).await.is_err());
        let running = send(&world, draft("superapp", "shop"), keyed("k")).await;
        let ExchangeOutcome::Failed(failure) = outcome(running.reply) else { panic!("it has ended") };
        assert_eq!((failure.kind, failure.retry_after), (Kind::KeyInUse, Some(1)));
        tokio::time::sleep(3 * SECOND).await;
        let again = send(&world, draft("superapp", "shop"), keyed("k")).await;
        assert!(again.replayed && again.id == running.id);
        let answer = ExchangeOutcome::Answered(Bytes::from_static(b"{\"price\":1.50}"));
        assert_eq!(outcome(again.reply), answer);
        assert_eq!(world.requests(), 1);
        let other_body = UsedKey { key: "k".to_owned(), fingerprint: [2; 32] };
        let options = ExchangeOptions { key: Some(other_body), ..ExchangeOptions::default() };
        let reply = send(&world, draft("superapp", "shop"), options).await;
        let ExchangeOutcome::Failed(failure) = outcome(reply.reply) else { panic!("it was answered") };
        assert_eq!(failure.kind, Kind::KeyReused);
    });
}

#[test]
fn an_exchange_without_a_key_is_recorded_when_its_sender_hangs_up() {
    run(|world| async move {
        world.receiver(Receiver::Hangs);
        let sender = world.engine.app(&name("superapp")).unwrap();
        let id = world.engine.new_exchange_id();
        let options = ExchangeOptions::default();
        let exchange = world.engine.exchange(&world.courier, &sender, id, draft("superapp", "shop"), options);
        assert!(tokio::time::timeout(SECOND, exchange).await.is_err());
        let Some(ExchangeOutcome::Failed(failure)) = recorded(&world, id).await else {
            panic!("it is not recorded")
        };
        assert_eq!(failure.kind, Kind::SenderLeft);
        world.engine.drain();
        tokio::time::timeout(SECOND, world.engine.idle()).await.expect("nothing is in flight any more");
    });
}

#[test]
fn the_breaker_answers_for_a_recipient_that_cannot_be_reached() {
    run(|world| async move {
        world.receiver(Receiver::Refuses);
        for attempt in 0..20 {
            let refused = failure(&world, draft("superapp", "shop")).await;
            assert_eq!((refused.kind, refused.retry_after), (Kind::Undelivered, None), "{attempt}");
        }
        world.receiver(Receiver::Answers("", Duration::ZERO));
        let open = failure(&world, draft("superapp", "shop")).await;
        assert_eq!((open.kind, open.retry_after), (Kind::Unavailable, Some(5)));
        tokio::time::sleep(5 * SECOND).await;
        let probe = send(&world, draft("superapp", "shop"), ExchangeOptions::default()).await;
        assert_eq!(outcome(probe.reply), ExchangeOutcome::Answered(Bytes::new()));
        let closed = send(&world, draft("superapp", "shop"), ExchangeOptions::default()).await;
        assert_eq!(outcome(closed.reply), ExchangeOutcome::Answered(Bytes::new()));
    });
}
