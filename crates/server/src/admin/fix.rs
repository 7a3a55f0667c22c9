//! Fixes for verdicts: a sentence, the operation of the API that does it, and the screen of the console.

use super::AdminState;
use footbridge_api as api;
use footbridge_engine::Verdict;
use footbridge_model::exchange::{Direction, ExchangeFailureKind, ExchangeOutcome, ExchangeRecord};
use footbridge_model::hook::{Hook, MAX_IN_FLIGHT, Origin};
use footbridge_model::id::DeliveryId;
use footbridge_model::name::AppName;
use serde_json::{Value, json};

/// The event that a verdict is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) publisher: &'a AppName,
    pub(super) name: &'a str,
    /// The id of the event, if it is stored.
    pub(super) event: Option<&'a str>,
    /// The delivery of the event to the hook.
    pub(super) delivery: Option<DeliveryId>,
    /// The delivery that this one waits for.
    pub(super) waits_for: Option<DeliveryId>,
}

impl<'a> About<'a> {
    /// An event that nobody has published.
    pub(super) const fn hypothetical(publisher: &'a AppName, name: &'a str) -> Self {
        Self { publisher, name, event: None, delivery: None, waits_for: None }
    }
}

fn operation(method: &str, path: &str, body: Option<Value>) -> api::Operation {
    api::Operation { method: method.to_owned(), path: format!("/api/v1/{path}"), body }
}

/// Returns what changes the verdict; `None` if nothing needs to change.
pub(super) fn of(shared: &AdminState, verdict: Verdict, hook: &Hook, about: About<'_>) -> Option<api::Fix> {
    let (id, app) = (hook.id, &hook.app);
    let screen = format!("/hooks?id={id}");
    let (text, operation) = match verdict {
        Verdict::Gets | Verdict::Delivered | Verdict::NoLink => return None,
        Verdict::AppDisabled => return Some(app_off(shared, app, "retry the delivery")),
        Verdict::OtherPublisher | Verdict::OtherEvent | Verdict::Private => another_hook(hook, about),
        Verdict::HookDisabled => {
            ("switch the hook on, and retry the delivery".to_owned(), Some(switch_on(hook)))
        }
        Verdict::HookDisabledGone => {
            let text = "mend the receiver, then switch the hook on and retry the delivery";
            (text.to_owned(), Some(switch_on(hook)))
        }
        Verdict::NotASubscriber => {
            let text =
                format!("let `{}` name `{app}` among `subscribers`, or leave them out", about.publisher);
            return Some(api::Fix { text, operation: None, screen: format!("/apps/{}", about.publisher) });
        }
        Verdict::HookMadeLater => return Some(replay_to(hook, about.event.unwrap_or_default())),
        Verdict::HookRemoved if shared.engine.app(app).is_err() => {
            let text = format!("add the app `{app}` and its hook again, and replay the event to that hook");
            return Some(api::Fix { text, operation: None, screen: "/apps?add=true".to_owned() });
        }
        Verdict::HookRemoved => {
            let screen = format!("/hooks?app={app}");
            return Some(api::Fix { text: "add the hook again".to_owned(), operation: None, screen });
        }
        Verdict::WaitingWindow => window(hook),
        Verdict::WaitingPaused => {
            ("resume the lane".to_owned(), Some(operation("POST", &format!("lanes/{id}/resume"), None)))
        }
        Verdict::Unanswered
        | Verdict::WaitingRetry
        | Verdict::WaitingOrder
        | Verdict::WaitingApp
        | Verdict::RefusedAddress
        | Verdict::Dead
        | Verdict::Cancelled => again(verdict, app, about),
    };
    Some(api::Fix { text, operation, screen })
}

/// The fix for a hook that is younger than the event: a job that replays the event to it.
fn replay_to(hook: &Hook, event: &str) -> api::Fix {
    let id = hook.id.to_string();
    let query = format!("id:{event}");
    let text = format!("replay the event `{event}` to this hook");
    let screen = format!("/recover?q={query}&hook={id}");
    let job = json!({"kind": "replay", "q": query, "hook": id});
    api::Fix { text, operation: Some(operation("POST", "jobs", Some(job))), screen }
}

/// The fix for a delivery that failed or waits: to send it again.
fn again(verdict: Verdict, app: &AppName, about: About<'_>) -> (String, Option<api::Operation>) {
    let send = |delivery: Option<DeliveryId>, verb: &str| {
        delivery.map(|delivery| operation("POST", &format!("deliveries/{delivery}/{verb}"), None))
    };
    let text = match verdict {
        Verdict::Unanswered => {
            let text = "send it once more, if the receiver did not get it".to_owned();
            return (text, send(about.delivery, "replay"));
        }
        Verdict::WaitingOrder => {
            let text = "mend the receiver and retry the oldest delivery, or skip it".to_owned();
            return (text, send(about.waits_for, "retry"));
        }
        Verdict::WaitingApp => {
            format!("start the app `{app}`, or correct its address, and retry the delivery")
        }
        Verdict::RefusedAddress => {
            // A retry ends in the same way until one of the two has changed.
            let text = "allow the address in `[egress] allow` and restart the server, or give the hook another route; retry the delivery then";
            return (text.to_owned(), None);
        }
        Verdict::Cancelled => "retry the delivery".to_owned(),
        _ => "mend the receiver, and retry the delivery".to_owned(),
    };
    (text, send(about.delivery, "retry"))
}

/// The fix for a pattern that does not match: another hook.
fn another_hook(hook: &Hook, about: About<'_>) -> (String, Option<api::Operation>) {
    let pattern = format!("{}/{}", about.publisher, about.name);
    let new = json!({
        "app": hook.app.as_str(), "pattern": pattern, "route": hook.route, "type": hook.kind.as_str(),
    });
    // The hooks of an installed app are those of its package.
    let adds = hook.origin != Origin::Package;
    let made = adds.then(|| operation("POST", "hooks", Some(new)));
    (format!("add a hook of `{}` with the pattern `{pattern}`", hook.app), made)
}

fn switch_on(hook: &Hook) -> api::Operation {
    operation("PATCH", &format!("hooks/{}", hook.id), Some(json!({"enabled": true})))
}

/// The fix for a full window: a larger one, if the hook may be changed.
fn window(hook: &Hook) -> (String, Option<api::Operation>) {
    let wider = hook.options.in_flight.saturating_mul(2).min(MAX_IN_FLIGHT);
    let may = hook.origin == Origin::Api && wider > hook.options.in_flight;
    let change = json!({"in_flight": wider});
    let change = may.then(|| operation("PATCH", &format!("hooks/{}", hook.id), Some(change)));
    let text = "make the receiver faster, or let the hook have more deliveries in flight (`in_flight`)";
    (text.to_owned(), change)
}

/// The fix for an app that is switched off.
fn app_off(shared: &AdminState, app: &AppName, next: &str) -> api::Fix {
    let of_file = shared.engine.app(app).is_ok_and(|entry| entry.app.origin == Origin::File);
    let (text, operation) = if of_file {
        (format!("switch the app `{app}` on in the configuration file, and restart the server"), None)
    } else {
        let on = operation("PATCH", &format!("apps/{app}"), Some(json!({"enabled": true})));
        (format!("switch the app `{app}` on, and {next}"), Some(on))
    };
    api::Fix { text, operation, screen: format!("/apps/{app}") }
}

/// The operation that switches on the receiver of an app, if it has one and the file does not define it.
fn receiver_on(shared: &AdminState, app: &AppName) -> Option<api::Operation> {
    let entry = shared.engine.app(app).ok()?;
    let is_off = entry.app.receiver_url.is_some() && !entry.app.receiver_enabled;
    let on = json!({"receiver_enabled": true});
    (is_off && entry.app.origin != Origin::File).then(|| operation("PATCH", &format!("apps/{app}"), Some(on)))
}

/// Returns what changes the verdict about an exchange.
pub(super) fn of_exchange(
    shared: &AdminState,
    verdict: Verdict,
    (host, miniapp): (&AppName, &AppName),
    record: &ExchangeRecord,
) -> Option<api::Fix> {
    let recipient = &record.head.recipient;
    let screen = format!("/apps/{recipient}");
    let fix = |text: String, operation| Some(api::Fix { text, operation, screen });
    match verdict {
        Verdict::Gets | Verdict::Delivered => None,
        Verdict::NoLink => {
            let link = json!({"host": host.as_str(), "miniapp": miniapp.as_str()});
            let exists = shared.engine.link(host, miniapp).is_ok();
            let made = if exists {
                operation("PATCH", &format!("links/{host}/{miniapp}"), Some(json!({"enabled": true})))
            } else {
                operation("POST", "links", Some(link))
            };
            let text = format!("link the host `{host}` and the miniapp `{miniapp}`");
            Some(api::Fix { text, operation: Some(made), screen: "/links".to_owned() })
        }
        Verdict::AppDisabled if shared.engine.app(recipient).is_err() => {
            fix(format!("add the app `{recipient}`, or correct the name"), None)
        }
        Verdict::AppDisabled => Some(app_off(shared, recipient, "send again")),
        Verdict::Cancelled => Some(not_sent(record)),
        Verdict::HookDisabled => {
            let text = format!("switch on the receiver of `{recipient}`, or set its `receiver_url`");
            fix(text, receiver_on(shared, recipient))
        }
        Verdict::RefusedAddress => {
            fix(format!("allow the address of the receiver of `{recipient}` in `[egress] allow`"), None)
        }
        _ => fix(format!("mend the receiver of `{recipient}`; the sender can then send again"), None),
    }
}

/// The fix for an exchange that the server refused, or whose sender has left: the receiver was not asked, or is not at fault.
fn not_sent(record: &ExchangeRecord) -> api::Fix {
    let (sender, failure) = (&record.head.sender, record.ending.as_ref());
    let kind = match failure {
        Some(ExchangeOutcome::Failed(failure)) => Some(failure.kind),
        _ => None,
    };
    let member = match record.head.direction {
        Direction::ToMiniapp => "client_id",
        Direction::ToHost => "app_id",
    };
    let (text, screen) = match kind {
        Some(ExchangeFailureKind::Forbidden) => (
            format!(
                "the credentials are those of `{sender}`: send with those of the app that `{member}` names, or write `{sender}` as `{member}`"
            ),
            format!("/apps/{sender}?tab=credentials"),
        ),
        Some(ExchangeFailureKind::SenderIsRecipient) => (
            "send in the other direction, or exchange `client_id` and `app_id`: the body names the sender as the recipient"
                .to_owned(),
            format!("/apps/{sender}"),
        ),
        Some(ExchangeFailureKind::KeyReused) => {
            ("send another body with another idempotency key".to_owned(), format!("/apps/{sender}"))
        }
        Some(ExchangeFailureKind::KeyInUse) => (
            "wait for the end of the first exchange with this idempotency key, and send again".to_owned(),
            format!("/apps/{sender}"),
        ),
        Some(ExchangeFailureKind::SenderLeft) => {
            (format!("let `{sender}` wait longer for the answer, and send again"), format!("/apps/{sender}"))
        }
        Some(ExchangeFailureKind::JournalFull) => {
            ("free space on the disk of the server, and send again".to_owned(), "/settings".to_owned())
        }
        _ => ("read the log of the server, and send again".to_owned(), "/settings".to_owned()),
    };
    api::Fix { text, operation: None, screen }
}
