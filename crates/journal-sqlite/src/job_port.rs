//! The port of jobs: which thread does what.

use crate::audit;
use crate::column::key;
use crate::job_row::{self, item, outcome_code};
use crate::jobs::one;
use crate::journal::SqliteJournal;
use footbridge_journal::{JobStep, Jobs, Page, SteppedJob, Wait, end_job, take_step};
use footbridge_model::audit::AuditEntry;
use footbridge_model::id::JobId;
use footbridge_model::job::{ItemOutcome, Job, JobItem, JobState};
use footbridge_model::time::Millis;
use rusqlite::params;

/// The bytes that a job or an item writes, roughly.
const ROW: usize = 512;

impl Jobs for SqliteJournal {
    fn create_job(&self, job: Job, audit: Vec<AuditEntry>) -> Wait<()> {
        self.writer.ask_room(ROW + audit::ENTRY * audit.len(), move |txn| {
            let sql = "INSERT INTO jobs (id, open, state, spec, progress) VALUES (?1, 1, ?2, ?3, ?4)";
            let (spec, progress) = (job_row::write_spec(&job.spec), job_row::write_progress(&job.progress));
            txn.run(sql, params![key(job.id.number()), job.state.as_str(), spec, progress])?;
            audit::insert(txn, &audit)
        })
    }

    fn job(&self, id: JobId) -> Wait<Option<Job>> {
        self.read(&self.points, move |conn| one(conn, id))
    }

    fn jobs(&self, page: Page) -> Wait<Vec<Job>> {
        self.read(&self.lists, move |conn| {
            let sql =
                format!("SELECT {} FROM jobs WHERE id < ?1 ORDER BY id DESC LIMIT ?2", job_row::COLUMNS);
            let mut select = conn.prepare_cached(&sql)?;
            let rows =
                select.query_map(params![page.before.map_or(i64::MAX, key), page.limit], job_row::read)?;
            rows.map(|row| row?.into_job()).collect()
        })
    }

    fn open_jobs(&self) -> Wait<Vec<Job>> {
        self.read(&self.lists, |conn| {
            let sql = format!(
                "SELECT {} FROM jobs INDEXED BY jobs_open WHERE open = 1 ORDER BY id",
                job_row::COLUMNS
            );
            let mut select = conn.prepare_cached(&sql)?;
            let rows = select.query_map([], job_row::read)?;
            rows.map(|row| row?.into_job()).collect()
        })
    }

    fn step_job(&self, step: JobStep) -> Wait<SteppedJob> {
        let weight = ROW * (1 + 2 * step.items.len());
        self.writer.ask(weight, move |txn| {
            txn.check(step.claim)?;
            take_step(txn, step.clone())
        })
    }

    fn end_job(
        &self,
        id: JobId,
        to: JobState,
        text: String,
        now: Millis,
        audit: Vec<AuditEntry>,
    ) -> Wait<Job> {
        self.writer.ask(ROW + audit::ENTRY * audit.len(), move |txn| {
            let (job, was_open) = end_job(txn, id, to, text.clone(), now)?;
            if was_open {
                audit::insert(txn, &audit)?;
            }
            Ok(job)
        })
    }

    fn job_items(
        &self,
        id: JobId,
        outcome: Option<ItemOutcome>,
        after: Option<u64>,
        limit: u32,
    ) -> Wait<Vec<JobItem>> {
        self.read(&self.lists, move |conn| {
            let sql = format!(
                "SELECT {} FROM job_items WHERE job = ?1 AND source > ?2 AND (?3 IS NULL OR outcome = ?3)
                 ORDER BY source LIMIT ?4",
                job_row::ITEM_COLUMNS
            );
            let after = after.map_or(-1, key);
            let mut select = conn.prepare_cached(&sql)?;
            let mut rows =
                select.query(params![key(id.number()), after, outcome.map(outcome_code), limit])?;
            let mut items = Vec::new();
            while let Some(row) = rows.next()? {
                items.push(item(row)?);
            }
            Ok(items)
        })
    }
}
