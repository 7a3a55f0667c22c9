//! Why a signature does not fit: the mistakes that receivers make, tried one after the other.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use footbridge_model::{secret::Secret, signature::Signer};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// A message whose signature does not fit.
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) seconds: i64,
    pub(super) body: &'a [u8],
    pub(super) secret: &'a Secret,
    pub(super) signer: &'a Signer,
    /// The signatures of the header.
    pub(super) listed: &'a [&'a str],
}

/// The part that differs, and how.
pub(super) struct Why {
    pub(super) part: &'static str,
    pub(super) text: String,
}

/// Signs a message as the server does.
pub(super) fn signed(signer: &Signer, id: &str, seconds: i64, body: &[u8]) -> String {
    let mut header = String::new();
    signer.sign(id, seconds, body, &mut header);
    header
}

/// Writes bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Returns the first mistake that explains the signature.
pub(super) fn why(message: &Message<'_>) -> Why {
    let found = form(message).or_else(|| body(message)).or_else(|| content(message));
    found.unwrap_or_else(|| Why {
        part: "secret or body",
        text: "no signature fits: the secret is another app's or was replaced, or id, time or body were changed \
               after signing (keep the body as it arrived, byte for byte)"
            .to_owned(),
    })
}

/// The right signature in a wrong form.
fn form(message: &Message<'_>) -> Option<Why> {
    let right = signed(message.signer, message.id, message.seconds, message.body);
    let bare = right.trim_start_matches("v1,");
    let hex = hex(&STANDARD.decode(bare).ok()?);
    let listed = |text: &str| message.listed.iter().any(|given| given.eq_ignore_ascii_case(text));
    let text = if message.listed.contains(&bare) {
        "`v1,` is missing before the base64"
    } else if listed(&hex) || listed(&format!("v1,{hex}")) || listed(&format!("v1={hex}")) {
        "it is in hexadecimal; it must be `v1,` and base64"
    } else if message.listed.iter().any(|given| given.trim_end_matches('=') == right.trim_end_matches('=')) {
        "the padding of the base64 is missing"
    } else {
        return None;
    };
    Some(Why { part: "signature", text: text.to_owned() })
}

/// A body that was changed on its way.
fn body(message: &Message<'_>) -> Option<Why> {
    let fits =
        |body: &[u8]| message.listed.contains(&&*signed(message.signer, message.id, message.seconds, body));
    let text = std::str::from_utf8(message.body).ok()?;
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed != text && fits(trimmed.as_bytes()) {
        return Some(why_body("there is a line break at the end that was not signed"));
    }
    if fits(format!("{text}\n").as_bytes()) {
        return Some(why_body("the line break at its end is missing"));
    }
    if fits(text.replace("\r\n", "\n").as_bytes()) || fits(text.replace('\n', "\r\n").as_bytes()) {
        return Some(why_body("its line breaks were changed between LF and CRLF"));
    }
    if text.strip_prefix('\u{feff}').is_some_and(|rest| fits(rest.as_bytes())) {
        return Some(why_body("a byte order mark was put before it"));
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let written = [value.to_string(), serde_json::to_string_pretty(&value).ok()?, spaced(&value.to_string())];
    let anew = written.iter().any(|text| fits(text.as_bytes()));
    anew.then(|| why_body("the JSON was written anew after it was parsed; verify the bytes as they arrived"))
}

fn why_body(text: &str) -> Why {
    Why { part: "body", text: text.to_owned() }
}

/// Writes compact JSON with a blank after each comma and colon outside texts, as Python does.
fn spaced(compact: &str) -> String {
    let (mut out, mut quoted, mut escaped) = (String::new(), false, false);
    for letter in compact.chars() {
        out.push(letter);
        if quoted {
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if letter == '"' {
            quoted = true;
        } else if matches!(letter, ',' | ':') {
            out.push(' ');
        }
    }
    out
}

/// A signature over other content, or with the secret in another form.
fn content(message: &Message<'_>) -> Option<Why> {
    let Message { id, seconds, body, .. } = *message;
    let key = message.secret.expose();
    let whole = [format!("{id}.{seconds}.").as_bytes(), body].concat();
    let no_id = [format!("{seconds}.").as_bytes(), body].concat();
    let bare = key.trim_start_matches("whsec_");
    let decoded = STANDARD.decode(bare).unwrap_or_default();
    let tries: [(&[u8], &[u8], &str); 5] = [
        (
            key.as_bytes(),
            &whole,
            "secret\0the whole text was used as the key; take the base64 after `whsec_` and decode it",
        ),
        (
            bare.as_bytes(),
            &whole,
            "secret\0the base64 after `whsec_` was used as the key; it must be decoded first",
        ),
        (&decoded, body, "signature\0only the body was signed; sign `id.timestamp.body`"),
        (&decoded, &no_id, "signature\0`timestamp.body` was signed; sign `id.timestamp.body`"),
        (
            key.as_bytes(),
            body,
            "signature\0only the body was signed, with the text of the secret; sign `id.timestamp.body`",
        ),
    ];
    let (_, _, found) = tries.iter().find(|(key, content, _)| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
        mac.update(content);
        let bytes = mac.finalize().into_bytes();
        let base64 = STANDARD.encode(bytes);
        let hex = hex(&bytes);
        message.listed.iter().any(|given| {
            let given = given.trim_start_matches("v1,").trim_start_matches("sha256=");
            given == base64 || given.eq_ignore_ascii_case(&hex)
        })
    })?;
    let (part, text) = found.split_once('\0')?;
    Some(Why { part, text: text.to_owned() })
}
