//! Extractors of handlers: the caller's authority and the parts of the path, as types.

use super::AdminState;
use crate::credential::{app_token, authorization, bearer};
use crate::edge::ClientInfo;
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use axum::extract::{FromRequestParts, Path};
use footbridge_engine::{AppEntry, Caller};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::words;
use http::request::Parts;
use http::{HeaderMap, header};
use std::str::FromStr;
use std::sync::Arc;

/// The state that handlers share.
pub(super) type Shared = Arc<AdminState>;

/// The caller has the admin token.
#[derive(Debug)]
pub(super) struct Admin(());

impl Admin {
    fn of(headers: &HeaderMap, shared: &AdminState) -> Option<Self> {
        let token = bearer(authorization(headers)?)?;
        shared.admin_token.matches(token).then_some(Self(()))
    }
}

impl FromRequestParts<Shared> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        Self::of(&parts.headers, shared).ok_or_else(|| unauthorized(shared))
    }
}

/// The caller has the admin token, and the server accepts changes.
#[derive(Debug)]
pub(super) struct Change(());

impl FromRequestParts<Shared> for Change {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        Admin::from_request_parts(parts, shared).await?;
        if shared.engine.is_draining() {
            return Err(Problem::new(
                ProblemCode::Draining,
                "the server is shutting down; nothing was changed",
            ));
        }
        Ok(Self(()))
    }
}

/// A caller that may read exchanges.
#[derive(Debug)]
pub(super) enum Reader {
    /// The administrator, who may read any exchange.
    Admin,
    /// An app with its bridge credential, which may read exchanges that it sent.
    App(Arc<AppEntry>),
}

impl FromRequestParts<Shared> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        if Admin::of(&parts.headers, shared).is_some() {
            return Ok(Self::Admin);
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

fn unauthorized(shared: &AdminState) -> Problem {
    shared.metrics.auth_failure(Surface::Admin);
    Problem::new(ProblemCode::Unauthorized, "send `Authorization: Bearer` and the admin token")
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
resources!(EventId = "event", DeliveryId = "delivery", ExchangeId = "exchange", HookId = "hook");

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
    let detail = match other {
        Some(other) => {
            format!(
                "`{shown}` is the id of another kind ({other}); the id of a {kind} begins with `{prefix}_`"
            )
        }
        None => {
            format!(
                "`{shown}` is not the id of a {kind}, which is `{prefix}_` and thirteen digits or letters"
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
        let missing = || Problem::missing("app");
        let Path(text) = Path::<String>::from_request_parts(parts, shared).await.map_err(|_| missing())?;
        AppName::find(&text).map(Self).ok_or_else(missing)
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

/// Checks that a request comes from this machine or has the admin token. A request that a local proxy forwards, or that a page
/// sends by DNS rebinding, does not come from this machine.
///
/// # Errors
/// 401
pub(super) fn local_or_admin(parts: &Parts, shared: &AdminState) -> Result<(), Problem> {
    let local = parts.extensions.get::<ClientInfo>().is_some_and(|client| client.local);
    if local || Admin::of(&parts.headers, shared).is_some() {
        return Ok(());
    }
    Err(unauthorized(shared))
}
