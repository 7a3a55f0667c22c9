//! Configuration files: any text is accepted, or refused with its place and the reason.
#![no_main]

use footbridge::config::{ConfigError, LoadArgs, load};
use libfuzzer_sys::fuzz_target;
use std::io::Write;

fuzz_target!(|text: &str| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("it is written");
    let args = LoadArgs { file: Some(file.path().to_owned()), cores: 2, ..LoadArgs::default() };
    match load(&args) {
        Ok(_) => {}
        Err(error @ ConfigError::Invalid { .. }) => {
            let shown = error.to_string();
            assert!(shown.contains(&*file.path().to_string_lossy()), "the file is not named: {shown}");
        }
        Err(error) => panic!("a file that is there was not read: {error}"),
    }
});
