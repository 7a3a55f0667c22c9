//! The mark of everything that an operator sends as a test.

use http::{HeaderName, HeaderValue};

/// The header of requests that belong to a test.
pub(crate) const TEST: HeaderName = HeaderName::from_static("footbridge-test");
/// Its value.
pub(crate) const IS_TEST: HeaderValue = HeaderValue::from_static("true");
