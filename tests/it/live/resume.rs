//! Coming back with `Last-Event-ID`.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::HangUp;
use serde_json::{Value, json};

use super::stand::{Frame, Stream, publish, stand, ticket};

fn gap(missed: &Value) -> Frame {
    Frame { event: "gap".into(), id: String::new(), data: json!({ "missed": missed }) }
}

#[test]
fn what_was_missed_is_told_in_order_and_once_across_a_restart() {
    let mut gateway = stand();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), None);
    publish(&gateway, "camera", "seen", &json!(0));
    let seen = stream.next().id;
    drop(stream);
    let mut missed: Vec<String> = (0..70).map(|n| publish(&gateway, "camera", "missed", &json!(n))).collect();
    publish(&gateway, "shop", "not-ours", &json!(1));
    gateway.kill9().start_again();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), Some(&seen));
    missed.push(publish(&gateway, "camera", "live", &json!(1)));
    let told: Vec<String> = missed.iter().map(|_| stream.next().id).collect();
    assert_eq!(told, missed);
}

#[test]
fn nothing_is_lost_or_out_of_order_while_events_come() {
    let gateway = stand();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), None);
    let (mut told, publisher) = (Vec::new(), gateway.bolt("camera"));
    let published = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let one =
                |n: u32| publisher.publish("x", &json!({ "body": n }))["id"].as_str().unwrap().to_owned();
            (0..200).map(one).collect::<Vec<String>>()
        });
        for frames in 1.. {
            if told.len() == 200 {
                break;
            }
            if frames % 23 == 0 {
                let last = stream.last.clone();
                stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), last.as_deref());
            }
            let frame = stream.next();
            assert_eq!(frame.event, "", "{frame:?}");
            let id = frame.data["id"].as_str().unwrap().to_owned();
            // What was on its way to the disk when the page came back may be told again.
            if !told.contains(&id) {
                told.push(id);
            }
        }
        publishing.join().unwrap()
    });
    assert_eq!(told, published);
}

#[test]
fn a_page_that_drops_among_many_publishers_misses_nothing() {
    let gateway = stand();
    let ticket = ticket(&gateway, "fax", "live");
    let mut stream = Stream::open(&gateway, &ticket, None);
    let one = |_| publish(&gateway, "camera", "x", &json!({}));
    let (told, published) = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let published: BTreeSet<String> = std::thread::scope(|scope| {
                let threads: Vec<_> =
                    (0..12).map(|_| scope.spawn(|| (0..100).map(one).collect::<Vec<_>>())).collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            publish(&gateway, "camera", "last", &json!({}));
            published
        });
        let mut told = BTreeSet::new();
        // The last one comes when all others are settled, so after them.
        while let frame = stream.next()
            && frame.data["name"] != "last"
        {
            told.insert(frame.data["id"].as_str().unwrap().to_owned());
            if told.len() % 3 == 0 && stream.last.is_some() {
                stream = Stream::open(&gateway, &ticket, stream.last.clone().as_deref());
            }
        }
        (told, publishing.join().unwrap())
    });
    assert_eq!(told.len(), published.len());
    assert_eq!(told, published);
}

#[test]
fn pages_hear_of_what_its_publisher_did_not_wait_for() {
    let gateway = stand();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), None);
    let token = &gateway.setup().app_named("camera").token;
    for n in 0..50 {
        let call = gateway.call("POST", "/api/events/x").header("X-Bolt-App-Token", token.clone());
        let by = if n % 2 == 0 { HangUp::Close } else { HangUp::Reset };
        call.json(&json!({ "body": n })).hang_up(Duration::from_micros(250 * (n / 2 % 16)), by);
    }
    // The stream's own one stays.
    gateway.wait_alone_but_for(1);
    publish(&gateway, "camera", "last", &json!(0));
    let mut told = BTreeSet::new();
    while let frame = stream.next()
        && frame.data["name"] != "last"
    {
        told.insert(frame.data["id"].as_str().unwrap().to_owned());
    }
    // Whoever left early enough was not heard; of what is kept all is told, one that was on its way then after the last.
    let kept = || -> BTreeSet<String> {
        let kept = gateway.admin().all("events?limit=250");
        let kept = kept.iter().filter(|event| event["name"] == "x");
        kept.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    while !told.is_superset(&kept()) {
        told.insert(stream.next().data["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(told, kept());
}

#[test]
fn what_cannot_be_told_again_is_a_gap() {
    let gateway = stand();
    let ticket = ticket(&gateway, "fax", "live");
    let first = publish(&gateway, "camera", "first", &json!(0));
    let mut stream = Stream::open(&gateway, &ticket, Some("junk"));
    assert_eq!(stream.next(), gap(&Value::Null));
    // Before anything that is kept.
    let mut stream = Stream::open(&gateway, &ticket, Some("evt_0000000000001"));
    assert_eq!(stream.next(), gap(&Value::Null));
    assert_eq!(stream.next().id, first);
    // An empty one is none, as browsers mean it.
    let mut stream = Stream::open(&gateway, &ticket, Some(""));
    let second = publish(&gateway, "camera", "second", &json!(0));
    assert_eq!(stream.next().id, second);
}

#[test]
fn more_than_a_thousand_are_a_gap_and_then_it_goes_on_live() {
    let gateway = stand();
    let ticket = ticket(&gateway, "fax", "live");
    let first = publish(&gateway, "camera", "first", &json!(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..130).for_each(|n| drop(publish(&gateway, "camera", "many", &json!(n)))));
        }
    });
    let mut stream = Stream::open(&gateway, &ticket, Some(&first));
    for told in 0..1000 {
        let frame = stream.next();
        assert_eq!(frame.data["name"], "many", "{told}: {frame:?}");
    }
    assert_eq!(stream.next(), gap(&Value::Null));
    let live = publish(&gateway, "camera", "live", &json!(0));
    assert_eq!(stream.next().id, live);
}
