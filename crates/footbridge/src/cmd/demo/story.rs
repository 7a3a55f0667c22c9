//! The steps: each does something over HTTP, tells it, and fails when it came out otherwise.

use std::net::SocketAddr;

use footbridge_model::secret::Secret;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    account,
    caller::Caller,
    cast::{Cast, HOST, LISTENER, MINIAPP, PUBLISHED, Player},
    error::{DemoError, same},
    say::{Paint, Voice},
    seen::{Seen, Watcher, What},
};

/// What the server is called where it is one end of a way.
const SERVER: &str = "Footbridge";

/// Where the story plays.
pub(super) struct Stage<'a> {
    pub(super) cast: &'a Cast,
    /// Where clients reach the server.
    pub(super) url: &'a str,
    pub(super) address: SocketAddr,
    pub(super) admin: &'a Secret,
}

/// Tells all of it.
///
/// # Errors
/// [`DemoError::Step`], naming the step that did not come out as told.
pub(super) async fn tell(
    voice: &Voice,
    stage: &Stage<'_>,
    caller: &Caller,
    seen: &mut Watcher,
) -> Result<(), DemoError> {
    introduce(voice, stage);
    let cast = stage.cast;
    let step = |step| move |why| DemoError::Step { step, why };
    let ask = Exchange {
        from: &cast.host,
        to: MINIAPP,
        side: "hostapp",
        event_type: "user_profile_updated",
        payload: json!({"user_reference": "123", "email": "ada@example.com"}),
        answer: json!({"ok": true, "customer": "123"}),
    };
    voice.headline("1. superapp tells shop something, and waits for the answer");
    ask.play(voice, caller, seen).await.map_err(step("1 (superapp asks shop)"))?;
    voice.good(
        "This is an exchange: one request, one answer. Before shop believed it, it checked the password \
         and the signature that only Footbridge can have sent.",
    );
    let report = Exchange {
        from: &cast.miniapp,
        to: HOST,
        side: "miniapp",
        event_type: "order_status_update",
        payload: json!({"order_payment_id": "order_123", "fulfillment_status": "delivering"}),
        answer: json!({"ok": true, "shown_to_user": true}),
    };
    voice.headline("2. The same the other way: shop tells superapp");
    report.play(voice, caller, seen).await.map_err(step("2 (shop asks superapp)"))?;
    voice.good("Only these two may talk like this, because the operator linked them.");
    voice.headline("3. shop publishes an event and goes on; whoever asked for it gets it");
    let event = publish(voice, stage, caller, seen).await.map_err(step("3 (shop publishes)"))?;
    voice.good(
        "superapp had its copy at once. mailer was just restarting, so Footbridge kept its copy on disk \
         and tried again. Both attempts carry the same event id: a receiver can tell a repetition.",
    );
    voice.headline("4. Is anything lost?");
    account::prove(voice, caller, &event).await.map_err(step("4 (nothing is lost)"))
}

fn introduce(voice: &Voice, stage: &Stage<'_>) {
    let version = env!("CARGO_PKG_VERSION");
    voice.line(
        &voice.paint(Paint::Bold, &format!("Footbridge {version}: events between apps, in four short steps")),
    );
    voice.line("");
    voice.paragraph(&format!(
        "A server is listening on http://{} with a database that is thrown away at the end. \
         Three small sample apps run beside it, in this same process:",
        stage.address
    ));
    let about = [
        "an app that other apps live in",
        "one of those: superapp's \"miniapp\"",
        "sends e-mails; only listens",
    ];
    for (player, about) in stage.cast.players().into_iter().zip(about) {
        let port = player.address.map(|address| format!("port {}", address.port())).unwrap_or_default();
        voice.line(&format!("  {:8}  {port:10}  {about}", player.name));
    }
    voice.line("");
}

/// One event for one app, whose answer comes back.
struct Exchange<'a> {
    from: &'a Player,
    to: &'static str,
    /// The last part of the path: whose endpoint it is.
    side: &'static str,
    event_type: &'static str,
    payload: Value,
    /// What the recipient must answer.
    answer: Value,
}

impl Exchange<'_> {
    async fn play(&self, voice: &Voice, caller: &Caller, seen: &mut Watcher) -> Result<(), String> {
        let from = self.from.name;
        let (host, miniapp) = if from == HOST { (from, self.to) } else { (self.to, from) };
        let event = json!({
            "client_id": host, "app_id": miniapp, "event_type": self.event_type, "payload": self.payload,
        });
        let begun = Instant::now();
        voice.went(begun.elapsed(), from, SERVER, self.event_type);
        voice.more(&self.payload.to_string());
        let arriving = async {
            let arrived = seen.soon().await?;
            voice.went(begun.elapsed(), SERVER, self.to, "the same, with its proof");
            Ok::<_, String>(arrived)
        };
        let (answer, arrived) = tokio::join!(caller.exchange(self.from, self.side, &event), arriving);
        let took = begun.elapsed();
        let (answer, arrived) = (answer?, arrived?);
        voice.went(took, self.to, from, &answer.to_string());
        let what = What::Exchange { event_type: self.event_type.to_owned() };
        same("the recipient", &arrived.app, &self.to)?;
        same("what arrived", &arrived.what, &what)?;
        same("the body that arrived", &arrived.body, &event)?;
        same("the answer", &answer, &self.answer)
    }
}

/// Publishes, waits for all three attempts, and gives the event's id.
async fn publish(
    voice: &Voice,
    stage: &Stage<'_>,
    caller: &Caller,
    seen: &mut Watcher,
) -> Result<String, String> {
    let body = json!({"order": "order_123", "amount": 4200});
    let begun = Instant::now();
    voice.went(begun.elapsed(), MINIAPP, SERVER, &format!("publish {PUBLISHED}"));
    voice.more(&body.to_string());
    let accepted = caller.publish(&stage.cast.miniapp, PUBLISHED, &json!({ "body": body })).await?;
    let id = accepted.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    voice.went(begun.elapsed(), SERVER, MINIAPP, "accepted: it is on disk, for 2 apps");
    voice.more(&id);
    same("the number of apps it goes to", &accepted.get("deliveries"), &Some(&json!(2)))?;
    let mut attempts = Vec::new();
    for _ in 0..3 {
        let got = seen.soon().await?;
        let (attempt, status) = attempt_of(&got, &id, &body)?;
        let word = if status == 200 { "done" } else { "not now, says mailer" };
        let text = format!("attempt {attempt}: {status}, {word}");
        voice.went(begun.elapsed(), SERVER, got.app, &text);
        attempts.push((got.app, attempt, status));
    }
    attempts.sort_unstable();
    let told = [(LISTENER, 1, 503), (LISTENER, 2, 200), (HOST, 1, 200)];
    same("the attempts", &attempts.as_slice(), &told.as_slice())?;
    Ok(id)
}

/// The number and the outcome of an attempt to deliver the event `id` with this body.
fn attempt_of(got: &Seen, id: &str, body: &Value) -> Result<(u32, u16), String> {
    let What::Event { name, attempt } = &got.what else {
        return Err(format!("{} got something else: {:?}", got.app, got.what));
    };
    same("the event's name", &name.as_str(), &PUBLISHED)?;
    same("the event's id in the headers", &got.id.as_str(), &id)?;
    same("the event's id in the body", &got.body.get("id"), &Some(&json!(id)))?;
    same("the publisher", &got.body.get("publisher"), &Some(&json!(MINIAPP)))?;
    same("the body", &got.body.get("body"), &Some(body))?;
    let number = attempt.parse().map_err(|_| format!("Footbridge-Attempt is {attempt:?}"))?;
    Ok((number, got.status.unwrap_or_default()))
}
