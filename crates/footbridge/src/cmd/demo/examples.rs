//! Commands to try in another terminal, with the credentials of this run.

use footbridge_model::secret::Secret;

use super::{
    apps::{HOOK_PATH, HOST, MINIAPP, PUBLISHED},
    pages,
    printer::{Paint, Printer},
    steps::RunningDemo,
};

/// The event that the user subscribes to, publishes and unsubscribes from.
const SHIPPED: &str = "order-shipped";

/// Prints the commands with their descriptions.
pub(super) fn print(printer: &Printer, demo: &RunningDemo<'_>) {
    printer.heading("Now you");
    printer.line(&format!(
        "Open  {}  in a browser",
        printer.paint(Paint::Bold, &format!("{}/", pages::origin(&demo.apps.host)))
    ));
    printer.line("and click: superapp's page has shop in a frame and shows the way of each event.\n");
    if let Some(link) = demo.sign_in {
        printer.line("The console shows all of it to the operator. This link signs you in, once:");
        printer.line(&printer.paint(Paint::Bold, link));
        printer.line("");
    }
    printer.paragraph(
        "Or paste any of these into another terminal. The events that the apps get are shown here and on \
         that page. The tokens are valid for this run only.",
    );
    for (what, command) in blocks(demo) {
        printer.line(&printer.paint(Paint::Dim, &format!("# {what}")));
        printer.line(&command);
        printer.line("");
    }
    printer.line(&printer.paint(Paint::Bold, "Ctrl-C ends it."));
    printer.line("");
}

/// Returns the commands, each with a description.
fn blocks(demo: &RunningDemo<'_>) -> Vec<(&'static str, String)> {
    let url = demo.url;
    let (host, miniapp) = (&demo.apps.host, &demo.apps.miniapp);
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
        demo.admin.expose()
    );
    vec![
        ("superapp asks shop and waits for the answer", exchange),
        ("shop publishes; both superapp and mailer get it", publish(PUBLISHED)),
        ("superapp subscribes to shipped orders ...", events(&shipped, &host.token, &route)),
        ("... shop publishes one ...", publish(SHIPPED)),
        (
            "... and superapp unsubscribes",
            events(&shipped, &host.token, "").replacen("curl", "curl -X DELETE", 1),
        ),
        ("the operator lists the deliveries of all events", deliveries),
    ]
}
