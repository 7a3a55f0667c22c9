//! `/api/apps…`. Checks in this order: credential, endpoint, size, JSON, authorization, members.

use super::super::error::{BoltError, Code};
use super::super::objects::ContextObject;
use super::super::render::{self, BoltResult};
use super::super::route::check_media;
use super::access::Actor;
use super::endpoint::Endpoint;
use super::view::{AppView, InstallationView, LinesView};
use super::{logs, parse};
use crate::body;
use crate::metrics::Surface;
use crate::state::ShardState;
use crate::stream::{self, Body};
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::{AppEntry, AppsError, RunningApp};
use footbridge_model::name::AppName;
use footbridge_model::words;
use http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use serde::Serialize;
use std::rc::Rc;
use std::sync::Arc;

/// Answers a call of the API of installed apps.
pub(crate) async fn apps(
    local: &ShardState,
    request: Request<Incoming>,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let (head, incoming) = request.into_parts();
    let mut response = answer(local, &head, incoming, watch).await.unwrap_or_else(|error| {
        let trace = local.shared.engine.new_trace_id();
        tracing::debug!(trace, code = error.code.row().0, "a call of the API of apps failed");
        render::failure(&error, &trace, local.shared.bolt.http_200_errors).map(stream::full)
    });
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn answer(
    local: &ShardState,
    head: &Parts,
    incoming: Incoming,
    watch: &Rc<Watch>,
) -> Result<Response<Body>, BoltError> {
    let actor = match Actor::authenticate(local, head).await {
        Ok(actor) => actor,
        Err(error) => {
            body::discard(&head.headers, incoming);
            local.shared.metrics.auth_failure(Surface::Admin);
            return Err(error);
        }
    };
    let Some(endpoint) = Endpoint::find(&head.method, head.uri.path()) else {
        body::discard(&head.headers, incoming);
        let message = format!("there is no {} {}", head.method, head.uri.path());
        return Err(BoltError::new(Code::NoSuchEndpoint, message));
    };
    let limit = local.shared.bolt.body;
    let bytes = body::read(&head.headers, incoming, limit, watch).await?;
    check_media(&head.headers, &bytes)?;
    actor.check(&endpoint)?;
    if let Endpoint::Logs(name) = &endpoint {
        return output(local, name, head.uri.query(), watch);
    }
    call(local, &actor, endpoint, &bytes).await.map(|response| response.map(stream::full))
}

async fn call(local: &ShardState, actor: &Actor, endpoint: Endpoint, bytes: &[u8]) -> BoltResult {
    let engine = &local.shared.engine.acting_as(actor);
    match endpoint {
        Endpoint::Install => {
            let install = parse::install(bytes)?;
            let installation = engine.install(install.path, install.replace).await?;
            Ok(render::success(&InstallationView::of(&installation, engine.now())))
        }
        Endpoint::Start => {
            let name = parse::name(bytes)?;
            actor.check_named(&name)?;
            let live = engine.start_app(&name).await?;
            Ok(render::success(&context(&live)))
        }
        Endpoint::Stop => {
            let name = parse::name(bytes)?;
            actor.check_named(&name)?;
            let live = engine.stop_app(&name).await?;
            Ok(render::success(&context(&live)))
        }
        Endpoint::Remove(name) => {
            let entry = app(local, &name)?;
            engine.uninstall(&name).await?;
            Ok(render::success(&AppView::removed(&entry, engine.now())))
        }
        Endpoint::List => Ok(list(local, actor)),
        Endpoint::Live => {
            let mut live = engine.running_apps();
            live.retain(|live| actor.sees(&live.entry.app.name));
            Ok(render::success(&live.iter().map(context).collect::<Vec<_>>()))
        }
        Endpoint::Show(name) => show(local, actor, &name),
        // `answer` handles logs, because their answer may be a stream.
        Endpoint::Logs(_) => Err(BoltError::new(Code::NoSuchEndpoint, "there is no such endpoint")),
    }
}

fn list(local: &ShardState, actor: &Actor) -> Response<Full<Bytes>> {
    let engine = &local.shared.engine;
    let (mut entries, now) = (engine.apps(), engine.now());
    entries.retain(|entry| entry.app.name != AppName::bolt() && actor.sees(&entry.app.name));
    let views = entries.iter().map(|entry| AppView::of(entry, None, now));
    render::success(&views.collect::<Vec<_>>())
}

fn show(local: &ShardState, actor: &Actor, name: &str) -> BoltResult {
    let (entry, engine) = (app(local, name)?, &local.shared.engine);
    if !actor.sees(&entry.app.name) {
        return Err(AppsError::NoSuchApp(words::shown(name)).into());
    }
    let hooks = actor.owns(&entry.app.name).then(|| engine.hooks(Some(&entry.app.name)));
    Ok(render::success(&AppView::of(&entry, hooks.as_deref(), engine.now())))
}

fn output(
    local: &ShardState,
    name: &str,
    query: Option<&str>,
    watch: &Rc<Watch>,
) -> Result<Response<Body>, BoltError> {
    let request = parse::lines(query)?;
    let entry = app(local, name)?;
    let engine = &local.shared.engine;
    let name = &entry.app.name;
    let lines = engine.output(name.as_str(), request.after, request.limit)?;
    if request.follow {
        return Ok(logs::follow(engine, name.clone(), request.after, watch));
    }
    Ok(success(&LinesView::of(&lines, request.after)))
}

fn success(body: &impl Serialize) -> Response<Body> {
    render::success(body).map(stream::full)
}

fn app(local: &ShardState, name: &str) -> Result<Arc<AppEntry>, BoltError> {
    let known = AppName::find(name).and_then(|name| local.shared.engine.app(&name).ok());
    known.ok_or_else(|| AppsError::NoSuchApp(words::shown(name)).into())
}

fn context(live: &RunningApp) -> Option<ContextObject<'_>> {
    ContextObject::of(&live.entry, &live.running)
}
