//! `[runtime]`: apps that the server starts.
//!
//! The existence of the user is checked when the server starts, because the file may be checked on another machine.

use std::{path::PathBuf, time::Duration};

use super::{duration, section::Section};

/// Variables that the server sets for each app.
const SET_BY_SERVER: [&str; 4] = ["PORT", "BOLT_ADDRESS", "BOLT_CHILD_PROC", "FOOTBRIDGE_APP"];

/// Settings of the table `[runtime]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// The base of relative install paths. A relative base starts from the working directory.
    pub dir: PathBuf,
    /// The user that started apps run as. Without it, a server that runs as root starts no apps.
    pub user: Option<String>,
    /// Time limit for a started app to listen.
    pub start_timeout: Duration,
    /// Time without work after which an app is stopped; `None` for never.
    pub idle_timeout: Option<Duration>,
    /// Time limit of one call of a function.
    pub function_timeout: Duration,
    /// Names of variables of the server's environment that started apps get.
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
            dir: table.parse("dir", default.dir, |text| not_empty(text).map(PathBuf::from)),
            user: table.parse_if_set("user", user),
            start_timeout: table.parse("start_timeout", default.start_timeout, timeout),
            idle_timeout: table.parse("idle_timeout", None, duration::parse_or_off),
            function_timeout: table.parse("function_timeout", default.function_timeout, timeout),
            pass_env: table.list("pass_env", variable).unwrap_or_default(),
        }
    }
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn user(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|letter: char| letter.is_whitespace() || ":/\0".contains(letter)) {
        return Err(format!("{text:?} is not a user name; write a user of this machine, such as \"nobody\""));
    }
    Ok(text.to_owned())
}

fn variable(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(['=', '\0']) {
        return Err(format!("{text:?} is not a name of an environment variable"));
    }
    if SET_BY_SERVER.contains(&text) {
        return Err(format!("the server sets {text} for each app; it cannot be passed on"));
    }
    if text.starts_with("FOOTBRIDGE_") {
        return Err(format!("{text} is a setting of the server and may be a secret; it cannot be passed on"));
    }
    Ok(text.to_owned())
}
