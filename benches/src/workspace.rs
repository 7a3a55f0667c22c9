//! The files and programs of a run. Both are removed when the run ends, also after an error or Ctrl-C.

use crate::Outcome;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

/// Time limit for a program to end after SIGTERM.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The directory and the programs of a run.
#[derive(Debug)]
pub(crate) struct Workspace {
    dir: TempDir,
    running: Running,
}

type Running = Arc<Mutex<Vec<Pid>>>;

/// A started program. Dropping it ends the program.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    running: Running,
    log: PathBuf,
}

impl Workspace {
    /// Makes a new directory in `within`.
    pub(crate) fn make(within: &Path) -> Outcome<Self> {
        let dir = tempfile::Builder::new().prefix("footbridge-bench-").tempdir_in(within);
        let dir = dir.map_err(|e| format!("cannot make a directory in {}: {e}", within.display()))?;
        let running = Running::default();
        watch(Arc::clone(&running), dir.path().to_owned())?;
        Ok(Self { dir, running })
    }

    /// Makes an empty directory for one program.
    pub(crate) fn dir(&self, name: &str) -> Outcome<PathBuf> {
        let dir = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(self.dir.path());
        Ok(dir.map_err(|e| format!("cannot make a directory: {e}"))?.keep())
    }

    /// Starts a program whose output goes to a log in `dir`.
    pub(crate) fn start(&self, command: &mut Command, dir: &Path) -> Outcome<Program> {
        let name =
            Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = dir.join(format!("{name}.log"));
        let open = || File::options().create(true).append(true).open(&log);
        let (out, err) =
            open().and_then(|out| Ok((out, open()?))).map_err(|e| format!("{}: {e}", log.display()))?;
        let started = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        let child = started.map_err(|e| format!("cannot start {name}: {e}"))?;
        self.running().push(pid(&child)?);
        Ok(Program { child, running: Arc::clone(&self.running), log })
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Vec<Pid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Program {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Calls `ready` until it returns true.
    pub(crate) fn wait(&mut self, within: Duration, mut ready: impl FnMut() -> bool) -> Outcome<()> {
        let started = Instant::now();
        while !ready() {
            let ended = self.child.try_wait().map_err(|e| e.to_string())?;
            if ended.is_some() || started.elapsed() > within {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("{} is not ready: {}", self.log.display(), log.trim()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Ends the program and returns the time that it needed.
    pub(crate) fn stop(mut self) -> Duration {
        self.end()
    }

    fn end(&mut self) -> Duration {
        let started = Instant::now();
        let Ok(pid) = pid(&self.child) else { return Duration::ZERO };
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(pid, Signal::TERM);
            while started.elapsed() < TIMEOUT && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(2));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        self.running.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != pid);
        started.elapsed()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

fn pid(child: &Child) -> Outcome<Pid> {
    let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    number.ok_or_else(|| "the system gives no process id".to_owned())
}

/// Ends all programs and removes the files when a signal ends this run.
fn watch(running: Running, dir: PathBuf) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| format!("cannot watch for signals: {e}"))?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        for pid in running.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = std::fs::remove_dir_all(dir);
        std::process::exit(130);
    });
    Ok(())
}
