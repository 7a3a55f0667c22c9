//! Renders apps and their output. Contains no secrets.

use super::super::objects::PackageObject;
use super::super::render::HookView;
use footbridge_engine::{AppEntry, AppStatus, HookEntry, Installation};
use footbridge_model::name::AppName;
use footbridge_model::run::OutputLine;
use footbridge_model::time::Millis;
use serde::Serialize;
use std::sync::Arc;

/// An app: Bolt's members and those of this server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppView<'a> {
    name: &'a AppName,
    display_name: &'a str,
    date_created: Millis,
    /// True if this server starts the app.
    installed: bool,
    running: bool,
    /// State of the app, as one word.
    state: &'static str,
    /// Present if the last start failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
    #[serde(flatten)]
    package: Option<PackageObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hooks: Option<Vec<HookView<'a>>>,
}

#[derive(Debug, Serialize)]
struct FailureView {
    why: String,
    /// Time before which the app is not started again; `null` if the next event or request starts it.
    until: Option<Millis>,
}

impl<'a> AppView<'a> {
    /// Renders an app. Its hooks are given only for the app itself and the administrator, because routes may be secret.
    pub(super) fn of(entry: &'a AppEntry, hooks: Option<&'a [Arc<HookEntry>]>, now: Millis) -> Self {
        let app = &entry.app;
        let condition = entry.status();
        let state = condition.as_str();
        let failure = match condition {
            AppStatus::Failed { why, again_in } => {
                let until = Some(now.plus(again_in)).filter(|_| !again_in.is_zero());
                Some(FailureView { why, until })
            }
            _ => None,
        };
        let package = app.package.as_deref();
        Self {
            name: &app.name,
            display_name: package.map_or(app.name.as_str(), |package| &package.display_name),
            date_created: app.created_at,
            installed: package.is_some(),
            running: entry.is_running(),
            state,
            failure,
            package: package.map(PackageObject::of),
            hooks: hooks.map(|hooks| hooks.iter().map(|hook| HookView::of(hook)).collect()),
        }
    }

    /// Renders an app that was removed.
    pub(super) fn removed(entry: &'a AppEntry, now: Millis) -> Self {
        let stopped = AppStatus::Stopped.as_str();
        Self { running: false, state: stopped, failure: None, ..Self::of(entry, None, now) }
    }
}

/// The result of an installation.
#[derive(Debug, Serialize)]
pub(super) struct InstallationView<'a> {
    #[serde(flatten)]
    app: AppView<'a>,
    replaced: bool,
    warnings: &'a [String],
}

impl<'a> InstallationView<'a> {
    pub(super) fn of(installation: &'a Installation, now: Millis) -> Self {
        let Installation { entry, hooks, replaced, warnings } = installation;
        Self { app: AppView::of(entry, Some(hooks), now), replaced: *replaced, warnings }
    }
}

/// A line of output.
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

/// Lines of output, and the number to continue after.
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
