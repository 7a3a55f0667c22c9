//! Publishes 1 KiB events: as fast as they are acknowledged, or at a steady rate.

use super::clock::Stamp;
use super::frame::{Frames, status};
use crate::Outcome;
use crate::stats::Times;
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::Instant as TokioInstant;

/// Size of an event's body such that the request is as long as the 1 KiB of the baselines.
const SIZE: usize = 1024;
/// Connections that share a steady rate, enough for none to be busy when its turn comes.
const STEADY: u32 = 32;
/// An event that is sent later than this is counted as late.
const LATE: Duration = Duration::from_millis(5);

/// A server and the credential of the publishing app.
#[derive(Debug, Clone)]
pub(crate) struct Publisher {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) event: &'static str,
    pub(crate) stamp: Stamp,
}

/// The end of a closed loop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Closed {
    After(Duration),
    Events(u64),
}

/// A steady rate and its duration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    pub(crate) per_second: u32,
    pub(crate) during: Duration,
}

/// The result of publishing.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) acked: u64,
    pub(crate) refused: u64,
    pub(crate) late: u64,
    pub(crate) seconds: f64,
    pub(crate) acks: Times,
}

#[derive(Debug, Default)]
struct Tally {
    started: Cell<u64>,
    found: RefCell<Published>,
}

impl Tally {
    fn count(&self, acked: bool, took: Duration) {
        let mut found = self.found.borrow_mut();
        if acked {
            found.acked += 1;
            found.acks.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        } else {
            found.refused += 1;
        }
    }
}

struct Connection {
    stream: TcpStream,
    frames: Frames,
    request: Vec<u8>,
    stamp: Stamp,
}

impl Publisher {
    /// Publishes over several connections, each of which waits for the acknowledgement of its last event.
    pub(crate) fn closed(&self, connections: u32, until: Closed) -> Outcome<Published> {
        run(|started, tally, tasks| {
            for _ in 0..connections {
                tasks.spawn_local(self.clone().one_by_one(started, Rc::clone(tally), until));
            }
        })
    }

    /// Publishes at a steady rate, even if the last event is not acknowledged yet.
    pub(crate) fn open(&self, open: Open) -> Outcome<Published> {
        run(|started, tally, tasks| {
            for number in 0..STEADY {
                tasks.spawn_local(self.clone().steadily(started, Rc::clone(tally), open, number));
            }
        })
    }

    async fn one_by_one(self, started: TokioInstant, tally: Rc<Tally>, until: Closed) -> io::Result<()> {
        let mut line = self.connect().await?;
        loop {
            let over = match until {
                Closed::After(time) => started.elapsed() >= time,
                Closed::Events(count) => tally.started.replace(tally.started.get() + 1) >= count,
            };
            if over {
                return Ok(());
            }
            line.publish(&tally).await?;
        }
    }

    async fn steadily(
        self,
        started: TokioInstant,
        tally: Rc<Tally>,
        open: Open,
        number: u32,
    ) -> io::Result<()> {
        let gap = Duration::from_secs(1) / open.per_second;
        let mut line = self.connect().await?;
        let mut planned = gap * number;
        while planned < open.during {
            tokio::time::sleep_until(started + planned).await;
            if started.elapsed() > planned + LATE {
                tally.found.borrow_mut().late += 1;
            }
            line.publish(&tally).await?;
            planned += gap * STEADY;
        }
        Ok(())
    }

    async fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let wrapped = "{\"body\":}".len();
        let body = format!("{{\"body\":{}}}", Stamp::payload(SIZE - wrapped));
        let (event, token, length) = (self.event, &self.token, body.len());
        let request = format!(
            "POST /api/events/{event} HTTP/1.1\r\nhost: localhost\r\nx-bolt-app-token: {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Ok(Connection { stream, frames: Frames::default(), request: request.into_bytes(), stamp: self.stamp })
    }
}

impl Connection {
    async fn publish(&mut self, tally: &Tally) -> io::Result<()> {
        self.stamp.write(&mut self.request);
        let started = Instant::now();
        self.stream.write_all(&self.request).await?;
        let answer = self.frames.next(&mut self.stream).await?;
        let answer = answer.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        tally.count(status(answer) == Some(200), started.elapsed());
        Ok(())
    }
}

/// Starts tasks on one thread and waits for their ends.
fn run(start: impl FnOnce(TokioInstant, &Rc<Tally>, &mut JoinSet<io::Result<()>>)) -> Outcome<Published> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| format!("no runtime to publish on: {e}"))?;
    let tally = Rc::<Tally>::default();
    let seconds = LocalSet::new().block_on(&runtime, async {
        let (started, mut tasks) = (TokioInstant::now(), JoinSet::new());
        start(started, &tally, &mut tasks);
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.map_err(io::Error::other).and_then(|result| result);
            ended.map_err(|e| format!("publishing broke off: {e}"))?;
        }
        Ok::<f64, String>(started.elapsed().as_secs_f64())
    })?;
    Ok(Published { seconds, ..tally.found.take() })
}
