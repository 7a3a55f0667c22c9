//! Apps of the configuration file across restarts: renamed, removed, added back, tokens moved.

use harness::{App, Gateway, Receiver, Setup, WAIT, assert_bolt_error, each, footbridge, until};
use serde_json::{Value, json};

fn app(name: &str, token: &str) -> App {
    with_token(name, &format!("token-number-{token}-5c1e77aa0b"))
}

fn with_token(name: &str, token: &str) -> App {
    let mut app = App::new(name);
    app.token = token.into();
    app
}

fn setup(apps: &[App]) -> Setup {
    apps.iter().cloned().fold(Setup::new(), Setup::app)
}

fn whose(gateway: &Gateway, app: &App) -> Value {
    gateway.bolt_with(&app.token).publish("x", &json!({}))["publisher"].clone()
}

#[test]
fn tokens_move_from_one_app_to_another() {
    let (one, two, three) = (app("a", "1"), app("b", "2"), app("c", "3"));
    let mut gateway = setup(&[one.clone(), two.clone(), three.clone()]).start();
    let rows = [
        // Two apps exchange tokens, in either order in the file.
        vec![app("a", "2"), app("b", "1"), three.clone()],
        vec![app("b", "2"), three, app("a", "1")],
        // Three apps exchange tokens in a cycle.
        vec![app("a", "2"), app("b", "3"), app("c", "1")],
        // One app is renamed; the new name sorts before or after the old one.
        vec![app("a", "2"), app("aa", "3"), app("c", "1")],
        vec![app("a", "2"), app("z", "3"), app("c", "1")],
        // Back to names that are disabled meanwhile.
        vec![app("b", "3"), app("z", "2"), app("aa", "1")],
        vec![one, two, app("c", "3")],
    ];
    for apps in rows {
        let each_has_its_own = |gateway: &Gateway| {
            for app in &apps {
                assert_eq!(whose(gateway, app), app.name.as_str(), "{apps:?}");
            }
        };
        each_has_its_own(gateway.stop().start_changed(|_| setup(&apps)));
        each_has_its_own(gateway.kill9().start_again());
    }
    gateway.assert_healthy();
}

#[test]
fn a_token_of_an_active_app_is_not_moved() {
    let mut gateway = setup(&[app("fax", "1")]).start();
    let made = app("made", "7");
    gateway.admin().send("POST", "apps", &json!({"name": "made", "token": made.token})).expect(201);
    gateway.stop();
    let thieves = setup(&[app("fax", "9"), app("thief", "7")]);
    let good = std::fs::read(gateway.dir().join("footbridge.toml")).unwrap();
    std::fs::write(gateway.dir().join("footbridge.toml"), thieves.text()).unwrap();
    let exit = footbridge(gateway.dir(), &["serve", "--config", "footbridge.toml"], &[]);
    assert!(exit.code.is_some_and(|code| code != 0), "{}", exit.output);
    for word in ["token", "thief", "made"] {
        assert!(exit.output.contains(word), "no {word}: {}", exit.output);
    }
    assert!(!exit.output.contains(&made.token), "{}", exit.output);
    std::fs::write(gateway.dir().join("footbridge.toml"), good).unwrap();
    gateway.start_again();
    assert_eq!(whose(&gateway, &made), "made");
    assert_eq!(whose(&gateway, &app("fax", "1")), "fax", "a refused file has changed something");
    gateway.admin().call("GET", "apps/thief").send().expect(404);
    // A disabled app no longer needs its token.
    gateway.admin().done("PATCH", "apps/made", &json!({"enabled": false}));
    gateway.stop().start_changed(|_| thieves);
    assert_eq!(whose(&gateway, &made), "thief");
    let refused = gateway.admin().send("PATCH", "apps/made", &json!({"enabled": true})).expect(422);
    assert!(refused.text().contains("thief"), "{}", refused.text());
    let fresh = gateway.admin().send("POST", "apps/made/rotate", &json!({})).expect(200).json();
    gateway.admin().done("PATCH", "apps/made", &json!({"enabled": true}));
    assert_eq!(whose(&gateway, &made), "thief", "an overlap does not take it back");
    let token = fresh["token"].as_str().unwrap();
    assert_eq!(gateway.bolt_with(token).publish("x", &json!({}))["publisher"], "made");
    gateway.stop().start_again();
    assert_eq!(whose(&gateway, &made), "thief");
}

#[test]
fn a_start_without_the_file_needs_confirmation() {
    let fax = app("fax", "1");
    let mut gateway = setup(&[fax.clone(), app("pen", "2")]).link("fax", "pen").start();
    gateway.stop();
    let database = ["--database", "sqlite:footbridge.db", "--listen", "127.0.0.1:0"];
    let refused = footbridge(gateway.dir(), &[&["serve"], &database[..]].concat(), &[]);
    assert!(refused.code.is_some_and(|code| code != 0), "{}", refused.output);
    let file = gateway.dir().join("footbridge.toml");
    for word in ["`fax`", "`pen`", file.to_str().unwrap(), "--without-config"] {
        assert!(refused.output.contains(word), "no {word}: {}", refused.output);
    }
    assert!(!gateway.dir().join("footbridge.db.admin-token").exists());
    // The refused start changed nothing.
    gateway.start_again();
    assert_eq!(whose(&gateway, &fax), "fax");
    // The removal of an app is reported once.
    gateway.stop().start_changed(|setup| setup.without_app("pen"));
    let reported = |gateway: &Gateway| {
        gateway.stdout().contains("no longer in the configuration file and so switched off: `pen`;")
    };
    until("the report", WAIT, || reported(&gateway));
    gateway.stop().start_again();
    assert!(!reported(&gateway), "{}", gateway.stdout());
    gateway.stop();
    let both = ["serve", "--without-config", "--config", "footbridge.toml"];
    assert_eq!(footbridge(gateway.dir(), &both, &[]).code, Some(2));
    gateway.start_with_args(&[&["serve", "--without-config"], &database[..]].concat());
    assert_bolt_error(&gateway.bolt_with(&fax.token).post("x", "{}"), 401, 113);
    until("the report about fax", WAIT, || gateway.stdout().contains("`fax`"));
    // One confirmation is enough: later starts without the file need none.
    gateway.stop().start_with_args(&[&["serve"], &database[..]].concat());
    assert_bolt_error(&gateway.bolt_with(&fax.token).post("x", "{}"), 401, 113);
}

fn with_pen(receiver: &Receiver) -> (App, Gateway) {
    let pen = app("pen", "2").url(&receiver.url("/pen")).hooks(r#""x" = "one", "y" = "two""#);
    let mut gateway = setup(&[app("fax", "1"), pen.clone()]).link("fax", "pen").start();
    gateway.admin().send("DELETE", "apps/pen", &json!({})).expect(409);
    gateway.stop().start_changed(|_| setup(&[app("fax", "1")]));
    assert_eq!(gateway.admin().get("apps/pen")["enabled"], false);
    (pen, gateway)
}

#[test]
fn an_app_removed_from_the_file_can_be_deleted() {
    let receiver = Receiver::start();
    let (pen, mut gateway) = with_pen(&receiver);
    gateway.stop().start_again();
    gateway.admin().delete("apps/pen");
    gateway.admin().call("GET", "apps/pen").send().expect(404);
    assert!(gateway.admin().all("hooks?app=pen").is_empty());
    gateway.stop().start_again();
    gateway.admin().call("GET", "apps/pen").send().expect(404);
    gateway.stop().start_changed(|setup| setup.app(pen.clone()));
    assert_eq!(whose(&gateway, &pen), "pen");
    assert_eq!(gateway.admin().all("hooks?app=pen").len(), 2);
}

#[test]
fn an_app_removed_from_the_file_is_managed_by_the_api_until_it_is_added_back() {
    let receiver = Receiver::start();
    let (pen, mut gateway) = with_pen(&receiver);
    let fax = app("fax", "1");
    assert_bolt_error(&gateway.bolt_with(&pen.token).post("x", "{}"), 401, 113);
    gateway.admin().done("PATCH", "apps/pen", &json!({"enabled": true, "url": receiver.url("/moved")}));
    let publish = |gateway: &Gateway, name: &str| {
        gateway.bolt_with(&fax.token).publish(name, &json!({}))["deliveries"].clone()
    };
    assert_eq!(publish(&gateway, "x"), 1);
    receiver.wait_at("/moved/one", 1);
    // A restart without the app in the file does not change that.
    gateway.stop().start_again();
    assert_eq!(gateway.admin().get("apps/pen")["enabled"], true);
    assert_eq!(whose(&gateway, &pen), "pen");
    assert_eq!(publish(&gateway, "y"), 1);
    let hooks = gateway.admin().all("hooks?app=pen");
    let id = |event: &str| {
        let hook = hooks.iter().find(|hook| hook["event"] == event).unwrap();
        hook["id"].as_str().unwrap().to_owned()
    };
    gateway.admin().delete(&format!("hooks/{}", id("y")));
    assert_eq!((publish(&gateway, "x"), publish(&gateway, "y")), (json!(1), json!(0)));
    // The file applies again: its hooks exist as written there, each once.
    gateway.stop().start_changed(|_| setup(&[fax.clone(), pen.clone()]));
    assert_eq!((publish(&gateway, "x"), publish(&gateway, "y")), (json!(1), json!(1)));
    assert_eq!(gateway.admin().get(&format!("hooks/{}", id("x")))["route"], "one", "it is the same hook");
    gateway.admin().send("PATCH", "apps/pen", &json!({"url": null})).expect(409);
    gateway.admin().send("DELETE", "apps/pen", &json!({})).expect(409);
    gateway.admin().send("DELETE", &format!("hooks/{}", id("x")), &json!({})).expect(409);
    assert_eq!(gateway.admin().get("apps/pen")["url"], receiver.url("/pen").as_str());
}

#[test]
fn a_file_that_passes_config_check_starts() {
    let rows = [
        App::new("shop").line("miniapp_url = \"https://shop.example/#/start\""),
        with_token("shop", "k"),
        App::new("shop").prefix(&"T".repeat(64)),
    ];
    each(rows, |app| {
        let gateway = setup(std::slice::from_ref(app)).start();
        assert_eq!(whose(&gateway, app), "shop");
    });
    let refused = [
        with_token("shop", "7 chars"),
        with_token("shop", &"x".repeat(513)),
        App::new("shop").prefix(&"T".repeat(65)),
        App::new("shop").url("http://shop.example/base?x=1"),
        App::new("shop").url("http://shop.example/base#x"),
    ];
    each(refused, |app| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("my.toml"), setup(std::slice::from_ref(app)).text()).unwrap();
        let exit = footbridge(dir.path(), &["config", "check", "my.toml"], &[]);
        assert_eq!(exit.code, Some(1), "{}", exit.output);
    });
}
