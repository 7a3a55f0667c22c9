//! The rule about giving rights: nobody gives or takes away what they do not have.

use super::error::PeopleError;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::name::AppName;
use footbridge_model::people::Role;
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
