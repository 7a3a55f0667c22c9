//! The rows of jobs, and those that their steps change.

use crate::column::{CANCELLED, count, key, number, status};
use crate::failure::{CommandError, CommandResult};
use crate::job_row::{self, item, outcome_code};
use crate::txn::Txn;
use crate::{hooks, retry};
use footbridge_journal::{AddedDelivery, DeliveryNow, JobRows, Retried};
use footbridge_model::id::{DeliveryId, EventId, HookId, JobId};
use footbridge_model::job::{Job, JobItem};
use footbridge_model::time::Millis;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Returns the job of this id.
pub(crate) fn one(conn: &Connection, id: JobId) -> CommandResult<Option<Job>> {
    let sql = format!("SELECT {} FROM jobs WHERE id = ?1", job_row::COLUMNS);
    let found = conn.prepare_cached(&sql)?.query_row([key(id.number())], job_row::read).optional()?;
    found.map(job_row::JobRow::into_job).transpose()
}

impl JobRows for Txn<'_> {
    type Error = CommandError;

    fn job(&mut self, id: JobId) -> CommandResult<Option<Job>> {
        one(self.conn, id)
    }

    fn put_job(&mut self, job: &Job) -> CommandResult<()> {
        let open = job.state.is_open() || job.progress.waiting > 0;
        let sql = "UPDATE jobs SET open = ?2, state = ?3, progress = ?4 WHERE id = ?1";
        let progress = job_row::write_progress(&job.progress);
        self.run(sql, params![key(job.id.number()), open, job.state.as_str(), progress])?;
        Ok(())
    }

    fn waiting(&mut self, id: JobId) -> CommandResult<Vec<JobItem>> {
        let sql = format!(
            "SELECT {} FROM job_items INDEXED BY job_items_waiting WHERE job = ?1 AND outcome = 0 ORDER BY source",
            job_row::ITEM_COLUMNS
        );
        let mut select = self.conn.prepare_cached(&sql)?;
        let mut rows = select.query([key(id.number())])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            items.push(item(row)?);
        }
        Ok(items)
    }

    fn put_item(&mut self, id: JobId, item: &JobItem) -> CommandResult<()> {
        let JobItem { source, delivery, event, app, outcome, attempts, text } = item;
        let delivery = delivery.map(|delivery| key(delivery.number()));
        self.run(
            "INSERT OR REPLACE INTO job_items (job, source, delivery, event, app, outcome, attempts, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                key(id.number()),
                key(*source),
                delivery,
                key(event.number()),
                app,
                outcome_code(*outcome),
                attempts,
                text
            ],
        )?;
        Ok(())
    }

    fn delivery_now(&mut self, id: DeliveryId) -> CommandResult<Option<DeliveryNow>> {
        let sql = "SELECT d.status, d.attempts, d.hook_id, d.last_status, d.last_error FROM deliveries d
                   JOIN hooks h ON h.id = d.hook_id AND h.gone_after IS NULL WHERE d.id = ?1";
        let found = self.first(sql, [key(id.number())], |row| {
            Ok((row.get(0)?, row.get(1)?, number(row.get(2)?), row.get(3)?, row.get(4)?))
        })?;
        let Some((code, attempts, hook, last_status, last_error)) = found else { return Ok(None) };
        let hook = HookId::from_number(hook);
        Ok(Some(DeliveryNow { status: status(code)?, attempts, hook, last_status, last_error }))
    }

    fn retry_delivery(&mut self, id: DeliveryId, now: Millis) -> CommandResult<bool> {
        Ok(matches!(retry::one(self, id, now)?, Retried::Pending { .. }))
    }

    fn deliver(
        &mut self,
        event: EventId,
        AddedDelivery { id, hook, partition: _ }: AddedDelivery,
        now: Millis,
    ) -> CommandResult<bool> {
        let kept = self.first("SELECT 1 FROM events WHERE id = ?1", [key(event.number())], |_| Ok(()))?;
        if kept.is_none() || !hooks::is_kept(self, hook)? {
            return Ok(false);
        }
        retry::insert(self, id, event, hook, now)?;
        Ok(true)
    }

    fn cancel_delivery(&mut self, id: DeliveryId, reason: &str) -> CommandResult<()> {
        let sql =
            "UPDATE deliveries SET status = ?3, next_at = NULL, last_error = ?2 WHERE id = ?1 AND status = 0";
        let cancelled = count(self.run(sql, params![key(id.number()), reason, CANCELLED])?);
        self.state.account.pending -= cancelled;
        self.state.account.cancelled += cancelled;
        Ok(())
    }
}

/// Deletes a portion of what is left of jobs that ended before a time. Returns true if there may be more.
pub(crate) fn prune(txn: &Txn<'_>, before: Millis) -> CommandResult<bool> {
    let portion = txn.state.swept.portion;
    let over = "SELECT id FROM jobs WHERE open = 0 AND json_extract(progress, '$.ended_at') < ?1";
    let items = format!(
        "DELETE FROM job_items WHERE (job, source) IN (SELECT job, source FROM job_items WHERE job IN ({over}) LIMIT ?2)"
    );
    let gone = txn.run(&items, params![before.0, portion])?;
    if count(gone) >= u64::from(portion) {
        return Ok(true);
    }
    txn.run(&format!("DELETE FROM jobs WHERE id IN ({over})"), [before.0])?;
    Ok(false)
}
