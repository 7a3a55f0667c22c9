//! Operations by which operators send events, exchanges and tests.

use super::build::Engine;
use crate::dispatch::test_endpoint;
use crate::exchange::{ExchangeDraft, ExchangeOptions, ExchangeReply};
use crate::operator::{
    HookTest, ProbeSetup, ReceiverTest, ReceiverTestError, ReceiverToTest, TestAttempt, TestError,
    TestRequest, hook_request, receiver_request,
};
use crate::registry::{AppEntry, Destination, HookEntry};
use bytes::Bytes;
use footbridge_courier::Target;
use footbridge_model::audit::AuditObject;
use footbridge_model::event::Event;
use footbridge_model::exchange;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::provenance::{Provenance, Via};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The name of the event or of the exchange that a test sends, where nothing else is asked for.
const TEST_NAME: &str = "footbridge-test";
/// The longest wait for a further result of a test.
const RESULT_WAIT: Duration = Duration::from_secs(5);

impl Engine {
    /// The largest body of an event, in bytes.
    pub fn event_limit(&self) -> usize {
        self.0.publisher.event_limit
    }

    /// Stores an entry of the audit log about something that an operator sent.
    pub async fn note_sent(&self, action: &str, kind: &str, id: impl std::fmt::Display) {
        self.note(action, AuditObject::new(kind, id)).await;
    }

    /// Sends an exchange as [`Engine::exchange`] does, from any thread. Returns `None` if the server ends first.
    pub async fn exchange_from_anywhere(
        &self,
        sender: Arc<AppEntry>,
        id: ExchangeId,
        draft: ExchangeDraft,
        options: ExchangeOptions,
    ) -> Option<ExchangeReply> {
        let exchanges = Arc::clone(&self.0.exchanges);
        let send = move |courier: Rc<_>| async move {
            exchanges.exchange(&courier, &sender, id, draft, options).await
        };
        self.0.local_work.run(send).await
    }

    /// Sends one request to a hook, as the first attempt of a delivery would. Stores nothing.
    ///
    /// # Errors
    /// [`TestError`]; nothing was sent.
    pub async fn test_hook(&self, id: HookId, body: Option<Bytes>) -> Result<TestAttempt, TestError> {
        let hook = self.hook(id)?;
        let app = self.app(&hook.hook.app)?;
        let now = self.now();
        let pattern = &hook.hook.pattern;
        let name = EventName::parse(pattern.event.as_str()).or_else(|_| EventName::parse(TEST_NAME));
        let name = name.map_err(|error| TestError::NotTestable(error.to_string()))?;
        let number = || self.0.ids.next(now);
        let event = Event {
            id: EventId::from_number(number()),
            name,
            publisher: AppName::any(pattern.publisher.as_str()).unwrap_or_else(|| app.app.name.clone()),
            body: body.unwrap_or_else(|| Bytes::from_static(b"{}")),
            headers: PublishHeaders::default(),
            time: now,
            lineage: Lineage::default(),
            provenance: Provenance { via: Via::Console, test: true, trace: None },
        };
        let endpoint = test_endpoint(&self.0.apps, &hook, &app, &event, now);
        let test = HookTest {
            hook: &hook,
            app: &app,
            event: &event,
            delivery: DeliveryId::from_number(number()),
            endpoint: endpoint.map_err(TestError::NotTestable)?,
            public_url: &self.0.apps.public_url,
            timeout: self.0.attempt_timeout,
        };
        let request = hook_request(test, now)?;
        self.note("hook.test", AuditObject::new("hook", id)).await;
        self.send_test(request).await
    }

    /// Sends one request to the receiver of an app, as an exchange would. Stores nothing. Without `body`, it comes from an
    /// app that the receiver's app is linked to, if there is one.
    ///
    /// # Errors
    /// [`TestError`]; nothing was sent.
    pub async fn test_receiver(&self, name: &AppName, body: Option<Bytes>) -> Result<TestAttempt, TestError> {
        let app = self.app(name)?;
        let id = self.new_exchange_id();
        let body = body.unwrap_or_else(|| {
            let (host, miniapp) = self.parties(&app.app.name);
            exchange::body(&miniapp, &host, TEST_NAME, b"{}")
        });
        let request = receiver_request(&app, id, body, self.0.exchanges.timeout, self.now())?;
        self.note("receiver.test", AuditObject::new("app", &app.app.name)).await;
        self.send_test(request).await
    }

    /// The host and the miniapp of a test of this app's receiver: those of its first link. Without a link it is both.
    fn parties(&self, name: &AppName) -> (AppName, AppName) {
        let links = self.links();
        let link = links.iter().find(|link| link.miniapp == *name || link.host == *name);
        link.map_or_else(|| (name.clone(), name.clone()), |link| (link.host.clone(), link.miniapp.clone()))
    }

    /// Returns true if requests with credentials of the app go to the origin of this URL anyhow: it is that of its receiver
    /// or of one of its hooks.
    pub fn is_origin_of(&self, app: &AppEntry, target: &Target) -> bool {
        let of_hook = |hook: &HookEntry| match &hook.destination {
            Destination::Http(known) => known.is_same_origin(target),
            _ => false,
        };
        app.receiver.as_deref().is_some_and(|known| known.is_same_origin(target))
            || self.hooks(Some(&app.app.name)).iter().any(|hook| of_hook(hook))
    }

    async fn send_test(&self, request: TestRequest) -> Result<TestAttempt, TestError> {
        let send = move |courier: Rc<_>| async move { request.send(&courier).await };
        self.0.local_work.run(send).await.ok_or(TestError::Draining)
    }

    /// Starts the fourteen probes of a receiver, signed with the secrets of `app`, and returns the test as it begins.
    ///
    /// # Errors
    /// [`ReceiverTestError`]; nothing was sent.
    pub async fn start_receiver_test(
        &self,
        app: Arc<AppEntry>,
        receiver: ReceiverToTest,
    ) -> Result<ReceiverTest, ReceiverTestError> {
        if self.is_draining() {
            return Err(ReceiverTestError::Draining);
        }
        let ReceiverToTest { target, protocol, name, payload } = receiver;
        let id = format!("rct_{:013x}", self.0.ids.next(self.now()));
        let test = ReceiverTest {
            id: id.clone(),
            app: app.app.name.clone(),
            url: target.url().to_owned(),
            protocol,
            done: false,
            probes: Vec::new(),
        };
        let tests = Arc::clone(&self.0.receiver_tests);
        tests.begin(test.clone())?;
        let (object, place) = (AuditObject::new("app", &test.app), target.place());
        self.note_with("receiver.probe", object, Some(place)).await;
        let setup = ProbeSetup {
            id,
            tests,
            parties: self.parties(&test.app),
            app,
            target: Arc::new(target),
            protocol,
            name,
            payload,
            clock: Arc::clone(&self.0.clock),
            ids: Arc::clone(&self.0.ids),
            public_url: self.0.apps.public_url.clone(),
        };
        let local_work = self.0.local_work.clone();
        tokio::spawn(async move {
            let (tests, id) = (Arc::clone(&setup.tests), setup.id.clone());
            local_work.run(move |courier| setup.run(courier)).await;
            // Also if the work was refused.
            tests.end(&id);
        });
        Ok(test)
    }

    /// The test of a receiver with this id, if it is remembered. With `known`, waits a few seconds until it has more than so
    /// many results or has ended.
    pub async fn receiver_test(&self, id: &str, known: Option<usize>) -> Option<ReceiverTest> {
        match known {
            Some(known) => self.0.receiver_tests.find_after(id, known, RESULT_WAIT).await,
            None => self.0.receiver_tests.find(id),
        }
    }
}
