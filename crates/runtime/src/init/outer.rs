//! The helper process next to the server: starts the run, passes on commands and reports, and ends the run with
//! the server.

use super::common::{disable_huge_pages, exit_cause, millis, start_app, start_helper, unshare, wait_for};
use super::line_socket::LineSocket;
use crate::proc;
use crate::spec::{CHANNEL, ExitCause, HelperCommand, HelperReport, ProcessSpec, SpawnFailure, SpawnStage};
use rustix::event::Timespec;
use rustix::io::FdFlags;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, wait};
use rustix::process::{getpid, kill_process, kill_process_group};
use rustix::thread::UnshareFlags;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::process::Child;

/// Interval at which orphans of an app without a namespace are reaped.
const REAP: Timespec = millis(5000);
/// Interval of checks whether the process group of a stopping app has ended.
const POLL: Timespec = millis(10);

/// The state of the run that the server has requested. Only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TargetState {
    Running,
    Stopped,
    /// Requested, or the server has ended.
    Killed,
}

/// Runs one app until it or the server ends.
pub(super) fn run() -> io::Result<()> {
    close_inherited();
    disable_huge_pages()?;
    rustix::process::setsid()?;
    let mut control = LineSocket::of_stdin()?;
    let channel = control.receive_channel()?;
    let Some(mut spec) = control.receive::<ProcessSpec>()? else { return Ok(()) };
    let mut missing = Vec::new();
    if let Some(dir) = &spec.cgroup
        && let Err(error) = std::fs::write(format!("{dir}/cgroup.procs"), "0")
    {
        missing.push(format!("a control group ({error})"));
    }
    if let Some(channel) = &channel {
        rustix::io::fcntl_setfd(channel, FdFlags::empty())?;
        let number = channel.as_raw_fd().to_string();
        spec.argv.iter_mut().filter(|word| *word == CHANNEL).for_each(|word| word.clone_from(&number));
    }
    let mut line = serde_json::to_vec(&spec)?;
    line.push(b'\n');
    match unshare(UnshareFlags::NEWPID) {
        Ok(()) => within_namespace(control, channel, &line, &missing),
        Err(_) => without_namespace(control, channel, &line, missing),
    }
}

/// Reads the server's commands and returns the new target state.
fn read_commands(control: &mut LineSocket, so_far: TargetState) -> TargetState {
    let Ok(Some(commands)) = control.ready::<HelperCommand>() else { return TargetState::Killed };
    commands.into_iter().fold(so_far, |so_far, command| {
        so_far.max(match command {
            HelperCommand::Stop => TargetState::Stopped,
            HelperCommand::Kill => TargetState::Killed,
        })
    })
}

fn within_namespace(
    mut control: LineSocket,
    channel: Option<OwnedFd>,
    spec: &[u8],
    missing: &[String],
) -> io::Result<()> {
    let (child, mut wire) = match start_helper(&["inner"]) {
        Ok(inner) => inner,
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(0);
            return control.send(&HelperReport::Failed(SpawnFailure { stage: SpawnStage::Helper, errno }));
        }
    };
    // The app has its own copy now. This copy would keep the channel open after the app closes its own.
    drop(channel);
    wire.send_raw(spec)?;
    let mut run = NamespaceRun { pid: Pid::from_child(&child), child, app: None, last: None };
    let mut now = TargetState::Running;
    loop {
        let [commanded, reported] = wait_for([&control, &wire], None);
        if commanded {
            let next = read_commands(&mut control, now);
            if next == TargetState::Killed {
                let _ = kill_process(run.pid, Signal::KILL);
                break;
            }
            if next != now {
                // Inner checks for this line when the app has ended.
                let _ = wire.send_raw(b"\n");
                run.terminate();
                now = next;
            }
        }
        if reported {
            let Ok(Some(reports)) = wire.ready::<HelperReport>() else { break };
            for report in reports {
                run.handle_report(report, missing, &mut control)?;
            }
        }
    }
    let report = run.wait_for_end();
    // Fails if the server has ended; then no one needs the report.
    let _ = control.send(&report);
    Ok(())
}

/// A run inside a process namespace, seen from outside of it.
struct NamespaceRun {
    child: Child,
    pid: Pid,
    /// The app's process id outside of the namespace.
    app: Option<Pid>,
    last: Option<HelperReport>,
}

impl NamespaceRun {
    fn handle_report(
        &mut self,
        report: HelperReport,
        missing: &[String],
        control: &mut LineSocket,
    ) -> io::Result<()> {
        let HelperReport::Started { missing: further, .. } = report else {
            // Passed on after the namespace has ended.
            self.last = Some(report);
            return Ok(());
        };
        let missing = missing.iter().cloned().chain(further).collect();
        // Inner has one child now. If it has none, the app has already ended, and inner reports that next.
        self.app = proc::children(self.pid.as_raw_pid()).first().copied().and_then(Pid::from_raw);
        let pid = self.app.map_or(0, Pid::as_raw_pid);
        control.send(&HelperReport::Started { pid, missing })
    }

    fn terminate(&self) {
        if let Some(app) = self.app {
            // Fails if the group has already ended.
            let _ = kill_process_group(app, Signal::TERM);
        } else {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    /// Waits until the kernel has ended the namespace, and returns the final report.
    fn wait_for_end(mut self) -> HelperReport {
        let _ = self.child.wait();
        self.last.unwrap_or(HelperReport::Ended(ExitCause::Signal(Signal::KILL.as_raw())))
    }
}

fn without_namespace(
    mut control: LineSocket,
    channel: Option<OwnedFd>,
    spec: &[u8],
    mut missing: Vec<String>,
) -> io::Result<()> {
    if let Err(error) = rustix::process::set_child_subreaper(Some(Pid::INIT)) {
        missing.push(format!("reaping of what it leaves ({error})"));
    }
    let app = match start_app(spec, Some(getpid())) {
        Ok(app) => app,
        Err(failed) => return control.send(&HelperReport::Failed(failed)),
    };
    drop(channel);
    let process = pidfd_open(app, PidfdFlags::empty())?;
    control.send(&HelperReport::Started { pid: app.as_raw_pid(), missing })?;
    let mut now = TargetState::Running;
    let mut end = None;
    while end.is_none() && now != TargetState::Killed {
        let [commanded, _] = wait_for([&control, &process], Some(REAP));
        if commanded {
            let next = read_commands(&mut control, now);
            if next == TargetState::Stopped && now == TargetState::Running {
                let _ = kill_process_group(app, Signal::TERM);
            }
            now = next;
        }
        end = reap(app);
    }
    while now == TargetState::Stopped && proc::group_alive(app.as_raw_pid()) {
        if wait_for([&control], Some(POLL)) == [true] {
            now = read_commands(&mut control, now);
        }
        reap(app);
    }
    let killed = kill_all(app);
    let end = end.or(killed).unwrap_or(ExitCause::Signal(Signal::KILL.as_raw()));
    // Fails if the server has ended; then no one needs the report.
    let _ = control.send(&HelperReport::Ended(end));
    Ok(())
}

/// Reaps every child that has ended. Returns how the app ended if it is among them.
fn reap(app: Pid) -> Option<ExitCause> {
    let mut end = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == app {
            end = exit_cause(status);
        }
    }
    end
}

/// Kills every descendant. Orphans become children of this process, so all of them are reached in the end.
fn kill_all(app: Pid) -> Option<ExitCause> {
    let mut end = None;
    loop {
        for child in proc::children(getpid().as_raw_pid()) {
            let _ = Pid::from_raw(child).map(|child| kill_process(child, Signal::KILL));
        }
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == app => end = exit_cause(status),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return end,
        }
    }
}

/// Closes descriptors that the server inherited when it was started, so that no app gets them.
fn close_inherited() {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> = open
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in open {
        // The descriptor that read the list is already closed.
        let _ = nix::unistd::close(fd);
    }
}
