//! An app and its run as Bolt shows them. No secret is ever among it.

use super::super::render::HookView;
use footbridge_engine::{AppEntry, HookEntry, Installation, LiveApp};
use footbridge_model::name::AppName;
use footbridge_model::package::{Package, Program};
use footbridge_model::run::OutputLine;
use footbridge_model::time::Millis;
use serde::Serialize;
use std::sync::Arc;

/// An app: Bolt's object with what we add.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppView<'a> {
    name: &'a AppName,
    display_name: &'a str,
    date_created: Millis,
    /// Whether this server starts it.
    installed: bool,
    running: bool,
    #[serde(flatten)]
    package: Option<PackageView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hooks: Option<Vec<HookView<'a>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PackageView<'a> {
    path: &'a str,
    version: &'a str,
    description: &'a str,
    index: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    main: Option<&'a str>,
    module: bool,
    system: bool,
    routers: Vec<RouterView<'a>>,
    functions: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct RouterView<'a> {
    name: &'a str,
    main: &'a str,
    root: &'a str,
    order: i64,
}

impl<'a> AppView<'a> {
    /// The app; its hooks are for its own eyes and the administrator's, as their routes may be secret.
    pub(super) fn of(entry: &'a AppEntry, running: bool, hooks: Option<&'a [Arc<HookEntry>]>) -> Self {
        let app = &entry.app;
        let package = app.package.as_deref();
        Self {
            name: &app.name,
            display_name: package.map_or(app.name.as_str(), |package| &package.display_name),
            date_created: app.created_at,
            installed: package.is_some(),
            running,
            package: package.map(PackageView::of),
            hooks: hooks.map(|hooks| hooks.iter().map(|hook| HookView::of(hook)).collect()),
        }
    }
}

impl<'a> PackageView<'a> {
    fn of(package: &'a Package) -> Self {
        let routers = package.routers.iter().map(|(name, router)| RouterView {
            name,
            main: &router.main,
            root: &router.root,
            order: router.order,
        });
        Self {
            path: &package.path,
            version: &package.version,
            description: &package.description,
            index: &package.index,
            main: match &package.program {
                Program::Node(main) => Some(main),
                Program::Command(_) | Program::Nothing => None,
            },
            module: package.is_module(),
            system: package.system,
            routers: routers.collect(),
            functions: package.functions.keys().map(String::as_str).collect(),
        }
    }
}

/// What an installation is answered with.
#[derive(Debug, Serialize)]
pub(super) struct InstallationView<'a> {
    #[serde(flatten)]
    app: AppView<'a>,
    replaced: bool,
    warnings: &'a [String],
}

impl<'a> InstallationView<'a> {
    pub(super) fn of(installation: &'a Installation, running: bool) -> Self {
        let Installation { entry, hooks, replaced, warnings } = installation;
        Self { app: AppView::of(entry, running, Some(hooks)), replaced: *replaced, warnings }
    }
}

/// An app that runs: what Bolt calls a context.
#[derive(Debug, Serialize)]
pub(super) struct Context<'a> {
    name: &'a AppName,
    path: &'a str,
    app: AppView<'a>,
    protocol: &'static str,
    host: String,
    port: u16,
    pid: u32,
}

impl<'a> Context<'a> {
    pub(super) fn of(live: &'a LiveApp, running: bool) -> Self {
        let LiveApp { entry, running: run } = live;
        Self {
            name: &entry.app.name,
            path: entry.app.package.as_deref().map_or("", |package| &package.path),
            app: AppView::of(entry, running, None),
            protocol: "http",
            host: run.address.ip().to_string(),
            port: run.address.port(),
            pid: run.pid,
        }
    }
}

/// A line that an app wrote.
#[derive(Debug, Serialize)]
pub(super) struct LineView<'a> {
    number: u64,
    at: Millis,
    stream: &'static str,
    text: &'a str,
}

impl<'a> From<&'a OutputLine> for LineView<'a> {
    fn from(line: &'a OutputLine) -> Self {
        Self { number: line.number, at: line.at, stream: line.stream.as_str(), text: &line.text }
    }
}

/// Lines, and after which to ask on.
#[derive(Debug, Serialize)]
pub(super) struct LinesView<'a> {
    lines: Vec<LineView<'a>>,
    next: u64,
}

impl<'a> LinesView<'a> {
    pub(super) fn of(lines: &'a [OutputLine], after: u64) -> Self {
        let next = lines.last().map_or(after, |line| line.number);
        Self { lines: lines.iter().map(LineView::from).collect(), next }
    }
}
