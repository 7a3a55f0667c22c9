//! Searches of exchanges, which read whole rows.

use super::range::{IdRange, clock};
use crate::column::key;
use crate::exchanges;
use crate::failure::CommandResult;
use footbridge_journal::{Collector, ExchangeFilter, Found, Search};
use footbridge_model::exchange::ExchangeRecord;
use footbridge_model::query::{AnyId, Condition};
use rusqlite::Connection;

/// Searches exchanges, without their answers.
pub(crate) fn search(
    conn: &Connection,
    filter: &ExchangeFilter,
    search: &Search,
) -> CommandResult<Found<ExchangeRecord>> {
    let out_of_time = clock(search.budget);
    let mut range = IdRange::of(search);
    for condition in search.query.positive() {
        if let Condition::Id(AnyId::Exchange(id)) = condition {
            range.only(key(id.number()));
        }
    }
    let sql = format!(
        "{} WHERE id >= ?1 AND id < ?2 ORDER BY id {}",
        exchanges::without_answers(),
        range.direction()
    );
    let mut select = conn.prepare_cached(&sql)?;
    let mut rows = select.query([range.from, range.to])?;
    let mut collector = Collector::new(search);
    while let Some(row) = rows.next()? {
        let record = exchanges::read(row)?;
        let number = record.head.id.number();
        let apps = [record.head.sender.as_str(), record.head.recipient.as_str()].into_iter();
        let picked = search.shows_to(apps) && filter.picks(&record) && search.query.matches_exchange(&record);
        let goes_on = if picked {
            collector.keep(number, record, &out_of_time)
        } else {
            collector.pass(number, &out_of_time)
        };
        if !goes_on {
            break;
        }
    }
    Ok(collector.finish())
}
