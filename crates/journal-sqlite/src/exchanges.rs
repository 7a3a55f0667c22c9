//! The table of exchanges.

use crate::checksum::Checksum;
use crate::column::{key, number};
use crate::failure::{CommandError, CommandResult};
use crate::keys::{self, KeyLookup};
use crate::provenance;
use crate::txn::Txn;
use bytes::Bytes;
use footbridge_journal::{ExchangeEnd, ExchangeStart, IdempotencyKey, JournalError, KeyDisposition};
use footbridge_model::exchange::{
    Direction, ExchangeFailure, ExchangeFailureKind, ExchangeHead, ExchangeOutcome, ExchangeRecord,
};
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::name::AppName;
use footbridge_model::provenance::Provenance;
use footbridge_model::time::Millis;
use rusqlite::{Connection, Row, ToSql, params};

/// The number of records that one statement stores, if there are that many: the statement is much of a row's cost.
const TOGETHER: usize = 32;

const RUNNING: i64 = 0;
const ANSWERED: i64 = 1;
const FAILED: i64 = 2;

/// Stores an exchange as running, unless its key was used before.
pub(crate) fn start(
    txn: &Txn<'_>,
    head: &ExchangeHead,
    used: Option<&IdempotencyKey>,
) -> CommandResult<ExchangeStart> {
    if let Some(used) = used {
        match keys::find(txn, used, head.at)? {
            KeyLookup::Nothing => {}
            KeyLookup::Other | KeyLookup::Event(_) => return Ok(ExchangeStart::Mismatch),
            KeyLookup::Exchange(id) => match one(txn.conn, id)? {
                Some(record) if record.ending.is_none() => return Ok(ExchangeStart::Running(id)),
                Some(record) => return Ok(ExchangeStart::Replay(Box::new(record))),
                // Retention took the exchange before its key: nothing is left to repeat.
                None => {}
            },
        }
    }
    insert(txn, &ExchangeRecord { head: head.clone(), ending: None, ms: None, answer_status: None })?;
    if let Some(used) = used {
        keys::put(txn, used, head.id.number(), head.at, None)?;
    }
    Ok(ExchangeStart::Started)
}

/// Stores ended exchanges without their answers.
pub(crate) fn insert_all(txn: &Txn<'_>, records: &[ExchangeRecord]) -> rusqlite::Result<()> {
    let (groups, rest) = records.as_chunks::<TOGETHER>();
    for group in groups {
        if group.iter().all(is_plain) {
            put_plain(txn, group)?;
        } else {
            group.iter().try_for_each(|record| insert(txn, record))?;
        }
    }
    rest.iter().try_for_each(|record| insert(txn, record))
}

/// Returns true if an exchange was answered 200 and has nothing else to store. Nearly all are like that, and have fewer
/// columns.
fn is_plain(record: &ExchangeRecord) -> bool {
    matches!(record.ending, Some(ExchangeOutcome::Answered(_)))
        && record.answer_status == Some(200)
        && record.head.cause.is_none()
        && record.head.provenance == Provenance::default()
}

/// Stores plain exchanges with one statement.
fn put_plain(txn: &Txn<'_>, records: &[ExchangeRecord; TOGETHER]) -> rusqlite::Result<()> {
    let rows = ["(?,?,?,?,?,?,1,?,200)"; TOGETHER].join(",");
    let mut insert = txn.conn.prepare_cached(&format!(
        "INSERT INTO exchanges (id, at, to_host, sender, recipient, event_type, state, ms, answer_status) VALUES {rows}"
    ))?;
    let mut place = 0;
    for ExchangeRecord { head, ms, .. } in records {
        let values: [&dyn ToSql; 7] = [
            &key(head.id.number()),
            &head.at.0,
            &(head.direction == Direction::ToHost),
            &head.sender.as_str(),
            &head.recipient.as_str(),
            &head.event_type,
            ms,
        ];
        for value in values {
            place += 1;
            insert.raw_bind_parameter(place, value)?;
        }
    }
    insert.raw_execute()?;
    Ok(())
}

/// Stores an exchange without its answer.
fn insert(txn: &Txn<'_>, record: &ExchangeRecord) -> rusqlite::Result<()> {
    let head = &record.head;
    let (state, failure) = state(record.ending.as_ref());
    let (via, test, trace) = provenance::values(head.provenance);
    txn.run(
        "INSERT INTO exchanges (id, at, to_host, sender, recipient, event_type, state, ms, status, code, message, retry_after,
             via, test, trace, cause, answer_status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        params![
            key(head.id.number()),
            head.at.0,
            head.direction == Direction::ToHost,
            head.sender.as_str(),
            head.recipient.as_str(),
            head.event_type,
            state,
            record.ms,
            failure.map(|failure| failure_columns(failure.kind).0),
            failure.map(|failure| failure_columns(failure.kind).1),
            failure.map(|failure| failure.message.as_str()),
            failure.and_then(|failure| failure.retry_after),
            via,
            test,
            trace,
            head.cause.map(|id| key(id.number())),
            record.answer_status,
        ],
    )?;
    Ok(())
}

const fn state(ending: Option<&ExchangeOutcome>) -> (i64, Option<&ExchangeFailure>) {
    match ending {
        None => (RUNNING, None),
        Some(ExchangeOutcome::Answered(_)) => (ANSWERED, None),
        Some(ExchangeOutcome::Failed(failure)) => (FAILED, Some(failure)),
    }
}

/// Stores how a running exchange ended.
pub(crate) fn finish(txn: &Txn<'_>, end: &ExchangeEnd) -> CommandResult<()> {
    let (state, failure) = state(Some(&end.ending));
    let answer = match &end.ending {
        ExchangeOutcome::Answered(answer) => Some(&answer[..]),
        ExchangeOutcome::Failed(_) => None,
    };
    let changed = txn.run(
        "UPDATE exchanges SET state = ?2, ms = ?3, status = ?4, code = ?5, message = ?6, retry_after = ?7,
             answer_until = ?8, answer = ?9, sum = ?10, answer_status = ?11
         WHERE id = ?1 AND state = 0",
        params![
            key(end.id.number()),
            state,
            end.ms,
            failure.map(|failure| failure_columns(failure.kind).0),
            failure.map(|failure| failure_columns(failure.kind).1),
            failure.map(|failure| failure.message.as_str()),
            failure.and_then(|failure| failure.retry_after),
            end.keep_answer_until.0,
            answer,
            answer.map(|answer| sum(end.id, answer).value()),
            end.answer_status,
        ],
    )?;
    if changed == 0 {
        return Err(CommandError::Refused(JournalError::NotFound("running exchange")));
    }
    match end.key {
        KeyDisposition::Replays => Ok(()),
        KeyDisposition::Released => keys::release(txn, end.id),
    }
}

/// Fails every running exchange: its outcome is unknown.
pub(crate) fn cut_off(txn: &Txn<'_>, now: Millis, keep_until: Millis) -> CommandResult<usize> {
    let sql = "UPDATE exchanges SET state = ?1, ms = max(0, min(?2 - at, 4294967295)), status = ?3, code = ?4, message = ?5,
                   answer_until = ?6
               WHERE state = 0";
    let message = "the outcome is unknown: the server ended while the exchange was running";
    let (status, code) = failure_columns(ExchangeFailureKind::NoAnswer);
    Ok(txn.run(sql, params![FAILED, now.0, status, code, message, keep_until.0])?)
}

fn columns() -> String {
    format!(
        "id, at, to_host, sender, recipient, event_type, state, ms, status, code, message, retry_after, {}, cause, answer_status",
        provenance::COLUMNS
    )
}

const PROVENANCE_AT: usize = 12;
const CAUSE_AT: usize = 15;
/// The answer is the first column after [`columns`].
const ANSWER_AT: usize = 17;

/// Reads a row of [`columns`] and an answer.
pub(crate) fn read(row: &Row<'_>) -> CommandResult<ExchangeRecord> {
    let text = |place| row.get_ref(place).and_then(|value| Ok(value.as_str()?));
    let head = ExchangeHead {
        id: ExchangeId::from_number(number(row.get(0)?)),
        at: Millis(row.get(1)?),
        direction: if row.get(2)? { Direction::ToHost } else { Direction::ToMiniapp },
        sender: AppName::trusted(text(3)?),
        recipient: AppName::trusted(text(4)?),
        event_type: text(5)?.to_owned(),
        cause: row.get::<_, Option<i64>>(CAUSE_AT)?.map(|id| EventId::from_number(number(id))),
        provenance: provenance::read(row, PROVENANCE_AT)?,
    };
    let ending = match row.get(6)? {
        RUNNING => None,
        ANSWERED => Some(ExchangeOutcome::Answered(Bytes::from(
            row.get::<_, Option<Vec<u8>>>(ANSWER_AT)?.unwrap_or_default(),
        ))),
        _ => Some(ExchangeOutcome::Failed(ExchangeFailure {
            kind: kind(row.get(8)?, text(9)?)?,
            message: text(10)?.to_owned(),
            retry_after: row.get(11)?,
        })),
    };
    Ok(ExchangeRecord { head, ending, ms: row.get(7)?, answer_status: row.get(CAUSE_AT + 1)? })
}

/// The values of `status` and `code` that stand for a kind of failure. Existing databases hold them, so they never change.
const fn failure_columns(kind: ExchangeFailureKind) -> (u16, &'static str) {
    use ExchangeFailureKind as Kind;
    match kind {
        Kind::Forbidden | Kind::SenderIsRecipient => (403, "UNAUTHORIZED"),
        Kind::ReceiverDisabled => (409, "EVENT_RECEIVER_DISABLED"),
        Kind::KeyReused => (422, "INVALID_EVENT_DATA"),
        Kind::KeyInUse => (409, "EVENT_DELIVERY_FAILED"),
        Kind::Unavailable => (503, "EVENT_DELIVERY_FAILED"),
        Kind::JournalFull => (507, "EVENT_DELIVERY_FAILED"),
        Kind::Internal => (500, "EVENT_DELIVERY_FAILED"),
        Kind::Undelivered => (502, "EVENT_DELIVERY_FAILED"),
        Kind::NoAnswer => (504, "EVENT_DELIVERY_FAILED"),
        Kind::SenderLeft => (499, "EVENT_DELIVERY_FAILED"),
    }
}

/// The kind of failure that `status` and `code` stand for. [`ExchangeFailureKind::SenderIsRecipient`] is read as
/// [`ExchangeFailureKind::Forbidden`].
fn kind(status: u16, code: &str) -> CommandResult<ExchangeFailureKind> {
    let kinds = ExchangeFailureKind::ALL.into_iter();
    let exact = kinds.clone().find(|kind| failure_columns(*kind) == (status, code));
    // A status that no version writes does not make the whole exchange unreadable.
    let with_code = || kinds.rev().find(|kind| failure_columns(*kind).1 == code);
    exact
        .or_else(with_code)
        .ok_or_else(|| CommandError::damaged("an exchange has an error code that no failure has"))
}

/// Reads one exchange, with its answer while that is stored.
pub(crate) fn one(conn: &Connection, id: ExchangeId) -> CommandResult<Option<ExchangeRecord>> {
    let sql = format!("SELECT {}, answer, sum FROM exchanges WHERE id = ?1", columns());
    let mut select = conn.prepare_cached(&sql)?;
    let mut rows = select.query([key(id.number())])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let found = read(row)?;
    if let Some(answer) = row.get_ref(ANSWER_AT)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
        sum(id, answer).check(row.get(ANSWER_AT + 1)?, || format!("the answer of the exchange {id}"))?;
    }
    Ok(Some(found))
}

/// The checksum of a stored answer.
fn sum(id: ExchangeId, answer: &[u8]) -> Checksum {
    Checksum::default().number(key(id.number())).bytes(answer)
}

/// The beginning of a statement whose rows [`read`] reads, without answers.
pub(crate) fn without_answers() -> String {
    format!("SELECT {}, NULL FROM exchanges", columns())
}
