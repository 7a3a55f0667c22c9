//! The actions of publishers, apps and operators, and recording their answers.

use crate::exchanges;
use crate::history::{Change, History, To};
use crate::launcher::installed_name;
use crate::network::Reaction;
use crate::plan::{Action, EVENTS, HookPlan, Publish, package_hooks};
use crate::rng::Rng;
use crate::run::name;
use bytes::Bytes;
use footbridge_courier::Courier;
use footbridge_engine::{
    BulkMode, ChangeError, DeliveryFilter, Engine, HookChange, HookEntry, HookSpec, Page,
};
use footbridge_journal::JournalError;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::event::EventDraft;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::HookType;
use footbridge_model::id::EventId;
use footbridge_model::name::EventName;
use footbridge_model::pattern::Pattern;
use footbridge_model::provenance::Provenance;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

pub(crate) async fn run(engine: Engine, courier: Rc<Courier>, action: Action, history: History) {
    match action {
        Action::Publish(plan) => publish(&engine, plan, &history).await,
        Action::Exchange(plan) => exchanges::call(&engine, &courier, &plan, &history).await,
        Action::Add(plan) => add(&engine, plan, &history).await,
        Action::Remove(number) => remove(&engine, number, &history).await,
        Action::Switch { hook: number, on } => {
            let Some(hook) = find(&engine, number) else { return };
            switch(&engine, &hook, on, &history).await;
        }
        Action::SwitchAllOn => {
            for hook in engine.hooks(None).iter().filter(|hook| !hook.hook.enabled) {
                switch(&engine, hook, true, &history).await;
            }
        }
        Action::Ask => history.records().stalled.push(engine.delivery_problem().is_some()),
        Action::Retry(pick) => retry(&engine, pick).await,
        Action::RetryAll(number) => {
            let Some(hook) = find(&engine, number) else { return };
            let filter = DeliveryFilter { hook: Some(hook.hook.id), ..DeliveryFilter::default() };
            let _ = engine.retry_many(filter, BulkMode::Apply).await;
        }
        Action::Install(app) => install(&engine, app, &history).await,
        Action::Stop(app) => {
            // An app that is not installed or does not run cannot be stopped.
            let _ = engine.stop_app(installed_name(app).as_str()).await;
        }
    }
}

pub(crate) async fn publish(engine: &Engine, plan: Publish, history: &History) {
    let publisher = engine.app(&name(plan.publisher)).unwrap();
    let body = format!("{{\"mark\":{}}}", plan.mark);
    let mut fingerprint = [0; 32];
    fingerprint[..8].copy_from_slice(&plan.mark.to_le_bytes());
    let key = plan.key.map(|key| (format!("key-{key}"), fingerprint));
    let draft = EventDraft {
        name: EventName::parse(plan.event).unwrap(),
        body: Bytes::from(body),
        headers: PublishHeaders::default(),
        subscribers: plan.only.map(|app| vec![name(app)]),
        provenance: Provenance::default(),
    };
    let call = history.record_publish(&plan);
    let answer = engine.publish_after(&publisher, draft, key, plan.cause.map(EventId::from_number));
    let answer = match plan.hang_up_after {
        None => Some(answer.await),
        Some(after) => tokio::time::timeout(after, answer).await.ok(),
    };
    if let Some(answer) = answer {
        history.record_publish_answer(call, answer.map(|published| published.accepted));
    }
}

/// Publishes the reaction of an app to an event that it got.
pub(crate) async fn react(engine: Engine, Reaction { app, cause }: Reaction, history: History) {
    let plan = Publish {
        publisher: app,
        event: EVENTS[app % EVENTS.len()],
        mark: cause.number() ^ (app as u64 + 1),
        key: None,
        only: None,
        cause: Some(cause.number()),
        hang_up_after: None,
    };
    publish(&engine, plan, &history).await;
}

async fn add(engine: &Engine, plan: HookPlan, history: &History) {
    history.record_hook(&plan);
    let change = history.record_change(plan.number, To::Made);
    let half = |text: Option<String>| text.unwrap_or_else(|| "*".to_owned());
    let publisher = half(plan.publisher.map(|app| name(app).as_str().to_owned()));
    let pattern = Pattern::parse(&format!("{publisher}/{}", half(plan.event.map(str::to_owned)))).unwrap();
    let (kind, route) = if plan.server {
        (HookType::Server, format!("h{}", plan.number))
    } else {
        (HookType::Web, format!("http://r{}.test/h{}", plan.app, plan.number))
    };
    let done = if plan.transient {
        let app = engine.app(&name(plan.app)).unwrap();
        engine.subscribe(&app, pattern, route, kind).await.is_ok()
    } else {
        let spec = HookSpec { app: name(plan.app), pattern, route, kind, options: plan.options };
        match engine.add_hook(spec).await {
            Ok(_) => true,
            // As if there were no answer.
            Err(ChangeError::Journal(error)) if may_be_stored(&error) => return,
            Err(_) => false,
        }
    };
    history.record_change_answer(plan.number, change, done);
}

/// Adds a hook, again while it is refused. If the outcome is unknown, the hook may exist or not.
pub(crate) async fn add_until_done(engine: &Engine, plan: HookPlan, history: &History) {
    for _ in 0..20 {
        add(engine, plan.clone(), history).await;
        let is_settled = |change: &Change| change.answer.is_none_or(|(_, made)| made);
        if history.records().hooks.get(&plan.number).is_some_and(|hook| hook.changes.iter().any(is_settled)) {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

pub(crate) async fn remove(engine: &Engine, number: u64, history: &History) {
    let Some(hook) = find(engine, number) else { return };
    let change = history.record_change(number, To::Removed);
    let done = match engine.remove_hook(hook.hook.id).await {
        Err(ChangeError::Journal(error)) if may_be_stored(&error) => return,
        done => done.is_ok(),
    };
    history.record_change_answer(number, change, done);
}

async fn install(engine: &Engine, app: usize, history: &History) {
    let hooks = package_hooks(app);
    let changes: Vec<_> = hooks
        .iter()
        .map(|hook| {
            history.record_hook(hook);
            history.record_change(hook.number, To::Made)
        })
        .collect();
    let done = engine.install(format!("/apps/{app}"), false).await.is_ok();
    for (hook, change) in hooks.iter().zip(changes) {
        history.record_change_answer(hook.number, change, done);
    }
}

async fn switch(engine: &Engine, hook: &HookEntry, on: bool, history: &History) {
    let number = number_of(&hook.hook.route).unwrap();
    let change = history.record_change(number, if on { To::On } else { To::Off });
    let done = engine
        .change_hook(hook.hook.id, HookChange { enabled: Some(on), ..HookChange::default() })
        .await
        .is_ok();
    history.record_change_answer(number, change, done);
}

async fn retry(engine: &Engine, pick: u64) {
    let mut rng = Rng::of(pick, &[]);
    let status = rng.pick(&[DeliveryStatus::Dead, DeliveryStatus::Dead, DeliveryStatus::Cancelled]);
    let filter = DeliveryFilter { status: Some(status), ..DeliveryFilter::default() };
    let found = engine.history().deliveries(filter, Page { before: None, limit: 20 }).await.unwrap();
    if !found.is_empty() {
        let place = usize::try_from(rng.within(0..found.len() as u64)).unwrap();
        let _ = engine.retry(found[place].delivery.id).await;
    }
}

/// Finds an existing hook by the number in its route.
fn find(engine: &Engine, number: u64) -> Option<Arc<HookEntry>> {
    engine.hooks(None).into_iter().find(|entry| number_of(&entry.hook.route) == Some(number))
}

/// True if the outcome is unknown to whoever got this error.
pub(crate) const fn may_be_stored(error: &JournalError) -> bool {
    matches!(error, JournalError::Unavailable { maybe_stored: true, .. } | JournalError::Unknown(_))
}

/// The number in a hook's route.
pub(crate) fn number_of(route: &str) -> Option<u64> {
    let (_, number) = route.rsplit_once('h')?;
    number.parse().ok()
}
