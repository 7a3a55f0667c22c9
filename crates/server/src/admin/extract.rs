//! What a handler takes: authority and path parts as types.

use super::AdminState;
use crate::credential::{app_token, authorization, bearer};
use crate::edge::Visitor;
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use axum::extract::{FromRequestParts, Path};
use footbridge_engine::{AppEntry, Caller};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::name::AppName;
use http::request::Parts;
use http::{HeaderMap, header};
use std::str::FromStr;
use std::sync::Arc;

/// What the handlers share.
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

/// The caller has the admin token, and the server takes changes.
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

/// Who may read an exchange.
#[derive(Debug)]
pub(super) enum Reader {
    /// The administrator: any.
    Admin,
    /// An app, by its credential of the bridge: those it sent.
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

/// The app that calls, by its credential of the bridge or by its token.
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
                "send the app's own credential: `Authorization: <prefix> base64(<name>:<secret key>)` or X-Bolt-App-Token",
            )
        })
    }
}

fn unauthorized(shared: &AdminState) -> Problem {
    shared.metrics.auth_failure(Surface::Admin);
    Problem::new(ProblemCode::Unauthorized, "send `Authorization: Bearer` and the admin token")
}

/// What a text in a path is the id of, for the 404.
pub(super) trait Thing {
    /// The word for it.
    const WHAT: &str;
    /// What its ids begin with, before the `_`.
    const MARK: &str;
}

macro_rules! things {
    ($($kind:ty = $what:literal),*) => {
        $(impl Thing for $kind {
            const WHAT: &str = $what;
            const MARK: &str = <$kind>::PREFIX;
        })*

        /// The word for what an id of this beginning names.
        fn named_by(mark: &str) -> Option<&'static str> {
            [$((<$kind>::PREFIX, $what)),*].into_iter().find(|(known, _)| *known == mark).map(|(_, what)| what)
        }
    };
}
things!(EventId = "event", DeliveryId = "delivery", ExchangeId = "exchange", HookId = "hook");

/// The id in the path. A text that is no id names nothing: 404.
#[derive(Debug)]
pub(super) struct Id<T>(pub(super) T);

impl<T: FromStr + Thing> FromRequestParts<Shared> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, shared).await;
        let Path(text) = path.map_err(|_| Problem::missing(T::WHAT))?;
        text.parse().map(Self).map_err(|_| no_id::<T>(&text))
    }
}

/// Says what is wrong with an id: it is another thing's, or none at all.
fn no_id<T: Thing>(text: &str) -> Problem {
    let (what, mark) = (T::WHAT, T::MARK);
    let shown: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
    let other = text.split_once('_').and_then(|(begin, _)| named_by(begin)).filter(|other| *other != what);
    let detail = match other {
        Some(other) => {
            format!("`{shown}` names the wrong kind of thing ({other}); the id of a {what} is `{mark}_…`")
        }
        None => {
            format!("`{shown}` is not the id of a {what}: those are `{mark}_` and thirteen digits or letters")
        }
    };
    Problem::new(ProblemCode::NotFound, detail)
}

/// The app's name in the path.
#[derive(Debug)]
pub(super) struct Named(pub(super) AppName);

impl FromRequestParts<Shared> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let missing = || Problem::missing("app");
        let Path(text) = Path::<String>::from_request_parts(parts, shared).await.map_err(|_| missing())?;
        AppName::find(&text).map(Self).ok_or_else(missing)
    }
}

/// The host and the miniapp in the path.
#[derive(Debug)]
pub(super) struct Linked(pub(super) AppName, pub(super) AppName);

impl FromRequestParts<Shared> for Linked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let missing = || Problem::missing("link");
        let path = Path::<(String, String)>::from_request_parts(parts, shared).await;
        let Path((host, miniapp)) = path.map_err(|_| missing())?;
        let name = |text: &str| AppName::find(text).ok_or_else(missing);
        Ok(Self(name(&host)?, name(&miniapp)?))
    }
}

/// The name of an app that is there already, if it is one at all.
pub(super) fn existing(text: &str) -> Result<AppName, &'static str> {
    AppName::find(text).ok_or("it cannot be the name of an app")
}

/// Whether a request to something that is free on this machine may be answered: it comes straight from here, or has
/// the admin token. One that a proxy on this machine passes on, or a page whose name leads here, comes from elsewhere.
pub(super) fn local_or_admin(parts: &Parts, shared: &AdminState) -> Result<(), Problem> {
    let local = parts.extensions.get::<Visitor>().is_some_and(|visitor| visitor.local);
    if local || Admin::of(&parts.headers, shared).is_some() {
        return Ok(());
    }
    Err(unauthorized(shared))
}
