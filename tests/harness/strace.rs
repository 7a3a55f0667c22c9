//! System calls of a running program, recorded by `strace`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::gateway::Gateway;
use crate::until::{WAIT, until};

/// A recording that runs until [`Strace::end`].
#[derive(Debug)]
pub struct Strace {
    child: Child,
    calls: PathBuf,
}

impl Gateway {
    /// Records the system calls of all threads from now on. `args` select the calls (`-e`) and their format.
    #[track_caller]
    pub fn strace(&self, args: &[&str]) -> Strace {
        let messages = self.dir().join("strace.messages");
        let mut child = Command::new("strace")
            .args(["-f", "-o", "strace.calls", "-p", &self.pid().to_string()])
            .args(args)
            .current_dir(self.dir())
            .stdin(Stdio::null())
            .stderr(File::create(&messages).unwrap())
            .spawn()
            .expect("strace is installed");
        until("strace to attach", WAIT, || {
            let output = fs::read_to_string(&messages).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "strace cannot attach: {output}");
            output.contains("attached")
        });
        Strace { child, calls: self.dir().join("strace.calls") }
    }
}

impl Strace {
    /// The calls recorded so far.
    pub fn calls(&self) -> String {
        fs::read_to_string(&self.calls).unwrap()
    }

    /// Ends the recording and returns it.
    pub fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.calls()
    }
}
