//! An app with everything that the server knows about it, whether the server starts it or not.

use footbridge_api::{App, BoltApp, BoltContext, Hook, List, ManagedBy, StartFailure};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{super::remote::Session, bolt};
use crate::{
    client::{Call, error::ClientError},
    table::{Table, yes_no},
};

/// Installed apps and running apps.
#[derive(Debug)]
pub(super) struct InstalledApps {
    apps: Vec<BoltApp>,
    running: Vec<BoltContext>,
}

/// An app of the administration API, with its package and its run if it is an installed app.
#[derive(Debug, Serialize)]
pub(super) struct Overview<H> {
    #[serde(flatten)]
    pub(super) app: App,
    pub(super) state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<StartFailure>,
    pub(super) version: Option<String>,
    pub(super) pid: Option<u32>,
    pub(super) address: Option<String>,
    /// The number of hooks, or the hooks.
    pub(super) hooks: H,
    pub(super) installed: Option<BoltApp>,
}

impl InstalledApps {
    /// Reads the lists of installed and of running apps from the server.
    pub(super) fn fetch(session: &Session) -> Result<Self, ClientError> {
        Ok(Self { apps: session.fetch(&bolt::call(&["apps"], None))?, running: bolt::running(session)? })
    }

    /// Joins what is known about an app.
    pub(super) fn overview<H>(&self, app: App, hooks: H) -> Overview<H> {
        let is_installed = app.managed_by == ManagedBy::Package;
        let known = self.apps.iter().find(|known| known.name.eq_ignore_ascii_case(&app.name));
        let package = known.filter(|_| is_installed);
        let context = running(&self.running, &app.name).filter(|_| is_installed);
        Overview {
            state: known.and_then(|known| known.state.clone()),
            failure: known.and_then(|known| known.failure.clone()),
            version: package.and_then(|package| package.version.clone()),
            pid: context.and_then(|context| context.pid),
            address: context.and_then(bolt::address),
            hooks,
            installed: package.cloned(),
            app,
        }
    }
}

/// Returns the run of an app.
pub(super) fn running<'a>(list: &'a [BoltContext], name: &str) -> Option<&'a BoltContext> {
    list.iter().find(|context| context.name.eq_ignore_ascii_case(name))
}

/// Returns all hooks of an app, or of all apps if `app` is empty.
pub(super) fn hooks(app: &str, session: &Session) -> Result<Vec<Hook>, ClientError> {
    let app = Some(app).filter(|app| !app.is_empty());
    let (mut hooks, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let query = [("app", app), ("limit", Some("250")), ("cursor", cursor.as_deref())];
        let page: List<Hook> = session.fetch(&Call { path: &["hooks"], query: &query, ..Call::default() })?;
        hooks.extend(page.data);
        match page.next {
            Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
            _ => return Ok(hooks),
        }
    }
}

/// Returns a table of one app's hooks.
pub(super) fn hook_table(hooks: &[Hook]) -> Table {
    let mut table = Table::new(["HOOK", "TYPE", "ROUTE", "TRANSIENT", "ENABLED"]);
    for hook in hooks {
        table.row([
            hook.pattern(),
            hook.kind.clone(),
            hook.route.clone(),
            yes_no(hook.transient),
            yes_no(hook.enabled),
        ]);
    }
    table
}

/// Returns a table of an installed app's routers.
pub(super) fn router_table(app: &BoltApp) -> Table {
    let mut table = Table::new(["ROUTER", "ROOT", "FILE", "ORDER"]);
    for router in app.routers.iter().flatten().cloned() {
        table.row([router.name, router.root, router.main, router.order.to_string()]);
    }
    table
}

/// Returns a table of an installed app's functions.
pub(super) fn function_table(app: &BoltApp) -> Table {
    let mut table = Table::new(["FUNCTION"]);
    for function in app.functions.iter().flatten() {
        table.row([function.0.clone()]);
    }
    table
}

/// Returns true if visitors reach the app below `/x/`.
pub(super) fn has_pages(app: &BoltApp) -> bool {
    app.module != Some(true)
}

/// Returns the failure of the last start, and when the next start may come, as members of the app.
pub(super) fn failure_members(failure: &StartFailure) -> [(String, Value); 2] {
    let next = failure.until.as_ref().map_or_else(
        || "when an event or a visitor needs it".to_owned(),
        |until| format!("not before {until}"),
    );
    [("failure".to_owned(), failure.why.clone().into()), ("next start".to_owned(), next.into())]
}

/// Returns the members of an installed app that are shown to people.
pub(super) fn package_members(app: &BoltApp) -> Map<String, Value> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(Value::from);
    let flag = |flag: Option<bool>| flag.filter(|flag| *flag).map(Value::from);
    let members = [
        ("displayName", text(&app.display_name)),
        ("description", text(&app.description)),
        ("path", text(&app.path)),
        ("index", text(&app.index)),
        ("system", flag(app.system)),
        ("module", flag(app.module)),
    ];
    members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}
