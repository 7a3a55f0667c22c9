//! `/api/v1/tickets`: an app's back end asks for what its page may be given.

use super::body::{Body, Fields, FromFields};
use super::extract::{AppCaller, Shared};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_engine::{Caller, Engine, TICKET_MOST, TICKET_PATTERNS, TicketSpec, TicketUse};
use footbridge_model::duration;
use footbridge_model::pattern::Pattern;
use footbridge_model::time::Millis;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a ticket lives when nothing is said.
const TTL: Duration = Duration::from_mins(1);
/// How `ttl` is written, for whoever wrote it otherwise.
const TTL_EXAMPLE: &str = "; write a number with its unit, such as \"90s\" or \"5m\"";
/// The most patterns of one ticket.
const PATTERNS: usize = 32;

/// A ticket that is asked for.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what becomes a `TicketSpec`")]
pub(super) struct TicketRequest {
    /// `live` to watch the app's events, `forward` to pass custom events on as the app.
    r#use: String,
    /// Only events that one of these patterns matches; at most 32, and together at most 1024 bytes.
    events: Option<Vec<String>>,
    /// How long it lives, such as `90s`, at most `10m`; `60s` when left out.
    ttl: Option<String>,
}

/// What is read of it.
#[derive(Debug)]
pub(super) struct Wanted(TicketSpec);

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let for_use = fields.required_as("use", |text| match text {
            "live" => Ok(TicketUse::Live),
            "forward" => Ok(TicketUse::Forward),
            _ => Err("it is `live` or `forward`"),
        })?;
        let events = match fields.optional::<Vec<String>>("events")? {
            None => None,
            Some(texts) if texts.len() > PATTERNS => {
                return Err(fields.wrong("events", format_args!("has at most {PATTERNS} patterns")));
            }
            Some(texts) => {
                let read: Result<Vec<Pattern>, _> = texts.iter().map(|text| Pattern::parse(text)).collect();
                let read = read.map_err(|error| fields.wrong("events", format_args!("is wrong: {error}")))?;
                let length: usize = read.iter().map(|pattern| pattern.to_string().len()).sum();
                if length > TICKET_PATTERNS {
                    let why = format_args!(
                        "has patterns of {length} bytes together, and a ticket holds at most {TICKET_PATTERNS}; write fewer, such as `camera/*` for all events of `camera`"
                    );
                    return Err(fields.wrong("events", why));
                }
                Some(read)
            }
        };
        let within = |text: &str| duration::parse_within(text, Duration::from_secs(1), TICKET_MOST);
        let ttl =
            fields.optional_as("ttl", within).map_err(|problem| problem.with(TTL_EXAMPLE))?.unwrap_or(TTL);
        Ok(Self(TicketSpec { for_use, events, ttl }))
    }
}

/// A ticket, shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(super) struct TicketView {
    #[schema(example = "tkt_…")]
    ticket: String,
    /// From then on it proves nothing. What it has opened stays open.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Millis,
    /// What is right but probably not meant, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Makes a ticket for a page of the app's: short-lived leave to watch its events, or to pass custom events on.
#[utoipa::path(post, path = "/api/v1/tickets", tag = "live", security(("bridge" = []), ("token" = [])),
    request_body = TicketRequest, responses((status = 200, body = TicketView)))]
pub(super) async fn create(
    AppCaller(caller): AppCaller,
    State(shared): State<Shared>,
    Body(Wanted(spec)): Body<Wanted>,
) -> Result<Json<TicketView>, Problem> {
    let (ticket, expires_at) = shared.engine.issue_ticket(&caller, &spec);
    let warnings = warnings(&shared.engine, &caller, &spec);
    Ok(Json(TicketView { ticket: ticket.expose().to_owned(), expires_at, warnings }))
}

/// A page hears what the hooks of its app get, and nothing else: what no hook gets would be silence.
fn warnings(engine: &Engine, caller: &Caller, spec: &TicketSpec) -> Vec<String> {
    let app = &caller.entry.app.name;
    if spec.for_use != TicketUse::Live {
        return Vec::new();
    }
    let Some(patterns) = &spec.events else {
        let none = engine.hooks(Some(app)).is_empty();
        let silent = || format!("the app `{app}` has no hook, so its pages hear nothing: subscribe first");
        return none.then(silent).into_iter().collect();
    };
    let silent = |pattern: &&Pattern| {
        format!(
            "no hook of `{app}` gets events that `{pattern}` matches now, so no page hears them: subscribe to them first"
        )
    };
    engine.unmatched_patterns(&caller.entry, patterns).iter().map(silent).collect()
}
