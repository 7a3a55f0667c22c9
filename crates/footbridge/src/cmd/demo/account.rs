//! The last step: what the server's own books say, compared with what was seen.

use serde_json::{Value, json};

use super::{
    caller::Caller,
    cast::{HOST, LISTENER},
    error::same,
    say::{Paint, Voice},
};

/// What ended deliveries are counted as.
const ENDS: [&str; 4] = ["delivered", "unanswered", "dead", "cancelled"];

/// Shows what became of the event and proves that every accepted delivery is accounted for.
///
/// # Errors
/// In words: what should be and what is.
pub(super) async fn prove(voice: &Voice, caller: &Caller, event: &str) -> Result<(), String> {
    let deliveries = caller.finished(event).await?;
    for (app, statuses) in [(HOST, vec![200]), (LISTENER, vec![503, 200])] {
        let of_app = |delivery: &&Value| delivery.get("app").is_some_and(|name| name == app);
        let found =
            deliveries.iter().find(of_app).ok_or_else(|| format!("no delivery to {app} is listed"))?;
        check(found, app, &statuses)?;
        let answers: Vec<String> = statuses.iter().map(ToString::to_string).collect();
        let times = if statuses.len() == 1 { "attempt" } else { "attempts" };
        let line = format!("to {app:8}  delivered after {} {times}", statuses.len());
        voice.line(&format!("{:10}{line:40} {}", "", voice.paint(Paint::Dim, &answers.join(", then "))));
    }
    let books = Books::read(&caller.metrics().await?)?;
    books.check()?;
    voice.good(&format!(
        "nothing lost: accepted {} = delivered {} + pending {}",
        books.accepted,
        books.ended(),
        books.pending
    ));
    Ok(())
}

fn check(delivery: &Value, app: &str, statuses: &[u16]) -> Result<(), String> {
    let wrong = |what: &str| format!("the delivery to {app} should have {what}: {delivery}");
    if delivery.get("status").is_none_or(|status| status != "delivered") {
        return Err(wrong("been delivered"));
    }
    let log = delivery.get("attempt_log").and_then(Value::as_array);
    let logged: Vec<Value> =
        log.into_iter().flatten().map(|attempt| attempt.get("status").cloned().unwrap_or_default()).collect();
    if logged == statuses.iter().map(|status| json!(status)).collect::<Vec<_>>() {
        Ok(())
    } else {
        Err(wrong(&format!("the answers {statuses:?} in its log")))
    }
}

/// How many deliveries there were, and what became of them.
#[derive(Debug, PartialEq, Eq)]
struct Books {
    accepted: u64,
    ends: [u64; ENDS.len()],
    pending: u64,
}

impl Books {
    /// Out of the text of `/metrics`.
    fn read(text: &str) -> Result<Self, String> {
        let metric = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).ok_or_else(|| format!("the metrics do not tell {name}"))
        };
        let mut ends = [0; ENDS.len()];
        for (count, outcome) in ends.iter_mut().zip(ENDS) {
            *count = metric(&format!("footbridge_deliveries_total{{outcome=\"{outcome}\"}}"))?;
        }
        let accepted = metric("footbridge_deliveries_accepted_total")?;
        Ok(Self { accepted, ends, pending: metric("footbridge_deliveries_pending")? })
    }

    fn ended(&self) -> u64 {
        self.ends.iter().sum()
    }

    /// Both deliveries of the story, delivered; nothing else happened in this server.
    fn check(&self) -> Result<(), String> {
        let told = Self { accepted: 2, ends: [2, 0, 0, 0], pending: 0 };
        same("the account", self, &told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP footbridge_deliveries_accepted_total x\n\
        footbridge_deliveries_accepted_total 2\n\
        footbridge_deliveries_total{outcome=\"delivered\"} 2\n\
        footbridge_deliveries_total{outcome=\"unanswered\"} 0\n\
        footbridge_deliveries_total{outcome=\"dead\"} 0\n\
        footbridge_deliveries_total{outcome=\"cancelled\"} 0\n\
        footbridge_deliveries_pending 0\n";

    #[test]
    fn the_books_are_read_and_must_agree() {
        assert_eq!(Books::read(TEXT).unwrap().check(), Ok(()));
        for (from, to) in
            [("pending 0", "pending 1"), ("dead\"} 0", "dead\"} 1"), ("accepted_total 2", "accepted_total 3")]
        {
            assert!(Books::read(&TEXT.replace(from, to)).unwrap().check().is_err(), "{to}");
        }
        assert!(Books::read("").is_err());
    }
}
