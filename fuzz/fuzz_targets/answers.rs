//! Answers of receivers: whatever our client understands, hyper understands alike, however the bytes are cut.
#![no_main]

use footbridge_fuzz::clients::{hypers, ours};
use libfuzzer_sys::fuzz_target;

// The first byte says in how large pieces the answer comes.
fuzz_target!(|data: &[u8]| {
    let Some((piece, answer)) = data.split_first() else { return };
    let whole = ours(answer, usize::MAX);
    assert_eq!(ours(answer, usize::from(*piece)), whole, "cutting the bytes changes the answer");
    // We may refuse what hyper takes, never the other way round.
    if let Some(understood) = whole {
        assert_eq!(hypers(answer), Some(understood), "hyper reads another answer");
    }
});
