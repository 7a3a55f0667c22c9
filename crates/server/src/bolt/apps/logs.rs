//! Streams the output of an app while it is written.

use super::view::LineView;
use crate::stream::{self, Body, PartsBody};
use crate::watch::{Length, Watch};
use bytes::Bytes;
use footbridge_engine::Engine;
use footbridge_model::name::AppName;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use std::rc::Rc;
use std::time::Duration;

/// The most lines that one read returns.
const CHUNK: usize = 200;
/// The interval at which the app's existence is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Checks without output after which an empty line is sent.
const SILENT_CHECKS: u32 = 15;

/// Streams the lines after number `after` and all later ones, one JSON object per line, until the client disconnects or the
/// app is removed. Empty lines keep the connection alive.
pub(super) fn follow(engine: &Engine, app: AppName, after: u64, watch: &Rc<Watch>) -> Response<Body> {
    let source = OutputSource { engine: engine.clone(), app, after };
    let body = PartsBody::new(source, |source| Box::pin(source.next()));
    let mut response = Response::new(stream::streamed(body, (), Length::Endless, watch));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

/// Reads the output of one app.
struct OutputSource {
    engine: Engine,
    app: AppName,
    after: u64,
}

impl OutputSource {
    /// Waits for the next lines; `None` once the app is removed.
    async fn next(mut self) -> Option<(Self, Bytes)> {
        let mut silent = 0;
        while silent < SILENT_CHECKS {
            let lines = self.engine.output(self.app.as_str(), self.after, CHUNK).ok()?;
            if let Some(last) = lines.last() {
                self.after = last.number;
                let mut text = Vec::new();
                for line in &lines {
                    // Text and numbers can always be written as JSON.
                    let _ = serde_json::to_writer(&mut text, &LineView::from(line));
                    text.push(b'\n');
                }
                return Some((self, text.into()));
            }
            // The wait ends at the next line, or at the next check.
            let written = self.engine.written(&self.app, self.after);
            if tokio::time::timeout(CHECK_INTERVAL, written).await.is_err() {
                silent += 1;
            }
        }
        Some((self, Bytes::from_static(b"\n")))
    }
}
