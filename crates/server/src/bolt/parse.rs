//! Parses the bodies of the events API.

use super::error::{BoltError, Code};
use crate::media;
use bytes::Bytes;
use footbridge_model::event::EventDraft;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::HookType;
use footbridge_model::json::{Found, JsonError, Pairs, find, string};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::provenance::Provenance;
use footbridge_model::words;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The members of a request, each as raw JSON.
pub(crate) struct Members<'a> {
    body: Option<&'a RawValue>,
    headers: Option<&'a RawValue>,
    subscribers: Option<&'a RawValue>,
    route: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    /// Name of the first unknown member.
    other: Option<String>,
    cloud_event: bool,
}

/// Members of a publish.
pub(crate) const PUBLISH: [&str; 3] = ["body", "headers", "subscribers"];
/// Members of a subscription.
pub(crate) const SUBSCRIBE: [&str; 2] = ["route", "type"];

/// A publish, read from a request.
pub(crate) struct Draft<'a> {
    pub(crate) event: EventDraft,
    /// The named subscribers, as the publisher wrote them.
    pub(crate) named: Vec<Cow<'a, str>>,
}

/// A subscription, read from a request.
pub(crate) struct Subscription {
    pub(crate) route: String,
    pub(crate) kind: HookType,
    /// Warnings about members that have no effect.
    pub(crate) warnings: Vec<String>,
}

impl<'a> Members<'a> {
    /// Reads the members. An empty request has none.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, JsonError> {
        let names = ["body", "headers", "subscribers", "route", "type", "specversion"];
        let Found { members, other } =
            if bytes.is_empty() { Found { members: [None; 6], other: None } } else { find(bytes, &names)? };
        let [body, headers, subscribers, route, kind, specversion] = members;
        Ok(Self { body, headers, subscribers, route, kind, other, cloud_event: specversion.is_some() })
    }

    /// Returns true if the members are those of a subscription only.
    pub(crate) fn is_subscription(&self) -> bool {
        let publishes = self.body.is_some() || self.headers.is_some() || self.subscribers.is_some();
        !publishes && self.route.is_some_and(|route| string(route).is_some())
    }

    /// Returns true if there is a member `route` of any type.
    pub(crate) const fn has_route(&self) -> bool {
        self.route.is_some()
    }

    /// Returns the draft of an event called `name`. `request` are the bytes that the members were read from.
    pub(crate) fn draft(&self, name: EventName, request: &Bytes) -> Result<Draft<'a>, BoltError> {
        self.check_known(&PUBLISH, "the content of the event belongs in `body`")?;
        if let Some((name, _)) =
            SUBSCRIBE.iter().zip([self.route, self.kind]).find(|(_, value)| value.is_some())
        {
            let why = format!(
                "`{name}` is for subscribing, and this publishes an event: leave `{name}` out, or subscribe with a string \
                 `route` and without `body`, `headers` and `subscribers`"
            );
            return Err(BoltError::new(Code::BadRequest, why));
        }
        let body = match self.body {
            Some(body) => request.slice_ref(body.get().as_bytes()),
            None => Bytes::from_static(b"{}"),
        };
        let named = self.subscribers()?;
        // A name that no app can have reaches nobody, like the name of an unknown app.
        let subscribers =
            named.as_ref().map(|names| names.iter().filter_map(|name| AppName::any(name)).collect());
        let (headers, provenance) = (self.headers()?, Provenance::default());
        let draft = EventDraft { name, body, headers, subscribers, provenance };
        Ok(Draft { event: draft, named: named.unwrap_or_default() })
    }

    fn headers(&self) -> Result<PublishHeaders, BoltError> {
        let Some(headers) = self.headers else { return Ok(PublishHeaders::default()) };
        let pairs: Pairs<Cow<'_, str>, Cow<'_, str>> = serde_json::from_str(headers.get())
            .map_err(|_| BoltError::new(Code::BadRequest, "`headers` must be an object of strings"))?;
        Ok(PublishHeaders::parse(pairs.0.iter().map(|(name, value)| (&**name, &**value)))?)
    }

    fn subscribers(&self) -> Result<Option<Vec<Cow<'a, str>>>, BoltError> {
        let Some(subscribers) = self.subscribers else { return Ok(None) };
        serde_json::from_str(subscribers.get())
            .map(Some)
            .map_err(|_| BoltError::new(Code::BadRequest, "`subscribers` must be an array of app names"))
    }

    /// Returns the route and type of a subscription.
    pub(crate) fn subscription(&self) -> Result<Subscription, BoltError> {
        self.check_known(&SUBSCRIBE, "this path subscribes, and `route` is where the events go")?;
        let Some(route) = self.route else {
            let mut members = PUBLISH.iter().zip([self.body, self.headers, self.subscribers]);
            let publishes = members.find_map(|(name, value)| value.map(|_| *name));
            let why = publishes.map(|name| {
                format!("`route` is missing: a path with a `/` subscribes, and `{name}` is for publishing, which is \
                         POST /api/events/<event>; the token says who publishes")
            });
            return Err(BoltError::new(
                Code::BadRoute,
                why.unwrap_or_else(|| {
                    "`route` is missing: this path subscribes, and `route` is where the events go; to publish, POST \
                     /api/events/<event>, because the token says who publishes"
                        .to_owned()
                }),
            ));
        };
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
        let others = [("body", self.body), ("headers", self.headers), ("subscribers", self.subscribers)];
        let warnings = Self::unused(others, "this subscribes");
        Ok(Subscription { route: route.into_owned(), kind, warnings })
    }

    /// Refuses an unknown member. `advice` is added unless a known member has a similar name.
    fn check_known(&self, known: &[&'static str], advice: &str) -> Result<(), BoltError> {
        if self.cloud_event {
            return Err(BoltError::new(Code::BadRequest, media::CLOUD_EVENT));
        }
        let Some(other) = &self.other else { return Ok(()) };
        let (name, why) = (words::shown(other), words::unknown(other, known));
        let advice = if words::nearest(other, known).is_some() { "" } else { advice };
        let end = if advice.is_empty() { "" } else { "; " };
        Err(BoltError::new(Code::BadRequest, format!("`{name}` {why}{end}{advice}")))
    }

    /// Returns warnings about members that belong to the other call.
    fn unused<const N: usize>(members: [(&str, Option<&RawValue>); N], what: &str) -> Vec<String> {
        let unused = members.iter().filter(|(_, value)| value.is_some());
        unused.map(|(name, _)| format!("`{name}` was not used: {what}")).collect()
    }
}

/// Parses an event name from a path.
pub(crate) fn name(text: &str) -> Result<EventName, BoltError> {
    EventName::parse(text).map_err(|error| BoltError::new(Code::BadName, error.to_string()))
}

/// Parses a hook pattern from a path.
pub(crate) fn pattern(text: &str) -> Result<Pattern, BoltError> {
    Pattern::parse(text).map_err(|error| BoltError::new(Code::BadName, error.to_string()))
}
