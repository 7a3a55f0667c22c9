//! The traffic and the queues now.

use super::super::extract::{Admin, Shared};
use super::super::paging::Params;
use super::query::rounded;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_engine::{Account, AppTraffic, QueueOverview, QueueState};
use footbridge_model::name::AppName;
use footbridge_model::traffic::Sums;
use std::collections::BTreeMap;

/// Returns the traffic and the state of the server now. A caller that is limited to some apps gets the numbers of these apps;
/// `rates` and `account`, which the server counts only as a whole, are then `null`.
#[utoipa::path(get, path = "/api/v1/stats/now", tag = "statistics", security(("admin" = [])),
    responses((status = 200, body = api::StatsNow)))]
pub(in super::super) async fn now(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<api::StatsNow>, Problem> {
    params.refuse_others(&[])?;
    let engine = &shared.engine;
    let (account, queues) = (engine.account().await?, engine.queues().await?);
    let waiting = || queues.waiting.iter().filter(|queue| caller.may_see(&queue.hook.hook.app));
    let recent = engine.recent_traffic();
    let is_visible = |name: &str| AppName::any(name).is_some_and(|name| caller.may_see(&name));
    let mut deliveries = recent.deliveries;
    if caller.is_scoped() {
        deliveries = Sums::default();
        let seen = recent.apps.iter().filter(|(name, _)| is_visible(name));
        seen.for_each(|(_, app)| deliveries.merge(&app.heard));
    }
    let [page, publish, exchange] = recent.rates.map(rounded);
    let whole = !caller.is_scoped();
    let latency = |part| deliveries.latencies.quantile(part).map(rounded);
    let paused = waiting().filter(|queue| queue.state == QueueState::Paused).count();
    let standing = waiting().filter(|queue| queue.state.is_standing()).count();
    let mut apps: BTreeMap<String, AppTraffic> =
        engine.apps().iter().map(|entry| (entry.app.name.to_string(), AppTraffic::default())).collect();
    apps.extend(recent.apps.iter().map(|(name, app)| (name.clone(), *app)));
    Ok(Json(api::StatsNow {
        time: engine.now().to_string(),
        started_at: engine.started_at().to_string(),
        rates: whole.then_some(api::Rates { page, publish, exchange }),
        first_try_ok: deliveries.first_try_ok().map(rounded),
        p50_ms: latency(0.5),
        p95_ms: latency(0.95),
        account: whole.then(|| account_now(&account)),
        lanes: api::LaneCounts {
            waiting: waiting().count() as u64,
            standing: standing as u64,
            paused: paused as u64,
        },
        apps: apps
            .into_iter()
            .filter(|(name, _)| is_visible(name))
            .map(|(name, traffic)| app(name, &traffic, &queues))
            .collect(),
    }))
}

const fn account_now(account: &Account) -> api::AccountNow {
    let Account { accepted, pending, delivered, unanswered, dead, cancelled } = *account;
    api::AccountNow { accepted, pending, delivered, unanswered, dead, cancelled }
}

fn app(name: String, traffic: &AppTraffic, queues: &QueueOverview) -> api::AppNow {
    let is_its = |app: &str| app.eq_ignore_ascii_case(&name);
    let waiting = queues.waiting.iter().filter(|queue| is_its(queue.hook.hook.app.as_str()));
    let dead = queues.dead.iter().filter(|dead| is_its(dead.app.as_str()));
    api::AppNow {
        says: rounded(traffic.says),
        hears: rounded(traffic.hears),
        first_try_ok: traffic.heard.first_try_ok().map(rounded),
        p95_ms: traffic.heard.latencies.quantile(0.95).map(rounded),
        waiting: waiting.map(|queue| queue.waiting.count).sum(),
        dead: dead.map(|dead| dead.count).sum(),
        last_heard_at: traffic.last_heard_at.map(|at| at.to_string()),
        last_said_at: traffic.last_said_at.map(|at| at.to_string()),
        app: name,
    }
}
