//! Reads credentials from headers. The engine checks them.

use http::{HeaderMap, HeaderName, header};

/// The header that carries an app's token.
pub(crate) const APP_TOKEN: HeaderName = HeaderName::from_static("x-bolt-app-token");

/// Extension of an answer: the request's credential was wrong. Needed where the status does not say so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WrongCredential;

/// Returns the value of `Authorization`; `None` if it is missing or given twice.
pub(crate) fn authorization(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.as_bytes())
}

/// Returns the value of `X-Bolt-App-Token`; `None` if it is missing or given twice.
pub(crate) fn app_token(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(APP_TOKEN).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.as_bytes())
}

/// Returns the token of an `Authorization: Bearer` header.
pub(crate) fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked("Bearer ".len())?;
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}
