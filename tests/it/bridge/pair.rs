//! A linked host and miniapp, and an app without a link.

use harness::{App, Gateway, Receiver, Setup};

/// `superapp` (host) and `shop` (miniapp) are linked; `stranger` has no link. All three receive at `receiver`,
/// each on a path with its name.
pub(crate) fn setup(receiver: &Receiver) -> Setup {
    Setup::new()
        .app(App::new("superapp").receiver(&receiver.url("/superapp")))
        .app(
            App::new("shop")
                .receiver(&receiver.url("/shop"))
                .line(r#"miniapp_url = "https://shop.example/mini""#),
        )
        .app(App::new("stranger").receiver(&receiver.url("/stranger")))
        .link("superapp", "shop")
}

/// Starts the pair.
pub(crate) fn pair() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    (setup(&receiver).start(), receiver)
}

/// Starts the pair with a short deadline.
pub(crate) fn hurried_pair(timeout: &str) -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    (setup(&receiver).set("bridge", "timeout", &format!("{timeout:?}")).start(), receiver)
}

/// A complete request between the two with this payload.
pub(crate) fn event(payload: &str) -> String {
    format!(
        r#"{{"app_id":"shop","client_id":"superapp","event_type":"user_profile_updated","payload":{payload}}}"#
    )
}
