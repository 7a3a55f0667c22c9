//! Streams the output of an app while it is written.

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

/// The most lines that one read returns.
const CHUNK: usize = 200;
/// The interval at which the app's existence is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Checks without output after which an empty line is sent.
const SILENT_CHECKS: u32 = 15;

/// Streams the lines after number `after` and all later ones, one JSON object per line, until the client disconnects or the
/// app is removed. Empty lines keep the connection alive.
pub(super) fn follow(engine: &Engine, app: AppName, after: u64, watch: &Rc<Watch>) -> Response<Body> {
    let (outbox, inbox) = mpsc::channel(4);
    tokio::task::spawn_local(feed(engine.clone(), app, after, outbox));
    let mut response = Response::new(stream::streamed(LogBody(inbox), (), Length::Endless, watch));
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
                () = tokio::time::sleep(CHECK_INTERVAL) => silent += 1,
                () = outbox.closed() => return,
            }
            if silent >= SILENT_CHECKS {
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

struct LogBody(mpsc::Receiver<Bytes>);

impl HttpBody for LogBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|lines| lines.map(|lines| Ok(Frame::data(lines))))
    }
}
