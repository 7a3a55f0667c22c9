//! Reading an answer's body: bounded, never inflated, without a copy when it comes in one piece.

use bytes::{Bytes, BytesMut};
use footbridge_model::attempt::{Failure, FailureKind, Sent};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use crate::classify::exchange_failure;

/// How much of an answer's body is wanted, in bytes, and what becomes of one that is larger or never complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerLimit {
    /// Only a whole answer counts: a larger one is a failure ([`FailureKind::TooLarge`]), and so is one that breaks off.
    Refuse(usize),
    /// The head is what counts, whatever becomes of the body: what lies beyond the limit, a broken connection or the
    /// deadline is not read, and the connection is given up.
    Truncate(usize),
}

#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) body: Bytes,
    pub(crate) truncated: bool,
}

/// Reads the body up to the limit, until the deadline.
pub(crate) async fn capture(
    mut body: Incoming,
    answer: AnswerLimit,
    deadline: Instant,
) -> Result<Captured, Failure> {
    let (AnswerLimit::Refuse(limit) | AnswerLimit::Truncate(limit)) = answer;
    let refuse = matches!(answer, AnswerLimit::Refuse(_));
    let announced = body.size_hint().lower();
    if refuse && announced > limit as u64 {
        return Err(too_large(limit));
    }
    let mut held = Held { bytes: Bytes::new(), grown: BytesMut::new(), announced };
    let end = timeout_at(deadline, read(&mut body, limit, &mut held)).await;
    match end.unwrap_or_else(|_| Err(late())) {
        Err(failure) if refuse => Err(failure),
        end => Ok(Captured { body: held.into_bytes(), truncated: end.is_err() }),
    }
}

async fn read(body: &mut Incoming, limit: usize, held: &mut Held) -> Result<(), Failure> {
    let mut left = limit;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| exchange_failure(&error, Sent::Perhaps))?;
        let Ok(mut data) = frame.into_data() else { continue };
        let over = data.len() > left;
        data.truncate(left);
        left -= data.len();
        held.add(data, limit);
        if over {
            return Err(too_large(limit));
        }
    }
    Ok(())
}

/// The first piece as it came; copied only when there is another.
struct Held {
    bytes: Bytes,
    grown: BytesMut,
    announced: u64,
}

impl Held {
    fn add(&mut self, data: Bytes, limit: usize) {
        if self.grown.is_empty() && self.bytes.is_empty() {
            self.bytes = data;
            return;
        }
        if self.grown.is_empty() {
            let announced = usize::try_from(self.announced).unwrap_or(0).min(limit);
            self.grown.reserve(announced.max(self.bytes.len() + data.len()));
            self.grown.extend_from_slice(&self.bytes);
        }
        self.grown.extend_from_slice(&data);
    }

    fn into_bytes(self) -> Bytes {
        if self.grown.is_empty() { self.bytes } else { self.grown.freeze() }
    }
}

fn late() -> Failure {
    Failure::after(FailureKind::Timeout, "the answer was not complete within the deadline")
}

fn too_large(limit: usize) -> Failure {
    Failure::after(FailureKind::TooLarge, format!("the answer is larger than {limit} bytes"))
}
