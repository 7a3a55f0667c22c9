//! Credentials: the right name and secret key are always accepted, everything else is refused.
#![no_main]

use footbridge_fuzz::server::{SECRET_KEY, TOKEN, send, start, status};
use libfuzzer_sys::fuzz_target;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The first byte selects the header.
fuzz_target!(init: start(), |data: &[u8]| {
    let Some((first, value)) = data.split_first() else { return };
    let token = *first == b't';
    // A line end in the value would start another header or request.
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return;
    }
    let (path, name) = if token { ("/api/events/x", "X-Bolt-App-Token") } else { ("/api/v1/event-bridge/hostapp/", "Authorization") };
    let mut request = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n{name}: ").into_bytes();
    request.extend_from_slice(value);
    request.extend_from_slice(b"\r\n\r\n");
    let status = status(&send(&request));
    let trimmed = value.trim_ascii();
    let right = if token { trimmed == TOKEN.as_bytes() } else { is_right(trimmed) };
    match status {
        Some(400 | 401 | 429 | 431) if !right => {}
        // The right one: an empty publish is accepted, an exchange without a body is refused for that.
        Some(200 | 415 | 400) if right => {}
        status => panic!("{status:?} to credentials that are {}", if right { "right" } else { "wrong" }),
    }
});

/// Reads `Token base64(superapp:secret)` independently of the server.
fn is_right(value: &[u8]) -> bool {
    let Some((scheme, rest)) = value.split_at_checked(6) else { return false };
    if !scheme.eq_ignore_ascii_case(b"token ") {
        return false;
    }
    decode(rest).is_some_and(|pair| {
        let Some(colon) = pair.iter().position(|byte| *byte == b':') else { return false };
        pair[..colon].eq_ignore_ascii_case(b"superapp") && pair[colon + 1..] == *SECRET_KEY.as_bytes()
    })
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    let digits: Vec<u8> = text.iter().copied().take_while(|byte| *byte != b'=').collect();
    let padding = &text[digits.len()..];
    if text.len() % 4 != 0 || padding.len() > 2 || padding.iter().any(|byte| *byte != b'=') {
        return None;
    }
    for digit in digits {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    // Strict: the unused bits must be zero.
    (bits & ((1 << count) - 1) == 0).then_some(bytes)
}
