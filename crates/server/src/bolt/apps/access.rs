//! Authorization of the API of installed apps.

use super::super::error::{BoltError, Code};
use super::super::route::caller;
use super::endpoint::Endpoint;
use crate::state::ShardState;
use crate::{callers, credential};
use footbridge_engine::{AppEntry, AppsError};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::audit;
use footbridge_model::name::AppName;
use footbridge_model::words;
use http::request::Parts;
use std::sync::Arc;

impl From<&Actor> for audit::Actor {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Admin(caller) => Self::from(&**caller),
            Actor::App(entry) => Self::app(&entry.app.name),
        }
    }
}

/// The caller of an endpoint.
#[derive(Debug)]
pub(super) enum Actor {
    /// An administrator, by any of their credentials.
    Admin(Arc<AdminCaller>),
    /// An app, by its token.
    App(Arc<AppEntry>),
}

impl Actor {
    /// Authenticates the caller. A wrong admin token is refused even if the request also has an app's token.
    pub(super) async fn authenticate(local: &ShardState, head: &Parts) -> Result<Self, BoltError> {
        let shared = &local.shared;
        if let Some(caller) = callers::identify(&shared.engine, &shared.admin_token, head).await? {
            return Ok(Self::Admin(caller));
        }
        if credential::authorization(&head.headers).and_then(credential::bearer).is_some() {
            return Err(wrong());
        }
        caller(local, &head.headers).map(|caller| Self::App(caller.entry)).map_err(|error| match error.code {
            Code::NoToken => BoltError::new(Code::NoToken, MISSING),
            _ => wrong(),
        })
    }

    /// Returns true if the caller may see everything of the app called `name`: administrators, within their limits, and the
    /// app itself.
    pub(super) fn owns(&self, name: &AppName) -> bool {
        match self {
            Self::Admin(caller) => caller.may_see(name),
            Self::App(entry) => entry.app.name == *name,
        }
    }

    /// Returns true if the app called `name` exists for the caller. Apps see each other.
    pub(super) fn sees(&self, name: &AppName) -> bool {
        matches!(self, Self::App(_)) || self.owns(name)
    }

    /// Checks that the caller may call this endpoint, as far as the path shows.
    pub(super) fn check(&self, endpoint: &Endpoint) -> Result<(), BoltError> {
        if let Self::Admin(caller) = self
            && !caller.may(endpoint.permission())
        {
            let lacks = format!("`{}` lacks the permission `{}`", caller.name, endpoint.permission());
            return Err(BoltError::new(Code::NotAllowed, lacks));
        }
        match endpoint {
            Endpoint::Install => self.check_install(),
            Endpoint::Remove(name) | Endpoint::Logs(name) => self.check_named(name),
            _ => Ok(()),
        }
    }

    /// Checks that the caller may install apps: the name of the new app is not known yet.
    fn check_install(&self) -> Result<(), BoltError> {
        match self {
            Self::Admin(caller) if !caller.is_scoped() => Ok(()),
            _ => Err(admin_only("install apps")),
        }
    }

    /// Checks that the caller may manage the app called `name`.
    pub(super) fn check_named(&self, name: &str) -> Result<(), BoltError> {
        let owned = AppName::find(name).is_some_and(|name| self.owns(&name));
        match self {
            _ if owned => Ok(()),
            // A name that cannot be one, or that is outside the caller's limits, is one that does not exist.
            Self::Admin(_) => Err(AppsError::NoSuchApp(words::shown(name)).into()),
            Self::App(_) => Err(admin_only("do this with another app")),
        }
    }
}

const MISSING: &str =
    "send `Authorization: Bearer` and the admin token, or your app's token as X-Bolt-App-Token";

fn wrong() -> BoltError {
    let why = "this is neither the admin token nor an app's token; page tokens are not accepted here";
    BoltError::new(Code::BadToken, why)
}

fn admin_only(what: &str) -> BoltError {
    BoltError::new(Code::NotAllowed, format!("only the administrator may {what}"))
}
