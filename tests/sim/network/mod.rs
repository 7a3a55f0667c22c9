//! A simulated network with faulty receivers, without sockets.

mod http;
mod receiver;

pub(crate) use http::EXCHANGE_PATH;

use crate::history::History;
use crate::launcher::SimulatedLauncher;
use crate::plan::Plan;
use crate::receiver_faults::Condition;
use crate::rng::Rng;
use crate::time::Time;
use footbridge_courier::{Dialed, Dialer, Dialing, Resolver, Resolving};
use footbridge_model::id::EventId;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// The capacity of a connection's buffer, in bytes.
const HELD: usize = 64 * 1024;

/// The network of one server process. Clones share it.
#[derive(Clone)]
pub(crate) struct Network {
    plan: Arc<Plan>,
    history: History,
    time: Time,
    /// Counts resolutions, connections and requests, for independent random draws.
    counts: Counts,
    launcher: Arc<SimulatedLauncher>,
    reactions: mpsc::Sender<Reaction>,
    /// The server process.
    process: u64,
    rule: Option<Arc<dyn SendRule>>,
}

/// Decides if a server process may send.
pub(crate) trait SendRule: Send + Sync {
    /// Explains why the process must not send at present; `None` if it may.
    fn forbids_sending(&self) -> Option<String>;
}

/// An app publishes an event because it got another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reaction {
    pub(crate) app: usize,
    pub(crate) cause: EventId,
}

/// Counts that continue over crashes. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<(u64, u64), u64>>>);

impl Counts {
    pub(crate) fn next(&self, of: (u64, u64)) -> u64 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(of).or_default();
        *count += 1;
        *count
    }
}

impl Network {
    pub(crate) fn around(
        (plan, history, time): (&Arc<Plan>, &History, &Time),
        counts: &Counts,
        launcher: &Arc<SimulatedLauncher>,
        reactions: mpsc::Sender<Reaction>,
    ) -> Self {
        Self {
            plan: Arc::clone(plan),
            history: history.clone(),
            time: time.clone(),
            counts: counts.clone(),
            launcher: Arc::clone(launcher),
            reactions,
            process: 0,
            rule: None,
        }
    }

    /// The network of this process, which may send only as the rule says.
    pub(crate) fn of_process(self, process: u64, rule: Arc<dyn SendRule>) -> Self {
        Self { process, rule: Some(rule), ..self }
    }

    /// Lets an app react to an event, at most once to each.
    fn react(&self, app: usize, cause: EventId) {
        let reactions = self.counts.next((4, 0));
        if reactions <= self.plan.most_reactions as u64
            && self.counts.next((5 + app as u64, cause.number())) == 1
        {
            // Nobody publishes any more when the process ends; too many at once are not needed.
            let _ = self.reactions.try_send(Reaction { app, cause });
        }
    }

    /// Connects to a run of an installed app, until the run ends.
    fn dial_run(&self, addr: SocketAddr) -> io::Result<Dialed> {
        let run = self.launcher.run_at(addr.port()).ok_or(io::ErrorKind::ConnectionRefused)?;
        let (ours, theirs) = tokio::io::duplex(HELD);
        let network = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = run.end.wait() => {}
                () = receiver::serve(network, run.receiver, Some(run.secret), theirs) => {}
            }
        });
        Ok(Dialed::other(ours, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 40_000), addr))
    }

    /// The current condition of a receiver.
    fn condition(&self, receiver: usize) -> Condition {
        let now = self.time.passed();
        let phase = self.plan.receivers[receiver].iter().find(|phase| phase.during.contains(&now));
        phase.map_or(Condition::Well, |phase| phase.condition)
    }

    /// Waits until the receiver is not cut off.
    async fn reach(&self, receiver: usize) {
        while self.condition(receiver) == Condition::Away {
            let now = self.time.passed();
            let phase = self.plan.receivers[receiver].iter().find(|phase| phase.during.contains(&now));
            self.time.reach(phase.map_or(now, |phase| phase.during.end)).await;
        }
    }
}

/// The address of a receiver.
fn address(receiver: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(93, 184, 216, u8::try_from(receiver + 1).unwrap()))
}

/// The receiver at an address.
fn receiver_at(addr: SocketAddr) -> usize {
    let IpAddr::V4(ip) = addr.ip() else { unreachable!("only IPv4 is resolved") };
    usize::from(ip.octets()[3]) - 1
}

impl Resolver for Network {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, _: &'a str) -> Resolving<'a> {
        let digits: String = host.chars().filter(char::is_ascii_digit).collect();
        let receiver: usize = digits.parse().unwrap();
        Box::pin(async move {
            let mut rng =
                Rng::of(self.plan.seed, &[2, receiver as u64, self.counts.next((0, receiver as u64))]);
            tokio::time::sleep(rng.millis(0..10)).await;
            if self.condition(receiver) == Condition::Flaky && rng.percent(3) {
                return Err(io::Error::other("no answer"));
            }
            Ok(vec![SocketAddr::new(address(receiver), port)])
        })
    }
}

impl Dialer for Network {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        if addr.ip().is_loopback() {
            return Box::pin(async move { self.dial_run(addr) });
        }
        let receiver = receiver_at(addr);
        Box::pin(async move {
            let mut rng =
                Rng::of(self.plan.seed, &[3, receiver as u64, self.counts.next((1, receiver as u64))]);
            tokio::time::sleep(rng.millis(0..50)).await;
            self.reach(receiver).await;
            let condition = self.condition(receiver);
            if condition == Condition::Down || condition == Condition::Flaky && rng.percent(5) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = tokio::io::duplex(HELD);
            tokio::spawn(receiver::serve(self.clone(), receiver, None, theirs));
            let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 40_000);
            Ok(Dialed::other(ours, local, addr))
        })
    }
}
