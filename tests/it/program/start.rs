//! Starting, and refusing to start.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use harness::{App, Call, Setup, WAIT, each, footbridge, until};

const SERVE: [&str; 3] = ["serve", "--config", "footbridge.toml"];

fn names(dir: &Path) -> BTreeSet<String> {
    std::fs::read_dir(dir)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Runs the program with this configuration and returns its output. It must fail quickly and create no file.
#[track_caller]
fn refused(config: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("footbridge.toml"), config).unwrap();
    std::fs::write(dir.path().join("file"), "not a directory").unwrap();
    let before = names(dir.path());
    let exit = footbridge(dir.path(), &SERVE, &[]);
    assert!(exit.code.is_some_and(|code| code != 0), "{:?}: {}", exit.code, exit.output);
    assert!(exit.took < Duration::from_secs(8), "took {:?}", exit.took);
    assert_eq!(names(dir.path()), before, "something was created");
    assert!(!exit.output.trim().is_empty());
    exit.output
}

#[test]
fn a_port_in_use_is_named_and_nothing_created() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = refused(&Setup::new().root("listen", &format!("{address:?}")).text());
    assert!(output.contains(&address.split(':').next_back().unwrap().to_owned()), "{output}");
}

#[test]
fn an_unwritable_place_for_the_database_is_named() {
    each(["sqlite:file/footbridge.db", "sqlite:/proc/footbridge/footbridge.db"], |database| {
        let output = refused(&Setup::new().root("database", &format!("{database:?}")).text());
        assert!(
            output.contains(database.trim_start_matches("sqlite:").trim_end_matches("/footbridge.db")),
            "{output}"
        );
    });
}

#[test]
fn a_database_of_an_unknown_kind_is_named() {
    each(["mysql://localhost/x", ""], |database| {
        refused(&Setup::new().root("database", &format!("{database:?}")).text());
    });
}

#[test]
fn a_database_another_server_holds_is_named() {
    let mut gateway = Setup::new().app(App::new("fax")).start();
    let before = names(gateway.dir());
    let exit = footbridge(gateway.dir(), &SERVE, &[]);
    assert!(exit.code.is_some_and(|code| code != 0), "{}", exit.output);
    assert!(exit.took < Duration::from_secs(8), "took {:?}", exit.took);
    assert!(
        exit.output.contains("footbridge.db") || exit.output.contains(&gateway.pid().to_string()),
        "{}",
        exit.output
    );
    assert_eq!(names(gateway.dir()), before);
    gateway.assert_healthy();
    gateway.stop().start_again().assert_healthy();
}

#[test]
fn a_file_that_is_no_database_is_refused_and_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("footbridge.toml"), Setup::new().text()).unwrap();
    let junk = b"this is somebody's letter, not a database".repeat(100);
    std::fs::write(dir.path().join("footbridge.db"), &junk).unwrap();
    let exit = footbridge(dir.path(), &SERVE, &[]);
    assert!(exit.code.is_some_and(|code| code != 0), "{}", exit.output);
    assert!(exit.output.contains("footbridge.db"), "{}", exit.output);
    assert_eq!(std::fs::read(dir.path().join("footbridge.db")).unwrap(), junk);
}

#[test]
fn flags_win_over_the_file() {
    let gateway = Setup::new().root("listen", "\"127.0.0.1:1\"").start_with(&[
        "--listen",
        "127.0.0.1:0",
        "--database",
        "sqlite:other.db",
    ]);
    assert!(gateway.dir().join("other.db").exists());
    assert!(!gateway.dir().join("footbridge.db").exists());
}

#[test]
fn without_a_file_an_admin_token_is_generated_and_stored() {
    let mut gateway = Setup::new().env("FOOTBRIDGE_CONSOLE__LISTEN", "off").start_bare(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert!(gateway.dir().join("footbridge.db").exists());
    let made: Vec<_> = names(gateway.dir()).into_iter().filter(|name| name.contains("token")).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    let output = || format!("{}{}", gateway.stdout(), gateway.stderr());
    until("the printed path", WAIT, || output().contains(&made[0]));
    let output = output();
    let path = gateway.dir().join(&made[0]);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&path).unwrap().trim().to_owned();
    assert!(token.len() >= 22 && !output.contains(&token), "the token itself is not printed");
    let apps = |address| {
        Call::new(address, "GET", "/api/v1/apps")
            .header("Authorization", format!("Bearer {token}"))
            .send()
            .status
    };
    assert_eq!(apps(gateway.address()), 200);
    gateway.stop().start_again();
    assert_eq!(apps(gateway.address()), 200, "a restart keeps it");
    for name in names(gateway.dir()).iter().filter(|name| name.contains("key") || name.contains("token")) {
        let mode = gateway.dir().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn the_server_starts_and_stops_quickly() {
    let begun = std::time::Instant::now();
    let mut gateway = Setup::new().app(App::new("fax")).start();
    gateway.stop();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn an_address_of_another_host_and_a_missing_folder_get_fitting_advice() {
    let output = refused(&Setup::new().root("listen", "\"192.0.2.1:4400\"").text());
    assert!(output.contains("192.0.2.1:4400") && output.contains("does not have the address"), "{output}");
    let output = refused(&Setup::new().root("database", "\"sqlite:nowhere/footbridge.db\"").text());
    assert!(output.contains("the directory nowhere") && output.contains("does not exist"), "{output}");
}

#[test]
fn a_weak_admin_token_is_reported_to_the_operator_only() {
    let gateway = Setup::new().root("admin_token", "\"x\"").start();
    until("the printed warning", WAIT, || {
        gateway.stdout().contains("warning: the admin_token can be guessed")
    });
    until("the logged warning", WAIT, || gateway.stderr().contains("the admin_token can be guessed"));
    assert!(!gateway.get("/healthz").text().contains("admin_token"));
    let good = Setup::new().start();
    assert!(!good.stdout().contains("admin_token can be"), "{}", good.stdout());
}

#[test]
fn a_browser_at_the_root_gets_an_explanation() {
    let gateway = Setup::new().start();
    let page = gateway.call("GET", "/").header("Accept", "text/html,*/*").send().expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(
        page.text().contains("<h1>This is a Footbridge server</h1>")
            && page.text().contains("href=\"/docs/\"")
    );
    let text = gateway.get("/").expect(200);
    assert!(
        text.header("content-type").unwrap().starts_with("text/plain")
            && text.text().contains("/openapi.json")
    );
}
