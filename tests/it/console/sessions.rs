//! The beginning and the end of sessions.

use harness::{Console, Setup, Sse, WAIT, until, until_some};
use serde_json::json;

use super::{PASSWORD, add_token, add_user, setup};

#[test]
fn a_session_is_new_each_time_and_stored_as_a_hash() {
    let gateway = setup().start();
    let admin = Console::by_link(&gateway);
    add_user(&admin, "ana", "viewer");
    let first = Console::by_password(&gateway, "ana", PASSWORD);
    // The browser signs in again: the session before it ends.
    let second = first.signed_in(&json!({"user": "ana", "password": PASSWORD}));
    assert_ne!(first.cookie(), second.cookie());
    first.call("GET", "session").send().expect(401);
    second.get("session");
    let value = second.cookie().split_once('=').unwrap().1.to_owned();
    let set = second.send("POST", "session", &json!({"user": "ana", "password": PASSWORD})).expect(200);
    let set = set.header("set-cookie").unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Strict") && set.contains("; Path=/;"), "{set}");
    for name in ["footbridge.db", "footbridge.db-wal"] {
        let bytes = std::fs::read(gateway.dir().join(name)).unwrap_or_default();
        assert!(!contains(&bytes, value.as_bytes()), "{name} has the cookie");
        assert!(!contains(&bytes, PASSWORD.as_bytes()), "{name} has the password");
    }
    assert!(!gateway.stderr().contains(&value), "{}", gateway.stderr());
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn sessions_end_by_signing_out_by_others_and_with_the_rights() {
    let mut gateway = setup().start();
    let admin = Console::by_link(&gateway);
    let ana = add_user(&admin, "ana", "operator");
    let sign_in = || Console::by_password(&gateway, "ana", PASSWORD);
    let is_over = |session: &Console| session.call("GET", "session").send().expect(401);

    let one = sign_in();
    let cleared = one.call("DELETE", "session").send().expect(204);
    assert!(cleared.header("set-cookie").unwrap().contains("Max-Age=0"), "{cleared:?}");
    is_over(&one);

    let (one, other) = (sign_in(), sign_in());
    let sessions = one.get("sessions")["data"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 2, "only one's own: {sessions:?}");
    let current = sessions.iter().find(|session| session["current"] == true).unwrap();
    assert_eq!((&current["user"], &current["from"]), (&json!("ana"), &json!("127.0.0.1")));
    let foreign = sessions.iter().find(|session| session["current"] == false).unwrap();
    one.call("DELETE", &format!("sessions/{}", foreign["id"].as_str().unwrap())).send().expect(204);
    is_over(&other);
    let all = admin.get("sessions")["data"].as_array().unwrap().clone();
    let own = all.iter().find(|session| session["user"] == json!(null)).unwrap()["id"].as_str().unwrap();
    one.call("DELETE", &format!("sessions/{own}")).send().expect(404);

    let user = format!("users/{ana}");
    admin.send("PATCH", &user, &json!({"role": "viewer"})).expect(200);
    is_over(&one);
    let one = sign_in();
    admin.send("PATCH", &user, &json!({"display_name": "Ana"})).expect(200);
    one.get("session");
    let changed = one.send("POST", "session/password", &json!({"old": "wrong", "new": "another one"}));
    changed.expect(401);
    one.send("POST", "session/password", &json!({"old": PASSWORD, "new": "another one"})).expect(204);
    is_over(&one);
    let one = Console::by_password(&gateway, "ana", "another one");
    admin.send("PATCH", &user, &json!({"enabled": false})).expect(200);
    is_over(&one);
    Console::of(&gateway)
        .send("POST", "session", &json!({"user": "ana", "password": "another one"}))
        .expect(401);
    admin.send("PATCH", &user, &json!({"enabled": true})).expect(200);
    let one = Console::by_password(&gateway, "ana", "another one");
    admin.call("DELETE", &user).send().expect(204);
    is_over(&one);
    let cookie = admin.cookie().to_owned();
    gateway.stop().start_again();
    // The port may be another one now, the session is the same.
    let text = gateway.stdout();
    let last = text.rsplit("  console ").next().unwrap().trim().split(['/', '\n']).nth(2).unwrap().to_owned();
    let address = last.parse().unwrap();
    let call = harness::Call::new(address, "GET", "/api/v1/session").header("Sec-Fetch-Site", "same-origin");
    call.header("Cookie", cookie).send().expect(200);
}

#[test]
fn streams_end_with_the_rights_behind_them() {
    let gateway = setup().start();
    let admin = Console::by_link(&gateway);
    let ana = add_user(&admin, "ana", "viewer");
    let session = Console::by_password(&gateway, "ana", PASSWORD);
    let headers = format!("Cookie: {}\r\nSec-Fetch-Site: same-origin\r\n", session.cookie());
    let mut stream = Sse::open_with(session.address(), "tail", &headers);
    stream.wait("ping");
    admin.call("DELETE", &format!("users/{ana}")).send().expect(204);
    while stream.next_event().is_some() {}

    let token = add_token(&gateway, &json!({"name": "tail", "role": "viewer"}));
    let headers = format!("Authorization: Bearer {token}\r\n");
    let mut stream = Sse::open_with(gateway.address(), "tail", &headers);
    stream.wait("ping");
    let tokens = gateway.admin().get("tokens");
    let id = tokens["data"][0]["id"].as_str().unwrap().to_owned();
    gateway.admin().delete(&format!("tokens/{id}"));
    while stream.next_event().is_some() {}
}

#[test]
fn a_second_server_runs_without_a_console_when_the_default_address_is_taken() {
    let Ok(_taken) = std::net::TcpListener::bind("127.0.0.1:4401") else { return };
    let gateway = Setup::new().unset("console").start();
    let warning = until_some("the warning", WAIT, || {
        let stdout = gateway.stdout();
        stdout.lines().find(|line| line.contains("the console is off")).map(str::to_owned)
    });
    assert!(warning.contains("127.0.0.1:4401") && warning.contains("[console] listen"), "{warning}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut chosen = Setup::new().set("console", "listen", &format!("\"{address}\""));
    chosen = chosen.root("database", "\"sqlite:other.db\"");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("fb.toml"), chosen.text()).unwrap();
    let exit = harness::footbridge(dir.path(), &["serve", "--config", "fb.toml"], &[]);
    assert!(
        exit.code == Some(1) && exit.output.contains(&format!("the console cannot listen on {address}")),
        "{}",
        exit.output
    );
    until("nothing is left", WAIT, || std::fs::read_dir(dir.path()).unwrap().count() == 1);
}
