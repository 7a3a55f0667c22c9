//! The environment, user, limits and descriptors of apps.

use crate::kit::{Kit, SERVER, get, root, variable};
use std::fs;

const ENVIRONMENT: &str =
    "require('http').createServer((q, s) => s.end(JSON.stringify(process.env))).listen(process.env.PORT)";

fn noisy(options: &mut footbridge_runtime::RuntimeOptions) {
    let path = std::env::var_os("PATH").unwrap();
    options.environment = vec![
        ("PATH".into(), path),
        variable("HOME", "/home/server"),
        variable("LANG", "C.UTF-8"),
        variable("LC_TIME", "C"),
        variable("TZ", "UTC"),
        variable("TMPDIR", "/tmp"),
        variable("FOOTBRIDGE_ADMIN_TOKEN", "secret"),
        variable("AWS_SECRET_ACCESS_KEY", "secret"),
        variable("PASSED", "on purpose"),
        variable("PORT", "4400"),
        variable("BOLT_CHILD_PROC", "false"),
        variable("FOOTBRIDGE_RUN_SECRET", "of the server"),
    ];
    let passed = ["PASSED", "PORT", "BOLT_CHILD_PROC", "FOOTBRIDGE_RUN_SECRET"];
    options.pass_env = passed.map(str::to_owned).to_vec();
}

#[tokio::test]
async fn the_environment_is_exactly_the_documented_list() {
    let kit = Kit::with(noisy);
    let mut order = kit.server("shop", ENVIRONMENT);
    let running = kit.start(&order).await.unwrap();
    let found: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&get(running.address)).unwrap();
    let mut names: Vec<&str> = found.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "BOLT_ADDRESS",
        "BOLT_CHILD_PROC",
        "FOOTBRIDGE_APP",
        "FOOTBRIDGE_RUN_SECRET",
        "HOME",
        "LANG",
        "LC_TIME",
        "PASSED",
        "PATH",
        "PORT",
        "TMPDIR",
        "TZ",
    ];
    assert_eq!(names, expected);
    assert_eq!(found["PORT"], running.address.port().to_string());
    assert_eq!(found["BOLT_ADDRESS"], kit.mark());
    assert_eq!(found["FOOTBRIDGE_APP"], "shop");
    assert_eq!(found["FOOTBRIDGE_RUN_SECRET"], "run-secret");
    assert_eq!(found["BOLT_CHILD_PROC"], "true");
    kit.runtime.stop_all().await;
    order.package.system = true;
    let running = kit.start(&order).await.unwrap();
    assert!(!get(running.address).contains("BOLT_CHILD_PROC"));
}

#[tokio::test]
async fn node_apps_get_the_same_environment() {
    let kit = Kit::with(noisy);
    let source = "module.exports = (q, s) => s.end(Object.keys(process.env).sort().join())";
    let running = kit.start(&kit.hosted("shop", source)).await.unwrap();
    let expected = "BOLT_ADDRESS,BOLT_CHILD_PROC,FOOTBRIDGE_APP,HOME,LANG,LC_TIME,PASSED,PATH,PORT,TMPDIR,TZ";
    assert_eq!(get(running.address), expected);
}

/// A server that answers with its user, limits, visible processes and inherited descriptors.
const ABOUT: &str = r"
const fs = require('fs');
const descriptors = fs.readdirSync('/proc/self/fd').filter((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) } catch { return false } });
const about = {
  uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(),
  status: fs.readFileSync('/proc/self/status', 'utf8'), limits: fs.readFileSync('/proc/self/limits', 'utf8'),
  processes: fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
  home: process.env.HOME, input: fs.readlinkSync('/proc/self/fd/0'), stray: descriptors.filter((fd) => /pipe|footbridge|socket/.test(fs.readlinkSync('/proc/self/fd/' + fd))),
};
require('http').createServer((q, s) => s.end(JSON.stringify(about))).listen(process.env.PORT, '127.0.0.1');";

#[tokio::test]
async fn an_app_has_limits_and_cannot_gain_privileges() {
    let kit = Kit::new();
    let running = kit.start(&kit.server("shop", ABOUT)).await.unwrap();
    let about: serde_json::Value = serde_json::from_str(&get(running.address)).unwrap();
    let (status, limits) = (about["status"].as_str().unwrap(), about["limits"].as_str().unwrap());
    assert!(status.contains("NoNewPrivs:\t1"));
    assert!(!status.contains("THP_enabled:\t0"), "only helpers run without huge pages");
    let limit = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(limit("Max core file size").contains(" 0 "));
    assert!(limit("Max open files").contains("16384"));
    assert!(!limit("Max data size").contains("unlimited"));
    assert_eq!(about["input"], "/dev/null");
    if root() && kit.runtime.warnings().iter().all(|warning| !warning.contains("namespace")) {
        assert!(about["processes"].as_u64().unwrap() <= 4, "{}", about["processes"]);
    }
}

#[tokio::test]
async fn an_app_runs_as_the_configured_user() {
    if !root() {
        return;
    }
    let kit = Kit::with(|options| options.user = Some("nobody".to_owned()));
    assert!(kit.runtime.warnings().iter().all(|warning| !warning.contains("secrets")));
    let running = kit.start(&kit.server("shop", ABOUT)).await.unwrap();
    let about: serde_json::Value = serde_json::from_str(&get(running.address)).unwrap();
    assert_eq!((&about["uid"], &about["gid"]), (&65534.into(), &65534.into()));
    assert_eq!(about["groups"], serde_json::json!([65534]));
    assert_eq!(about["home"], "/nonexistent");
    let running =
        kit.start(&kit.hosted("host", "module.exports = (q, s) => s.end(`${process.getuid()}`)")).await;
    assert_eq!(get(running.unwrap().address), "65534");
    let closed = kit.server("closed", SERVER);
    fs::set_permissions(&closed.package.path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let failure = kit.start(&closed).await.unwrap_err();
    assert!(failure.why.contains("user nobody may not enter"), "{failure}");
}

#[tokio::test]
async fn the_host_is_readable_if_the_user_cannot_enter_the_state_directory() {
    if !root() {
        return;
    }
    let kit = Kit::with(|options| {
        options.user = Some("nobody".to_owned());
        let closed = options.state.join("closed");
        fs::create_dir_all(&closed).unwrap();
        fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        options.state = closed.join("state");
    });
    let running = kit.start(&kit.hosted("shop", crate::kit::HANDLER)).await.unwrap();
    assert_eq!(get(running.address), "hosted");
}
