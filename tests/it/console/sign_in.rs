//! The ways to sign in.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use harness::{ADMIN_TOKEN, Console, each, footbridge};
use serde_json::json;

use super::{PASSWORD, add_user, setup};
use crate::program::clock::{set, shifted};

#[test]
fn the_printed_link_signs_in_once_and_is_gone_when_there_is_a_user() {
    let mut gateway = setup().start();
    let file = gateway.dir().join("footbridge.db.sign-in-link");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let code = Console::code(&gateway.stdout());
    assert_eq!(Console::code(&std::fs::read_to_string(&file).unwrap()), code);
    let open = Console::of(&gateway);
    assert_eq!(open.get("sign-in-options")["first_run"], true);
    let admin = Console::by_link(&gateway);
    let session = admin.get("session");
    assert_eq!((&session["first_run"], &session["user"]["id"]), (&json!(true), &json!(null)), "{session}");
    assert_eq!(session["permissions"].as_array().unwrap().len(), 14);
    let again = open.send("POST", "session", &json!({"setup": code})).expect(401);
    assert!(again.text().contains("used before"), "{}", again.text());
    add_user(&admin, "ana", "owner");
    gateway.stop().start_again();
    assert!(!file.exists(), "a link is left");
    assert!(
        !gateway.stdout().rsplit("listening").next().unwrap().contains("#setup="),
        "{}",
        gateway.stdout()
    );
    // The session survives the restart, as the user does.
    let console = Console::of(&gateway);
    assert_eq!(console.get("sign-in-options")["first_run"], false);
}

#[test]
fn the_command_line_makes_links_for_the_administrator_and_for_users() {
    let gateway = setup().start();
    let admin = Console::by_link(&gateway);
    add_user(&admin, "ana", "viewer");
    let server = gateway.url("");
    let ask = |args: &[&str]| {
        let all = [&["console", "--print", "--server", &server, "--admin-token", ADMIN_TOKEN], args].concat();
        footbridge(gateway.dir(), &all, &[])
    };
    let link = ask(&[]);
    assert_eq!(link.code, Some(0), "{}", link.output);
    let console = Console::of(&gateway);
    assert_eq!(
        console.signed_in(&json!({"setup": Console::code(&link.output)})).get("session")["user"]["name"],
        "admin"
    );
    let link = ask(&["--user", "ana"]);
    let ana = console.signed_in(&json!({"setup": Console::code(&link.output)})).get("session");
    assert_eq!((&ana["user"]["name"], &ana["user"]["role"]), (&json!("ana"), &json!("viewer")));
    let unknown = ask(&["--user", "ben"]);
    assert!(unknown.code == Some(4) && unknown.output.contains("no such user"), "{}", unknown.output);
    // Only the administrator makes links: one may give more rights than its maker has.
    let owner = add_user(&admin, "olga", "owner");
    assert!(!owner.is_empty());
    let olga = Console::by_password(&gateway, "olga", PASSWORD);
    olga.send("POST", "sign-in-links", &json!({})).expect(403);
    olga.send("POST", "sign-in-links", &json!({"user": "ana"})).expect(403);
    // A link that was used makes links for users, but none for the administrator: it would go on for ever.
    admin.send("POST", "sign-in-links", &json!({"user": "ana"})).expect(201);
    let refused = admin.send("POST", "sign-in-links", &json!({})).expect(403);
    assert!(refused.text().contains("needs the admin token"), "{}", refused.text());
}

#[test]
fn a_link_ends_after_an_hour_and_signs_in_within_five_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let (env, off) = shifted(dir.path());
    let gateway = env.iter().fold(setup(), |setup, (name, value)| setup.env(name, value)).start();
    let (server, console) = (gateway.url(""), Console::of(&gateway));
    let link = || {
        let args = ["console", "--print", "--server", &server, "--admin-token", ADMIN_TOKEN];
        let exit = footbridge(gateway.dir(), &args, &[]);
        json!({"setup": Console::code(&exit.output)})
    };
    let begun = Instant::now();
    console.signed_in(&link()).get("events");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let (in_time, late) = (link(), link());
    set(&off, 59 * 60);
    console.signed_in(&in_time);
    set(&off, 61 * 60);
    let refused = console.send("POST", "session", &late).expect(401);
    assert!(refused.text().contains("more than an hour old"), "{}", refused.text());
    console.signed_in(&link());
}

#[test]
fn guessing_gets_slower_for_the_name_alone() {
    let gateway = setup().start();
    let admin = Console::by_link(&gateway);
    add_user(&admin, "ana", "viewer");
    add_user(&admin, "ben", "viewer");
    let console = Console::of(&gateway);
    let try_one = |user: &str, password: &str| {
        console.send("POST", "session", &json!({"user": user, "password": password}))
    };
    each(["ana", "nobody", "not a name", ""], |user| {
        for _ in 0..5 {
            let wrong = try_one(user, "wrong password").expect(401);
            assert!(wrong.text().contains("the name or the password is wrong"), "{}", wrong.text());
        }
        let sixth = try_one(user, "wrong password").expect(429);
        assert_eq!(sixth.json()["code"], "too_many_attempts");
        assert!(sixth.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    });
    try_one("ana", PASSWORD).expect(429);
    try_one("ben", PASSWORD).expect(200);
}

#[test]
fn what_is_wrong_with_a_sign_in_is_said() {
    let gateway = setup().start();
    let console = Console::of(&gateway);
    each(
        [
            json!({}),
            json!({"user": "ana"}),
            json!({"setup": "x", "user": "a", "password": "b"}),
            json!({"name": "x"}),
        ],
        |body| {
            let answer = console.send("POST", "session", body).expect(422);
            assert_eq!(answer.json()["code"], "invalid", "{}", answer.text());
        },
    );
    console.send("POST", "session", &json!({"setup": "never made"})).expect(401);
    console.call("GET", "session").send().expect(401);
    // These exist on the console's listener only.
    each([("GET", "session"), ("POST", "session"), ("GET", "sign-in-options")], |(method, tail)| {
        gateway.call(method, &format!("/api/v1/{tail}")).send().expect(404);
    });
}

#[test]
fn a_server_without_a_console_says_so() {
    let gateway = harness::Setup::new().start();
    assert!(!gateway.stdout().contains("console "), "{}", gateway.stdout());
    let answer = gateway.admin().send("POST", "sign-in-links", &json!({})).expect(503);
    assert!(answer.text().contains("the console is off"), "{}", answer.text());
}
