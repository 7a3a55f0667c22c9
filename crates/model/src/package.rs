//! What an installed app's `package.json` says, checked.

use crate::hook::{HookOptions, HookType};
use crate::name::{AppName, EventName};
use crate::pattern::Pattern;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Stands for every event in `footbridge.page_events`.
pub const ALL_EVENTS: &str = "*";

/// An app installed from a directory. Kept with the app as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its directory, absolute.
    pub path: String,
    /// `version`
    pub version: String,
    /// `description`, or empty.
    pub description: String,
    /// `bolt.displayName`, or its name.
    pub display_name: String,
    /// `bolt.index`: its first page, a path that begins with `/`.
    pub index: String,
    /// Whether it is a system app of Bolt's: it sees no `BOLT_CHILD_PROC`.
    pub system: bool,
    /// What is run.
    pub program: Program,
    /// How long it may have nothing to do before it is stopped; `None` leaves that to the server.
    pub idle_timeout: Option<IdleTimeout>,
    /// Its routers, by name.
    pub routers: BTreeMap<String, Router>,
    /// Its functions: name to file, a path within its directory.
    pub functions: BTreeMap<String, String>,
    /// Which events its pages may publish as the app: names, or `*` for all.
    #[serde(default)]
    pub page_events: BTreeSet<String>,
    /// `bolt.public`: what is served below `/public/<app>/`: the path there, empty for the folder itself, to a file
    /// or folder within its directory.
    #[serde(default)]
    pub public: BTreeMap<String, String>,
}

/// What runs when an app runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// A Node module that exports a request handler; a path within the app's directory.
    Node(String),
    /// A program that listens on `PORT`, with its arguments; never empty.
    Command(Vec<String>),
    /// Nothing: a module, or an app that is only pages and functions elsewhere. It is run when it has
    /// routers, for their sake.
    Nothing,
}

/// `footbridge.idle_timeout`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdleTimeout {
    /// It is never stopped for having nothing to do.
    Off,
    /// It is stopped after this.
    After(Duration),
}

/// A router: requests under `root` are answered by what `main` exports, as Express mounts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Router {
    /// A file within the app's directory.
    pub main: String,
    /// Where it is mounted: begins with `/`, does not end with one.
    pub root: String,
    /// Routers of one request are asked in this order, then by app and name.
    pub order: i64,
}

impl Package {
    /// Where Bolt mounts it: a system app written for Node sees its requests below `/x/<app>`.
    pub fn mount(&self, app: &AppName) -> Option<String> {
        let mounted = self.system && matches!(self.program, Program::Node(_));
        mounted.then(|| format!("/x/{}", app.as_str()))
    }

    /// Whether it is started at install and at boot: routers answer from the first request on.
    pub fn starts_at_boot(&self) -> bool {
        !self.routers.is_empty()
    }

    /// Whether there is anything to start.
    pub fn can_run(&self) -> bool {
        self.program != Program::Nothing || self.starts_at_boot()
    }

    /// Whether its pages may publish this event as the app.
    pub fn page_may_publish(&self, event: &EventName) -> bool {
        self.pages_act_for_it() || self.page_events.contains(event.as_str())
    }

    /// Whether its pages may do in its name what Bolt lets them do: publish everything, and call routers.
    pub fn pages_act_for_it(&self) -> bool {
        self.page_events.contains(ALL_EVENTS)
    }

    /// Whether it has no server of its own.
    pub fn is_module(&self) -> bool {
        self.program == Program::Nothing
    }
}

/// A `package.json`, read and checked, before anything of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// `name`
    pub name: AppName,
    /// Everything else of the app.
    pub package: Package,
    /// `bolt.hooks`
    pub hooks: Vec<ManifestHook>,
    /// `bolt.private`
    pub private: BTreeSet<EventName>,
    /// What was left out or should be mended, in words.
    pub warnings: Vec<String>,
}

/// A hook of a `package.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestHook {
    /// What it listens for.
    pub pattern: Pattern,
    /// Where its events go; the name of a function for a `function` hook.
    pub route: String,
    /// How the route is read.
    pub kind: HookType,
    /// What it asks for beyond the defaults.
    pub options: HookOptions,
}

/// Why a directory cannot be installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct ManifestError {
    /// Bolt's code for it: 400, 405, 410 or 414 to 419.
    pub code: u16,
    /// What is wrong, where, and what to write instead.
    pub why: String,
}
