//! Sample apps in a temporary directory, and the notes that they write about what they receive.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::config::Setup;
use crate::until::until;

/// Time limit for an app to start and write the note that a test waits for, on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The directory of the sample apps.
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/apps");

/// A directory with apps to install. Every user may read it and append to its notes.
#[derive(Debug)]
pub struct AppDir {
    dir: TempDir,
}

impl Setup {
    /// Lets the server start apps as the user that runs the tests. Only root has to configure that.
    pub fn starts_apps(self) -> Self {
        if root() { self.set("runtime", "user", "\"root\"") } else { self }
    }
}

/// Returns true if the tests run as root.
pub fn root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

impl Default for AppDir {
    fn default() -> Self {
        Self::new()
    }
}

impl AppDir {
    /// Creates an empty directory in which apps find the npm packages of the tests.
    #[track_caller]
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        allow(dir.path(), 0o755);
        let notes = dir.path().join("notes.jsonl");
        fs::write(&notes, "").unwrap();
        allow(&notes, 0o666);
        let app_dir = Self { dir };
        let modules = app_dir.dir.path().join("node_modules");
        fs::create_dir(&modules).unwrap();
        let installed = installed();
        if root() && !everyone_reaches(&installed) {
            copy(&installed, &modules);
        } else {
            for package in fs::read_dir(&installed).unwrap().flatten() {
                symlink(package.path(), modules.join(package.file_name())).unwrap();
            }
        }
        copy(&Path::new(SAMPLES).join("note"), &modules.join("note"));
        app_dir
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Copies a sample app of the repository. Returns the path of the copy.
    #[track_caller]
    pub fn sample(&self, name: &str) -> PathBuf {
        let to = self.path().join(name);
        copy(&Path::new(SAMPLES).join(name), &to);
        self.express(&to);
        to
    }

    /// Creates an app from these files. Returns its path.
    #[track_caller]
    pub fn write(&self, name: &str, package: &Value, files: &[(&str, &str)]) -> PathBuf {
        let to = self.path().join(name);
        fs::create_dir_all(&to).unwrap();
        allow(&to, 0o755);
        fs::write(to.join("package.json"), serde_json::to_vec_pretty(package).unwrap()).unwrap();
        for (file, text) in files {
            let file = to.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        self.express(&to);
        to
    }

    /// Creates an app that notes every request and answers as the path says. It receives its token at
    /// `hooks/starting`;
    /// `bolt` holds the other members of `bolt` in its package.
    #[track_caller]
    pub fn recorder(&self, name: &str, bolt: &Value) -> PathBuf {
        let mut package = json!({"name": name, "version": "1.0.0", "bolt": bolt});
        package["bolt"]["main"] = json!("server.js");
        if package["bolt"]["hooks"]["bolt/app-starting"].is_null() {
            package["bolt"]["hooks"]["bolt/app-starting"] = json!("hooks/starting");
        }
        self.recorder_with(name, &package)
    }

    /// Like [`AppDir::recorder`], with the complete package.
    #[track_caller]
    pub fn recorder_with(&self, name: &str, package: &Value) -> PathBuf {
        let server = fs::read_to_string(Path::new(SAMPLES).join("recorder/server.js")).unwrap();
        self.write(name, package, &[("server.js", &server)])
    }

    /// Links the version of Express that the package of an app requires.
    fn express(&self, app: &Path) {
        let Ok(text) = fs::read(app.join("package.json")) else { return };
        let package: Value = serde_json::from_slice(&text).unwrap_or_default();
        let Some(range) = package["dependencies"]["express"].as_str() else { return };
        let major = range.trim_start_matches('^').chars().next().unwrap();
        let modules = app.join("node_modules");
        fs::create_dir_all(&modules).unwrap();
        let express = fs::canonicalize(self.path().join(format!("node_modules/express{major}"))).unwrap();
        let link = modules.join("express");
        let _written_again = fs::remove_file(&link);
        symlink(express, link).unwrap();
    }

    /// Runs a Node script that can use the npm packages. Returns the last line of its output, parsed as JSON.
    #[track_caller]
    pub fn node(&self, script: &str, args: &[&str]) -> Value {
        let script = format!("setTimeout(() => process.exit(9), 120_000).unref();\n{script}");
        let file = tempfile::Builder::new().suffix(".js").tempfile_in(self.path()).unwrap();
        fs::write(file.path(), script).unwrap();
        let out = Command::new("node").arg(file.path()).args(args).current_dir(self.path()).output().unwrap();
        let (output, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "{}: {output}{errors}", out.status);
        let last = output.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {output}{errors}"))
    }

    /// All notes written so far.
    #[track_caller]
    pub fn notes(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path().join("notes.jsonl")).unwrap();
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        let read =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        complete.lines().map(read).collect()
    }

    /// The notes of `app` of kind `what`.
    #[track_caller]
    pub fn noted(&self, app: &str, what: &str) -> Vec<Value> {
        self.notes().into_iter().filter(|note| note["app"] == app && note["what"] == what).collect()
    }

    /// Waits until `app` has written `times` notes of kind `what` and returns them.
    #[track_caller]
    pub fn wait(&self, app: &str, what: &str, times: usize) -> Vec<Value> {
        until(&format!("{times} notes of {app} of kind {what} in {:?}", self.short()), TIMEOUT, || {
            self.noted(app, what).len() >= times
        });
        self.noted(app, what)
    }

    /// The bodies of the requests that a recorder received at `url`.
    #[track_caller]
    pub fn requests(&self, app: &str, url: &str) -> Vec<Value> {
        let got = self.noted(app, "got").into_iter().filter(|note| note["url"] == url);
        got.map(|note| note["body"].clone()).collect()
    }

    /// Waits until a recorder has received `times` requests at `url` and returns their bodies.
    #[track_caller]
    pub fn wait_requests(&self, app: &str, url: &str, times: usize) -> Vec<Value> {
        until(&format!("{times} requests to {app} at {url}"), TIMEOUT, || {
            self.requests(app, url).len() >= times
        });
        self.requests(app, url)
    }

    /// The token of the latest run of `app`, as the app received it.
    #[track_caller]
    pub fn token(&self, app: &str) -> String {
        let reported = |note: &Value| {
            let event = if note["what"] == "starting" { &note["event"] } else { &note["body"] };
            let starting = note["app"] == app && event["name"] == "app-starting";
            starting.then(|| event["body"]["appToken"].as_str().map(str::to_owned)).flatten()
        };
        self.notes().iter().rev().find_map(reported).unwrap_or_else(|| panic!("{app} received no token"))
    }

    /// All tokens that apps have received, with the names of the apps.
    pub fn tokens(&self) -> Vec<(String, String)> {
        let reported = |note: &Value| {
            let event = if note["what"] == "starting" { &note["event"] } else { &note["body"] };
            let token = event["body"]["appToken"].as_str()?;
            Some((note["app"].as_str()?.to_owned(), token.to_owned()))
        };
        self.notes().iter().filter_map(reported).collect()
    }

    fn short(&self) -> Vec<String> {
        let line = |note: &Value| format!("{} {} {}", note["app"], note["what"], note["url"]);
        self.notes().iter().map(line).collect()
    }
}

/// The directory of the npm packages: `FOOTBRIDGE_NODE_MODULES`, or in the target directory.
fn installed() -> PathBuf {
    if let Some(given) = std::env::var_os("FOOTBRIDGE_NODE_MODULES") {
        return given.into();
    }
    let test = std::env::current_exe().expect("the test's own path");
    let found = test.ancestors().skip(1).map(|folder| folder.join("node/node_modules"));
    found.into_iter().find(|path| path.is_dir()).expect("run `cargo xtask node` first")
}

fn everyone_reaches(dir: &Path) -> bool {
    dir.ancestors().all(|part| fs::metadata(part).is_ok_and(|part| part.mode() & 0o001 != 0))
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").args(["-r", "--no-target-directory"]).args([from, to]).status().unwrap();
    assert!(done.success(), "cp {} {}", from.display(), to.display());
    let done = Command::new("chmod").args(["-R", "a+rX"]).arg(to).status().unwrap();
    assert!(done.success(), "chmod {}", to.display());
}
