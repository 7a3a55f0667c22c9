//! Which deliveries a filter picks, as a condition on `deliveries d`.

use crate::column::{key, status_code};
use footbridge_journal::DeliveryFilter;
use footbridge_model::delivery::DeliveryStatus;

/// A condition, and the app it names if it does. Numbers stand in the text, so that the planner sees
/// that a partial index fits.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) sql: String,
    pub(crate) app: Option<String>,
}

impl Picked {
    /// What `filter` picks among those with `status`.
    pub(crate) fn of(filter: &DeliveryFilter, status: Option<DeliveryStatus>) -> Self {
        let mut terms = vec!["1".to_owned()];
        if let Some(event) = filter.event {
            let event = key(event.number());
            // Their ids follow the event's: no index is needed.
            terms.push(format!(
                "d.id > {event} AND d.id <= {event} + (SELECT e.deliveries FROM events e WHERE e.id = {event})"
            ));
        }
        if let Some(hook) = filter.hook {
            terms.push(format!("d.hook_id = {}", key(hook.number())));
        }
        if let Some(status) = status {
            terms.push(format!("d.status = {}", status_code(status)));
        }
        if filter.app.is_some() {
            terms.push("d.hook_id IN (SELECT a.id FROM hooks a WHERE a.app = ?1)".to_owned());
        }
        Self { sql: terms.join(" AND "), app: filter.app.as_ref().map(|app| app.key().to_owned()) }
    }
}
