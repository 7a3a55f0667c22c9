//! Counters of all surfaces, and the Prometheus text.
//!
//! Counting is one relaxed atomic addition, without a lock, an allocation or a look-up by name. Labels have few values, all
//! of them known here; app names are not among them.

use crate::error_code::ErrorCode;
use crate::refused_credentials::RefusedCredentials;
use footbridge_engine::Account;
use footbridge_model::delivery::DeliveryStatus;
use http::StatusCode;
use std::fmt::{Display, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Content type of the Prometheus text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the buckets of exchange durations, in milliseconds: from a fast receiver on the same machine to the
/// longest deadline of an exchange.
const BOUNDS: [u64; 14] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

/// The surface that a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// The event bridge (Boxo).
    Bridge,
    /// The events API (Bolt).
    Events,
    /// The administration API and the API of installed apps.
    Admin,
    /// Installed apps: `/x/…`, public files and routers.
    Proxy,
    /// Live events, forwarding, and files that pages load.
    Live,
    /// Probes, metrics and documentation.
    Other,
}

impl Surface {
    const ALL: [Self; 6] = [Self::Bridge, Self::Events, Self::Admin, Self::Proxy, Self::Live, Self::Other];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Events => "events",
            Self::Admin => "admin",
            Self::Proxy => "proxy",
            Self::Live => "live",
            Self::Other => "other",
        }
    }
}

#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct SurfaceCounters {
    success: Counter,
    redirection: Counter,
    client_error: Counter,
    server_error: Counter,
    auth_failures: Counter,
}

impl SurfaceCounters {
    const fn answered(&self, status: u16) -> &Counter {
        match status {
            500.. => &self.server_error,
            400..500 => &self.client_error,
            300..400 => &self.redirection,
            _ => &self.success,
        }
    }
}

#[derive(Debug, Default)]
struct Exchanges {
    answered: Counter,
    unauthorized: Counter,
    invalid: Counter,
    disabled: Counter,
    failed: Counter,
    buckets: [Counter; BOUNDS.len()],
    above: Counter,
    micros: Counter,
}

impl Exchanges {
    const fn ended(&self, failure: Option<ErrorCode>) -> &Counter {
        match failure {
            None => &self.answered,
            Some(ErrorCode::Unauthorized) => &self.unauthorized,
            Some(ErrorCode::InvalidEventData) => &self.invalid,
            Some(ErrorCode::EventReceiverDisabled) => &self.disabled,
            Some(ErrorCode::EventDeliveryFailed) => &self.failed,
        }
    }
}

/// The counters of the server.
#[derive(Debug, Default)]
pub struct Metrics {
    bridge: SurfaceCounters,
    events: SurfaceCounters,
    admin: SurfaceCounters,
    proxy: SurfaceCounters,
    live: SurfaceCounters,
    other: SurfaceCounters,
    exchanges: Exchanges,
    accepted: Counter,
    refused: Counter,
    opened: Counter,
    closed: Counter,
    live_connections: Arc<AtomicUsize>,
    refused_credentials: RefusedCredentials,
}

impl Metrics {
    /// Returns the log of refused credentials.
    pub(crate) const fn refused_credentials(&self) -> &RefusedCredentials {
        &self.refused_credentials
    }

    /// Logs how many credentials were refused since the last call. Must be called once a minute.
    pub fn log_refused_credentials(&self) {
        let all = Surface::ALL.map(|surface| self.surface(surface).auth_failures.get());
        self.refused_credentials.log_total(all.iter().sum());
    }

    /// Counts an exchange that ended with an answer, or with the error that its sender got.
    pub(crate) fn exchange(&self, failure: Option<ErrorCode>, took: Duration) {
        let exchanges = &self.exchanges;
        exchanges.ended(failure).add(1);
        exchanges.micros.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let within = |bound: &u64| took <= Duration::from_millis(*bound);
        let bucket = BOUNDS.iter().position(within).and_then(|place| exchanges.buckets.get(place));
        bucket.unwrap_or(&exchanges.above).add(1);
    }

    /// Counts a publish that was accepted or refused.
    pub fn publish(&self, accepted: bool) {
        if accepted { &self.accepted } else { &self.refused }.add(1);
    }

    /// Counts an answered request.
    pub fn request(&self, surface: Surface, status: StatusCode) {
        self.surface(surface).answered(status.as_u16()).add(1);
    }

    /// Counts a request without a credential or with a wrong one.
    pub fn auth_failure(&self, surface: Surface) {
        self.surface(surface).auth_failures.add(1);
    }

    /// Counts a new client connection.
    pub fn connection_opened(&self) {
        self.opened.add(1);
    }

    /// Counts a closed client connection.
    pub fn connection_closed(&self) {
        self.closed.add(1);
    }

    /// Returns the gauge of live connections.
    pub(crate) fn live_connections(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.live_connections)
    }

    /// Returns the number of open client connections.
    pub fn connections(&self) -> u64 {
        // Read first: a connection that closes in between must not be subtracted before it was added.
        let closed = self.closed.get();
        self.opened.get().saturating_sub(closed)
    }

    const fn surface(&self, surface: Surface) -> &SurfaceCounters {
        match surface {
            Surface::Bridge => &self.bridge,
            Surface::Events => &self.events,
            Surface::Admin => &self.admin,
            Surface::Proxy => &self.proxy,
            Surface::Live => &self.live,
            Surface::Other => &self.other,
        }
    }

    /// Returns the Prometheus text. `account` is one consistent snapshot, so that the accounting identity holds in every
    /// scrape.
    pub fn text(&self, account: &Account, dropped_records: u64, ready: bool) -> String {
        let mut text = PrometheusText(String::with_capacity(6 * 1024));
        text.deliveries(account);
        text.exchanges(&self.exchanges);
        let name = "footbridge_exchange_records_left_out_total";
        text.metric(name, "counter", "Exchange records that were dropped under overload.", dropped_records);
        text.head("footbridge_publishes_total", "counter", "Publish calls by outcome.");
        text.sample("footbridge_publishes_total", &[("outcome", "accepted")], self.accepted.get());
        text.sample("footbridge_publishes_total", &[("outcome", "refused")], self.refused.get());
        text.requests(self);
        text.metric(
            "footbridge_http_connections",
            "gauge",
            "Open connections of clients.",
            self.connections(),
        );
        let live = self.live_connections.load(Ordering::Relaxed) as u64;
        text.metric("footbridge_live_connections", "gauge", "Live connections of pages.", live);
        text.metric("footbridge_ready", "gauge", "1 if the server accepts work, else 0.", u64::from(ready));
        text.head("footbridge_build_info", "gauge", "Version of Footbridge.");
        text.sample("footbridge_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.0
    }
}

/// Writes the text exposition format 0.0.4.
struct PrometheusText(String);

impl PrometheusText {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let pairs: Vec<String> = labels.iter().map(|(label, is)| format!("{label}=\"{is}\"")).collect();
        match pairs.as_slice() {
            [] => self.line(format_args!("{name} {value}")),
            pairs => self.line(format_args!("{name}{{{}}} {value}", pairs.join(","))),
        }
    }

    fn metric(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        self.sample(name, &[], value);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a `String` never fails.
        let _ = writeln!(self.0, "{line}");
    }

    fn deliveries(&mut self, account: &Account) {
        let name = "footbridge_deliveries_accepted_total";
        self.metric(name, "counter", "Deliveries created with accepted events.", account.accepted);
        let name = "footbridge_deliveries_total";
        // Not a counter: a manual retry moves a dead or cancelled delivery back to pending.
        self.head(name, "gauge", "Ended deliveries, including those that retention has deleted.");
        for status in DeliveryStatus::ALL {
            if status != DeliveryStatus::Pending {
                self.sample(name, &[("outcome", status.as_str())], account.count(status));
            }
        }
        let name = "footbridge_deliveries_pending";
        self.metric(name, "gauge", "Deliveries that are waiting or in an attempt.", account.pending);
    }

    fn exchanges(&mut self, exchanges: &Exchanges) {
        let name = "footbridge_exchanges_total";
        self.head(name, "counter", "Exchanges by outcome for the sender.");
        self.sample(name, &[("outcome", "answered"), ("code", "")], exchanges.answered.get());
        for code in ErrorCode::ALL {
            let count = exchanges.ended(Some(code)).get();
            self.sample(name, &[("outcome", "failed"), ("code", code.as_str())], count);
        }
        let name = "footbridge_exchange_duration_seconds";
        self.head(name, "histogram", "Duration of exchanges as seen by the sender.");
        let mut below = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&exchanges.buckets) {
            below += bucket.get();
            let bound = seconds(bound * 1000);
            self.sample(&format!("{name}_bucket"), &[("le", &bound)], below);
        }
        below += exchanges.above.get();
        self.sample(&format!("{name}_bucket"), &[("le", "+Inf")], below);
        self.sample(&format!("{name}_sum"), &[], seconds(exchanges.micros.get()));
        self.sample(&format!("{name}_count"), &[], below);
    }

    fn requests(&mut self, metrics: &Metrics) {
        let name = "footbridge_http_requests_total";
        self.head(name, "counter", "Answered requests by surface and status class.");
        for surface in Surface::ALL {
            for (class, status) in [("2xx", 200), ("3xx", 300), ("4xx", 400), ("5xx", 500)] {
                let count = metrics.surface(surface).answered(status).get();
                self.sample(name, &[("surface", surface.as_str()), ("status", class)], count);
            }
        }
        let name = "footbridge_auth_failures_total";
        self.head(name, "counter", "Requests without a credential or with a wrong one.");
        for surface in Surface::ALL {
            self.sample(name, &[("surface", surface.as_str())], metrics.surface(surface).auth_failures.get());
        }
    }
}

fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_sample_or_a_comment_and_the_identity_holds() {
        let metrics = Metrics::default();
        metrics.exchange(None, Duration::from_micros(1_500));
        metrics.exchange(Some(ErrorCode::EventDeliveryFailed), Duration::from_secs(31));
        metrics.publish(true);
        metrics.request(Surface::Events, StatusCode::TOO_MANY_REQUESTS);
        metrics.auth_failure(Surface::Bridge);
        metrics.connection_opened();
        let account =
            Account { accepted: 15, pending: 1, delivered: 2, unanswered: 3, dead: 4, cancelled: 5 };
        let text = metrics.text(&account, 0, true);
        for line in [
            "footbridge_deliveries_accepted_total 15",
            "footbridge_deliveries_total{outcome=\"delivered\"} 2",
            "footbridge_deliveries_total{outcome=\"unanswered\"} 3",
            "footbridge_deliveries_total{outcome=\"dead\"} 4",
            "footbridge_deliveries_total{outcome=\"cancelled\"} 5",
            "footbridge_deliveries_pending 1",
            "footbridge_exchanges_total{outcome=\"answered\",code=\"\"} 1",
            "footbridge_exchanges_total{outcome=\"failed\",code=\"EVENT_DELIVERY_FAILED\"} 1",
            "footbridge_exchange_duration_seconds_bucket{le=\"0.001\"} 0",
            "footbridge_exchange_duration_seconds_bucket{le=\"0.002\"} 1",
            "footbridge_exchange_duration_seconds_bucket{le=\"30\"} 1",
            "footbridge_exchange_duration_seconds_bucket{le=\"+Inf\"} 2",
            "footbridge_exchange_duration_seconds_sum 31.0015",
            "footbridge_exchange_duration_seconds_count 2",
            "footbridge_publishes_total{outcome=\"accepted\"} 1",
            "footbridge_http_requests_total{surface=\"events\",status=\"4xx\"} 1",
            "footbridge_auth_failures_total{surface=\"bridge\"} 1",
            "footbridge_http_connections 1",
            "footbridge_ready 1",
        ] {
            assert!(text.lines().any(|known| known == line), "no {line} in {text}");
        }
        for line in text.lines().filter(|line| !line.starts_with("# ")) {
            let value = line.rsplit_once(' ').map(|(_, value)| value.parse::<f64>());
            assert!(matches!(value, Some(Ok(_))), "{line}");
        }
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn seconds_are_written_without_trailing_zeros() {
        for (micros, text) in
            [(0, "0"), (1, "0.000001"), (2_500_000, "2.5"), (10_000_000, "10"), (30_000_000, "30")]
        {
            assert_eq!(seconds(micros), text);
        }
    }
}
