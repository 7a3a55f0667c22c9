use crate::{AllowRule, Policy};

fn rule(text: &str) -> AllowRule {
    text.parse().unwrap()
}

#[test]
fn rules_open_their_network_and_ports_only() {
    for (text, inside, outside) in [
        ("127.0.0.1/32:3000-3999", "127.0.0.1:3000", "127.0.0.1:2999"),
        ("127.0.0.1/32:3000-3999", "127.0.0.1:3999", "127.0.0.1:4000"),
        ("127.0.0.1/32:3000-3999", "[::ffff:127.0.0.1]:3500", "127.0.0.2:3500"),
        ("127.0.0.1", "127.0.0.1:1", "127.0.0.2:1"),
        ("127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8081"),
        ("10.0.0.0/8", "10.255.255.255:65535", "11.0.0.0:0"),
        ("::1/128:3000-3999", "[::1]:3000", "[::1]:4000"),
        ("[::1]:3000", "[::1]:3000", "[::1]:3001"),
        ("[::1]", "[::1]:9", "[::]:9"),
        ("fd00::/8:443", "[fd12::1]:443", "[fe80::1]:443"),
        ("::ffff:10.0.0.0/104", "10.1.2.3:80", "[::1]:80"),
    ] {
        let policy = Policy::new(vec![rule(text)], Vec::new());
        assert!(policy.check(inside.parse().unwrap(), None).is_ok(), "{text} {inside}");
        assert!(policy.check(outside.parse().unwrap(), None).is_err(), "{text} {outside}");
    }
}

#[test]
fn rules_print_as_they_are_read() {
    for text in ["127.0.0.1/32:3000-3999", "10.0.0.0/8", "::1/128:3000", "fd00::/8"] {
        assert_eq!(rule(text).to_string(), text);
    }
    assert_eq!(rule("[::1]:3000").to_string(), "::1/128:3000");
}

#[test]
fn wrong_rules_are_refused_with_the_reason() {
    for (text, says) in [
        ("", "is no network"),
        ("private", "is no network"),
        ("localhost:3000", "is no network"),
        ("127.0.0.1/33", "is no network"),
        ("127.0.0.1/", "is no network"),
        ("127.0.0.1/+8", "is no network"),
        ("0177.0.0.1", "is no network"),
        ("127.1", "is no network"),
        ("[127.0.0.1]:80", "is no network"),
        ("[::1", "is no network"),
        ("[::1]80", "is no network"),
        ("[::1]/128", "is no network"),
        ("::1", "in brackets"),
        ("::1:3000", "in brackets"),
        ("10.1.2.3/8", "did you mean 10.0.0.0/8?"),
        ("fd00::1/8", "did you mean fd00::/8?"),
        ("127.0.0.1/32:0", "port range"),
        ("127.0.0.1/32:", "port range"),
        ("127.0.0.1/32:65536", "port range"),
        ("127.0.0.1/32:9-8", "port range"),
        ("127.0.0.1/32:1-", "port range"),
        ("127.0.0.1/32:+80", "port range"),
        ("127.0.0.1/32: 80", "port range"),
        ("127.0.0.1/32:1-2-3", "port range"),
        ("[::1]:x", "port range"),
    ] {
        let error = text.parse::<AllowRule>().unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}
