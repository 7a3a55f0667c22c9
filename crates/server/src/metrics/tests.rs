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
    let account = Account { accepted: 15, pending: 1, delivered: 2, unanswered: 3, dead: 4, cancelled: 5 };
    let text = metrics.text(&account, true);
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
fn seconds_are_written_short() {
    for (micros, text) in [(0, "0"), (1, "0.000001"), (2_500_000, "2.5"), (10_000_000, "10"), (30_000_000, "30")] {
        assert_eq!(seconds(micros), text);
    }
}
