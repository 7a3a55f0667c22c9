//! Parses the head of an answer. The parser is strict: if two programs read the same bytes differently, an attacker can
//! make use of it.

use std::mem::MaybeUninit;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Version};
use httparse::{Header, ParserConfig, Response, Status};

use crate::round_trip_error::RoundTripError;

/// The most header lines of an answer.
const MAX_HEADERS: usize = 64;

/// The largest head of an answer, in bytes.
pub(crate) const MAX_HEAD: usize = 32 * 1024;

/// The number of bytes that are searched for line feeds at once; their count must fit a byte.
const SEARCH_CHUNK: usize = 128;

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) framing: Framing,
    /// Set if the connection can be used again after this answer. The inner value is the receiver's own limit for idle
    /// connections.
    pub(crate) reusable_for: Option<Option<Duration>>,
}

/// How the end of the body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    /// The body ends with the connection.
    Close,
}

/// The result of parsing.
#[derive(Debug)]
pub(crate) enum ParsedHead {
    /// The head is not complete.
    Partial,
    /// An interim answer (1xx) of so many bytes; another head follows.
    Interim(usize),
    /// The head of the answer, of so many bytes.
    Final(Head, usize),
}

/// Options of the parser.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadOptions {
    /// The answer has no body, because the request was a `HEAD`.
    pub(crate) no_body: bool,
    /// Returns the headers. Otherwise only those about the connection and the body are read.
    pub(crate) keep_headers: bool,
}

/// Parses the head at the beginning of `bytes`.
pub(crate) fn parse_head(bytes: &[u8], options: HeadOptions) -> Result<ParsedHead, RoundTripError> {
    let mut lines = [const { MaybeUninit::<Header<'_>>::uninit() }; MAX_HEADERS];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut lines);
    let length = match parsed {
        Ok(Status::Complete(length)) if length <= MAX_HEAD => length,
        Ok(Status::Partial) if bytes.len() <= MAX_HEAD => return Ok(ParsedHead::Partial),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(RoundTripError::HeadTooLarge),
        // The header of a TLS record: an alert or a handshake, version 3.x.
        Err(_) if matches!(bytes, [0x15 | 0x16, 3, ..]) => return Err(RoundTripError::Encrypted),
        Err(_) => return Err(RoundTripError::Malformed),
    };
    if has_bare_line_feed(bytes.get(..length).unwrap_or_default()) {
        return Err(RoundTripError::Malformed);
    }
    let status =
        response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(RoundTripError::Malformed)?;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(RoundTripError::Switched);
    }
    if status.is_informational() {
        return Ok(ParsedHead::Interim(length));
    }
    let version = if response.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    Ok(ParsedHead::Final(head(status, version, response.headers, options)?, length))
}

/// Returns true if a line ends with a line feed alone. httparse accepts that as the end of a line; other parsers do not.
fn has_bare_line_feed(head: &[u8]) -> bool {
    // Counts to the end of each chunk, in bytes, so that the compiler vectorizes the loop.
    let is_in = |(before, bytes): (&[u8], &[u8])| {
        let bare = before.iter().zip(bytes).map(|(a, b)| u8::from(*a != b'\r') & u8::from(*b == b'\n'));
        bare.sum::<u8>() > 0
    };
    let shifted = head.get(1..).unwrap_or_default();
    head.first() == Some(&b'\n') || head.chunks(SEARCH_CHUNK).zip(shifted.chunks(SEARCH_CHUNK)).any(is_in)
}

fn head(
    status: StatusCode,
    version: Version,
    lines: &[Header<'_>],
    options: HeadOptions,
) -> Result<Head, RoundTripError> {
    let mut headers =
        if options.keep_headers { HeaderMap::with_capacity(lines.len()) } else { HeaderMap::new() };
    let mut fields = HeadFields::default();
    for line in lines {
        fields.read(line)?;
        if options.keep_headers {
            let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| RoundTripError::Malformed)?;
            headers.append(name, HeaderValue::from_bytes(line.value).map_err(|_| RoundTripError::Malformed)?);
        }
    }
    let no_body = options.no_body || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let framing = match (fields.chunked, fields.length) {
        // Both together are used to smuggle an answer past one of two parsers (RFC 9112 §6.3).
        (Some(_), Some(_)) => return Err(RoundTripError::Malformed),
        // HTTP/1.0 has no transfer codings, and this client supports only `chunked`.
        (Some(chunked), None) if version == Version::HTTP_10 || !chunked => {
            return Err(RoundTripError::Malformed);
        }
        _ if no_body => Framing::Length(0),
        (Some(_), None) => Framing::Chunked,
        (None, Some(length)) => Framing::Length(length),
        (None, None) => Framing::Close,
    };
    // A 204 that announces a body may send one.
    let is_ambiguous = fields.repeated
        || status == StatusCode::NO_CONTENT
            && (fields.chunked.is_some() || fields.length.is_some_and(|n| n > 0));
    let is_persistent =
        if version == Version::HTTP_10 { fields.keep_alive && !fields.close } else { !fields.close };
    let is_reusable = is_persistent && !is_ambiguous && framing != Framing::Close;
    Ok(Head { status, headers, framing, reusable_for: is_reusable.then_some(fields.idle) })
}

/// The header fields about the connection and the body.
#[derive(Default)]
struct HeadFields {
    length: Option<u64>,
    repeated: bool,
    /// Set if there is a transfer coding; true if it is `chunked` alone.
    chunked: Option<bool>,
    close: bool,
    keep_alive: bool,
    idle: Option<Duration>,
}

impl HeadFields {
    fn read(&mut self, line: &Header<'_>) -> Result<(), RoundTripError> {
        let is = |name: &str| line.name.eq_ignore_ascii_case(name);
        let parts = || line.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        if is("content-length") {
            for part in parts() {
                let length = number(part).ok_or(RoundTripError::Malformed)?;
                self.repeated |= self.length.is_some();
                if self.length.replace(length).is_some_and(|first| first != length) {
                    return Err(RoundTripError::Malformed);
                }
            }
        } else if is("transfer-encoding") {
            let chunked = line.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            self.chunked = Some(self.chunked.is_none() && chunked);
        } else if is("connection") {
            for part in parts() {
                self.close |= part.eq_ignore_ascii_case(b"close");
                self.keep_alive |= part.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if is("keep-alive") && self.idle.is_none() {
            // One second less than the receiver's limit, so that this side closes first.
            let seconds = parts().find_map(|part| part.strip_prefix(b"timeout=")).and_then(number);
            self.idle = seconds.map(|seconds| Duration::from_secs(seconds.saturating_sub(1)));
        }
        Ok(())
    }
}

/// Parses a number that has digits only.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
