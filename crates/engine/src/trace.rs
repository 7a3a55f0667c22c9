//! The trace of an event or an exchange, which continues in the requests to its receivers.

use footbridge_model::provenance::TraceParent;
use footbridge_model::time::Entropy;
use footbridge_model::trace_state::TraceState;
use http::header::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Adds the header of a new span. Each request to a receiver is a span of its own.
pub(crate) fn add_span(headers: &mut HeaderMap, trace: Option<TraceParent>, entropy: &dyn Entropy) {
    let Some(trace) = trace else { return };
    if let Ok(value) = HeaderValue::try_from(trace.child(entropy).to_string()) {
        headers.insert(TRACEPARENT, value);
    }
}

/// Adds the state of a trace. That of an event is among its headers.
pub(crate) fn add_state(headers: &mut HeaderMap, state: Option<&TraceState>) {
    if let Some(state) = state {
        headers.insert(TRACESTATE, state.value().clone());
    }
}
