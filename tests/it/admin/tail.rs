//! The live tail over the administration API.

use harness::{App, AppDir, Gateway, Receiver, Reply, Setup, Sse, WAIT, until};
use serde_json::{Value, json};

fn start() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    receiver.at("/bad", Reply::status(503));
    receiver.at("/exchange", Reply::json("{\"secret\": 1}"));
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("shop"))
        .app(App::new("mailer"))
        .app(App::new("pay").receiver(&receiver.url("/exchange")))
        .link("shop", "pay")
        .start();
    gateway.bolt("mailer").web("shop/order-paid", &receiver.url("/bad"));
    (gateway, receiver)
}

fn publish(gateway: &Gateway, name: &str) -> String {
    gateway.bolt("shop").publish(name, &json!({"body": {"secret": 1}}))["id"].as_str().unwrap().to_owned()
}

/// The data of the next row.
fn row(tail: &mut Sse) -> (String, String, Value) {
    loop {
        let event = tail.next_event().expect("a row");
        if event.name != "ping" {
            return (event.name, event.id, event.data);
        }
    }
}

#[test]
fn the_tail_shows_events_attempts_and_exchanges_without_bodies() {
    let (gateway, _receiver) = start();
    let mut tail = Sse::open(&gateway, "tail", None);
    tail.wait("ping");
    let event = publish(&gateway, "order-paid");
    let charge = json!({"client_id": "shop", "app_id": "pay", "event_type": "charge", "payload": {}});
    let (mut seen, mut text) = (Vec::new(), String::new());
    for _ in 0..2 {
        let (kind, id, data) = row(&mut tail);
        assert!(!id.is_empty() && data["at"].is_string(), "{data}");
        text += &data.to_string();
        seen.push((kind, data));
    }
    gateway.host("shop").send(charge.to_string()).expect(200);
    let (kind, _, exchange) = row(&mut tail);
    assert_eq!(
        (kind.as_str(), &exchange["sender"], &exchange["status"]),
        ("exchange", &json!("shop"), &json!("answered"))
    );
    let of = |kind: &str| seen.iter().find(|(name, _)| name == kind).unwrap_or_else(|| panic!("{seen:?}"));
    assert_eq!((&of("event").1["id"], &of("event").1["deliveries"]), (&json!(event), &json!(1)));
    let delivery = &of("delivery").1;
    assert_eq!((&delivery["event_id"], &delivery["status"]), (&json!(event), &json!("pending")));
    assert_eq!((&delivery["attempt"]["n"], &delivery["attempt"]["status"]), (&json!(1), &json!(503)));
    assert!(!format!("{text}{exchange}").contains("secret"), "{text}");
}

#[test]
fn a_tail_shows_the_kinds_that_were_asked_for() {
    let (gateway, _receiver) = start();
    let mut tail = Sse::open(&gateway, "tail?kinds=delivery", None);
    tail.wait("ping");
    publish(&gateway, "order-lost");
    publish(&gateway, "order-paid");
    assert_eq!(row(&mut tail).0, "delivery");
    for (query, part) in [("kinds=fish", "`fish`"), ("limit=3", "known are")] {
        let answer = gateway.admin().call("GET", &format!("tail?{query}")).send().expect(400);
        assert!(answer.text().contains(part), "{}", answer.text());
    }
    gateway.call("GET", "/api/v1/tail").send().expect(401);
}

#[test]
fn a_query_selects_rows() {
    let (gateway, _receiver) = start();
    let mut tails: Vec<Sse> = ["name:order-paid", "to:mailer%20code:503", "body.secret:2", "app:pay"]
        .map(|query| Sse::open(&gateway, &format!("tail?q={query}"), None))
        .into();
    for tail in &mut tails {
        drop(tail.wait("ping"));
    }
    gateway.bolt("shop").publish("order-lost", &json!({"body": {"secret": 2}}));
    let paid = publish(&gateway, "order-paid");
    gateway.bolt("pay").publish("last", &json!({}));
    let mut next = |tail: usize| row(&mut tails[tail]);
    let (kind, _, data) = next(1);
    assert_eq!((kind.as_str(), &data["event_id"]), ("delivery", &json!(paid)));
    assert_eq!(next(2).2["name"], "order-lost");
    assert_eq!(next(3).2["name"], "last");
    let named = [next(0).0, next(0).0];
    assert!(named.contains(&"event".to_owned()) && named.contains(&"delivery".to_owned()), "{named:?}");
    let answer = gateway.admin().call("GET", "tail?q=colour:red").send().expect(400);
    assert!(answer.text().contains("colour"), "{}", answer.text());
}

#[test]
fn a_lost_connection_continues_where_it_was() {
    let (gateway, _receiver) = start();
    let mut tail = Sse::open(&gateway, "tail?kinds=event", None);
    tail.wait("ping");
    let first = publish(&gateway, "one");
    let (_, id, data) = row(&mut tail);
    assert_eq!(data["id"], first);
    tail.hang_up();
    let missed: Vec<String> = (0..3).map(|_| publish(&gateway, "missed")).collect();
    // The server notices the lost connection a moment later; until then the tail has a reader.
    let mut tail = None;
    until("the tail continues", WAIT, || {
        let mut again = Sse::open(&gateway, "tail?kinds=event", Some(&id));
        let first = again.next_event().expect("the beginning");
        let continues = first.name == "ping";
        tail = Some(again);
        continues
    });
    let mut tail = tail.unwrap();
    for id in &missed {
        assert_eq!(row(&mut tail).2["id"], *id);
    }
    let mut other = Sse::open(&gateway, "tail?kinds=event", Some("0123456789abcdef.7"));
    assert_eq!(other.wait("gap"), json!({"n": null}), "an unknown position");
}

#[test]
fn rows_beyond_two_hundred_a_second_are_counted() {
    let (gateway, _receiver) = start();
    let mut tail = Sse::open(&gateway, "tail?kinds=event", None);
    tail.wait("ping");
    let count = 1500_u64;
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..count / 6).for_each(|_| drop(publish(&gateway, "burst"))));
        }
    });
    let (mut rows, mut left_out) = (0, 0);
    while rows + left_out < count {
        let (kind, _, data) = row(&mut tail);
        match kind.as_str() {
            "gap" => left_out += data["n"].as_u64().unwrap(),
            _ => rows += 1,
        }
    }
    assert_eq!(rows + left_out, count);
    assert!(rows >= 200, "{rows} rows, {left_out} left out");
}

#[test]
fn the_output_of_an_app_is_streamed() {
    let app_dir = AppDir::new();
    let gateway = Setup::new().starts_apps().start();
    let path = app_dir.write(
        "talker",
        &json!({"name": "talker", "version": "1.0.0", "bolt": {"main": "main.js"}}),
        &[("main.js", "exports.configureApp = async () => { console.log('hello from the app'); };")],
    );
    gateway.apps().install(&path);
    let mut logs = Sse::open(&gateway, "apps/talker/logs/stream", None);
    gateway.apps().starting("talker").send();
    loop {
        let line = logs.wait("log");
        assert_eq!(line["app"], "talker");
        if line["text"].as_str().unwrap().contains("hello from the app") || line["stream"] == "server" {
            break;
        }
    }
    gateway.admin().call("GET", "apps/nobody/logs/stream").send().expect(404);
}

#[test]
fn changes_are_shown_once_they_are_stored_without_secrets() {
    let (gateway, _receiver) = start();
    let mut tail = Sse::open(&gateway, "tail?kinds=audit", None);
    tail.wait("ping");
    let mut of_hooks = Sse::open(&gateway, "tail?kinds=audit&q=name:hook.*%20app:mailer", None);
    of_hooks.wait("ping");
    let admin = gateway.admin();
    let made = admin.done("POST", "apps", &json!({"name": "crm"}));
    admin.call("POST", "apps").json(&json!({"name": "crm"})).send().expect(409);
    admin.done("POST", "apps/crm/rotate", &json!({"secrets": ["token"]}));
    let hook =
        json!({"app": "mailer", "pattern": "shop/later", "type": "web", "route": "http://127.0.0.1:1/x"});
    admin.done("POST", "hooks", &hook);
    let rows: Vec<Value> = (0..3)
        .map(|_| row(&mut tail))
        .map(|(kind, id, data)| {
            assert_eq!((kind.as_str(), id.is_empty()), ("audit", false));
            data
        })
        .collect();
    let actions: Vec<_> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions[0], "app.create", "{rows:?}");
    assert_eq!(actions[2], "hook.create", "the change that was refused has no row: {rows:?}");
    assert_eq!((&rows[0]["object"]["id"], &rows[0]["who"]["kind"]), (&json!("crm"), &json!("token")));
    let listed = admin.all("audit");
    assert!(rows.iter().all(|row| listed.contains(row)), "rows are those of the list: {rows:?}");
    let shown = format!("{rows:?}");
    for (name, secret) in
        made.as_object().unwrap().iter().filter(|(name, _)| name.contains("token") || name.contains("secret"))
    {
        let secret = secret.as_str().unwrap_or("-");
        assert!(secret.len() < 8 || !shown.contains(secret), "{name}");
    }
    assert_eq!(row(&mut of_hooks).2["action"], "hook.create", "a query selects changes, too");
}

#[test]
fn rows_need_the_permission_of_their_kind() {
    let (gateway, _receiver) = start();
    let allowed = |permissions: Value, apps: Value, kinds: &str| {
        let token = json!({"name": format!("t{}", permissions.to_string().len()), "permissions": permissions, "apps": apps});
        let made = gateway.admin().send("POST", "tokens", &token).expect(201).json();
        let call = gateway.call("GET", &format!("/api/v1/tail?kinds={kinds}"));
        call.header("Authorization", format!("Bearer {}", made["token"].as_str().unwrap())).send()
    };
    let own = Value::Null;
    let answer = allowed(json!(["events.read"]), own.clone(), "event,audit").expect(403);
    assert!(answer.text().contains("audit.read"), "{}", answer.text());
    let answer = allowed(json!(["events.read", "audit.read"]), own.clone(), "log").expect(403);
    assert!(answer.text().contains("apps.read"), "{}", answer.text());
    let answer =
        allowed(json!(["events.read", "audit.read", "apps.read"]), json!(["shop"]), "audit").expect(403);
    assert!(answer.text().contains("all apps"), "{}", answer.text());
}
