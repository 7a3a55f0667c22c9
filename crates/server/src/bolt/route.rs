//! `/api/events/…`: token, size, JSON, name or pattern, members, in this order.

use super::error::{BoltError, Code};
use super::parse::{self, Draft, Members, Wanted};
use super::render::{self, HookView};
use super::target::{self, Target};
use crate::body;
use crate::credential::{APP_TOKEN, app_token};
use crate::media;
use crate::metrics::Surface;
use crate::state::Local;
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::{AppEntry, Caller, PAGE_TOKEN_MARK, PageCaller, Published};
use footbridge_model::id::EventId;
use footbridge_model::json::JsonError;
use footbridge_model::secret::digest;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

type Answer = Result<Response<Full<Bytes>>, BoltError>;

/// Publishes, subscribes or unsubscribes.
pub(crate) async fn events(
    local: &Local,
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

async fn answer(local: &Local, head: &Parts, incoming: Incoming, watch: &Watch) -> Answer {
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
    let who = match who(local, &head.headers) {
        Ok(who) => who,
        Err(error) => {
            body::discard(&head.headers, incoming);
            local.shared.metrics.auth_failure(Surface::Events);
            return Err(error);
        }
    };
    let limit = local.shared.bolt.body;
    let bytes = body::read(&head.headers, incoming, limit, watch).await?;
    if head.method == Method::DELETE {
        return unsubscribe(local, who.subscriber()?, tail).await;
    }
    let members = json(&head.headers, &bytes, Members::read)?;
    let bad_name = || BoltError::new(Code::BadName, "the path names no event");
    match target::post(tail).ok_or_else(bad_name)? {
        Target::Subscribe(pattern) => subscribe(local, who.subscriber()?, &pattern, &members).await,
        Target::Slash { pattern, .. } if members.has_route() => {
            subscribe(local, who.subscriber()?, &pattern, &members).await
        }
        Target::Open(text) if text == "*" || members.subscribe() => {
            subscribe(local, who.subscriber()?, &text, &members).await
        }
        Target::Open(name) | Target::Slash { name, .. } => {
            publish(local, &who, &name, &members, &bytes, &head.headers).await
        }
    }
}

/// Who calls the Events API.
enum Who {
    /// An app.
    App(Caller),
    /// A page of an installed app, which publishes at most.
    Page(PageCaller),
}

impl Who {
    /// The app, if it may hold hooks here.
    fn subscriber(&self) -> Result<&AppEntry, BoltError> {
        match self {
            Self::App(caller) => Ok(&caller.entry),
            Self::Page(_) => Err(BoltError::new(
                Code::NotAllowed,
                "this is the token of a page, which may not subscribe or unsubscribe: let the app's back end do it",
            )),
        }
    }
}

/// The app or the page whose token a call carries.
fn who(local: &Local, headers: &HeaderMap) -> Result<Who, BoltError> {
    let page = app_token(headers).filter(|token| token.starts_with(PAGE_TOKEN_MARK.as_bytes()));
    match page {
        None => caller(local, headers).map(Who::App),
        Some(token) => local.shared.engine.page_by_token(token).map(Who::Page).ok_or_else(|| {
            BoltError::new(
                Code::BadToken,
                "no connected page has this token: it counts only while its page is connected to /socket.io/, and ends with the app",
            )
        }),
    }
}

/// The app whose token a call carries.
pub(super) fn caller(local: &Local, headers: &HeaderMap) -> Result<Caller, BoltError> {
    if !headers.contains_key(APP_TOKEN) {
        return Err(BoltError::new(Code::NoToken, "send your app token as X-Bolt-App-Token"));
    }
    let caller = app_token(headers).and_then(|token| local.shared.engine.caller_by_token(token));
    caller.ok_or_else(|| BoltError::new(Code::BadToken, "no app that is switched on has this X-Bolt-App-Token: it may have been rotated, or belong to a run that has ended"))
}

async fn publish(
    local: &Local,
    who: &Who,
    name: &str,
    members: &Members<'_>,
    bytes: &Bytes,
    headers: &HeaderMap,
) -> Answer {
    let name = parse::name(name)?;
    let engine = &local.shared.engine;
    let Draft { event: draft, named, mut warnings } = members.draft(name.clone(), bytes)?;
    let key = body::idempotency_key(headers).map_err(|why| BoltError::new(Code::BadRequest, why))?;
    let key = key.map(|key| (key, digest(bytes)));
    let cause = parse::cause(headers)?;
    warnings.extend(engine.warn_subscribers(named.iter().map(|name| &**name)));
    let (published, app) = match who {
        Who::App(caller) => (
            engine.publish_after(&caller.entry, draft, key, cause).await.map_err(BoltError::from),
            &caller.entry.app,
        ),
        Who::Page(page) => (
            engine.publish_from_page(page, draft, key, cause).await.map_err(BoltError::from),
            &page.entry.app,
        ),
    };
    local.shared.metrics.publish(published.is_ok());
    let Published { accepted, unknown_cause } = published?;
    warnings.extend(unknown_cause.map(warn_unknown_cause));
    Ok(render::accepted(&accepted, &name, &app.name, &warnings))
}

/// The warning for a cause that was ignored: the event starts a new chain.
fn warn_unknown_cause(cause: EventId) -> String {
    format!(
        "`Footbridge-Cause`: {cause} is no stored event that your app received or published, so this event starts a \
         new chain; send the `id` of the event that you handle"
    )
}

async fn subscribe(local: &Local, app: &AppEntry, pattern: &str, members: &Members<'_>) -> Answer {
    let pattern = parse::pattern(pattern)?;
    let engine = &local.shared.engine;
    let Wanted { route, kind, mut warnings } = members.wanted()?;
    warnings.extend(engine.warn_patterns(std::iter::once(&pattern)));
    let hook = engine.subscribe(app, pattern, route, kind).await?;
    Ok(render::subscribed(&hook, &warnings))
}

/// Refuses a body that cannot be meant as JSON.
pub(super) fn check_media(headers: &HeaderMap, bytes: &[u8]) -> Result<(), BoltError> {
    match media::other(headers).filter(|_| !bytes.is_empty()) {
        Some(why) => Err(BoltError::new(Code::BadRequest, why)),
        None => Ok(()),
    }
}

/// Reads a body as JSON; one that is something else is named for what it is.
fn json<'a, T>(
    headers: &HeaderMap,
    bytes: &'a [u8],
    read: impl FnOnce(&'a [u8]) -> Result<T, JsonError>,
) -> Result<T, BoltError> {
    check_media(headers, bytes)?;
    read(bytes).map_err(|error| {
        let syntax = matches!(error, JsonError::Syntax(_) | JsonError::NotUtf8);
        let looks = media::guess(headers, bytes).filter(|_| syntax);
        BoltError::new(
            Code::BadRequest,
            looks.map_or_else(|| error.to_string(), |looks| format!("{error}; it looks like {looks}")),
        )
    })
}

async fn unsubscribe(local: &Local, app: &AppEntry, tail: &str) -> Answer {
    let text =
        target::delete(tail).ok_or_else(|| BoltError::new(Code::BadName, "the path names no pattern"))?;
    let pattern = parse::pattern(&text)?;
    let gone = local.shared.engine.unsubscribe(app, &pattern).await?;
    let gone: Vec<_> = gone.iter().map(|entry| HookView::of(entry)).collect();
    Ok(render::success(&gone))
}
