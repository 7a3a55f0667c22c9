//! Explain: the hooks that would receive an event, and why the others would not.

use harness::{App, Gateway, Receiver, Setup, each};
use serde_json::{Value, json};

fn start(receiver: &Receiver) -> Gateway {
    let gateway = Setup::new()
        .app(App::new("camera").line(r#"private = ["secret"]"#))
        .app(App::new("fax"))
        .app(App::new("gallery"))
        .start();
    gateway.bolt("fax").web("camera/photo-saved", &receiver.url("/one"));
    gateway.bolt("fax").web("fax/*", &receiver.url("/two"));
    gateway.bolt("gallery").web("*", &receiver.url("/three"));
    gateway
}

/// The ids of the hooks that would receive the event according to the answer.
fn explained(answer: &Value) -> Vec<Value> {
    let list = answer.get("hooks").or_else(|| answer.get("data")).unwrap_or(answer);
    list.as_array().unwrap_or_else(|| panic!("no list of hooks: {answer}")).clone()
}

#[test]
fn every_hook_is_named_with_a_reason() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let hooks = gateway.admin().all("hooks?limit=250");
    let rows = [
        (json!({"publisher": "camera", "name": "photo-saved"}), 2),
        (json!({"publisher": "camera", "name": "other"}), 1),
        (json!({"publisher": "fax", "name": "x"}), 2),
        (json!({"publisher": "camera", "name": "secret"}), 0),
        (json!({"publisher": "camera", "name": "photo-saved", "subscribers": ["fax"]}), 1),
        (json!({"publisher": "camera", "name": "photo-saved", "subscribers": []}), 0),
        (json!({"publisher": "Camera", "name": "Photo-Saved"}), 2),
    ];
    each(rows, |(request, count)| {
        let answer = gateway.admin().send("POST", "explain", request).expect(200).json();
        let text = answer.to_string();
        for hook in hooks.iter().filter(|hook| hook["app"] != "bolt") {
            assert!(text.contains(hook["id"].as_str().unwrap()), "a hook is not named: {text}");
        }
        let would = explained(&answer)
            .iter()
            .filter(|row| {
                let reported = |(name, value): (&String, &Value)| {
                    !matches!(name.as_str(), "transient" | "enabled") && *value == json!(true)
                };
                row.as_object().unwrap().iter().any(reported)
            })
            .count();
        assert_eq!(would, *count, "{text}");
        let publisher = request["publisher"].as_str().unwrap().to_lowercase();
        let body = request.get("subscribers").map_or(json!({}), |names| json!({ "subscribers": names }));
        let real = gateway.bolt(&publisher).publish(request["name"].as_str().unwrap(), &body);
        assert_eq!(real["deliveries"], *count, "explain and publish disagree");
    });
}

#[test]
fn a_bad_explain_request_is_refused() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    each(
        [json!({}), json!({"publisher": "camera"}), json!({"publisher": 5, "name": "x"}), json!([])],
        |request| {
            let answer = gateway.admin().send("POST", "explain", request);
            assert!(matches!(answer.status, 400 | 422), "{} {}", answer.status, answer.text());
        },
    );
    assert!(gateway.admin().all("events?limit=250").is_empty(), "explain published something");
}

#[test]
fn a_publisher_that_is_off_is_named() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let explain = |with: Value| {
        let question = json!({"publisher": "gallery", "name": "x", "with": with});
        gateway.admin().send("POST", "explain", &question)
    };
    let off = json!(["the app `gallery` is switched off, so it cannot publish anything"]);
    assert_eq!(explain(json!([])).expect(200).json()["warnings"], json!([]));
    let assumed = json!([{"change": "app", "name": "gallery", "enabled": false}]);
    assert_eq!(explain(assumed).expect(200).json()["warnings"], off);
    let empty = json!([{"change": "new_hook", "app": "fax", "pattern": "*", "route": ""}]);
    assert!(explain(empty).expect(422).text().contains("`with[0].route` must not be empty"));
}
