//! The cost of an idle server, and the time that it needs to start.

use super::Bench;
use crate::Outcome;
use crate::report::{Limit, Section};
use crate::targets::Setup;
use std::time::Duration;

/// Number of starts that are measured.
const STARTS: usize = 10;
const MEMORY: Limit = Limit::AtMost(25.0);
const READY: Limit = Limit::AtMost(100.0);
/// Time after a start at which memory is measured again; temporary memory has been freed by then.
const LATER: Duration = Duration::from_secs(5);

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let mut section = Section::new("idle", format!("{STARTS} starts, two apps and a link"));
    let (mut first, mut again) = (Vec::new(), Vec::new());
    let mut server = None;
    for _ in 0..STARTS {
        let new = bench.quiet.turn(|| bench.footbridge(&Setup::default()))?;
        first.push(millis(new.started_in));
        let (used, _) = new.restart(bench.workspace, bench.program)?;
        again.push(millis(used.started_in));
        server = Some(used);
    }
    let server = server.ok_or("nothing was started")?;
    section.limited("spawn → ready, new database", "ms", &first, READY);
    section.limited("spawn → ready, used database", "ms", &again, READY);
    let now = server.memory();
    std::thread::sleep(LATER);
    let (later, used) = (server.memory(), server.cpu_seconds());
    section.limited("RSS after the start", "MiB", &[now.rss], MEMORY);
    section.limited("PSS after the start", "MiB", &[now.pss], MEMORY);
    section.limited("RSS 5 s later", "MiB", &[later.rss], MEMORY);
    section.limited("PSS 5 s later", "MiB", &[later.pss], MEMORY);
    std::thread::sleep(LATER);
    section.line("processor time in 5 s of nothing", "ms", &[(server.cpu_seconds() - used) * 1e3]);
    Ok(section)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
