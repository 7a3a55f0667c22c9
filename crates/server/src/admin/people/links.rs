//! `/api/v1/sign-in-links`: links that sign in to the console once.

use super::super::body::OptionalJsonBody;
use super::super::extract::{Change, Shared};
use super::parse::user_name;
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api as api;
use footbridge_model::admin_caller::{CallerKind, Credential};
use http::StatusCode;

/// Creates a link that signs in to the console once, within an hour: as the administrator, or as a user. Only the
/// administrator may create one, and one for the administrator needs the admin token itself: a session of the console makes links
/// for users only.
#[utoipa::path(post, path = "/api/v1/sign-in-links", tag = "sign_in", security(("admin" = [])),
    request_body = Option<api::NewSignInLink>, responses((status = 201, body = api::SignInLink)))]
pub(in super::super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    OptionalJsonBody(request): OptionalJsonBody<api::NewSignInLink>,
) -> Result<impl IntoResponse, Problem> {
    if caller.kind != CallerKind::AdminToken {
        let why = "only the admin token makes links to sign in: a link may give more rights than you have";
        return Err(Problem::new(ProblemCode::Forbidden, why));
    }
    if request.user.is_none() && caller.credential != Credential::AdminToken {
        let why = "a link for the administrator needs the admin token: `footbridge console` makes one; name a `user` for a link that signs in a user";
        return Err(Problem::new(ProblemCode::Forbidden, why));
    }
    let Some(console) = &shared.console else {
        let why = "the console is off: `[console] listen` is \"off\", or its address was taken when the server started";
        return Err(Problem::new(ProblemCode::Unavailable, why));
    };
    let user = request.user.as_deref().map(user_name).transpose()?;
    let link = shared.engine.people().make_link(&*caller, user.as_ref()).await?;
    let url = console.setup_url(&link.code);
    Ok((StatusCode::CREATED, Json(api::SignInLink { url, expires_at: link.expires_at.to_string() })))
}
