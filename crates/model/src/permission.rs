//! Permissions of the administration API, and the built-in roles, which are sets of them.

use std::fmt;
use std::str::FromStr;

macro_rules! permissions {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal;)*) => {
        /// A permission. Each operation of the administration API needs one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission {
            $($(#[doc = $doc])* $name,)*
        }

        impl Permission {
            /// All permissions, in the order of this list.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The permission as text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

permissions! {
    /// See the overview, the statistics, the settings in force, and one's own sessions, tokens and views.
    OverviewRead = "overview.read";
    /// See events, deliveries and exchanges, without what they carry.
    EventsRead = "events.read";
    /// See what they carry: bodies, headers, answers, and the output of apps and functions.
    PayloadsRead = "payloads.read";
    /// See apps, links and hooks.
    AppsRead = "apps.read";
    /// Create, change, start, stop and delete apps.
    AppsWrite = "apps.write";
    /// Show and rotate the secrets of apps.
    SecretsRotate = "secrets.rotate";
    /// Create, change and delete links.
    LinksWrite = "links.write";
    /// Create, change and delete hooks; pause and resume what waits for them.
    HooksWrite = "hooks.write";
    /// Retry, replay and cancel single deliveries.
    DeliveriesRetry = "deliveries.retry";
    /// Send events and exchanges as an app, and test receivers.
    EventsSend = "events.send";
    /// Retry, replay and cancel many deliveries in a job.
    JobsRun = "jobs.run";
    /// See who changed what.
    AuditRead = "audit.read";
    /// Manage users, roles, and everyone's sessions and tokens.
    UsersWrite = "users.write";
    /// Change settings of the server.
    SettingsWrite = "settings.write";
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a permission; {hint}", hint = known(.0))]
pub struct UnknownPermission(String);

fn known(text: &str) -> String {
    let all: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    let listed = format!("permissions are `{}`", all.join("`, `"));
    crate::words::nearest(text, &all).map_or(listed, |meant| format!("did you mean `{meant}`?"))
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let found = Self::ALL.iter().find(|permission| permission.as_str() == text);
        found.copied().ok_or_else(|| UnknownPermission(crate::words::shown(text)))
    }
}

/// A set of permissions.
///
/// ```
/// use footbridge_model::permission::{Permission, Permissions};
///
/// let viewer = Permissions::VIEWER;
/// assert!(viewer.contains(Permission::EventsRead) && !viewer.contains(Permission::PayloadsRead));
/// assert!(viewer.is_subset(Permissions::OPERATOR));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u16);

impl Permissions {
    /// The set without any permission.
    pub const NONE: Self = Self(0);
    /// Every permission; those of the role `owner`.
    pub const OWNER: Self = Self::of(Permission::ALL);
    /// Everything but users and settings; the permissions of the role `operator`.
    pub const OPERATOR: Self = Self::OWNER.without(Permission::UsersWrite).without(Permission::SettingsWrite);
    /// Everything that can be read, without payloads; the permissions of the role `viewer`.
    pub const VIEWER: Self = Self::of(&[
        Permission::OverviewRead,
        Permission::EventsRead,
        Permission::AppsRead,
        Permission::AuditRead,
    ]);

    /// The set of these permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = permissions;
        while let [first, others @ ..] = rest {
            bits |= Self::bit(*first);
            rest = others;
        }
        Self(bits)
    }

    const fn bit(permission: Permission) -> u16 {
        1 << (permission as u16)
    }

    /// The set without this permission.
    #[must_use]
    pub const fn without(self, permission: Permission) -> Self {
        Self(self.0 & !Self::bit(permission))
    }

    /// Returns true if the set has this permission.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }

    /// The permissions that both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns true if `other` has all permissions of this set.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Iterates over the permissions, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | Self::bit(permission)))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::as_str)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_read_back_and_has_its_own_place() {
        for (place, permission) in Permission::ALL.iter().enumerate() {
            assert_eq!(permission.as_str().parse(), Ok(*permission));
            let only: Permissions = [*permission].into_iter().collect();
            assert_eq!(only.iter().collect::<Vec<_>>(), [*permission]);
            assert_eq!(*permission as usize, place);
            assert!(
                only.is_subset(Permissions::OWNER)
                    && !Permissions::OWNER.without(*permission).contains(*permission)
            );
        }
        let error = "event.read".parse::<Permission>().unwrap_err().to_string();
        assert!(error.contains("did you mean `events.read`?"), "{error}");
        assert!("".parse::<Permission>().unwrap_err().to_string().contains("`settings.write`"));
    }

    #[test]
    fn an_operator_manages_neither_users_nor_settings() {
        let lacks: Vec<_> = Permission::ALL
            .iter()
            .filter(|permission| !Permissions::OPERATOR.contains(**permission))
            .collect();
        assert_eq!(lacks, [&Permission::UsersWrite, &Permission::SettingsWrite]);
        let reads = |permission: Permission| permission.as_str().split_once('.').unwrap().1 == "read";
        assert!(Permissions::VIEWER.iter().all(reads));
        assert!(!Permissions::VIEWER.contains(Permission::PayloadsRead));
    }
}
