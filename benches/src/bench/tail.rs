//! A live tail while events are published as fast as possible: rows, counts, memory, and the cost for publishing.

use super::Bench;
use crate::Outcome;
use crate::load::{Closed, Stamp};
use crate::report::{Limit, Section};
use crate::stats::real;
use crate::targets::{Footbridge, Setup};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The number of connections that publish.
const CONNECTIONS: u32 = 64;
const ROWS: Limit = Limit::AtMost(200.0);
const MEMORY: Limit = Limit::AtMost(20.0);
/// Time limit for the last row.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let during = Duration::from_secs(bench.plan.secs);
    let mut section = Section::new("tail", format!("one live tail of all events for {} s", bench.plan.secs));
    let server = bench.quiet.turn(|| bench.footbridge(&Setup::default()))?;
    let publish = |until| server.publisher(Stamp::new()).closed(CONNECTIONS, until);
    let unwatched = publish(Closed::After(during))?;
    let before = server.memory();
    let (stream, started) = (open(&server)?, Instant::now());
    let reading = read(stream);
    let watched = publish(Closed::After(during))?;
    // One more event, so that what was left out before is told.
    thread::sleep(Duration::from_secs(1));
    let last = publish(Closed::Events(1))?;
    thread::sleep(Duration::from_secs(1));
    let (rss, seconds) = (server.memory().rss, started.elapsed().as_secs_f64());
    drop(server);
    let seen = reading.join().map_err(|_| "the reader of the tail has panicked".to_owned())?;
    let published = watched.acked + last.acked;
    if seen.rows + seen.left_out != published {
        let TailCounts { rows, left_out } = seen;
        return Err(format!(
            "{rows} rows and {left_out} left out are not the {published} events that were published"
        ));
    }
    let rate = |acked: u64, seconds: f64| real(acked) / seconds;
    let (with, without) = (rate(watched.acked, watched.seconds), rate(unwatched.acked, unwatched.seconds));
    section.line("events/s without a tail", "/s", &[without]);
    section.line("events/s with a tail", "/s", &[with]);
    section.line("with a tail over without", "", &[with / without]);
    section.limited("rows/s that were sent", "/s", &[real(seen.rows) / seconds], ROWS);
    section.line("events that were counted instead", "", &[real(seen.left_out)]);
    section.limited("RSS more than before the tail", "MiB", &[rss - before.rss], MEMORY);
    Ok(section)
}

/// The rows of a tail, and those that it left out.
#[derive(Debug, Clone, Copy, Default)]
struct TailCounts {
    rows: u64,
    left_out: u64,
}

fn open(server: &Footbridge) -> Outcome<BufReader<TcpStream>> {
    let failed = |error: std::io::Error| format!("the tail: {error}");
    let mut stream = TcpStream::connect(server.address).map_err(failed)?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
    let token = Footbridge::admin_token();
    let request = format!("GET /api/v1/tail?kinds=event HTTP/1.0\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let (mut lines, mut line) = (BufReader::new(stream), String::new());
    while !line.starts_with("event: ping") {
        line.clear();
        if lines.read_line(&mut line).map_err(failed)? == 0 {
            return Err("the tail ended before it began".to_owned());
        }
    }
    Ok(lines)
}

/// Counts rows until the server ends.
fn read(lines: BufReader<TcpStream>) -> JoinHandle<TailCounts> {
    thread::spawn(move || {
        let (mut seen, mut is_gap) = (TailCounts::default(), false);
        for line in lines.lines().map_while(Result::ok) {
            match line.split_once(": ") {
                Some(("event", kind)) => {
                    is_gap = kind == "gap";
                    seen.rows += u64::from(kind == "event");
                }
                Some(("data", data)) if is_gap => {
                    let count = data.trim_start_matches("{\"n\":").trim_end_matches('}').parse::<u64>();
                    seen.left_out += count.unwrap_or(0);
                }
                _ => {}
            }
        }
        seen
    })
}
