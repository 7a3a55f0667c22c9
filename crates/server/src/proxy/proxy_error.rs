//! Errors of the proxy. Their texts are public, so they contain no path and no reason of the app.

use crate::stream::{self, Body};
use bytes::Bytes;
use footbridge_engine::{AppsError, RelayError};
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use http_body_util::Full;
use std::time::Duration;

/// The header with the code of an error. Apps cannot set it: `origin_headers` removes it from their answers.
const ERROR: HeaderName = HeaderName::from_static("footbridge-error");

/// Why an app did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyError {
    /// No installed app has this name.
    NoSuchApp,
    /// The app is no system app, and the host name is for those.
    NotUnderThisName,
    /// The path does not exist.
    NotFound,
    /// The app did not start. It is started again after this time.
    NotStarted(Duration),
    /// The app is disabled.
    Disabled,
    /// Another server that shares the store runs the app.
    OnAnotherServer,
    /// The server is shutting down.
    Draining,
    /// The app does not accept connections. Nothing was sent.
    Unreachable,
    /// This server lacks descriptors, memory or ports. Nothing was sent.
    Shortage,
    /// The app closed the connection before it answered.
    Closed,
    /// The answer of the app is not valid HTTP.
    Invalid,
    /// The app did not begin to answer in time.
    TimedOut,
    /// A router left the request to the next one, but the body was too large to be buffered for it.
    TooLarge,
    /// The body has a transfer coding that the server does not support.
    UnsupportedCoding,
    /// The request ended before it was complete.
    CutOff,
    /// The server failed, through no fault of the app.
    Fault,
}

impl ProxyError {
    const fn row(self) -> (u16, &'static str) {
        match self {
            Self::NoSuchApp => (404, "There is no such app here.\n"),
            Self::NotUnderThisName => {
                let text = "This app is not served under this host name, which is for system apps \
                            ([console] apps_url). Use another name of this server.\n";
                (404, text)
            }
            Self::NotFound => (404, "There is nothing here.\n"),
            Self::NotStarted(_) => {
                let text = "The app did not start, and may not until whoever runs this server has corrected it: \
                            `footbridge app logs`, with the name of the app, shows the reason.\n";
                (503, text)
            }
            Self::Disabled => (503, "The app is disabled.\n"),
            Self::OnAnotherServer => (503, "Another server runs this app. Try again shortly.\n"),
            Self::Draining => (503, "The server is shutting down.\n"),
            Self::Shortage => (503, "The server is out of resources at present. Try again shortly.\n"),
            Self::Unreachable | Self::Closed | Self::Invalid => {
                (502, "The app gave no answer. Whoever runs this server may find more in the app's logs.\n")
            }
            Self::TimedOut => (504, "The app did not begin to answer in time.\n"),
            Self::TooLarge => (413, "The request is too large for a path that several routers share.\n"),
            Self::UnsupportedCoding => (501, "Send the body without a transfer coding other than chunked.\n"),
            Self::CutOff => (400, "The request ended before it was complete.\n"),
            Self::Fault => (500, "Internal error; the server's log has the reason.\n"),
        }
    }

    /// Returns the code of the error, for programs.
    const fn code(self) -> &'static str {
        match self {
            Self::NoSuchApp => "no_such_app",
            Self::NotUnderThisName => "not_under_this_name",
            Self::NotFound => "not_found",
            Self::NotStarted(_) => "app_not_started",
            Self::Disabled => "app_disabled",
            Self::OnAnotherServer => "app_on_another_server",
            Self::Draining => "draining",
            Self::Unreachable => "app_unreachable",
            Self::Shortage => "out_of_resources",
            Self::Closed => "app_closed_connection",
            Self::Invalid => "app_answer_invalid",
            Self::TimedOut => "app_timed_out",
            Self::TooLarge => "too_large",
            Self::UnsupportedCoding => "unsupported_coding",
            Self::CutOff => "request_incomplete",
            Self::Fault => "internal",
        }
    }

    const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::NotStarted(wait) => Some(wait),
            Self::Draining | Self::Shortage | Self::OnAnotherServer => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// Returns the answer for the client.
    pub(super) fn render(self) -> Response<Body> {
        let (status, text) = self.row();
        let mut response = Response::new(stream::full(Full::new(Bytes::from_static(text.as_bytes()))));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(ERROR, HeaderValue::from_static(self.code()));
        if let Some(wait) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().saturating_add(1)));
        }
        response
    }
}

impl From<AppsError> for ProxyError {
    fn from(error: AppsError) -> Self {
        match error {
            AppsError::NoSuchApp(_) | AppsError::NotInstalled(_) => Self::NoSuchApp,
            AppsError::NothingToRun(_) => Self::NotFound,
            AppsError::Start { failure, .. } => Self::NotStarted(failure.again_in),
            AppsError::SwitchedOff(_) => Self::Disabled,
            AppsError::NotRunning(_) => Self::NotStarted(Duration::from_secs(1)),
            AppsError::Draining(_) => Self::Draining,
            AppsError::OnAnotherServer(_) => Self::OnAnotherServer,
            error => {
                tracing::error!(%error, "an app could not be reached");
                Self::Fault
            }
        }
    }
}

impl From<RelayError> for ProxyError {
    fn from(error: RelayError) -> Self {
        tracing::debug!(%error, "an app did not answer");
        match error {
            RelayError::Unreachable(_) => Self::Unreachable,
            RelayError::Shortage(_) => Self::Shortage,
            RelayError::Closed => Self::Closed,
            RelayError::NotLocal(_) | RelayError::Malformed => Self::Invalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_of_this_server_is_a_503_with_its_code() {
        let response = ProxyError::from(RelayError::Shortage("too many open files".to_owned())).render();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[ERROR], "out_of_resources");
        assert!(response.headers().contains_key(RETRY_AFTER));
    }
}
