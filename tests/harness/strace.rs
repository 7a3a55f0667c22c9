//! The system calls of a running program, recorded by `strace`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::gateway::Gateway;
use crate::until::{WAIT, until};

/// A record that goes on until [`Strace::end`].
#[derive(Debug)]
pub struct Strace {
    child: Child,
    calls: PathBuf,
}

impl Gateway {
    /// Records the calls of all threads from now on. `args` say which (`-e`) and how they are written.
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
            let said = fs::read_to_string(&messages).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "strace cannot attach: {said}");
            said.contains("attached")
        });
        Strace { child, calls: self.dir().join("strace.calls") }
    }
}

impl Strace {
    /// What was recorded so far.
    pub fn calls(&self) -> String {
        fs::read_to_string(&self.calls).unwrap()
    }

    /// Ends the record and gives it.
    pub fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.calls()
    }
}
