//! One attempt: the event read if need be, wrapped for its addressee, signed, sent.

use super::lane::Waiting;
use crate::registry::{AppEntry, Destination, HookEntry};
use footbridge_courier::{Answer, AnswerLimit, Courier, Outbound};
use footbridge_journal::Journal;
use footbridge_model::attempt::{Failure, FailureKind};
use footbridge_model::delivery::{Attempt, Outcome};
use footbridge_model::envelope::{self, Addressee};
use footbridge_model::event::Event;
use footbridge_model::retry::retry_after;
use footbridge_model::time::{Clock, Millis};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

const DELIVERY_ID: HeaderName = HeaderName::from_static("footbridge-delivery-id");
const ATTEMPT: HeaderName = HeaderName::from_static("footbridge-attempt");

/// What is read of a subscriber's answer: only its status and `Retry-After` matter, and the rest only
/// so that the connection can be used again.
const READ: usize = 64 * 1024;

/// What every attempt needs.
pub(super) struct Sender {
    pub(super) courier: Rc<Courier>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) public_url: String,
    pub(super) timeout: Duration,
}

/// What an attempt came to.
#[derive(Debug)]
pub(super) enum Tried {
    /// It was made.
    Made(Attempt, Outcome),
    /// The journal could not be read: the delivery stays as it is.
    NotNow,
}

impl Sender {
    /// Makes the attempt. `written` fires once the request is with the receiver's connection whole.
    pub(super) async fn attempt(
        &self,
        waiting: Waiting,
        hook: &HookEntry,
        app: &AppEntry,
        written: Option<oneshot::Sender<()>>,
    ) -> Tried {
        let event = match &waiting.event {
            Some(held) => held.event(),
            None => match self.journal.event(waiting.due.event_id).await {
                Ok(Some(view)) => Arc::new(view.event),
                Ok(None) | Err(_) => return Tried::NotNow,
            },
        };
        let (n, delivery) = (waiting.due.attempts + 1, waiting.due.id.text());
        // The budget is for what waits; this no longer does.
        drop(waiting);
        let (at, begun) = (self.clock.now(), Instant::now());
        let parcel = Parcel { event: &event, delivery: &delivery, n, now: at };
        let result = match self.outbound(&parcel, hook, app) {
            Ok(outbound) => self.courier.send(Outbound { written, ..outbound }).await,
            Err(failure) => Err(failure),
        };
        let outcome = match result {
            Ok(answer) => answered(&answer, self.clock.now()),
            Err(failure) => Outcome::Failed(failure),
        };
        let ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        Tried::Made(
            Attempt { n, at, status: outcome.status(), error: outcome.error(), ms, output: None },
            outcome,
        )
    }

    fn outbound(&self, parcel: &Parcel<'_>, hook: &HookEntry, app: &AppEntry) -> Result<Outbound, Failure> {
        let target = match &hook.destination {
            Destination::Http(target) => Arc::clone(target),
            Destination::Nowhere(why) => return Err(Failure::before(FailureKind::Refused, *why)),
        };
        let now = parcel.now;
        let to = Addressee { kind: hook.hook.kind, token: app.token(now), public_url: &self.public_url };
        let body = envelope::write(parcel.event, now, to);
        let headers = parcel
            .headers(&body, app)
            .ok_or_else(|| Failure::before(FailureKind::Malformed, "the headers cannot be sent"))?;
        Ok(Outbound {
            method: Method::POST,
            target,
            grants: Arc::clone(&app.grants),
            headers,
            body,
            deadline: Instant::now() + self.timeout,
            answer: AnswerLimit::Truncate(READ),
            written: None,
        })
    }
}

/// What one attempt sends, to whomever.
struct Parcel<'a> {
    event: &'a Event,
    delivery: &'a str,
    n: u32,
    now: Millis,
}

impl Parcel<'_> {
    /// The publisher's headers first, ours over them.
    fn headers(&self, body: &[u8], app: &AppEntry) -> Option<HeaderMap> {
        let id = self.event.id.text();
        let mut headers = HeaderMap::with_capacity(8);
        for (name, value) in self.event.headers.iter() {
            headers.insert(name.clone(), value.clone());
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        app.sign(&mut headers, &id, body, self.now)?;
        headers.insert(DELIVERY_ID, HeaderValue::from_str(self.delivery).ok()?);
        headers.insert(ATTEMPT, HeaderValue::from(self.n));
        Some(headers)
    }
}

fn answered(answer: &Answer, now: Millis) -> Outcome {
    let asked =
        answer.headers.get_all(RETRY_AFTER).iter().find_map(|value| retry_after(value.to_str().ok()?, now));
    Outcome::Answered { status: answer.status.as_u16(), retry_after: asked }
}
