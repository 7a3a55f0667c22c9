//! The helper next to the server: starts the run, carries orders and reports, ends everything with the server.

use super::stage::{ending, millis, next, shun_huge_pages, start_app, unshare, wait_for};
use super::wire::Wire;
use crate::proc;
use crate::spec::{Ask, CHANNEL, Ending, Failed, Report, Spec, Step};
use rustix::event::Timespec;
use rustix::io::FdFlags;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, wait};
use rustix::process::{getpid, kill_process, kill_process_group};
use rustix::thread::UnshareFlags;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::process::Child;

/// How often orphans of an app without a namespace are reaped.
const REAP: Timespec = millis(5000);
/// How often is looked whether a stopping app's group is gone.
const LOOK: Timespec = millis(10);

/// What the server wants by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Running,
    Stopped,
    /// Asked for, or the server is gone.
    Killed,
}

/// Runs one app until it has ended, or the server has.
pub(super) fn run() -> io::Result<()> {
    close_inherited();
    shun_huge_pages()?;
    rustix::process::setsid()?;
    let mut control = Wire::of_stdin()?;
    let channel = control.receive_channel()?;
    let Some(mut spec) = control.receive::<Spec>()? else { return Ok(()) };
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

/// Reads what the server asks for.
fn wanted(control: &mut Wire, so_far: Wanted) -> Wanted {
    let Ok(Some(asked)) = control.ready::<Ask>() else { return Wanted::Killed };
    asked.into_iter().fold(so_far, |so_far, ask| {
        so_far.max(match ask {
            Ask::Stop => Wanted::Stopped,
            Ask::Kill => Wanted::Killed,
        })
    })
}

fn within_namespace(
    mut control: Wire,
    channel: Option<OwnedFd>,
    spec: &[u8],
    missing: &[String],
) -> io::Result<()> {
    let (child, mut wire) = match next(&["inner"]) {
        Ok(inner) => inner,
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(0);
            return control.send(&Report::Failed(Failed { step: Step::Helper, errno }));
        }
    };
    // The app has its own by now; this one would keep the channel open when the app closes it.
    drop(channel);
    wire.send_raw(spec)?;
    let mut run = Inner { pid: Pid::from_child(&child), child, app: None, last: None };
    let mut now = Wanted::Running;
    loop {
        let [asked, told] = wait_for([&control, &wire], None);
        if asked {
            let next = wanted(&mut control, now);
            if next == Wanted::Killed {
                let _ = kill_process(run.pid, Signal::KILL);
                break;
            }
            if next != now {
                // Inner looks for this when the app has ended.
                let _ = wire.send_raw(b"\n");
                run.terminate();
                now = next;
            }
        }
        if told {
            let Ok(Some(reports)) = wire.ready::<Report>() else { break };
            for report in reports {
                run.told(report, missing, &mut control)?;
            }
        }
    }
    let report = run.ended();
    // The server may be gone; there is nobody else to tell.
    let _ = control.send(&report);
    Ok(())
}

/// A run behind the first process of its namespace.
struct Inner {
    child: Child,
    pid: Pid,
    /// The app as it is called out here.
    app: Option<Pid>,
    last: Option<Report>,
}

impl Inner {
    fn told(&mut self, report: Report, missing: &[String], control: &mut Wire) -> io::Result<()> {
        let Report::Started { missing: further, .. } = report else {
            // Told on once the namespace is empty.
            self.last = Some(report);
            return Ok(());
        };
        let missing = missing.iter().cloned().chain(further).collect();
        // Inner has one child by now. None: it has ended already, which is told next.
        self.app = proc::children(self.pid.as_raw_pid()).first().copied().and_then(Pid::from_raw);
        let pid = self.app.map_or(0, Pid::as_raw_pid);
        control.send(&Report::Started { pid, missing })
    }

    fn terminate(&self) {
        if let Some(app) = self.app {
            // A group that is gone needs no signal.
            let _ = kill_process_group(app, Signal::TERM);
        } else {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    /// Waits until the kernel has ended the namespace.
    fn ended(mut self) -> Report {
        let _ = self.child.wait();
        self.last.unwrap_or(Report::Ended(Ending::Signal(Signal::KILL.as_raw())))
    }
}

fn without_namespace(
    mut control: Wire,
    channel: Option<OwnedFd>,
    spec: &[u8],
    mut missing: Vec<String>,
) -> io::Result<()> {
    if let Err(error) = rustix::process::set_child_subreaper(Some(Pid::INIT)) {
        missing.push(format!("reaping of what it leaves ({error})"));
    }
    let app = match start_app(spec, Some(getpid())) {
        Ok(app) => app,
        Err(failed) => return control.send(&Report::Failed(failed)),
    };
    drop(channel);
    let process = pidfd_open(app, PidfdFlags::empty())?;
    control.send(&Report::Started { pid: app.as_raw_pid(), missing })?;
    let mut now = Wanted::Running;
    let mut end = None;
    while end.is_none() && now != Wanted::Killed {
        let [asked, _] = wait_for([&control, &process], Some(REAP));
        if asked {
            let next = wanted(&mut control, now);
            if next == Wanted::Stopped && now == Wanted::Running {
                let _ = kill_process_group(app, Signal::TERM);
            }
            now = next;
        }
        end = reap(app);
    }
    while now == Wanted::Stopped && proc::group_alive(app.as_raw_pid()) {
        if wait_for([&control], Some(LOOK)) == [true] {
            now = wanted(&mut control, now);
        }
        reap(app);
    }
    let killed = kill_all(app);
    let end = end.or(killed).unwrap_or(Ending::Signal(Signal::KILL.as_raw()));
    // The server may be gone; there is nobody else to tell.
    let _ = control.send(&Report::Ended(end));
    Ok(())
}

/// Takes leave of every child that has ended; tells how the app did when it is among them.
fn reap(app: Pid) -> Option<Ending> {
    let mut end = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == app {
            end = ending(status);
        }
    }
    end
}

/// Ends every descendant: those of a dead process become children of this one, so in the end all are.
fn kill_all(app: Pid) -> Option<Ending> {
    let mut end = None;
    loop {
        for child in proc::children(getpid().as_raw_pid()) {
            let _ = Pid::from_raw(child).map(|child| kill_process(child, Signal::KILL));
        }
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == app => end = ending(status),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return end,
        }
    }
}

/// Closes what the server itself was started with: whoever started it left it open for the server, not for apps.
fn close_inherited() {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> = open
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in open {
        // The one that the list was read by is closed already.
        let _ = nix::unistd::close(fd);
    }
}
