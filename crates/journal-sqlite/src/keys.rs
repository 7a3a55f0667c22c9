//! The table of idempotency keys.

use crate::checksum::Checksum;
use crate::column::{key, number};
use crate::failure::CommandResult;
use crate::txn::Txn;
use footbridge_journal::{Accepted, IdempotencyKey, KeyScopes};
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::params;

/// The result of looking a key up.
#[derive(Debug)]
pub(crate) enum KeyLookup {
    /// The key is unused or has expired.
    Nothing,
    /// The key was used with another request.
    Other,
    /// The key stands for an event.
    Event(Accepted),
    /// The key stands for an exchange.
    Exchange(ExchangeId),
}

/// Looks up the key of `used` at the time `now`.
pub(crate) fn find(txn: &Txn<'_>, used: &IdempotencyKey, now: Millis) -> CommandResult<KeyLookup> {
    let sql = "SELECT fingerprint, id, time, deliveries, until, sum FROM keys WHERE scope = ?1 AND key = ?2 AND until > ?3";
    let known = txn.first(sql, params![used.scope, used.key, now.0], |row| {
        let row = KeyRow {
            fingerprint: row.get(0)?,
            id: row.get(1)?,
            time: row.get(2)?,
            deliveries: row.get(3)?,
            until: row.get(4)?,
            sum: row.get(5)?,
        };
        Ok(row)
    })?;
    let Some(row) = known else { return Ok(KeyLookup::Nothing) };
    row.sum(used).check(row.sum, || format!("an Idempotency-Key of {}", used.scope))?;
    let id = number(row.id);
    Ok(match (row.fingerprint == used.fingerprint, row.deliveries) {
        (false, _) => KeyLookup::Other,
        (true, None) => KeyLookup::Exchange(ExchangeId::from_number(id)),
        (true, Some(deliveries)) => {
            KeyLookup::Event(Accepted { id: EventId::from_number(id), time: Millis(row.time), deliveries })
        }
    })
}

/// The row of a key.
struct KeyRow {
    fingerprint: Vec<u8>,
    id: i64,
    time: i64,
    deliveries: Option<u32>,
    until: i64,
    sum: Option<i64>,
}

impl KeyRow {
    fn sum(&self, used: &IdempotencyKey) -> Checksum {
        Checksum::default()
            .text(&used.scope)
            .text(&used.key)
            .bytes(&self.fingerprint)
            .number(self.id)
            .number(self.time)
            .number(self.deliveries.map_or(-1, i64::from))
            .number(self.until)
    }
}

/// Stores a key for an event, or for an exchange when there is no number of deliveries.
pub(crate) fn put(
    txn: &Txn<'_>,
    used: &IdempotencyKey,
    id: u64,
    time: Millis,
    deliveries: Option<u32>,
) -> CommandResult<()> {
    let sql = "INSERT OR REPLACE INTO keys (scope, key, fingerprint, until, id, time, deliveries, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let row = KeyRow {
        fingerprint: used.fingerprint.to_vec(),
        id: key(id),
        time: time.0,
        deliveries,
        until: used.until.0,
        sum: None,
    };
    let sum = row.sum(used).value();
    let KeyRow { id, time, until, .. } = row;
    txn.run(sql, params![used.scope, used.key, used.fingerprint, until, id, time, deliveries, sum])?;
    Ok(())
}

/// Deletes the key of an exchange.
pub(crate) fn release(txn: &Txn<'_>, id: ExchangeId) -> CommandResult<()> {
    txn.run("DELETE FROM keys WHERE id = ?1 AND deliveries IS NULL", [key(id.number())])?;
    Ok(())
}

/// Deletes the keys that an app used.
pub(crate) fn delete_of_app(txn: &Txn<'_>, app: &AppName) -> CommandResult<()> {
    let KeyScopes { publishes, exchanges } = KeyScopes::owned_by(app);
    txn.run("DELETE FROM keys WHERE scope >= ?1 AND scope < ?2", [publishes.start, publishes.end])?;
    txn.run("DELETE FROM keys WHERE scope IN (?1, ?2)", exchanges)?;
    Ok(())
}
