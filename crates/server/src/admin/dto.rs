//! Conversions between the bodies of `footbridge_api` and the engine's types that several handlers share.

use crate::problem::Problem;
use footbridge_api as api;
use footbridge_engine::HookSpec;
use footbridge_model::duration;
use footbridge_model::hook::{
    AnswerRule, BadRoute, HookOptions, HookType, MAX_IN_FLIGHT, Origin, check_path, web_url,
};
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Returns the source that manages a resource of this origin.
pub(super) const fn managed_by(origin: Origin) -> api::ManagedBy {
    match origin {
        Origin::File => api::ManagedBy::File,
        Origin::Api => api::ManagedBy::Api,
        Origin::Package => api::ManagedBy::Package,
    }
}

/// Parses the text of a member.
///
/// # Errors
/// A problem that names the member.
pub(super) fn parse<T, E: fmt::Display>(
    member: &str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Problem> {
    parse(text).map_err(|error| Problem::member(member, format_args!("is wrong: {error}")))
}

/// Parses the text of a member that may be left out.
///
/// # Errors
/// A problem that names the member.
pub(super) fn parse_optional<T, E: fmt::Display>(
    member: &str,
    text: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Problem> {
    text.map(|text| parse(member, text, read)).transpose()
}

/// Parses the name of an app that must exist already.
///
/// # Errors
/// The text cannot be the name of an app.
pub(super) fn existing_app(text: &str) -> Result<AppName, &'static str> {
    AppName::find(text).ok_or("it cannot be the name of an app")
}

/// Parses the name of an app, or `bolt`.
///
/// # Errors
/// The text is not the name of an app.
pub(super) fn any_app(text: &str) -> Result<AppName, &'static str> {
    AppName::any(text).ok_or("it is not the name of an app")
}

/// Checks the member `in_flight`.
///
/// # Errors
/// The number is out of range.
pub(super) fn in_flight(path: &str, number: Option<u8>) -> Result<Option<u8>, Problem> {
    if number.is_some_and(|number| !(1..=MAX_IN_FLIGHT).contains(&number)) {
        let member = format!("{path}in_flight");
        return Err(Problem::member(&member, format_args!("must be 1 to {MAX_IN_FLIGHT}")));
    }
    Ok(number)
}

/// A requested hook, without its owner.
#[derive(Debug)]
pub(super) struct HookRequest {
    pattern: Pattern,
    route: String,
    pub(super) kind: HookType,
    options: HookOptions,
}

impl HookRequest {
    /// Creates the request of a `server` hook with default options.
    pub(super) fn server(pattern: Pattern, route: String) -> Self {
        Self { pattern, route, kind: HookType::Server, options: HookOptions::default() }
    }

    /// Reads the members of a hook. `path` precedes their names in messages, such as `hooks.x.`.
    ///
    /// # Errors
    /// A problem that names the member.
    pub(super) fn new(path: &str, pattern: Pattern, target: api::HookTarget) -> Result<Self, Problem> {
        let api::HookTarget { route, kind, answer, in_flight: number, ordered } = target;
        let member = |name: &str| format!("{path}{name}");
        let mut request = Self::server(pattern, route);
        request.kind =
            parse_optional(&member("type"), kind.as_deref(), HookType::from_str)?.unwrap_or_default();
        request.options.answer =
            parse_optional(&member("answer"), answer.as_deref(), AnswerRule::from_str)?.unwrap_or_default();
        request.options.ordered = ordered.unwrap_or_default();
        request.options.in_flight = in_flight(path, number)?.unwrap_or(request.options.in_flight);
        Ok(request)
    }

    /// Checks that the route fits the type. The engine checks the rest.
    ///
    /// # Errors
    /// [`BadRoute`]
    pub(super) fn check(&self) -> Result<(), BadRoute> {
        match self.kind {
            HookType::Web => web_url(&self.route).map(drop),
            kind => check_path(kind, &self.route),
        }
    }

    /// Returns the hook as one of this app.
    pub(super) fn into_spec(self, app: AppName) -> HookSpec {
        HookSpec { app, pattern: self.pattern, route: self.route, kind: self.kind, options: self.options }
    }
}

/// Returns a duration in words that are as exact as a person needs.
pub(super) fn rough(span: Duration) -> String {
    let seconds = span.as_secs();
    let unit = match seconds {
        0..60 => 1,
        60..3600 => 60,
        3600..86_400 => 3600,
        _ => 86_400,
    };
    duration::print(Duration::from_secs(seconds / unit * unit))
}
