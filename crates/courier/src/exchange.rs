//! One request and its answer over one connection, both under way at once: a receiver may answer before it has read
//! everything, and one that reads slowly must not keep its answer from being read.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::task::coop::unconstrained;
use tokio::time::Sleep;

use crate::capture::Capture;
use crate::fault::Fault;
use crate::request::Parcel;
use crate::wire::Wire;

/// Where all connections of a thread read into: what is kept of it is copied out before the next one reads.
pub(crate) type Scratch = RefCell<Box<[u8]>>;

/// What takes part in an exchange.
pub(crate) struct Exchange<'a> {
    pub(crate) wire: &'a mut Wire,
    pub(crate) parcel: &'a mut Parcel,
    pub(crate) capture: &'a mut Capture,
    pub(crate) scratch: &'a Scratch,
}

impl Exchange<'_> {
    /// Sends and reads until the answer is whole or `deadline` rings.
    pub(crate) async fn run(&mut self, mut deadline: Pin<&mut Sleep>) -> Result<(), Fault> {
        poll_fn(|cx| match self.poll(cx) {
            // Also heard by an exchange that never pauses and has used up what a task may do at once.
            Poll::Pending => pin!(unconstrained(deadline.as_mut())).poll(cx).map(|()| Err(Fault::Late)),
            ended @ Poll::Ready(_) => ended,
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let broken = match self.parcel.poll_send(self.wire, cx) {
            // What could be read now would answer something else.
            Poll::Ready(Err(error)) if !self.parcel.is_touched() => {
                return Poll::Ready(Err(Fault::Io(error)));
            }
            Poll::Ready(Err(error)) => Some(error),
            _ => None,
        };
        match (self.poll_receive(cx), broken) {
            // Nothing more comes over a connection that cannot be written to.
            (Poll::Pending, Some(error)) => Poll::Ready(Err(Fault::Io(error))),
            (received, _) => received,
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let mut room = self.scratch.borrow_mut();
        loop {
            let whole = match ready!(self.wire.poll_read(cx, &mut room)) {
                Ok(0) => return Poll::Ready(self.capture.end()),
                Ok(count) => self.capture.feed(room.get(..count).unwrap_or_default()),
                Err(error) => return Poll::Ready(Err(self.cut_off(error))),
            };
            if whole? {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// A head that was no HTTP before the connection broke is called that.
    fn cut_off(&mut self, error: io::Error) -> Fault {
        match self.capture.end() {
            Err(fault @ (Fault::Malformed | Fault::Encrypted | Fault::HeadTooLarge)) => fault,
            _ => Fault::Io(error),
        }
    }
}
