//! Reading credentials out of headers; what they prove is for the engine to say.

use http::{HeaderMap, HeaderName, header};

/// By which an app says who calls.
pub(crate) const APP_TOKEN: HeaderName = HeaderName::from_static("x-bolt-app-token");

/// Among the extensions of an answer: the request's credential was wrong, whatever status says so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WrongCredential;

/// The one `Authorization`: two could mean two callers.
pub(crate) fn authorization(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.as_bytes())
}

/// The one `X-Bolt-App-Token`.
pub(crate) fn app_token(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(APP_TOKEN).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.as_bytes())
}

/// The token of an `Authorization: Bearer`.
pub(crate) fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked("Bearer ".len())?;
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}
