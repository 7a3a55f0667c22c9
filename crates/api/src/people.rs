//! Bodies about users, roles, tokens and sessions, and about signing in.

use crate::members::{not_null, nullable};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// A user of the console.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct User {
    #[schema(example = "usr_0f7m2k9x4c1aa")]
    pub id: String,
    pub name: String,
    pub display_name: String,
    pub email: Option<String>,
    /// Role of the user; `null` if it was deleted. The user may do nothing then.
    pub role: Option<String>,
    pub enabled: bool,
    /// `local`, or `oidc` for a user who signs in at a provider.
    pub source: String,
    /// True if the user can sign in with a password.
    pub has_password: bool,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub last_seen_at: Option<String>,
}

/// A user to create.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Name to sign in with: ASCII letters, digits, `.`, `_`, `-`, `+` and `@`.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// `owner`, `operator`, `viewer`, or a role of your own.
    pub role: String,
    /// At least 8 characters. Without a password, the user signs in by a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A change of a user. Members that are left out stay.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserPatch {
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `null` removes the address.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl fmt::Debug for UserPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserPatch").finish_non_exhaustive()
    }
}

/// A named set of permissions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Role {
    pub name: String,
    pub permissions: Vec<String>,
    /// Apps that the role is limited to; `null` for all apps.
    pub apps: Option<Vec<String>>,
    /// True for `owner`, `operator` and `viewer`, which cannot be changed.
    pub builtin: bool,
}

/// A role to create.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    pub name: String,
    pub permissions: Vec<String>,
    /// Apps that the role is limited to; all apps if it is left out or `null`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apps: Option<Vec<String>>,
}

/// A change of a role. Members that are left out stay.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RolePatch {
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// `null` for all apps.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub apps: Option<Option<Vec<String>>>,
}

/// A token for programs, without the token itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    #[schema(example = "tok_0f7m2k9x4c1aa")]
    pub id: String,
    pub name: String,
    /// First characters of the token.
    #[schema(example = "fbk_Ab3dE9")]
    pub prefix: String,
    pub permissions: Vec<String>,
    /// Apps that the token is limited to; `null` for all apps of its user.
    pub apps: Option<Vec<String>>,
    /// Name of the user who created it; `null` if it was created with the admin token.
    pub user: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
}

/// A token to create.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// Name of the token, for people.
    pub name: String,
    /// Permissions of the token; either this or `role`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Role whose permissions and apps the token gets, as they are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Apps that the token is limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apps: Option<Vec<String>>,
    /// Time from which the token is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// A token, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeApiToken {
    #[serde(flatten)]
    pub about: ApiToken,
    /// The token, for `Authorization: Bearer`.
    pub token: String,
}

impl fmt::Debug for MadeApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeApiToken").field("about", &self.about).finish_non_exhaustive()
    }
}

/// A browser that is signed in to the console.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConsoleSession {
    #[schema(example = "ses_0f7m2k9x4c1aa")]
    pub id: String,
    /// Name of the user; `null` for the administrator, who came by a link.
    pub user: Option<String>,
    #[schema(format = DateTime)]
    pub made_at: String,
    /// Time of the last request, within a minute.
    #[schema(format = DateTime)]
    pub last_seen_at: String,
    /// Address that the session began from.
    pub from: Option<String>,
    /// Browser, as it names itself.
    pub agent: String,
    /// True for the session of this request.
    pub current: bool,
}

/// A request to sign in to the console: either `setup`, or `user` and `password`.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Code of a link, which follows `#setup=` in its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}

/// The session of this browser.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    pub user: SessionUser,
    pub permissions: Vec<String>,
    /// Apps that the user is limited to; `null` for all apps.
    pub apps: Option<Vec<String>>,
    /// Always `null`: requests are checked by `Sec-Fetch-Site` and `Origin`.
    pub csrf: Option<String>,
    /// Time at which the session ends at the latest.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// True if there is no user yet: create one now.
    pub first_run: bool,
    /// True if browsers reach the console over a network without https.
    pub insecure: bool,
}

/// The user of a session.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionUser {
    /// `null` for the administrator, who came by a link.
    pub id: Option<String>,
    pub name: String,
    pub display_name: String,
    pub role: Option<String>,
}

/// The ways to sign in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignInOptions {
    /// Provider at which users sign in (OIDC), if one is configured.
    pub oidc: Option<SignInProvider>,
    /// True if there is no user yet: the link that the server printed signs in.
    pub first_run: bool,
    /// True if browsers reach the console over a network without https.
    pub insecure: bool,
    /// URL at which system apps learn who visits them; `null` if none does.
    pub apps_url: Option<String>,
}

/// A request to sign this browser in at the origin of the apps' pages.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// Member `state` of the address to which `/login` of the apps' origin led.
    pub state: String,
}

/// A way to the origin of the apps' pages.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct HandedOver {
    /// Address that signs this browser in there, once and within a minute.
    pub url: String,
}

impl fmt::Debug for HandedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandedOver")
    }
}

/// A provider at which users sign in (OIDC).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignInProvider {
    /// Name for the button.
    pub name: String,
    /// Path that begins the sign-in when the browser opens it.
    pub start: String,
    /// Path that tries the sign-in out when the browser opens it: it shows which role a user gets, and signs nobody in. Needs
    /// the permission `settings.write`.
    pub test: String,
}

/// A request for a link to sign in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewSignInLink {
    /// Name of the user whom the link signs in; the administrator if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// A link that signs in once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SignInLink {
    #[schema(example = "http://127.0.0.1:4401/#setup=…")]
    pub url: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl fmt::Debug for SignInLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInLink").finish_non_exhaustive()
    }
}

/// A change of one's own password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    pub old: String,
    pub new: String,
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange").finish_non_exhaustive()
    }
}
