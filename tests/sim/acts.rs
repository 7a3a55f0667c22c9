//! What publishers, apps and operators do, and what they are told.

use crate::dice::Dice;
use crate::ledger::{Ledger, To};
use crate::plan::{Act, HookPlan, Publish};
use crate::run::name;
use bytes::Bytes;
use footbridge_engine::{BulkMode, DeliveryFilter, Engine, HookChange, HookEntry, HookSpec, Page};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::event::EventDraft;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::HookType;
use footbridge_model::name::EventName;
use footbridge_model::pattern::Pattern;
use std::sync::Arc;

pub(crate) async fn act(engine: Engine, act: Act, ledger: Ledger) {
    match act {
        Act::Publish(plan) => publish(&engine, plan, &ledger).await,
        Act::Add(plan) => add(&engine, plan, &ledger).await,
        Act::Remove(number) => {
            let Some(hook) = find(&engine, number) else { return };
            let change = ledger.changes(number, To::Removed);
            let done = engine.remove_hook(hook.hook.id).await.is_ok();
            ledger.changed(number, change, done);
        }
        Act::Switch { hook: number, on } => {
            let Some(hook) = find(&engine, number) else { return };
            switch(&engine, &hook, on, &ledger).await;
        }
        Act::SwitchAllOn => {
            for hook in engine.hooks(None).iter().filter(|hook| !hook.hook.enabled) {
                switch(&engine, hook, true, &ledger).await;
            }
        }
        Act::Ask => ledger.book().hindered.push(engine.delivery_problem().is_some()),
        Act::Retry(pick) => retry(&engine, pick).await,
        Act::RetryAll(number) => {
            let Some(hook) = find(&engine, number) else { return };
            let _ = engine
                .retry_many(
                    DeliveryFilter { hook: Some(hook.hook.id), ..DeliveryFilter::default() },
                    BulkMode::Apply,
                )
                .await;
        }
    }
}

async fn publish(engine: &Engine, plan: Publish, ledger: &Ledger) {
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
    };
    let call = ledger.calls(&plan);
    let answer = engine.publish(&publisher, draft, key);
    let told = match plan.patience {
        None => Some(answer.await),
        Some(patience) => tokio::time::timeout(patience, answer).await.ok(),
    };
    if let Some(told) = told {
        ledger.told(call, told);
    }
}

async fn add(engine: &Engine, plan: HookPlan, ledger: &Ledger) {
    ledger.plans(&plan);
    let change = ledger.changes(plan.number, To::Made);
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
        engine.add_hook(spec).await.is_ok()
    };
    ledger.changed(plan.number, change, done);
}

async fn switch(engine: &Engine, hook: &HookEntry, on: bool, ledger: &Ledger) {
    let number = number_of(&hook.hook.route).unwrap();
    let change = ledger.changes(number, if on { To::On } else { To::Off });
    let done = engine
        .change_hook(hook.hook.id, HookChange { enabled: Some(on), ..HookChange::default() })
        .await
        .is_ok();
    ledger.changed(number, change, done);
}

async fn retry(engine: &Engine, pick: u64) {
    let mut dice = Dice::of(pick, &[]);
    let status = dice.pick(&[DeliveryStatus::Dead, DeliveryStatus::Dead, DeliveryStatus::Cancelled]);
    let filter = DeliveryFilter { status: Some(status), ..DeliveryFilter::default() };
    let found = engine.history().deliveries(filter, Page { before: None, limit: 20 }).await.unwrap();
    if !found.is_empty() {
        let place = usize::try_from(dice.within(0..found.len() as u64)).unwrap();
        let _ = engine.retry(found[place].delivery.id).await;
    }
}

/// The hook of this number, while it is there.
fn find(engine: &Engine, number: u64) -> Option<Arc<HookEntry>> {
    engine.hooks(None).into_iter().find(|entry| number_of(&entry.hook.route) == Some(number))
}

/// The number in a hook's route.
pub(crate) fn number_of(route: &str) -> Option<u64> {
    let (_, number) = route.rsplit_once('h')?;
    number.parse().ok()
}
