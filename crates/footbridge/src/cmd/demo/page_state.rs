//! State that the sample back ends and their pages share.

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

use super::{api_client::ApiClient, apps::SampleApps, received::Received};

/// Most messages that wait for a page. A page that is further behind is disconnected, and reconnects.
const QUEUED: usize = 256;

/// The behaviour of the miniapp's back end, which the visitor can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Manner {
    #[default]
    Works,
    /// Answers with status 500.
    Fails,
    /// Closes the connection without an answer.
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

/// The data that pages need, available after the steps.
pub(super) struct OpenPages {
    pub(super) client: Rc<ApiClient>,
    /// The URL at which pages reach the server.
    pub(super) server: String,
    pub(super) apps: SampleApps,
}

/// State that the sample back ends and their pages share.
#[derive(Default)]
pub(super) struct PageState {
    manner: Cell<Manner>,
    pages: RefCell<Vec<Sender<Bytes>>>,
    open: OnceCell<OpenPages>,
}

impl PageState {
    /// Opens the pages for visitors.
    pub(super) fn open(&self, open: OpenPages) {
        // A second call would set the same value.
        let _ = self.open.set(open);
    }

    /// Returns the data of the pages; `None` until the end of the steps.
    pub(super) fn opened(&self) -> Option<&OpenPages> {
        self.open.get()
    }

    pub(super) fn manner(&self) -> Manner {
        self.manner.get()
    }

    pub(super) fn set_manner(&self, manner: Manner) {
        self.manner.set(manner);
        self.send(&json!({ "manner": manner.as_str() }));
    }

    /// Shows the pages a request that a sample app got.
    pub(super) fn show(&self, received: &Received) {
        self.send(&json!({ "seen": received.for_page() }));
    }

    fn send(&self, news: &Value) {
        let frame = frame(news);
        // A page that was closed or does not read is removed.
        self.pages.borrow_mut().retain(|page| page.try_send(frame.clone()).is_ok());
    }

    /// Returns the messages to a page from now on.
    pub(super) fn feed(&self) -> Feed {
        let (page, frames) = channel(QUEUED);
        // The queue is empty, so there is room.
        let _ = page.try_send(frame(&json!({ "manner": self.manner().as_str() })));
        self.pages.borrow_mut().push(page);
        Feed(frames)
    }
}

/// Returns a server-sent event; its JSON has no line breaks.
fn frame(news: &Value) -> Bytes {
    Bytes::from(format!("data: {news}\n\n"))
}

/// Server-sent events as the body of an answer.
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
