//! `[runtime]`: apps that the server starts. Read and checked now, so that a file written for later stays valid.

use std::{path::PathBuf, time::Duration};

use super::{duration, error::DOES_NOTHING_YET, section::Section};

/// `[runtime]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// The base of relative install paths.
    pub dir: PathBuf,
    /// The user started apps run as.
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
        let read = Self {
            dir: table.parse("dir", default.dir.clone(), |text| filled(text).map(PathBuf::from)),
            user: table.parse_if_set("user", filled),
            start_timeout: table.parse("start_timeout", default.start_timeout, timeout),
            idle_timeout: table.parse("idle_timeout", None, duration::parse_or_off),
            function_timeout: table.parse("function_timeout", default.function_timeout, timeout),
            pass_env: table.list("pass_env", variable).unwrap_or_default(),
        };
        let changed = [
            ("dir", read.dir != default.dir),
            ("user", read.user.is_some()),
            ("start_timeout", read.start_timeout != default.start_timeout),
            ("idle_timeout", read.idle_timeout.is_some()),
            ("function_timeout", read.function_timeout != default.function_timeout),
            ("pass_env", !read.pass_env.is_empty()),
        ];
        for (key, _) in changed.iter().filter(|(_, changed)| *changed) {
            table.warn(key, DOES_NOTHING_YET);
        }
        read
    }
}

fn filled(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn variable(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(['=', '\0']) {
        return Err(format!("{text:?} is no name of an environment variable"));
    }
    Ok(text.to_owned())
}
