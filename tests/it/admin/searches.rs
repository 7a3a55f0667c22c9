//! Searches in lists: the grammar, its errors, the steps, and what a text leads to.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, until};
use serde_json::{Value, json};

fn start() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    let gateway = Setup::new().app(App::new("camera")).app(App::new("fax")).app(App::new("gallery")).start();
    gateway.bolt("fax").web("camera/*", &receiver.url("/fax"));
    gateway.bolt("gallery").web("camera/photo-saved", &receiver.url("/bad"));
    receiver.at("/bad", Reply::status(502).with_body("why not"));
    (gateway, receiver)
}

fn settle(gateway: &Gateway) {
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
}

fn publish(gateway: &Gateway, name: &str, body: &Value) -> String {
    gateway.bolt("camera").publish(name, &json!({ "body": body }))["id"].as_str().unwrap().to_owned()
}

fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02x}").unwrap();
        encoded
    })
}

fn found(gateway: &Gateway, list: &str, query: &str, id: &str) -> Vec<String> {
    let rows = gateway.admin().get(&format!("{list}?limit=250&q={}", encoded(query)))["data"].clone();
    rows.as_array().unwrap().iter().map(|row| row[id].as_str().unwrap().to_owned()).collect()
}

#[test]
fn events_and_deliveries_are_found_by_their_terms() {
    let (gateway, _receiver) = start();
    let photo = publish(&gateway, "photo-saved", &json!({"order": {"id": 42, "tags": ["red", "*"]}}));
    let page = publish(&gateway, "page-sent", &json!({"order": {"id": "42"}}));
    settle(&gateway);
    for (query, expected) in [
        ("app:camera", vec![&page, &photo]),
        ("app:CAMERA photo", vec![&photo]),
        ("body.order.id:42 name:*-s*", vec![&page, &photo]),
        ("body.order.id:\"42\"", vec![&page]),
        ("body.order.tags[0]:r*d", vec![&photo]),
        ("to:gallery status:dead code:502", vec![&photo]),
        ("app:camera -to:gallery", vec![&page]),
        ("app:camera error:\"ANSWERED 502\" since:1h", vec![&photo]),
        ("app:camera until:1h", vec![]),
        (&photo, vec![&photo]),
    ] {
        assert_eq!(
            found(&gateway, "events", query, "id"),
            expected.into_iter().cloned().collect::<Vec<_>>(),
            "{query}"
        );
    }
    let deliveries = |query: &str| found(&gateway, "deliveries", query, "app");
    assert_eq!(deliveries("app:camera status:dead"), ["gallery"]);
    assert_eq!(deliveries(&format!("event:{page}")), ["fax"]);
    assert_eq!(deliveries("app:camera body.order.tags[1]:* -code:5xx took:<1m"), ["fax"]);
    let admin = gateway.admin();
    let event = admin.get(&format!("events?q={}", encoded(&photo)))["data"][0].clone();
    assert_eq!(event["statuses"], json!({"delivered": 1, "dead": 1}), "{event}");
    assert_eq!(admin.get(&format!("events/{photo}"))["statuses"], event["statuses"]);
    let dead = admin.get("deliveries?q=status:dead")["data"][0].clone();
    assert_eq!((&dead["event_name"], &dead["publisher"]), (&json!("photo-saved"), &json!("camera")));
    assert!(dead["last_ms"].is_u64() && dead["made_at"].is_string() && dead["test"] == false, "{dead}");
}

#[test]
fn a_list_is_followed_page_by_page_in_both_orders() {
    let (gateway, _receiver) = start();
    let mut ids: Vec<String> = (0..7).map(|n| publish(&gateway, "x", &json!({"n": n}))).collect();
    let admin = gateway.admin();
    for order in ["asc", "desc"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = admin.get(&format!("events?q=app:camera&order={order}&limit=3{cursor}"));
            seen.extend(
                page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()),
            );
            assert_eq!(page["searched"]["more"], false);
            assert!(page["searched"]["rows"].as_u64().unwrap() >= 1);
            if let Some(next) = page["next"].as_str() {
                assert!(page["searched"]["to"].is_string(), "{page}");
                cursor = format!("&cursor={next}");
            } else {
                assert!(page["searched"]["to"].is_null(), "{page}");
                break;
            }
        }
        assert_eq!(seen, ids, "{order}");
        ids.reverse();
    }
    // A cursor belongs to its order.
    let next = admin.get("events?limit=1&order=asc")["next"].as_str().unwrap().to_owned();
    admin.call("GET", &format!("events?cursor={next}")).send().expect(400);
}

#[test]
fn a_wrong_term_is_named_with_what_is_allowed() {
    let (gateway, _receiver) = start();
    for (list, query, parts) in [
        ("events", "app:camera stat:dead", ["`stat:dead` at character 12", "Known are `app`"]),
        ("events", "status:lost", ["`status:lost`", "`pending`"]),
        ("events", "status:failed", ["`status:failed`", "does not apply to events"]),
        ("deliveries", "name:\"a", ["at character 1", "closing quote"]),
        ("exchanges", "body.a:1", ["`body.a:1`", "payloads of exchanges are not stored"]),
        ("exchanges", "took:5s", ["`took:5s`", "took:>2s"]),
    ] {
        let answer = gateway.admin().call("GET", &format!("{list}?q={}", encoded(query))).send().expect(400);
        let problem = answer.json();
        assert_eq!(problem["code"], "invalid_parameter");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("`q` is wrong: "), "{detail}");
        assert!(parts.iter().all(|part| detail.to_lowercase().contains(&part.to_lowercase())), "{detail}");
    }
    for tail in ["events?since=yesterday", "events?order=up", "exchanges?until=x", "events?status=dead"] {
        gateway.admin().call("GET", tail).send().expect(400);
    }
}

#[test]
fn exchanges_are_found_by_their_terms() {
    let receiver = Receiver::start();
    let gateway = Setup::shop_in_superapp(&receiver.url("/shop")).start();
    let send = |kind: &str, reply: Reply, status| {
        receiver.at("/shop", reply);
        let body = format!(r#"{{"app_id":"shop","client_id":"superapp","event_type":"{kind}","payload":1}}"#);
        let answer = gateway.host("superapp").send(body).expect(status);
        answer.header("footbridge-exchange-id").unwrap().to_owned()
    };
    let good = send("Buy Now", Reply::json("1"), 200);
    let bad = send("sell", Reply::status(418), 502);
    until("the records", WAIT, || gateway.admin().all("exchanges").len() >= 2);
    for (query, expected) in [
        ("app:superapp to:shop", vec![&bad, &good]),
        ("\"buy now\"", vec![&good]),
        ("status:failed code:418 code:EVENT_DELIVERY_FAILED error:418", vec![&bad]),
        ("-status:failed", vec![&good]),
        ("status:running", vec![]),
        (&good, vec![&good]),
    ] {
        let expected: Vec<_> = expected.into_iter().cloned().collect();
        assert_eq!(found(&gateway, "exchanges", query, "exchange_id"), expected, "{query}");
    }
}

#[test]
fn a_text_leads_to_the_thing_with_that_id_and_to_names_that_have_it() {
    let (gateway, _receiver) = start();
    let event = publish(&gateway, "photo-saved", &json!({}));
    settle(&gateway);
    let admin = gateway.admin();
    let search =
        |text: &str| admin.get(&format!("search?q={}", encoded(text)))["data"].as_array().unwrap().clone();
    let delivery = admin.all(&format!("deliveries?event={event}"))[0].clone();
    for (id, kind, text) in [
        (event.as_str(), "event", "photo-saved by camera"),
        (delivery["id"].as_str().unwrap(), "delivery", "photo-saved to "),
        (delivery["hook_id"].as_str().unwrap(), "hook", "camera/"),
    ] {
        let hits = search(id);
        assert_eq!((hits.len(), &hits[0]["kind"], &hits[0]["id"]), (1, &json!(kind), &json!(id)), "{hits:?}");
        assert!(hits[0]["text"].as_str().unwrap().starts_with(text), "{hits:?}");
    }
    assert!(search("evt_0000000000001").is_empty());
    let kinds: Vec<_> = search("CAM").iter().map(|hit| hit["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["app", "hook", "hook"]);
    let hits = search("photo");
    assert_eq!((&hits[0]["kind"], &hits[0]["id"]), (&json!("name"), &json!("photo-saved")), "{hits:?}");
    admin.call("GET", "search").send().expect(400);
    admin.call("GET", "search?q=").send().expect(400);
    admin.call("GET", "search?q=a&limit=3").send().expect(400);
}
