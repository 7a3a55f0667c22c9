//! Bolt's objects about installed apps, as `/api/apps*` sends them.
//!
//! Members that an answer may leave out are optional: one object describes apps that the server starts and apps that
//! run elsewhere.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An app. Members from `path` on are set only for an app that was installed from a directory.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = InstalledApp)]
pub struct BoltApp {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub date_created: Option<String>,
    /// True if the server starts the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// `starting`, `running`, `stopping`, `stopped`, `failed`, `disabled`; `-` if the app has nothing to run; `elsewhere` if
    /// this server neither starts nor stops it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The failure of the last start, until a start succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<StartFailure>,
    /// The directory that the app was installed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The file that Node runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    /// The program and its arguments, instead of `main`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// True if the app serves other apps and has no pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routers: Option<Vec<BoltRouter>>,
    /// The file of each function, by the function's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<BTreeMap<String, String>>,
    /// The app's hooks; only in an answer to the app or to the administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<Vec<BoltHook>>,
}

/// The failure of an app's last start.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AppFailure)]
pub struct StartFailure {
    /// The reason, as a text for people.
    pub why: String,
    /// The earliest time of the next start; `null` if the next event or request starts the app.
    #[schema(format = DateTime)]
    pub until: Option<String>,
}

/// A router of an installed app.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AppRouter)]
pub struct BoltRouter {
    pub name: String,
    /// The file with the router's code.
    pub main: String,
    /// The path below which the router answers.
    pub root: String,
    pub order: i64,
}

/// A hook as its app sees it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AppHook)]
pub struct BoltHook {
    pub id: String,
    pub publisher: String,
    pub event: String,
    pub route: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub transient: bool,
}

/// A running app and its address. Bolt calls it a context.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AppContext)]
pub struct BoltContext {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<BoltApp>,
    /// The scheme of its URL; `http` if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port that it listens on; left out if it has no server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

/// The answer to an installation.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AppInstalled)]
pub struct Installed {
    #[serde(flatten)]
    pub app: BoltApp,
    /// True if the app was installed before.
    pub replaced: bool,
    /// Texts about parts of the package that are valid but probably a mistake.
    pub warnings: Vec<String>,
}

/// A request to install the app of a directory.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = AppInstallation)]
pub struct Install {
    /// Directory on the server with a `package.json`. A relative path is below `[runtime] dir`.
    pub path: String,
    /// True if an app that is installed already is to be replaced.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
}

/// A request that names an app.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = AppNamed)]
pub struct NamedApp {
    pub name: String,
}

/// A line of an app's output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AppLine)]
pub struct LogLine {
    /// The number of the line, counted from 1 over all runs of the app.
    pub number: u64,
    #[schema(format = DateTime)]
    pub at: String,
    /// `out`, `err`, or `server` for what the server reports about the app.
    pub stream: String,
    pub text: String,
}

/// A page of an app's output.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AppLines)]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    /// The number to send as `after` for the next page.
    pub next: u64,
}
