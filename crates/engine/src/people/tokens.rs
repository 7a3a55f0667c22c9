//! API tokens: list, create and delete.

use super::error::PeopleError;
use super::grants;
use super::store::People;
use footbridge_journal::{PeopleChange, PeopleSnapshot};
use footbridge_model::admin_caller::{AdminCaller, Credential};
use footbridge_model::id::TokenId;
use footbridge_model::name::AppName;
use footbridge_model::people::{ApiToken, PERSON_NAME_MAX};
use footbridge_model::permission::{Permission, Permissions};
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::collections::BTreeSet;

/// The beginning of every API token.
pub const API_TOKEN_MARK: &str = "fbk_";
/// Characters of a token that are stored, to recognise it by.
const PREFIX_LENGTH: usize = API_TOKEN_MARK.len() + 6;

/// A token to create.
#[derive(Debug)]
pub struct TokenSpec {
    /// The name of the token, for people.
    pub name: String,
    /// The permissions, at most those of whoever creates it.
    pub permissions: Permissions,
    /// The apps that it is limited to.
    pub apps: Option<BTreeSet<AppName>>,
    /// The time from which it is refused.
    pub expires_at: Option<Millis>,
}

/// A token that was created.
#[derive(Debug)]
pub struct MadeToken {
    /// The token itself, which is not stored anywhere.
    pub secret: Secret,
    /// The token as it is stored.
    pub token: ApiToken,
}

impl People {
    /// Returns the tokens that a caller may see: its user's own, and with `users.write` those that have no more rights than
    /// the caller.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn tokens_for(&self, caller: &AdminCaller) -> Result<Vec<ApiToken>, PeopleError> {
        let found = self.all().await?;
        let seen = |token: &&ApiToken| Self::check_token(caller, &found, token).is_ok();
        Ok(found.tokens.iter().filter(seen).cloned().collect())
    }

    /// Checks that the caller may see and delete a token.
    fn check_token(
        caller: &AdminCaller,
        found: &PeopleSnapshot,
        token: &ApiToken,
    ) -> Result<(), PeopleError> {
        let own = token.user.is_some() && token.user == caller.user;
        // A user who is signed in has all of the own tokens; one of the tokens has only those that may no more than itself.
        if own && matches!(caller.credential, Credential::Session(_)) {
            return Ok(());
        }
        if !own && !caller.may(Permission::UsersWrite) {
            return Err(PeopleError::NotFound("token"));
        }
        grants::check_token(caller, found, token)
    }

    /// Creates a token, with at most the rights of the caller.
    ///
    /// # Errors
    /// [`PeopleError`]; nothing was stored.
    pub async fn add_token(&self, by: &AdminCaller, spec: TokenSpec) -> Result<MadeToken, PeopleError> {
        let TokenSpec { name, permissions, apps, expires_at } = spec;
        let (name, now) = (name.trim().to_owned(), self.now());
        let invalid = |member, why: &str| Err(PeopleError::Invalid { member, why: why.to_owned() });
        if name.is_empty() || name.chars().count() > PERSON_NAME_MAX || name.chars().any(char::is_control) {
            return invalid("name", "must have 1 to 64 characters, none of them a control character");
        }
        if permissions == Permissions::NONE {
            return invalid("permissions", "must have at least one permission");
        }
        if expires_at.is_some_and(|at| at <= now) {
            return invalid("expires_at", "must be in the future");
        }
        grants::check(by, permissions, apps.as_ref().or(by.apps.as_ref()))?;
        let secret = Secret::make(API_TOKEN_MARK, &*self.entropy);
        let token = ApiToken {
            id: TokenId::from_number(self.ids.next(now)),
            name,
            prefix: secret.expose().chars().take(PREFIX_LENGTH).collect(),
            digest: secret.digest(),
            permissions,
            apps: apps.or_else(|| by.apps.clone()),
            user: by.user,
            created_at: now,
            expires_at,
            last_used_at: None,
        };
        self.change_as(by, vec![PeopleChange::PutToken(Box::new(token.clone()))]).await?;
        Ok(MadeToken { secret, token })
    }

    /// Deletes a token that has no more rights than the caller, or that is the caller's own.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`], [`PeopleError::Beyond`]
    pub async fn remove_token(&self, caller: &AdminCaller, id: TokenId) -> Result<(), PeopleError> {
        let _changing = self.changing.lock().await;
        let found = self.all().await?;
        let token = found.tokens.iter().find(|token| token.id == id).ok_or(PeopleError::NotFound("token"))?;
        Self::check_token(caller, &found, token)?;
        Ok(self.change_as(caller, vec![PeopleChange::DeleteToken(id)]).await?)
    }
}
