//! The handler of `/api/v1/tail`.

use super::super::audit;
use super::super::extract::{Admin, Shared};
use super::super::paging::Params;
use super::audit::AuditPosition;
use super::feed::{self, Sources};
use super::queue::TailQueue;
use super::registry::Position;
use super::rows::{Filter, Kind};
use super::sse::{Attached, TailSource, answer, beginning};
use crate::problem::{Problem, ProblemCode};
use axum::extract::State;
use axum::response::Response;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::permission::Permission;
use footbridge_model::query::Query;
use footbridge_model::words;
use http::request::Parts;
use std::sync::Arc;
use tokio::time::Instant;

/// Streams what happens as server-sent events `event`, `delivery`, `exchange`, `audit` and `log`, whose data is a row of the
/// list with the time `at`. At most 200 rows a second are sent; `gap` has the number of the others, and `null` if it is not
/// known. `ping` keeps the connection alive. The kind `audit` needs the permission `audit.read`, and `log` needs `apps.read`.
#[utoipa::path(get, path = "/api/v1/tail", tag = "tail", security(("admin" = [])),
    params(("q" = Option<String>, Query, description = "What rows must match, in the words of lists"),
        ("kinds" = Option<String>, Query, description = "Kinds of rows, separated by commas: `event`, `delivery`, `exchange`, `audit`, `log`; else the first three"),
        ("Last-Event-ID" = Option<String>, Header, description = "Continues after the row with this id")),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(in super::super) async fn tail(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
    parts: Parts,
) -> Result<Response, Problem> {
    params.refuse_others(&["q", "kinds"])?;
    let query: Query = params.read("q")?.unwrap_or_default();
    let bodies = query.body_tests().next().is_some();
    if bodies {
        Problem::require(&caller, Permission::PayloadsRead)?;
    }
    let kinds = kinds(params.text("kinds"))?;
    kinds.iter().try_for_each(|kind| permit(&caller, *kind))?;
    if shared.engine.is_draining() {
        return Err(Problem::new(ProblemCode::Draining, "the server is shutting down; connect again later"));
    }
    let filter = Arc::new(Filter { caller, kinds, query });
    let resumed = parts.headers.get("last-event-id").map(|id| id.to_str().ok()?.parse::<Position>().ok());
    let found = resumed.flatten().and_then(|at| Some((at, shared.tails.find(at.tail, &filter)?)));
    let (at, queue, lost) = if let Some((at, queue)) = found {
        let lost = queue.attach(Some(at.number));
        (at, queue, Some(lost))
    } else {
        let (tail, queue) = start(&shared, &filter, bodies).await?;
        queue.attach(None);
        (Position { tail, number: 0 }, queue, resumed.is_none().then_some(0))
    };
    let source = TailSource { tail: at.tail, attached: Attached(queue), first: Some(beginning(lost, at)) };
    Ok(answer(source, TailSource::produce))
}

/// Starts a new tail; with `bodies`, its query may ask about them.
async fn start(
    shared: &Shared,
    filter: &Arc<Filter>,
    bodies: bool,
) -> Result<(u64, Arc<TailQueue>), Problem> {
    let audit = if filter.has(Kind::Audit) { Some(AuditPosition::end(shared).await?) } else { None };
    let id = shared.engine.random_number();
    let queue = Arc::new(TailQueue::new(Instant::now()));
    if !shared.tails.add(id, &queue, filter) {
        let why = "the server has as many live tails as it allows; close one, or try again later";
        return Err(Problem::new(ProblemCode::Unavailable, why));
    }
    let sources = Sources { watcher: shared.engine.tail(bodies), audit };
    tokio::spawn(feed::run(Arc::clone(shared), id, Arc::clone(&queue), Arc::clone(filter), sources));
    Ok((id, queue))
}

/// Checks that the caller may see rows of this kind. The operation itself needs `events.read`.
fn permit(caller: &AdminCaller, kind: Kind) -> Result<(), Problem> {
    match kind {
        Kind::Event | Kind::Delivery | Kind::Exchange => Ok(()),
        Kind::Log => Problem::require(caller, Permission::AppsRead),
        Kind::Audit => {
            Problem::require(caller, Permission::AuditRead)?;
            if caller.is_scoped() {
                return Err(Problem::forbidden_scope(caller, audit::ABOUT_ALL));
            }
            Ok(())
        }
    }
}

fn kinds(text: Option<&str>) -> Result<Vec<Kind>, Problem> {
    let Some(text) = text else { return Ok(vec![Kind::Event, Kind::Delivery, Kind::Exchange]) };
    let kind = |word: &str| {
        let found = Kind::ALL.into_iter().find(|(_, name)| *name == word).map(|(kind, _)| kind);
        found.ok_or_else(|| {
            let known: Vec<&str> = Kind::ALL.iter().map(|(_, name)| *name).collect();
            let why = format!("has `{}`; known are `{}`", words::shown(word), known.join("`, `"));
            Problem::parameter("kinds", why)
        })
    };
    text.split(',').map(str::trim).map(kind).collect()
}
