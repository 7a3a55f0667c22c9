//! `footbridge app list|show`

use std::collections::HashMap;

use footbridge_api::{App, Hook, List};
use serde_json::{Value, json};

use super::{
    super::{
        failure::Failure,
        remote::{PageArgs, Session, more, pairs},
    },
    overview::{self, Installed},
};
use crate::{
    client::Call,
    table::{Table, cell, first_cell, members},
};

/// Members of an app that come first.
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
    let installed = Installed::ask(session)?;
    let mut hooks: HashMap<String, usize> = HashMap::new();
    for hook in overview::hooks("", session)? {
        *hooks.entry(hook.app).or_default() += 1;
    }
    let whole = |app: &App| {
        let count = hooks.get(&app.name).copied().unwrap_or_default();
        installed.whole(app, json!(count))
    };
    let whole = List { data: list.data.iter().map(whole).collect::<Vec<Value>>(), next: list.next };
    Ok(session.tell(&json!(whole), |_| table(&whole)))
}

fn table(list: &List<Value>) -> String {
    let mut table = Table::new(["NAME", "STATE", "VERSION", "PID", "ADDRESS", "RECEIVER", "HOOKS"]);
    for app in &list.data {
        table.row([
            cell(app, "name"),
            cell(app, "state"),
            cell(app, "version"),
            cell(app, "pid"),
            first_cell(app, &["address", "url"]),
            cell(app, "receiver_url"),
            cell(app, "hooks"),
        ]);
    }
    table.or("no apps yet; install one with `footbridge app install DIR`, or add one that runs elsewhere with `footbridge app add NAME`") + &more(list.next.as_deref())
}

pub(super) fn show(name: &str, session: &Session) -> Result<String, Failure> {
    let app: App = session.fetch(&Call { path: &["apps", name], ..Call::default() })?;
    let hooks = overview::hooks(&app.name, session)?;
    let whole = Installed::ask(session)?.whole(&app, json!(hooks));
    Ok(session.tell(&whole, |whole| human(whole, &hooks)))
}

fn human(app: &Value, hooks: &[Hook]) -> String {
    let mut head = app.clone();
    let mut tables = Vec::new();
    if let Some(head) = head.as_object_mut() {
        let installed = head.remove("installed").unwrap_or_default();
        head.remove("hooks");
        let failure = head.remove("failure").unwrap_or_default();
        head.extend(overview::failed(&failure));
        if installed.is_null() {
            for key in ["version", "pid", "address"] {
                head.remove(key);
            }
        }
        head.extend(overview::told(&installed));
        tables.extend([overview::router_table(&installed), overview::function_table(&installed)]);
    }
    let mut text = members(&head, &FIRST) + "\n" + &overview::hook_table(hooks).or("no hooks");
    for table in tables.iter().filter(|table| !table.is_empty()) {
        text += "\n";
        text += &table.or("");
    }
    text
}
