//! The rule about rights: nobody gives, takes away, or sees in full what they do not have.

use super::error::PeopleError;
use super::store::People;
use footbridge_journal::PeopleSnapshot;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::name::AppName;
use footbridge_model::people::{ApiToken, ConsoleSession, Role, User};
use footbridge_model::permission::{Permission, Permissions};
use std::collections::BTreeSet;

/// Checks that a caller has all of these permissions, for at least these apps.
///
/// # Errors
/// [`PeopleError::Beyond`], [`PeopleError::BeyondApps`]
pub(super) fn check(
    by: &AdminCaller,
    permissions: Permissions,
    apps: Option<&BTreeSet<AppName>>,
) -> Result<(), PeopleError> {
    let lacks = |permission: &Permission| permissions.contains(*permission) && !by.may(*permission);
    if let Some(permission) = Permission::ALL.iter().copied().find(lacks) {
        return Err(PeopleError::Beyond(permission));
    }
    let within = match (&by.apps, apps) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(apps)) => apps.is_subset(own),
    };
    if within { Ok(()) } else { Err(PeopleError::BeyondApps) }
}

/// Checks that a caller has everything that a role gives. Without a role there is nothing to check.
///
/// # Errors
/// [`PeopleError::Beyond`], [`PeopleError::BeyondApps`]
pub(super) fn check_role(by: &AdminCaller, role: Option<&Role>) -> Result<(), PeopleError> {
    role.map_or(Ok(()), |role| check(by, role.permissions, role.apps.as_ref()))
}

/// Checks that a caller has everything that somebody else has, so that the caller may end or change it. For a caller that is
/// limited to some apps, what goes beyond them does not exist.
///
/// # Errors
/// [`PeopleError::Beyond`], [`PeopleError::NotFound`]
pub(super) fn check_other(
    by: &AdminCaller,
    kind: &'static str,
    permissions: Permissions,
    apps: Option<&BTreeSet<AppName>>,
) -> Result<(), PeopleError> {
    if permissions == Permissions::NONE {
        return Ok(());
    }
    check(by, permissions, apps)
        .map_err(|error| if by.is_scoped() { PeopleError::NotFound(kind) } else { error })
}

/// Checks a user by its role.
///
/// # Errors
/// Those of [`check_other`].
pub(super) fn check_user(by: &AdminCaller, found: &PeopleSnapshot, user: &User) -> Result<(), PeopleError> {
    let role = People::role_of(found, user);
    role.map_or(Ok(()), |role| check_other(by, "user", role.permissions, role.apps.as_ref()))
}

/// Checks a session by the rights of its user, or of the administrator.
///
/// # Errors
/// Those of [`check_other`].
pub(super) fn check_session(
    by: &AdminCaller,
    found: &PeopleSnapshot,
    session: &ConsoleSession,
) -> Result<(), PeopleError> {
    let Some(id) = session.user else { return check_other(by, "session", Permissions::OWNER, None) };
    let role = found.users.iter().find(|user| user.id == id).and_then(|user| People::role_of(found, user));
    role.map_or(Ok(()), |role| check_other(by, "session", role.permissions, role.apps.as_ref()))
}

/// Checks a token by the rights that it has: never more than its user.
///
/// # Errors
/// Those of [`check_other`].
pub(super) fn check_token(
    by: &AdminCaller,
    found: &PeopleSnapshot,
    token: &ApiToken,
) -> Result<(), PeopleError> {
    let Some(id) = token.user else {
        return check_other(by, "token", token.permissions, token.apps.as_ref());
    };
    let role = found.users.iter().find(|user| user.id == id).and_then(|user| People::role_of(found, user));
    let Some(role) = role else { return Ok(()) };
    let apps = narrowed(token.apps.as_ref(), role.apps.as_ref());
    check_other(by, "token", token.permissions.intersection(role.permissions), apps.as_ref())
}

/// Returns the apps that two limits have in common.
pub(super) fn narrowed(
    one: Option<&BTreeSet<AppName>>,
    other: Option<&BTreeSet<AppName>>,
) -> Option<BTreeSet<AppName>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.intersection(other).cloned().collect()),
        (limit, None) | (None, limit) => limit.cloned(),
    }
}
