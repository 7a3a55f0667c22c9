//! Ten thousand pages with open live streams, and then one event for all of them.

use super::Bench;
use crate::Outcome;
use crate::report::{Limit, Section};
use crate::targets::{Footbridge, Setup};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const PAGES: usize = 10_000;
/// The configured limit of connections, above the number of pages.
const CONNECTIONS: u32 = 12_000;
const MEMORY: Limit = Limit::AtMost(250.0);
/// Time limit for an answer or an event on a page.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let mut section = Section::new("live", format!("{PAGES} streams of events"));
    open_files();
    let setup = Setup { connections: Some(CONNECTIONS), listens: true, ..Setup::default() };
    let server = bench.quiet.turn(|| bench.footbridge(&setup))?;
    let (before, ticket) = (server.memory(), server.ticket()?);
    let started = Instant::now();
    let mut pages = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        pages.push(Page::open(&server, &ticket)?);
    }
    section.line("streams opened a second", "/s", &[per_second(started.elapsed())]);
    let idle = server.memory();
    section.limited("RSS with all of them open", "MiB", &[idle.rss], MEMORY);
    section.line("RSS a stream", "KiB", &[(idle.rss - before.rss) * 1024.0 / count()]);
    let started = Instant::now();
    server.publish_own()?;
    for page in &mut pages {
        page.receive_event()?;
    }
    section.line("publish → received by the last page", "ms", &[started.elapsed().as_secs_f64() * 1e3]);
    section.limited("RSS after it", "MiB", &[server.memory().rss], MEMORY);
    Ok(section)
}

fn count() -> f64 {
    crate::stats::real(PAGES as u64)
}

fn per_second(time: Duration) -> f64 {
    count() / time.as_secs_f64()
}

/// Raises the limit on open files: this process and the server each need one per page.
fn open_files() {
    let limit = getrlimit(Resource::Nofile);
    // If it cannot be raised, opening the streams fails with a message.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// A page with an open live stream.
struct Page(BufReader<TcpStream>);

impl Page {
    fn open(server: &Footbridge, ticket: &str) -> Outcome<Self> {
        let failed = |error: std::io::Error| format!("a stream: {error}");
        let mut stream = TcpStream::connect(server.address).map_err(failed)?;
        stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
        let request =
            format!("GET /api/v1/events/stream?ticket={ticket} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(failed)?;
        // Ten thousand buffers of the usual size would use too much memory in this process.
        let mut page = Self(BufReader::with_capacity(512, stream));
        page.until("retry: ")?;
        Ok(page)
    }

    fn receive_event(&mut self) -> Outcome<()> {
        self.until("\"name\":\"measured\"")
    }

    fn until(&mut self, text: &str) -> Outcome<()> {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            match self.0.read_line(&mut line) {
                Ok(0) => return Err(format!("a stream ended before {text:?}")),
                Ok(_) => {}
                Err(error) => return Err(format!("a stream: {error}")),
            }
        }
        Ok(())
    }
}
