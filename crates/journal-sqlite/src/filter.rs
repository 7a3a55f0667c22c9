//! Filters of deliveries as conditions on `deliveries d`.

use crate::column::{key, status_code};
use footbridge_journal::DeliveryFilter;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{SEQUENCE_BITS, TIME_SHIFT, number_at};

/// The bits of an id that count within a millisecond.
const SEQUENCE: i64 = (1 << SEQUENCE_BITS) - 1;

/// A condition and its text parameters. Numbers are written into the condition, so that the query planner sees that a
/// partial index fits.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) params: Vec<String>,
}

impl Condition {
    /// The part of the condition that depends neither on ids nor on the status.
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

/// The part of a filter that depends on ids.
pub(crate) fn by_id(filter: &DeliveryFilter) -> String {
    let mut terms = vec!["1".to_owned()];
    terms.extend(filter.event.map(|event| of_event(&key(event.number()).to_string())));
    terms.extend(filter.since.map(|since| format!("d.id >= {}", key(number_at(since)))));
    terms.extend(filter.until.map(|until| format!("d.id < {}", key(number_at(until)))));
    terms.join(" AND ")
}

/// Selects the deliveries of an event, given its key or a parameter. They lie between its id and the last of the ids after
/// it, so that no index is needed. Replays are found by their table.
pub(crate) fn of_event(event: &str) -> String {
    // A CROSS JOIN reads the event first, whose number of deliveries ends the range. The end is the same as
    // `footbridge_model::id::nth`.
    let (base, sequence) = (format!("({event} & ~{SEQUENCE})"), format!("({event} & {SEQUENCE})"));
    format!(
        "d.id IN (SELECT f.id FROM events e CROSS JOIN deliveries f WHERE e.id = {event} AND f.event_id = {event} AND f.id > {event}
                      AND f.id <= {base} + ((({sequence} + e.deliveries) >> {SEQUENCE_BITS}) << {TIME_SHIFT})
                                  + (({sequence} + e.deliveries) & {SEQUENCE})
                  UNION ALL SELECT r.id FROM replays r WHERE r.event_id = {event})"
    )
}

/// Selects deliveries by status.
pub(crate) fn with_status(status: DeliveryStatus) -> String {
    format!("d.status = {}", status_code(status))
}
