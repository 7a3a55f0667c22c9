//! What a server costs that does nothing, and how soon it is there.

use super::Bench;
use crate::Outcome;
use crate::report::{Bar, Section};
use crate::targets::Setup;
use std::time::Duration;

/// How often it is started.
const STARTS: usize = 10;
const MEMORY: Bar = Bar::AtMost(25.0);
const READY: Bar = Bar::AtMost(100.0);
/// When memory is looked at again: what a start leaves behind has been given back by then.
const LATER: Duration = Duration::from_secs(5);

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let mut section = Section::new("idle", format!("{STARTS} starts, two apps and a link"));
    let (mut first, mut again) = (Vec::new(), Vec::new());
    let mut server = None;
    for _ in 0..STARTS {
        let new = bench.quiet.turn(|| bench.footbridge(&Setup::default()))?;
        first.push(millis(new.started_in));
        let (used, _) = new.restart(bench.stage, bench.program)?;
        again.push(millis(used.started_in));
        server = Some(used);
    }
    let server = server.ok_or("nothing was started")?;
    section.judged("spawn → ready, new database", "ms", &first, READY);
    section.judged("spawn → ready, used database", "ms", &again, READY);
    let now = server.memory();
    std::thread::sleep(LATER);
    let (later, used) = (server.memory(), server.cpu_seconds());
    section.judged("RSS after the start", "MiB", &[now.rss], MEMORY);
    section.judged("PSS after the start", "MiB", &[now.pss], MEMORY);
    section.judged("RSS 5 s later", "MiB", &[later.rss], MEMORY);
    section.judged("PSS 5 s later", "MiB", &[later.pss], MEMORY);
    std::thread::sleep(LATER);
    section.line("processor time in 5 s of nothing", "ms", &[(server.cpu_seconds() - used) * 1e3]);
    Ok(section)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
