//! Dry runs: what a job would do.

use super::plan::{Picked, Plan};
use footbridge_journal::{DeliveryView, JournalError};
use footbridge_model::id::made_at;
use footbridge_model::job::JobSpec;
use footbridge_model::query::Query;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long a dry run counts.
const WITHIN: Duration = Duration::from_secs(3);
/// The rows of one step.
const STEP: u32 = 1000;
/// The most values of a count, and the most deliveries of the sample.
const SHOWN: usize = 20;
/// The most different values that are counted.
const VALUES: usize = 1000;

/// How often a value occurs.
pub type Counted = Vec<(String, u64)>;

/// Counts of what a job would do.
#[derive(Debug, Clone, Default)]
pub struct JobPreview {
    /// The number of rows that match, those to skip included.
    pub matched: u64,
    /// The number of receiving apps.
    pub apps: u64,
    /// When the oldest of them was made.
    pub oldest: Option<Millis>,
    /// The status of the last answer; `none` without one.
    pub by_code: Counted,
    /// The name of the event.
    pub by_name: Counted,
    /// The name of the receiving app.
    pub by_app: Counted,
    /// Reasons to skip a row.
    pub skip: Counted,
    /// The oldest deliveries that match.
    pub sample: Vec<DeliveryView>,
    /// The number of rows that were looked at.
    pub looked_at: u64,
    /// The time of the last row, if the time was over before everything was counted.
    pub stopped_at: Option<Millis>,
}

#[derive(Default)]
struct Counts(BTreeMap<String, u64>);

impl Counts {
    fn add(&mut self, value: &str) {
        if let Some(count) = self.0.get_mut(value) {
            *count += 1;
        } else {
            let value = if self.0.len() < VALUES { value } else { "other" };
            *self.0.entry(value.to_owned()).or_default() += 1;
        }
    }

    /// The most frequent values; the others are summed up.
    fn top(self) -> Counted {
        let mut counts: Counted = self.0.into_iter().collect();
        counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let rest: u64 = counts.iter().skip(SHOWN).map(|(_, count)| count).sum();
        counts.truncate(SHOWN);
        if rest > 0 {
            counts.push(("other".to_owned(), rest));
        }
        counts
    }
}

/// Counts what a job would do.
pub(crate) async fn preview(
    plan: &Plan<'_>,
    spec: &JobSpec,
    query: &Query,
) -> Result<JobPreview, JournalError> {
    let (until, mut after) = (Instant::now() + WITHIN, 0);
    let [mut codes, mut names, mut apps, mut skips] = std::array::from_fn(|_| Counts::default());
    let (mut preview, mut receivers) = (JobPreview::default(), BTreeSet::new());
    loop {
        let found = plan.next(spec, query, after, STEP).await?;
        preview.looked_at += found.looked_at;
        for row in found.rows {
            preview.matched += 1;
            preview.oldest.get_or_insert(made_at(row.number()));
            if let Some(app) = plan.receiver(spec, &row) {
                apps.add(app.as_str());
                receivers.insert(app);
            }
            if let Some(reason) = plan.reason_to_skip(spec, &row) {
                skips.add(reason);
            }
            match row {
                Picked::Delivery(view) => {
                    codes.add(&view.delivery.last_status.map_or("none".to_owned(), |code| code.to_string()));
                    names.add(view.event.as_ref().map_or("", |event| event.name.as_str()));
                    if preview.sample.len() < SHOWN {
                        preview.sample.push(*view);
                    }
                }
                Picked::Event(view) => names.add(view.event.name.as_str()),
            }
        }
        match found.next {
            Some(next) if Instant::now() < until => after = next,
            next => {
                preview.stopped_at = next.map(made_at);
                break;
            }
        }
    }
    preview.apps = receivers.len() as u64;
    (preview.by_code, preview.by_name, preview.by_app, preview.skip) =
        (codes.top(), names.top(), apps.top(), skips.top());
    Ok(preview)
}
