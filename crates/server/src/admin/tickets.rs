//! `/api/v1/tickets`: the back end of an app requests a ticket for its page.

use super::body::JsonBody;
use super::dto::{parse, parse_optional};
use super::extract::{AppCaller, Shared};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api::{self as api, TicketPurpose};
use footbridge_engine::{Caller, Engine, TICKET_PATTERN_BYTES_MAX, TICKET_TTL_MAX, TicketSpec, TicketUse};
use footbridge_model::duration;
use footbridge_model::pattern::Pattern;
use std::time::Duration;

/// The default lifetime of a ticket.
const TTL: Duration = Duration::from_mins(1);
/// Appended to the error of a `ttl` that cannot be parsed.
const TTL_EXAMPLE: &str = "; write a number with its unit, such as \"90s\" or \"5m\"";
/// The most patterns of one ticket.
const PATTERNS_MAX: usize = 32;

/// Reads a request for a ticket.
fn spec(request: &api::NewTicket) -> Result<TicketSpec, Problem> {
    let for_use = match request.purpose {
        TicketPurpose::Live => TicketUse::Live,
        TicketPurpose::Forward => TicketUse::Forward,
    };
    let events = request.events.as_deref().map(patterns).transpose()?;
    let within = |text: &str| duration::parse_within(text, Duration::from_secs(1), TICKET_TTL_MAX);
    let ttl = parse_optional("ttl", request.ttl.as_deref(), within)
        .map_err(|problem| problem.with(TTL_EXAMPLE))?
        .unwrap_or(TTL);
    Ok(TicketSpec { for_use, events, ttl })
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, Problem> {
    if texts.len() > PATTERNS_MAX {
        return Err(Problem::member("events", format_args!("has more than {PATTERNS_MAX} patterns")));
    }
    let patterns: Vec<Pattern> =
        texts.iter().map(|text| parse("events", text, Pattern::parse)).collect::<Result<_, _>>()?;
    let length: usize = patterns.iter().map(|pattern| pattern.to_string().len()).sum();
    if length > TICKET_PATTERN_BYTES_MAX {
        let why = format_args!(
            "has patterns of {length} bytes in total, and a ticket holds at most {TICKET_PATTERN_BYTES_MAX}; use fewer, such as `camera/*` for all events of `camera`"
        );
        return Err(Problem::member("events", why));
    }
    Ok(patterns)
}

/// Issues a ticket for a page of the app: a short-lived credential to watch the app's events or to forward custom events.
#[utoipa::path(post, path = "/api/v1/tickets", tag = "live", security(("bridge" = []), ("token" = [])),
    request_body = api::NewTicket, responses((status = 200, body = api::Ticket)))]
pub(super) async fn create(
    AppCaller(caller): AppCaller,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::NewTicket>,
) -> Result<Json<api::Ticket>, Problem> {
    let spec = spec(&request)?;
    let (ticket, expires_at) = shared.engine.issue_ticket(&caller, &spec);
    let warnings = warnings(&shared.engine, &caller, &spec);
    let (ticket, expires_at) = (ticket.expose().to_owned(), expires_at.to_string());
    Ok(Json(api::Ticket { ticket, expires_at, warnings }))
}

/// Warns about patterns that no hook of the app has in common: a page only gets events that a hook of its app gets.
fn warnings(engine: &Engine, caller: &Caller, spec: &TicketSpec) -> Vec<String> {
    let app = &caller.entry.app.name;
    if spec.for_use != TicketUse::Live {
        return Vec::new();
    }
    let Some(patterns) = &spec.events else {
        let none = engine.hooks(Some(app)).is_empty();
        let warning = || format!("the app `{app}` has no hook, so its pages get no events: subscribe first");
        return none.then(warning).into_iter().collect();
    };
    let warning = |pattern: &&Pattern| {
        format!(
            "no hook of `{app}` gets events that `{pattern}` matches, so its pages get none of them: subscribe to them first"
        )
    };
    engine.unmatched_patterns(&caller.entry, patterns).iter().map(warning).collect()
}
