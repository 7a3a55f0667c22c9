//! Coming back with `Last-Event-ID`.

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
fn nothing_is_lost_or_told_twice_while_events_come() {
    let gateway = stand();
    let mut stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), None);
    let (mut told, publisher) = (Vec::new(), gateway.bolt("camera"));
    let published = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let one =
                |n: u32| publisher.publish("x", &json!({ "body": n }))["id"].as_str().unwrap().to_owned();
            (0..200).map(one).collect::<Vec<String>>()
        });
        while told.len() < 200 {
            if told.len() % 23 == 22 {
                let last: &String = told.last().unwrap();
                stream = Stream::open(&gateway, &ticket(&gateway, "fax", "live"), Some(last));
            }
            let frame = stream.next();
            assert_eq!(frame.event, "", "{frame:?}");
            told.push(frame.id);
        }
        publishing.join().unwrap()
    });
    assert_eq!(told, published);
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
