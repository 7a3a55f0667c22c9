//! Saved views of the console.

use harness::{App, Setup};
use serde_json::json;

#[test]
fn views_are_saved_replaced_and_deleted() {
    let mut gateway = Setup::new().app(App::new("camera")).start();
    let put = |gateway: &harness::Gateway, query: &str| {
        let view = json!({"screen": "deliveries", "query": query});
        gateway.admin().send("PUT", "views/dead%20ones", &view).expect(200).json()
    };
    put(&gateway, "q=1");
    let saved = put(&gateway, "q=status%3Adead");
    assert_eq!(saved, json!({"name": "dead ones", "screen": "deliveries", "query": "q=status%3Adead"}));
    gateway.kill9().start_again();
    assert_eq!(gateway.admin().get("views")["data"], json!([saved]));
    let long = json!({"screen": "x".repeat(5000)});
    gateway.admin().send("PUT", "views/a", &long).expect(422);
    gateway.admin().send("PUT", "views/%20", &json!({"screen": "x"})).expect(422);
    gateway.admin().delete("views/dead%20ones");
    gateway.admin().send("DELETE", "views/dead%20ones", &json!(null)).expect(404);
    assert_eq!(gateway.admin().get("views")["data"], json!([]));
}
