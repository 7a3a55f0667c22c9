//! Errors of the administration API: RFC 9457 problems, each with a code that has a page.

use axum::response::{IntoResponse, Response};
use footbridge_engine::{ChangeError, JournalError, ReplayError};
use footbridge_model::json::JsonError;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $code:ident = $text:literal, $status:ident, $title:literal;)*) => {
        /// What went wrong, for programs. A code is never given another meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ProblemCode {
            $($(#[doc = $doc])* $code,)*
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The text of it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $text,)* }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)* }
            }

            /// What it is called, the same every time.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)* }
            }
        }
    };
}

codes! {
    /// The request is not HTTP as RFC 9112 demands it.
    BadRequest = "bad_request", BAD_REQUEST, "The request is not proper HTTP";
    /// No admin token, or a wrong one.
    Unauthorized = "unauthorized", UNAUTHORIZED, "The credential is missing or wrong";
    /// The request names a server that this one is not.
    UnknownHost = "unknown_host", MISDIRECTED_REQUEST, "The server is not known by this name";
    /// Too many wrong credentials came from the same address.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many wrong credentials";
    /// Nothing is there.
    NotFound = "not_found", NOT_FOUND, "There is no such thing";
    /// The path takes other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not take this method";
    /// A query parameter is unknown or wrong.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A query parameter is wrong";
    /// The body is not a JSON object as we read it.
    InvalidBody = "invalid_body", BAD_REQUEST, "The body is not a JSON object";
    /// The body is larger than we read.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body has another content type than JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON";
    /// A member is missing, unknown or breaks a rule.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "A member of the body is wrong";
    /// There is one of that name already.
    Exists = "exists", CONFLICT, "It exists already";
    /// The configuration file gives it.
    ManagedByFile = "managed_by_file", CONFLICT, "The configuration file gives it";
    /// The app's `package.json` gives it.
    ManagedByPackage = "managed_by_package", CONFLICT, "The app's package gives it";
    /// Every secret of the app was shown before, or is the file's.
    SecretsSeen = "secrets_seen", CONFLICT, "There is no secret left to show";
    /// The app has as many hooks as it may.
    TooManyHooks = "too_many_hooks", UNPROCESSABLE_ENTITY, "The app has as many hooks as it may";
    /// The delivery stands where it can be neither retried nor replayed.
    NotRetryable = "not_retryable", CONFLICT, "The delivery cannot be retried or replayed";
    /// The delivery's hook is gone.
    HookGone = "hook_gone", CONFLICT, "The delivery's hook is gone";
    /// The server is shutting down.
    Draining = "draining", SERVICE_UNAVAILABLE, "The server is shutting down";
    /// The journal does not take writes.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The server cannot do this now";
    /// The disk is full.
    JournalFull = "journal_full", INSUFFICIENT_STORAGE, "The disk is full";
    /// The journal failed while it kept a change.
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE, "It is not known whether this was done";
    /// A fault of ours.
    Internal = "internal", INTERNAL_SERVER_ERROR, "A fault of the server";
}

/// A problem as it goes out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Where the code is explained, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors/invalid")]
    kind: String,
    /// What the code is called.
    title: &'static str,
    /// The HTTP status.
    #[schema(value_type = u16)]
    status: u16,
    /// What is wrong this time, and how to mend it.
    detail: String,
    /// What went wrong, for programs.
    code: ProblemCode,
}

/// When a client may try again what the server cannot do now, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

impl Problem {
    /// A problem with what is wrong this time.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/docs/errors/{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: detail.into(),
            code,
        }
    }

    /// A member of the body that is wrong.
    pub fn member(name: &str, why: impl std::fmt::Display) -> Self {
        Self::new(ProblemCode::Invalid, format!("`{name}` {why}"))
    }

    /// A query parameter that is wrong.
    pub fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::new(ProblemCode::InvalidParameter, format!("`{name}` {why}"))
    }

    /// Something that is not there.
    pub fn missing(what: &str) -> Self {
        // These go with time.
        let old = if matches!(what, "event" | "delivery" | "exchange") {
            "; those older than `[journal] keep` are deleted"
        } else {
            ""
        };
        Self::new(ProblemCode::NotFound, format!("there is no such {what}{old}"))
    }

    /// The same, and more of what is wrong or how to mend it.
    #[must_use]
    pub fn with(mut self, more: &str) -> Self {
        self.detail.push_str(more);
        self
    }

    /// The same, answered with another status than its code usually has.
    pub(crate) fn with_status(self, status: &str) -> Self {
        Self { status: status.parse().unwrap_or(self.status), ..self }
    }

    /// It as JSON.
    pub(crate) fn text(&self) -> String {
        // A struct of strings and a number always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What went wrong.
    pub const fn code(&self) -> ProblemCode {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // A struct of strings and a number always serialises.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        match self.code {
            ProblemCode::Unauthorized => {
                headers.insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"footbridge\""),
                );
            }
            ProblemCode::Draining
            | ProblemCode::Unavailable
            | ProblemCode::JournalFull
            | ProblemCode::OutcomeUnknown => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            _ => {}
        }
        response
    }
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        Self::new(ProblemCode::InvalidBody, error.to_string())
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        let internal = || Self::new(ProblemCode::Internal, "the server could not do this; its log says why");
        match error {
            JournalError::NotFound(what) => Self::missing(what),
            JournalError::Exists(what) => Self::new(ProblemCode::Exists, format!("{what} already exists")),
            JournalError::Full => Self::new(
                ProblemCode::JournalFull,
                "the disk that holds the journal is full; nothing was changed",
            ),
            JournalError::Busy(why) => {
                tracing::warn!(why, "a request met a journal that cannot be used at the moment");
                let text = "the journal cannot be used at the moment; nothing was changed, try again shortly";
                Self::new(ProblemCode::Unavailable, text)
            }
            JournalError::Unknown(why) => {
                tracing::error!(why, "the journal failed while it kept a change");
                let text = "the journal failed while it kept this change, which may count or not; \
                            look whether it does before you repeat it";
                Self::new(ProblemCode::OutcomeUnknown, text)
            }
            JournalError::Stopped(reason) => {
                tracing::warn!(reason, "a request met a stopped journal");
                Self::new(ProblemCode::Unavailable, "the journal takes no writes now; nothing was changed")
            }
            JournalError::Conflict(what) => {
                tracing::error!(what, "the journal refused a request");
                internal()
            }
            JournalError::Corrupt(what) => {
                tracing::error!(what, "the journal is damaged");
                internal()
            }
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let code = match &error {
            ChangeError::Journal(inner) => return inner.clone().into(),
            ChangeError::NotFound(what) => return Self::missing(what),
            ChangeError::Exists(_) => ProblemCode::Exists,
            ChangeError::ManagedByFile(_) => ProblemCode::ManagedByFile,
            ChangeError::ManagedByPackage(_) => ProblemCode::ManagedByPackage,
            ChangeError::Seen(_) => ProblemCode::SecretsSeen,
            ChangeError::Invalid { .. } | ChangeError::FileLeftOut { .. } => ProblemCode::Invalid,
            ChangeError::TooManyHooks(_) => ProblemCode::TooManyHooks,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        let code = match &error {
            ReplayError::Journal(inner) => return inner.clone().into(),
            ReplayError::AlreadyDelivered(_) | ReplayError::Pending => ProblemCode::NotRetryable,
            ReplayError::HookGone => ProblemCode::HookGone,
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_code_has_its_page_and_its_text() {
        for code in ProblemCode::ALL {
            let text = serde_json::to_string(code).unwrap();
            assert_eq!(text, format!("\"{}\"", code.as_str()));
            let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
            let page = std::fs::read_to_string(pages.join(format!("{}.md", code.as_str()))).unwrap();
            assert!(
                page.starts_with(&format!("# `{}` ({})", code.as_str(), code.status().as_u16())),
                "{page}"
            );
            for part in ["## Cause", "## What to do"] {
                assert!(page.contains(part), "{} has no {part}", code.as_str());
            }
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }

    #[test]
    fn our_own_faults_are_not_told() {
        for error in [
            JournalError::Corrupt("page 7 of /var/lib/x.db".into()),
            JournalError::Stopped("/var/lib/x.db: I/O error".into()),
            JournalError::Unknown("/var/lib/x.db: I/O error".into()),
            JournalError::Busy("process 7 locks /var/lib/x.db".into()),
            JournalError::Conflict("the id is already in use"),
        ] {
            let problem = Problem::from(error);
            assert!(problem.code().status().is_server_error());
            assert!(!problem.detail.contains("/var") && !problem.detail.contains("id is"), "{problem:?}");
        }
    }
}
