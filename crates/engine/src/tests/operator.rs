//! Tests of receivers: their limits in time and number.

use super::kit::{Receiver, World, name, run};
use crate::{Protocol, ReceiverTest, ReceiverTestError, ReceiverToTest};
use bytes::Bytes;
use footbridge_courier::Target;
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);

async fn begin(world: &World, url: &str) -> Result<ReceiverTest, ReceiverTestError> {
    let shop = world.engine.app(&name("shop")).unwrap();
    let receiver = ReceiverToTest {
        target: Target::parse(url).unwrap(),
        protocol: Protocol::Event,
        name: "order-paid".to_owned(),
        payload: Bytes::from_static(b"{}"),
    };
    world.engine.start_receiver_test(shop, receiver).await
}

/// The test once it has ended.
async fn ended(world: &World, id: &str) -> ReceiverTest {
    let mut known = 0;
    loop {
        let test = world.engine.receiver_test(id, Some(known)).await.unwrap();
        if test.done {
            return test;
        }
        known = test.probes.len();
    }
}

#[test]
fn a_test_of_a_receiver_ends_within_a_minute_however_slow_it_is() {
    run(|world| async move {
        world.receiver(Receiver::Answers("", Duration::from_millis(3900)));
        let begun = Instant::now();
        let test = begin(&world, "http://shop.test/events").await.unwrap();
        let second = begin(&world, "http://shop.test/events").await;
        assert_eq!(second.unwrap_err(), ReceiverTestError::Running(test.id.clone()));
        let test = ended(&world, &test.id).await;
        assert!(begun.elapsed() > MINUTE / 2 && begun.elapsed() <= MINUTE, "{:?}", begun.elapsed());
        assert_eq!((test.probes.len(), test.probes[0].ok), (14, Some(true)));
        let last = test.probes.last().unwrap();
        assert_eq!((&*last.got, last.ok), ("not sent: the time for the test is over", None));
        begin(&world, "http://shop.test/events").await.unwrap();
    });
}

#[test]
fn the_number_of_tests_at_a_time_is_limited() {
    run(|world| async move {
        world.receiver(Receiver::Hangs);
        for n in 0..32 {
            begin(&world, &format!("http://shop.test/{n}")).await.unwrap();
        }
        assert_eq!(begin(&world, "http://shop.test/more").await.unwrap_err(), ReceiverTestError::TooMany);
        tokio::time::sleep(MINUTE / 10).await;
        let test = begin(&world, "http://shop.test/more").await.unwrap();
        let test = ended(&world, &test.id).await;
        // Nothing more is sent to a receiver that does not answer.
        let others = test.probes[1..].iter().all(|probe| probe.ok.is_none());
        assert_eq!((test.probes[0].ok, others, world.requests()), (Some(false), true, 33));
    });
}
