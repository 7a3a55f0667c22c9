//! Errors of the administration API: RFC 9457 problems. Each code has a page under `docs/errors`.

use axum::response::{IntoResponse, Response};
use footbridge_engine::{
    CancelError, ChangeError, JobError, JournalError, PeopleError, ReplayError, StatisticsError,
};
use footbridge_model::admin_caller::{AdminCaller, CallerKind};
use footbridge_model::json::JsonError;
use footbridge_model::name::AppName;
use footbridge_model::permission::Permission;
use footbridge_model::words;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// Media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $code:ident = $text:literal, $status:ident, $title:literal;)*) => {
        /// The code of an error, for programs. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ProblemCode {
            $($(#[doc = $doc])* $code,)*
        }

        impl ProblemCode {
            /// All codes, in the order of this list.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Returns the code as text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $text,)* }
            }

            /// Returns the HTTP status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)* }
            }

            /// Returns the title, which is the same for every problem of this code.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)* }
            }
        }
    };
}

codes! {
    /// The request is not valid HTTP (RFC 9112).
    BadRequest = "bad_request", BAD_REQUEST, "The request is not valid HTTP";
    /// The credential is missing or wrong.
    Unauthorized = "unauthorized", UNAUTHORIZED, "The credential is missing or wrong";
    /// The caller does not have the permission of the operation.
    Forbidden = "forbidden", FORBIDDEN, "The caller may not do this";
    /// A page that is not the console's sent the request.
    CrossSite = "cross_site", FORBIDDEN, "The request comes from another site";
    /// The request's `Host` is not a name of this server.
    UnknownHost = "unknown_host", MISDIRECTED_REQUEST, "The host name is unknown";
    /// Too many wrong credentials came from one address.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many wrong credentials";
    /// Too many jobs run or wait.
    TooManyJobs = "too_many_jobs", CONFLICT, "Too many jobs are open";
    /// The resource does not exist.
    NotFound = "not_found", NOT_FOUND, "The resource does not exist";
    /// The path does not support this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not support this method";
    /// A query parameter is unknown or wrong.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A query parameter is wrong";
    /// The body is not a JSON object.
    InvalidBody = "invalid_body", BAD_REQUEST, "The body is not a JSON object";
    /// The body is larger than the limit.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The content type of the body is not JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON";
    /// A member is missing, unknown or breaks a rule.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "A member of the body is wrong";
    /// A resource of this name already exists.
    Exists = "exists", CONFLICT, "The name is already in use";
    /// A user has the role.
    RoleInUse = "role_in_use", CONFLICT, "A user has the role";
    /// The configuration file defines the resource.
    ManagedByFile = "managed_by_file", CONFLICT, "The configuration file defines it";
    /// The app's `package.json` defines the resource.
    ManagedByPackage = "managed_by_package", CONFLICT, "The app's package defines it";
    /// Every secret of the app was shown before, or comes from the configuration file.
    SecretsSeen = "secrets_seen", CONFLICT, "There is no secret left to show";
    /// No old value of the credential is valid.
    NoOverlap = "no_overlap", CONFLICT, "There is no overlap";
    /// The credential has the maximum number of old values that are valid.
    TooManyOverlaps = "too_many_overlaps", CONFLICT, "Too many old values are valid";
    /// The app has the maximum number of hooks.
    TooManyHooks = "too_many_hooks", UNPROCESSABLE_ENTITY, "The app has too many hooks";
    /// The status of the delivery does not allow a retry or a replay.
    NotRetryable = "not_retryable", CONFLICT, "The delivery cannot be retried or replayed";
    /// The app publishes too fast, or too many deliveries of its events are pending.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "The app sends too much";
    /// There is nothing that a test could be sent to.
    NotTestable = "not_testable", CONFLICT, "There is nothing to send a test to";
    /// Statistics are disabled in the configuration.
    StatisticsOff = "statistics_off", CONFLICT, "Statistics are off";
    /// The delivery has ended, so it cannot be cancelled.
    NotPending = "not_pending", CONFLICT, "The delivery is not pending";
    /// Another delivery of the hook is older.
    NotTheHead = "not_the_head", CONFLICT, "The delivery is not the oldest of its lane";
    /// The hook of the delivery was removed.
    HookGone = "hook_gone", CONFLICT, "The delivery's hook was removed";
    /// The server is shutting down.
    Draining = "draining", SERVICE_UNAVAILABLE, "The server is shutting down";
    /// The server cannot do this at the moment.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The server cannot do this now";
    /// The disk is full.
    JournalFull = "journal_full", INSUFFICIENT_STORAGE, "The disk is full";
    /// The journal failed while it stored a change.
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE, "It is unknown whether this was done";
    /// The server failed, through no fault of the request.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
}

/// An error answer (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// URL of the code's documentation, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors/invalid")]
    kind: String,
    /// Title of the code.
    title: &'static str,
    /// HTTP status of the answer.
    #[schema(value_type = u16)]
    status: u16,
    /// Text that says what is wrong with this request, and how to correct it.
    detail: String,
    /// The code, for programs.
    code: ProblemCode,
}

/// Seconds after which a client may retry when the server is unavailable.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

impl Problem {
    /// Creates a problem. `detail` says what is wrong with this request.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/docs/errors/{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: detail.into(),
            code,
        }
    }

    /// Creates the problem of a wrong member of the body.
    pub fn member(name: &str, why: impl std::fmt::Display) -> Self {
        Self::new(ProblemCode::Invalid, format!("`{name}` {why}"))
    }

    /// Creates the problem of a wrong query parameter.
    pub fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::new(ProblemCode::InvalidParameter, format!("`{name}` {why}"))
    }

    /// Creates the problem of a resource that does not exist.
    pub fn missing(what: &str) -> Self {
        // The journal deletes these after a while.
        let old = if matches!(what, "event" | "delivery" | "exchange") {
            "; those older than `[journal] keep` are deleted"
        } else {
            ""
        };
        Self::new(ProblemCode::NotFound, format!("there is no such {what}{old}"))
    }

    /// Creates the problem of a name that no app has, or none that the caller sees.
    pub fn no_app(name: &str) -> Self {
        let detail =
            format!("there is no app `{}`; `footbridge app list` shows all apps", words::shown(name));
        Self::new(ProblemCode::NotFound, detail)
    }

    /// Checks that the caller has a permission.
    ///
    /// # Errors
    /// [`ProblemCode::Forbidden`]; the detail names the permission.
    pub fn require(caller: &AdminCaller, permission: Permission) -> Result<(), Self> {
        if caller.may(permission) {
            return Ok(());
        }
        let who = match caller.kind {
            CallerKind::User => "user",
            CallerKind::AdminToken | CallerKind::ApiToken => "token",
        };
        let detail =
            format!("this needs the permission `{permission}`, which the {who} `{}` lacks", caller.name);
        Err(Self::new(ProblemCode::Forbidden, detail))
    }

    /// Creates the problem of a caller that is limited to some apps, and asked for more. `why` says what it asked for.
    pub fn forbidden_scope(caller: &AdminCaller, why: &str) -> Self {
        let names: Vec<&str> = caller.apps.iter().flatten().map(AppName::as_str).collect();
        let detail = format!("{why}, and `{}` is limited to the apps `{}`", caller.name, names.join("`, `"));
        Self::new(ProblemCode::Forbidden, detail)
    }

    /// Appends to the detail.
    #[must_use]
    pub fn with(mut self, more: &str) -> Self {
        self.detail.push_str(more);
        self
    }

    /// Replaces the HTTP status.
    pub(crate) fn with_status(self, status: &str) -> Self {
        Self { status: status.parse().unwrap_or(self.status), ..self }
    }

    /// Returns the problem as JSON text.
    pub(crate) fn text(&self) -> String {
        // A struct of strings and a number always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the code of the problem.
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
        let internal = || Self::new(ProblemCode::Internal, "internal error; the server's log has the reason");
        match error {
            JournalError::NotFound(what) => Self::missing(what),
            JournalError::Exists(what) => Self::new(ProblemCode::Exists, format!("{what} already exists")),
            JournalError::Full => Self::new(
                ProblemCode::JournalFull,
                "the disk that holds the journal is full; nothing was changed",
            ),
            JournalError::Busy(why) | JournalError::Unavailable { reason: why, maybe_stored: false } => {
                tracing::warn!(why, "a request found the journal unavailable");
                let text =
                    "the journal is not available at the moment; nothing was changed, try again shortly";
                Self::new(ProblemCode::Unavailable, text)
            }
            JournalError::Unknown(why) | JournalError::Unavailable { reason: why, maybe_stored: true } => {
                tracing::error!(why, "the journal failed while it stored a change");
                let text = "the journal failed while it stored this change; \
                            check whether it was made before you repeat it";
                Self::new(ProblemCode::OutcomeUnknown, text)
            }
            JournalError::Fenced => {
                tracing::warn!("a request found that another server has ended the session of this one");
                let text =
                    "the journal is not available at the moment; nothing was changed, try again shortly";
                Self::new(ProblemCode::Unavailable, text)
            }
            JournalError::Stale => Self::new(ProblemCode::Unavailable, error.to_string()),
            JournalError::Stopped(reason) => {
                tracing::warn!(reason, "a request found the journal stopped");
                Self::new(ProblemCode::Unavailable, "the journal accepts no writes now; nothing was changed")
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
            ChangeError::NoApp(name) => return Self::no_app(name.as_str()),
            ChangeError::Exists(_) => ProblemCode::Exists,
            ChangeError::ManagedByFile(_) => ProblemCode::ManagedByFile,
            ChangeError::ManagedByPackage(_) | ChangeError::TokenOfRun(_) | ChangeError::OfServer(_) => {
                ProblemCode::ManagedByPackage
            }
            ChangeError::NoOverlap { .. } => ProblemCode::NoOverlap,
            ChangeError::TooManyOverlaps { .. } => ProblemCode::TooManyOverlaps,
            ChangeError::Seen(_) => ProblemCode::SecretsSeen,
            ChangeError::Invalid { .. } | ChangeError::FileLeftOut { .. } => ProblemCode::Invalid,
            ChangeError::TooManyHooks(_) => ProblemCode::TooManyHooks,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StatisticsError> for Problem {
    fn from(error: StatisticsError) -> Self {
        match error {
            StatisticsError::Journal(inner) => inner.into(),
            StatisticsError::Off => Self::new(ProblemCode::StatisticsOff, error.to_string()),
            StatisticsError::TooMuch => Self::parameter("since", error),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        let code = match &error {
            CancelError::Journal(inner) => return inner.clone().into(),
            CancelError::Ended(_) => ProblemCode::NotPending,
            CancelError::NotTheHead(_) => ProblemCode::NotTheHead,
        };
        Self::new(code, error.to_string())
    }
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        let code = match &error {
            PeopleError::Journal(inner) => return inner.clone().into(),
            PeopleError::NotFound(what) => return Self::missing(what),
            PeopleError::Exists { .. } => ProblemCode::Exists,
            PeopleError::RoleInUse { .. } => ProblemCode::RoleInUse,
            PeopleError::Invalid { .. } | PeopleError::BuiltIn(_) => ProblemCode::Invalid,
            PeopleError::Beyond(_) | PeopleError::BeyondApps | PeopleError::Refused(_) => {
                ProblemCode::Forbidden
            }
            PeopleError::WrongPassword | PeopleError::WrongLink => ProblemCode::Unauthorized,
            PeopleError::Wait(_) => ProblemCode::TooManyAttempts,
            PeopleError::Busy => ProblemCode::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Invalid { member, why } => Self::member(member, why),
            JobError::NoSuchJob => Self::missing("job"),
            JobError::TooMany(_) => Self::new(ProblemCode::TooManyJobs, error.to_string()),
            JobError::Journal(error) => error.into(),
        }
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
    fn internal_reasons_are_not_shown() {
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
