//! Which deliveries a filter picks, as a condition on `deliveries d`.

use crate::column::{key, status_code};
use footbridge_journal::DeliveryFilter;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{EventId, number_at};

/// A condition, and the texts it names. Numbers stand in the condition, so that the planner sees that a
/// partial index fits.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) params: Vec<String>,
}

impl Condition {
    /// What `filter` picks.
    pub(crate) fn of(filter: &DeliveryFilter) -> Self {
        let mut whole = Self::by_columns(filter);
        let rest = std::iter::once(by_id(filter)).chain(filter.status.map(with_status));
        for term in rest {
            whole.sql = format!("{term} AND {}", whole.sql);
        }
        whole
    }

    /// The part of it that no id and no status decides.
    pub(crate) fn by_columns(filter: &DeliveryFilter) -> Self {
        let mut terms = vec!["1".to_owned()];
        let mut params = Vec::new();
        if let Some(hook) = filter.hook {
            terms.push(format!("d.hook_id = {}", key(hook.number())));
        }
        if let Some(code) = filter.code {
            terms.push(format!("d.last_status = {code}"));
        }
        if let Some(app) = &filter.app {
            params.push(app.key().to_owned());
            terms.push(format!("d.hook_id IN (SELECT a.id FROM hooks a WHERE a.app = ?{})", params.len()));
        }
        if let Some(name) = &filter.name {
            params.push(name.clone());
            let number = params.len();
            terms.push(format!(
                "EXISTS (SELECT 1 FROM events e WHERE e.id = d.event_id AND e.name = ?{number})"
            ));
        }
        Self { sql: terms.join(" AND "), params }
    }
}

/// The part of a filter that ids decide.
pub(crate) fn by_id(filter: &DeliveryFilter) -> String {
    let mut terms = vec!["1".to_owned()];
    terms.extend(filter.event.map(of_event));
    terms.extend(filter.since.map(|since| format!("d.id >= {}", key(number_at(since)))));
    terms.extend(filter.until.map(|until| format!("d.id < {}", key(number_at(until)))));
    terms.join(" AND ")
}

/// The ids of an event's deliveries follow its own, so that no index is needed; those of replays do not.
fn of_event(event: EventId) -> String {
    let event = key(event.number());
    format!(
        "d.id IN (SELECT f.id FROM deliveries f WHERE f.id > {event}
                      AND f.id <= {event} + (SELECT e.deliveries FROM events e WHERE e.id = {event})
                  UNION ALL SELECT r.id FROM replays r WHERE r.event_id = {event})"
    )
}

/// Those with a status.
pub(crate) fn with_status(status: DeliveryStatus) -> String {
    format!("d.status = {}", status_code(status))
}
