//! Apps and runs as Bolt's objects: in the bodies of events and in answers.

use crate::registry::AppEntry;
use footbridge_model::package::{Package, Program, Router};
use footbridge_model::run::Running;
use serde::Serialize;
use std::collections::BTreeMap;

/// Bolt's app object. Holds no secret.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppObject {
    name: String,
    display_name: String,
    description: String,
    version: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    main: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Vec<String>>,
    index: String,
    system: bool,
    module: bool,
    routers: Vec<RouterObject>,
    /// Name to file.
    functions: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize)]
struct RouterObject {
    name: String,
    main: String,
    root: String,
    order: i64,
}

impl AppObject {
    /// An installed app; `None` for any other.
    pub fn of(entry: &AppEntry) -> Option<Self> {
        let package: &Package = entry.app.package.as_deref()?;
        let (main, command) = match &package.program {
            Program::Node(main) => (Some(main.clone()), None),
            Program::Command(command) => (None, Some(command.clone())),
            Program::Nothing => (None, None),
        };
        Some(Self {
            name: entry.app.name.as_str().to_owned(),
            display_name: package.display_name.clone(),
            description: package.description.clone(),
            version: package.version.clone(),
            path: package.path.clone(),
            main,
            command,
            index: package.index.clone(),
            system: package.system,
            module: package.is_module(),
            routers: package.routers.iter().map(RouterObject::of).collect(),
            functions: package.functions.clone(),
        })
    }
}

impl RouterObject {
    fn of((name, router): (&String, &Router)) -> Self {
        let Router { main, root, order } = router.clone();
        Self { name: name.clone(), main, root, order }
    }
}

/// Bolt's context object: an app and where it runs.
#[derive(Debug, Clone, Serialize)]
pub struct ContextObject {
    name: String,
    path: String,
    app: AppObject,
    protocol: &'static str,
    host: String,
    port: u16,
    pid: u32,
}

impl ContextObject {
    /// A run of an installed app.
    pub fn of(entry: &AppEntry, running: &Running) -> Option<Self> {
        let app = AppObject::of(entry)?;
        Some(Self {
            name: app.name.clone(),
            path: app.path.clone(),
            app,
            protocol: "http",
            host: running.address.ip().to_string(),
            port: running.address.port(),
            pid: running.pid,
        })
    }
}

/// What `app-starting` says, but for the token, which is put in on its way out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Starting<'a> {
    pub(super) app_name: &'a str,
    pub(super) app_port: u16,
    /// Where the server is.
    pub(super) protocol: &'a str,
    pub(super) host: &'a str,
    pub(super) port: String,
}

/// What `app-stopped` says.
#[derive(Debug, Serialize)]
pub(super) struct Stopped {
    #[serde(flatten)]
    pub(super) context: ContextObject,
    pub(super) reason: &'static str,
}

/// What `app-router-loaded` says.
#[derive(Debug, Serialize)]
pub(super) struct RouterLoaded<'a> {
    pub(super) name: &'a str,
    pub(super) app: &'a str,
    pub(super) path: &'a str,
    pub(super) main: &'a str,
    pub(super) root: &'a str,
    pub(super) order: i64,
}
