//! Extractors of handlers: the caller's authority and the parts of the path, as types.

use super::AdminState;
use crate::callers;
use crate::credential::{app_token, authorization};
use crate::edge::ClientInfo;
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use axum::extract::{FromRequestParts, Path};
use footbridge_engine::{AppEntry, Caller};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId, JobId, SessionId, TokenId, UserId};
use footbridge_model::name::AppName;
use footbridge_model::people::RoleName;
use footbridge_model::permission::Permission;
use footbridge_model::words;
use http::header;
use http::request::Parts;
use std::str::FromStr;
use std::sync::Arc;

/// The state that handlers share.
pub(super) type Shared = Arc<AdminState>;

/// A caller whom [`permissions`](super::permissions) found to have the permission of the operation.
#[derive(Debug)]
pub(super) struct Admin(pub(super) Arc<AdminCaller>);

impl FromRequestParts<Shared> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        permitted(parts).map(Self).ok_or_else(|| unauthorized(shared))
    }
}

/// The extension of a request whose caller has the permission of the operation.
#[derive(Debug, Clone)]
pub(super) struct Permitted(pub(super) Arc<AdminCaller>);

/// Returns the caller that has the permission of the operation.
fn permitted(parts: &Parts) -> Option<Arc<AdminCaller>> {
    parts.extensions.get::<Permitted>().map(|permitted| Arc::clone(&permitted.0))
}

/// A caller as [`Admin`], while the server accepts changes.
#[derive(Debug)]
pub(super) struct Change(pub(super) Arc<AdminCaller>);

impl FromRequestParts<Shared> for Change {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let Admin(caller) = Admin::from_request_parts(parts, shared).await?;
        if shared.engine.is_draining() {
            return Err(Problem::new(
                ProblemCode::Draining,
                "the server is shutting down; nothing was changed",
            ));
        }
        Ok(Self(caller))
    }
}

/// A caller that may read exchanges.
#[derive(Debug)]
pub(super) enum Reader {
    /// An administrator, who may read any exchange of the apps that it sees.
    Admin(Arc<AdminCaller>),
    /// An app with its bridge credential, which may read exchanges that it sent.
    App(Arc<AppEntry>),
}

impl FromRequestParts<Shared> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        if let Some(caller) = permitted(parts) {
            return Ok(Self::Admin(caller));
        }
        let caller =
            authorization(&parts.headers).and_then(|header| shared.engine.caller_by_authorization(header));
        caller.map(|caller| Self::App(caller.entry)).ok_or_else(|| unauthorized(shared))
    }
}

/// The calling app, authenticated by its bridge credential or its token.
#[derive(Debug)]
pub(super) struct AppCaller(pub(super) Caller);

impl FromRequestParts<Shared> for AppCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let caller = if headers.contains_key(header::AUTHORIZATION) {
            authorization(headers).and_then(|header| shared.engine.caller_by_authorization(header))
        } else {
            app_token(headers).and_then(|token| shared.engine.caller_by_token(token))
        };
        caller.map(Self).ok_or_else(|| {
            shared.metrics.auth_failure(Surface::Live);
            Problem::new(
                ProblemCode::Unauthorized,
                "send the credential of the app: `Authorization: <prefix> base64(<name>:<secret key>)` or X-Bolt-App-Token",
            )
        })
    }
}

/// Returns the problem of a request without a valid credential, and counts it.
pub(super) fn unauthorized(shared: &AdminState) -> Problem {
    shared.metrics.auth_failure(Surface::Admin);
    Problem::new(
        ProblemCode::Unauthorized,
        "send `Authorization: Bearer` and the admin token or an API token; a browser signs in to the console",
    )
}

/// A kind of resource that a path names by id.
pub(super) trait Resource {
    /// Name of the kind.
    const KIND: &str;
    /// Prefix of its ids, without the `_`.
    const ID_PREFIX: &str;
}

macro_rules! resources {
    ($($id:ty = $kind:literal),*) => {
        $(impl Resource for $id {
            const KIND: &str = $kind;
            const ID_PREFIX: &str = <$id>::PREFIX;
        })*

        /// Returns the kind whose ids have this prefix.
        fn kind_of(prefix: &str) -> Option<&'static str> {
            [$((<$id>::PREFIX, $kind)),*].into_iter().find(|(known, _)| *known == prefix).map(|(_, kind)| kind)
        }
    };
}
resources!(
    EventId = "event",
    DeliveryId = "delivery",
    ExchangeId = "exchange",
    HookId = "hook",
    JobId = "job",
    UserId = "user",
    TokenId = "token",
    SessionId = "session"
);

/// The id in the path. A text that is not an id is answered 404.
#[derive(Debug)]
pub(super) struct Id<T>(pub(super) T);

impl<T: FromStr + Resource> FromRequestParts<Shared> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, shared).await;
        let Path(text) = path.map_err(|_| Problem::missing(T::KIND))?;
        text.parse().map(Self).map_err(|_| not_an_id::<T>(&text))
    }
}

/// Returns the problem of a text that is the id of another kind, or not an id.
fn not_an_id<T: Resource>(text: &str) -> Problem {
    let (kind, prefix, shown) = (T::KIND, T::ID_PREFIX, words::shown(text));
    let other = text.split_once('_').and_then(|(begin, _)| kind_of(begin)).filter(|other| *other != kind);
    let article = if kind.starts_with('e') { "an" } else { "a" };
    let detail = match other {
        Some(other) => {
            format!(
                "`{shown}` is the id of another kind ({other}); the id of {article} {kind} begins with `{prefix}_`"
            )
        }
        None => {
            format!(
                "`{shown}` is not the id of {article} {kind}, which is `{prefix}_` and thirteen digits or letters"
            )
        }
    };
    Problem::new(ProblemCode::NotFound, detail)
}

/// The name of an app in the path.
#[derive(Debug)]
pub(super) struct AppPath(pub(super) AppName);

impl FromRequestParts<Shared> for AppPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, shared).await;
        let Path(text) = path.map_err(|_| Problem::missing("app"))?;
        AppName::find(&text).map(Self).ok_or_else(|| Problem::no_app(&text))
    }
}

/// The name of a role in the path.
#[derive(Debug)]
pub(super) struct RolePath(pub(super) RoleName);

impl FromRequestParts<Shared> for RolePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let missing = || Problem::missing("role");
        let Path(text) = Path::<String>::from_request_parts(parts, shared).await.map_err(|_| missing())?;
        RoleName::parse(&text).map(Self).map_err(|_| missing())
    }
}

/// The host and the miniapp in the path.
#[derive(Debug)]
pub(super) struct LinkPath(pub(super) AppName, pub(super) AppName);

impl FromRequestParts<Shared> for LinkPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let missing = || Problem::missing("link");
        let path = Path::<(String, String)>::from_request_parts(parts, shared).await;
        let Path((host, miniapp)) = path.map_err(|_| missing())?;
        let name = |text: &str| AppName::find(text).ok_or_else(missing);
        Ok(Self(name(&host)?, name(&miniapp)?))
    }
}

/// Checks that a request comes from this machine or has an administrator's credential. A request that a local proxy forwards,
/// or that a page sends by DNS rebinding, does not come from this machine.
///
/// # Errors
/// 401, 403
pub(super) async fn local_or_admin(parts: &Parts, shared: &AdminState) -> Result<(), Problem> {
    if parts.extensions.get::<ClientInfo>().is_some_and(|client| client.local) {
        return Ok(());
    }
    match callers::identify(&shared.engine, &shared.admin_token, parts).await? {
        Some(caller) if caller.is_scoped() => {
            Err(Problem::forbidden_scope(&caller, "metrics count all apps"))
        }
        Some(caller) => Problem::require(&caller, Permission::OverviewRead),
        None => Err(unauthorized(shared)),
    }
}
