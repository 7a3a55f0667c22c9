//! The apps of this chapter.

use harness::{App, Gateway, Receiver, Setup};

/// `camera`, `fax` and `gallery` receive at `receiver`, each below a path with its name. `pen` has a token and
/// no URL.
pub(crate) fn setup(receiver: &Receiver) -> Setup {
    let at = |name: &str| App::new(name).url(&receiver.url(&format!("/{name}")));
    Setup::new().app(at("camera")).app(at("fax")).app(at("gallery")).app(App::new("pen"))
}

/// Starts a server with these apps.
pub(crate) fn apps() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    (setup(&receiver).start(), receiver)
}
