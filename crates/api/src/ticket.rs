//! Bodies of requests and answers about tickets.

use crate::members::duration_text;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The purpose of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub enum TicketPurpose {
    /// To watch the app's events.
    Live,
    /// To forward custom events as the app.
    Forward,
}

impl TryFrom<String> for TicketPurpose {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        match text.as_str() {
            "live" => Ok(Self::Live),
            "forward" => Ok(Self::Forward),
            _ => Err("must be `live` or `forward`"),
        }
    }
}

/// A request for a ticket.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TicketRequest)]
pub struct NewTicket {
    /// `live` to watch the app's events, `forward` to forward custom events as the app.
    #[serde(rename = "use")]
    pub purpose: TicketPurpose,
    /// Patterns that limit the ticket to matching events; at most 32 patterns and 1024 bytes in total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// Lifetime such as `90s`, at most `10m`; `60s` by default.
    #[serde(default, deserialize_with = "duration_text", skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

/// A ticket, shown this once.
#[expect(clippy::struct_field_names, reason = "the member is named in the contract")]
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    #[schema(example = "tkt_…")]
    pub ticket: String,
    /// Time from which the ticket is not accepted. Connections that it has opened stay open.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// Parts of the request that are valid but probably not intended. Left out when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
