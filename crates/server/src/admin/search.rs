//! The handler of `/api/v1/search`: what a text may lead to.

use super::extract::{Admin, Shared};
use super::paging::Params;
use super::visible;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api::{Hit, Hits};
use footbridge_engine::{Budget, EventFilter, Search};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::id::{HookId, made_at};
use footbridge_model::permission::Permission;
use footbridge_model::query::{AnyId, Condition, Glob, Query};
use footbridge_model::time::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most hits of one kind.
const MOST: usize = 10;
/// The longest time that is spent on looking for names of events.
const NAMES_TIME: Duration = Duration::from_millis(60);
/// The longest text, in bytes.
const MAX_LENGTH: usize = 256;

/// Finds what a text leads to: the thing with that id, or apps, names of recent events, and hooks that have the text.
#[utoipa::path(get, path = "/api/v1/search", tag = "events", security(("admin" = [])),
    params(("q" = String, Query, description = "An id, or a part of a name")),
    responses((status = 200, body = Hits)))]
pub(super) async fn search(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<Hits>, Problem> {
    params.refuse_others(&["q"])?;
    let text = params.text("q").unwrap_or_default().trim();
    if text.is_empty() || text.len() > MAX_LENGTH {
        return Err(Problem::parameter("q", format_args!("must be 1 to {MAX_LENGTH} bytes")));
    }
    let data = match text.parse() {
        Ok(id) => by_id(&shared, &caller, id).await?.into_iter().collect(),
        Err(_) => by_part(&shared, &caller, text).await?,
    };
    Ok(Json(Hits { data }))
}

fn hit(kind: &str, id: String, text: String, at: Option<Millis>) -> Hit {
    Hit { kind: kind.to_owned(), id, text, at: at.map(|at| at.to_string()) }
}

async fn by_id(shared: &Shared, caller: &AdminCaller, id: AnyId) -> Result<Option<Hit>, Problem> {
    let history = shared.engine.history();
    Ok(match id {
        AnyId::Event(id) => {
            let found = match history.event(id).await? {
                Some(view) => visible::event(shared, caller, view).await?,
                None => None,
            };
            found.map(|view| {
                let text = format!("{} by {}", view.event.name, view.event.publisher);
                hit("event", id.text(), text, Some(view.event.time))
            })
        }
        AnyId::Delivery(id) => {
            history.delivery(id).await?.filter(|view| caller.may_see(&view.hook.app)).map(|view| {
                let name =
                    view.event.map_or_else(|| view.delivery.event_id.text(), |event| event.name.to_string());
                let text = format!("{name} to {}, {}", view.hook.app, view.delivery.status.as_str());
                hit("delivery", id.text(), text, Some(made_at(id.number())))
            })
        }
        AnyId::Exchange(id) => {
            let record = history.exchange(id).await?.filter(|record| visible::exchange(caller, &record.head));
            record.map(|record| {
                let head = record.head;
                let text = format!("{} from {} to {}", head.event_type, head.sender, head.recipient);
                hit("exchange", id.text(), text, Some(head.at))
            })
        }
        AnyId::Hook(id) => hooks(shared, caller, |hook, _| hook == id).into_iter().next(),
    })
}

async fn by_part(shared: &Shared, caller: &AdminCaller, part: &str) -> Result<Vec<Hit>, Problem> {
    let glob = Glob::without_case(&format!("*{part}*"));
    let mut hits = Vec::new();
    if caller.may(Permission::AppsRead) {
        let mut apps = shared.engine.apps();
        apps.retain(|entry| caller.may_see(&entry.app.name) && glob.matches(entry.app.name.as_str()));
        // Names that begin with the text come first.
        let lower = part.to_lowercase();
        apps.sort_by_key(|entry| {
            (!entry.app.name.key().starts_with(&lower), entry.app.name.key().to_owned())
        });
        hits.extend(apps.iter().take(MOST).map(|entry| {
            let name = entry.app.name.to_string();
            hit("app", name.clone(), name, Some(entry.app.created_at))
        }));
    }
    hits.extend(names(shared, caller, glob.clone()).await?);
    if caller.may(Permission::AppsRead) {
        hits.extend(hooks(shared, caller, |_, text| glob.matches(text)).into_iter().take(MOST));
    }
    Ok(hits)
}

/// Finds names of recent events.
async fn names(shared: &Shared, caller: &AdminCaller, glob: Glob) -> Result<Vec<Hit>, Problem> {
    let search = Search {
        query: Query::default().and(Condition::Name(glob)),
        budget: Budget { time: Some(NAMES_TIME), rows: u64::MAX },
        scope: caller.apps.clone(),
        ..Search::all(None, 250)
    };
    let found = shared.engine.history().search_events(EventFilter::default(), search).await?;
    let mut latest: BTreeMap<String, (Millis, String)> = BTreeMap::new();
    for view in found.rows {
        let event = view.event;
        latest.entry(event.name.to_string()).or_insert_with(|| (event.time, event.publisher.to_string()));
    }
    let mut names: Vec<_> = latest.into_iter().collect();
    names.sort_by_key(|(_, (at, _))| std::cmp::Reverse(*at));
    let hits = names.into_iter().take(MOST);
    Ok(hits.map(|(name, (at, by))| hit("name", name.clone(), format!("{name} by {by}"), Some(at))).collect())
}

/// Finds hooks by their id or by the text that shows them.
fn hooks(shared: &Shared, caller: &AdminCaller, picks: impl Fn(HookId, &str) -> bool) -> Vec<Hit> {
    if !caller.may(Permission::AppsRead) {
        return Vec::new();
    }
    let all = shared.engine.hooks(None).into_iter().filter(|entry| caller.may_see(&entry.hook.app));
    all.filter_map(|entry| {
        let hook = &entry.hook;
        let text = format!("{} of {} to {}", hook.pattern, hook.app, hook.route);
        picks(hook.id, &text).then(|| hit("hook", hook.id.text(), text, Some(hook.created_at)))
    })
    .collect()
}
