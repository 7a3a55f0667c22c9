//! What a client is told when an app cannot answer. It is public: no path, no reason of the app's.

use crate::stream::{self, Body};
use bytes::Bytes;
use footbridge_engine::{AppsError, RelayError};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use http_body_util::Full;
use std::time::Duration;

/// Why there is no answer of an app's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No app of this name is installed.
    NoSuchApp,
    /// The app has nothing there.
    Nothing,
    /// The app does not start; when it is tried again.
    NotStarted(Duration),
    /// The app is switched off.
    SwitchedOff,
    /// The server is shutting down.
    Draining,
    /// Nothing listens for the app; nothing was sent.
    Unreachable,
    /// The app closed the connection before it answered.
    Closed,
    /// The app did not speak HTTP.
    Broken,
    /// The app did not begin to answer.
    Late,
    /// A router left the request to the next, but its body was too large to be held for that.
    TooLarge,
    /// The body comes in a transfer coding that is not known here.
    Coded,
    /// The request ended before it was whole.
    CutOff,
    /// A fault of ours.
    Fault,
}

impl Refusal {
    const fn row(self) -> (u16, &'static str) {
        match self {
            Self::NoSuchApp => (404, "There is no such app here.\n"),
            Self::Nothing => (404, "There is nothing here.\n"),
            Self::NotStarted(_) => {
                (503, "The app did not start. Whoever runs this server finds the reason in the app's logs.\n")
            }
            Self::SwitchedOff => (503, "The app is switched off.\n"),
            Self::Draining => (503, "The server is shutting down.\n"),
            Self::Unreachable | Self::Closed | Self::Broken => {
                (502, "The app gave no answer. Whoever runs this server may find more in the app's logs.\n")
            }
            Self::Late => (504, "The app has not begun to answer in time.\n"),
            Self::TooLarge => (413, "The request is too large for a path that several routers share.\n"),
            Self::Coded => (501, "Send the body as it is or in chunks, in no other transfer coding.\n"),
            Self::CutOff => (400, "The request ended before it was whole.\n"),
            Self::Fault => (500, "The server could not do this; its log says why.\n"),
        }
    }

    const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::NotStarted(wait) => Some(wait),
            Self::Draining => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// The answer.
    pub(super) fn render(self) -> Response<Body> {
        let (status, text) = self.row();
        let mut response = Response::new(stream::whole(Full::new(Bytes::from_static(text.as_bytes()))));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(wait) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().saturating_add(1)));
        }
        response
    }
}

impl From<AppsError> for Refusal {
    fn from(error: AppsError) -> Self {
        match error {
            AppsError::NoSuchApp(_) | AppsError::NotInstalled(_) => Self::NoSuchApp,
            AppsError::NothingToRun(_) => Self::Nothing,
            AppsError::Start { failure, .. } => Self::NotStarted(failure.again_in),
            AppsError::SwitchedOff(_) => Self::SwitchedOff,
            AppsError::NotRunning(_) => Self::NotStarted(Duration::from_secs(1)),
            AppsError::Draining(_) => Self::Draining,
            error => {
                tracing::error!(%error, "an app could not be reached");
                Self::Fault
            }
        }
    }
}

impl From<RelayError> for Refusal {
    fn from(error: RelayError) -> Self {
        tracing::debug!(%error, "an app gave no answer");
        match error {
            RelayError::Unreachable(_) => Self::Unreachable,
            RelayError::Closed => Self::Closed,
            RelayError::NotLocal(_) | RelayError::Malformed => Self::Broken,
        }
    }
}
