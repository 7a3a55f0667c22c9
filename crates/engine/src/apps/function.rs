//! Functions: called with an event, and what they publish is their app's.

use super::state::Apps;
use crate::publish::Prepared;
use crate::registry::AppEntry;
use bytes::Bytes;
use footbridge_model::attempt::{Failure, FailureKind};
use footbridge_model::event::{Event, EventDraft};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::run::{FunctionAnswer, FunctionCall, FunctionFailure, FunctionPublish};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// What a function came to, as it is kept with its attempt.
#[derive(Serialize)]
struct Output<'a> {
    value: Option<&'a RawValue>,
    log: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options<'a> {
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    subscribers: Option<Vec<String>>,
}

impl Apps {
    /// Calls a function of an app.
    pub(crate) async fn call(
        &self,
        app: &AppEntry,
        file: &str,
        event: Bytes,
    ) -> Result<FunctionAnswer, FunctionFailure> {
        let dir = app.app.package.as_deref().map(|package| package.path.clone()).unwrap_or_default();
        let call = FunctionCall { app: app.app.name.clone(), dir, file: file.to_owned(), event };
        self.launcher.call(call).await
    }

    /// What a function published, as events of its app.
    ///
    /// # Errors
    /// The failure of the attempt: which of them the Events API would refuse; none of them counts then.
    pub(crate) fn published(
        &self,
        app: &AppEntry,
        cause: &Event,
        published: &[FunctionPublish],
    ) -> Result<Vec<Prepared>, Failure> {
        let failed = |why: String| Failure::after(FailureKind::Function, why);
        let drafts: Result<Vec<EventDraft>, String> =
            published.iter().map(|one| draft(one, self.publisher.body)).collect();
        let drafts = drafts.map_err(failed)?;
        if let Some(rate) = self.publisher.rate {
            let count = u32::try_from(drafts.len()).unwrap_or(u32::MAX);
            let taken = app.state.bucket.take(rate, count, Instant::now());
            taken.map_err(|_| failed("what it published is over the app's publish rate".to_owned()))?;
        }
        let lineage = Lineage::after(cause.id, cause.lineage);
        let all: Vec<Prepared> =
            drafts.into_iter().map(|draft| self.publisher.prepare(app, draft, None, lineage).0).collect();
        let deliveries = all.iter().map(|prepared| prepared.new.deliveries.len()).sum();
        if let Some(first) = all.first()
            && let Err(stopped) = self.publisher.chains.admit(lineage, deliveries)
        {
            self.publisher.tell_stopped(&app.app.name, &first.new.event.name, stopped);
            return Err(Failure::after(FailureKind::Loop, stopped.to_string()));
        }
        for prepared in &all {
            let added = self.publisher.backlogs.add(&app.app.name, prepared.backlog());
            added.map_err(|over| failed(over.to_string()))?;
        }
        Ok(all)
    }
}

/// What is kept of a function's answer, or of what it wrote before it failed.
pub(crate) fn output(value: Option<&str>, log: &str) -> Option<String> {
    let value = value.and_then(|value| serde_json::from_str::<&RawValue>(value).ok());
    serde_json::to_string(&Output { value, log }).ok()
}

fn draft(publish: &FunctionPublish, most: usize) -> Result<EventDraft, String> {
    let about = |why: String| format!("ctx.publish({:?}): {why}", publish.name);
    let name = EventName::parse(&publish.name).map_err(|error| about(error.to_string()))?;
    let options: Options<'_> =
        serde_json::from_str(&publish.options).map_err(|error| about(error.to_string()))?;
    let body = options.body.map_or("{}", RawValue::get);
    if body.len() > most {
        return Err(about(format!("the body is larger than {most} bytes")));
    }
    let pairs = options.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = PublishHeaders::parse(pairs).map_err(|error| about(error.to_string()))?;
    let subscribers = options.subscribers.map(|names| {
        // A name that no app can have reaches nobody, as over the Events API.
        names.iter().filter_map(|name| AppName::any(name)).collect()
    });
    Ok(EventDraft { name, body: Bytes::copy_from_slice(body.as_bytes()), headers, subscribers })
}
