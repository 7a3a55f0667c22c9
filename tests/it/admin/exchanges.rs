//! Exchanges as the journal keeps them.

use harness::{App, Receiver, Reply, Setup, WAIT, until};

#[test]
fn exchanges_are_listed_with_how_they_ended_and_without_what_they_said() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("superapp"))
        .app(App::new("shop").receiver(&receiver.url("/shop")))
        .link("superapp", "shop")
        .start();
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
