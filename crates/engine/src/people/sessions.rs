//! Sessions of the console: begin, list and end.

use super::error::PeopleError;
use super::grants;
use super::lifetime::{SESSION_IDLE, SESSION_MAX, is_live};
use super::store::People;
use crate::system_event::SystemEvent;
use footbridge_journal::{PeopleChange, PeopleSnapshot};
use footbridge_model::admin_caller::{AdminCaller, Credential};
use footbridge_model::audit::{Actor, ActorKind};
use footbridge_model::id::{SessionId, UserId};
use footbridge_model::people::{ConsoleSession, User};
use footbridge_model::permission::Permission;
use footbridge_model::secret::Secret;
use std::net::IpAddr;

/// The longest name of a browser that is stored, in characters.
const AGENT_MAX: usize = 200;

/// The browser that signs in.
#[derive(Debug, Clone)]
pub struct Client {
    /// The address that it connects from.
    pub address: Option<IpAddr>,
    /// The name that it gives itself.
    pub agent: String,
}

/// A session that has begun.
#[derive(Debug)]
pub struct NewSession {
    /// The value for the cookie; it is not stored anywhere.
    pub cookie: Secret,
    /// The session as it is stored.
    pub session: ConsoleSession,
}

impl People {
    /// Begins a session. The value of its cookie is new: one that the browser had before never becomes a session.
    pub(super) async fn begin(&self, user: Option<&User>, client: Client) -> Result<NewSession, PeopleError> {
        let (now, cookie) = (self.now(), Secret::make("", &*self.entropy));
        let session = ConsoleSession {
            id: SessionId::from_number(self.ids.next(now)),
            digest: cookie.digest(),
            user: user.map(|user| user.id),
            made_at: now,
            seen_at: now,
            address: client.address,
            agent: client.agent.chars().filter(|c| !c.is_control()).take(AGENT_MAX).collect(),
        };
        let expire =
            PeopleChange::Expire { made: now.minus(SESSION_MAX), seen: now.minus(SESSION_IDLE), now };
        let seen = user.map(|user| PeopleChange::UserSeen(user.id, now));
        let start = PeopleChange::StartSession(Box::new(session.clone()));
        let name = user.map_or_else(|| "admin".to_owned(), |user| user.name.to_string());
        let by = Actor { kind: ActorKind::User, name, address: session.address };
        self.change_as(by, [expire, start].into_iter().chain(seen).collect()).await?;
        if let Some(user) = user {
            self.publish(SystemEvent::UserLoggedIn(user)).await;
        }
        Ok(NewSession { cookie, session })
    }

    /// Returns the sessions that a caller may see, with their users: its own, and with `users.write` those that have no more
    /// rights than the caller.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn sessions_for(
        &self,
        caller: &AdminCaller,
    ) -> Result<Vec<(ConsoleSession, Option<User>)>, PeopleError> {
        let (found, now) = (self.all().await?, self.now());
        let mut seen = Vec::new();
        for session in &found.sessions {
            if is_live(session, now) && Self::check_session(caller, &found, session).is_ok() {
                let user = found.users.iter().find(|user| Some(user.id) == session.user).cloned();
                seen.push((session.clone(), user));
            }
        }
        Ok(seen)
    }

    /// Checks that the caller may see and end a session.
    fn check_session(
        caller: &AdminCaller,
        found: &PeopleSnapshot,
        session: &ConsoleSession,
    ) -> Result<(), PeopleError> {
        let own = Self::owns_session(caller, session);
        // A token of the user has only the sessions that may no more than itself.
        if own && matches!(caller.credential, Credential::Session(_)) {
            return Ok(());
        }
        if !own && !caller.may(Permission::UsersWrite) {
            return Err(PeopleError::NotFound("session"));
        }
        grants::check_session(caller, found, session)
    }

    fn owns_session(caller: &AdminCaller, session: &ConsoleSession) -> bool {
        let same = matches!(caller.credential, Credential::Session(id) if id == session.id);
        same || session.user.is_some() && session.user == caller.user
    }

    /// Ends a session that has no more rights than the caller, or that is the caller's own.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`], [`PeopleError::Beyond`]
    pub async fn end_session(&self, caller: &AdminCaller, id: SessionId) -> Result<(), PeopleError> {
        let (found, now) = (self.all().await?, self.now());
        let ended = found.sessions.iter().find(|session| session.id == id && is_live(session, now));
        let ended = ended.ok_or(PeopleError::NotFound("session"))?;
        Self::check_session(caller, &found, ended)?;
        let user = found.users.iter().find(|user| Some(user.id) == ended.user);
        self.change_as(caller, vec![PeopleChange::EndSession(id)]).await?;
        if let Some(user) = user {
            self.publish(SystemEvent::UserLoggedOut(user)).await;
        }
        Ok(())
    }

    /// Ends the session that a caller has shown; nothing happens if it has ended meanwhile.
    ///
    /// # Errors
    /// The journal fails.
    pub async fn sign_out(&self, caller: &AdminCaller) -> Result<(), PeopleError> {
        let Credential::Session(id) = caller.credential else { return Ok(()) };
        match self.end_session(caller, id).await {
            Err(PeopleError::NotFound(_)) => Ok(()),
            ended => ended,
        }
    }

    /// Ends what an event says was left of a user who was deleted. Everything is deleted with the user, so usually nothing
    /// is left.
    pub(crate) async fn purge_user(&self, id: UserId) -> Result<(), String> {
        let found = self.all().await.map_err(|error| error.to_string())?;
        if found.users.iter().any(|user| user.id == id) {
            return Ok(());
        }
        self.change_as(Actor::system(), vec![PeopleChange::DeleteUser(id)])
            .await
            .map_err(|error| error.to_string())
    }
}
