//! Values of the model as columns.

use crate::failure::{CommandError, CommandResult};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::Origin;

/// An id's number as a key. Ids have 63 bits, so nothing is lost; the number in a cursor may be larger.
pub(crate) fn key(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A key as an id's number.
pub(crate) fn number(key: i64) -> u64 {
    u64::try_from(key).unwrap_or(0)
}

/// A number of rows as it is stored.
pub(crate) fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

pub(crate) const PENDING: i64 = 0;
pub(crate) const DEAD: i64 = 3;
pub(crate) const CANCELLED: i64 = 4;

pub(crate) const fn status_code(status: DeliveryStatus) -> i64 {
    match status {
        DeliveryStatus::Pending => PENDING,
        DeliveryStatus::Delivered => 1,
        DeliveryStatus::Unanswered => 2,
        DeliveryStatus::Dead => DEAD,
        DeliveryStatus::Cancelled => CANCELLED,
    }
}

pub(crate) fn status(code: i64) -> CommandResult<DeliveryStatus> {
    let found = DeliveryStatus::ALL.into_iter().find(|status| status_code(*status) == code);
    found.ok_or_else(|| CommandError::damaged(format!("no delivery has the status {code}")))
}

pub(crate) const fn origin_code(origin: Origin) -> i64 {
    match origin {
        Origin::File => 0,
        Origin::Api => 1,
        Origin::Package => 2,
    }
}

pub(crate) const fn origin(code: i64) -> Origin {
    match code {
        0 => Origin::File,
        2 => Origin::Package,
        _ => Origin::Api,
    }
}
