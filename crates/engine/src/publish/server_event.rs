//! Events that the server publishes itself.

use super::{MAX_MATCHES, PreparedEvent, PublishError, Publisher};
use crate::chains::LoopDetected;
use crate::detached::detached;
use crate::lanes::BypassRequest;
use crate::registry::{AppEntry, HookEntry};
use crate::system_event::{ChainStop, SystemEvent};
use crate::watermark::OpenEvent;
use footbridge_journal::{Appended, JournalError, NewDelivery, Wait};
use footbridge_model::event::{Event, EventDraft};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::HookType;
use footbridge_model::lineage::{Lineage, STOP_DEPTH};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::provenance::{Provenance, Via};
use std::sync::Arc;
use tokio::sync::mpsc;

/// An event of the server on its way to the journal.
struct ServerEventWrite {
    event: Arc<Event>,
    /// Deliveries that bypass their lanes.
    bypassing: Vec<NewDelivery>,
    queued: Vec<NewDelivery>,
    open: OpenEvent,
    stored: Wait<Appended>,
}

impl Publisher {
    /// Publishes an event of the server itself.
    ///
    /// With `only`, no other app receives it, and the app's `server` and `router` hooks receive it ahead of their
    /// queues. The returned channel closes once those deliveries have ended.
    pub(crate) async fn publish_server_event(
        self: &Arc<Self>,
        event: &SystemEvent<'_>,
        only: Option<&AppName>,
        lineage: Lineage,
    ) -> Result<mpsc::Receiver<()>, PublishError> {
        let in_flight = self.drain.enter_anyway();
        let (done, ended) = mpsc::channel(1);
        let Some(server) = self.registry.directory.load().server().cloned() else { return Ok(ended) };
        let draft = EventDraft {
            name: EventName::trusted(event.name()),
            body: self.system_events.body(event),
            headers: PublishHeaders::default(),
            subscribers: only.map(|app| vec![app.clone()]),
            provenance: Provenance { via: Via::System, ..Provenance::default() },
        };
        let mut write = self.start_server_event(&server, draft.clone(), only, lineage);
        let (this, only) = (Arc::clone(self), only.cloned());
        detached(async move {
            let _in_flight = in_flight;
            for _ in 0..MAX_MATCHES {
                let ServerEventWrite { event, bypassing, queued, open, stored } = write;
                let ids = || bypassing.iter().map(|delivery| delivery.id);
                match stored.await {
                    Ok(Appended::Stale) => {
                        this.lanes.unmark_bypass(ids());
                        this.registry.catch_up().await?;
                        write = this.start_server_event(&server, draft.clone(), only.as_ref(), lineage);
                    }
                    Err(error) => {
                        this.lanes.unmark_bypass(ids());
                        return Err(error.into());
                    }
                    Ok(_) => {
                        this.offer(Arc::clone(&event), queued, &open);
                        if !bypassing.is_empty() {
                            this.lanes
                                .send_bypass(BypassRequest { event, deliveries: bypassing, done })
                                .await;
                        }
                        return Ok(ended);
                    }
                }
            }
            Err(JournalError::Stale.into())
        })
        .await
    }

    /// Begins to store an event of the server, in order before whatever is asked of the journal next.
    fn start_server_event(
        &self,
        server: &AppEntry,
        draft: EventDraft,
        only: Option<&AppName>,
        lineage: Lineage,
    ) -> ServerEventWrite {
        let (PreparedEvent { new, open, .. }, hooks) = self.prepare(server, draft, None, lineage);
        let bypasses = |hook: &HookEntry| {
            matches!(hook.hook.kind, HookType::Server | HookType::Router) && only == Some(&hook.hook.app)
        };
        let (bypassing, queued): (Vec<_>, Vec<_>) =
            new.deliveries.iter().copied().zip(&hooks).partition(|(_, hook)| bypasses(hook));
        let ids = |picked: Vec<(NewDelivery, _)>| picked.into_iter().map(|(new, _)| new).collect::<Vec<_>>();
        let (bypassing, queued, event) = (ids(bypassing), ids(queued), Arc::clone(&new.event));
        self.lanes.mark_bypass(bypassing.iter().map(|delivery| delivery.id));
        ServerEventWrite { event, bypassing, queued, open, stored: self.journal.append(new) }
    }

    /// Logs that a chain was stopped, and publishes `bolt/loop-stopped` once per chain.
    pub(crate) fn report_stopped_chain(
        self: &Arc<Self>,
        app: &AppName,
        event: &EventName,
        stopped: LoopDetected,
    ) {
        if !self.chains.is_first_report(stopped) {
            tracing::debug!(%app, %event, %stopped, "an event was not published");
            return;
        }
        tracing::warn!(%app, %event, %stopped, "an event was not published");
        let (app, event) = (app.clone(), event.clone());
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let (root, cause, reason) = stopped.parts();
            let message = stopped.to_string();
            let stop = ChainStop {
                app: &app,
                event: &event,
                cause,
                root,
                depth: STOP_DEPTH,
                reason,
                message: &message,
            };
            // Events that answer this one belong to the same chain, so they are stopped too, without another report.
            let lineage = Lineage { depth: STOP_DEPTH, cause: Some(cause), root: Some(root) };
            if let Err(error) =
                this.publish_server_event(&SystemEvent::LoopStopped(stop), None, lineage).await
            {
                tracing::warn!(%error, "bolt/loop-stopped could not be stored");
            }
        });
    }
}
