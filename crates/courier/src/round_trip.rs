//! One request and its answer on one connection. Both are in progress at the same time: a receiver may answer before it
//! has read the complete request, and one that reads slowly must not delay its answer.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep};

use crate::answer_reader::AnswerReader;
use crate::connection::Connection;
use crate::request::RequestWriter;
use crate::round_trip_error::RoundTripError;

/// The read buffer of a thread, shared by its connections. What is needed of it is copied before the next read.
pub(crate) type ReadBuffer = RefCell<Box<[u8]>>;

/// One request and its answer on one connection.
pub(crate) struct RoundTrip<'a> {
    pub(crate) connection: &'a mut Connection,
    pub(crate) request: &'a mut RequestWriter,
    pub(crate) answer: &'a mut AnswerReader,
    pub(crate) buffer: &'a ReadBuffer,
    /// Notes when the first byte of the answer arrives, if somebody wants to know.
    pub(crate) first_byte: Option<&'a Cell<Option<Instant>>>,
}

impl RoundTrip<'_> {
    /// Writes the request and reads the answer, until the answer is complete or `deadline` has passed.
    pub(crate) async fn run(&mut self, mut deadline: Pin<&mut Sleep>) -> Result<(), RoundTripError> {
        poll_fn(|cx| match self.poll(cx) {
            // Unconstrained, so that the deadline also ends a round trip that never waits and has used up its task's
            // budget.
            Poll::Pending => {
                let deadline = pin!(unconstrained(deadline.as_mut()));
                deadline.poll(cx).map(|()| Err(RoundTripError::DeadlinePassed))
            }
            ended @ Poll::Ready(_) => ended,
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RoundTripError>> {
        let write_error = match self.request.poll_send(self.connection, cx) {
            // No part of the request was sent, so anything that can be read now is no answer to it.
            Poll::Ready(Err(error)) if !self.request.may_be_sent() => {
                return Poll::Ready(Err(RoundTripError::Io(error)));
            }
            Poll::Ready(Err(error)) => Some(error),
            _ => None,
        };
        match (self.poll_receive(cx), write_error) {
            // Nothing more arrives on a connection that cannot be written to.
            (Poll::Pending, Some(error)) => Poll::Ready(Err(RoundTripError::Io(error))),
            (received, _) => received,
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RoundTripError>> {
        let mut buffer = self.buffer.borrow_mut();
        loop {
            let is_complete = match ready!(self.connection.poll_read(cx, &mut buffer)) {
                Ok(0) => return Poll::Ready(self.answer.end()),
                Ok(count) => {
                    if let Some(noted) = self.first_byte {
                        noted.set(noted.get().or_else(|| Some(Instant::now())));
                    }
                    self.answer.feed(buffer.get(..count).unwrap_or_default())
                }
                Err(error) => return Poll::Ready(Err(self.broken(error))),
            };
            if is_complete? {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// The error of a broken connection. If what has arrived is not HTTP, that is the reason.
    fn broken(&mut self, error: io::Error) -> RoundTripError {
        match self.answer.end() {
            Err(
                wrong
                @ (RoundTripError::Malformed | RoundTripError::Encrypted | RoundTripError::HeadTooLarge),
            ) => wrong,
            _ => RoundTripError::Io(error),
        }
    }
}
