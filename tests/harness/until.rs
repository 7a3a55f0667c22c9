//! Waits for a condition.

use std::time::{Duration, Instant};

/// The time limit for something that should happen soon.
pub const WAIT: Duration = Duration::from_secs(15);

/// Polls `condition` until it is true. Fails the test after `timeout` and names `what`.
#[track_caller]
pub fn until(what: &str, timeout: Duration, mut condition: impl FnMut() -> bool) {
    let _: () = until_some(what, timeout, || condition().then_some(()));
}

/// Polls `probe` until it returns a value. Fails the test after `timeout` and names `what`.
#[track_caller]
pub fn until_some<T>(what: &str, timeout: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(begun.elapsed() < timeout, "waited {timeout:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for a fixed time. Only for tests that nothing happens within it.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
