//! Engine.IO packets of an unauthenticated page: answered or refused, never a hang, never an event.
#![no_main]

use footbridge_fuzz::server::{send, start, status};
use libfuzzer_sys::fuzz_target;

// The first byte selects the version of the protocol.
fuzz_target!(init: start(), |data: &[u8]| {
    let Some((first, packets)) = data.split_first() else { return };
    let version: u8 = if *first == b'3' { 3 } else { 4 };
    let opened = send(get(version, "").as_bytes());
    assert!(status(&opened).is_some(), "no answer to a handshake");
    let Some(sid) = sid(&opened) else { return };
    let head = format!(
        "POST /socket.io/?EIO={version}&transport=polling&sid={sid} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n",
        packets.len()
    );
    let answer = send(&[head.as_bytes(), packets].concat());
    assert!(status(&answer).is_none_or(|status| status < 500 || status == 503), "{}", String::from_utf8_lossy(&answer));
    // The last packet closes the session.
    let close = format!(
        "POST /socket.io/?EIO={version}&transport=polling&sid={sid} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{}",
        if version == 4 { 1 } else { 3 },
        if version == 4 { "1" } else { "1:1" },
    );
    send(close.as_bytes());
});

fn get(version: u8, more: &str) -> String {
    format!(
        "GET /socket.io/?EIO={version}&transport=polling{more} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
}

fn sid(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    let behind = text.split("\"sid\":\"").nth(1)?;
    behind.split('"').next().map(str::to_owned)
}
