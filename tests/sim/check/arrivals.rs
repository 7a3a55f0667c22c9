//! Oracle: what reaches a receiver is a stored delivery of a stored event, unchanged.

use super::{RunView, mark};

pub(super) fn check(run: &RunView<'_>) {
    assert!(run.strays.is_empty(), "sent but not stored: {:?}", run.strays);
    for row in run.rows.values() {
        for arrival in &row.arrivals {
            let event = run.events.get(&arrival.event);
            let event = event.unwrap_or_else(|| panic!("the event is not stored: {arrival:?}"));
            assert_eq!(arrival.event, row.view.delivery.event_id, "{arrival:?}");
            assert_eq!(arrival.hook, row.hook, "sent to another hook: {arrival:?}");
            assert_eq!(arrival.mark, mark(&event.event.body), "sent with another body: {arrival:?}");
        }
    }
}
