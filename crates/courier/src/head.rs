//! The head of an answer: read strictly, since what two programs read differently can be used against one of them.

use std::mem::MaybeUninit;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Version};
use httparse::{Header, ParserConfig, Response, Status};

use crate::fault::Fault;

/// Most header lines of an answer.
const MAX_HEADERS: usize = 64;

/// Largest head of an answer, in bytes.
pub(crate) const MAX_HEAD: usize = 32 * 1024;

/// How much of a head is looked at in one go for line feeds; a count of them must fit a byte.
const STRETCH: usize = 128;

/// The head of an answer, and what it says about what follows.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) framing: Framing,
    /// Whether the connection can serve another request after this answer, and for how long the peer keeps it.
    pub(crate) keep: Option<Option<Duration>>,
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

/// What the asking side wants to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// The request was one whose answer has no body.
    pub(crate) bodiless: bool,
    /// The header lines are kept. Without, they are read for what they say about the connection and the body alone.
    pub(crate) headers: bool,
}

/// Reads a head.
pub(crate) fn read(bytes: &[u8], asked: Asked) -> Result<Found, Fault> {
    let mut room = [const { MaybeUninit::<Header<'_>>::uninit() }; MAX_HEADERS];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut room);
    let length = match parsed {
        Ok(Status::Complete(length)) if length <= MAX_HEAD => length,
        Ok(Status::Partial) if bytes.len() <= MAX_HEAD => return Ok(Found::Part),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Fault::HeadTooLarge),
        // The header of a TLS record: an alert or a handshake, version 3.x.
        Err(_) if matches!(bytes, [0x15 | 0x16, 3, ..]) => return Err(Fault::Encrypted),
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
    Ok(Found::Head(head(status, version, response.headers, asked)?, length))
}

/// The parser takes a line feed alone for the end of a line; others do not.
fn has_bare_line_feed(head: &[u8]) -> bool {
    // Counted to the end of each stretch and in bytes, so that the compiler looks at many at once.
    let in_stretch = |(before, bytes): (&[u8], &[u8])| {
        let bare = before.iter().zip(bytes).map(|(a, b)| u8::from(*a != b'\r') & u8::from(*b == b'\n'));
        bare.sum::<u8>() > 0
    };
    let behind = head.get(1..).unwrap_or_default();
    head.first() == Some(&b'\n') || head.chunks(STRETCH).zip(behind.chunks(STRETCH)).any(in_stretch)
}

fn head(status: StatusCode, version: Version, lines: &[Header<'_>], asked: Asked) -> Result<Head, Fault> {
    let mut headers = if asked.headers { HeaderMap::with_capacity(lines.len()) } else { HeaderMap::new() };
    let mut says = Says::default();
    for line in lines {
        says.hear(line)?;
        if asked.headers {
            let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| Fault::Malformed)?;
            headers.append(name, HeaderValue::from_bytes(line.value).map_err(|_| Fault::Malformed)?);
        }
    }
    let bodiless = asked.bodiless || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
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
    Ok(Head { status, headers, framing, keep: keep.then_some(says.idle) })
}

/// What the lines say about the connection and the body.
#[derive(Default)]
struct Says {
    length: Option<u64>,
    repeated: bool,
    /// Whether the only transfer coding is `chunked`.
    coded: Option<bool>,
    close: bool,
    alive: bool,
    idle: Option<Duration>,
}

impl Says {
    fn hear(&mut self, line: &Header<'_>) -> Result<(), Fault> {
        let is = |name: &str| line.name.eq_ignore_ascii_case(name);
        let parts = || line.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        if is("content-length") {
            for part in parts() {
                let length = number(part).ok_or(Fault::Malformed)?;
                self.repeated |= self.length.is_some();
                if self.length.replace(length).is_some_and(|first| first != length) {
                    return Err(Fault::Malformed);
                }
            }
        } else if is("transfer-encoding") {
            let chunked = line.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            self.coded = Some(self.coded.is_none() && chunked);
        } else if is("connection") {
            for part in parts() {
                self.close |= part.eq_ignore_ascii_case(b"close");
                self.alive |= part.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if is("keep-alive") && self.idle.is_none() {
            // A second less than the peer's, so that ours close first.
            let seconds = parts().find_map(|part| part.strip_prefix(b"timeout=")).and_then(number);
            self.idle = seconds.map(|seconds| Duration::from_secs(seconds.saturating_sub(1)));
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
