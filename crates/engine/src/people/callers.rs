//! From a credential to a caller, and from a caller to the end of its rights.

use super::grants::narrowed;
use super::lifetime::is_live;
use super::store::People;
use footbridge_journal::{FoundSession, FoundToken, JournalError, PeopleChange};
use footbridge_model::admin_caller::{AdminCaller, CallerKind, Credential};
use footbridge_model::people::{ConsoleSession, Role, User};
use footbridge_model::permission::Permissions;
use footbridge_model::secret::digest;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Uses within this time of the last one that was noted are not noted.
const NOTE_EVERY: Duration = Duration::from_mins(1);
/// How often the rights behind an open stream are looked at even if nothing has changed: time ends them, too.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Returns the role that a user has; a stored one never replaces a built-in one.
fn role(user: &User, stored: Option<Role>) -> Option<Role> {
    user.role.as_ref().and_then(Role::find_built_in).or(stored)
}

impl People {
    /// Returns the caller whose session has this cookie, with the session.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn caller_by_session(
        self: &Arc<Self>,
        cookie: &[u8],
        address: Option<IpAddr>,
    ) -> Result<Option<(AdminCaller, ConsoleSession)>, JournalError> {
        let found = self.live_session(digest(cookie), address).await?;
        Ok(found.map(|(caller, session, _)| (caller, session)))
    }

    /// Returns the caller with the session of this digest, the session, and its user; `None` if it has ended.
    pub(super) async fn live_session(
        self: &Arc<Self>,
        digest: [u8; 32],
        address: Option<IpAddr>,
    ) -> Result<Option<(AdminCaller, ConsoleSession, Option<User>)>, JournalError> {
        let Some(found) = self.store.session_by_digest(digest).await? else { return Ok(None) };
        let now = self.now();
        let FoundSession { session, user, role: stored } = found;
        if !is_live(&session, now) {
            return Ok(None);
        }
        let credential = Credential::Session(session.id);
        let caller = match (session.user, &user) {
            (None, _) => Some(AdminCaller { credential, ..AdminCaller::admin(address) }),
            (Some(_), Some(user)) => Self::as_user(user, role(user, stored), credential, address),
            (Some(_), None) => None,
        };
        let Some(caller) = caller else { return Ok(None) };
        if now >= session.seen_at.plus(NOTE_EVERY) {
            let user = session.user.map(|user| PeopleChange::UserSeen(user, now));
            self.note([PeopleChange::SessionSeen(session.id, now)].into_iter().chain(user).collect());
        }
        Ok(Some((caller, session, user)))
    }

    /// Returns the caller with this API token.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn caller_by_token(
        self: &Arc<Self>,
        token: &[u8],
        address: Option<IpAddr>,
    ) -> Result<Option<AdminCaller>, JournalError> {
        let Some(FoundToken { token, user, role: stored }) =
            self.store.token_by_digest(digest(token)).await?
        else {
            return Ok(None);
        };
        let now = self.now();
        if token.expires_at.is_some_and(|at| now >= at) {
            return Ok(None);
        }
        let mut caller = AdminCaller {
            kind: CallerKind::ApiToken,
            credential: Credential::ApiToken(token.id),
            user: token.user,
            name: token.name,
            address,
            permissions: token.permissions,
            apps: token.apps,
        };
        if token.user.is_some() {
            let Some(user) = user.filter(|user| user.enabled) else { return Ok(None) };
            let role = role(&user, stored);
            let has = role.as_ref().map_or(Permissions::NONE, |role| role.permissions);
            caller.permissions = caller.permissions.intersection(has);
            caller.apps = narrowed(caller.apps.as_ref(), role.as_ref().and_then(|role| role.apps.as_ref()));
        }
        if token.last_used_at.is_none_or(|last| now >= last.plus(NOTE_EVERY)) {
            self.note(vec![PeopleChange::TokenUsed(token.id, now)]);
        }
        Ok(Some(caller))
    }

    /// Returns a user as a caller; `None` while the user may not sign in.
    pub(super) fn as_user(
        user: &User,
        role: Option<Role>,
        credential: Credential,
        address: Option<IpAddr>,
    ) -> Option<AdminCaller> {
        user.enabled.then(|| AdminCaller {
            kind: CallerKind::User,
            credential,
            user: Some(user.id),
            name: user.name.to_string(),
            address,
            permissions: role.as_ref().map_or(Permissions::NONE, |role| role.permissions),
            apps: role.and_then(|role| role.apps),
        })
    }

    /// Notes a use, without making anybody wait.
    fn note(self: &Arc<Self>, changes: Vec<PeopleChange>) {
        // A use that is not noted is noted with the next one.
        tokio::spawn(self.store.change_people(changes));
    }

    /// Resolves when the caller no longer has the rights that it had, by then: a stream that it opened must end.
    pub async fn rights_ended(self: Arc<Self>, caller: Arc<AdminCaller>) {
        if caller.credential == Credential::AdminToken {
            return std::future::pending().await;
        }
        let mut changes = self.changes();
        loop {
            // The answer does not matter: time has passed, or something has changed, or the server ends.
            let _ = tokio::time::timeout(LOOK_AGAIN, changes.changed()).await;
            match self.has_still(&caller).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::debug!(%error, "the rights behind a stream could not be looked at"),
            }
        }
    }

    /// Returns true if the caller has exactly the rights that it had.
    async fn has_still(&self, caller: &AdminCaller) -> Result<bool, JournalError> {
        let found = self.all().await?;
        let now = self.now();
        let user = |id| found.users.iter().find(|user| Some(user.id) == id);
        let present = match caller.credential {
            Credential::AdminToken => return Ok(true),
            Credential::Session(id) => {
                let session = found.sessions.iter().find(|session| session.id == id && is_live(session, now));
                match (session, session.and_then(|session| user(session.user))) {
                    (Some(session), None) if session.user.is_none() => Some((Permissions::OWNER, None)),
                    (Some(_), Some(user)) if user.enabled => {
                        let role = Self::role_of(&found, user);
                        let permissions = role.as_ref().map_or(Permissions::NONE, |role| role.permissions);
                        Some((permissions, role.and_then(|role| role.apps)))
                    }
                    _ => None,
                }
            }
            Credential::ApiToken(id) => {
                let token = found.tokens.iter().find(|token| token.id == id);
                let token = token.filter(|token| token.expires_at.is_none_or(|at| now < at));
                token.and_then(|token| match token.user {
                    None => Some((token.permissions, token.apps.clone())),
                    Some(id) => {
                        let user = user(Some(id)).filter(|user| user.enabled)?;
                        let role = Self::role_of(&found, user)?;
                        let apps = narrowed(token.apps.as_ref(), role.apps.as_ref());
                        Some((token.permissions.intersection(role.permissions), apps))
                    }
                })
            }
        };
        Ok(present == Some((caller.permissions, caller.apps.clone())))
    }
}
