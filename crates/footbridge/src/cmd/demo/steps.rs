//! The steps of the demo. Each sends requests, prints them, and fails if the result is not the expected one.

use std::net::SocketAddr;

use footbridge_model::secret::Secret;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    account,
    api_client::ApiClient,
    apps::{HOST, LISTENER, MINIAPP, PUBLISHED, SampleApp, SampleApps},
    error::{DemoError, same},
    printer::{Paint, Printer},
    received::{Received, ReceivedRequests, RequestKind},
};

/// The name of the server as sender or receiver in the output.
const SERVER: &str = "Footbridge";

/// The running server and the sample apps.
pub(super) struct RunningDemo<'a> {
    pub(super) apps: &'a SampleApps,
    /// The URL at which clients reach the server.
    pub(super) url: &'a str,
    pub(super) address: SocketAddr,
    pub(super) admin: &'a Secret,
    /// The link that signs in to the console once; `None` without a console.
    pub(super) sign_in: Option<&'a str>,
}

/// Runs all steps.
///
/// # Errors
/// [`DemoError::Step`] with the name of the step that failed.
pub(super) async fn run(
    printer: &Printer,
    demo: &RunningDemo<'_>,
    client: &ApiClient,
    received: &mut ReceivedRequests,
) -> Result<(), DemoError> {
    introduce(printer, demo);
    let apps = demo.apps;
    let step = |step| move |why| DemoError::Step { step, why };
    let ask = ExchangeStep {
        from: &apps.host,
        to: MINIAPP,
        side: "hostapp",
        event_type: "user_profile_updated",
        payload: json!({"user_reference": "123", "email": "ada@example.com"}),
        answer: json!({"ok": true, "customer": "123"}),
    };
    printer.heading("1. superapp sends shop an event and waits for the answer");
    ask.run(printer, client, received).await.map_err(step("1 (superapp asks shop)"))?;
    printer.success(
        "This is an exchange: one request, one answer. shop checked the credential and the signature, \
         which only Footbridge can send.",
    );
    let report = ExchangeStep {
        from: &apps.miniapp,
        to: HOST,
        side: "miniapp",
        event_type: "order_status_update",
        payload: json!({"order_payment_id": "order_123", "fulfillment_status": "delivering"}),
        answer: json!({"ok": true, "shown_to_user": true}),
    };
    printer.heading("2. The same in the other direction: shop sends superapp an event");
    report.run(printer, client, received).await.map_err(step("2 (shop asks superapp)"))?;
    printer.success("Only these two apps may exchange events, because the operator linked them.");
    printer.heading("3. shop publishes an event and does not wait; every subscriber gets it");
    let event = publish(printer, demo, client, received).await.map_err(step("3 (shop publishes)"))?;
    printer.success(
        "superapp got the event at once. mailer was restarting, so Footbridge stored the event on the disk \
         and tried again. Both attempts have the same event id, so a receiver can recognise a repetition.",
    );
    printer.heading("4. Is anything lost?");
    account::check_deliveries(printer, client, &event).await.map_err(step("4 (nothing is lost)"))
}

fn introduce(printer: &Printer, demo: &RunningDemo<'_>) {
    let version = env!("CARGO_PKG_VERSION");
    printer.line(
        &printer
            .paint(Paint::Bold, &format!("Footbridge {version}: events between apps, in four short steps")),
    );
    printer.line("");
    printer.paragraph(&format!(
        "A server is listening on http://{} with a temporary database. \
         Three small sample apps run in the same process:",
        demo.address
    ));
    let about = [
        "an app that embeds other apps",
        "embedded in superapp: a \"miniapp\"",
        "sends e-mails; only receives events",
    ];
    for (app, about) in demo.apps.all().into_iter().zip(about) {
        let port = app.address.map(|address| format!("port {}", address.port())).unwrap_or_default();
        printer.line(&format!("  {:8}  {port:10}  {about}", app.name));
    }
    printer.line("");
}

/// One exchange: an event for one app, whose answer goes back to the sender.
struct ExchangeStep<'a> {
    from: &'a SampleApp,
    to: &'static str,
    /// The last segment of the path, which names the endpoint of the sender.
    side: &'static str,
    event_type: &'static str,
    payload: Value,
    /// The answer that the recipient must send.
    answer: Value,
}

impl ExchangeStep<'_> {
    async fn run(
        &self,
        printer: &Printer,
        client: &ApiClient,
        received: &mut ReceivedRequests,
    ) -> Result<(), String> {
        let from = self.from.name;
        let (host, miniapp) = if from == HOST { (from, self.to) } else { (self.to, from) };
        let event = json!({
            "client_id": host, "app_id": miniapp, "event_type": self.event_type, "payload": self.payload,
        });
        let started = Instant::now();
        printer.hop(started.elapsed(), from, SERVER, self.event_type);
        printer.more(&self.payload.to_string());
        let arriving = async {
            let arrived = received.next_in_time().await?;
            printer.hop(started.elapsed(), SERVER, self.to, "the same, signed");
            Ok::<_, String>(arrived)
        };
        let (answer, arrived) = tokio::join!(client.exchange(self.from, self.side, &event), arriving);
        let took = started.elapsed();
        let (answer, arrived) = (answer?, arrived?);
        printer.hop(took, self.to, from, &answer.to_string());
        let what = RequestKind::Exchange { event_type: self.event_type.to_owned() };
        same("the recipient", &arrived.app, &self.to)?;
        same("what arrived", &arrived.what, &what)?;
        same("the body that arrived", &arrived.body, &event)?;
        same("the answer", &answer, &self.answer)
    }
}

/// Publishes an event, waits for all three attempts, and returns the id of the event.
async fn publish(
    printer: &Printer,
    demo: &RunningDemo<'_>,
    client: &ApiClient,
    received: &mut ReceivedRequests,
) -> Result<String, String> {
    let body = json!({"order": "order_123", "amount": 4200});
    let started = Instant::now();
    printer.hop(started.elapsed(), MINIAPP, SERVER, &format!("publish {PUBLISHED}"));
    printer.more(&body.to_string());
    let accepted = client.publish(&demo.apps.miniapp, PUBLISHED, &json!({ "body": body })).await?;
    let id = accepted.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    printer.hop(started.elapsed(), SERVER, MINIAPP, "accepted: stored on disk, for 2 apps");
    printer.more(&id);
    same("the number of apps it goes to", &accepted.get("deliveries"), &Some(&json!(2)))?;
    let mut attempts = Vec::new();
    for _ in 0..3 {
        let request = received.next_in_time().await?;
        let (attempt, status) = attempt_of(&request, &id, &body)?;
        let word = if status == 200 { "done" } else { "mailer is restarting" };
        let text = format!("attempt {attempt}: {status}, {word}");
        printer.hop(started.elapsed(), SERVER, request.app, &text);
        attempts.push((request.app, attempt, status));
    }
    attempts.sort_unstable();
    let expected = [(LISTENER, 1, 503), (LISTENER, 2, 200), (HOST, 1, 200)];
    same("the attempts", &attempts.as_slice(), &expected.as_slice())?;
    Ok(id)
}

/// Returns the number and the status of an attempt to deliver the event `id` with this body.
fn attempt_of(request: &Received, id: &str, body: &Value) -> Result<(u32, u16), String> {
    let RequestKind::Event { name, attempt } = &request.what else {
        return Err(format!("{} got another request: {:?}", request.app, request.what));
    };
    same("the event's name", &name.as_str(), &PUBLISHED)?;
    same("the event's id in the headers", &request.id.as_str(), &id)?;
    same("the event's id in the body", &request.body.get("id"), &Some(&json!(id)))?;
    same("the publisher", &request.body.get("publisher"), &Some(&json!(MINIAPP)))?;
    same("the body", &request.body.get("body"), &Some(body))?;
    let number = attempt.parse().map_err(|_| format!("Footbridge-Attempt is {attempt:?}"))?;
    Ok((number, request.status.unwrap_or_default()))
}
