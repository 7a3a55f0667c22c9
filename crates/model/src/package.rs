//! The contents of an app's `package.json`, checked.

use crate::hook::{HookOptions, HookType};
use crate::name::{AppName, EventName};
use crate::pattern::Pattern;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The entry of `footbridge.page_events` that stands for every event.
pub const ALL_EVENTS: &str = "*";

/// The package of an installed app. Stored with the app as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The absolute path of the app's directory.
    pub path: String,
    /// `version` of the `package.json`.
    pub version: String,
    /// `description` of the `package.json`, or empty.
    pub description: String,
    /// `bolt.displayName`, or the name of the app.
    pub display_name: String,
    /// `bolt.index`: the path of the first page; begins with `/`.
    pub index: String,
    /// True for a system app of Bolt: its environment has no `BOLT_CHILD_PROC`.
    pub system: bool,
    /// The program of the app.
    pub program: Program,
    /// The idle timeout; `None` for the server's default.
    pub idle_timeout: Option<IdleTimeout>,
    /// The routers, by name.
    pub routers: BTreeMap<String, Router>,
    /// The file of each function, by name; a path within the directory.
    pub functions: BTreeMap<String, String>,
    /// The events that pages may publish as the app: names, or `*` for all.
    #[serde(default)]
    pub page_events: BTreeSet<String>,
    /// `bolt.public`: the files that are served below `/public/<app>/`. Maps a path there (empty for the folder itself) to
    /// a file or folder within the directory.
    #[serde(default)]
    pub public: BTreeMap<String, String>,
}

/// The program of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// A Node module that exports a request handler: a path within the app's directory.
    Node(String),
    /// A program that listens on `PORT`, with its arguments. Never empty.
    Command(Vec<String>),
    /// None: a module, or an app that has only pages and functions. Such an app runs if it has routers.
    Nothing,
}

/// The value of `footbridge.idle_timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdleTimeout {
    /// The app is never stopped for being idle.
    Off,
    /// The app is stopped after this time.
    After(Duration),
}

/// A router: the module `main` answers the requests below `root`, as mounted by Express.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Router {
    /// The file of the module, a path within the app's directory.
    pub main: String,
    /// The path at which it is mounted: begins with `/` and does not end with one.
    pub root: String,
    /// Routers with a lower order are asked first; equal ones by app and name.
    pub order: i64,
}

impl Package {
    /// The prefix in the requests that the app sees: `/x/<app>` for a system app written for Node, else none.
    pub fn mount(&self, app: &AppName) -> Option<String> {
        let mounted = self.system && matches!(self.program, Program::Node(_));
        mounted.then(|| format!("/x/{}", app.as_str()))
    }

    /// Returns true if the app is started at install and at boot, because its routers must answer the first request.
    pub fn starts_at_boot(&self) -> bool {
        !self.routers.is_empty()
    }

    /// Returns true if the app has a program or routers.
    pub fn can_run(&self) -> bool {
        self.program != Program::Nothing || self.starts_at_boot()
    }

    /// Returns true if pages may publish this event as the app.
    pub fn page_may_publish(&self, event: &EventName) -> bool {
        self.pages_act_for_it() || self.page_events.contains(event.as_str())
    }

    /// Returns true if pages have the rights of the app, as in Bolt: they may publish every event and call routers.
    pub fn pages_act_for_it(&self) -> bool {
        self.page_events.contains(ALL_EVENTS)
    }

    /// Returns true if the app has no program.
    pub fn is_module(&self) -> bool {
        self.program == Program::Nothing
    }
}

/// A `package.json` that was read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The name of the app.
    pub name: AppName,
    /// The package to store with the app.
    pub package: Package,
    /// The hooks in `bolt.hooks`.
    pub hooks: Vec<ManifestHook>,
    /// The events in `bolt.private`.
    pub private: BTreeSet<EventName>,
    /// Things that were left out or should be corrected, in words.
    pub warnings: Vec<String>,
}

/// A hook of a `package.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestHook {
    /// The events to receive.
    pub pattern: Pattern,
    /// The path or URL that receives the events; the name of a function for a `function` hook.
    pub route: String,
    /// The type, which determines how the route is read.
    pub kind: HookType,
    /// Answer rule, number in flight and order.
    pub options: HookOptions,
}

/// The kind of problem with a directory that is to be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestProblem {
    /// The path of the directory is missing, or there is no such directory.
    NoDirectory,
    /// The package has no name.
    NoName,
    /// The name of the package is not a valid app name.
    BadName,
    /// The package was made for a version of Bolt that is not supported.
    UnsupportedTarget,
    /// Anything else in the `package.json`.
    BadPackage,
}

/// The reason why a directory cannot be installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct ManifestError {
    /// The kind of problem.
    pub problem: ManifestProblem,
    /// What is wrong, where, and what to write instead.
    pub why: String,
}
