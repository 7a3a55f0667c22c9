//! Resolves names to addresses, once per connection. The policy checks the addresses before one is dialled.

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

use crate::failures::is_shortage;

/// The future that [`Resolver::resolve`] returns.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Resolves names. It is never asked for literal addresses.
pub trait Resolver: Send + Sync {
    /// Returns every address of `host` with `port`, in the order in which they should be tried.
    ///
    /// `app` is the app that the look-up is for: an app with many look-ups must not delay other apps. No address means
    /// that the attempt fails.
    fn resolve<'a>(&'a self, host: &'a str, port: u16, app: &'a str) -> Resolving<'a>;
}

/// How long an answer is cached. The resolver of the system does not report a time to live.
const CACHE_FOUND: Duration = Duration::from_secs(5);
/// How long a failed look-up is cached.
const CACHE_FAILED: Duration = Duration::from_secs(1);
/// How long a look-up may take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// The most look-ups of one app at the same time. Each occupies a thread while the system waits for DNS.
const MAX_PER_APP: usize = 8;
/// From this many look-ups in total, each app may have only one.
const BUSY_FROM: usize = 128;
/// The most look-ups in total.
const MAX_LOOKUPS: usize = 256;
/// The most names in the cache.
const MAX_CACHED: usize = 4096;

type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The resolver of the operating system, on threads of its own.
///
/// It uses whatever the system is configured to use, such as `/etc/hosts`. It caches answers for a few seconds and limits
/// the look-ups of each app.
#[derive(Clone)]
pub struct SystemResolver(Arc<LookupTable>);

struct LookupTable {
    look_up: Box<LookUp>,
    state: Mutex<LookupState>,
    /// Notified when a look-up has ended.
    ended: Notify,
}

#[derive(Default)]
struct LookupState {
    /// Answers by name, and when they expire.
    cache: HashMap<String, (LookupResult, Instant)>,
    running: HashMap<String, RunningLookup>,
    running_by_app: HashMap<String, usize>,
}

struct RunningLookup {
    since: Instant,
    answer: watch::Receiver<Option<LookupResult>>,
}

type LookupResult = Result<Vec<IpAddr>, LookupError>;

/// An [`io::Error`] that can be cloned.
#[derive(Debug, Clone)]
struct LookupError {
    kind: io::ErrorKind,
    code: Option<i32>,
    text: String,
}

impl LookupError {
    fn timed_out() -> Self {
        let text = format!("no answer within {} s", LOOKUP_TIMEOUT.as_secs());
        Self { kind: io::ErrorKind::TimedOut, code: None, text }
    }

    fn to_io_error(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, self.text.clone()),
        }
    }
}

impl From<io::Error> for LookupError {
    fn from(error: io::Error) -> Self {
        // Without a free descriptor the system cannot ask, but reports only that there is no answer.
        let error = UdpSocket::bind(("0.0.0.0", 0)).err().filter(is_shortage).unwrap_or(error);
        Self { kind: error.kind(), code: error.raw_os_error(), text: error.to_string() }
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::with_look_up(|host| Ok((host, 0).to_socket_addrs()?.map(|addr| addr.ip()).collect()))
    }
}

impl SystemResolver {
    /// Creates a resolver that calls `look_up` instead of the system.
    pub(crate) fn with_look_up(
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        let (look_up, ended) = (Box::new(look_up), Notify::new());
        Self(Arc::new(LookupTable { look_up, state: Mutex::default(), ended }))
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
}

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, app: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let found = self.0.find(host, app, Instant::now() + LOOKUP_TIMEOUT).await;
            let ips = found.map_err(|error| error.to_io_error())?;
            Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
        })
    }
}

/// The next step for a name.
enum LookupStep {
    /// The answer is known.
    Answer(LookupResult),
    /// A look-up is running; wait for its answer.
    Join(watch::Receiver<Option<LookupResult>>),
    /// Too many look-ups are running; try again when one has ended.
    Wait,
}

impl LookupTable {
    async fn find(self: &Arc<Self>, host: &str, app: &str, until: Instant) -> LookupResult {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Enabled before the state is read, so that no look-up ends unnoticed in between.
            ended.as_mut().enable();
            match self.next_step(host, app) {
                LookupStep::Answer(answer) => return answer,
                LookupStep::Join(mut running) => {
                    let answer = timeout_at(until, running.wait_for(Option::is_some)).await;
                    let answer = answer.ok().and_then(|answer| answer.ok().and_then(|found| found.clone()));
                    return answer.unwrap_or_else(|| Err(LookupError::timed_out()));
                }
                LookupStep::Wait => {
                    if timeout_at(until, ended).await.is_err() {
                        return Err(LookupError::timed_out());
                    }
                }
            }
        }
    }

    /// Returns the next step for a name; starts its look-up if necessary.
    fn next_step(self: &Arc<Self>, host: &str, app: &str) -> LookupStep {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some((answer, until)) = state.cache.get(host)
            && now < *until
        {
            return LookupStep::Answer(answer.clone());
        }
        if let Some(running) = state.running.get(host) {
            if now.duration_since(running.since) >= LOOKUP_TIMEOUT {
                return LookupStep::Answer(Err(LookupError::timed_out()));
            }
            return LookupStep::Join(running.answer.clone());
        }
        let total = state.running.len();
        let of_app = state.running_by_app.get(app).copied().unwrap_or_default();
        let max_of_app = if total >= BUSY_FROM { 1 } else { MAX_PER_APP };
        if total >= MAX_LOOKUPS || of_app >= max_of_app {
            return LookupStep::Wait;
        }
        let (sender, answer) = watch::channel(None);
        state.running.insert(host.to_owned(), RunningLookup { since: now, answer: answer.clone() });
        *state.running_by_app.entry(app.to_owned()).or_default() += 1;
        drop(state);
        let slot = LookupSlot { table: Arc::clone(self), host: host.to_owned(), app: app.to_owned() };
        // Continues after the caller has given up: the thread is occupied for as long as the system waits.
        tokio::task::spawn_blocking(move || {
            let answer = (slot.table.look_up)(&slot.host).map_err(LookupError::from);
            slot.table.cache(&slot.host, &answer);
            sender.send_replace(Some(answer));
            drop(slot);
        });
        LookupStep::Join(answer)
    }

    fn cache(&self, host: &str, answer: &LookupResult) {
        let now = Instant::now();
        let until = match answer {
            Ok(_) => now + CACHE_FOUND,
            // This server lacked something; that may be over already.
            Err(error) if is_shortage(&error.to_io_error()) => return,
            Err(_) => now + CACHE_FAILED,
        };
        let mut state = self.lock();
        if state.cache.len() >= MAX_CACHED {
            state.cache.retain(|_, (_, until)| now < *until);
        }
        if state.cache.len() < MAX_CACHED {
            state.cache.insert(host.to_owned(), (answer.clone(), until));
        }
    }

    fn lock(&self) -> MutexGuard<'_, LookupState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running look-up. Dropping it, even by a panic, lets the next one start.
struct LookupSlot {
    table: Arc<LookupTable>,
    host: String,
    app: String,
}

impl Drop for LookupSlot {
    fn drop(&mut self) {
        let mut state = self.table.lock();
        state.running.remove(&self.host);
        if let Some(of_app) = state.running_by_app.get_mut(&self.app) {
            *of_app -= 1;
            if *of_app == 0 {
                state.running_by_app.remove(&self.app);
            }
        }
        drop(state);
        self.table.ended.notify_waiters();
    }
}
