//! Waiting for a condition instead of for luck.

use std::time::{Duration, Instant};

/// How long a test waits for something that should happen soon.
pub const WAIT: Duration = Duration::from_secs(15);

/// Polls `condition` until it holds; fails the test after `timeout`, naming `what`.
#[track_caller]
pub fn until(what: &str, timeout: Duration, mut condition: impl FnMut() -> bool) {
    let _: () = until_some(what, timeout, || condition().then_some(()));
}

/// Polls `probe` until it yields a value; fails the test after `timeout`, naming `what`.
#[track_caller]
pub fn until_some<T>(what: &str, timeout: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(begun.elapsed() < timeout, "waited {timeout:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Lets time pass where the passing itself is what is tested ("nothing more arrives").
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
