//! What is told of an app, whether the server starts it or not.

use footbridge_api::{App, Hook, List, ManagedBy};
use serde_json::{Map, Value};

use super::{super::remote::Session, bolt};
use crate::{
    client::Call,
    client_error::ClientError,
    table::{Table, cell, yes_no},
};

/// What the server knows of installed apps.
#[derive(Debug)]
pub(super) struct Installed {
    apps: Vec<Value>,
    live: Vec<Value>,
}

impl Installed {
    /// Asks for all of them.
    pub(super) fn ask(session: &Session) -> Result<Self, ClientError> {
        Ok(Self { apps: session.fetch(&bolt::call(&["apps"], None))?, live: bolt::live(session)? })
    }

    /// An app of the administration API with what is known beyond it.
    pub(super) fn whole(&self, app: &App, hooks: Value) -> Value {
        let name = &app.name;
        let installed = app.managed_by == ManagedBy::Package;
        let known = bolt::named(&self.apps, name);
        let package = known.filter(|_| installed);
        let context = bolt::named(&self.live, name).filter(|_| installed);
        let of = |object: Option<&Value>, key: &str| object.and_then(|it| it.get(key)).cloned();
        // An app is a struct of text and flags, which always serialises.
        let mut whole = serde_json::to_value(app).unwrap_or_default();
        let Some(members) = whole.as_object_mut() else { return whole };
        let mut put =
            |key: &str, value: Option<Value>| members.insert(key.to_owned(), value.unwrap_or_default());
        put("state", of(known, "state"));
        if let Some(failure) = of(known, "failure") {
            put("failure", Some(failure));
        }
        put("version", of(package, "version"));
        put("pid", of(context, "pid"));
        put("address", context.and_then(bolt::address).map(Value::from));
        put("hooks", Some(hooks));
        put("installed", package.cloned());
        whole
    }
}

/// All hooks of an app, or of all apps when it is empty.
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

/// The hooks of one app.
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

/// The routers of an installed app.
pub(super) fn router_table(app: &Value) -> Table {
    let mut table = Table::new(["ROUTER", "ROOT", "FILE", "ORDER"]);
    for router in entries(app, "routers") {
        table.row([name_of(router), cell(router, "root"), cell(router, "main"), cell(router, "order")]);
    }
    table
}

/// The functions of an installed app.
pub(super) fn function_table(app: &Value) -> Table {
    let mut table = Table::new(["FUNCTION"]);
    for function in app.get("functions").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        table.row([function.clone()]);
    }
    table
}

fn entries<'a>(app: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    app.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// What is listed by its name alone, or with more.
fn name_of(entry: &Value) -> String {
    entry.as_str().map_or_else(|| cell(entry, "name"), str::to_owned)
}

/// Whether it answers under `/x/`.
pub(super) fn has_server(app: &Value) -> bool {
    app.get("module").and_then(Value::as_bool) != Some(true)
}

/// Why the last start failed and when the next may come, if it did.
pub(super) fn failed(failure: &Value) -> Vec<(String, Value)> {
    let Some(why) = failure.get("why") else { return Vec::new() };
    let until = failure.get("until").and_then(Value::as_str);
    let next = until.map_or_else(
        || "when an event or a visitor needs it".to_owned(),
        |until| format!("not before {until}"),
    );
    vec![("failure".to_owned(), why.clone()), ("next start".to_owned(), next.into())]
}

/// Only the members of an installed app that say something to people.
pub(super) fn told(app: &Value) -> Map<String, Value> {
    let keys = ["displayName", "description", "path", "index", "system", "module"];
    let told = keys.iter().filter_map(|key| Some((*key, app.get(*key)?)));
    told.filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)) && *value != "")
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
}
