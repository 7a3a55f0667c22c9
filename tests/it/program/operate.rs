//! The commands that operate a running server.

use harness::{ADMIN_TOKEN, App, Exit, Gateway, Receiver, Reply, Setup, WAIT, each, footbridge, until};
use serde_json::{Value, json};

fn start(receiver: &Receiver) -> Gateway {
    Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""camera/*" = "all", "other/x" = "x""#))
        .start()
}

fn run(gateway: &Gateway, line: &str) -> Exit {
    let server = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", server.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    footbridge(gateway.dir(), &line.split(' ').collect::<Vec<_>>(), &env)
}

#[track_caller]
fn ok(gateway: &Gateway, line: &str) -> String {
    let exit = run(gateway, line);
    assert_eq!(exit.code, Some(0), "{line}: {}", exit.output);
    exit.output
}

#[track_caller]
fn fails(gateway: &Gateway, line: &str) -> String {
    let exit = run(gateway, line);
    assert!(exit.code.is_some_and(|code| code != 0), "{line}: {}", exit.output);
    exit.output
}

#[test]
fn explain_names_recipients_and_reasons() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let output = ok(&gateway, "explain camera photo-saved");
    let row =
        |begin: &str| output.lines().find(|line| line.contains(begin)).unwrap_or_else(|| panic!("{output}"));
    assert!(row("camera/*").starts_with("yes "), "{output}");
    assert!(row("other/x").starts_with("no "), "{output}");
    assert!(row("other/x").contains("another publisher"), "{output}");
    assert!(output.contains("\n1 hook would get it\n") && !output.contains("warning"), "{output}");
    let output = ok(&gateway, "explain camera photo-saved --gets");
    assert!(output.contains("camera/*") && !output.contains("other/x"), "{output}");
    let output = ok(&gateway, "explain camra photo-saved");
    assert!(
        output.contains("warning: no app is called `camra`") && output.contains("no hook would get it"),
        "{output}"
    );
}

#[test]
fn explain_goes_page_by_page() {
    let gateway = Setup::new().app(App::new("camera")).start();
    for n in 0..7 {
        gateway.bolt("camera").web(&format!("camera/e{n}"), "http://127.0.0.1:9/");
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("explain?app=camera&limit=3{cursor}");
        let page = gateway
            .admin()
            .send("POST", &path, &json!({"publisher": "camera", "name": "e1"}))
            .expect(200)
            .json();
        assert_eq!(page["would_get"], 1, "on whichever page");
        let rows = page["data"].as_array().unwrap();
        assert!(rows.len() <= 3);
        seen.extend(rows.iter().map(|row| (row["hook"]["event"].clone(), row["would_get"].clone())));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let expected: Vec<_> = (0..7).map(|n| (json!(format!("e{n}")), json!(n == 1))).collect();
    assert_eq!(seen, expected);
}

#[test]
fn deliveries_are_retried_and_replayed() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    receiver.at("/fax/all", Reply::status(503));
    let token = App::new("camera").token;
    let output = ok(&gateway, &format!("event publish photo-saved --token {token} --body {{\"n\":1}}"));
    assert!(output.starts_with("evt_") && output.ends_with(" goes to 1 hook\n"), "{output}");
    receiver.wait(1);
    let pending = "deliveries?status=pending&code=503";
    until("the first attempt", WAIT, || gateway.admin().all(pending).len() == 1);
    receiver.at("/fax/all", Reply::json("{}"));
    let line = "delivery retry --status pending --app fax --code 503 --since 1h";
    let counted = ok(&gateway, &format!("{line} --dry-run"));
    assert!(counted.starts_with("1 delivery selected, 1 app, the oldest from 2"), "{counted}");
    assert!(
        counted.ends_with("  by code  503 × 1\n  by name  photo-saved × 1\n  by app  fax × 1\n"),
        "{counted}"
    );
    assert!(fails(&gateway, line).contains("give --yes"), "nobody can be asked here");
    assert_eq!(receiver.count(), 1);
    let done = ok(&gateway, &format!("{line} --yes --pace 10 --reason mended"));
    assert!(done.starts_with("job_") && done.contains(" done  1/1  ok 1  failed 0  skipped 0  "), "{done}");
    let jobs = ok(&gateway, "job list");
    assert!(jobs.contains("to:fax"), "{jobs}");
    assert!(ok(&gateway, "audit --object job").contains("job.create"));
    receiver.wait(2);
    until("the end", WAIT, || gateway.admin().all("deliveries?status=delivered").len() == 1);
    let id = gateway.admin().all("deliveries")[0]["id"].as_str().unwrap().to_owned();
    assert!(fails(&gateway, &format!("delivery retry {id}")).contains("replay it"));
    let output = ok(&gateway, &format!("delivery replay {id}"));
    assert!(
        output.starts_with("dlv_") && output.contains(" delivers evt_") && !output.contains(&id),
        "{output}"
    );
    receiver.wait(3);
    assert_eq!(receiver.requests()[2].json()["body"], json!({"n": 1}));
    let output = ok(&gateway, "delivery list --app tyop");
    assert!(output.contains("there is no app `tyop`"), "{output}");
    assert!(ok(&gateway, "hook list --app tyop").contains("there is no app `tyop`"));
    assert_eq!(ok(&gateway, "delivery list --app camera"), "no deliveries\n");
    assert!(ok(&gateway, &format!("delivery show {id}")).contains("attempts         2\n"));
    let wrong = fails(&gateway, "publish x --token nonsense");
    assert!(wrong.contains("knows no app with this token"), "{wrong}");
    assert!(fails(&gateway, "publish x --token t --body {").contains("is not JSON"));
}

#[test]
fn generated_secrets_are_shown_once() {
    let setup = Setup::new()
        .tail("[[app]]\nname = \"made\"\n[[app]]\nname = \"mixed\"\ntoken = \"token-of-mixed-0f1e2d3c4b\"");
    let mut gateway = setup.start();
    let shown = |gateway: &Gateway, name: &str| -> Value {
        serde_json::from_str(&ok(gateway, &format!("app secret {name} --json"))).unwrap()
    };
    assert_eq!(gateway.admin().get("apps/made")["secrets"]["token"]["unseen"], true);
    gateway.kill9().start_again();
    let made = shown(&gateway, "made");
    let token = made["token"].as_str().unwrap().to_owned();
    assert_eq!(gateway.bolt_with(&token).publish("x", &json!({}))["publisher"], "made");
    assert!(made["signing_secret"].as_str().unwrap().starts_with("whsec_") && made["secret_key"].is_string());
    gateway.kill9().start_again();
    let again = fails(&gateway, "app secret made");
    assert!(
        again.contains("--rotate") && again.contains("secrets_seen") && !again.contains(&token),
        "{again}"
    );
    assert_eq!(gateway.admin().get("apps/made")["secrets"]["token"]["unseen"], false);
    // An app with only some of its secrets in the file: the others are generated.
    let mixed = shown(&gateway, "mixed");
    assert!(mixed.get("token").is_none() && mixed["secret_key"].is_string(), "{mixed}");
    // A rotation's answer shows the generated secrets, like the answer that created the app.
    ok(&gateway, "app secret mixed --rotate");
    fails(&gateway, "app secret mixed");
    ok(&gateway, "app add new");
    fails(&gateway, "app secret new");
    // The old secret is valid until its overlap ends.
    let output = ok(&gateway, "app secret made --rotate");
    assert!(
        output.contains("previous `Authorization` and `token` until")
            && output.contains("app end-overlap made"),
        "{output}"
    );
    gateway.bolt_with(&token).publish("x", &json!({}));
    ok(&gateway, "app secret made --now");
    gateway.bolt_with(&token).post("x", "{}").expect(401);
    let newest: Value = serde_json::from_str(&ok(&gateway, "app secret made --rotate --now --json")).unwrap();
    assert!(newest["previous_valid_until"].is_null(), "{newest}");
    gateway.bolt_with(newest["token"].as_str().unwrap()).publish("x", &json!({}));
    gateway.kill9().start_again();
    gateway.bolt_with(newest["token"].as_str().unwrap()).publish("x", &json!({}));
}

#[test]
fn the_rotation_overlap_ends_for_outbound_requests_too() {
    let receiver = Receiver::start();
    let gateway = Setup::new().app(App::new("camera")).start();
    let request = json!({"name": "made", "url": receiver.url("/app")});
    let old = gateway.admin().send("POST", "apps", &request).expect(201).json();
    gateway.bolt_with(old["token"].as_str().unwrap()).server("camera/x", "/x");
    let new = gateway.admin().done("POST", "apps/made/rotate", &json!({"now": true}));
    assert!(new["note"].as_str().is_some_and(|note| note.contains("no longer accepted")), "{new}");
    gateway.bolt("camera").publish("x", &json!({}));
    assert_eq!(receiver.wait_at("/app/x", 1)[0].json()["token"], new["token"]);
    gateway.bolt_with(old["token"].as_str().unwrap()).post("x", "{}").expect(401);
}

#[test]
fn apps_and_hooks_are_changed_and_removed() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    ok(&gateway, "app add shop --url http://shop.example");
    let output = fails(&gateway, "app add shop");
    assert!(output.contains("exists already") && output.contains("footbridge app show shop"), "{output}");
    let output = ok(&gateway, "hook add shop camera/x --route hooks/x");
    let id = output.split_whitespace().nth(1).unwrap().to_owned();
    assert!(id.starts_with("hook_"), "{output}");
    let output = ok(&gateway, &format!("hook set {id} --route http://elsewhere.example/ --type web"));
    assert!(output.contains(&id) && output.contains("http://elsewhere.example/"), "{output}");
    assert!(ok(&gateway, &format!("hook disable {id}")).contains("enabled     no"));
    assert!(ok(&gateway, &format!("hook enable {id}")).contains("enabled     yes"));
    assert!(fails(&gateway, "app remove shop").contains("give --yes"));
    assert_eq!(ok(&gateway, "app remove shop --yes"), "shop is removed\n");
    assert!(fails(&gateway, "app delete shop --yes").contains("there is no app `shop`"));
    let output = fails(&gateway, "app delete fax --yes");
    assert!(output.contains("configuration file") && output.contains("delete it there"), "{output}");
}

#[test]
fn help_is_a_command() {
    let dir = tempfile::tempdir().unwrap();
    each(
        [
            vec!["help"],
            vec!["help", "delivery", "retry"],
            vec!["app", "help"],
            vec!["delivery", "retry", "--help"],
        ],
        |args| {
            let exit = footbridge(dir.path(), args, &[]);
            assert_eq!(exit.code, Some(0), "{}", exit.output);
            assert!(exit.output.contains("Usage: footbridge"), "{}", exit.output);
        },
    );
}
