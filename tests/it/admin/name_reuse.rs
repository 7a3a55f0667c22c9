//! The breaker and the publish rate of a deleted app do not pass to a new app of the same name.

use harness::{App, Gateway, Setup, refused_address};
use serde_json::json;

const EVENT: &str = r#"{"app_id":"made","client_id":"superapp","event_type":"x","payload":1}"#;

fn make(gateway: &Gateway, app: &App, receiver: &str) {
    let request = json!({"name": app.name, "token": app.token, "receiver_url": receiver});
    gateway.admin().send("POST", "apps", &request).expect(201);
    gateway.admin().done("POST", "links", &json!({"host": "superapp", "miniapp": app.name}));
}

#[test]
fn breaker_and_publish_rate_are_reset_when_an_app_is_created_anew() {
    let receiver = format!("http://{}/", refused_address());
    let gateway =
        Setup::new().set("limits", "publish_rate", "\"1/s burst 3\"").app(App::new("superapp")).start();
    let made = App::new("made");
    let exchange = || gateway.host("superapp").send(EVENT).status;
    let publish = || gateway.bolt_with(&made.token).post("x", "{}").status;
    for _ in 0..2 {
        make(&gateway, &made, &receiver);
        assert_eq!([(); 3].map(|()| publish()), [200; 3]);
        // After the burst, one per second is allowed: on a slow machine it takes a few more to be refused.
        assert!((0..50).any(|_| publish() == 429));
        assert_eq!([(); 20].map(|()| exchange()), [502; 20]);
        assert_eq!(exchange(), 503);
        gateway.admin().delete("apps/made");
        assert_eq!((exchange(), publish()), (403, 401));
    }
}
