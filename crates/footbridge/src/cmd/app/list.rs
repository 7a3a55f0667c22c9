//! The commands `footbridge app list|show`.

use std::collections::HashMap;

use footbridge_api::{App, Hook, List};
use serde_json::json;

use super::{
    super::{
        failure::Failure,
        remote::{PageArgs, Session, more, pairs},
    },
    overview::{self, InstalledApps, Overview},
};
use crate::{
    client::Call,
    table::{Table, members, or_dash},
};

/// Members of an app that are shown first.
const FIRST: [&str; 12] = [
    "name",
    "state",
    "failure",
    "next start",
    "version",
    "pid",
    "address",
    "enabled",
    "url",
    "receiver_url",
    "receiver_enabled",
    "miniapp_url",
];

pub(super) fn list(page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let query: Vec<_> = page.query().collect();
    let list: List<App> =
        session.fetch(&Call { path: &["apps"], query: &pairs(&query), ..Call::default() })?;
    let installed = InstalledApps::fetch(session)?;
    let mut hooks: HashMap<String, usize> = HashMap::new();
    for hook in overview::hooks("", session)? {
        *hooks.entry(hook.app).or_default() += 1;
    }
    let overview = |app: App| {
        let count = hooks.get(&app.name).copied().unwrap_or_default();
        installed.overview(app, count)
    };
    let list = List { data: list.data.into_iter().map(overview).collect::<Vec<_>>(), next: list.next };
    Ok(session.print(&list, table))
}

fn table(list: &List<Overview<usize>>) -> String {
    let mut table = Table::new(["NAME", "STATE", "VERSION", "PID", "ADDRESS", "RECEIVER", "HOOKS"]);
    for overview in &list.data {
        table.row([
            overview.app.name.clone(),
            or_dash(overview.state.as_ref()),
            or_dash(overview.version.as_ref()),
            or_dash(overview.pid),
            or_dash(overview.address.as_ref().or(overview.app.url.as_ref())),
            or_dash(overview.app.receiver_url.as_ref()),
            overview.hooks.to_string(),
        ]);
    }
    table.or("no apps yet; install one with `footbridge app install DIR`, or add one that runs elsewhere with `footbridge app add NAME`") + &more(list.next.as_deref())
}

pub(super) fn show(name: &str, session: &Session) -> Result<String, Failure> {
    let app: App = session.fetch(&Call { path: &["apps", name], ..Call::default() })?;
    let hooks = overview::hooks(&app.name, session)?;
    let overview = InstalledApps::fetch(session)?.overview(app, hooks);
    Ok(session.print(&overview, human))
}

fn human(overview: &Overview<Vec<Hook>>) -> String {
    let mut head = json!(overview);
    if let Some(head) = head.as_object_mut() {
        for key in ["installed", "hooks", "failure"] {
            head.remove(key);
        }
        head.extend(overview.failure.iter().flat_map(overview::failure_members));
        match &overview.installed {
            Some(package) => head.extend(overview::package_members(package)),
            None => head.retain(|key, _| !["version", "pid", "address"].contains(&key.as_str())),
        }
    }
    let mut text = members(&head, &FIRST) + "\n" + &overview::hook_table(&overview.hooks).or("no hooks");
    let tables = overview
        .installed
        .iter()
        .flat_map(|package| [overview::router_table(package), overview::function_table(package)]);
    for table in tables.filter(|table| !table.is_empty()) {
        text += "\n";
        text += &table.or("");
    }
    text
}
