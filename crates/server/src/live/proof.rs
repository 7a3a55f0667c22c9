//! Which app a page proves itself to be of.

use super::query;
use crate::credential::{authorization, bearer};
use crate::state::Local;
use footbridge_engine::{AppEntry, Engine, Ticket, TicketUse};
use footbridge_model::event::Event;
use http::header::AUTHORIZATION;
use http::request::Parts;
use std::sync::Arc;

/// A page's app, and what it may see of it.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    pub(super) entry: Arc<AppEntry>,
    ticket: Option<Ticket>,
}

impl Proof {
    /// What this ticket proves.
    pub(super) fn by_ticket(engine: &Engine, ticket: &[u8]) -> Option<Self> {
        let ticket = engine.ticket(ticket, TicketUse::Live)?;
        Some(Self { entry: Arc::clone(&ticket.entry), ticket: Some(ticket) })
    }

    /// Whether the page may see this event of its app's.
    pub(super) fn covers(&self, event: &Event) -> bool {
        self.ticket.as_ref().is_none_or(|ticket| ticket.covers(&event.publisher, &event.name))
    }
}

/// What the head of a request proves. One that gives a ticket is judged by that alone.
pub(super) fn of(local: &Local, head: &Parts) -> Option<Proof> {
    let engine = &local.shared.engine;
    if head.headers.contains_key(AUTHORIZATION) {
        let ticket = authorization(&head.headers).and_then(bearer)?;
        return Proof::by_ticket(engine, ticket);
    }
    if let Some(ticket) = query::single(head.uri.query(), "ticket").ok()? {
        return Proof::by_ticket(engine, ticket.as_bytes());
    }
    None
}
