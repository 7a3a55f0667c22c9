//! What to try next: lines for another terminal, with this run's real credentials.

use footbridge_model::secret::Secret;

use super::{
    cast::{HOOK_PATH, HOST, MINIAPP, PUBLISHED},
    pages,
    say::{Paint, Voice},
    story::Stage,
};

/// The event that the user subscribes to, publishes and leaves again.
const SHIPPED: &str = "order-shipped";

/// Says it.
pub(super) fn say(voice: &Voice, stage: &Stage<'_>) {
    voice.headline("Now you");
    voice.line(&format!(
        "Open  {}  in a browser",
        voice.paint(Paint::Bold, &format!("{}/", pages::origin(&stage.cast.host)))
    ));
    voice.line("and click: superapp's page, shop in a frame of it, and the way of every event.\n");
    voice.paragraph(
        "Or paste any of these into another terminal; what the apps get of it shows up here and on that \
         page. The tokens are those of this run and end with it.",
    );
    for (what, command) in blocks(stage) {
        voice.line(&voice.paint(Paint::Dim, &format!("# {what}")));
        voice.line(&command);
        voice.line("");
    }
    voice.line(&voice.paint(Paint::Bold, "Ctrl-C ends it."));
    voice.line("");
}

/// What each command does, and the command.
fn blocks(stage: &Stage<'_>) -> Vec<(&'static str, String)> {
    let url = stage.url;
    let (host, miniapp) = (&stage.cast.host, &stage.cast.miniapp);
    let events = |path: &str, token: &Secret, rest: &str| {
        format!("curl -w '\\n' {url}/api/events/{path} \\\n  -H 'X-Bolt-App-Token: {}'{rest}", token.expose())
    };
    let publish =
        |name: &str| events(name, &miniapp.token, " \\\n  -d '{\"body\": {\"order\": \"order_124\"}}'");
    let exchange = format!(
        "curl -w '\\n' {url}/api/v1/event-bridge/hostapp/ \\\n  -H 'Authorization: {}' \\\n  \
         -H 'Content-Type: application/json' \\\n  -d '{{\"client_id\": \"{HOST}\", \"app_id\": \"{MINIAPP}\",\n       \
         \"event_type\": \"hello\", \"payload\": {{\"from\": \"me\"}}}}'",
        host.authorization().expose(),
    );
    let route = format!(" \\\n  -d '{{\"route\": \"{HOOK_PATH}{SHIPPED}\"}}'");
    let shipped = format!("{MINIAPP}/{SHIPPED}");
    let deliveries = format!(
        "curl -w '\\n' {url}/api/v1/deliveries \\\n  -H 'Authorization: Bearer {}'",
        stage.admin.expose()
    );
    vec![
        ("superapp asks shop something and waits for the answer", exchange),
        ("shop publishes; both superapp and mailer get it", publish(PUBLISHED)),
        (
            "superapp wants to hear of shipped orders too (it subscribes) ...",
            events(&shipped, &host.token, &route),
        ),
        ("... shop ships one ...", publish(SHIPPED)),
        (
            "... and superapp no longer wants to hear of them",
            events(&shipped, &host.token, "").replacen("curl", "curl -X DELETE", 1),
        ),
        ("the operator looks at what became of the events", deliveries),
    ]
}
