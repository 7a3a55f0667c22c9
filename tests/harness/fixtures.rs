//! Reads the test vectors in `fixtures/`.

use std::path::Path;

use serde_json::Value;

/// Reads the file `name` in `fixtures/`.
pub fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// JSON texts that must pass byte for byte, including one with the maximum depth below the top level.
pub fn payloads() -> Vec<String> {
    let mut texts: Vec<String> = fixture("payloads.json")["texts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect();
    texts.push(format!("{}{}", "[".repeat(63), "]".repeat(63)));
    texts
}
