//! Options and limits of functions.

use std::path::PathBuf;
use std::time::Duration;

/// Options for calling functions. [`FunctionOptions::new`] sets the defaults.
#[derive(Debug, Clone)]
pub struct FunctionOptions {
    /// The program that runs as a worker if its first argument is [`Self::ARGUMENT`].
    pub program: PathBuf,
    /// Time limit of one call, counted from when it has a worker.
    pub timeout: Duration,
    /// Memory limit of a function, in bytes.
    pub memory: usize,
    /// The most bytes of JSON that a function may return, and that one published event may have.
    pub output: usize,
    /// The most bytes of a function's console output that are stored.
    pub log: usize,
    /// The most functions that run at the same time.
    pub workers: usize,
}

impl FunctionOptions {
    /// The first argument that makes the program run as a worker.
    pub const ARGUMENT: &str = "__function-worker";
    /// Default of [`Self::memory`]: 64 MiB.
    pub const MEMORY: usize = 64 << 20;
    /// Default of [`Self::output`]: 256 KiB.
    pub const OUTPUT: usize = 256 << 10;
    /// Default of [`Self::log`]: 16 KiB.
    pub const LOG: usize = 16 << 10;
    /// Default of [`Self::workers`].
    pub const WORKERS: usize = 4;
    /// The largest file of a function: 1 MiB.
    pub const SOURCE: usize = 1 << 20;
    /// The most events that one call may publish.
    pub const PUBLISHES: usize = 100;

    /// Creates options with the default limits.
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
