//! Callers of the administration API: who they are, and what they may do.

use crate::id::{SessionId, TokenId, UserId};
use crate::name::AppName;
use crate::permission::{Permission, Permissions};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The kind of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// The administrator, by the admin token or by a link that was made with it.
    AdminToken,
    /// A token with chosen permissions.
    ApiToken,
    /// A session of a user who signed in to the console.
    User,
}

impl CallerKind {
    /// The kind as text, as the audit log has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdminToken => "token",
            Self::ApiToken => "api_token",
            Self::User => "user",
        }
    }
}

/// The credential that a caller has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The admin token, of which there is one.
    AdminToken,
    /// An API token, by its id.
    ApiToken(TokenId),
    /// The cookie of a session of the console.
    Session(SessionId),
}

/// The authenticated caller of an operation of the administration API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminCaller {
    /// The kind of caller, for the audit log.
    pub kind: CallerKind,
    /// The credential that it has shown.
    pub credential: Credential,
    /// The user; `None` for the administrator and for tokens of no user.
    pub user: Option<UserId>,
    /// Name of the user or of the token; `admin` for the admin token.
    pub name: String,
    /// Address that the request came from; `None` if it did not come over the network.
    pub address: Option<IpAddr>,
    /// The permissions of its role or of the token.
    pub permissions: Permissions,
    /// The apps that it is limited to; `None` for all apps.
    pub apps: Option<BTreeSet<AppName>>,
}

impl AdminCaller {
    /// The caller that has the admin token.
    pub fn admin(address: Option<IpAddr>) -> Self {
        Self {
            kind: CallerKind::AdminToken,
            credential: Credential::AdminToken,
            user: None,
            name: "admin".to_owned(),
            address,
            permissions: Permissions::OWNER,
            apps: None,
        }
    }

    /// Returns true if the caller has this permission.
    pub const fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Returns true if the caller may see and change this app and what belongs to it, as far as its permissions go.
    pub fn may_see(&self, app: &AppName) -> bool {
        self.apps.as_ref().is_none_or(|apps| apps.contains(app))
    }

    /// Returns true if the caller is limited to some apps.
    pub const fn is_scoped(&self) -> bool {
        self.apps.is_some()
    }
}
