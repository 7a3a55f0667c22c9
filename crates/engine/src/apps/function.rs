//! Functions of installed apps: calling one with an event, and publishing the events that it asks for.

use super::installed::Apps;
use crate::publish::PreparedEvent;
use crate::registry::AppEntry;
use bytes::Bytes;
use footbridge_model::attempt::{Failure, FailureKind};
use footbridge_model::event::{Event, EventDraft};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::provenance::Provenance;
use footbridge_model::run::{FunctionAnswer, FunctionCall, FunctionFailure, FunctionPublish};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// The result of a function, as it is stored with its attempt.
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

    /// Prepares the events that a function published, as events of its app.
    ///
    /// # Errors
    /// The failure of the attempt, naming the first publish that the Events API would refuse. None of them is published
    /// then.
    pub(crate) fn prepare_published(
        &self,
        app: &AppEntry,
        cause: &Event,
        published: &[FunctionPublish],
    ) -> Result<Vec<PreparedEvent>, Failure> {
        let failed = |why: String| Failure::after(FailureKind::Function, why);
        let provenance = cause.provenance.of_function();
        let state = cause.headers.trace_state();
        let make = |one: &FunctionPublish| {
            let made = draft(one, self.publisher.event_limit, provenance)?;
            Ok(EventDraft { headers: made.headers.with_trace_state(state.clone()), ..made })
        };
        let drafts: Result<Vec<EventDraft>, String> = published.iter().map(make).collect();
        let drafts = drafts.map_err(failed)?;
        if let Some(rate) = self.publisher.rate {
            let count = u32::try_from(drafts.len()).unwrap_or(u32::MAX);
            let taken = app.state.bucket.take(rate, count, Instant::now());
            taken.map_err(|_| failed("what it published is over the app's publish rate".to_owned()))?;
        }
        let lineage = Lineage::after(cause.id, cause.lineage);
        let all: Vec<PreparedEvent> =
            drafts.into_iter().map(|draft| self.publisher.prepare(app, draft, None, lineage).0).collect();
        let deliveries = all.iter().map(|prepared| prepared.new.deliveries.len()).sum();
        if let Some(first) = all.first()
            && let Err(stopped) = self.publisher.chains.admit(lineage, deliveries)
        {
            self.publisher.report_stopped_chain(&app.app.name, &first.new.event.name, stopped);
            return Err(Failure::after(FailureKind::Loop, stopped.to_string()));
        }
        for prepared in &all {
            let added = self.publisher.backlogs.add(&app.app.name, prepared.backlog());
            added.map_err(|over| failed(over.to_string()))?;
        }
        Ok(all)
    }
}

/// Writes the result of a function as JSON: its value, `null` if it failed, and its console output.
pub(crate) fn output(value: Option<&str>, log: &str) -> Option<String> {
    let value = value.and_then(|value| serde_json::from_str::<&RawValue>(value).ok());
    serde_json::to_string(&Output { value, log }).ok()
}

fn draft(publish: &FunctionPublish, limit: usize, provenance: Provenance) -> Result<EventDraft, String> {
    let about = |why: String| format!("ctx.publish({:?}): {why}", publish.name);
    let name = EventName::parse(&publish.name).map_err(|error| about(error.to_string()))?;
    let options: Options<'_> =
        serde_json::from_str(&publish.options).map_err(|error| about(error.to_string()))?;
    let body = options.body.map_or("{}", RawValue::get);
    if body.len() > limit {
        return Err(about(format!("the body is larger than {limit} bytes")));
    }
    let pairs = options.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = PublishHeaders::parse(pairs).map_err(|error| about(error.to_string()))?;
    let subscribers = options.subscribers.map(|names| {
        // As over the Events API, a name that no app can have matches no subscriber.
        names.iter().filter_map(|name| AppName::any(name)).collect()
    });
    let body = Bytes::copy_from_slice(body.as_bytes());
    Ok(EventDraft { name, body, headers, subscribers, provenance })
}
