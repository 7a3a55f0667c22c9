//! Users: create, change and delete.

use super::error::PeopleError;
use super::store::People;
use super::{grants, passwords};
use crate::system_event::SystemEvent;
use footbridge_journal::{JournalError, PeopleChange, PeopleSnapshot};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::id::UserId;
use footbridge_model::people::{DISPLAY_NAME_MAX, RoleName, User, UserName};
use tokio::time::Instant;

/// A user to create.
#[derive(Debug)]
pub struct UserSpec {
    /// The name to sign in with.
    pub name: UserName,
    /// The name to show; the name itself if it is left out.
    pub display_name: Option<String>,
    /// The address for mail.
    pub email: Option<String>,
    /// The role of the user.
    pub role: RoleName,
    /// The password; without one, the user signs in by a link.
    pub password: Option<String>,
}

/// A change of a user. What is `None` stays.
#[derive(Debug, Default)]
pub struct UserChange {
    /// The name to show.
    pub display_name: Option<String>,
    /// The address for mail; `Some(None)` removes it.
    pub email: Option<Option<String>>,
    /// The role of the user.
    pub role: Option<RoleName>,
    /// False to forbid signing in.
    pub enabled: Option<bool>,
    /// The password that replaces the present one.
    pub password: Option<String>,
}

fn check_text(member: &'static str, text: &str) -> Result<(), PeopleError> {
    let why = if text.chars().count() > DISPLAY_NAME_MAX {
        format!("must have at most {DISPLAY_NAME_MAX} characters")
    } else if text.chars().any(char::is_control) {
        "must not have control characters".to_owned()
    } else if text.trim().is_empty() {
        "must not be empty".to_owned()
    } else {
        return Ok(());
    };
    Err(PeopleError::Invalid { member, why })
}

fn find(found: &PeopleSnapshot, id: UserId) -> Result<&User, PeopleError> {
    found.users.iter().find(|user| user.id == id).ok_or(PeopleError::NotFound("user"))
}

impl People {
    /// Returns the users that a caller may see, and for each true if it has no more rights than the caller. A caller that is
    /// limited to some apps does not see the others at all.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn users_for(&self, caller: &AdminCaller) -> Result<Vec<(User, bool)>, PeopleError> {
        let found = self.all().await?;
        let seen = found.users.iter().filter_map(|user| {
            let within = caller.user == Some(user.id) || grants::check_user(caller, &found, user).is_ok();
            (within || !caller.is_scoped()).then(|| (user.clone(), within))
        });
        Ok(seen.collect())
    }

    /// Returns one user.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`]
    pub(super) async fn user(&self, id: UserId) -> Result<User, PeopleError> {
        find(&self.all().await?, id).cloned()
    }

    /// Creates a user.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing was stored.
    pub async fn add_user(&self, by: &AdminCaller, spec: UserSpec) -> Result<User, PeopleError> {
        let UserSpec { name, display_name, email, role, password } = spec;
        let display_name = display_name.unwrap_or_else(|| name.to_string());
        check_text("display_name", &display_name)?;
        email.as_deref().map_or(Ok(()), |email| check_text("email", email))?;
        let hash = match &password {
            Some(password) => {
                passwords::check_rules(password, &name)?;
                Some(self.passwords.hash(password, &*self.entropy).await?)
            }
            None => None,
        };
        let _changing = self.changing.lock().await;
        let found = self.all().await?;
        grants::check_role(by, Some(&Self::existing_role(&found, &role)?))?;
        let now = self.now();
        let user = User {
            id: UserId::from_number(self.ids.next(now)),
            name,
            display_name,
            email,
            role: Some(role),
            enabled: true,
            password: hash,
            oidc: None,
            created_at: now,
            last_seen_at: None,
        };
        self.put_user(by, &user, Vec::new()).await?;
        self.publish(SystemEvent::UserCreated(&user)).await;
        Ok(user)
    }

    async fn put_user(
        &self,
        by: &AdminCaller,
        user: &User,
        more: Vec<PeopleChange>,
    ) -> Result<(), PeopleError> {
        let put = PeopleChange::PutUser(Box::new(user.clone()));
        match self.change_as(by, [put].into_iter().chain(more).collect()).await {
            Err(JournalError::Exists(kind)) => Err(PeopleError::Exists { kind, name: user.name.to_string() }),
            stored => Ok(stored?),
        }
    }

    /// Changes a user. A new role or password, and a user who may no longer sign in, end the user's sessions.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing was changed.
    pub async fn change_user(
        &self,
        by: &AdminCaller,
        id: UserId,
        change: UserChange,
    ) -> Result<User, PeopleError> {
        let UserChange { display_name, email, role, enabled, password } = change;
        display_name.as_deref().map_or(Ok(()), |text| check_text("display_name", text))?;
        email.as_ref().and_then(Option::as_deref).map_or(Ok(()), |text| check_text("email", text))?;
        let hash = match &password {
            Some(password) => {
                let found = self.all().await?;
                let user = find(&found, id)?;
                // Before the work of hashing, and before an answer that tells the name.
                grants::check_user(by, &found, user)?;
                passwords::check_rules(password, &user.name)?;
                Some(self.passwords.hash(password, &*self.entropy).await?)
            }
            None => None,
        };
        let _changing = self.changing.lock().await;
        let found = self.all().await?;
        let before = find(&found, id)?;
        grants::check_user(by, &found, before)?;
        if let Some(role) = &role {
            grants::check_role(by, Some(&Self::existing_role(&found, role)?))?;
        }
        if before.oidc.is_some() && (hash.is_some() || role.is_some()) {
            let member = if hash.is_some() { "password" } else { "role" };
            let why = "comes from the provider at which this user signs in".to_owned();
            return Err(PeopleError::Invalid { member, why });
        }
        let new_password = hash.is_some();
        let user = User {
            display_name: display_name.unwrap_or_else(|| before.display_name.clone()),
            email: email.unwrap_or_else(|| before.email.clone()),
            role: role.or_else(|| before.role.clone()),
            enabled: enabled.unwrap_or(before.enabled),
            password: hash.or_else(|| before.password.clone()),
            ..before.clone()
        };
        let ends = new_password || user.role != before.role || !user.enabled;
        let end = ends.then_some(PeopleChange::EndSessionsOf(id));
        self.put_user(by, &user, end.into_iter().collect()).await?;
        self.publish(SystemEvent::UserUpdated(&user)).await;
        Ok(user)
    }

    /// Changes the password of the user who calls, and ends the user's sessions.
    ///
    /// # Errors
    /// [`PeopleError::WrongPassword`] if `old` is not the password; wrong ones count as wrong sign-ins.
    pub async fn change_own_password(
        &self,
        by: &AdminCaller,
        old: &str,
        new: &str,
    ) -> Result<(), PeopleError> {
        let id = by.user.ok_or(PeopleError::NotFound("user"))?;
        let user = self.user(id).await?;
        self.guesses.admit(user.name.as_str(), by.address, Instant::now()).map_err(PeopleError::Wait)?;
        passwords::check_rules(new, &user.name)?;
        if !self.passwords.verify(old, user.password.as_ref()).await? {
            return Err(PeopleError::WrongPassword);
        }
        self.guesses.right(user.name.as_str(), by.address);
        let hash = self.passwords.hash(new, &*self.entropy).await?;
        let _changing = self.changing.lock().await;
        let user = User { password: Some(hash), ..self.user(id).await? };
        self.put_user(by, &user, vec![PeopleChange::EndSessionsOf(id)]).await?;
        self.publish(SystemEvent::UserUpdated(&user)).await;
        Ok(())
    }

    /// Deletes a user, with all sessions and tokens.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing was deleted.
    pub async fn remove_user(&self, by: &AdminCaller, id: UserId) -> Result<(), PeopleError> {
        let _changing = self.changing.lock().await;
        let found = self.all().await?;
        let user = find(&found, id)?;
        grants::check_user(by, &found, user)?;
        self.change_as(by, vec![PeopleChange::DeleteUser(id)]).await?;
        self.publish(SystemEvent::UserDeleted(user)).await;
        Ok(())
    }
}
