//! What an app wrote, as it writes it.

use super::view::LineView;
use crate::stream::{self, Body};
use crate::watch::{Length, Watch};
use bytes::Bytes;
use footbridge_engine::Engine;
use footbridge_model::name::AppName;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Body as HttpBody, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// Lines that are read at once.
const CHUNK: usize = 200;
/// How often it is asked whether the app is still there.
const LOOK: Duration = Duration::from_secs(1);
/// An empty line goes out after so many looks without a line.
const SILENT_LOOKS: u32 = 15;

/// The lines after `after` and all that follow, one JSON object a line, until the client goes away or the
/// app is gone. An empty line now and then shows that the connection lives.
pub(super) fn follow(engine: &Engine, app: AppName, after: u64, watch: &Rc<Watch>) -> Response<Body> {
    let (outbox, inbox) = mpsc::channel(4);
    tokio::task::spawn_local(feed(engine.clone(), app, after, outbox));
    let mut response = Response::new(stream::streamed(Feed(inbox), (), Length::Endless, watch));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

async fn feed(engine: Engine, app: AppName, mut after: u64, outbox: mpsc::Sender<Bytes>) {
    let mut silent = 0;
    while let Ok(lines) = engine.output(app.as_str(), after, CHUNK) {
        let Some(last) = lines.last() else {
            tokio::select! {
                () = engine.written(&app, after) => {}
                () = tokio::time::sleep(LOOK) => silent += 1,
                () = outbox.closed() => return,
            }
            if silent >= SILENT_LOOKS {
                silent = 0;
                if outbox.send(Bytes::from_static(b"\n")).await.is_err() {
                    return;
                }
            }
            continue;
        };
        (after, silent) = (last.number, 0);
        let mut text = Vec::new();
        for line in &lines {
            // Text and numbers can always be written as JSON.
            let _ = serde_json::to_writer(&mut text, &LineView::from(line));
            text.push(b'\n');
        }
        if outbox.send(text.into()).await.is_err() {
            return;
        }
    }
}

struct Feed(mpsc::Receiver<Bytes>);

impl HttpBody for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
