//! Names to addresses. Asked once per connection; what it answers is judged before anything is dialled.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use crate::classify::is_shortage;

/// The answer of a [`Resolver`], some time later.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Looks names up. Literal addresses never come here.
pub trait Resolver: Send + Sync {
    /// Every address of `host`, in the order to try them, each with `port`. No address is a failure, not a
    /// permission. `asker` is the app that it is for: one that asks for much must not delay the others.
    fn resolve<'a>(&'a self, host: &'a str, port: u16, asker: &'a str) -> Resolving<'a>;
}

/// How long an answer counts. The system's resolver does not say how long it would.
const KNOWN: Duration = Duration::from_secs(5);
/// How long it counts that there is none.
const UNKNOWN: Duration = Duration::from_secs(1);
/// After so long without an answer a name counts as one that does not resolve.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most look-ups at once for one app: each keeps a thread for as long as the system waits for DNS.
const EACH: usize = 8;
/// From so many look-ups in all each app may have only one.
const MANY: usize = 128;
/// The most look-ups in all.
const ALL: usize = 256;
/// The most names whose answers are kept.
const KEPT: usize = 4096;

type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The resolver of the operating system, off the runtime's thread: with whatever it is configured to ask, such as
/// `/etc/hosts`, and with a limit for each app.
#[derive(Clone)]
pub struct SystemResolver(Arc<Names>);

struct Names {
    look_up: Box<LookUp>,
    state: Mutex<State>,
    /// Some look-up has ended.
    ended: Notify,
}

#[derive(Default)]
struct State {
    known: HashMap<String, (Found, Instant)>,
    running: HashMap<String, Running>,
    by_asker: HashMap<String, usize>,
}

struct Running {
    since: Instant,
    answer: watch::Receiver<Option<Found>>,
}

/// An answer, or why there is none.
type Found = Result<Vec<IpAddr>, Missing>;

#[derive(Debug, Clone)]
struct Missing {
    kind: io::ErrorKind,
    code: Option<i32>,
    text: String,
}

impl Missing {
    fn error(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, self.text.clone()),
        }
    }
}

impl From<io::Error> for Missing {
    fn from(error: io::Error) -> Self {
        // Without a free descriptor the system cannot ask, and says no more than that there is no answer.
        let error = UdpSocket::bind(("0.0.0.0", 0)).err().filter(is_shortage).unwrap_or(error);
        Self { kind: error.kind(), code: error.raw_os_error(), text: error.to_string() }
    }
}

fn late() -> Missing {
    let text = format!("no answer within {} s", PATIENCE.as_secs());
    Missing { kind: io::ErrorKind::TimedOut, code: None, text }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::asking(|host| Ok((host, 0).to_socket_addrs()?.map(|addr| addr.ip()).collect()))
    }
}

impl SystemResolver {
    /// One that asks something else than the system.
    pub(crate) fn asking(look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        let names = Names { look_up: Box::new(look_up), state: Mutex::default(), ended: Notify::new() };
        Self(Arc::new(names))
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
}

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, asker: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let found = self.0.find(host, asker, Instant::now() + PATIENCE).await;
            let ips = found.map_err(|missing| missing.error())?;
            Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
        })
    }
}

/// What is to be done for a name.
enum Next {
    Answer(Found),
    Join(watch::Receiver<Option<Found>>),
    /// As many are asked for as may be.
    Wait,
}

impl Names {
    async fn find(self: &Arc<Self>, host: &str, asker: &str, until: Instant) -> Found {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Before looking: what ends from now on is heard of.
            ended.as_mut().enable();
            match self.next(host, asker) {
                Next::Answer(found) => return found,
                Next::Join(mut answer) => {
                    let came = timeout_at(until, answer.wait_for(Option::is_some)).await;
                    let found = came.ok().and_then(|came| came.ok().and_then(|found| found.clone()));
                    return found.unwrap_or_else(|| Err(late()));
                }
                Next::Wait => {
                    if timeout_at(until, ended).await.is_err() {
                        return Err(late());
                    }
                }
            }
        }
    }

    fn next(self: &Arc<Self>, host: &str, asker: &str) -> Next {
        let now = Instant::now();
        let mut state = self.state();
        if let Some((found, until)) = state.known.get(host)
            && now < *until
        {
            return Next::Answer(found.clone());
        }
        if let Some(running) = state.running.get(host) {
            if now.duration_since(running.since) >= PATIENCE {
                return Next::Answer(Err(late()));
            }
            return Next::Join(running.answer.clone());
        }
        let all = state.running.len();
        let own = state.by_asker.get(asker).copied().unwrap_or_default();
        if all >= ALL || own >= if all >= MANY { 1 } else { EACH } {
            return Next::Wait;
        }
        let (tell, answer) = watch::channel(None);
        state.running.insert(host.to_owned(), Running { since: now, answer: answer.clone() });
        *state.by_asker.entry(asker.to_owned()).or_default() += 1;
        drop(state);
        let call = Call { names: Arc::clone(self), host: host.to_owned(), asker: asker.to_owned() };
        // Goes on when whoever asked has given up: the thread is taken for as long as the system waits.
        tokio::task::spawn_blocking(move || {
            let found = (call.names.look_up)(&call.host).map_err(Missing::from);
            call.names.keep(&call.host, &found);
            tell.send_replace(Some(found));
            drop(call);
        });
        Next::Join(answer)
    }

    fn keep(&self, host: &str, found: &Found) {
        let now = Instant::now();
        let until = match found {
            Ok(_) => now + KNOWN,
            // What this server was short of may be there again.
            Err(missing) if is_shortage(&missing.error()) => return,
            Err(_) => now + UNKNOWN,
        };
        let mut state = self.state();
        if state.known.len() >= KEPT {
            state.known.retain(|_, (_, until)| now < *until);
        }
        if state.known.len() < KEPT {
            state.known.insert(host.to_owned(), (found.clone(), until));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One question to the system; its place is free again when this is dropped, however it ends.
struct Call {
    names: Arc<Names>,
    host: String,
    asker: String,
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.names.state();
        state.running.remove(&self.host);
        if let Some(own) = state.by_asker.get_mut(&self.asker) {
            *own -= 1;
            if *own == 0 {
                state.by_asker.remove(&self.asker);
            }
        }
        drop(state);
        self.names.ended.notify_waiters();
    }
}
