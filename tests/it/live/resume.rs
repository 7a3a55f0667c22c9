//! Resuming a stream with `Last-Event-ID`.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::HangUp;
use serde_json::{Value, json};

use super::common::{Frame, Stream, publish, start_server, ticket};

fn gap(missed: &Value) -> Frame {
    Frame { event: "gap".into(), cursor: String::new(), data: json!({ "missed": missed }) }
}

#[test]
fn missed_events_arrive_once_in_order_across_a_restart() {
    let mut gateway = start_server();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), None);
    publish(&gateway, "camera", "seen", &json!(0));
    let seen = stream.next().cursor;
    drop(stream);
    let mut missed: Vec<String> = (0..70).map(|n| publish(&gateway, "camera", "missed", &json!(n))).collect();
    publish(&gateway, "shop", "not-ours", &json!(1));
    gateway.kill9().start_again();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), Some(&seen));
    missed.push(publish(&gateway, "camera", "live", &json!(1)));
    let received: Vec<String> = missed.iter().map(|_| stream.next().event_id().to_owned()).collect();
    assert_eq!(received, missed);
}

#[test]
fn nothing_is_lost_or_out_of_order_while_events_come() {
    let gateway = start_server();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), None);
    let (mut received, publisher) = (Vec::new(), gateway.bolt("camera"));
    let published = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let one =
                |n: u32| publisher.publish("x", &json!({ "body": n }))["id"].as_str().unwrap().to_owned();
            (0..200).map(one).collect::<Vec<String>>()
        });
        for frames in 1.. {
            if received.len() == 200 {
                break;
            }
            if frames % 23 == 0 {
                let last = stream.last.clone();
                stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), last.as_deref());
            }
            let frame = stream.next();
            assert_eq!(frame.event, "", "{frame:?}");
            let id = frame.data["id"].as_str().unwrap().to_owned();
            // Events that were being stored when the page reconnected may be received twice.
            if !received.contains(&id) {
                received.push(id);
            }
        }
        publishing.join().unwrap()
    });
    assert_eq!(received, published);
}

#[test]
fn a_reconnecting_page_misses_nothing_of_many_publishers() {
    let gateway = start_server();
    let ticket = ticket(&gateway, "fax", "live");
    let mut stream = Stream::open(&gateway, &ticket, None);
    let one = |_| publish(&gateway, "camera", "x", &json!({}));
    let (received, published) = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let published: BTreeSet<String> = std::thread::scope(|scope| {
                let threads: Vec<_> =
                    (0..12).map(|_| scope.spawn(|| (0..100).map(one).collect::<Vec<_>>())).collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            publish(&gateway, "camera", "last", &json!({}));
            published
        });
        let mut received = BTreeSet::new();
        // The last event is published after all others are stored.
        while let frame = stream.next()
            && frame.data["name"] != "last"
        {
            received.insert(frame.data["id"].as_str().unwrap().to_owned());
            if received.len() % 3 == 0 && stream.last.is_some() {
                stream = Stream::open(&gateway, &ticket, stream.last.clone().as_deref());
            }
        }
        (received, publishing.join().unwrap())
    });
    assert_eq!(received.len(), published.len());
    assert_eq!(received, published);
}

#[test]
fn pages_receive_events_whose_publisher_disconnected() {
    let gateway = start_server();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), None);
    let token = &gateway.setup().app_named("camera").token;
    for n in 0..50 {
        let call = gateway.call("POST", "/api/events/x").header("X-Bolt-App-Token", token.clone());
        let by = if n % 2 == 0 { HangUp::Close } else { HangUp::Reset };
        call.json(&json!({ "body": n })).hang_up(Duration::from_micros(250 * (n / 2 % 16)), by);
    }
    // The connection of the stream remains.
    gateway.wait_connections_closed_but(1);
    publish(&gateway, "camera", "last", &json!(0));
    let mut received = BTreeSet::new();
    while let frame = stream.next()
        && frame.data["name"] != "last"
    {
        received.insert(frame.data["id"].as_str().unwrap().to_owned());
    }
    // An event whose publisher disconnected early may not exist. All stored events are received, perhaps some
    // after the last.
    let kept = || -> BTreeSet<String> {
        let kept = gateway.admin().all("events?limit=250");
        let kept = kept.iter().filter(|event| event["name"] == "x");
        kept.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    while !received.is_superset(&kept()) {
        received.insert(stream.next().data["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(received, kept());
}

#[test]
fn events_that_cannot_be_replayed_are_a_gap() {
    let gateway = start_server();
    let ticket = ticket(&gateway, "fax", "live");
    let first = publish(&gateway, "camera", "first", &json!(0));
    let mut stream = Stream::open(&gateway, &ticket, Some("junk"));
    assert_eq!(stream.next(), gap(&Value::Null));
    // A token of a version that this server does not know is a gap too, and the stream goes on.
    let mut stream = Stream::open(&gateway, &ticket, Some("AgAAAAAAAAAB"));
    assert_eq!(stream.next(), gap(&Value::Null));
    let later = publish(&gateway, "camera", "later", &json!(0));
    assert_eq!(stream.next().event_id(), later);
    // Older than all stored events.
    let mut stream = Stream::open(&gateway, &ticket, Some("evt_0000000000001"));
    assert_eq!(stream.next(), gap(&Value::Null));
    assert_eq!(stream.next().event_id(), first);
    assert_eq!(stream.next().event_id(), later);
    // Browsers treat an empty id as none.
    let mut stream = Stream::open(&gateway, &ticket, Some(""));
    let second = publish(&gateway, "camera", "second", &json!(0));
    assert_eq!(stream.next().event_id(), second);
}

#[test]
fn the_cursor_is_opaque_and_event_ids_of_older_pages_resume_too() {
    let gateway = start_server();
    let ticket = ticket(&gateway, "fax", "live");
    let mut stream = Stream::open(&gateway, &ticket, None);
    let first = publish(&gateway, "camera", "first", &json!(0));
    let frame = stream.next();
    assert_eq!(frame.event_id(), first);
    let cursor = frame.cursor;
    let url_safe = cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    assert!(url_safe && cursor.len() <= 16 && !first.contains(&cursor), "{cursor} for {first}");
    drop(stream);
    let second = publish(&gateway, "camera", "second", &json!(0));
    for last in [cursor.as_str(), first.as_str()] {
        let mut stream = Stream::open(&gateway, &ticket, Some(last));
        let frame = stream.next();
        assert_eq!((frame.event.as_str(), frame.event_id()), ("", second.as_str()), "after {last}");
        assert!(!frame.cursor.starts_with("evt_") && frame.cursor != cursor, "{frame:?}");
    }
}

#[test]
fn more_than_a_thousand_missed_events_are_a_gap_before_live_events() {
    let gateway = start_server();
    let ticket = ticket(&gateway, "fax", "live");
    let first = publish(&gateway, "camera", "first", &json!(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..130).for_each(|n| drop(publish(&gateway, "camera", "many", &json!(n)))));
        }
    });
    let mut stream = Stream::open(&gateway, &ticket, Some(&first));
    for received in 0..1000 {
        let frame = stream.next();
        assert_eq!(frame.data["name"], "many", "{received}: {frame:?}");
    }
    assert_eq!(stream.next(), gap(&Value::Null));
    let live = publish(&gateway, "camera", "live", &json!(0));
    assert_eq!(stream.next().event_id(), live);
}
