//! Test kit: an app with functions, and a pool that calls them.

use footbridge_functions::{FunctionOptions, Functions};
use footbridge_model::name::AppName;
use footbridge_model::run::{FunctionAnswer, FunctionCall, FunctionFailure};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) type Ended = Result<FunctionAnswer, FunctionFailure>;

pub(crate) struct Stage {
    pub(crate) functions: Functions,
    dir: TempDir,
}

thread_local! {
    /// A path of the worker program that only this test uses. Tests may share a process, so this identifies
    /// their workers.
    static WORKER: (TempDir, PathBuf) = {
        let test = std::env::current_exe().unwrap();
        let worker = test.ancestors().nth(2).unwrap().join("examples/function-worker");
        assert!(
            worker.exists(),
            "{} is missing: cargo build -p footbridge-functions --examples",
            worker.display()
        );
        let dir = tempfile::tempdir().unwrap();
        let name = dir.path().join("worker");
        std::os::unix::fs::symlink(worker, &name).unwrap();
        (dir, name)
    };
}

/// The path of the worker program, the example `function-worker`, which cargo builds together with the tests.
pub(crate) fn worker() -> PathBuf {
    WORKER.with(|(_, name)| name.clone())
}

pub(crate) fn options() -> FunctionOptions {
    FunctionOptions::new(worker(), Duration::from_secs(5))
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(options())
    }

    pub(crate) fn with(options: FunctionOptions) -> Self {
        Self::over(Functions::new(options))
    }

    pub(crate) fn over(functions: Functions) -> Self {
        Self { functions, dir: tempfile::tempdir().unwrap() }
    }

    /// Writes `source` to `file` and returns a call of it for `app`.
    pub(crate) fn prepare(&self, app: &str, file: &str, source: &str, event: &str) -> FunctionCall {
        fs::write(self.dir.path().join(file), source).unwrap();
        FunctionCall {
            app: AppName::trusted(app),
            dir: self.dir.path().to_str().unwrap().to_owned(),
            file: file.to_owned(),
            event: event.to_owned().into(),
        }
    }

    pub(crate) async fn call(&self, source: &str) -> Ended {
        self.call_file("f.js", source).await
    }

    pub(crate) async fn call_file(&self, file: &str, source: &str) -> Ended {
        self.functions.call(self.prepare("shop", file, source, r#"{"name":"e","body":{"n":1}}"#)).await
    }

    /// Returns the result of a function with this body.
    pub(crate) async fn value(&self, body: &str) -> Option<String> {
        self.call(&format!("module.exports = async (event, ctx) => {{ {body} }}")).await.unwrap().value
    }

    /// Returns the failure of a function with this body.
    pub(crate) async fn failure(&self, body: &str) -> FunctionFailure {
        let source = format!("module.exports = async (event, ctx) => {{ {body} }}");
        self.call(&source).await.expect_err(body)
    }
}

/// The process ids of the running workers that this test has started.
pub(crate) fn children() -> BTreeSet<u32> {
    let name = worker();
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| starts_with(*id, &name)).collect()
}

/// Returns true if a process was started by this path. A process that has ended has no command line.
fn starts_with(id: u32, name: &Path) -> bool {
    let line = fs::read(Path::new("/proc").join(id.to_string()).join("cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).next() == Some(name.as_os_str().as_bytes())
}

/// Waits until `holds` returns true, at most 30 seconds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = tokio::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
