//! Answers of receivers: every answer that Footbridge's client accepts, hyper reads the same, however the bytes
//! are split.
#![no_main]

use footbridge_fuzz::clients::{read_by_footbridge, read_by_hyper};
use libfuzzer_sys::fuzz_target;

// The first byte is the size of the pieces in which the answer arrives.
fuzz_target!(|data: &[u8]| {
    let Some((piece, answer)) = data.split_first() else { return };
    let whole = read_by_footbridge(answer, usize::MAX);
    assert_eq!(read_by_footbridge(answer, usize::from(*piece)), whole, "cutting the bytes changes the answer");
    // The client may refuse answers that hyper accepts, but not the reverse.
    if let Some(understood) = whole {
        assert_eq!(read_by_hyper(answer), Some(understood), "hyper reads another answer");
    }
});
