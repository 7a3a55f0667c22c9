//! Authorization of the API of installed apps.

use super::super::error::{BoltError, Code};
use super::super::route::caller;
use super::endpoint::Endpoint;
use crate::credential;
use crate::state::ShardState;
use footbridge_engine::AppEntry;
use http::HeaderMap;
use std::sync::Arc;

/// The caller of an endpoint.
#[derive(Debug)]
pub(super) enum Actor {
    /// The administrator, by the admin token.
    Admin,
    /// An app, by its token.
    App(Arc<AppEntry>),
}

impl Actor {
    /// Authenticates the caller. A wrong admin token is refused even if the request also has an app's token.
    pub(super) fn authenticate(local: &ShardState, headers: &HeaderMap) -> Result<Self, BoltError> {
        if let Some(token) = credential::authorization(headers).and_then(credential::bearer) {
            let admin = local.shared.admin_token.matches(token);
            return if admin { Ok(Self::Admin) } else { Err(wrong()) };
        }
        caller(local, headers).map(|caller| Self::App(caller.entry)).map_err(|error| match error.code {
            Code::NoToken => BoltError::new(Code::NoToken, MISSING),
            _ => wrong(),
        })
    }

    /// Returns true if the caller may manage the app called `name`: the administrator and the app itself.
    pub(super) fn owns(&self, name: &str) -> bool {
        match self {
            Self::Admin => true,
            Self::App(entry) => entry.app.name.as_str().eq_ignore_ascii_case(name),
        }
    }

    /// Checks that the caller may call this endpoint, as far as the path shows.
    pub(super) fn check(&self, endpoint: &Endpoint) -> Result<(), BoltError> {
        match endpoint {
            Endpoint::Install if !matches!(self, Self::Admin) => Err(admin_only("install apps")),
            Endpoint::Remove(name) | Endpoint::Logs(name) => self.check_named(name),
            _ => Ok(()),
        }
    }

    /// Checks that the caller may manage the app called `name`.
    pub(super) fn check_named(&self, name: &str) -> Result<(), BoltError> {
        if self.owns(name) { Ok(()) } else { Err(admin_only("do this with another app")) }
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
