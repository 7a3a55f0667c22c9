//! Credentials of the bridge: they are checked before anything else.

use harness::{App, Receiver, Setup, assert_bridge_error, basic, each};

use super::pair::{event, pair};

#[test]
fn every_wrong_credential_gets_one_401() {
    let (mut gateway, receiver) = pair();
    let superapp = gateway.setup().app_named("superapp").clone();
    let right = basic("Token", "superapp", &superapp.secret_key);
    let encoded = right.trim_start_matches("Token ").to_owned();
    let rows: Vec<(&str, Vec<String>)> = vec![
        ("none", vec![]),
        ("empty", vec![String::new()]),
        ("prefix alone", vec!["Token".into()]),
        ("prefix and blank", vec!["Token ".into()]),
        ("no prefix", vec![encoded.clone()]),
        ("another scheme", vec![format!("Bearer {encoded}")]),
        ("basic scheme", vec![format!("Basic {encoded}")]),
        ("not base64", vec!["Token !!!!".into()]),
        ("a blank inside", vec![format!("Token {} {}", &encoded[..8], &encoded[8..])]),
        ("junk behind", vec![format!("{right} x")]),
        ("unknown name", vec![basic("Token", "nobody", &superapp.secret_key)]),
        ("wrong secret", vec![basic("Token", "superapp", "wrong")]),
        ("empty secret", vec![basic("Token", "superapp", "")]),
        ("another's secret", vec![basic("Token", "superapp", &gateway.setup().app_named("shop").secret_key)]),
        ("the bolt token", vec![basic("Token", "superapp", &superapp.token)]),
        ("two of them", vec![right.clone(), right.clone()]),
        ("two different", vec![right.clone(), "Token eDp5".into()]),
        ("no colon", vec!["Token c3VwZXJhcHA=".into()]),
        ("very long", vec![format!("Token {}", "QUFB".repeat(4000))]),
    ];
    each(rows, |(_, values)| {
        let mut call = gateway.host("superapp").bare(event("{}"));
        for value in values {
            call = call.header("Authorization", value);
        }
        let answer = call.send();
        if values.first().is_some_and(|value| value.len() > 8000) && answer.status == 431 {
            return;
        }
        assert_eq!(assert_bridge_error(&answer, 401, "UNAUTHORIZED"), None);
        assert!(
            answer.header("www-authenticate").is_some_and(|value| !value.is_empty()),
            "{:?}",
            answer.headers
        );
    });
    assert_eq!(receiver.count(), 0);
    gateway.assert_healthy();
}

#[test]
fn base64_is_strict() {
    let receiver = Receiver::start();
    let mut app = App::new("superapp");
    app.secret_key = "bc-0f1e2d3c4b5a69788796a5b4c3".into();
    let right = basic("Token", "superapp", &app.secret_key);
    assert!(right.ends_with('='), "the vector needs padding");
    let gateway = Setup::new()
        .app(app)
        .app(App::new("shop").receiver(&receiver.url("/shop")))
        .link("superapp", "shop")
        .start();
    let host = gateway.host("superapp");
    host.send(event("{}")).expect(200);
    let stem = right.trim_end_matches('=');
    let last = stem.chars().last().unwrap();
    // The unused bits of the last letter must be zero.
    let loose = format!("{}{}{}", &stem[..stem.len() - 1], char::from(last as u8 + 1), &right[stem.len()..]);
    each([stem.to_owned(), format!("{right}="), loose, right.replace("Token ", "Token  \t=")], |value| {
        let answer = host.bare(event("{}")).header("Authorization", value).send();
        assert_eq!(assert_bridge_error(&answer, 401, "UNAUTHORIZED"), None);
    });
}

#[test]
fn the_auth_scheme_ignores_case_and_can_be_set_per_app() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("superapp").prefix("HostKey"))
        .app(App::new("shop").receiver(&receiver.url("/shop")))
        .link("superapp", "shop")
        .start();
    let host = gateway.host("superapp");
    let secret = gateway.setup().app_named("superapp").secret_key.clone();
    each(["HostKey", "hostkey", "HOSTKEY"], |prefix| {
        let call = host.bare(event("{}")).header("Authorization", basic(prefix, "superapp", &secret));
        call.send().expect(200);
    });
    let default = host.bare(event("{}")).header("Authorization", basic("Token", "superapp", &secret)).send();
    assert_bridge_error(&default, 401, "UNAUTHORIZED");
}

#[test]
fn names_are_compared_without_case() {
    let (gateway, receiver) = pair();
    let secret = gateway.setup().app_named("superapp").secret_key.clone();
    let body = event("1").replace("\"shop\"", "\"SHOP\"").replace("\"superapp\"", "\"SuperApp\"");
    let call =
        gateway.host("superapp").bare(body).header("Authorization", basic("Token", "SuperAPP", &secret));
    call.send().expect(200);
    assert_eq!(receiver.count(), 1);
}

#[test]
fn credentials_are_checked_first() {
    let (gateway, receiver) = pair();
    let host = gateway.host("superapp");
    let wrong = basic("Token", "superapp", "wrong");
    each(["", "{", "[]", r#"{"app_id":5}"#, &event("{}").replace("superapp", "other")], |body| {
        assert_bridge_error(&host.bare(body).header("Authorization", &wrong).send(), 401, "UNAUTHORIZED");
        assert_bridge_error(&host.bare(body).send(), 401, "UNAUTHORIZED");
    });
    let typed = host.bare("x").without("Content-Type").header("Content-Type", "text/plain");
    assert_bridge_error(&typed.send(), 401, "UNAUTHORIZED");
    assert_eq!(receiver.count(), 0);
}

#[test]
fn other_methods_are_405_with_allow() {
    let (mut gateway, _receiver) = pair();
    for side in ["hostapp", "hostapp/", "miniapp", "miniapp/"] {
        each(["GET", "PUT", "PATCH", "DELETE"], |method| {
            let answer = gateway.call(method, &format!("/api/v1/event-bridge/{side}")).send();
            assert_eq!(assert_bridge_error(&answer, 405, "INVALID_EVENT_DATA"), None);
            assert!(
                answer.header("allow").is_some_and(|allow| allow.contains("POST")),
                "{:?}",
                answer.headers
            );
        });
    }
    gateway.assert_healthy();
}

#[test]
fn a_trailing_slash_makes_no_difference() {
    let (gateway, receiver) = pair();
    for (side, app) in [("hostapp", "superapp"), ("miniapp", "shop")] {
        let authorization = gateway.host(app).authorization().to_owned();
        each([side.to_owned(), format!("{side}/")], |side| {
            let call = gateway.call("POST", &format!("/api/v1/event-bridge/{side}"));
            let call =
                call.header("Authorization", &authorization).header("Content-Type", "application/json");
            call.body(event("{}")).send().expect(200);
        });
    }
    assert_eq!(receiver.requests_at("/shop").len(), 2);
    assert_eq!(receiver.requests_at("/superapp").len(), 2);
}
