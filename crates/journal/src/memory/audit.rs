//! The audit log of a store in memory.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use super::state::State;
use crate::{AuditFilter, AuditLog, FoundAudit, Page, Wait};
use footbridge_model::audit::AuditEntry;
use footbridge_model::id::number_at;
use footbridge_model::time::Millis;

impl AuditLog for MemoryJournal {
    fn audit(&self, entries: Vec<AuditEntry>) -> Wait<()> {
        self.call(CallKind::Audit, move |state, _| {
            state.add_audit(entries);
            Ok(())
        })
    }

    fn audit_entries(&self, filter: AuditFilter, page: Page) -> Wait<FoundAudit> {
        self.call(CallKind::Read, move |state, _| Ok(state.find_audit(&filter, page)))
    }
}

impl State {
    pub(super) fn add_audit(&mut self, entries: Vec<AuditEntry>) {
        for entry in entries {
            self.saw(entry.id.number());
            self.audit.insert(entry.id, entry);
        }
    }

    fn find_audit(&self, filter: &AuditFilter, page: Page) -> FoundAudit {
        let mut found = FoundAudit::default();
        for entry in self.audit.values().rev().filter(|entry| page.shows(entry.id.number())) {
            found.looked += 1;
            if filter.picks(entry) {
                found.entries.push(entry.clone());
            }
            if found.entries.len() >= page.size() {
                break;
            }
        }
        found
    }

    pub(super) fn prune_audit(&mut self, before: Millis) {
        self.audit.retain(|id, _| id.number() >= number_at(before));
    }
}
