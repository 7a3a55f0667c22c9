//! What functions may cost.

use std::path::PathBuf;
use std::time::Duration;

/// How functions are run. [`FunctionOptions::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct FunctionOptions {
    /// The program that is a worker when it is started with [`Self::ARGUMENT`].
    pub program: PathBuf,
    /// How long one call may take, from when it has a worker.
    pub timeout: Duration,
    /// How much memory a function may use, in bytes.
    pub memory: usize,
    /// The most bytes a function may return, and the most it may publish at once.
    pub output: usize,
    /// How much of what a function writes to its console is kept, in bytes.
    pub log: usize,
    /// How many functions run at once.
    pub workers: usize,
}

impl FunctionOptions {
    /// The argument that makes the program a worker.
    pub const ARGUMENT: &str = "__function-worker";
    /// [`Self::memory`], unless told otherwise.
    pub const MEMORY: usize = 64 << 20;
    /// [`Self::output`], unless told otherwise.
    pub const OUTPUT: usize = 256 << 10;
    /// [`Self::log`], unless told otherwise.
    pub const LOG: usize = 16 << 10;
    /// [`Self::workers`], unless told otherwise.
    pub const WORKERS: usize = 4;
    /// The longest file a function may have, in bytes.
    pub const SOURCE: usize = 1 << 20;
    /// How many events one call may publish.
    pub const PUBLISHES: usize = 100;

    /// The usual limits.
    pub fn new(program: PathBuf, timeout: Duration) -> Self {
        Self {
            program,
            timeout,
            memory: Self::MEMORY,
            output: Self::OUTPUT,
            log: Self::LOG,
            workers: Self::WORKERS,
        }
    }
}
