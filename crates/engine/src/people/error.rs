//! The reasons why a change of people, or a sign-in, is refused.

use footbridge_journal::JournalError;
use footbridge_model::people::RoleName;
use footbridge_model::permission::Permission;
use std::time::Duration;

/// Why something about people was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// The journal could not be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Nothing has that id or name.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The name is taken.
    #[error("the {kind} `{name}` already exists")]
    Exists {
        /// The kind of thing.
        kind: &'static str,
        /// The name that is taken.
        name: String,
    },
    /// A member breaks a rule.
    #[error("`{member}` {why}")]
    Invalid {
        /// The member of the request.
        member: &'static str,
        /// The rule, in words.
        why: String,
    },
    /// Nobody may give or take away what they do not have.
    #[error("this concerns the permission `{0}`, and you do not have it yourself")]
    Beyond(Permission),
    /// Nobody limited to some apps may give rights for others.
    #[error("this concerns apps beyond those that you are limited to")]
    BeyondApps,
    /// Built-in roles stay as they are.
    #[error("the role `{0}` is built in and cannot be changed; create another role")]
    BuiltIn(String),
    /// Users have the role, so it cannot be deleted.
    #[error("{users} the role `{role}`; give them another role first")]
    RoleInUse {
        /// The role to delete.
        role: RoleName,
        /// Its users in words, as the beginning of a sentence.
        users: String,
    },
    /// The name or the password is wrong, or the user may not sign in.
    #[error("the name or the password is wrong")]
    WrongPassword,
    /// The link was used, is too old, or never existed.
    #[error("this link was used before or is more than an hour old; `footbridge console` makes a new one")]
    WrongLink,
    /// The user may not sign in.
    #[error("{0}")]
    Refused(String),
    /// Too many wrong passwords for this name came from this address.
    #[error("too many wrong passwords for this name came from this address; wait {} s", .0.as_secs().max(1))]
    Wait(Duration),
    /// Too many sign-ins are being checked at the moment.
    #[error("too many sign-ins are being checked at the moment; try again shortly")]
    Busy,
}
