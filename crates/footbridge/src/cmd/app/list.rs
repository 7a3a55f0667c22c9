//! `footbridge app list|show`

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    super::{
        failure::Failure,
        remote::{PageArgs, Session, more, rows},
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
    let limit = page.limit.map(|limit| limit.to_string());
    let query = [("limit", limit.as_deref()), ("cursor", page.cursor.as_deref())];
    let mut list = session.fetch(&Call { path: &["apps"], query: &query, ..Call::default() })?;
    let installed = Installed::ask(session)?;
    let mut hooks: HashMap<String, usize> = HashMap::new();
    for hook in overview::hooks("", session)? {
        *hooks.entry(cell(&hook, "app")).or_default() += 1;
    }
    for app in list.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten() {
        let count = hooks.get(&cell(app, "name")).copied().unwrap_or_default();
        installed.add_to(app, json!(count));
    }
    Ok(session.tell(&list, table))
}

fn table(list: &Value) -> String {
    let mut table = Table::new(["NAME", "STATE", "VERSION", "PID", "ADDRESS", "RECEIVER", "HOOKS"]);
    for app in rows(list) {
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
    table.or("no apps yet; install one with `footbridge app install DIR`, or add one that runs elsewhere with `footbridge app add NAME`") + &more(list)
}

pub(super) fn show(name: &str, session: &Session) -> Result<String, Failure> {
    let mut app = session.fetch(&Call { path: &["apps", name], ..Call::default() })?;
    let hooks = overview::hooks(&cell(&app, "name"), session)?;
    Installed::ask(session)?.add_to(&mut app, json!(hooks));
    Ok(session.tell(&app, |app| human(app, &hooks)))
}

fn human(app: &Value, hooks: &[Value]) -> String {
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
