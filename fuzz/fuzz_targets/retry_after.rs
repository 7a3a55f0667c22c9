//! `Retry-After`: any value leads to a delay of at most twice the schedule, or is ignored.
#![no_main]

use footbridge_model::retry::{Schedule, retry_after};
use footbridge_model::time::Millis;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

// A value, a line feed and the current time.
fuzz_target!(|data: &str| {
    let (value, now) = data.split_once('\n').unwrap_or((data, "1800000000000"));
    let asked = retry_after(value, Millis(now.parse().unwrap_or(i64::MAX)));
    let digits = value.trim();
    if !digits.is_empty() && digits.len() <= 10 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        assert_eq!(asked, digits.parse().ok().map(Duration::from_secs));
    }
    let scheduled = Duration::from_secs(10);
    let wait = Schedule::new(vec![scheduled]).wait(1, asked, 0.5).expect("one more attempt");
    assert!(wait >= scheduled && wait <= 2 * scheduled);
});
