//! One run of an app, from before its first process starts until after its last process has ended.

use super::context::LaunchContext;
use super::helper::Helper;
use super::launch::{command, processes, pumps};
use super::listening::{self, PortOwner};
use super::messages;
use super::ports::Port;
use crate::host::{HostChannel, HostMessage};
use crate::proc;
use crate::record::{ProcessIdentity, RunRecord};
use crate::spec::{ExitCause, HelperCommand, HelperReport, ProcessSpec};
use crate::sweep;
use footbridge_model::run::{Exit, RunId, Running, StartOrder, Stream};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Time an app has to stop after SIGTERM.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// Time a helper has to kill a run.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);
/// Time to wait for the last output of an app that has ended.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);
/// A failure quotes this many of the app's last lines, and this many characters of each.
const QUOTED_LINES: (usize, usize) = (5, 300);
/// The most characters of an exception's message, and the most lines of its stack, that are reported.
const MESSAGE_MAX: usize = 2000;
const STACK_LINES_MAX: usize = 50;
/// First and longest pause between checks for a listener.
const POLL_INTERVAL: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(5));
/// Checks of a port that another process owns before the start fails: the owner may be read while it changes.
const FOREIGN_CHECKS: u32 = 3;

/// A run in progress.
#[derive(Debug)]
pub(super) struct Run {
    context: Arc<LaunchContext>,
    order: StartOrder,
    id: RunId,
    began: Instant,
    /// The number of the last output line before this run.
    before: u64,
    helper: Helper,
    record: RunRecord,
    port: Port,
    host: Option<HostChannel>,
    /// The app's first process, after it has started.
    pid: Option<i32>,
    /// The final report of the helper.
    end: Option<HelperReport>,
    /// The last error that the Node host reported.
    last_message: Option<String>,
    pumps: Vec<JoinHandle<()>>,
}

/// Something that happens during a run.
enum RunEvent {
    Helper(Option<HelperReport>),
    Host(HostMessage),
    Stop,
}

impl Run {
    /// Starts the processes of a run.
    pub(super) async fn start(
        context: Arc<LaunchContext>,
        order: StartOrder,
        id: RunId,
    ) -> Result<Self, String> {
        let argv = command(&context, &order)?;
        let began = Instant::now();
        let port = context.ports.pick().map_err(|error| messages::system("find a free port", &error))?;
        let name = id.0.to_string();
        // Without a control group the run has less isolation; `Runtime::open` has warned about that.
        let cgroup = context.cgroups.as_ref().and_then(|cgroups| cgroups.create(&name).ok());
        let mut record = RunRecord {
            app: order.app.as_str().to_owned(),
            address: context.environment.address().to_owned(),
            boot: proc::boot(),
            cgroup,
            processes: Vec::new(),
        };
        let written = context.records.write(&name, &record);
        written.map_err(|error| messages::system("write the record of the run", &error))?;
        let spec = ProcessSpec {
            dir: order.package.path.clone(),
            argv,
            env: context.environment.for_app(&order, port.number),
            user: context.account.ids().cloned(),
            cgroup: record.cgroup.as_ref().map(|dir| dir.to_string_lossy().into_owned()),
        };
        let before = context.store.last(&order.app);
        match processes(&context, &order, &spec).await {
            Ok((helper, host, streams)) => {
                record.processes.extend(ProcessIdentity::of(helper.pid));
                let pumps = pumps(&context, &order.app, streams);
                let mut run = Self {
                    context,
                    order,
                    id,
                    began,
                    before,
                    helper,
                    record,
                    port,
                    host,
                    pid: None,
                    end: None,
                    last_message: None,
                    pumps,
                };
                run.write_record();
                Ok(run)
            }
            Err(error) => {
                sweep::end_run(&record);
                context.records.remove(&name);
                Err(messages::system("start a process", &error))
            }
        }
    }

    /// Waits until the app listens. On an error, which is the reason as text, all of its processes have ended.
    pub(super) async fn wait_until_listening(
        &mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Running, String> {
        let waited = timeout(self.context.start_timeout, self.until_listening(stop)).await;
        let found = waited.unwrap_or_else(|_| {
            let others = listening::listening_addresses(self.helper.pid);
            let limit = self.context.start_timeout;
            Err(messages::never_listened(&self.order.package, self.port.number, limit, &others))
        });
        match found {
            Ok(running) => {
                let waited = self.began.elapsed().as_millis();
                self.log(format!("listening on {} after {waited} ms", running.address));
                Ok(running)
            }
            Err(why) => {
                self.terminate(Duration::ZERO).await;
                let why = if why.is_empty() { self.ended_early() } else { why };
                self.log(format!("not started: {why}"));
                Err(why)
            }
        }
    }

    /// Waits until the app ends by itself or is told to stop. All of its processes have ended afterwards.
    pub(super) async fn wait_for_exit(mut self, stop: &mut watch::Receiver<bool>) -> Exit {
        let stopped = loop {
            match self.next_event(stop).await {
                RunEvent::Stop => break true,
                RunEvent::Helper(report) => {
                    self.end = report;
                    break false;
                }
                RunEvent::Host(message) => self.note_host_message(message),
            }
        };
        let grace = if stopped { STOP_GRACE } else { Duration::ZERO };
        self.terminate(grace).await;
        let mut how = self.exit_reason();
        if let Some(message) = self.last_message.take().filter(|_| !stopped) {
            how = format!("{how}: {message}");
        }
        let verb = match self.end {
            _ if stopped => "stopped",
            // The app exited on a stop event, or had nothing more to do. That is no crash.
            Some(HelperReport::Ended(ExitCause::Code(0))) => "ended by itself",
            _ => "crashed",
        };
        self.log(format!("{verb}: {how}"));
        Exit { app: self.order.app.clone(), run: self.id, stopped, how }
    }

    /// An empty error means that the app has ended. The caller adds the app's last lines after they have arrived.
    async fn until_listening(&mut self, stop: &mut watch::Receiver<bool>) -> Result<Running, String> {
        // A command listens on the port it was given. The Node host reports its port.
        let mut port = self.host.is_none().then_some(self.port.number);
        let (mut pause, mut foreign) = (POLL_INTERVAL.0, 0);
        loop {
            if let (Some(pid), Some(port)) = (self.pid, port) {
                match listening::find_owner(port, pid, self.helper.pid) {
                    PortOwner::App(address) => return Ok(self.running(pid, address)),
                    PortOwner::Other(_) if foreign < FOREIGN_CHECKS => foreign += 1,
                    PortOwner::Other(owner) => return Err(messages::port_taken(port, &owner)),
                    PortOwner::Nobody | PortOwner::Outside(_) => {}
                }
            }
            let event = tokio::select! {
                event = self.next_event(stop) => event,
                () = sleep(pause), if self.pid.is_some() && port.is_some() => {
                    pause = (pause * 2).min(POLL_INTERVAL.1);
                    continue;
                }
            };
            match event {
                RunEvent::Stop => return Err(messages::CANCELLED.to_owned()),
                RunEvent::Helper(report) => self.started_or_ended(report)?,
                RunEvent::Host(HostMessage::Ready { port: listens }) => port = Some(listens),
                RunEvent::Host(message) => self.note_host_message(message),
            }
        }
    }

    fn running(&self, pid: i32, address: SocketAddr) -> Running {
        Running { run: self.id, address, pid: u32::try_from(pid).unwrap_or(0) }
    }

    fn started_or_ended(&mut self, report: Option<HelperReport>) -> Result<(), String> {
        match report {
            Some(HelperReport::Started { pid, missing }) => {
                for layer in missing {
                    self.context.warn(format!("apps run without {layer}"));
                }
                self.pid = Some(pid);
                self.record.processes.extend(ProcessIdentity::of(pid));
                self.write_record();
                self.log(format!("started as process {pid}"));
                Ok(())
            }
            Some(HelperReport::Failed(failed)) => {
                let (package, path) = (&self.order.package, self.context.environment.path());
                let why = messages::failed(failed, package, path, &self.context.account);
                self.end = Some(HelperReport::Failed(failed));
                Err(why)
            }
            other => {
                self.end = other;
                Err(String::new())
            }
        }
    }

    async fn next_event(&mut self, stop: &mut watch::Receiver<bool>) -> RunEvent {
        let host = async {
            match &mut self.host {
                Some(host) => host.next_message().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // The sender is dropped only when the server ends; the run stops then too.
            _ = stop.wait_for(|stop| *stop) => RunEvent::Stop,
            message = host => RunEvent::Host(message),
            report = self.helper.next_report() => RunEvent::Helper(report),
        }
    }

    fn note_host_message(&mut self, message: HostMessage) {
        let (message, stack) = match message {
            HostMessage::Ready { .. } => return,
            HostMessage::Failed { message } => (message, String::new()),
            HostMessage::Crashed { message, stack } => (message, stack),
        };
        let lines = stack.lines().take(STACK_LINES_MAX).map(str::to_owned);
        self.context.store.add(&self.order.app, Stream::Server, lines);
        self.last_message = Some(message.chars().take(MESSAGE_MAX).collect());
    }

    /// Ends all processes of the run: SIGTERM first if `grace` is not zero, then SIGKILL.
    async fn terminate(&mut self, grace: Duration) {
        if self.end.is_none() && !grace.is_zero() {
            self.helper.send_command(HelperCommand::Stop).await;
            // A timeout or a helper that has ended is handled below.
            let _ = timeout(grace, self.until_end()).await;
        }
        if self.end.is_none() {
            self.helper.send_command(HelperCommand::Kill).await;
            let _ = timeout(KILL_TIMEOUT, self.until_end()).await;
        }
        self.helper.kill().await;
        // The helper's report of the end is trusted unless the control group still has processes.
        if self.end.is_none() || !sweep::remove_if_empty(&self.record) {
            let record = self.record.clone();
            if let Ok(found @ 1..) = tokio::task::spawn_blocking(move || sweep::end_run(&record)).await {
                tracing::warn!(app = %self.order.app, found, "ended processes of a run that had outlived its helper");
            }
        }
        for pump in &mut self.pumps {
            if timeout(OUTPUT_GRACE, &mut *pump).await.is_err() {
                pump.abort();
            }
        }
        self.context.records.remove(&self.id.0.to_string());
    }

    /// Handles reports of the helper and messages of the host until the run has ended.
    async fn until_end(&mut self) {
        let (_never, mut never) = watch::channel(false);
        while self.end.is_none() {
            match self.next_event(&mut never).await {
                RunEvent::Helper(Some(HelperReport::Started { pid, .. })) => self.pid = Some(pid),
                RunEvent::Helper(Some(report)) => self.end = Some(report),
                RunEvent::Helper(None) | RunEvent::Stop => return,
                RunEvent::Host(message) => self.note_host_message(message),
            }
        }
    }

    fn exit_reason(&self) -> String {
        match self.end {
            Some(HelperReport::Ended(cause)) => cause.to_string(),
            Some(HelperReport::Failed(_)) => "its helper failed".to_owned(),
            _ => ExitCause::Signal(9).to_string(),
        }
    }

    fn ended_early(&mut self) -> String {
        let written = self.context.store.after(&self.order.app, self.before, usize::MAX);
        let lines =
            written.iter().filter(|line| line.stream != Stream::Server && !line.text.trim().is_empty());
        let mut last: Vec<String> = lines
            .rev()
            .take(QUOTED_LINES.0)
            .map(|line| line.text.chars().take(QUOTED_LINES.1).collect())
            .collect();
        last.reverse();
        messages::ended(&self.exit_reason(), self.last_message.as_deref(), &last)
    }

    fn write_record(&mut self) {
        // If this fails, the previous record remains, which is sufficient.
        let _ = self.context.records.write(&self.id.0.to_string(), &self.record);
    }

    fn log(&self, text: String) {
        self.context.store.add_server_line(&self.order.app, text);
    }
}
