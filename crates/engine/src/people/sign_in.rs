//! The ways to sign in: a password, a link, and what a provider says.

use super::error::PeopleError;
use super::sessions::{Client, NewSession};
use super::store::People;
use crate::system_event::SystemEvent;
use footbridge_journal::{PeopleChange, PeopleSnapshot};
use footbridge_model::audit::Actor;
use footbridge_model::id::UserId;
use footbridge_model::people::{DISPLAY_NAME_MAX, OidcIdentity, RoleName, SignInLink, User, UserName};
use footbridge_model::secret::{Secret, digest};
use footbridge_model::time::Millis;
use std::time::Duration;
use tokio::time::Instant;

/// How long a link to sign in is valid.
pub const LINK_VALID: Duration = Duration::from_hours(1);

/// A link to sign in once.
#[derive(Debug)]
pub struct NewLink {
    /// The code in the link; it is not stored anywhere.
    pub code: Secret,
    /// The time from which it is refused.
    pub expires_at: Millis,
}

/// A user as an OIDC provider describes them.
#[derive(Debug, Clone)]
pub struct ProvidedUser {
    /// The identity at the provider.
    pub identity: OidcIdentity,
    /// The name that the user has there, if it gives one.
    pub name: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
    /// The address for mail.
    pub email: Option<String>,
    /// The role that the table of the configuration gives.
    pub role: RoleName,
}

impl People {
    /// Signs a user in by password.
    ///
    /// # Errors
    /// [`PeopleError::WrongPassword`] for everything that is wrong with the name, the password or the user;
    /// [`PeopleError::Wait`] after too many of those.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        client: Client,
    ) -> Result<NewSession, PeopleError> {
        self.guesses.admit(name, client.address, Instant::now()).map_err(PeopleError::Wait)?;
        let found = self.all().await?;
        let user = UserName::parse(name)
            .ok()
            .and_then(|name| found.users.into_iter().find(|user| user.name == name));
        let hash = user.as_ref().filter(|user| user.enabled).and_then(|user| user.password.clone());
        let right = self.passwords.verify(password, hash.as_ref()).await?;
        let Some(user) = user.filter(|_| right) else {
            tracing::info!(address = ?client.address, "a password was wrong");
            return Err(PeopleError::WrongPassword);
        };
        self.guesses.right(name, client.address);
        self.begin(Some(&user), client).await
    }

    /// Makes a link that signs a user in once, or the administrator.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`]
    pub async fn make_link(
        &self,
        by: impl Into<Actor>,
        user: Option<&UserName>,
    ) -> Result<NewLink, PeopleError> {
        let user = match user {
            Some(name) => {
                let users = self.all().await?.users;
                let user = users.into_iter().find(|user| user.name == *name);
                Some(user.ok_or(PeopleError::NotFound("user"))?.id)
            }
            None => None,
        };
        self.store_link(by.into(), user).await
    }

    async fn store_link(&self, by: Actor, user: Option<UserId>) -> Result<NewLink, PeopleError> {
        let (code, expires_at) = (Secret::make("", &*self.entropy), self.now().plus(LINK_VALID));
        let link = SignInLink { digest: code.digest(), user, expires_at };
        self.change_as(by, vec![PeopleChange::PutLink(link)]).await?;
        Ok(NewLink { code, expires_at })
    }

    /// Signs in by the code of a link.
    ///
    /// # Errors
    /// [`PeopleError::WrongLink`]
    pub async fn sign_in_by_link(&self, code: &str, client: Client) -> Result<NewSession, PeopleError> {
        let link = self.store.use_link(digest(code.as_bytes())).await?.ok_or(PeopleError::WrongLink)?;
        if self.now() >= link.expires_at {
            return Err(PeopleError::WrongLink);
        }
        let Some(id) = link.user else { return self.begin(None, client).await };
        let user = self.all().await?.users.into_iter().find(|user| user.id == id && user.enabled);
        self.begin(Some(&user.ok_or(PeopleError::WrongLink)?), client).await
    }

    /// Signs a user of a provider in. The user is created at the first time; the role follows the provider each time.
    ///
    /// # Errors
    /// [`PeopleError::Refused`] if the user is disabled, or the name belongs to somebody else.
    pub async fn sign_in_provided(
        &self,
        provided: ProvidedUser,
        client: Client,
    ) -> Result<NewSession, PeopleError> {
        let user = {
            let _changing = self.changing.lock().await;
            self.put_provided(provided).await?
        };
        self.begin(Some(&user), client).await
    }

    /// Checks that the role exists that the table of the configuration gives.
    ///
    /// # Errors
    /// [`PeopleError::Refused`]
    pub async fn check_role(&self, role: &RoleName) -> Result<(), PeopleError> {
        Self::check_provided_role(&self.all().await?, role)
    }

    fn check_provided_role(found: &PeopleSnapshot, role: &RoleName) -> Result<(), PeopleError> {
        let why = || format!("the configuration gives you the role `{role}`, which does not exist");
        Self::role_named(found, role).map(drop).ok_or_else(|| PeopleError::Refused(why()))
    }

    async fn put_provided(&self, provided: ProvidedUser) -> Result<User, PeopleError> {
        let (found, now) = (self.all().await?, self.now());
        Self::check_provided_role(&found, &provided.role)?;
        let known = found.users.iter().find(|user| user.oidc.as_ref() == Some(&provided.identity));
        let wanted = [provided.name.as_deref(), provided.email.as_deref(), Some(&provided.identity.subject)];
        let name = wanted.into_iter().flatten().find_map(|name| UserName::parse(name).ok());
        let shown = provided.display_name.as_deref().map(shown).filter(|shown| !shown.is_empty());
        let user = match known {
            Some(user) if !user.enabled => {
                return Err(PeopleError::Refused(format!("the user `{}` is disabled here", user.name)));
            }
            Some(user) => User {
                display_name: shown.unwrap_or_else(|| user.display_name.clone()),
                email: provided.email.or_else(|| user.email.clone()),
                role: Some(provided.role),
                ..user.clone()
            },
            None => {
                let name = name.ok_or_else(|| {
                    PeopleError::Refused("the provider gives no name that a user can have here".to_owned())
                })?;
                User {
                    id: UserId::from_number(self.ids.next(now)),
                    display_name: shown.unwrap_or_else(|| name.to_string()),
                    name,
                    email: provided.email,
                    role: Some(provided.role),
                    enabled: true,
                    password: None,
                    oidc: Some(provided.identity),
                    created_at: now,
                    last_seen_at: None,
                }
            }
        };
        let (is_new, is_changed) = (known.is_none(), known.is_some_and(|known| *known != user));
        let role_changed = known.is_some_and(|known| known.role != user.role);
        if !is_new && !is_changed {
            return Ok(user);
        }
        let end = role_changed.then_some(PeopleChange::EndSessionsOf(user.id));
        let put = PeopleChange::PutUser(Box::new(user.clone()));
        match self.change_as(Actor::system(), [put].into_iter().chain(end).collect()).await {
            Err(footbridge_journal::JournalError::Exists(_)) => {
                let why = format!(
                    "a user `{}` exists here already, who does not sign in at the provider",
                    user.name
                );
                return Err(PeopleError::Refused(why));
            }
            stored => stored?,
        }
        let event = if is_new { SystemEvent::UserCreated(&user) } else { SystemEvent::UserUpdated(&user) };
        self.publish(event).await;
        Ok(user)
    }
}

/// Returns a text from outside, shortened and without control characters.
fn shown(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(DISPLAY_NAME_MAX).collect()
}
