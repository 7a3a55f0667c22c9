//! Ten thousand pages that listen and hear nothing, and then one event for all of them.

use super::Bench;
use crate::Outcome;
use crate::report::{Bar, Section};
use crate::targets::{Footbridge, Setup};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const PAGES: usize = 10_000;
/// What streams leave room for.
const CONNECTIONS: u32 = 12_000;
const MEMORY: Bar = Bar::AtMost(250.0);
/// How long a page may wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let mut section = Section::new("live", format!("{PAGES} streams of events"));
    open_files();
    let setup = Setup { connections: Some(CONNECTIONS), listens: true, ..Setup::default() };
    let server = bench.quiet.turn(|| bench.footbridge(&setup))?;
    let (before, ticket) = (server.memory(), server.ticket()?);
    let begun = Instant::now();
    let mut pages = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        pages.push(Page::open(&server, &ticket)?);
    }
    section.line("streams opened a second", "/s", &[per_second(begun.elapsed())]);
    let idle = server.memory();
    section.judged("RSS with all of them open", "MiB", &[idle.rss], MEMORY);
    section.line("RSS a stream", "KiB", &[(idle.rss - before.rss) * 1024.0 / count()]);
    let begun = Instant::now();
    server.publish_own()?;
    for page in &mut pages {
        page.hear()?;
    }
    section.line("publish → heard by the last page", "ms", &[begun.elapsed().as_secs_f64() * 1e3]);
    section.judged("RSS after it", "MiB", &[server.memory().rss], MEMORY);
    Ok(section)
}

fn count() -> f64 {
    crate::stats::real(PAGES as u64)
}

fn per_second(time: Duration) -> f64 {
    count() / time.as_secs_f64()
}

/// Both this process and the server need one for each page.
fn open_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, opening says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// A page that listens.
struct Page(BufReader<TcpStream>);

impl Page {
    fn open(server: &Footbridge, ticket: &str) -> Outcome<Self> {
        let failed = |error: std::io::Error| format!("a stream: {error}");
        let mut stream = TcpStream::connect(server.address).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        let request =
            format!("GET /api/v1/events/stream?ticket={ticket} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(failed)?;
        // Ten thousand of the usual buffers would be this process's own measurement.
        let mut page = Self(BufReader::with_capacity(512, stream));
        page.until("retry: ")?;
        Ok(page)
    }

    fn hear(&mut self) -> Outcome<()> {
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
