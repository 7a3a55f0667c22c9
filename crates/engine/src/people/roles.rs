//! Roles: list, create, change and delete.

use super::error::PeopleError;
use super::grants;
use super::store::People;
use crate::system_event::SystemEvent;
use footbridge_journal::PeopleChange;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::audit::Actor;
use footbridge_model::people::{Role, RoleName};

/// The most users that a refusal names.
const SHOWN: usize = 5;

impl People {
    /// Returns the roles that a caller sees, the built-in ones first. A caller that is limited to some apps sees those that
    /// give no more than it has.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn roles(&self, caller: &AdminCaller) -> Result<Vec<Role>, PeopleError> {
        let seen = |role: &Role| !caller.is_scoped() || grants::check_role(caller, Some(role)).is_ok();
        Ok(Role::built_in().chain(self.all().await?.roles).filter(seen).collect())
    }

    /// Returns one of the roles that a caller sees.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`]
    pub async fn role(&self, caller: &AdminCaller, name: &RoleName) -> Result<Role, PeopleError> {
        let roles = self.roles(caller).await?;
        roles.into_iter().find(|role| role.name == *name).ok_or(PeopleError::NotFound("role"))
    }

    /// Creates a role.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing was stored.
    pub async fn add_role(&self, by: &AdminCaller, role: Role) -> Result<Role, PeopleError> {
        grants::check_role(by, Some(&role))?;
        let _changing = self.changing.lock().await;
        if Self::role_named(&self.all().await?, &role.name).is_some() {
            return Err(PeopleError::Exists { kind: "role", name: role.name.to_string() });
        }
        self.change_as(by, vec![PeopleChange::PutRole(role.clone())]).await?;
        self.publish(SystemEvent::RoleCreated(&role)).await;
        Ok(role)
    }

    /// Returns a role that the caller may change: not a built-in one, and none that gives more than the caller has.
    async fn changeable(&self, by: &AdminCaller, name: &RoleName) -> Result<Role, PeopleError> {
        let role = self.role(by, name).await?;
        if Role::find_built_in(name).is_some() {
            return Err(PeopleError::BuiltIn(name.to_string()));
        }
        grants::check_role(by, Some(&role))?;
        Ok(role)
    }

    /// Changes a role by `change`. Its users have the new permissions at once.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing was changed.
    pub async fn change_role(
        &self,
        by: &AdminCaller,
        name: &RoleName,
        change: impl FnOnce(Role) -> Role + Send,
    ) -> Result<Role, PeopleError> {
        let _changing = self.changing.lock().await;
        let role = change(self.changeable(by, name).await?);
        grants::check_role(by, Some(&role))?;
        self.change_as(by, vec![PeopleChange::PutRole(role.clone())]).await?;
        self.publish(SystemEvent::RoleUpdated(&role)).await;
        Ok(role)
    }

    /// Deletes a role that no user has.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing was deleted.
    pub async fn remove_role(&self, by: &AdminCaller, name: &RoleName) -> Result<(), PeopleError> {
        let _changing = self.changing.lock().await;
        let role = self.changeable(by, name).await?;
        let users = self.all().await?.users;
        let names: Vec<_> = users
            .iter()
            .filter(|user| user.role.as_ref() == Some(name))
            .map(|user| format!("`{}`", user.name))
            .collect();
        let shown = names.get(..SHOWN).unwrap_or(&names).join(", ");
        let in_use = match names.len() {
            0 => None,
            1 => Some(format!("{shown} has")),
            more if more > SHOWN => Some(format!("{shown} and {} others have", more - SHOWN)),
            _ => Some(format!("{shown} have")),
        };
        if let Some(users) = in_use {
            return Err(PeopleError::RoleInUse { role: name.clone(), users });
        }
        self.change_as(by, vec![PeopleChange::DeleteRole(role.name.clone())]).await?;
        self.publish(SystemEvent::RoleDeleted(&role)).await;
        Ok(())
    }

    /// Takes a role that was deleted from users who still refer to it. The role is taken from them when it is deleted, so
    /// usually nothing is left.
    pub(crate) async fn purge_role(&self, name: &RoleName) -> Result<(), String> {
        let _changing = self.changing.lock().await;
        let found = self.all().await.map_err(|error| error.to_string())?;
        if Self::role_named(&found, name).is_some() {
            return Ok(());
        }
        let change = PeopleChange::DeleteRole(name.clone());
        self.change_as(Actor::system(), vec![change]).await.map_err(|error| error.to_string())
    }
}
