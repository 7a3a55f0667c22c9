//! `[runtime]`: apps that the server starts.
//!
//! Whether there is such a user is asked when the server starts: the file may be checked on another machine.

use std::{path::PathBuf, time::Duration};

use super::{duration, section::Section};

/// Variables that mean something else in each app.
const OURS: [&str; 4] = ["PORT", "BOLT_ADDRESS", "BOLT_CHILD_PROC", "FOOTBRIDGE_APP"];

/// `[runtime]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// The base of relative install paths; itself relative to the working directory.
    pub dir: PathBuf,
    /// The user started apps run as; without one, a server run as root starts none.
    pub user: Option<String>,
    /// How long a started app may take to listen.
    pub start_timeout: Duration,
    /// After how long without work an app is stopped; none for never.
    pub idle_timeout: Option<Duration>,
    /// How long one call of a function may take.
    pub function_timeout: Duration,
    /// Names of variables that started apps get from the server's environment.
    pub pass_env: Vec<String>,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("apps"),
            user: None,
            start_timeout: Duration::from_secs(20),
            idle_timeout: None,
            function_timeout: Duration::from_secs(5),
            pass_env: Vec::new(),
        }
    }
}

impl RuntimeConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let table = top.table("runtime");
        let default = Self::default();
        let timeout =
            |text: &str| duration::parse_within(text, Duration::from_millis(1), Duration::from_hours(1));
        Self {
            dir: table.parse("dir", default.dir, |text| filled(text).map(PathBuf::from)),
            user: table.parse_if_set("user", user),
            start_timeout: table.parse("start_timeout", default.start_timeout, timeout),
            idle_timeout: table.parse("idle_timeout", None, duration::parse_or_off),
            function_timeout: table.parse("function_timeout", default.function_timeout, timeout),
            pass_env: table.list("pass_env", variable).unwrap_or_default(),
        }
    }
}

fn filled(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn user(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|letter: char| letter.is_whitespace() || ":/\0".contains(letter)) {
        return Err(format!("{text:?} is no user name; write one of this machine, such as \"nobody\""));
    }
    Ok(text.to_owned())
}

fn variable(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(['=', '\0']) {
        return Err(format!("{text:?} is no name of an environment variable"));
    }
    if OURS.contains(&text) {
        return Err(format!("{text} is set by the server for each app; it cannot be passed on"));
    }
    if text.starts_with("FOOTBRIDGE_") {
        return Err(format!("{text} is the server's own setting and may be a secret; it is not passed on"));
    }
    Ok(text.to_owned())
}
