//! What an app had under way goes with it: another one of its name starts anew.

use harness::{App, Gateway, Setup, refused_address};
use serde_json::json;

const EVENT: &str = r#"{"app_id":"made","client_id":"superapp","event_type":"x","payload":1}"#;

fn make(gateway: &Gateway, app: &App, receiver: &str) {
    let request = json!({"name": app.name, "token": app.token, "receiver_url": receiver});
    gateway.admin().send("POST", "apps", &request).expect(201);
    gateway.admin().done("POST", "links", &json!({"host": "superapp", "miniapp": app.name}));
}

#[test]
fn an_open_breaker_and_an_empty_allowance_go_with_their_app() {
    let receiver = format!("http://{}/", refused_address());
    let gateway =
        Setup::new().set("limits", "publish_rate", "\"1/s burst 3\"").app(App::new("superapp")).start();
    let made = App::new("made");
    let exchange = || gateway.host("superapp").send(EVENT).status;
    let publish = || gateway.bolt_with(&made.token).post("x", "{}").status;
    for _ in 0..2 {
        make(&gateway, &made, &receiver);
        assert_eq!([(); 3].map(|()| publish()), [200; 3]);
        assert_eq!(publish(), 429);
        assert_eq!([(); 20].map(|()| exchange()), [502; 20]);
        assert_eq!(exchange(), 503);
        gateway.admin().delete("apps/made");
        assert_eq!((exchange(), publish()), (403, 401));
    }
}
