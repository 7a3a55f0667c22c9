//! Users, roles, tokens and sessions as rows.

use crate::column::number;
use crate::failure::{CommandError, CommandResult};
use footbridge_model::id::{SessionId, TokenId, UserId};
use footbridge_model::name::AppName;
use footbridge_model::people::{
    ApiToken, ConsoleSession, OidcIdentity, Role, RoleName, SignInLink, User, UserName,
};
use footbridge_model::permission::{Permission, Permissions};
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use rusqlite::Row;
use std::collections::BTreeSet;

/// The columns that [`user`] reads, of `u`.
pub(crate) const USER: &str =
    "u.id, u.name, u.display_name, u.email, u.role, u.enabled, u.password, u.issuer, u.subject,
     u.created_at, u.last_seen_at";
/// The columns that [`token`] reads, of `t`.
pub(crate) const TOKEN: &str =
    "t.id, t.name, t.prefix, t.digest, t.permissions, t.apps, t.user, t.created_at, t.expires_at,
     t.last_used_at";
/// The columns that [`session`] reads, of `s`.
pub(crate) const SESSION: &str = "s.id, s.digest, s.user, s.made_at, s.seen_at, s.address, s.agent";

/// The issuer and the subject of a user as columns.
pub(crate) fn identity(user: &User) -> (Option<&str>, Option<&str>) {
    user.oidc.as_ref().map_or((None, None), |oidc| (Some(&oidc.issuer), Some(&oidc.subject)))
}

/// The permissions as words.
pub(crate) fn words(permissions: Permissions) -> String {
    permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(" ")
}

/// The names of apps as words.
pub(crate) fn app_words(apps: Option<&BTreeSet<AppName>>) -> Option<String> {
    apps.map(|apps| apps.iter().map(AppName::as_str).collect::<Vec<_>>().join(" "))
}

fn apps(text: Option<String>) -> Option<BTreeSet<AppName>> {
    text.map(|text| text.split_ascii_whitespace().map(AppName::trusted).collect())
}

/// Permissions from words. A permission of a later version is ignored: nothing here needs it.
fn permissions(text: &str) -> Permissions {
    text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn user_id(key: Option<i64>) -> Option<UserId> {
    key.map(|key| UserId::from_number(number(key)))
}

/// Reads a user from [`USER`].
pub(crate) fn user(row: &Row<'_>) -> CommandResult<User> {
    let (issuer, subject): (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
    Ok(User {
        id: UserId::from_number(number(row.get(0)?)),
        name: UserName::trusted(row.get_ref(1)?.as_str().map_err(|error| damaged(&error))?),
        display_name: row.get(2)?,
        email: row.get(3)?,
        role: row.get::<_, Option<String>>(4)?.map(|role| RoleName::trusted(&role)),
        enabled: row.get(5)?,
        password: row.get::<_, Option<String>>(6)?.map(Secret::new),
        oidc: issuer.zip(subject).map(|(issuer, subject)| OidcIdentity { issuer, subject }),
        created_at: Millis(row.get(9)?),
        last_seen_at: row.get::<_, Option<i64>>(10)?.map(Millis),
    })
}

/// Reads a role from its name, permissions and apps.
pub(crate) fn role(row: &Row<'_>) -> CommandResult<Role> {
    Ok(Role {
        name: RoleName::trusted(row.get_ref(0)?.as_str().map_err(|error| damaged(&error))?),
        permissions: permissions(row.get_ref(1)?.as_str().map_err(|error| damaged(&error))?),
        apps: apps(row.get(2)?),
    })
}

/// Reads a token from [`TOKEN`].
pub(crate) fn token(row: &Row<'_>) -> CommandResult<ApiToken> {
    Ok(ApiToken {
        id: TokenId::from_number(number(row.get(0)?)),
        name: row.get(1)?,
        prefix: row.get(2)?,
        digest: row.get(3)?,
        permissions: permissions(row.get_ref(4)?.as_str().map_err(|error| damaged(&error))?),
        apps: apps(row.get(5)?),
        user: user_id(row.get(6)?),
        created_at: Millis(row.get(7)?),
        expires_at: row.get::<_, Option<i64>>(8)?.map(Millis),
        last_used_at: row.get::<_, Option<i64>>(9)?.map(Millis),
    })
}

/// Reads a session from [`SESSION`].
pub(crate) fn session(row: &Row<'_>) -> CommandResult<ConsoleSession> {
    let address: Option<String> = row.get(5)?;
    Ok(ConsoleSession {
        id: SessionId::from_number(number(row.get(0)?)),
        digest: row.get(1)?,
        user: user_id(row.get(2)?),
        made_at: Millis(row.get(3)?),
        seen_at: Millis(row.get(4)?),
        address: address.and_then(|address| address.parse().ok()),
        agent: row.get(6)?,
    })
}

/// Reads a link from its digest, user and expiry.
pub(crate) fn link(row: &Row<'_>) -> CommandResult<SignInLink> {
    Ok(SignInLink { digest: row.get(0)?, user: user_id(row.get(1)?), expires_at: Millis(row.get(2)?) })
}

fn damaged(error: &rusqlite::types::FromSqlError) -> CommandError {
    CommandError::damaged(format!("a row about people is not readable: {error}"))
}
