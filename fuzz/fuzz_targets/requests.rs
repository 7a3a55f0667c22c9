//! Raw requests: each is answered or its connection closed; never a hang, a panic or a 500.
#![no_main]

use footbridge_fuzz::server::{send, start};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: start(), |bytes: &[u8]| {
    let answer = send(bytes);
    let text = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || text.starts_with("HTTP/1."), "{text}");
    assert!(!text.contains("HTTP/1.1 500"), "{text}");
});
