//! The port of the audit log.

use crate::{Page, Wait};
use footbridge_model::audit::{ActorKind, AuditEntry};
use footbridge_model::id::made_at;
use footbridge_model::time::Millis;

/// Selects entries of the audit log. All that is set must match.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only of actors of this kind.
    pub kind: Option<ActorKind>,
    /// Only of actors with this name.
    pub who: Option<String>,
    /// Only acts of this name, or that begin with it if it ends with `*`.
    pub action: Option<String>,
    /// Only of objects of this kind.
    pub object_kind: Option<String>,
    /// Only of objects with this name or id.
    pub object_id: Option<String>,
    /// Only entries that contain this text anywhere, in upper or lower case.
    pub text: Option<String>,
    /// Only entries made at or after this time.
    pub since: Option<Millis>,
    /// Only entries made before this time.
    pub until: Option<Millis>,
}

/// Entries of the audit log, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundAudit {
    /// The entries that match.
    pub entries: Vec<AuditEntry>,
    /// The number of entries that were read for it.
    pub looked: u64,
    /// The search stopped at this number, because it had read enough: older entries may match. `None` when all were
    /// searched or the page is full.
    pub stopped_at: Option<u64>,
}

/// Stores who changed what.
///
/// A change that is worth an entry hands it to the method that makes the change, which stores both in one transaction:
/// a change that fails leaves no entry.
pub trait AuditLog: Send + Sync {
    /// Stores entries of acts that change nothing in the store.
    fn audit(&self, entries: Vec<AuditEntry>) -> Wait<()>;

    /// Returns entries, newest first. Searches a bounded part of the log.
    fn audit_entries(&self, filter: AuditFilter, page: Page) -> Wait<FoundAudit>;
}

impl AuditFilter {
    /// Returns true if the filter selects this entry.
    pub fn picks(&self, entry: &AuditEntry) -> bool {
        let AuditFilter { kind, who, action, object_kind, object_id, text, since, until } = self;
        let at = made_at(entry.id.number());
        kind.is_none_or(|kind| entry.who.kind == kind)
            && is_set(who.as_deref(), |who| entry.who.name == who)
            && is_set(action.as_deref(), |action| match action.strip_suffix('*') {
                Some(begin) => entry.action.starts_with(begin),
                None => entry.action == action,
            })
            && is_set(object_kind.as_deref(), |kind| entry.object.kind == kind)
            && is_set(object_id.as_deref(), |id| entry.object.id == id)
            && is_set(text.as_deref(), |text| contains(entry, text))
            && since.is_none_or(|since| at >= since)
            && until.is_none_or(|until| at < until)
    }
}

fn is_set(wanted: Option<&str>, matches: impl FnOnce(&str) -> bool) -> bool {
    wanted.is_none_or(matches)
}

/// Returns true if some text of an entry contains `text`, in upper or lower case.
fn contains(entry: &AuditEntry, text: &str) -> bool {
    let text = text.to_lowercase();
    let AuditEntry { id: _, who, action, object, before, after, note } = entry;
    let optional = [before, after, note].into_iter().filter_map(Option::as_deref);
    let mut all = [&*who.name, &**action, &*object.kind, &*object.id].into_iter().chain(optional);
    all.any(|one| one.to_lowercase().contains(&text))
}
