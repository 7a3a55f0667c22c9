//! One run, from before its first process until after its last.

use super::helper::Helper;
use super::launch::{command, processes, pumps};
use super::listening::{self, Found};
use super::machine::Machine;
use super::ports::Port;
use super::words;
use crate::host::{HostWire, HostWord};
use crate::proc;
use crate::record::{Process, Record};
use crate::spec::{Ask, Ending, Report, Spec};
use crate::sweep;
use footbridge_model::run::{Exit, RunId, Running, StartOrder, Stream};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// How long an app may take to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long a helper may take to end a run it was told to end.
const KILL: Duration = Duration::from_secs(2);
/// How long what an app wrote last is waited for once it is gone.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How many of its last lines a failure quotes, and how much of each.
const QUOTED: (usize, usize) = (5, 300);
/// How many characters of an exception are told, and how many lines of its stack are kept.
const MESSAGE: usize = 2000;
const STACK: usize = 50;
/// Pauses between looks for a listener.
const LOOKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(5));
/// A port in foreign hands is looked at this often before that is believed.
const FOREIGN: u32 = 3;

/// A run under way.
#[derive(Debug)]
pub(super) struct Run {
    machine: Arc<Machine>,
    order: StartOrder,
    id: RunId,
    begun: Instant,
    /// The number of the last line of output from before.
    before: u64,
    helper: Helper,
    record: Record,
    port: Port,
    host: Option<HostWire>,
    /// The app's first process, once it runs.
    pid: Option<i32>,
    /// The end, when the helper has told it.
    end: Option<Report>,
    /// What the host said before it ended.
    last_word: Option<String>,
    pumps: Vec<JoinHandle<()>>,
}

/// What happens in a run.
enum News {
    Report(Option<Report>),
    Host(HostWord),
    Stop,
}

impl Run {
    /// Starts the processes of a run.
    pub(super) async fn begin(machine: Arc<Machine>, order: StartOrder, id: RunId) -> Result<Self, String> {
        let argv = command(&machine, &order)?;
        let begun = Instant::now();
        let port = machine.ports.pick().map_err(|error| words::system("find a free port", &error))?;
        let name = id.0.to_string();
        // Without one the run has a layer less, which is told at open.
        let cgroup = machine.cgroups.as_ref().and_then(|cgroups| cgroups.create(&name).ok());
        let mut record = Record {
            app: order.app.as_str().to_owned(),
            address: machine.environment.address().to_owned(),
            boot: proc::boot(),
            cgroup,
            processes: Vec::new(),
        };
        let recorded = machine.records.write(&name, &record);
        recorded.map_err(|error| words::system("write down the run", &error))?;
        let spec = Spec {
            dir: order.package.path.clone(),
            argv,
            env: machine.environment.of(&order, port.number),
            user: machine.account.ids().cloned(),
            cgroup: record.cgroup.as_ref().map(|dir| dir.to_string_lossy().into_owned()),
        };
        let before = machine.store.last(&order.app);
        match processes(&machine, &order, &spec).await {
            Ok((helper, host, streams)) => {
                record.processes.extend(Process::now(helper.pid));
                let pumps = pumps(&machine, &order.app, streams);
                let mut run = Self {
                    machine,
                    order,
                    id,
                    begun,
                    before,
                    helper,
                    record,
                    port,
                    host,
                    pid: None,
                    end: None,
                    last_word: None,
                    pumps,
                };
                run.write_record();
                Ok(run)
            }
            Err(error) => {
                sweep::end(&record);
                machine.records.remove(&name);
                Err(words::system("start a process", &error))
            }
        }
    }

    /// Waits until the app listens. An error is the reason why it does not; then nothing of it is left.
    pub(super) async fn ready(&mut self, stop: &mut watch::Receiver<bool>) -> Result<Running, String> {
        let waited = timeout(self.machine.start_timeout, self.until_ready(stop)).await;
        let found = waited.unwrap_or_else(|_| {
            let others = listening::everywhere(self.helper.pid);
            let limit = self.machine.start_timeout;
            Err(words::never_listened(&self.order.package, self.port.number, limit, &others))
        });
        match found {
            Ok(running) => {
                let waited = self.begun.elapsed().as_millis();
                self.say(format!("listening on {} after {waited} ms", running.address));
                Ok(running)
            }
            Err(why) => {
                self.put_down(Duration::ZERO).await;
                let why = if why.is_empty() { self.ended_early() } else { why };
                self.say(format!("not started: {why}"));
                Err(why)
            }
        }
    }

    /// Waits until the run is over, by itself or because it is told to stop.
    pub(super) async fn over(mut self, stop: &mut watch::Receiver<bool>) -> Exit {
        let stopped = loop {
            match self.news(stop).await {
                News::Stop => break true,
                News::Report(report) => {
                    self.end = report;
                    break false;
                }
                News::Host(word) => self.hear(word),
            }
        };
        let grace = if stopped { GRACE } else { Duration::ZERO };
        self.put_down(grace).await;
        let mut how = self.how();
        if let Some(word) = self.last_word.take().filter(|_| !stopped) {
            how = format!("{how}: {word}");
        }
        let verb = match self.end {
            _ if stopped => "stopped",
            // It was told that it is going to be stopped, or has nothing more to do: nothing broke.
            Some(Report::Ended(Ending::Code(0))) => "ended by itself",
            _ => "crashed",
        };
        self.say(format!("{verb}: {how}"));
        Exit { app: self.order.app.clone(), run: self.id, stopped, how }
    }

    /// An empty error stands for an end that is told with the app's last words, once they are there.
    async fn until_ready(&mut self, stop: &mut watch::Receiver<bool>) -> Result<Running, String> {
        // Where to look: a command listens where it was told to, a host says where it does.
        let mut port = self.host.is_none().then_some(self.port.number);
        let (mut pause, mut foreign) = (LOOKS.0, 0);
        loop {
            if let (Some(pid), Some(port)) = (self.pid, port) {
                match listening::look(port, pid, self.helper.pid) {
                    Found::App(address) => return Ok(self.running(pid, address)),
                    Found::Other(_) if foreign < FOREIGN => foreign += 1,
                    Found::Other(owner) => return Err(words::port_taken(port, &owner)),
                    Found::Nobody | Found::Outside(_) => {}
                }
            }
            let news = tokio::select! {
                news = self.news(stop) => news,
                () = sleep(pause), if self.pid.is_some() && port.is_some() => {
                    pause = (pause * 2).min(LOOKS.1);
                    continue;
                }
            };
            match news {
                News::Stop => return Err(words::CANCELLED.to_owned()),
                News::Report(report) => self.started_or_ended(report)?,
                News::Host(HostWord::Ready { port: listens }) => port = Some(listens),
                News::Host(word) => self.hear(word),
            }
        }
    }

    fn running(&self, pid: i32, address: SocketAddr) -> Running {
        Running { run: self.id, address, pid: u32::try_from(pid).unwrap_or(0) }
    }

    fn started_or_ended(&mut self, report: Option<Report>) -> Result<(), String> {
        match report {
            Some(Report::Started { pid, missing }) => {
                for layer in missing {
                    self.machine.warn(format!("apps run without {layer}"));
                }
                self.pid = Some(pid);
                self.record.processes.extend(Process::now(pid));
                self.write_record();
                self.say(format!("started as process {pid}"));
                Ok(())
            }
            Some(Report::Failed(failed)) => {
                let (package, path) = (&self.order.package, self.machine.environment.path());
                let why = words::failed(failed, package, path, &self.machine.account);
                self.end = Some(Report::Failed(failed));
                Err(why)
            }
            other => {
                self.end = other;
                Err(String::new())
            }
        }
    }

    async fn news(&mut self, stop: &mut watch::Receiver<bool>) -> News {
        let host = async {
            match &mut self.host {
                Some(host) => host.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // The actor goes only when the server does: then the run stops as well.
            _ = stop.wait_for(|stop| *stop) => News::Stop,
            word = host => News::Host(word),
            report = self.helper.report() => News::Report(report),
        }
    }

    fn hear(&mut self, word: HostWord) {
        let (message, stack) = match word {
            HostWord::Ready { .. } => return,
            HostWord::Failed { message } => (message, String::new()),
            HostWord::Crashed { message, stack } => (message, stack),
        };
        let lines = stack.lines().take(STACK).map(str::to_owned);
        self.machine.store.add(&self.order.app, Stream::Server, lines);
        self.last_word = Some(message.chars().take(MESSAGE).collect());
    }

    /// Ends whatever is left of the run: gently for as long as `grace`, then not.
    async fn put_down(&mut self, grace: Duration) {
        if self.end.is_none() && !grace.is_zero() {
            self.helper.ask(Ask::Stop).await;
            // Late, or the helper is gone: both are seen to below.
            let _ = timeout(grace, self.until_end()).await;
        }
        if self.end.is_none() {
            self.helper.ask(Ask::Kill).await;
            let _ = timeout(KILL, self.until_end()).await;
        }
        self.helper.kill().await;
        // A helper that tells of the end is believed, unless the control group says otherwise.
        if self.end.is_none() || !sweep::is_over(&self.record) {
            let record = self.record.clone();
            if let Ok(found @ 1..) = tokio::task::spawn_blocking(move || sweep::end(&record)).await {
                tracing::warn!(app = %self.order.app, found, "processes of a run outlived its helper and were ended");
            }
        }
        for pump in &mut self.pumps {
            if timeout(LAST_WORDS, &mut *pump).await.is_err() {
                pump.abort();
            }
        }
        self.machine.records.remove(&self.id.0.to_string());
    }

    /// Hears out helper and host until the run has ended.
    async fn until_end(&mut self) {
        let (_never, mut never) = watch::channel(false);
        while self.end.is_none() {
            match self.news(&mut never).await {
                News::Report(Some(Report::Started { pid, .. })) => self.pid = Some(pid),
                News::Report(Some(report)) => self.end = Some(report),
                News::Report(None) | News::Stop => return,
                News::Host(word) => self.hear(word),
            }
        }
    }

    fn how(&self) -> String {
        match self.end {
            Some(Report::Ended(ending)) => ending.to_string(),
            Some(Report::Failed(_)) => "its helper failed".to_owned(),
            _ => Ending::Signal(9).to_string(),
        }
    }

    fn ended_early(&mut self) -> String {
        let written = self.machine.store.after(&self.order.app, self.before, usize::MAX);
        let lines =
            written.iter().filter(|line| line.stream != Stream::Server && !line.text.trim().is_empty());
        let mut last: Vec<String> =
            lines.rev().take(QUOTED.0).map(|line| line.text.chars().take(QUOTED.1).collect()).collect();
        last.reverse();
        words::ended(&self.how(), self.last_word.as_deref(), &last)
    }

    fn write_record(&mut self) {
        // The record of before says less, but enough.
        let _ = self.machine.records.write(&self.id.0.to_string(), &self.record);
    }

    fn say(&self, text: String) {
        self.machine.store.say(&self.order.app, text);
    }
}
