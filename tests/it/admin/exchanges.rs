//! Stored exchanges over the administration API.

use harness::{App, Receiver, Reply, Setup, WAIT, until};

#[test]
fn exchanges_are_listed_with_their_outcome_and_without_payloads() {
    let receiver = Receiver::start();
    let gateway = Setup::shop_in_superapp(&receiver.url("/shop")).start();
    let body = r#"{"app_id":"shop","client_id":"superapp","event_type":"a-type","payload":"payload-5511"}"#;
    receiver.at("/shop", Reply::json("\"answer-7722\""));
    let good = gateway.host("superapp").send(body).expect(200);
    receiver.at("/shop", Reply::status(500));
    let bad = gateway.host("superapp").send(body).expect(502);
    let id = |answer: &harness::Answer| answer.header("footbridge-exchange-id").unwrap().to_owned();
    let (good, bad) = (id(&good), id(&bad));
    let admin = gateway.admin();
    until("both records", WAIT, || admin.all("exchanges?limit=250").len() >= 2);
    for id in [&good, &bad] {
        let shown = admin.get(&format!("exchanges/{id}"));
        let text = shown.to_string();
        assert!(text.contains(id.as_str()) && text.contains("superapp") && text.contains("shop"), "{text}");
        assert!(text.contains("a-type"), "{text}");
    }
    assert_ne!(
        admin.get(&format!("exchanges/{good}"))["status"],
        admin.get(&format!("exchanges/{bad}"))["status"]
    );
    assert!(admin.get(&format!("exchanges/{bad}")).to_string().contains("EVENT_DELIVERY_FAILED"));
    admin.call("GET", "exchanges/exc_nonsense").send().expect(404);
}

#[test]
fn a_refused_exchange_can_be_looked_up() {
    let gateway = Setup::new()
        .app(App::new("superapp"))
        .app(App::new("shop"))
        .app(App::new("stranger"))
        .link("superapp", "shop")
        .start();
    for (recipient, status, code) in [
        ("stranger", 403, "UNAUTHORIZED"),
        ("nobody", 403, "UNAUTHORIZED"),
        ("shop", 409, "EVENT_RECEIVER_DISABLED"),
    ] {
        let body =
            format!(r#"{{"app_id":"{recipient}","client_id":"superapp","event_type":"x","payload":1}}"#);
        let refused = gateway.host("superapp").send(body).expect(status);
        let id = refused.header("footbridge-exchange-id").unwrap().to_owned();
        until("the record", WAIT, || gateway.host("superapp").exchange(&id).status == 200);
        let shown = gateway.host("superapp").exchange(&id).json();
        assert_eq!((&shown["status"], &shown["error_code"]), (&"failed".into(), &code.into()), "{shown}");
        assert_eq!(shown["error_message"], refused.json()["error_message"]);
        assert!(shown.get("recipient").is_none(), "{shown}");
        assert_eq!(gateway.admin().get(&format!("exchanges/{id}"))["http_status"], status);
    }
}
