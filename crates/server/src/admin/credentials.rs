//! Handlers of the credentials of apps, `/api/v1/apps/{name}/credentials`.

use super::AdminState;
use super::body::{JsonBody, OptionalJsonBody};
use super::extract::{Admin, AppPath, Change, Shared};
use super::visible;
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use footbridge_api as api;
use footbridge_engine::{Credential, CredentialValue, OldValue, Overlap, Rotation, SecretSet, Uses};
use footbridge_model::credential::CredentialKind;
use footbridge_model::name::AppName;
use footbridge_model::words;
use http::request::Parts;

/// The app and the kind of credential in the path.
#[derive(Debug)]
pub(super) struct CredentialPath(AppName, CredentialKind);

impl FromRequestParts<Shared> for CredentialPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let missing = || Problem::missing("app");
        let path = Path::<(String, String)>::from_request_parts(parts, shared).await;
        let Path((name, kind)) = path.map_err(|_| missing())?;
        let name = AppName::find(&name).ok_or_else(missing)?;
        let kind = kind.parse().map_err(|why| {
            let detail = format!("`{}` is not a kind of credential: it {why}", words::shown(&kind));
            Problem::new(ProblemCode::NotFound, detail)
        })?;
        Ok(Self(name, kind))
    }
}

/// Lists the credentials of an app without their values: how often each is used, and the old values that are still valid.
#[utoipa::path(get, path = "/api/v1/apps/{name}/credentials", tag = "credentials", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 200, body = api::Credentials)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
) -> Result<Json<api::Credentials>, Problem> {
    visible::app(&caller, &name)?;
    let credentials = shared.engine.credentials(&name).await?;
    let app = &shared.engine.app(&name)?.app;
    Ok(Json(api::Credentials {
        client_id: app.name.to_string(),
        token_prefix: app.token_prefix.clone(),
        data: credentials.into_iter().map(view).collect(),
    }))
}

/// Rotates a credential. The new value is shown this once; the old value stays valid for the overlap, 24 hours by default.
#[utoipa::path(post, path = "/api/v1/apps/{name}/credentials/{kind}/rotate", tag = "credentials", security(("admin" = [])),
    request_body = Option<api::RotateCredential>,
    params(("name" = String, Path), ("kind" = api::SecretKind, Path)),
    responses((status = 200, body = api::RotatedCredential)))]
pub(super) async fn rotate(
    Change(caller): Change,
    State(shared): State<Shared>,
    CredentialPath(name, kind): CredentialPath,
    OptionalJsonBody(request): OptionalJsonBody<api::RotateCredential>,
) -> Result<Json<api::RotatedCredential>, Problem> {
    visible::app(&caller, &name)?;
    let overlap = request.overlap.as_deref().map_or(Ok(Overlap::DAY), overlap)?;
    let which = Rotation::These(SecretSet::only(kind));
    let rotated = shared.engine.acting_as(&*caller).rotate(&name, which, overlap).await?;
    let lost =
        || Problem::new(ProblemCode::Internal, "the new value was stored and cannot be shown: rotate again");
    let value = rotated.made.of(kind).ok_or_else(lost)?.expose().to_owned();
    let old_ends_at = rotated.old_until.map(|until| until.to_string());
    Ok(Json(api::RotatedCredential { kind: word(kind), value, old_ends_at }))
}

/// Ends the overlap of a credential: its old values become invalid at once.
#[utoipa::path(post, path = "/api/v1/apps/{name}/credentials/{kind}/end-overlap", tag = "credentials", security(("admin" = [])),
    params(("name" = String, Path), ("kind" = api::SecretKind, Path)),
    responses((status = 200, body = api::Credential)))]
pub(super) async fn end_overlap(
    Change(caller): Change,
    State(shared): State<Shared>,
    CredentialPath(name, kind): CredentialPath,
) -> Result<Json<api::Credential>, Problem> {
    visible::app(&caller, &name)?;
    shared.engine.acting_as(&*caller).end_overlap(&name, Some(kind)).await?;
    one(&shared, &name, kind).await
}

/// Extends the overlap of a credential: its old values stay valid for this long from now on, at least.
#[utoipa::path(post, path = "/api/v1/apps/{name}/credentials/{kind}/extend-overlap", tag = "credentials", security(("admin" = [])),
    request_body = api::ExtendOverlap, params(("name" = String, Path), ("kind" = api::SecretKind, Path)),
    responses((status = 200, body = api::Credential)))]
pub(super) async fn extend_overlap(
    Change(caller): Change,
    State(shared): State<Shared>,
    CredentialPath(name, kind): CredentialPath,
    JsonBody(request): JsonBody<api::ExtendOverlap>,
) -> Result<Json<api::Credential>, Problem> {
    visible::app(&caller, &name)?;
    let overlap = overlap(&request.overlap)?;
    shared.engine.acting_as(&*caller).extend_overlap(&name, kind, overlap).await?;
    one(&shared, &name, kind).await
}

/// Returns one credential of an app.
async fn one(
    shared: &AdminState,
    name: &AppName,
    kind: CredentialKind,
) -> Result<Json<api::Credential>, Problem> {
    let found = shared.engine.credentials(name).await?.into_iter().find(|credential| credential.kind == kind);
    found.map(view).map(Json).ok_or_else(|| Problem::missing("credential"))
}

fn overlap(text: &str) -> Result<Overlap, Problem> {
    Overlap::parse(text).map_err(|why| Problem::new(ProblemCode::Invalid, format!("`overlap`: {why}")))
}

const fn word(kind: CredentialKind) -> api::SecretKind {
    match kind {
        CredentialKind::Token => api::SecretKind::Token,
        CredentialKind::SecretKey => api::SecretKind::SecretKey,
        CredentialKind::SigningSecret => api::SecretKind::SigningSecret,
    }
}

fn view(credential: Credential) -> api::Credential {
    let Credential { kind, of_file, current, old } = credential;
    let Facts { prefix, made_at, made_by, uses, last_used_at, sent } = facts(current);
    api::Credential {
        kind: word(kind),
        managed_by: if of_file { api::ManagedBy::File } else { api::ManagedBy::Api },
        prefix,
        made_at,
        made_by,
        uses,
        last_used_at,
        sent,
        observable: kind.is_observable(),
        old: old.into_iter().map(old_view).collect(),
    }
}

fn old_view(old: OldValue) -> api::OldCredential {
    let Facts { prefix, made_at, made_by, uses, last_used_at, sent } = facts(old.value);
    let ends_at = old.until.to_string();
    api::OldCredential { prefix, made_at, made_by, uses, last_used_at, sent, ends_at }
}

/// The members that current and old values share.
struct Facts {
    prefix: Option<String>,
    made_at: Option<String>,
    made_by: Option<String>,
    uses: Option<u64>,
    last_used_at: Option<String>,
    sent: bool,
}

fn facts(value: CredentialValue) -> Facts {
    let CredentialValue { prefix, set, uses, sent } = value;
    let last_used_at = uses.and_then(|Uses { last_at, .. }| last_at).map(|at| at.to_string());
    let (made_at, made_by) = set.map(|set| (set.at.to_string(), set.by)).unzip();
    Facts { prefix, made_at, made_by, uses: uses.map(|uses| uses.count), last_used_at, sent }
}
