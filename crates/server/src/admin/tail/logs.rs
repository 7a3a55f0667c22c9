//! The output of one app as server-sent events.

use super::super::AdminState;
use super::super::extract::{Admin, AppPath, Shared};
use super::super::paging::Params;
use super::super::visible;
use super::rows::{LogRow, line};
use super::sse::{NextChunk, answer, event};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use footbridge_engine::AppsError;
use footbridge_model::name::AppName;
use http::request::Parts;
use std::sync::Arc;
use std::time::Duration;

/// The most lines that are sent at once.
const CHUNK: usize = 200;
/// The interval at which the app's existence is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// The number of checks without output after which a ping is sent.
const SILENT_CHECKS: u32 = 15;

/// Streams the output of an installed app as server-sent events `log`, from the oldest stored line or from the one after
/// `Last-Event-ID`. `ping` keeps the connection alive.
#[utoipa::path(get, path = "/api/v1/apps/{name}/logs/stream", tag = "tail", security(("admin" = [])),
    params(("name" = String, Path),
        ("Last-Event-ID" = Option<String>, Header, description = "Number of the last line that is known")),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(in super::super) async fn stream(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
    params: Params,
    parts: Parts,
) -> Result<Response, Problem> {
    params.refuse_others(&[])?;
    visible::app(&caller, &name)?;
    if let Err(error) = shared.engine.output(name.as_str(), 0, 0) {
        return Err(match error {
            AppsError::NotInstalled(_) => {
                Problem::missing("output of this app").with("; only installed apps have output")
            }
            _ => Problem::missing("app"),
        });
    }
    let after = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).unwrap_or(0);
    let source = LogSource { shared, name, after };
    Ok(answer(source, LogSource::produce))
}

/// Reads the output of one app.
struct LogSource {
    shared: Arc<AdminState>,
    name: AppName,
    after: u64,
}

impl LogSource {
    fn produce(self) -> NextChunk<Self> {
        Box::pin(self.next())
    }

    /// Waits for the next lines; `None` once the app is removed.
    async fn next(mut self) -> Option<(Self, Bytes)> {
        let mut silent = 0;
        while silent < SILENT_CHECKS {
            let lines = self.shared.engine.output(self.name.as_str(), self.after, CHUNK).ok()?;
            if let Some(last) = lines.last() {
                self.after = last.number;
                let frames = lines.iter().filter_map(|written| {
                    let row = LogRow {
                        app: self.name.as_str(),
                        number: written.number,
                        at: written.at.to_string(),
                        stream: written.stream.as_str(),
                        text: &written.text,
                    };
                    let id = format!("id: {}\n", written.number);
                    Some([id.into_bytes(), event("log", &line(&row)?)].concat())
                });
                let bytes = frames.collect::<Vec<_>>().concat();
                return Some((self, bytes.into()));
            }
            // The wait ends at the next line, or at the next check.
            let written = self.shared.engine.written(&self.name, self.after);
            if tokio::time::timeout(CHECK_INTERVAL, written).await.is_err() {
                silent += 1;
            }
        }
        Some((self, event("ping", b"{}").into()))
    }
}
