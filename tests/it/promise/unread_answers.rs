//! Clients that send requests and never read the answers.

use std::time::Duration;

use harness::{Gateway, Raw, Setup, WAIT, until};

fn open_files(gateway: &Gateway) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", gateway.pid())).unwrap().count()
}

#[test]
#[ignore = "waits out the server's own limit of a minute; run it with --run-ignored all"]
fn a_connection_that_asks_and_never_reads_is_closed() {
    let mut gateway = Setup::new().start();
    gateway.wait_connections_closed();
    let before = open_files(&gateway);
    let requests = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(400);
    let unread: Vec<Raw> = (0..50)
        .map(|_| {
            let mut raw = Raw::connect(gateway.address());
            raw.send(&requests);
            raw
        })
        .collect();
    until("fifty open connections", WAIT, || open_files(&gateway) >= before + 45);
    until("their end", Duration::from_secs(90), || open_files(&gateway) < before + 10);
    drop(unread);
    gateway.assert_healthy();
}
