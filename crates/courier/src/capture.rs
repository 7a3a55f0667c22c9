//! Reading an answer's body: bounded, never inflated, without a copy when it comes in one piece.

use bytes::{Bytes, BytesMut};
use footbridge_model::attempt::{Failure, FailureKind, Sent};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::classify::exchange_failure;

/// How much of an answer's body is wanted, in bytes, and what becomes of a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerLimit {
    /// A larger answer is a failure ([`FailureKind::TooLarge`]).
    Refuse(usize),
    /// A larger answer counts; what lies beyond is not read and the connection is given up.
    Truncate(usize),
}

#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) body: Bytes,
    pub(crate) truncated: bool,
}

/// Reads the body up to the limit.
pub(crate) async fn capture(mut body: Incoming, answer: AnswerLimit) -> Result<Captured, Failure> {
    let (AnswerLimit::Refuse(limit) | AnswerLimit::Truncate(limit)) = answer;
    let refuse = matches!(answer, AnswerLimit::Refuse(_));
    let announced = body.size_hint().lower();
    if refuse && announced > limit as u64 {
        return Err(too_large(limit));
    }
    let mut held = Held::Nothing;
    let mut left = limit;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| exchange_failure(&error, Sent::Perhaps))?;
        let Ok(mut data) = frame.into_data() else { continue };
        let over = data.len() > left;
        if over && refuse {
            return Err(too_large(limit));
        }
        data.truncate(left);
        left -= data.len();
        held = held.with(data, announced.min(limit as u64));
        if over {
            return Ok(Captured { body: held.into_bytes(), truncated: true });
        }
    }
    Ok(Captured { body: held.into_bytes(), truncated: false })
}

enum Held {
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Held {
    fn with(self, data: Bytes, expected: u64) -> Self {
        match self {
            Self::Nothing => Self::One(data),
            Self::One(first) => {
                let expected = usize::try_from(expected).unwrap_or(0);
                let mut many = BytesMut::with_capacity(expected.max(first.len() + data.len()));
                many.extend_from_slice(&first);
                many.extend_from_slice(&data);
                Self::Many(many)
            }
            Self::Many(mut many) => {
                many.extend_from_slice(&data);
                Self::Many(many)
            }
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}

fn too_large(limit: usize) -> Failure {
    Failure::after(FailureKind::TooLarge, format!("the answer is larger than {limit} bytes"))
}
