//! Reads an answer, in pieces of any size, up to a limit. Nothing is decompressed.

use std::time::Duration;

use bytes::Bytes;

use crate::chunk_decoder::ChunkDecoder;
use crate::head::{Framing, Head, HeadOptions, MAX_HEAD, ParsedHead, parse_head};
use crate::message::{Answer, AnswerLimit};
use crate::round_trip_error::RoundTripError;

/// The most interim answers (1xx) before the final one.
const MAX_INTERIM: u8 = 32;

/// An incomplete head is parsed again with every piece up to this size, in bytes.
const SHORT_HEAD: usize = 64;

/// The most bytes reserved for a body before it arrives.
const MAX_RESERVED: usize = 64 * 1024;

/// An answer, as far as it has arrived.
pub(crate) struct AnswerReader {
    limit: AnswerLimit,
    options: HeadOptions,
    /// The beginning of an incomplete head.
    partial_head: Vec<u8>,
    /// `partial_head` is parsed again at this length, even without an empty line at its end.
    parse_at: usize,
    interim_answers: u8,
    head: Option<Head>,
    rest: BodyRest,
    body: Vec<u8>,
    /// The receiver has sent more than its answer.
    has_surplus: bool,
}

/// The part of the body that has not arrived.
enum BodyRest {
    Length(u64),
    Chunks(ChunkDecoder),
    /// The body ends with the connection.
    Close,
}

impl AnswerReader {
    pub(crate) fn new(limit: AnswerLimit, options: HeadOptions) -> Self {
        Self {
            limit,
            options,
            partial_head: Vec::new(),
            parse_at: 0,
            interim_answers: 0,
            head: None,
            rest: BodyRest::Close,
            body: Vec::new(),
            has_surplus: false,
        }
    }

    /// Reads the next piece; returns true if the answer is complete.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<bool, RoundTripError> {
        if self.head.is_some() {
            return self.read_body(piece);
        }
        if self.partial_head.is_empty() {
            return self.read_head(piece);
        }
        let searched = self.partial_head.len().saturating_sub(2);
        self.partial_head.extend_from_slice(piece);
        // To parse a head again with every byte would cost too much when a receiver sends it byte by byte.
        let added = self.partial_head.get(searched..).unwrap_or_default();
        if self.partial_head.len() < self.parse_at && !has_empty_line(added) {
            return Ok(false);
        }
        let head = std::mem::take(&mut self.partial_head);
        self.read_head(&head)
    }

    /// Handles the end of the connection.
    ///
    /// # Errors
    /// The reason why the answer is not complete.
    pub(crate) fn end(&mut self) -> Result<(), RoundTripError> {
        if self.head.is_some() {
            return if matches!(self.rest, BodyRest::Close) { Ok(()) } else { Err(RoundTripError::Closed) };
        }
        parse_head(&self.partial_head, self.options)?;
        Err(RoundTripError::Closed)
    }

    /// Returns true if the head has arrived.
    pub(crate) fn has_head(&self) -> bool {
        self.head.is_some()
    }

    /// Returns true if the answer counts although its rest will not arrive.
    pub(crate) fn is_sufficient(&self) -> bool {
        self.has_head() && matches!(self.limit, AnswerLimit::Truncate(_))
    }

    /// The answer, and [`Head::reusable_for`] of its connection; `None` if the head has not arrived.
    pub(crate) fn into_answer(self, truncated: bool) -> Option<(Answer, Option<Option<Duration>>)> {
        let head = self.head?;
        let reusable_for = head.reusable_for.filter(|_| !truncated && !self.has_surplus);
        let body = Bytes::from(self.body);
        Some((Answer { status: head.status, headers: head.headers, body, truncated }, reusable_for))
    }

    fn read_head(&mut self, bytes: &[u8]) -> Result<bool, RoundTripError> {
        let mut rest = bytes;
        loop {
            match parse_head(rest, self.options)? {
                ParsedHead::Partial => {
                    self.partial_head = rest.to_vec();
                    self.parse_at = (rest.len() * 2).clamp(SHORT_HEAD, MAX_HEAD + 1);
                    return Ok(false);
                }
                ParsedHead::Interim(_) if self.interim_answers == MAX_INTERIM => {
                    return Err(RoundTripError::Malformed);
                }
                ParsedHead::Interim(length) => {
                    self.interim_answers += 1;
                    rest = rest.get(length..).unwrap_or_default();
                }
                ParsedHead::Final(head, length) => {
                    self.start_body(head)?;
                    return self.read_body(rest.get(length..).unwrap_or_default());
                }
            }
        }
    }

    fn start_body(&mut self, head: Head) -> Result<(), RoundTripError> {
        self.rest = match head.framing {
            Framing::Length(length) => BodyRest::Length(length),
            Framing::Chunked => BodyRest::Chunks(ChunkDecoder::new()),
            Framing::Close => BodyRest::Close,
        };
        let framing = head.framing;
        self.head = Some(head);
        let (AnswerLimit::Refuse(limit) | AnswerLimit::Truncate(limit)) = self.limit;
        if let Framing::Length(length) = framing {
            if matches!(self.limit, AnswerLimit::Refuse(_)) && length > limit as u64 {
                return Err(RoundTripError::TooLarge(limit));
            }
            let reserved = usize::try_from(length).unwrap_or(usize::MAX).min(limit).min(MAX_RESERVED);
            self.body.reserve_exact(reserved);
        }
        Ok(())
    }

    fn read_body(&mut self, piece: &[u8]) -> Result<bool, RoundTripError> {
        let (AnswerLimit::Refuse(limit) | AnswerLimit::Truncate(limit)) = self.limit;
        let used = match &mut self.rest {
            BodyRest::Length(left) => {
                let available = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
                append(&mut self.body, piece.get(..available).unwrap_or_default(), limit)?;
                *left -= available as u64;
                match *left {
                    0 => Some(available),
                    _ if self.body.len() == limit => return Err(RoundTripError::TooLarge(limit)),
                    _ => None,
                }
            }
            BodyRest::Chunks(chunks) => chunks.feed(piece, |data| append(&mut self.body, data, limit))?,
            BodyRest::Close => {
                append(&mut self.body, piece, limit)?;
                None
            }
        };
        self.has_surplus |= used.is_some_and(|used| used < piece.len());
        Ok(used.is_some())
    }
}

/// Appends data to the body, up to the limit.
fn append(body: &mut Vec<u8>, data: &[u8], limit: usize) -> Result<(), RoundTripError> {
    let room = limit.saturating_sub(body.len());
    body.extend_from_slice(data.get(..room).unwrap_or(data));
    if data.len() > room { Err(RoundTripError::TooLarge(limit)) } else { Ok(()) }
}

fn has_empty_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}
