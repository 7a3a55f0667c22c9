//! The audit log: who changed what, when, and from where.

use crate::admin_caller::{AdminCaller, CallerKind};
use crate::id::AuditId;
use crate::name::AppName;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The kind of an [`Actor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// The admin token of the configuration.
    Token,
    /// A user of the console.
    User,
    /// A token with chosen permissions.
    ApiToken,
    /// The configuration file, which the server applies when it starts.
    File,
    /// The server itself, without being asked.
    System,
    /// An app, by its own credential.
    App,
}

impl ActorKind {
    const ALL: [Self; 6] = [Self::Token, Self::User, Self::ApiToken, Self::File, Self::System, Self::App];

    /// The kind as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::User => "user",
            Self::ApiToken => "api_token",
            Self::File => "file",
            Self::System => "system",
            Self::App => "app",
        }
    }
}

/// The error for a text that is not the kind of an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `token`, `user`, `api_token`, `file`, `system` or `app`")]
pub struct BadActorKind;

impl FromStr for ActorKind {
    type Err = BadActorKind;

    fn from_str(text: &str) -> Result<Self, BadActorKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(BadActorKind)
    }
}

/// The one who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The kind of the actor.
    pub kind: ActorKind,
    /// Name of the user, token or app, or the path of the file.
    pub name: String,
    /// The address of the request, if there was one.
    pub address: Option<IpAddr>,
}

impl Actor {
    /// The server itself, as an actor.
    pub fn system() -> Self {
        Self { kind: ActorKind::System, name: "footbridge".to_owned(), address: None }
    }

    /// The configuration file at this path.
    pub fn file(path: Option<&str>) -> Self {
        let name = path.unwrap_or("the environment").to_owned();
        Self { kind: ActorKind::File, name, address: None }
    }

    /// An app that acts by itself.
    pub fn app(name: &AppName) -> Self {
        Self { kind: ActorKind::App, name: name.to_string(), address: None }
    }
}

impl From<&AdminCaller> for Actor {
    fn from(caller: &AdminCaller) -> Self {
        let kind = match caller.kind {
            CallerKind::AdminToken => ActorKind::Token,
            CallerKind::ApiToken => ActorKind::ApiToken,
            CallerKind::User => ActorKind::User,
        };
        Self { kind, name: caller.name.clone(), address: caller.address }
    }
}

/// The thing that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditObject {
    /// The kind: `app`, `link`, `hook`, `delivery`, `job`, …
    pub kind: String,
    /// The name or id. A link is `host/miniapp`.
    pub id: String,
}

impl AuditObject {
    /// The object of this kind and id.
    pub fn new(kind: &str, id: impl fmt::Display) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// One entry of the audit log. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The id, which contains the time.
    pub id: AuditId,
    /// The one who made the change.
    pub who: Actor,
    /// The act, such as `app.create`.
    pub action: String,
    /// The thing that was changed.
    pub object: AuditObject,
    /// The members that the change replaced or deleted, as a JSON object.
    pub before: Option<String>,
    /// The members that the change set, as a JSON object.
    pub after: Option<String>,
    /// More about the act, for people.
    pub note: Option<String>,
}
