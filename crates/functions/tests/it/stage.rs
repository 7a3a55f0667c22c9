//! An app with functions, and what calls them.

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
    /// A name for the worker that only this test starts it by: tests may share a process, and its children with it.
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

/// The worker: cargo builds examples together with tests, beside them.
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

    /// A call of `source`, kept in `file`, for `app`.
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

    /// What a function with this body returns.
    pub(crate) async fn value(&self, body: &str) -> Option<String> {
        self.call(&format!("module.exports = async (event, ctx) => {{ {body} }}")).await.unwrap().value
    }

    /// How a function with this body fails.
    pub(crate) async fn failure(&self, body: &str) -> FunctionFailure {
        let source = format!("module.exports = async (event, ctx) => {{ {body} }}");
        self.call(&source).await.expect_err(body)
    }
}

/// The workers that this test has started and that live, by id.
pub(crate) fn children() -> BTreeSet<u32> {
    let name = worker();
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| starts_with(*id, &name)).collect()
}

/// Whether a process was started by this name. One that has ended has none.
fn starts_with(id: u32, name: &Path) -> bool {
    let line = fs::read(Path::new("/proc").join(id.to_string()).join("cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).next() == Some(name.as_os_str().as_bytes())
}

/// Waits until it holds, for at most ten seconds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = tokio::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
