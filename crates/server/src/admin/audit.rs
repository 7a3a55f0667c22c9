//! Handlers of `/api/v1/audit`: the list of entries.

use super::extract::{Admin, Shared};
use super::paging::Params;
use super::searching::{Form, Step, export};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use footbridge_api::{self as api, SearchedList};
use footbridge_engine::{AuditFilter, Found, Page, Search};
use footbridge_model::audit::{ActorKind, AuditEntry};
use footbridge_model::id::{AuditId, made_at};
use footbridge_model::query::Moment;
use footbridge_model::time::Millis;
use serde_json::Value;
use std::sync::Arc;

/// Query parameters that select entries.
const FILTERS: [&str; 6] = ["q", "who", "action", "object", "since", "until"];

/// The reason why callers that are limited to some apps do not see the log.
pub(super) const ABOUT_ALL: &str = "the audit log is about all apps";

/// The columns of an export as CSV.
const COLUMNS: [&str; 11] = [
    "id",
    "at",
    "who.kind",
    "who.name",
    "from",
    "action",
    "object.kind",
    "object.id",
    "before",
    "after",
    "note",
];

/// Renders an entry for an answer.
pub(super) fn view(entry: AuditEntry) -> api::AuditEntry {
    let members = |text: Option<String>| text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    api::AuditEntry {
        id: entry.id.to_string(),
        at: made_at(entry.id.number()).to_string(),
        who: api::AuditActor { kind: entry.who.kind.as_str().to_owned(), name: entry.who.name },
        from: entry.who.address.map(|address| address.to_string()),
        action: entry.action,
        object: api::AuditObject { kind: entry.object.kind, id: entry.object.id },
        before: members(entry.before),
        after: members(entry.after),
        note: entry.note,
    }
}

/// Reads the filter in the query.
fn filter(params: &Params, now: Millis) -> Result<AuditFilter, Problem> {
    let since: Option<Moment> = params.read("since")?;
    let until: Option<Moment> = params.read("until")?;
    let text = |name: &str| params.text(name).map(str::to_owned);
    let (kind, who) = match params.text("who").map(|who| (who, who.split_once(':'))) {
        None => (None, None),
        Some((_, Some((kind, name)))) => {
            let kind = kind.parse::<ActorKind>().map_err(|error| {
                Problem::parameter("who", format_args!("{error}, then `:` and a name; or only a name"))
            })?;
            (Some(kind), Some(name.to_owned()).filter(|name| !name.is_empty()))
        }
        Some((who, None)) => match who.parse::<ActorKind>() {
            Ok(kind) => (Some(kind), None),
            Err(_) => (None, Some(who.to_owned())),
        },
    };
    let (object_kind, object_id) = match params.text("object").map(|object| (object, object.split_once(':')))
    {
        None => (None, None),
        Some((_, Some((kind, id)))) => {
            (Some(kind.to_owned()), Some(id.to_owned()).filter(|id| !id.is_empty()))
        }
        Some((object, None)) if OBJECTS.contains(&object) => (Some(object.to_owned()), None),
        Some((object, None)) => (None, Some(object.to_owned())),
    };
    Ok(AuditFilter {
        kind,
        who,
        action: text("action"),
        object_kind,
        object_id,
        text: text("q"),
        since: since.map(|since| since.at(now)),
        until: until.map(|until| until.at(now)),
    })
}

/// Kinds of objects, which the parameter `object` may name alone.
const OBJECTS: [&str; 9] = ["app", "link", "hook", "delivery", "job", "user", "role", "api_token", "session"];

/// Lists the audit log, newest first: who changed what, when and from where. Exports all entries that match as CSV or NDJSON if
/// `Accept` asks for that.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", security(("admin" = [])),
    params(("q" = Option<String>, Query, description = "Entries that contain this text, in upper or lower case"),
        ("who" = Option<String>, Query, description = "Entries of this actor: a kind, a name, or `kind:name`"),
        ("action" = Option<String>, Query, description = "Entries of this action; `app.*` for all that begin with `app.`"),
        ("object" = Option<String>, Query, description = "Entries about this object: a kind, an id or name, or `kind:id`"),
        ("since" = Option<String>, Query, description = "Entries made at or after this time; `2h` means two hours ago"),
        ("until" = Option<String>, Query, description = "Entries made before this time; `2h` means two hours ago"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = SearchedList<api::AuditEntry>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    form: Form,
    params: Params,
) -> Result<Response, Problem> {
    form.check(&params)?;
    let window = params.window("audit", &FILTERS)?;
    if caller.is_scoped() {
        return Err(Problem::forbidden_scope(&caller, ABOUT_ALL));
    }
    let filter = filter(&params, shared.engine.now())?;
    if form != Form::Page {
        let fetch = move |search: Search| step(Arc::clone(&shared), filter.clone(), &search);
        return Ok(export(form, &COLUMNS, Search::all(None, 0), fetch));
    }
    let page: Page = window.of_journal(AuditId::number)?;
    let found = shared.engine.audit_log(filter, page).await?;
    let (rows, next) = window.cut(found.entries, |entry: &AuditEntry| entry.id.to_string());
    let stopped_at = found.stopped_at.filter(|_| next.is_none());
    let next = next.or_else(|| stopped_at.map(|at| window.cursor(&AuditId::from_number(at).to_string())));
    let searched = api::Searched {
        to: stopped_at.map(|at| made_at(at).to_string()),
        rows: found.looked,
        more: stopped_at.is_some(),
    };
    Ok(Json(SearchedList { data: rows.into_iter().map(view).collect(), next, searched }).into_response())
}

/// One step of an export.
fn step(shared: Shared, filter: AuditFilter, search: &Search) -> Step<api::AuditEntry> {
    let page = Page { before: search.after, limit: search.limit };
    Box::pin(async move {
        let found = shared.engine.audit_log(filter, page).await?;
        let full = u32::try_from(found.entries.len()).is_ok_and(|length| length >= page.limit);
        let last = found.entries.last().map(|entry| entry.id.number());
        Ok(Found {
            next: found.stopped_at.or(last.filter(|_| full)),
            rows: found.entries.into_iter().map(view).collect(),
            looked_at: found.looked,
            stopped: found.stopped_at.is_some(),
        })
    })
}
