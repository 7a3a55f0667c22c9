//! Visits of signed-in users: the header that tells a system app, and the end of the visit.

use super::headers::USER;
use crate::bolt;
use crate::sign_out::SignOut;
use crate::state::ShardState;

use crate::visitors;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::package::Package;
use http::Uri;
use http::header::{CONTENT_SECURITY_POLICY, COOKIE, HeaderMap, HeaderValue, VARY};
use http::request::Parts;
use std::net::IpAddr;
use std::sync::Arc;

/// No page of another origin may frame a page that acts as a user.
const FRAMES: HeaderValue = HeaderValue::from_static("frame-ancestors 'self'");

/// A request of a signed-in user.
pub(super) struct Visit {
    /// The user object, as the header of the app has it.
    user: HeaderValue,
    caller: Arc<AdminCaller>,
}

impl Visit {
    /// Returns the visit that a request belongs to; `None` if the server tells no app, or nobody is signed in.
    pub(super) async fn of(local: &ShardState, head: &Parts, address: IpAddr) -> Option<Self> {
        let site = local.shared.visitors.as_ref()?;
        let visitor = visitors::visitor(site, local.shared.engine.people(), head, address).await?;
        let object = serde_json::to_vec(&bolt::VisitorObject::of(&visitor.user)).ok()?;
        let user = HeaderValue::try_from(URL_SAFE_NO_PAD.encode(object)).ok()?;
        Some(Self { user, caller: Arc::new(visitor.caller) })
    }

    /// Tells a system app who visits it. Clients cannot set this header.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        headers.insert(USER, self.user.clone());
    }

    /// Returns the future that completes when the user is no longer signed in.
    pub(super) fn ended(&self, local: &ShardState) -> SignOut {
        let people = Arc::clone(local.shared.engine.people());
        Box::pin(people.rights_ended(Arc::clone(&self.caller)))
    }
}

/// Returns true if a request names the host at which apps learn who visits them: only system apps are served there.
pub(crate) fn is_visited_host(local: &ShardState, uri: &Uri, headers: &HeaderMap) -> bool {
    local.shared.visitors.as_ref().is_some_and(|site| site.is_named_by(uri, headers))
}

/// Returns true if an app of this package may be served under the host name of a request.
pub(crate) fn may_serve(local: &ShardState, package: &Package, head: &Parts) -> bool {
    package.system || !is_visited_host(local, &head.uri, &head.headers)
}

/// Adds to an answer under the host name of visitors: other origins may not frame it, and caches tell users apart.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.append(CONTENT_SECURITY_POLICY, FRAMES);
    headers.append(VARY, HeaderValue::from_name(COOKIE));
}
