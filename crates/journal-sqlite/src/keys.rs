//! Idempotency keys.

use crate::column::{key, number};
use crate::fault::Step;
use crate::txn::Txn;
use footbridge_journal::{Accepted, KeyUse, Scopes};
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::params;

/// What is known under a key.
#[derive(Debug)]
pub(crate) enum Known {
    /// Nothing that still counts.
    Nothing,
    /// It was used with another request.
    Other,
    /// An event.
    Event(Accepted),
    /// An exchange.
    Exchange(ExchangeId),
}

/// What is known under the key of `used` at `now`.
pub(crate) fn find(txn: &Txn<'_>, used: &KeyUse, now: Millis) -> Step<Known> {
    let sql =
        "SELECT fingerprint, id, time, deliveries FROM keys WHERE scope = ?1 AND key = ?2 AND until > ?3";
    let known = txn.first(sql, params![used.scope, used.key, now.0], |row| {
        let same = row.get_ref(0)?.as_blob().is_ok_and(|kept| kept == used.fingerprint);
        let id = number(row.get(1)?);
        Ok(match (same, row.get::<_, Option<u32>>(3)?) {
            (false, _) => Known::Other,
            (true, None) => Known::Exchange(ExchangeId::from_number(id)),
            (true, Some(deliveries)) => {
                Known::Event(Accepted { id: EventId::from_number(id), time: Millis(row.get(2)?), deliveries })
            }
        })
    })?;
    Ok(known.unwrap_or(Known::Nothing))
}

/// Keeps that `used` stands for this event, or exchange when there is no count of deliveries.
pub(crate) fn put(txn: &Txn<'_>, used: &KeyUse, id: u64, time: Millis, deliveries: Option<u32>) -> Step<()> {
    let sql = "INSERT OR REPLACE INTO keys (scope, key, fingerprint, until, id, time, deliveries)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    txn.run(sql, params![used.scope, used.key, used.fingerprint, used.until.0, key(id), time.0, deliveries])?;
    Ok(())
}

/// Frees the key of an exchange.
pub(crate) fn release(txn: &Txn<'_>, id: ExchangeId) -> Step<()> {
    txn.run("DELETE FROM keys WHERE id = ?1 AND deliveries IS NULL", [key(id.number())])?;
    Ok(())
}

/// Forgets the keys an app used.
pub(crate) fn delete_of_app(txn: &Txn<'_>, app: &AppName) -> Step<()> {
    let Scopes { publishes, exchanges } = Scopes::of(app);
    txn.run("DELETE FROM keys WHERE scope >= ?1 AND scope < ?2", [publishes.start, publishes.end])?;
    txn.run("DELETE FROM keys WHERE scope IN (?1, ?2)", exchanges)?;
    Ok(())
}
