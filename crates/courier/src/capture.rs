//! Reading an answer, however its bytes are cut: bounded, never inflated, and only as far as it is wanted.

use std::time::Duration;

use bytes::Bytes;

use crate::chunks::Chunks;
use crate::fault::Fault;
use crate::head::{Asked, Found, Framing, Head, MAX_HEAD, read};
use crate::message::{Answer, AnswerLimit};

/// Most interim answers before the one that counts.
const MAX_INTERIM: u8 = 32;

/// A head that has not come whole is read again at once while it is no longer than this.
const SHORT: usize = 64;

/// Most room made for a body before it has come.
const MAX_ROOM: usize = 64 * 1024;

/// An answer as far as it has come.
pub(crate) struct Capture {
    limit: AnswerLimit,
    asked: Asked,
    /// The beginning of a head.
    held: Vec<u8>,
    /// From which length on `held` is worth reading again, whatever it ends with.
    due: usize,
    interim: u8,
    begun: Option<Head>,
    rest: Rest,
    body: Vec<u8>,
    /// Whether the peer said more than its answer.
    surplus: bool,
}

/// What of the body is still to come.
enum Rest {
    Length(u64),
    Chunks(Chunks),
    Close,
}

impl Capture {
    pub(crate) fn new(limit: AnswerLimit, asked: Asked) -> Self {
        Self {
            limit,
            asked,
            held: Vec::new(),
            due: 0,
            interim: 0,
            begun: None,
            rest: Rest::Close,
            body: Vec::new(),
            surplus: false,
        }
    }

    /// Takes what came; whether the answer is whole with it.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<bool, Fault> {
        if self.begun.is_some() {
            return self.body(piece);
        }
        if self.held.is_empty() {
            return self.begin(piece);
        }
        let seen = self.held.len().saturating_sub(2);
        self.held.extend_from_slice(piece);
        // Reading a head anew with every byte would let a peer that drips it keep us busy.
        if self.held.len() < self.due && !has_empty_line(self.held.get(seen..).unwrap_or_default()) {
            return Ok(false);
        }
        let held = std::mem::take(&mut self.held);
        self.begin(&held)
    }

    /// The peer has closed: whether that is the end of the answer or too early for it.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        if self.begun.is_some() {
            return if matches!(self.rest, Rest::Close) { Ok(()) } else { Err(Fault::Closed) };
        }
        read(&self.held, self.asked)?;
        Err(Fault::Closed)
    }

    /// Whether the head has come.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Whether what has come is good enough although the rest never will.
    pub(crate) fn is_enough(&self) -> bool {
        self.has_begun() && matches!(self.limit, AnswerLimit::Truncate(_))
    }

    /// The answer, and whether (and how long) its connection can be kept; `None` before the head.
    pub(crate) fn into_answer(self, truncated: bool) -> Option<(Answer, Option<Option<Duration>>)> {
        let head = self.begun?;
        let keep = head.keep.filter(|_| !truncated && !self.surplus);
        let body = Bytes::from(self.body);
        Some((Answer { status: head.status, headers: head.headers, body, truncated }, keep))
    }

    fn begin(&mut self, bytes: &[u8]) -> Result<bool, Fault> {
        let mut rest = bytes;
        loop {
            match read(rest, self.asked)? {
                Found::Part => {
                    self.held = rest.to_vec();
                    self.due = (rest.len() * 2).clamp(SHORT, MAX_HEAD + 1);
                    return Ok(false);
                }
                Found::Interim(_) if self.interim == MAX_INTERIM => return Err(Fault::Malformed),
                Found::Interim(length) => {
                    self.interim += 1;
                    rest = rest.get(length..).unwrap_or_default();
                }
                Found::Head(head, length) => {
                    self.accept(head)?;
                    return self.body(rest.get(length..).unwrap_or_default());
                }
            }
        }
    }

    fn accept(&mut self, head: Head) -> Result<(), Fault> {
        self.rest = match head.framing {
            Framing::Length(length) => Rest::Length(length),
            Framing::Chunked => Rest::Chunks(Chunks::new()),
            Framing::Close => Rest::Close,
        };
        let framing = head.framing;
        self.begun = Some(head);
        let (AnswerLimit::Refuse(limit) | AnswerLimit::Truncate(limit)) = self.limit;
        if let Framing::Length(length) = framing {
            if matches!(self.limit, AnswerLimit::Refuse(_)) && length > limit as u64 {
                return Err(Fault::TooLarge(limit));
            }
            let room = usize::try_from(length).unwrap_or(usize::MAX).min(limit).min(MAX_ROOM);
            self.body.reserve_exact(room);
        }
        Ok(())
    }

    fn body(&mut self, piece: &[u8]) -> Result<bool, Fault> {
        let (AnswerLimit::Refuse(limit) | AnswerLimit::Truncate(limit)) = self.limit;
        let used = match &mut self.rest {
            Rest::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
                keep(&mut self.body, piece.get(..here).unwrap_or_default(), limit)?;
                *left -= here as u64;
                match *left {
                    0 => Some(here),
                    _ if self.body.len() == limit => return Err(Fault::TooLarge(limit)),
                    _ => None,
                }
            }
            Rest::Chunks(chunks) => chunks.feed(piece, |data| keep(&mut self.body, data, limit))?,
            Rest::Close => {
                keep(&mut self.body, piece, limit)?;
                None
            }
        };
        self.surplus |= used.is_some_and(|used| used < piece.len());
        Ok(used.is_some())
    }
}

fn keep(body: &mut Vec<u8>, data: &[u8], limit: usize) -> Result<(), Fault> {
    let room = limit.saturating_sub(body.len());
    body.extend_from_slice(data.get(..room).unwrap_or(data));
    if data.len() > room { Err(Fault::TooLarge(limit)) } else { Ok(()) }
}

fn has_empty_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}
