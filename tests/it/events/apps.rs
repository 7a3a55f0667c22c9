//! The apps of this chapter.

use harness::{App, Gateway, Receiver, Setup};

/// `camera`, `fax` and `gallery` run at `receiver` (each below a path of its own name); `pen` has a token and no address.
pub(crate) fn setup(receiver: &Receiver) -> Setup {
    let at = |name: &str| App::new(name).url(&receiver.url(&format!("/{name}")));
    Setup::new().app(at("camera")).app(at("fax")).app(at("gallery")).app(App::new("pen"))
}

/// These apps, started.
pub(crate) fn apps() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    (setup(&receiver).start(), receiver)
}
