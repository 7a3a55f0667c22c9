//! What the sample back ends and their pages share.

use std::{
    cell::{Cell, OnceCell, RefCell},
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{caller::Caller, cast::Cast, seen::Seen};

/// How much a page may be behind before it is let go; it comes back by itself.
const BEHIND: usize = 256;

/// How the miniapp's back end behaves: the visitor may break it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Manner {
    #[default]
    Works,
    /// It answers 500.
    Fails,
    /// It ends the connection without an answer.
    HangsUp,
}

impl Manner {
    const ALL: [Self; 3] = [Self::Works, Self::Fails, Self::HangsUp];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Fails => "fails",
            Self::HangsUp => "hangs-up",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|manner| manner.as_str() == text)
    }
}

/// Where everything is, and who asks the server in the name of the apps.
pub(super) struct Open {
    pub(super) caller: Rc<Caller>,
    /// Where pages reach the server.
    pub(super) server: String,
    pub(super) cast: Cast,
}

/// What the sample back ends and their pages share.
#[derive(Default)]
pub(super) struct Front {
    manner: Cell<Manner>,
    pages: RefCell<Vec<Sender<Bytes>>>,
    open: OnceCell<Open>,
}

impl Front {
    /// Lets visitors in.
    pub(super) fn open(&self, open: Open) {
        // The only other one is the same.
        let _ = self.open.set(open);
    }

    /// `None` until the story is told.
    pub(super) fn opened(&self) -> Option<&Open> {
        self.open.get()
    }

    pub(super) fn manner(&self) -> Manner {
        self.manner.get()
    }

    pub(super) fn behave(&self, manner: Manner) {
        self.manner.set(manner);
        self.tell(&json!({ "manner": manner.as_str() }));
    }

    /// Shows the pages what a sample app got.
    pub(super) fn show(&self, seen: &Seen) {
        self.tell(&json!({ "seen": seen.shown() }));
    }

    fn tell(&self, news: &Value) {
        let frame = frame(news);
        // A page that has left, or does not read, is forgotten.
        self.pages.borrow_mut().retain(|page| page.try_send(frame.clone()).is_ok());
    }

    /// What a page is told from now on.
    pub(super) fn feed(&self) -> Feed {
        let (page, frames) = channel(BEHIND);
        // There is room for the first.
        let _ = page.try_send(frame(&json!({ "manner": self.manner().as_str() })));
        self.pages.borrow_mut().push(page);
        Feed(frames)
    }
}

/// A server-sent event; its JSON has no line breaks.
fn frame(news: &Value) -> Bytes {
    Bytes::from(format!("data: {news}\n\n"))
}

/// Server-sent events, as the body of an answer.
pub(super) struct Feed(Receiver<Bytes>);

impl Body for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
