//! People who administer the server: users, their roles, their sessions, and tokens for programs.

use crate::id::{SessionId, TokenId, UserId};
use crate::name::AppName;
use crate::permission::Permissions;
use crate::secret::Secret;
use crate::time::Millis;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// The longest name of a user, a role or a token, in characters.
pub const PERSON_NAME_MAX: usize = 64;
/// The longest text that a user is shown as, in characters.
pub const DISPLAY_NAME_MAX: usize = 128;

/// The text cannot be the name of a user or a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name is 1 to 64 ASCII letters, digits, `.`, `_`, `-`, `+` and `@`, beginning with a letter or digit"
)]
pub struct BadPersonName;

fn parse(text: &str) -> Result<Arc<str>, BadPersonName> {
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"._-+@".contains(&c);
    let begins = text.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric());
    let good = begins && text.len() <= PERSON_NAME_MAX && text.bytes().all(fits);
    if good { Ok(text.to_ascii_lowercase().into()) } else { Err(BadPersonName) }
}

macro_rules! person_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a name; capital letters become small ones.
            ///
            /// # Errors
            /// [`BadPersonName`]
            pub fn parse(text: &str) -> Result<Self, BadPersonName> {
                parse(text).map(Self)
            }

            /// A name that was checked before, such as one from the journal. Never use this on input.
            pub fn trusted(text: &str) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

person_name!(
    /// The name with which a user signs in.
    UserName
);
person_name!(
    /// The name of a role.
    RoleName
);

/// A user's identity at a provider of OIDC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OidcIdentity {
    /// URL of the provider.
    pub issuer: String,
    /// The user's id at the provider.
    pub subject: String,
}

/// Somebody who may sign in to the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id, which no later user of the same name has.
    pub id: UserId,
    /// The name to sign in with.
    pub name: UserName,
    /// The name to show.
    pub display_name: String,
    /// The address for mail, if it is known.
    pub email: Option<String>,
    /// The role; without one the user may do nothing.
    pub role: Option<RoleName>,
    /// False while the user may not sign in.
    pub enabled: bool,
    /// The hash of the password (a PHC string); `None` for a user without one.
    pub password: Option<Secret>,
    /// The identity at a provider, for a user who signs in there.
    pub oidc: Option<OidcIdentity>,
    /// The time at which the user was created.
    pub created_at: Millis,
    /// The time of the user's last request, within a minute.
    pub last_seen_at: Option<Millis>,
}

/// A named set of permissions, perhaps for some apps only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name, which users refer to.
    pub name: RoleName,
    /// The permissions of its users.
    pub permissions: Permissions,
    /// The apps that its users are limited to; `None` for all apps.
    pub apps: Option<BTreeSet<AppName>>,
}

/// The roles that every server has.
const BUILT_IN: [(&str, Permissions); 3] =
    [("owner", Permissions::OWNER), ("operator", Permissions::OPERATOR), ("viewer", Permissions::VIEWER)];

impl Role {
    /// The permissions; those of a user's token never exceed its user's.
    pub fn built_in() -> impl Iterator<Item = Self> {
        let role = |(name, permissions)| Self { name: RoleName::trusted(name), permissions, apps: None };
        BUILT_IN.into_iter().map(role)
    }

    /// Returns the built-in role of this name, if there is one.
    pub fn find_built_in(name: &RoleName) -> Option<Self> {
        Self::built_in().find(|role| role.name == *name)
    }
}

/// A credential for programs, with chosen permissions. Only its digest is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The id, which no other token has.
    pub id: TokenId,
    /// The name that its creator gave it.
    pub name: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    /// SHA-256 of the token.
    pub digest: [u8; 32],
    /// The permissions; a user's token never has more than its user.
    pub permissions: Permissions,
    /// The apps that it is limited to; `None` for all apps of its user.
    pub apps: Option<BTreeSet<AppName>>,
    /// The user who created it; `None` if it was created with the admin token.
    pub user: Option<UserId>,
    /// The time at which it was created.
    pub created_at: Millis,
    /// The time from which it is refused.
    pub expires_at: Option<Millis>,
    /// The time of its last use, within a minute.
    pub last_used_at: Option<Millis>,
}

/// A browser that is signed in to the console. Only the digest of its cookie is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSession {
    /// The id of the session.
    pub id: SessionId,
    /// SHA-256 of the value of the cookie.
    pub digest: [u8; 32],
    /// The user; `None` for the administrator, who came by a link.
    pub user: Option<UserId>,
    /// The time at which it began.
    pub made_at: Millis,
    /// The time of its last request, within a minute.
    pub seen_at: Millis,
    /// The address that it began from.
    pub address: Option<IpAddr>,
    /// The browser, as it names itself.
    pub agent: String,
}

/// A link that signs in once, without a password. Only the digest of its code is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInLink {
    /// SHA-256 of the code in the link.
    pub digest: [u8; 32],
    /// The user who is signed in; `None` for the administrator.
    pub user: Option<UserId>,
    /// The time from which it is refused.
    pub expires_at: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_compared_in_small_letters() {
        assert_eq!(UserName::parse("Ana@Example.com"), UserName::parse("ana@example.com"));
        for bad in ["", ".ana", "a b", "ana/", "änä", "a\u{202e}b", "<img>", &"x".repeat(65)] {
            assert_eq!(UserName::parse(bad), Err(BadPersonName), "{bad}");
        }
    }

    #[test]
    fn built_in_roles_are_found_by_name() {
        let owner = Role::find_built_in(&RoleName::parse("Owner").unwrap()).unwrap();
        assert_eq!(owner.permissions, Permissions::OWNER);
        assert_eq!(Role::find_built_in(&RoleName::parse("root").unwrap()), None);
    }
}
