//! Makes one attempt: reads the event if needed, writes and signs its envelope, sends it.

use super::attempt_result::{AttemptResult, UNSTAMPED};
use super::destination::{AttemptTarget, Endpoint, Priority, Resolver, RouterEndpoint};
use super::lane::QueuedDelivery;
use crate::apps::{Apps, output};
use crate::lanes::BypassSet;
use crate::registry::{AppEntry, HookEntry};
use crate::test_mark::{IS_TEST, TEST};
use crate::trace;
use bytes::Bytes;
use footbridge_courier::{Answer, AnswerLimit, Courier, Outbound};
use footbridge_journal::{Journal, JournalError};
use footbridge_model::attempt::{Failure, FailureKind, Sent};
use footbridge_model::delivery::{Attempt, Outcome};
use footbridge_model::envelope::{self, Addressee};
use footbridge_model::event::Event;
use footbridge_model::excerpt::{ANSWER_EXCERPT, excerpt};
use footbridge_model::hook::{AnswerRule, HookType};
use footbridge_model::retry::retry_after;
use footbridge_model::run::RUN_SECRET;
use footbridge_model::secret::Secret;
use footbridge_model::time::{Clock, Entropy, Millis};
use http::Method;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

const DELIVERY_ID: HeaderName = HeaderName::from_static("footbridge-delivery-id");
const ATTEMPT: HeaderName = HeaderName::from_static("footbridge-attempt");
/// The router of an app that a request is for.
const ROUTER: HeaderName = HeaderName::from_static("footbridge-router");
/// Set by a router in its answer when the next router should handle the request.
const ROUTER_NEXT: HeaderName = HeaderName::from_static("footbridge-router-next");
/// Proves to an installed app that a request comes from this server.
const SECRET: HeaderName = HeaderName::from_static(RUN_SECRET);

/// The most bytes read of an answer. Its status and `Retry-After` matter, and its beginning if the attempt failed; the rest
/// is read so that the connection can be used again.
const MAX_ANSWER: usize = 64 * 1024;

/// Makes attempts; holds what all of them need.
pub(super) struct AttemptRunner {
    pub(super) courier: Rc<Courier>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) apps: Arc<Apps>,
    pub(super) bypass: BypassSet,
    pub(super) public_url: String,
    pub(super) timeout: Duration,
    /// How long an attempt waits for an optional answer after its app was told to stop.
    pub(super) answer_wait: Duration,
}

/// The answer of an endpoint to an event.
struct EndpointReply {
    outcome: Outcome,
    /// The beginning of the answer, unless it is a 2xx.
    excerpt: Option<String>,
    /// True if the next router should be asked.
    next: bool,
}

impl EndpointReply {
    const fn failed(failure: Failure) -> Self {
        Self { outcome: Outcome::Failed(failure), excerpt: None, next: false }
    }

    fn into_result(self) -> AttemptResult {
        AttemptResult::Made(Attempt { answer: self.excerpt, ..UNSTAMPED }, self.outcome)
    }
}

/// One attempt: the event, the delivery, and the hook it goes to.
struct AttemptContext<'a> {
    event: &'a Event,
    delivery: &'a str,
    /// The number of the attempt; the first is 1.
    n: u32,
    now: Millis,
    priority: Priority,
    hook: &'a HookEntry,
    app: &'a AppEntry,
}

impl AttemptRunner {
    /// Makes an attempt. `written` fires once the complete request is written to the receiver's connection. Also returns the
    /// event, if it could be read.
    pub(super) async fn attempt(
        &self,
        queued: QueuedDelivery,
        hook: &HookEntry,
        app: &AppEntry,
        written: Option<oneshot::Sender<()>>,
        priority: Priority,
    ) -> (AttemptResult, Option<Arc<Event>>) {
        debug_assert_eq!(hook.hook.app, app.app.name, "the envelope would have another app's token");
        if priority == Priority::Lane && self.bypass.contains(queued.delivery.id) {
            return (AttemptResult::Bypassed, None);
        }
        let event = match &queued.event {
            Some(held) => held.event(),
            None => match self.journal.event(queued.delivery.event_id).await {
                Ok(Some(view)) => Arc::new(view.event),
                Ok(None) => {
                    return (self.unreadable(&queued, "the event is no longer in the journal"), None);
                }
                Err(JournalError::Corrupt(what)) => return (self.unreadable(&queued, &what), None),
                Err(error) => {
                    let reason = "events cannot be read";
                    return (AttemptResult::Postponed { reason, detail: error.to_string() }, None);
                }
            },
        };
        let (n, delivery) = (queued.delivery.attempts + 1, queued.delivery.id.text());
        // Only events that wait count against the memory budget.
        drop(queued);
        let (now, started) = (self.clock.now(), Instant::now());
        let resolver = Resolver { apps: &self.apps, hook, app, event: &event, priority, now };
        let context = AttemptContext { event: &event, delivery: &delivery, n, now, priority, hook, app };
        let result = match resolver.resolve() {
            Err(not_made) => not_made.into(),
            Ok(AttemptTarget::Http(endpoint)) => {
                let reply = self.send(&context, &endpoint, None, written).await;
                app_not_running(reply, &context, &endpoint).await
            }
            Ok(AttemptTarget::Routers(routers)) => {
                self.ask_routers(&context, routers, written).await.into_result()
            }
            Ok(AttemptTarget::Function(file)) => self.call_function(&context, &file).await,
            Ok(AttemptTarget::Server) => AttemptResult::made(self.act(&event).await),
        };
        let ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
        (result.postpone_if_local().stamped(n, now, ms), Some(event))
    }

    /// Fails a delivery whose event cannot be read as it was written: no content is better than wrong content.
    fn unreadable(&self, queued: &QueuedDelivery, what: &str) -> AttemptResult {
        let delivery = &queued.delivery;
        let (id, event) = (delivery.id, delivery.event_id);
        tracing::error!(delivery = %id, %event, what, "an event cannot be delivered");
        let failure = Failure::before(FailureKind::Damaged, format!("{what}; nothing was sent"));
        AttemptResult::made(Outcome::Failed(failure)).stamped(delivery.attempts + 1, self.clock.now(), 0)
    }

    /// Sends the event to one endpoint.
    async fn send(
        &self,
        context: &AttemptContext<'_>,
        endpoint: &Endpoint,
        router: Option<&str>,
        written: Option<oneshot::Sender<()>>,
    ) -> EndpointReply {
        let outbound = match self.outbound(context, endpoint, router) {
            Ok(outbound) => outbound,
            Err(failure) => return EndpointReply::failed(failure),
        };
        let answer = self.courier.send(Outbound { written, ..outbound });
        match self.within_run(context, endpoint, answer).await {
            Ok(answer) => {
                let next = router.is_some() && answer.headers.contains_key(ROUTER_NEXT);
                let excerpt = Self::excerpt(context, endpoint, &answer);
                EndpointReply { outcome: answered(&answer, self.clock.now()), excerpt, next }
            }
            Err(failure) => EndpointReply::failed(crash_or(failure, endpoint).await),
        }
    }

    /// Waits for an answer; an optional answer only as long as the app's run lasts.
    ///
    /// After the server has ended the run there will be no answer, and a second attempt would start the app again.
    async fn within_run(
        &self,
        context: &AttemptContext<'_>,
        endpoint: &Endpoint,
        answer: impl Future<Output = Result<Answer, Failure>>,
    ) -> Result<Answer, Failure> {
        let optional = context.hook.hook.options.answer == AnswerRule::Optional;
        let Some(run) = endpoint.run.as_deref().filter(|_| optional) else { return answer.await };
        let started = Instant::now();
        let ended = async {
            run.stop_requested().await;
            tokio::time::sleep_until(started + self.answer_wait).await;
        };
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            () = ended => Err(Failure::after(FailureKind::Timeout, "the app was stopped before it answered")),
        };
        answer.map_err(|failure| match failure.sent {
            Sent::Perhaps if run.is_stop_requested() => Failure { kind: FailureKind::Timeout, ..failure },
            _ => failure,
        })
    }

    /// Asks the routers in order, until one handles the event.
    async fn ask_routers(
        &self,
        context: &AttemptContext<'_>,
        routers: Vec<RouterEndpoint>,
        mut written: Option<oneshot::Sender<()>>,
    ) -> EndpointReply {
        let outcome = Outcome::Answered { status: 404, retry_after: None };
        let mut reply = EndpointReply { outcome, excerpt: None, next: false };
        for RouterEndpoint { name, endpoint } in routers {
            reply = self.send(context, &endpoint, Some(&name), written.take()).await;
            if !reply.next {
                break;
            }
        }
        reply
    }

    /// The beginning of an answer that is not a 2xx. The secrets of the request, which some receivers repeat, are left out.
    fn excerpt(context: &AttemptContext<'_>, endpoint: &Endpoint, answer: &Answer) -> Option<String> {
        let encoded = answer.headers.contains_key(CONTENT_ENCODING);
        if answer.status.is_success() || answer.body.is_empty() || encoded {
            return None;
        }
        let run = endpoint.run.as_deref().map_or("", |run| run.secret.expose());
        Some(excerpt(&answer.body, &[context.token(endpoint), run], ANSWER_EXCERPT))
    }

    async fn call_function(&self, context: &AttemptContext<'_>, file: &str) -> AttemptResult {
        let to = Addressee { kind: HookType::Function, token: "", public_url: &self.public_url };
        let event = envelope::write(context.event, context.now, to);
        let failed = |failure: Failure, log: &str| {
            let attempt = Attempt { output: output(None, log), ..UNSTAMPED };
            AttemptResult::Made(attempt, Outcome::Failed(failure))
        };
        match self.apps.call(context.app, file, event).await {
            Err(failure) => failed(Failure::after(FailureKind::Function, failure.message), &failure.log),
            Ok(answer) => match self.apps.prepare_published(context.app, context.event, &answer.published) {
                Err(failure) => failed(failure, &answer.log),
                Ok(events) => {
                    let output = output(answer.value.as_deref(), &answer.log);
                    AttemptResult::Published(Attempt { output, ..UNSTAMPED }, Outcome::Done, events)
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

    fn outbound(
        &self,
        context: &AttemptContext<'_>,
        endpoint: &Endpoint,
        router: Option<&str>,
    ) -> Result<Outbound, Failure> {
        let token = context.token(endpoint);
        let to = Addressee { kind: context.hook.hook.kind, token, public_url: &self.public_url };
        let body = match context.priority {
            Priority::Lane => envelope::write(context.event, context.now, to),
            Priority::Bypass => envelope::write_to_itself(context.event, context.now, to),
        };
        let mut headers = context
            .headers(&body, router, endpoint)
            .ok_or_else(|| Failure::before(FailureKind::Malformed, "the headers cannot be sent"))?;
        trace::add_span(&mut headers, context.event.provenance.trace, &*self.entropy);
        Ok(Outbound {
            method: Method::POST,
            target: Arc::clone(&endpoint.target),
            app: Arc::clone(&context.app.label),
            grants: Arc::clone(&endpoint.grants),
            roots: context.app.roots.clone(),
            headers,
            body,
            deadline: Instant::now() + self.timeout,
            answer: AnswerLimit::Truncate(MAX_ANSWER),
            written: None,
        })
    }
}

impl<'a> AttemptContext<'a> {
    /// The token that the envelope for this endpoint has.
    fn token<'b>(&self, endpoint: &'b Endpoint) -> &'b str
    where
        'a: 'b,
    {
        endpoint.token.as_ref().map_or_else(|| self.app.token(self.now), Secret::expose)
    }

    /// The headers of the request: first the publisher's, then the server's, which replace them.
    fn headers(&self, body: &Bytes, router: Option<&str>, endpoint: &Endpoint) -> Option<HeaderMap> {
        let id = self.event.id.text();
        let mut headers = HeaderMap::with_capacity(8);
        for (name, value) in self.event.headers.iter() {
            headers.insert(name.clone(), value.clone());
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.app.sign(&mut headers, &id, body, self.now)?;
        headers.insert(DELIVERY_ID, HeaderValue::from_str(self.delivery).ok()?);
        headers.insert(ATTEMPT, HeaderValue::from(self.n));
        if self.event.provenance.test {
            headers.insert(TEST, IS_TEST);
        }
        if let Some(router) = router {
            headers.insert(ROUTER, HeaderValue::from_str(router).ok()?);
        }
        if let Some(run) = endpoint.run.as_deref() {
            let mut secret = HeaderValue::from_str(run.secret.expose()).ok()?;
            secret.set_sensitive(true);
            headers.insert(SECRET, secret);
        }
        Some(headers)
    }
}

/// The result of an attempt; if nothing was sent because the app's run is over, the delivery waits for the next run.
async fn app_not_running(
    reply: EndpointReply,
    context: &AttemptContext<'_>,
    endpoint: &Endpoint,
) -> AttemptResult {
    let unsent = matches!(&reply.outcome, Outcome::Failed(failure)
        if failure.kind == FailureKind::Refused && failure.sent == Sent::Nothing);
    match &endpoint.run {
        Some(run) if unsent && context.priority == Priority::Lane && run.has_ended().await => {
            AttemptResult::AppNotRunning(context.app.app.name.clone())
        }
        _ => reply.into_result(),
    }
}

/// The failure of an attempt. If the installed app has ended meanwhile, that is the reason, and not the error of its
/// connection.
async fn crash_or(failure: Failure, endpoint: &Endpoint) -> Failure {
    let cut_off =
        failure.sent == Sent::Perhaps && matches!(failure.kind, FailureKind::Reset | FailureKind::Malformed);
    match &endpoint.run {
        Some(run) if cut_off && run.has_ended().await => {
            let how = if run.is_stop_requested() { "was stopped" } else { "crashed" };
            let what = format!("the app {how} before it answered; `footbridge app logs` shows what it wrote");
            Failure::after(FailureKind::Crashed, what)
        }
        _ => failure,
    }
}

fn answered(answer: &Answer, now: Millis) -> Outcome {
    let retry_after =
        answer.headers.get_all(RETRY_AFTER).iter().find_map(|value| retry_after(value.to_str().ok()?, now));
    Outcome::Answered { status: answer.status.as_u16(), retry_after }
}
