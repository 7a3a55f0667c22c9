//! The head of an answer: read strictly, since what two programs read differently can be used against one of them.

use std::mem::MaybeUninit;
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{StatusCode, Version};
use httparse::{Header, ParserConfig, Response, Status};

use crate::fault::Fault;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Most header lines of an answer.
const MAX_HEADERS: usize = 64;

/// Largest head of an answer, in bytes.
pub(crate) const MAX_HEAD: usize = 32 * 1024;

/// The head of an answer, and what it says about what follows.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) framing: Framing,
    /// Whether the connection can serve another request after this answer.
    pub(crate) keep: bool,
}

/// Where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    /// With the connection.
    Close,
}

/// What was found at the beginning of some bytes.
#[derive(Debug)]
pub(crate) enum Found {
    /// Not yet a whole head.
    Part,
    /// One that only announces another, so many bytes long.
    Interim(usize),
    /// The head, so many bytes long.
    Head(Head, usize),
}

/// Reads a head. `bodiless`: the request was one whose answer has no body.
pub(crate) fn read(bytes: &[u8], bodiless: bool) -> Result<Found, Fault> {
    let mut room = [const { MaybeUninit::<Header<'_>>::uninit() }; MAX_HEADERS];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut room);
    let length = match parsed {
        Ok(Status::Complete(length)) if length <= MAX_HEAD => length,
        Ok(Status::Partial) if bytes.len() <= MAX_HEAD => return Ok(Found::Part),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Fault::HeadTooLarge),
        Err(_) => return Err(Fault::Malformed),
    };
    if has_bare_line_feed(bytes.get(..length).unwrap_or_default()) {
        return Err(Fault::Malformed);
    }
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Fault::Malformed)?;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Fault::Switched);
    }
    if status.is_informational() {
        return Ok(Found::Interim(length));
    }
    let version = if response.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    Ok(Found::Head(head(status, version, response.headers, bodiless)?, length))
}

/// The parser takes a line feed alone for the end of a line; others do not.
fn has_bare_line_feed(head: &[u8]) -> bool {
    // Counted to the end, so that it is done many bytes at a time.
    let bare = |(before, byte): (&u8, &u8)| usize::from(*byte == b'\n' && *before != b'\r');
    let behind = head.get(1..).unwrap_or_default();
    head.first() == Some(&b'\n') || head.iter().zip(behind).map(bare).sum::<usize>() > 0
}

fn head(status: StatusCode, version: Version, lines: &[Header<'_>], bodiless: bool) -> Result<Head, Fault> {
    let mut headers = HeaderMap::with_capacity(lines.len());
    let mut says = Says { length: None, repeated: false, coded: None, close: false, alive: false };
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| Fault::Malformed)?;
        let value = HeaderValue::from_bytes(line.value).map_err(|_| Fault::Malformed)?;
        says.hear(&name, line.value)?;
        headers.append(name, value);
    }
    let bodiless = bodiless || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let framing = match (says.coded, says.length) {
        // Both is how answers are smuggled past one of two readers (RFC 9112 §6.3).
        (Some(_), Some(_)) => return Err(Fault::Malformed),
        // HTTP/1.0 knows no transfer codings, and we no other than chunks.
        (Some(chunked), None) if version == Version::HTTP_10 || !chunked => return Err(Fault::Malformed),
        _ if bodiless => Framing::Length(0),
        (Some(_), None) => Framing::Chunked,
        (None, Some(length)) => Framing::Length(length),
        (None, None) => Framing::Close,
    };
    // A 204 that announces a body may well send it.
    let odd = says.repeated
        || status == StatusCode::NO_CONTENT && (says.coded.is_some() || says.length.is_some_and(|n| n > 0));
    let lasting = if version == Version::HTTP_10 { says.alive && !says.close } else { !says.close };
    let keep = lasting && !odd && framing != Framing::Close;
    Ok(Head { status, headers, framing, keep })
}

/// What the lines say about the connection and the body.
struct Says {
    length: Option<u64>,
    repeated: bool,
    /// Whether the only transfer coding is `chunked`.
    coded: Option<bool>,
    close: bool,
    alive: bool,
}

impl Says {
    fn hear(&mut self, name: &HeaderName, value: &[u8]) -> Result<(), Fault> {
        if *name == CONTENT_LENGTH {
            for part in value.split(|byte| *byte == b',') {
                let length = number(part.trim_ascii()).ok_or(Fault::Malformed)?;
                self.repeated |= self.length.is_some();
                if self.length.replace(length).is_some_and(|first| first != length) {
                    return Err(Fault::Malformed);
                }
            }
        } else if *name == TRANSFER_ENCODING {
            self.coded = Some(self.coded.is_none() && value.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        } else if *name == CONNECTION {
            for part in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                self.close |= part.eq_ignore_ascii_case(b"close");
                self.alive |= part.eq_ignore_ascii_case(b"keep-alive");
            }
        }
        Ok(())
    }
}

/// Digits and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// One second less than the peer's `Keep-Alive: timeout=N`.
pub(crate) fn idle_hint(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(KEEP_ALIVE)?.to_str().ok()?;
    let seconds = value.split(',').find_map(|part| part.trim().strip_prefix("timeout="))?;
    seconds.trim().parse::<u32>().ok().map(|n| Duration::from_secs(u64::from(n.saturating_sub(1))))
}
