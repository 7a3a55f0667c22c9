//! Rules that give a role for a value of a claim.

use crate::error::OidcError;
use footbridge_model::people::RoleName;
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

/// A rule: users whose claim has this value get this role. Written `value = role`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// The value that the claim must have.
    pub value: String,
    /// The role that it gives.
    pub role: RoleName,
}

/// The text is not a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a rule; write the value of the claim and the role, such as \"footbridge-admins = owner\""
)]
pub struct RoleRuleError(String);

impl FromStr for RoleRule {
    type Err = RoleRuleError;

    fn from_str(text: &str) -> Result<Self, RoleRuleError> {
        let wrong = || RoleRuleError(text.to_owned());
        let (value, role) = text.rsplit_once('=').ok_or_else(wrong)?;
        let (value, role) = (value.trim(), role.trim());
        let role = RoleName::parse(role).map_err(|_| wrong())?;
        if value.is_empty() { Err(wrong()) } else { Ok(Self { value: value.to_owned(), role }) }
    }
}

impl fmt::Display for RoleRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.value, self.role)
    }
}

/// Returns the role that the first matching rule gives.
///
/// # Errors
/// [`OidcError::NoRole`]; it names the claims that are there, and none of their values.
pub(crate) fn role(
    rules: &[RoleRule],
    claim: &str,
    claims: &Map<String, Value>,
) -> Result<RoleName, OidcError> {
    let given = claims.get(claim);
    let has = |value: &str| match given {
        Some(Value::String(text)) => text == value,
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str() == Some(value)),
        _ => false,
    };
    let rule = rules.iter().find(|rule| has(&rule.value));
    rule.map(|rule| rule.role.clone()).ok_or_else(|| OidcError::NoRole {
        claim: claim.to_owned(),
        found: match given {
            None => "is missing",
            Some(Value::String(_) | Value::Array(_)) => "has no value that a rule names",
            Some(_) => "is neither a text nor a list of texts",
        },
        seen: claims.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    })
}
