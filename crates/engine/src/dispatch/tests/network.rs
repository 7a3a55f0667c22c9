//! A simulated network: receivers that follow a script, reached through memory instead of sockets.

use footbridge_courier::{Dialed, Dialer, Dialing, Resolver, Resolving};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The script of a receiver.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Script {
    /// Answers at once with this status.
    Answer(u16),
    /// Answers 200 after a while.
    AnswerAfter(Duration),
    /// Answers 200 as soon as the script is another one.
    #[default]
    Hold,
    /// Refuses connections.
    Refuse,
    /// Cannot be dialled, because this process has no descriptor left.
    NoDescriptor,
}

/// A request that a receiver has got.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub(super) receiver: u8,
    /// The time since the start of the network.
    pub(super) at: Duration,
    /// The number of the attempt.
    pub(super) attempt: u32,
    /// The value of `mark` in the body of the event.
    pub(super) mark: u64,
    pub(super) body_length: usize,
}

#[derive(Debug, Default)]
struct State {
    scripts: HashMap<u8, Script>,
    arrivals: Vec<Arrival>,
    dials: HashMap<u8, usize>,
    open: HashMap<u8, usize>,
    most_open: HashMap<u8, usize>,
}

/// Receivers by number; receiver 7 listens at `http://r7.test`.
#[derive(Debug, Clone)]
pub(super) struct Network {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    start: Instant,
}

impl Network {
    pub(super) fn new() -> Self {
        Self { state: Arc::default(), changed: Arc::default(), start: Instant::now() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Gives a receiver another script.
    pub(super) fn set(&self, receiver: u8, script: Script) {
        self.lock().scripts.insert(receiver, script);
        self.changed.notify_waiters();
    }

    fn script(&self, receiver: u8) -> Script {
        self.lock().scripts.get(&receiver).copied().unwrap_or_default()
    }

    /// The requests that a receiver has got so far.
    pub(super) fn arrivals(&self, receiver: u8) -> Vec<Arrival> {
        self.lock().arrivals.iter().filter(|arrival| arrival.receiver == receiver).cloned().collect()
    }

    /// How often a receiver was dialled.
    pub(super) fn dials(&self, receiver: u8) -> usize {
        self.lock().dials.get(&receiver).copied().unwrap_or_default()
    }

    /// The number of requests that a receiver has not answered yet.
    pub(super) fn open(&self, receiver: u8) -> usize {
        self.lock().open.get(&receiver).copied().unwrap_or_default()
    }

    /// The most requests that a receiver had to answer at the same time.
    pub(super) fn most_open(&self, receiver: u8) -> usize {
        self.lock().most_open.get(&receiver).copied().unwrap_or_default()
    }

    async fn serve(self, receiver: u8, mut stream: DuplexStream) {
        while let Some((head, body)) = read_request(&mut stream).await {
            self.arrived(receiver, &head, &body);
            let status = self.answer(receiver).await;
            *self.lock().open.entry(receiver).or_default() -= 1;
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn arrived(&self, receiver: u8, head: &str, body: &str) {
        let number = |text: &str, name: &str| {
            let rest = text.split_once(name).map_or("", |(_, rest)| rest);
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or_default()
        };
        let arrival = Arrival {
            receiver,
            at: self.start.elapsed(),
            attempt: u32::try_from(number(head, "footbridge-attempt: ")).unwrap(),
            mark: number(body, "\"mark\":"),
            body_length: body.len(),
        };
        let mut state = self.lock();
        state.arrivals.push(arrival);
        let open = state.open.entry(receiver).or_default();
        *open += 1;
        let open = *open;
        let most = state.most_open.entry(receiver).or_default();
        *most = open.max(*most);
    }

    async fn answer(&self, receiver: u8) -> u16 {
        loop {
            let changed = self.changed.notified();
            match self.script(receiver) {
                Script::Answer(status) => return status,
                Script::AnswerAfter(delay) => {
                    tokio::time::sleep(delay).await;
                    return 200;
                }
                Script::Hold => changed.await,
                Script::Refuse | Script::NoDescriptor => return 200,
            }
        }
    }
}

/// Reads a request; returns its head and its body.
async fn read_request(stream: &mut DuplexStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.split_once("content-length: ")?.1.lines().next()?.parse::<usize>().ok()?;
            let mut body = bytes.split_off(end + 4);
            while body.len() < length {
                stream.read_buf(&mut body).await.ok().filter(|count| *count > 0)?;
            }
            return Some((head, String::from_utf8_lossy(&body).into_owned()));
        }
        stream.read_buf(&mut bytes).await.ok().filter(|count| *count > 0)?;
    }
}

impl Resolver for Network {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, _: &'a str) -> Resolving<'a> {
        let digits: String = host.chars().filter(char::is_ascii_digit).collect();
        let ip = Ipv4Addr::new(93, 184, 216, digits.parse().unwrap());
        Box::pin(async move { Ok(vec![SocketAddr::new(IpAddr::V4(ip), port)]) })
    }
}

impl Dialer for Network {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        let IpAddr::V4(ip) = addr.ip() else { unreachable!("only IPv4 is resolved") };
        let receiver = ip.octets()[3];
        *self.lock().dials.entry(receiver).or_default() += 1;
        Box::pin(async move {
            match self.script(receiver) {
                Script::Refuse => return Err(io::ErrorKind::ConnectionRefused.into()),
                Script::NoDescriptor => return Err(io::Error::from_raw_os_error(24)),
                Script::Answer(_) | Script::AnswerAfter(_) | Script::Hold => {}
            }
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            tokio::spawn(self.clone().serve(receiver, theirs));
            Ok(Dialed::other(ours, SocketAddr::new(Ipv4Addr::new(192, 0, 2, 1).into(), 40_000), addr))
        })
    }
}
