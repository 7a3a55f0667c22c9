//! The check of a signed request, part by part, so that a person sees which part is wrong.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use footbridge_model::{secret::Secret, signature::Signer};

use super::guess;

/// A receiver refuses messages whose time differs by more, in seconds: five minutes, as Standard Webhooks advises.
const TOLERANCE: u64 = 300;

/// The result for one part of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) part: &'static str,
    pub(super) ok: bool,
    pub(super) text: String,
}

impl Finding {
    fn good(part: &'static str, text: impl Into<String>) -> Self {
        Self { part, ok: true, text: text.into() }
    }

    fn bad(part: &'static str, text: impl Into<String>) -> Self {
        Self { part, ok: false, text: text.into() }
    }
}

/// The three headers of a delivery.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventHeaders<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) timestamp: Option<&'a str>,
    pub(super) signature: Option<&'a str>,
}

/// Checks a delivery of an event.
pub(super) fn event(headers: EventHeaders<'_>, body: &[u8], secret: &Secret, now: i64) -> Vec<Finding> {
    let present = [
        ("webhook-id", headers.id),
        ("webhook-timestamp", headers.timestamp),
        ("webhook-signature", headers.signature),
    ];
    let missing: Vec<_> =
        present.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    let (Some(id), Some(timestamp), Some(signature)) = (headers.id, headers.timestamp, headers.signature)
    else {
        return vec![Finding::bad(
            "headers",
            format!("missing: {}; give them with --header", missing.join(", ")),
        )];
    };
    let Ok(seconds) = timestamp.parse::<i64>() else {
        return vec![Finding::bad("time", format!("{timestamp:?} is not a number of seconds since 1970"))];
    };
    let signer = match Signer::new(secret) {
        Ok(signer) => signer,
        Err(bad) => return vec![Finding::bad("secret", bad.to_string())],
    };
    let mut findings = vec![time(seconds, now)];
    let listed: Vec<&str> = signature.split_ascii_whitespace().collect();
    let is_listed = |signed: &str| listed.contains(&signed);
    if is_listed(&guess::signed(&signer, id, seconds, body)) {
        let count = listed.len();
        let among = if count == 1 { String::new() } else { format!(" (one of {count})") };
        findings.push(Finding::good("signature", format!("made of these bytes with this secret{among}")));
        return findings;
    }
    let why = guess::why(&guess::Message { id, seconds, body, secret, signer: &signer, listed: &listed });
    findings.push(Finding::bad(why.part, why.text));
    findings
}

fn time(seconds: i64, now: i64) -> Finding {
    let off = now.abs_diff(seconds);
    if off <= TOLERANCE {
        return Finding::good("time", format!("{off} s from now, within 5 minutes"));
    }
    if now.abs_diff(seconds / 1000) <= TOLERANCE {
        return Finding::bad("time", "it is in milliseconds; it must be seconds since 1970");
    }
    let side = if seconds < now { "old" } else { "in the future" };
    Finding::bad(
        "time",
        format!(
            "{off} s {side}, more than 5 minutes: repeated, stored, or a clock is wrong (--at sets the time)"
        ),
    )
}

/// Returns the base64 of `name:secret`.
pub(super) fn credentials(name: &str, secret: &str) -> String {
    STANDARD.encode(format!("{name}:{secret}"))
}

/// Checks the credentials of an exchange.
pub(super) fn exchange(header: Option<&str>, prefix: &str, app: &str, secret: &str) -> Vec<Finding> {
    let Some(header) = header else {
        return vec![Finding::bad("headers", "missing: Authorization; give it with --header")];
    };
    let (scheme, encoded) = header.split_once(' ').unwrap_or(("", header));
    let encoded = encoded.trim();
    let mut findings = vec![if scheme.eq_ignore_ascii_case(prefix) {
        Finding::good("prefix", format!("{prefix:?}"))
    } else if scheme.is_empty() {
        Finding::bad("prefix", format!("missing: the value must begin with {prefix:?} and a space"))
    } else {
        Finding::bad("prefix", format!("{scheme:?} instead of the app's token prefix {prefix:?}"))
    }];
    let Some(decoded) = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        findings
            .push(Finding::bad("base64", "the credentials are not strict base64 of text, with its padding"));
        return findings;
    };
    let Some((name, key)) = decoded.split_once(':') else {
        findings.push(Finding::bad("base64", "the text inside has no colon; it must be NAME:SECRET KEY"));
        return findings;
    };
    findings.push(if name.eq_ignore_ascii_case(app) {
        Finding::good("name", format!("{app:?}"))
    } else {
        Finding::bad("name", format!("{name:?} instead of {app:?}"))
    });
    findings.push(if key == secret {
        Finding::good("secret", "the same")
    } else if key.trim_end() == secret {
        Finding::bad(
            "secret",
            "right but for white space at its end: use printf instead of echo to encode it",
        )
    } else {
        let (wrong, right) = (key.chars().count(), secret.chars().count());
        Finding::bad("secret", format!("another one ({wrong} characters, the right one has {right})"))
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

    fn header(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
        guess::signed(&Signer::new(&Secret::new(secret)).unwrap(), id, seconds, body)
    }

    fn verdict(signature: &str, timestamp: &str, body: &[u8]) -> (bool, String) {
        let headers =
            EventHeaders { id: Some("evt_1"), timestamp: Some(timestamp), signature: Some(signature) };
        let found = event(headers, body, &Secret::new(SECRET), 1_000_000);
        let text = found.iter().map(|found| format!("{}: {}", found.part, found.text)).collect::<Vec<_>>();
        (found.iter().all(|found| found.ok), text.join("\n"))
    }

    #[test]
    fn a_genuine_delivery_passes_also_with_two_signatures() {
        let right = header(SECRET, "evt_1", 1_000_000, b"{}");
        assert!(verdict(&right, "1000000", b"{}").0);
        let (ok, text) = verdict(&format!("v1,AAAA {right}"), "1000300", b"{}");
        assert!(!ok, "the time is signed: {text}");
        assert!(verdict(&format!("v1,AAAA {right}"), "1000000", b"{}").0);
    }

    #[test]
    fn what_differs_is_named() {
        let right = header(SECRET, "evt_1", 1_000_000, br#"{"a": 1}"#);
        let other = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=";
        let compact = header(SECRET, "evt_1", 1_000_000, br#"{"a":1}"#);
        let hex = hex_of(&right);
        let in_ms = header(SECRET, "evt_1", 1_000_000_000, b"{}");
        for (signature, timestamp, body, expected) in [
            (&*right, "1000000", &b"{\"a\": 1}\n"[..], "body: there is a line break at the end"),
            (&*compact, "1000000", br#"{"a": 1}"#, "body: the JSON was written anew"),
            (&*header(other, "evt_1", 1_000_000, b"{}"), "1000000", b"{}", "secret or body:"),
            (&*header(SECRET, "evt_2", 1_000_000, b"{}"), "1000000", b"{}", "secret or body:"),
            (right.trim_start_matches("v1,"), "1000000", br#"{"a": 1}"#, "signature: `v1,` is missing"),
            (&*hex, "1000000", br#"{"a": 1}"#, "signature: it is in hexadecimal"),
            (&*in_ms, "1000000000", b"{}", "time: it is in milliseconds"),
            (&*header(SECRET, "evt_1", 999_000, b"{}"), "999000", b"{}", "time: 1000 s old"),
            ("v1,AAAA", "yesterday", b"{}", "time: \"yesterday\" is not"),
        ] {
            let (ok, text) = verdict(signature, timestamp, body);
            assert!(!ok && text.contains(expected), "expected {expected}: {text}");
        }
    }

    fn hex_of(signature: &str) -> String {
        let bytes = STANDARD.decode(&signature[3..]).unwrap();
        format!("v1,{}", guess::hex(&bytes))
    }

    #[test]
    fn the_parts_of_an_exchange_are_named() {
        let check = |header: &str| {
            let found = exchange(Some(header), "Token", "shop", "key");
            let bad = found.iter().filter(|found| !found.ok);
            bad.map(|found| format!("{}: {}", found.part, found.text)).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(check(&format!("token {}", credentials("Shop", "key"))), "");
        for (header, expected) in [
            (format!("Basic {}", credentials("shop", "key")), "prefix: \"Basic\" instead of"),
            (credentials("shop", "key"), "prefix: missing"),
            (format!("Token {}", credentials("shop", "key\n")), "secret: right but for white space"),
            (format!("Token {}", credentials("shop", "old key")), "secret: another one (7 characters"),
            (format!("Token {}", credentials("pay", "key")), "name: \"pay\" instead of \"shop\""),
            ("Token shop:key".to_owned(), "base64: the credentials are not strict base64"),
            (format!("Token {}", STANDARD.encode("shop")), "base64: the text inside has no colon"),
        ] {
            let found = check(&header);
            assert!(found.contains(expected), "expected {expected}: {found}");
        }
    }
}
