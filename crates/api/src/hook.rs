//! Bodies of requests and answers about hooks.

use crate::ManagedBy;
use crate::members::not_null;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A hook. The last four members are left out when they have their default.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Hook {
    #[schema(example = "hook_0f7m2k9x4c1aa")]
    pub id: String,
    pub app: String,
    /// Name of the publisher; `*` for any.
    pub publisher: String,
    /// Name of the event; `*` for any.
    pub event: String,
    pub route: String,
    #[serde(rename = "type")]
    #[schema(example = "server")]
    pub kind: String,
    pub transient: bool,
    pub enabled: bool,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "optional")]
    pub answer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<ManagedBy>,
}

/// The answer to a request for a new hook.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeHook {
    #[serde(flatten)]
    pub hook: Hook,
    /// Parts of the request that are valid but probably not intended. Left out when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Hook {
    /// Returns the pattern of the hook, `publisher/event`.
    pub fn pattern(&self) -> String {
        format!("{}/{}", self.publisher, self.event)
    }
}

/// A request for a new hook.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHook {
    /// App that owns the hook.
    pub app: String,
    /// Events that the hook matches: `publisher/event`, each a name or `*`.
    #[schema(example = "camera/photo-saved")]
    pub pattern: String,
    /// Path of the app for `server`, absolute URL for `web`.
    pub route: String,
    /// `server` (the default) or `web`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `required` (the default) or `optional`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The most deliveries in flight, 1 to 64; 8 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u8>,
    /// True to deliver one event at a time, in the order of acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
}

/// The target of a hook.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookTarget {
    /// Path of the app for `server`, absolute URL for `web`.
    pub route: String,
    /// `server` (the default) or `web`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `required` (the default) or `optional`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The most deliveries in flight, 1 to 64; 8 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u8>,
    /// True to deliver one event at a time, in the order of acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
}

/// The hooks of a new app, each with its pattern, in the order of the request.
#[derive(Debug, Clone, Default)]
pub struct NewHooks(pub Vec<(String, RouteOrTarget)>);

/// The route of a `server` hook, or the members of any hook.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RouteOrTarget {
    /// Route of a `server` hook.
    Route(String),
    /// Members of a hook.
    Target(HookTarget),
}

impl Serialize for NewHooks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (pattern, hook) in &self.0 {
            map.serialize_entry(pattern, hook)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for NewHooks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HooksVisitor;

        impl<'de> Visitor<'de> for HooksVisitor {
            type Value = NewHooks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NewHooks, A::Error> {
                let mut hooks: Vec<(String, RouteOrTarget)> = Vec::new();
                while let Some(pattern) = map.next_key::<String>()? {
                    if hooks.iter().any(|(known, _)| *known == pattern) {
                        return Err(A::Error::custom(format_args!("duplicate field `{pattern}`")));
                    }
                    hooks.push((pattern, map.next_value()?));
                }
                Ok(NewHooks(hooks))
            }
        }

        deserializer.deserialize_map(HooksVisitor)
    }
}

impl<'de> Deserialize<'de> for RouteOrTarget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RouteVisitor;

        impl<'de> Visitor<'de> for RouteVisitor {
            type Value = RouteOrTarget;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an object")
            }

            fn visit_str<E>(self, route: &str) -> Result<RouteOrTarget, E> {
                Ok(RouteOrTarget::Route(route.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RouteOrTarget, A::Error> {
                HookTarget::deserialize(MapAccessDeserializer::new(map)).map(RouteOrTarget::Target)
            }
        }

        deserializer.deserialize_any(RouteVisitor)
    }
}

impl PartialSchema for NewHooks {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .additional_properties(Some(AdditionalProperties::RefOr(RouteOrTarget::schema())))
            .description(Some("Pattern → route or hook."))
            .into()
    }
}

impl ToSchema for NewHooks {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        RouteOrTarget::schemas(schemas);
    }
}

/// A change of a hook. Members that are left out stay. The hook keeps its id, and pending deliveries follow it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HookPatch {
    /// False to disable the hook; true to enable it, also after its receiver answered 410.
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub enabled: Option<bool>,
    /// New target of the hook.
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub route: Option<String>,
    /// New type of the route: `server`, `web` or `router`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// New rule for answers, `required` or `optional`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The most deliveries in flight, 1 to 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u8>,
    /// True to deliver one event at a time, in the order of acceptance.
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub ordered: Option<bool>,
}
