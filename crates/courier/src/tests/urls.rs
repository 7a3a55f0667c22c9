use std::sync::Arc;

use footbridge_model::attempt::{FailureKind, Sent};
use tokio::net::TcpListener;

use super::*;
use crate::{Grant, TargetError};

/// Ways to write an address of this machine, or to hide where a URL leads. `PORT` is the canary's.
const TRICKS: &[&str] = &[
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.1:PORT/",
    "http://0x7F.0x0.0x0.0x1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://017700000001:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0x0:PORT/",
    "http://00000000000:PORT/",
    "http://127.0.0.2:PORT/",
    "http://127.255.255.254:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://127。0。0。1:PORT/",
    "http://127．0．0．1:PORT/",
    "http://127｡0｡0｡1:PORT/",
    "http://１２７.０.０.１:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::ffff:0.0.0.0]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:1::80ff:fffe]:PORT/",
    "http://[2600::5efe:127.0.0.1]:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[::1]%25lo:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://localhost.:PORT/",
    "http://a.localhost:PORT/",
    "http://localhost..:PORT/",
    "http://ⓛocalhost:PORT/",
    "http://localtest.me:PORT/",
    "http://127.0.0.1.nip.io:PORT/",
    "http://public.test:PORT/",
    "http://PUBLIC.test.:PORT/",
    "http://metadata.google.internal:PORT/",
    "http://METADATA:PORT/",
    "http://metadata.google.internal.:PORT/",
    "http://instance-data:PORT/",
    "http://169.254.169.254:PORT/",
    "http://0xa9fea9fe:PORT/",
    "http://[fd00:ec2::254]:PORT/",
    "http://10.0.0.1:PORT/",
    "http://192.168.0.1:PORT/",
    "http://user@127.0.0.1:PORT/",
    "http://@127.0.0.1:PORT/",
    "http://:@127.0.0.1:PORT/",
    "http://public.test@127.0.0.1:PORT/",
    "http://public.test:80@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT#@public.test/",
    "http://127.0.0.1:PORT\\@public.test/",
    "http://public.test\\@127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "http:///127.0.0.1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "127.0.0.1:PORT",
    " http://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/ ",
    "ht\ttp://127.0.0.1:PORT/",
    "http://127.0.\n0.1:PORT/",
    "http://127.0.0.1\r\n:PORT/",
    "http://127.0.0.1\0:PORT/",
    "http://127.0.0.1%00:PORT/",
    "http://127.0.0.1:PORT\u{7f}/",
    "http://127.0.0.1:PORT/?a b",
    "http://127.0.0.1%23:PORT/",
    "http://127.0.0.1%2f:PORT/",
    "http://[127.0.0.1]:PORT/",
    "http://[]:PORT/",
    "http://:PORT/",
    "http://./",
    "http://256.256.256.256:PORT/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:-1/",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "unix:/run/x.sock",
    "http+unix://%2frun%2fx.sock/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "https://127.0.0.1:PORT/",
    "https://localhost:PORT/",
    "https://2130706433:PORT/",
    "HTTP://127.1:PORT/",
    "",
];

#[test]
fn no_trick_reaches_the_canary() {
    assert!(TRICKS.len() >= 60);
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let canary = Receiver::on(listener, |mut peer| async move {
            while peer.request().await.is_some() {
                peer.say(OK).await;
            }
        });
        let canary_v6 = TcpListener::bind(("::1", port)).await.unwrap();
        let resolver = Script::new(&[&["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"]]);
        let courier = courier_asking(Policy::default(), resolver);
        for trick in TRICKS {
            let url = trick.replace("PORT", &port.to_string());
            let Ok(target) = Target::parse(&url) else { continue };
            let outbound = Outbound::post(Arc::new(target), Bytes::new(), after(2000));
            let failure = courier.send(outbound).await.expect_err(&url);
            assert_eq!(
                (failure.kind, failure.sent),
                (FailureKind::Blocked, Sent::Nothing),
                "{url}: {failure}"
            );
            assert!(failure.detail.starts_with("destination refused: "), "{failure}");
        }
        // Accepting is in order: when the control request is the first connection, no trick was one.
        let control = Outbound {
            grants: Arc::from([Grant::for_target(&target(&canary.url()))]),
            ..post(&canary.url())
        };
        assert_eq!(courier.send(control).await.unwrap().status, 200);
        assert_eq!((canary.connections.get(), canary.seen()), (1, 1));
        let unused = tokio::time::timeout(Duration::from_millis(20), canary_v6.accept()).await;
        assert!(unused.is_err(), "a trick reached ::1");
    });
}

#[test]
fn targets_are_parsed_into_their_parts() {
    for (url, host, port, normal) in [
        ("http://Example.COM", "example.com", 80, "http://example.com/"),
        ("https://example.com./a/../b?c=d", "example.com", 443, "https://example.com./b?c=d"),
        ("http://example.com:8080/x", "example.com", 8080, "http://example.com:8080/x"),
        ("http://example.com:80/", "example.com", 80, "http://example.com/"),
        ("http://[2600::0:1]:81/", "2600::1", 81, "http://[2600::1]:81/"),
        ("http://0x8.8.8.8/", "8.8.8.8", 80, "http://8.8.8.8/"),
        (
            "http://bücher.example/ü?ö",
            "xn--bcher-kva.example",
            80,
            "http://xn--bcher-kva.example/%C3%BC?%C3%B6",
        ),
        ("http://under_score.example/", "under_score.example", 80, "http://under_score.example/"),
    ] {
        let target = Target::parse(url).unwrap();
        assert_eq!((target.host(), target.port(), target.url()), (host, port, normal));
        assert_eq!(target.literal(), host.parse().ok());
    }
    let secret = target("http://example.com/s3cret?token=s3cret");
    assert!(
        !format!("{secret:?} {:?}", Outbound::post(Arc::clone(&secret), Bytes::new(), after(1)))
            .contains("s3cret")
    );
}

#[test]
fn unusable_urls_are_refused_with_the_reason() {
    for (url, error) in [
        ("", TargetError::Syntax),
        ("/a", TargetError::Syntax),
        ("http:a", TargetError::Syntax),
        ("http:///a", TargetError::Syntax),
        ("ftp://a/", TargetError::Scheme),
        ("unix:/a", TargetError::Scheme),
        ("http://u@a/", TargetError::UserInfo),
        ("http://@a/", TargetError::UserInfo),
        ("http://:p@a/", TargetError::UserInfo),
        ("http://a/#b", TargetError::Fragment),
        ("http://a/#", TargetError::Fragment),
        ("http://a\\b/", TargetError::Character),
        ("http://a/b c", TargetError::Character),
        ("http://a:0/", TargetError::Port),
        ("http://a../", TargetError::Host),
        ("http://a..b/", TargetError::Host),
        ("http://./", TargetError::Host),
        ("http://a:99999/", TargetError::Syntax),
    ] {
        assert_eq!(Target::parse(url).unwrap_err(), error, "{url}");
    }
    assert_eq!(Target::parse(&format!("http://a/{}", "b".repeat(9000))).unwrap_err(), TargetError::TooLong);
}

#[test]
fn check_target_refuses_literal_addresses_and_known_names() {
    let policy = allowing(&["127.0.0.1/32:3000-3999"]);
    let word = |url: &str, granted: bool| {
        policy
            .check_target(&target(url), granted.then_some(AddressClasses::ALL))
            .err()
            .map(|refusal| refusal.reason())
    };
    for (url, granted, reason) in [
        ("http://127.1:80/", false, Some("loopback")),
        ("http://localhost:80/", false, Some("loopback")),
        ("http://localhost:3000/", false, None),
        ("http://127.0.0.1:3000/", false, None),
        ("http://10.0.0.1/", false, Some("private")),
        ("http://10.0.0.1/", true, None),
        ("http://169.254.169.254/", true, Some("metadata")),
        ("http://metadata/", true, Some("metadata")),
        ("http://Metadata.Google.Internal./", true, Some("metadata")),
        ("http://shop.example/", false, None),
        ("http://8.8.8.8/", false, None),
        ("http://localhost:4400/", true, None),
    ] {
        assert_eq!(word(url, granted), reason, "{url}");
    }
}

#[test]
fn a_grant_covers_one_host_and_port() {
    let grant = Grant::for_target(&target("http://Apps.Internal:9003/base"));
    for (url, covered) in [
        ("http://apps.internal:9003/other", true),
        ("https://APPS.internal.:9003/", true),
        ("http://apps.internal/", false),
        ("http://apps.internal:9004/", false),
        ("http://x.apps.internal:9003/", false),
        ("http://127.0.0.1:9003/", false),
    ] {
        assert_eq!(grant.covers(&target(url)), covered, "{url}");
    }
}
