//! One attempt: the event read if need be, wrapped for its addressee, signed, sent.

use super::lane::Waiting;
use super::tried::{BLANK, Tried};
use super::way::{self, Pace, Road, Way};
use crate::apps::{Apps, output};
use crate::lanes::Past;
use crate::registry::{AppEntry, HookEntry};
use bytes::Bytes;
use footbridge_courier::{Answer, AnswerLimit, Courier, Outbound};
use footbridge_journal::{Journal, JournalError};
use footbridge_model::attempt::{Failure, FailureKind, Sent};
use footbridge_model::delivery::{Attempt, Outcome};
use footbridge_model::envelope::{self, Addressee};
use footbridge_model::event::Event;
use footbridge_model::hook::{AnswerRule, HookType};
use footbridge_model::retry::retry_after;
use footbridge_model::run::RUN_SECRET;
use footbridge_model::secret::Secret;
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
/// Which router of its host a request is for.
const ROUTER: HeaderName = HeaderName::from_static("footbridge-router");
/// Says that the router asked leaves it to the next.
const ROUTER_NEXT: HeaderName = HeaderName::from_static("footbridge-router-next");
/// Proves to an app that this server runs that the request comes from it.
const SECRET: HeaderName = HeaderName::from_static(RUN_SECRET);

/// What is read of a subscriber's answer: only its status and `Retry-After` matter, and the rest only
/// so that the connection can be used again.
const READ: usize = 64 * 1024;

/// What every attempt needs.
pub(super) struct Sender {
    pub(super) courier: Rc<Courier>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) apps: Arc<Apps>,
    pub(super) past: Past,
    pub(super) public_url: String,
    pub(super) timeout: Duration,
    /// How long an app that need not answer may take to.
    pub(super) answer_wait: Duration,
}

/// What an attempt is made for.
pub(super) struct Parcel<'a> {
    pub(super) event: &'a Event,
    pub(super) delivery: &'a str,
    pub(super) n: u32,
    pub(super) now: Millis,
    pub(super) pace: Pace,
    pub(super) hook: &'a HookEntry,
    pub(super) app: &'a AppEntry,
}

impl Sender {
    /// Makes the attempt. `written` fires once the request is with the receiver's connection whole.
    pub(super) async fn attempt(
        &self,
        waiting: Waiting,
        hook: &HookEntry,
        app: &AppEntry,
        written: Option<oneshot::Sender<()>>,
        pace: Pace,
    ) -> Tried {
        if pace == Pace::Lane && self.past.contains(waiting.due.id) {
            return Tried::Elsewhere;
        }
        let event = match &waiting.event {
            Some(held) => held.event(),
            None => match self.journal.event(waiting.due.event_id).await {
                Ok(Some(view)) => Arc::new(view.event),
                Ok(None) => return self.unreadable(&waiting, "the event is no longer in the journal"),
                Err(JournalError::Corrupt(what)) => return self.unreadable(&waiting, &what),
                Err(error) => return Tried::NotNow("events cannot be read", error.to_string()),
            },
        };
        let (n, delivery) = (waiting.due.attempts + 1, waiting.due.id.text());
        // The budget is for what waits; this no longer does.
        drop(waiting);
        let (at, begun) = (self.clock.now(), Instant::now());
        let parcel = Parcel { event: &event, delivery: &delivery, n, now: at, pace, hook, app };
        let tried = match way::find(&self.apps, hook, app, &event, (pace, at)) {
            Err(instead) => instead.into(),
            Ok(Way::Http(road)) => {
                let (outcome, _) = self.send(&parcel, &road, None, written).await;
                or_asleep(outcome, &parcel, &road).await
            }
            Ok(Way::Routers(roads)) => Tried::made(self.ask(&parcel, roads, written).await),
            Ok(Way::Function(file)) => self.call(&parcel, &file).await,
            Ok(Way::Own) => Tried::made(self.act(&event).await),
        };
        let ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        tried.or_later().dated(n, at, ms)
    }

    /// Gives a delivery up whose event cannot be read as it was written: nothing is better than something else.
    fn unreadable(&self, waiting: &Waiting, what: &str) -> Tried {
        tracing::error!(delivery = %waiting.due.id, event = %waiting.due.event_id, what, "an event cannot be delivered");
        let failure = Failure::before(FailureKind::Damaged, format!("{what}; nothing was sent"));
        Tried::made(Outcome::Failed(failure)).dated(waiting.due.attempts + 1, self.clock.now(), 0)
    }

    /// Sends it to one receiver; gives what came back, and whether a router leaves it to the next.
    async fn send(
        &self,
        parcel: &Parcel<'_>,
        road: &Road,
        router: Option<&str>,
        written: Option<oneshot::Sender<()>>,
    ) -> (Outcome, bool) {
        let outbound = match self.outbound(parcel, road, router) {
            Ok(outbound) => outbound,
            Err(failure) => return (Outcome::Failed(failure), false),
        };
        match self.within_run(parcel, road, self.courier.send(Outbound { written, ..outbound })).await {
            Ok(answer) => {
                let next = router.is_some() && answer.headers.contains_key(ROUTER_NEXT);
                (answered(&answer, self.clock.now()), next)
            }
            Err(failure) => (Outcome::Failed(or_crashed(failure, road).await), false),
        }
    }

    /// Waits for the answer of an app that need not give one as long as its run lasts: once the server ends
    /// that, there will be none, and to say it all again would start the app anew.
    async fn within_run(
        &self,
        parcel: &Parcel<'_>,
        road: &Road,
        sent: impl Future<Output = Result<Answer, Failure>>,
    ) -> Result<Answer, Failure> {
        let optional = parcel.hook.hook.options.answer == AnswerRule::Optional;
        let Some(run) = road.run.as_deref().filter(|_| optional) else { return sent.await };
        let begun = Instant::now();
        let ended = async {
            run.stop_requested().await;
            tokio::time::sleep_until(begun + self.answer_wait).await;
        };
        let came = tokio::select! {
            biased;
            came = sent => came,
            () = ended => Err(Failure::after(FailureKind::Timeout, "the app was stopped before it answered")),
        };
        came.map_err(|failure| match failure.sent {
            Sent::Perhaps if run.is_stop_requested() => Failure { kind: FailureKind::Timeout, ..failure },
            _ => failure,
        })
    }

    /// Asks one router after the other.
    async fn ask(
        &self,
        parcel: &Parcel<'_>,
        roads: Vec<(String, Road)>,
        written: Option<oneshot::Sender<()>>,
    ) -> Outcome {
        let mut written = written;
        let mut outcome = Outcome::Answered { status: 404, retry_after: None };
        for (name, road) in roads {
            let (came, next) = self.send(parcel, &road, Some(&name), written.take()).await;
            outcome = came;
            if !next {
                break;
            }
        }
        outcome
    }

    async fn call(&self, parcel: &Parcel<'_>, file: &str) -> Tried {
        let to = Addressee { kind: HookType::Function, token: "", public_url: &self.public_url };
        let event = envelope::write(parcel.event, parcel.now, to);
        let failed = |failure: Failure, log: &str| {
            let attempt = Attempt { output: output(None, log), ..BLANK };
            Tried::Made(attempt, Outcome::Failed(failure))
        };
        match self.apps.call(parcel.app, file, event).await {
            Err(failure) => failed(Failure::after(FailureKind::Function, failure.message), &failure.log),
            Ok(answer) => match self.apps.prepare_published(parcel.app, parcel.event, &answer.published) {
                Err(failure) => failed(failure, &answer.log),
                Ok(events) => {
                    let output = output(answer.value.as_deref(), &answer.log);
                    Tried::Published(Attempt { output, ..BLANK }, Outcome::Done, events)
                }
            },
        }
    }

    async fn act(&self, event: &Event) -> Outcome {
        match self.apps.handle_own_event(event).await {
            Ok(()) => Outcome::Done,
            Err(why) => Outcome::Failed(Failure::after(FailureKind::Function, why)),
        }
    }

    fn outbound(&self, parcel: &Parcel<'_>, road: &Road, router: Option<&str>) -> Result<Outbound, Failure> {
        let token = road.token.as_ref().map_or_else(|| parcel.app.token(parcel.now), Secret::expose);
        let to = Addressee { kind: parcel.hook.hook.kind, token, public_url: &self.public_url };
        let body = match parcel.pace {
            Pace::Lane => envelope::write(parcel.event, parcel.now, to),
            Pace::Urgent => envelope::write_to_itself(parcel.event, parcel.now, to),
        };
        let headers = parcel
            .headers(&body, router, road)
            .ok_or_else(|| Failure::before(FailureKind::Malformed, "the headers cannot be sent"))?;
        Ok(Outbound {
            method: Method::POST,
            target: Arc::clone(&road.target),
            app: Arc::clone(&parcel.app.label),
            grants: Arc::clone(&road.grants),
            roots: parcel.app.roots.clone(),
            headers,
            body,
            deadline: Instant::now() + self.timeout,
            answer: AnswerLimit::Truncate(READ),
            written: None,
        })
    }
}

impl Parcel<'_> {
    /// The publisher's headers first, ours over them.
    fn headers(&self, body: &Bytes, router: Option<&str>, road: &Road) -> Option<HeaderMap> {
        let id = self.event.id.text();
        let mut headers = HeaderMap::with_capacity(8);
        for (name, value) in self.event.headers.iter() {
            headers.insert(name.clone(), value.clone());
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.app.sign(&mut headers, &id, body, self.now)?;
        headers.insert(DELIVERY_ID, HeaderValue::from_str(self.delivery).ok()?);
        headers.insert(ATTEMPT, HeaderValue::from(self.n));
        if let Some(router) = router {
            headers.insert(ROUTER, HeaderValue::from_str(router).ok()?);
        }
        if let Some(run) = road.run.as_deref() {
            let mut secret = HeaderValue::from_str(run.secret.expose()).ok()?;
            secret.set_sensitive(true);
            headers.insert(SECRET, secret);
        }
        Some(headers)
    }
}

/// What an attempt came to, unless nothing was sent since the app's run is over: then it waits for the next.
async fn or_asleep(outcome: Outcome, parcel: &Parcel<'_>, road: &Road) -> Tried {
    let unsent = matches!(&outcome, Outcome::Failed(failure)
        if failure.kind == FailureKind::Refused && failure.sent == Sent::Nothing);
    match &road.run {
        Some(run) if unsent && parcel.pace == Pace::Lane && run.has_ended().await => {
            Tried::Asleep(parcel.app.app.name.clone())
        }
        _ => Tried::made(outcome),
    }
}

/// What an attempt failed of: where the app of this server has ended meanwhile, that is the reason, and not what its
/// connection said.
async fn or_crashed(failure: Failure, road: &Road) -> Failure {
    let cut =
        failure.sent == Sent::Perhaps && matches!(failure.kind, FailureKind::Reset | FailureKind::Malformed);
    match &road.run {
        Some(run) if cut && run.has_ended().await => {
            let how = if run.is_stop_requested() { "was stopped" } else { "crashed" };
            let what = format!("the app {how} before it answered; `footbridge app logs` shows what it wrote");
            Failure::after(FailureKind::Crashed, what)
        }
        _ => failure,
    }
}

fn answered(answer: &Answer, now: Millis) -> Outcome {
    let asked =
        answer.headers.get_all(RETRY_AFTER).iter().find_map(|value| retry_after(value.to_str().ok()?, now));
    Outcome::Answered { status: answer.status.as_u16(), retry_after: asked }
}
