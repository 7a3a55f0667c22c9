//! A machine whose clock is wrong. A preloaded library shifts the program's time by the offset that a file holds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{App, Gateway, Setup, WAIT, footbridge, until};
use serde_json::json;

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, at);
    const char *name = getenv("CLOCK_OFF_BY");
    FILE *file = id == CLOCK_REALTIME && name ? fopen(name, "r") : 0;
    if (file) {
        long off = 0;
        if (fscanf(file, "%ld", &off) == 1) at->tv_sec += off;
        fclose(file);
    }
    return done;
}
"#;

pub(super) const YEAR: i64 = 366 * 24 * 3600;

/// Builds the library in a folder, and returns the environment of a program whose clock it shifts, with the file of the offset.
pub(crate) fn shifted(dir: &Path) -> ([(String, String); 2], PathBuf) {
    let (source, shim, off) = (dir.join("shim.c"), dir.join("shim.so"), dir.join("off"));
    fs::write(&source, SHIM).unwrap();
    set(&off, 0);
    let made =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&shim, &source]).arg("-ldl").status();
    assert!(made.unwrap().success());
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    ([("LD_PRELOAD".to_owned(), text(&shim)), ("CLOCK_OFF_BY".to_owned(), text(&off))], off)
}

/// Sets the offset of the clock in seconds. It applies at once.
pub(crate) fn set(file: &Path, seconds: i64) {
    let next = file.with_extension("next");
    fs::write(&next, seconds.to_string()).unwrap();
    fs::rename(next, file).unwrap();
}

fn healthy_warnings(gateway: &Gateway) -> String {
    gateway.get("/healthz").expect(200).json()["warnings"].to_string()
}

#[test]
fn a_clock_far_off_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (env, off) = shifted(dir.path());
    let env = env.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
    let setup =
        env.iter().fold(Setup::new().app(App::new("camera")), |setup, (name, value)| setup.env(name, value));
    let mut gateway = setup.start();
    let first = gateway.bolt("camera").publish("x", &json!({}));
    let year = |event: &serde_json::Value| event["time"].as_str().unwrap()[..4].to_owned();

    for wrong in [70 * YEAR, -40 * YEAR, -60 * YEAR] {
        set(&off, wrong);
        let event = gateway.bolt("camera").publish("x", &json!({}));
        assert_eq!(year(&event), year(&first), "the event is dated by a clock that was set");
        assert!(event["id"].as_str() > first["id"].as_str());
        assert!(healthy_warnings(&gateway).contains("clock"));
        set(&off, 0);
        gateway.bolt("camera").publish("x", &json!({}));
        until("the end of the warning", WAIT, || !healthy_warnings(&gateway).contains("clock"));
    }
    assert_eq!(
        gateway.admin().get("events?publisher=camera")["data"].as_array().unwrap().len(),
        7,
        "nothing was too old to keep"
    );
    gateway.stop();

    let serve = ["serve", "--config", "footbridge.toml"];
    for (wrong, why) in [
        (70 * YEAR, "cannot be"),
        (-60 * YEAR, "cannot be"),
        (3 * YEAR, "--accept-clock"),
        (-3 * 24 * 3600, "--accept-clock"),
    ] {
        set(&off, wrong);
        let exit = footbridge(gateway.dir(), &serve, &env);
        assert!(exit.code.is_some_and(|code| code != 0), "{wrong}: {}", exit.output);
        assert!(exit.output.contains("clock shows") && exit.output.contains(why), "{}", exit.output);
    }
    set(&off, 0);
    gateway.start_again();
    let last = gateway.bolt("camera").publish("x", &json!({}));
    assert_eq!(year(&last), year(&first));
    gateway.assert_healthy();
}
