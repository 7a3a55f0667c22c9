//! The last step: the server's counts of deliveries, compared with the requests that the sample apps got.

use serde_json::{Value, json};

use super::{
    api_client::ApiClient,
    apps::{HOST, LISTENER},
    error::same,
    printer::{Paint, Printer},
};

/// The outcomes of ended deliveries in the metrics.
const OUTCOMES: [&str; 4] = ["delivered", "unanswered", "dead", "cancelled"];

/// Prints the outcome of the event and checks that every accepted delivery has one.
///
/// # Errors
/// A message with the expected and the actual value.
pub(super) async fn check_deliveries(
    printer: &Printer,
    client: &ApiClient,
    event: &str,
) -> Result<(), String> {
    let deliveries = client.finished(event).await?;
    for (app, statuses) in [(HOST, vec![200]), (LISTENER, vec![503, 200])] {
        let of_app = |delivery: &&Value| delivery.get("app").is_some_and(|name| name == app);
        let found =
            deliveries.iter().find(of_app).ok_or_else(|| format!("no delivery to {app} is listed"))?;
        check(found, app, &statuses)?;
        let answers: Vec<String> = statuses.iter().map(ToString::to_string).collect();
        let times = if statuses.len() == 1 { "attempt" } else { "attempts" };
        let line = format!("to {app:8}  delivered after {} {times}", statuses.len());
        printer.line(&format!("{:10}{line:40} {}", "", printer.paint(Paint::Dim, &answers.join(", then "))));
    }
    let counts = DeliveryCounts::read(&client.metrics().await?)?;
    counts.check()?;
    printer.success(&format!(
        "nothing lost: accepted {} = delivered {} + pending {}",
        counts.accepted,
        counts.ended(),
        counts.pending
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

/// The number of deliveries and of their outcomes.
#[derive(Debug, PartialEq, Eq)]
struct DeliveryCounts {
    accepted: u64,
    ends: [u64; OUTCOMES.len()],
    pending: u64,
}

impl DeliveryCounts {
    /// Reads the counts from the text of `/metrics`.
    fn read(text: &str) -> Result<Self, String> {
        let metric = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).ok_or_else(|| format!("the metrics have no {name}"))
        };
        let mut ends = [0; OUTCOMES.len()];
        for (count, outcome) in ends.iter_mut().zip(OUTCOMES) {
            *count = metric(&format!("footbridge_deliveries_total{{outcome=\"{outcome}\"}}"))?;
        }
        let accepted = metric("footbridge_deliveries_accepted_total")?;
        Ok(Self { accepted, ends, pending: metric("footbridge_deliveries_pending")? })
    }

    fn ended(&self) -> u64 {
        self.ends.iter().sum()
    }

    /// Checks that both deliveries of the demo were delivered, and that there were no others.
    fn check(&self) -> Result<(), String> {
        let expected = Self { accepted: 2, ends: [2, 0, 0, 0], pending: 0 };
        same("the counts of deliveries", self, &expected)
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
    fn counts_are_read_from_the_metrics_and_must_agree() {
        assert_eq!(DeliveryCounts::read(TEXT).unwrap().check(), Ok(()));
        for (from, to) in
            [("pending 0", "pending 1"), ("dead\"} 0", "dead\"} 1"), ("accepted_total 2", "accepted_total 3")]
        {
            assert!(DeliveryCounts::read(&TEXT.replace(from, to)).unwrap().check().is_err(), "{to}");
        }
        assert!(DeliveryCounts::read("").is_err());
    }
}
