//! `/api/v1/hooks`.

use super::apps::managed_by;
use super::body::{Body, Fields, FromFields};
use super::extract::{Admin, Change, Id, Shared, existing};
use super::page::Params;
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api::{self as api, List};
use footbridge_engine::{ChangeError, HookChange, HookEntry, HookSpec};
use footbridge_model::hook::{
    AnswerRule, BadRoute, HookOptions, HookType, Lifetime, MAX_IN_FLIGHT, Origin, check_path, web_url,
};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use http::{StatusCode, header};
use std::str::FromStr;
use std::sync::Arc;
use utoipa::ToSchema;

pub(super) fn view(entry: &HookEntry) -> api::Hook {
    let hook = &entry.hook;
    let usual = HookOptions::default();
    let HookOptions { answer, in_flight, ordered } = hook.options;
    api::Hook {
        id: hook.id.to_string(),
        app: hook.app.to_string(),
        publisher: hook.pattern.publisher.as_str().to_owned(),
        event: hook.pattern.event.as_str().to_owned(),
        route: hook.route.clone(),
        kind: hook.kind.as_str().to_owned(),
        transient: hook.lifetime == Lifetime::Transient,
        enabled: hook.enabled,
        created_at: hook.created_at.to_string(),
        answer: (answer != usual.answer).then(|| answer.as_str().to_owned()),
        in_flight: Some(in_flight).filter(|in_flight| *in_flight != usual.in_flight),
        ordered: Some(ordered).filter(|ordered| *ordered != usual.ordered),
        managed_by: (hook.origin != Origin::Api).then(|| managed_by(hook.origin)),
    }
}

/// A hook that is asked for, whoever's it will be.
#[derive(Debug)]
pub(super) struct Wish {
    pattern: Pattern,
    route: String,
    pub(super) kind: HookType,
    options: HookOptions,
}

impl Wish {
    /// A `server` hook with nothing else said.
    pub(super) fn plain(pattern: Pattern, route: String) -> Self {
        Self { pattern, route, kind: HookType::Server, options: HookOptions::default() }
    }

    /// The hook that these members describe.
    pub(super) fn from_members(pattern: Pattern, fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let mut wish = Self::plain(pattern, fields.required("route")?);
        wish.kind = fields.optional_as("type", HookType::from_str)?.unwrap_or_default();
        wish.options.answer = fields.optional_as("answer", AnswerRule::from_str)?.unwrap_or_default();
        wish.options.ordered = fields.optional("ordered")?.unwrap_or_default();
        wish.options.in_flight = in_flight(fields)?.unwrap_or(wish.options.in_flight);
        Ok(wish)
    }

    /// Whether the route fits the type; the engine judges the rest.
    pub(super) fn check(&self) -> Result<(), BadRoute> {
        match self.kind {
            HookType::Web => web_url(&self.route).map(drop),
            kind => check_path(kind, &self.route),
        }
    }

    /// The hook as this app's.
    pub(super) fn of(self, app: AppName) -> HookSpec {
        HookSpec { app, pattern: self.pattern, route: self.route, kind: self.kind, options: self.options }
    }
}

fn in_flight(fields: &mut Fields<'_>) -> Result<Option<u8>, Problem> {
    let asked = fields.optional("in_flight")?;
    if asked.is_some_and(|asked| !(1..=MAX_IN_FLIGHT).contains(&asked)) {
        return Err(fields.wrong("in_flight", format_args!("must be 1 to {MAX_IN_FLIGHT}")));
    }
    Ok(asked)
}

/// A change of a hook.
#[derive(Debug)]
pub(super) struct PatchHook(HookChange);

impl FromFields for PatchHook {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let change = HookChange {
            enabled: fields.settled("enabled")?,
            route: fields.settled("route")?,
            kind: fields.optional_as("type", HookType::from_str)?,
            answer: fields.optional_as("answer", AnswerRule::from_str)?,
            in_flight: in_flight(fields)?,
            ordered: fields.settled("ordered")?,
        };
        if change == HookChange::default() {
            return Err(Problem::new(
                ProblemCode::Invalid,
                "nothing is to be changed: name `enabled`, `route`, `type`, `answer`, `in_flight` or `ordered`",
            ));
        }
        Ok(Self(change))
    }
}

/// Where a hook leads.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the members that `Wish::from_members` takes")]
pub(super) struct HookTarget {
    /// A path of the app for `server`, an absolute URL for `web`.
    route: String,
    /// `server` (the default) or `web`.
    r#type: Option<String>,
    /// `required` (the default) or `optional`.
    answer: Option<String>,
    /// The most deliveries in flight, 1 to 64; 8 when left out.
    in_flight: Option<u8>,
    /// Deliver strictly in the order of acceptance, one at a time.
    ordered: Option<bool>,
}

/// A new hook.
#[derive(Debug, ToSchema)]
pub(super) struct NewHook {
    /// Whose it will be.
    #[schema(value_type = String)]
    app: AppName,
    /// What it listens for: `publisher/event`, each a name or `*`.
    #[schema(value_type = String, example = "camera/photo-saved")]
    #[expect(dead_code, reason = "describes the member; its value is in `wish`")]
    pattern: (),
    #[schema(inline, value_type = HookTarget)]
    #[serde(flatten)]
    wish: Wish,
}

impl FromFields for NewHook {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let app = fields.required_as("app", existing)?;
        let pattern = fields.required_as("pattern", Pattern::parse)?;
        Ok(Self { app, pattern: (), wish: Wish::from_members(pattern, fields)? })
    }
}

/// Lists the hooks, oldest first.
#[utoipa::path(get, path = "/api/v1/hooks", tag = "hooks", security(("admin" = [])),
    params(("app" = Option<String>, Query, description = "Only this app's"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::Hook>)))]
pub(super) async fn list(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Hook>>, Problem> {
    let window = params.window("hooks", &["app"])?;
    let app = params.app("app")?;
    let after = window.after(|text| text.parse::<HookId>().ok())?;
    let rows = window.of_sorted(shared.engine.hooks(app.as_ref()), after.as_ref(), |entry| entry.hook.id);
    let id = |entry: &Arc<HookEntry>| entry.hook.id.to_string();
    Ok(Json(window.list(rows, id, |entry| view(&entry))))
}

/// Makes a persistent hook, or gives the one that the app has already.
#[utoipa::path(post, path = "/api/v1/hooks", tag = "hooks", security(("admin" = [])), request_body = NewHook,
    responses((status = 201, body = api::MadeHook, headers(("Location" = String)))))]
pub(super) async fn create(
    _: Change,
    State(shared): State<Shared>,
    Body(new): Body<NewHook>,
) -> Result<impl IntoResponse, Problem> {
    let app = new.app.clone();
    let entry = shared.engine.add_hook(new.wish.of(new.app)).await.map_err(|error| match error {
        ChangeError::NotFound(_) => {
            Problem::member("app", format_args!("names `{app}`, and there is no such app"))
        }
        other => other.into(),
    })?;
    let location = format!("/api/v1/hooks/{}", entry.hook.id);
    let warnings = shared.engine.warn_patterns(std::iter::once(&entry.hook.pattern));
    let made = api::MadeHook { hook: view(&entry), warnings };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)))
}

/// Shows a hook.
#[utoipa::path(get, path = "/api/v1/hooks/{id}", tag = "hooks", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::Hook)))]
pub(super) async fn show(
    _: Admin,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
) -> Result<Json<api::Hook>, Problem> {
    Ok(Json(view(&*shared.engine.hook(id)?)))
}

/// Changes a hook: where it leads, how, and whether it takes events. It keeps its id, and what waits for it follows
/// it; attempts under way end where they began. `enabled` also brings it back after its receiver answered 410.
#[utoipa::path(patch, path = "/api/v1/hooks/{id}", tag = "hooks", security(("admin" = [])), request_body = api::HookPatch,
    params(("id" = String, Path)), responses((status = 200, body = api::Hook)))]
pub(super) async fn change(
    _: Change,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
    Body(PatchHook(change)): Body<PatchHook>,
) -> Result<Json<api::Hook>, Problem> {
    let entry = shared.engine.change_hook(id, change).await?;
    Ok(Json(view(&entry)))
}

/// Deletes a hook. Its pending deliveries become cancelled.
#[utoipa::path(delete, path = "/api/v1/hooks/{id}", tag = "hooks", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    _: Change,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
) -> Result<StatusCode, Problem> {
    shared.engine.remove_hook(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
