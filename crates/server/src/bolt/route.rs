//! `/api/events/…`. Checks in this order: token, size, JSON, name or pattern, members.

use super::error::{BoltError, Code};
use super::parse::{self, Draft, Members, Subscription};
use super::render::{self, BoltResult, HookView};
use super::target::{self, Target};
use crate::body;
use crate::credential::{APP_TOKEN, app_token};
use crate::media;
use crate::metrics::Surface;
use crate::state::ShardState;
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::{AppEntry, Caller, PAGE_TOKEN_MARK, PageCaller, Published};
use footbridge_model::id::EventId;
use footbridge_model::json::JsonError;
use footbridge_model::provenance::Via;
use footbridge_model::secret::digest;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

/// Publishes, subscribes or unsubscribes.
pub(crate) async fn events(
    local: &ShardState,
    request: Request<Incoming>,
    watch: &Watch,
) -> Response<Full<Bytes>> {
    let (head, incoming) = request.into_parts();
    answer(local, &head, incoming, watch).await.unwrap_or_else(|error| {
        let trace = local.shared.engine.new_trace_id();
        tracing::debug!(trace, code = error.code.row().0, "an Events API call failed");
        render::failure(&error, &trace, local.shared.bolt.http_200_errors)
    })
}

async fn answer(local: &ShardState, head: &Parts, incoming: Incoming, watch: &Watch) -> BoltResult {
    let tail = head.uri.path().strip_prefix("/api/events/");
    let Some(tail) = tail.filter(|_| matches!(head.method, Method::POST | Method::DELETE)) else {
        body::discard(&head.headers, incoming);
        let message = format!(
            "there is no {} {}: POST publishes and subscribes, DELETE unsubscribes",
            head.method,
            head.uri.path()
        );
        return Err(BoltError::new(Code::NoSuchEndpoint, message));
    };
    let caller = match event_caller(local, &head.headers) {
        Ok(caller) => caller,
        Err(error) => {
            body::discard(&head.headers, incoming);
            local.shared.metrics.auth_failure(Surface::Events);
            return Err(error);
        }
    };
    let limit = local.shared.bolt.body;
    let bytes = body::read(&head.headers, incoming, limit, watch).await?;
    if head.method == Method::DELETE {
        return unsubscribe(local, caller.subscriber()?, tail).await;
    }
    let members = json(&head.headers, &bytes, Members::read)?;
    let bad_name =
        || BoltError::new(Code::BadName, "the path contains no event name, or escapes that are not UTF-8");
    match target::post(tail).ok_or_else(bad_name)? {
        Target::Subscribe(pattern) => subscribe(local, caller.subscriber()?, &pattern, &members).await,
        Target::Slash { pattern, .. } if members.has_route() => {
            subscribe(local, caller.subscriber()?, &pattern, &members).await
        }
        Target::Segment(text) if text == "*" || members.is_subscription() => {
            subscribe(local, caller.subscriber()?, &text, &members).await
        }
        Target::Segment(name) | Target::Slash { name, .. } => {
            publish(local, &caller, &name, &members, &bytes, &head.headers).await
        }
    }
}

/// The caller of the events API.
enum EventCaller {
    /// An app, by its token.
    App(Caller),
    /// A page of an installed app, which may only publish.
    Page(PageCaller),
}

impl EventCaller {
    /// Returns the app if it may subscribe.
    fn subscriber(&self) -> Result<&AppEntry, BoltError> {
        match self {
            Self::App(caller) => Ok(&caller.entry),
            Self::Page(_) => Err(BoltError::new(
                Code::NotAllowed,
                "a page token may not subscribe or unsubscribe: the app's back end must do it",
            )),
        }
    }
}

/// Returns the app or the page whose token a call carries.
fn event_caller(local: &ShardState, headers: &HeaderMap) -> Result<EventCaller, BoltError> {
    let page = app_token(headers).filter(|token| token.starts_with(PAGE_TOKEN_MARK.as_bytes()));
    match page {
        None => caller(local, headers).map(EventCaller::App),
        Some(token) => local.shared.engine.page_by_token(token).map(EventCaller::Page).ok_or_else(|| {
            BoltError::new(
                Code::BadToken,
                "no connected page has this token: it is valid only while its page is connected to /socket.io/, and ends with the app",
            )
        }),
    }
}

/// Returns the app whose token a call carries.
pub(super) fn caller(local: &ShardState, headers: &HeaderMap) -> Result<Caller, BoltError> {
    if !headers.contains_key(APP_TOKEN) {
        return Err(BoltError::new(Code::NoToken, "send the app's token as X-Bolt-App-Token"));
    }
    let caller = app_token(headers).and_then(|token| local.shared.engine.caller_by_token(token));
    caller.ok_or_else(|| BoltError::new(Code::BadToken, "no enabled app has this X-Bolt-App-Token: it may have been rotated, or belong to a run that has ended"))
}

async fn publish(
    local: &ShardState,
    caller: &EventCaller,
    name: &str,
    members: &Members<'_>,
    bytes: &Bytes,
    headers: &HeaderMap,
) -> BoltResult {
    let name = parse::name(name)?;
    let engine = &local.shared.engine;
    let Draft { event: mut draft, named } = members.draft(name.clone(), bytes)?;
    let (provenance, trace_state) = body::provenance(Via::Api, headers);
    draft.provenance = provenance;
    draft.headers = draft.headers.with_trace_state(trace_state);
    let key = body::idempotency_key(headers).map_err(|why| BoltError::new(Code::BadRequest, why))?;
    let key = key.map(|key| (key, digest(bytes)));
    let cause = body::cause(headers).map_err(|why| BoltError::new(Code::BadRequest, why))?;
    let mut warnings = engine.warn_subscribers(named.iter().map(|name| &**name));
    let (published, app) = match caller {
        EventCaller::App(app) => (
            engine.publish_after(&app.entry, draft, key, cause).await.map_err(BoltError::from),
            &app.entry.app,
        ),
        EventCaller::Page(page) => (
            engine.publish_from_page(page, draft, key, cause).await.map_err(BoltError::from),
            &page.entry.app,
        ),
    };
    local.shared.metrics.publish(published.is_ok());
    let Published { accepted, unknown_cause } = published?;
    warnings.extend(unknown_cause.map(warn_unknown_cause));
    Ok(render::accepted(&accepted, &name, &app.name, &warnings))
}

/// Returns the warning about a cause that was ignored: the event starts a new chain.
fn warn_unknown_cause(cause: EventId) -> String {
    format!(
        "`Footbridge-Cause`: {cause} is no stored event that your app received or published, so this event starts a \
         new chain; send the `id` of the event that you handle"
    )
}

async fn subscribe(local: &ShardState, app: &AppEntry, pattern: &str, members: &Members<'_>) -> BoltResult {
    let pattern = parse::pattern(pattern)?;
    let engine = &local.shared.engine;
    let Subscription { route, kind, mut warnings } = members.subscription()?;
    warnings.extend(engine.warn_patterns(std::iter::once(&pattern)));
    let hook = engine.subscribe(app, pattern, route, kind).await?;
    Ok(render::subscribed(&hook, &warnings))
}

/// Refuses a body whose headers show that it is not JSON.
pub(super) fn check_media(headers: &HeaderMap, bytes: &[u8]) -> Result<(), BoltError> {
    let why = media::refuse_by_headers(headers)
        .or_else(|| media::is_binary_cloud_event(headers).then(|| media::CLOUD_EVENT.to_owned()));
    match why.filter(|_| !bytes.is_empty()) {
        Some(why) => Err(BoltError::new(Code::BadRequest, why)),
        None => Ok(()),
    }
}

/// Reads a body as JSON. An error names what the body looks like instead.
fn json<'a, T>(
    headers: &HeaderMap,
    bytes: &'a [u8],
    read: impl FnOnce(&'a [u8]) -> Result<T, JsonError>,
) -> Result<T, BoltError> {
    check_media(headers, bytes)?;
    read(bytes).map_err(|error| {
        if media::is_structured_cloud_event(headers) {
            return BoltError::new(Code::BadRequest, media::CLOUD_EVENT);
        }
        let syntax = matches!(error, JsonError::Syntax(_) | JsonError::NotUtf8);
        let looks = media::guess(headers, bytes).filter(|_| syntax);
        BoltError::new(
            Code::BadRequest,
            looks.map_or_else(|| error.to_string(), |looks| format!("{error}; it looks like {looks}")),
        )
    })
}

async fn unsubscribe(local: &ShardState, app: &AppEntry, tail: &str) -> BoltResult {
    let text =
        target::delete(tail).ok_or_else(|| BoltError::new(Code::BadName, "the path contains no pattern"))?;
    let pattern = parse::pattern(&text)?;
    let gone = local.shared.engine.unsubscribe(app, &pattern).await?;
    let gone: Vec<_> = gone.iter().map(|entry| HookView::of(entry)).collect();
    Ok(render::success(&gone))
}
