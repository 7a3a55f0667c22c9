//! A request's members become what the engine takes.

use super::error::{BoltError, Code};
use bytes::Bytes;
use footbridge_model::event::EventDraft;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::HookType;
use footbridge_model::id::EventId;
use footbridge_model::json::{Pairs, members, string};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use http::{HeaderMap, HeaderName};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Names the event from which a publish follows.
const CAUSE: HeaderName = HeaderName::from_static("footbridge-cause");

/// The members that a request may have, each as it was sent.
pub(crate) struct Members<'a> {
    body: Option<&'a RawValue>,
    headers: Option<&'a RawValue>,
    subscribers: Option<&'a RawValue>,
    route: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
}

impl<'a> Members<'a> {
    /// Reads them; an empty request has none.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, BoltError> {
        let names = ["body", "headers", "subscribers", "route", "type"];
        let [body, headers, subscribers, route, kind] =
            if bytes.is_empty() { [None; 5] } else { members(bytes, &names)? };
        Ok(Self { body, headers, subscribers, route, kind })
    }

    /// Whether they can only be a subscription.
    pub(crate) fn subscribe(&self) -> bool {
        let publishes = self.body.is_some() || self.headers.is_some() || self.subscribers.is_some();
        !publishes && self.route.is_some_and(|route| string(route).is_some())
    }

    /// Whether there is a route, of whatever type.
    pub(crate) const fn has_route(&self) -> bool {
        self.route.is_some()
    }

    /// What to publish under `name`. `whole` is the request they were read from.
    pub(crate) fn draft(&self, name: EventName, whole: &Bytes) -> Result<EventDraft, BoltError> {
        let body = match self.body {
            Some(body) => whole.slice_ref(body.get().as_bytes()),
            None => Bytes::from_static(b"{}"),
        };
        Ok(EventDraft { name, body, headers: self.headers()?, subscribers: self.subscribers()? })
    }

    fn headers(&self) -> Result<PublishHeaders, BoltError> {
        let Some(headers) = self.headers else { return Ok(PublishHeaders::default()) };
        let pairs: Pairs<Cow<'_, str>, Cow<'_, str>> = serde_json::from_str(headers.get())
            .map_err(|_| BoltError::new(Code::BadRequest, "`headers` must be an object of strings"))?;
        Ok(PublishHeaders::parse(pairs.0.iter().map(|(name, value)| (&**name, &**value)))?)
    }

    fn subscribers(&self) -> Result<Option<Vec<AppName>>, BoltError> {
        let Some(subscribers) = self.subscribers else { return Ok(None) };
        let names: Vec<Cow<'_, str>> = serde_json::from_str(subscribers.get())
            .map_err(|_| BoltError::new(Code::BadRequest, "`subscribers` must be an array of app names"))?;
        // A name that no app can have reaches nobody, like one that no app has.
        Ok(Some(names.iter().filter_map(|name| AppName::any(name)).collect()))
    }

    /// The route and type to subscribe with.
    pub(crate) fn route(&self) -> Result<(String, HookType), BoltError> {
        let route = self.route.ok_or_else(|| BoltError::new(Code::BadRoute, "`route` is missing"))?;
        let route =
            string(route).ok_or_else(|| BoltError::new(Code::BadRequest, "`route` must be a string"))?;
        let kind = match self.kind {
            None => HookType::Server,
            Some(kind) => {
                let kind = string(kind)
                    .ok_or_else(|| BoltError::new(Code::BadRequest, "`type` must be a string"))?;
                kind.parse().map_err(|error: footbridge_model::hook::BadHookType| {
                    BoltError::new(Code::BadType, error.to_string())
                })?
            }
        };
        if route.is_empty() {
            return Err(BoltError::new(Code::BadRoute, "`route` is empty"));
        }
        Ok((route.into_owned(), kind))
    }
}

/// The event from which a publish follows, by the header that names it.
pub(crate) fn cause(headers: &HeaderMap) -> Result<Option<EventId>, BoltError> {
    let mut named = headers.get_all(CAUSE).iter();
    let Some(first) = named.next() else { return Ok(None) };
    let id = first.to_str().ok().and_then(|text| text.trim().parse().ok());
    let wrong = || {
        let message =
            "`Footbridge-Cause` names one event: the `id` of the one that you handle, as in `evt_…`";
        BoltError::new(Code::BadRequest, message)
    };
    if named.next().is_some() {
        return Err(wrong());
    }
    id.map(Some).ok_or_else(wrong)
}

/// An event name out of a path.
pub(crate) fn name(text: &str) -> Result<EventName, BoltError> {
    EventName::parse(text).map_err(|error| BoltError::new(Code::BadName, error.to_string()))
}

/// A hook pattern out of a path.
pub(crate) fn pattern(text: &str) -> Result<Pattern, BoltError> {
    Pattern::parse(text).map_err(|error| BoltError::new(Code::BadName, error.to_string()))
}
