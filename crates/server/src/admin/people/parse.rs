//! Conversions of bodies about people that several handlers share.

use super::super::AdminState;
use super::super::dto::parse;
use crate::problem::Problem;
use footbridge_model::name::AppName;
use footbridge_model::people::{RoleName, UserName};
use footbridge_model::permission::{Permission, Permissions};
use std::collections::BTreeSet;

pub(super) fn user_name(text: &str) -> Result<UserName, Problem> {
    parse("name", text, UserName::parse)
}

/// Reads the name of a role from a member.
///
/// # Errors
/// A problem that names the member.
pub(super) fn role_name(member: &str, text: &str) -> Result<RoleName, Problem> {
    parse(member, text, RoleName::parse)
}

/// Reads a list of permissions.
///
/// # Errors
/// A problem that names the wrong word.
pub(super) fn permissions(words: &[String]) -> Result<Permissions, Problem> {
    let read = |word: &String| parse("permissions", word, str::parse::<Permission>);
    words.iter().map(read).collect()
}

/// Reads the apps that a role or a token is limited to.
///
/// # Errors
/// The list is empty, or names an app that does not exist.
pub(super) fn apps(shared: &AdminState, names: &[String]) -> Result<BTreeSet<AppName>, Problem> {
    if names.is_empty() {
        return Err(Problem::member("apps", "must name an app; leave it out for all apps"));
    }
    let read = |name: &String| {
        let app = AppName::find(name).filter(|app| shared.engine.app(app).is_ok());
        app.ok_or_else(|| Problem::member("apps", format_args!("names `{name}`, which does not exist")))
    };
    names.iter().map(read).collect()
}

pub(super) fn words(permissions: Permissions) -> Vec<String> {
    permissions.iter().map(|permission| permission.as_str().to_owned()).collect()
}

pub(super) fn app_words(apps: Option<&BTreeSet<AppName>>) -> Option<Vec<String>> {
    apps.map(|apps| apps.iter().map(ToString::to_string).collect())
}
