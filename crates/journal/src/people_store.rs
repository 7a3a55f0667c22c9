//! The port that stores users, roles, tokens and sessions of the console.

use crate::Wait;
use footbridge_model::audit::AuditEntry;
use footbridge_model::id::{SessionId, TokenId, UserId};
use footbridge_model::people::{ApiToken, ConsoleSession, Role, RoleName, SignInLink, User};
use footbridge_model::time::Millis;

/// All users, roles, tokens and sessions.
#[derive(Debug, Clone, Default)]
pub struct PeopleSnapshot {
    /// Every user, by name.
    pub users: Vec<User>,
    /// Roles beside the built-in ones, by name.
    pub roles: Vec<Role>,
    /// Every token, by id.
    pub tokens: Vec<ApiToken>,
    /// Every session, by id.
    pub sessions: Vec<ConsoleSession>,
}

/// One change of what is stored about people.
#[derive(Debug, Clone)]
pub enum PeopleChange {
    /// Stores a user in place of the one with this id. Fails with [`Exists`](crate::JournalError::Exists) if another
    /// user has the name, or the identity at a provider.
    PutUser(Box<User>),
    /// Deletes a user with all sessions, tokens and links.
    DeleteUser(UserId),
    /// Stores a role in place of the one of this name.
    PutRole(Role),
    /// Deletes a role. Its users have no role then.
    DeleteRole(RoleName),
    /// Stores a token under its new id.
    PutToken(Box<ApiToken>),
    /// Deletes the token of this id.
    DeleteToken(TokenId),
    /// Stores a session under its new id.
    StartSession(Box<ConsoleSession>),
    /// Deletes the session of this id.
    EndSession(SessionId),
    /// Deletes the sessions of a user.
    EndSessionsOf(UserId),
    /// Notes when a user was seen last. Does nothing if there is no such user; the same holds for the next two.
    UserSeen(UserId, Millis),
    /// Notes when a session was seen last.
    SessionSeen(SessionId, Millis),
    /// Notes when a token was used last.
    TokenUsed(TokenId, Millis),
    /// Stores a new link to sign in by.
    PutLink(SignInLink),
    /// Stores an entry of the audit log.
    Audit(Box<AuditEntry>),
    /// Deletes sessions that began before `made`, those that were seen last before `seen`, and links that expired before
    /// `now`.
    Expire {
        /// The earliest beginning of the sessions that stay.
        made: Millis,
        /// The earliest last request of the sessions that stay.
        seen: Millis,
        /// The current time, which ends links.
        now: Millis,
    },
}

/// A session, with the user and the role that the user has now.
#[derive(Debug, Clone)]
pub struct FoundSession {
    /// The session of the cookie.
    pub session: ConsoleSession,
    /// The user of the session, unless the user was deleted.
    pub user: Option<User>,
    /// The role of the user, if it is none of the built-in ones.
    pub role: Option<Role>,
}

/// A token, with the user who created it and the role that the user has now.
#[derive(Debug, Clone)]
pub struct FoundToken {
    /// The token that has the digest.
    pub token: ApiToken,
    /// The user of the token, unless the user was deleted.
    pub user: Option<User>,
    /// The role of the user, if it is none of the built-in ones.
    pub role: Option<Role>,
}

/// Stores users, roles, tokens and sessions.
pub trait PeopleStore: Send + Sync {
    /// Returns all users, roles, tokens and sessions.
    fn people(&self) -> Wait<PeopleSnapshot>;

    /// Makes changes in one transaction, in order.
    fn change_people(&self, changes: Vec<PeopleChange>) -> Wait<()>;

    /// Returns the session whose cookie has this digest.
    fn session_by_digest(&self, digest: [u8; 32]) -> Wait<Option<FoundSession>>;

    /// Returns the token with this digest.
    fn token_by_digest(&self, digest: [u8; 32]) -> Wait<Option<FoundToken>>;

    /// Deletes the link whose code has this digest, and returns it: a link works once.
    fn use_link(&self, digest: [u8; 32]) -> Wait<Option<SignInLink>>;
}
