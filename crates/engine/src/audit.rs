//! Entries of the audit log, and the members that they name.

use footbridge_model::audit::{Actor, AuditEntry, AuditObject};
use footbridge_model::id::{AuditId, IdSource, nth};
use footbridge_model::time::Millis;
use serde_json::{Map, Value};

/// The members of an object.
pub(crate) type Members = Map<String, Value>;

/// An entry without its id and actor.
pub(crate) struct Act {
    pub(crate) action: &'static str,
    pub(crate) object: AuditObject,
    pub(crate) before: Option<Members>,
    pub(crate) after: Option<Members>,
    pub(crate) note: Option<String>,
}

/// Makes the entries of acts that one actor does together.
pub(crate) fn entries(ids: &IdSource, now: Millis, by: &Actor, acts: Vec<Act>) -> Vec<AuditEntry> {
    if acts.is_empty() {
        return Vec::new();
    }
    let first = ids.block(now, acts.len() as u64);
    let text = |members: Option<Members>| members.map(|members| Value::Object(members).to_string());
    let entry = |(place, act): (u64, Act)| AuditEntry {
        id: AuditId::from_number(nth(first, place)),
        who: by.clone(),
        action: act.action.to_owned(),
        object: act.object,
        before: text(act.before),
        after: text(act.after),
        note: act.note,
    };
    (0..).zip(acts).map(entry).collect()
}

/// The act that makes an object.
pub(crate) fn created(action: &'static str, object: AuditObject, members: Members) -> Act {
    Act { action, object, before: None, after: Some(members), note: None }
}

/// The act that deletes an object.
pub(crate) fn deleted(action: &'static str, object: AuditObject, members: Members) -> Act {
    Act { action, object, before: Some(members), after: None, note: None }
}

/// The action of an update: one of its own if nothing but `enabled` has changed.
pub(crate) fn updated(
    old: &Members,
    [enable, disable, update]: [&'static str; 3],
    enabled: bool,
) -> &'static str {
    match (old.len() == 1 && old.contains_key("enabled"), enabled) {
        (false, _) => update,
        (true, true) => enable,
        (true, false) => disable,
    }
}

/// The members of the two that differ.
pub(crate) fn changed_members(mut old: Members, mut new: Members) -> (Members, Members) {
    let same: Vec<String> = old
        .iter()
        .filter(|(name, value)| new.get(*name) == Some(*value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in same {
        old.remove(&name);
        new.remove(&name);
    }
    (old, new)
}

/// Collects the members of an object that `json!` made.
pub(crate) fn members(value: Value) -> Members {
    match value {
        Value::Object(members) => members,
        _ => Members::new(),
    }
}
