//! The cost of an app that is started when an event needs it, and of an app that is idle.

use super::Bench;
use crate::Outcome;
use crate::machine::{self, monotonic};
use crate::report::{Limit, Section};
use crate::stats::real;
use crate::targets::{App, Footbridge, Kind, Setup, free_address};
use crate::workspace::Workspace;
use std::process::Command;
use std::time::Duration;

/// Number of apps that run side by side for the memory figures.
const IDLE: u32 = 10;
/// Time limit for a sign of life of an app.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time after a start at which memory is measured; temporary memory has been freed by then.
const LATER: Duration = Duration::from_secs(3);
const OVERHEAD: Limit = Limit::AtMost(50.0);
/// Limit for both helper processes of an app together.
const HELPERS: Limit = Limit::AtMost(3.0);
const GROWTH: Limit = Limit::AtMost(1.0);

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let starts = bench.plan.pairs * 3;
    let about = format!("{starts} cold starts of each kind; {IDLE} idle apps");
    let mut section = Section::new("apps", about);
    let server = bench.footbridge(&Setup { apps: true, ..Setup::default() })?;
    for kind in [Kind::Command, Kind::Hosted] {
        let app = server.install(bench.workspace, kind, kind.name())?;
        let (mut bare, mut cold, mut warm) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..starts {
            let [alone, started, running] = bench.quiet.turn(|| turn(bench.workspace, &server, &app))?;
            bare.push(alone);
            cold.push(started);
            warm.push(running);
        }
        let over: Vec<f64> = cold.iter().zip(&bare).map(|(cold, bare)| cold - bare).collect();
        section.line(format!("{kind}: spawn → listening, bare"), "ms", &bare);
        section.line(format!("{kind}: publish → delivered, app down"), "ms", &cold);
        section.limited(format!("{kind}: cold start beyond its own boot"), "ms", &over, OVERHEAD);
        section.line(format!("{kind}: publish → delivered, app up"), "ms", &warm);
    }
    memory(bench, &server, &mut section)?;
    Ok(section)
}

/// Returns the start time of the app by itself, the time until an event has started it and was delivered, and the time
/// until the next event was delivered; in milliseconds.
fn turn(workspace: &Workspace, server: &Footbridge, app: &App) -> Outcome<[f64; 3]> {
    let bare = alone(workspace, app)?;
    let delivered = || -> Outcome<f64> {
        let (seen, started) = (app.times("delivered").len(), monotonic());
        server.publish_to(&app.name)?;
        Ok((app.wait_for("delivered", seen, TIMEOUT)? - started) * 1e3)
    };
    let cold = delivered()?;
    let warm = delivered()?;
    server.stop_app(&app.name)?;
    Ok([bare, cold, warm])
}

fn alone(workspace: &Workspace, app: &App) -> Outcome<f64> {
    let (seen, started) = (app.times("listening").len(), monotonic());
    let mut node = Command::new("node");
    node.arg("bare.js").current_dir(&app.dir).env("PORT", free_address()?.port().to_string());
    let running = workspace.start(&mut node, &app.dir)?;
    let listening = app.wait_for("listening", seen, TIMEOUT)?;
    running.stop();
    Ok((listening - started) * 1e3)
}

fn memory(bench: &Bench<'_>, server: &Footbridge, section: &mut Section) -> Outcome<()> {
    std::thread::sleep(LATER);
    let before = machine::alone(server.program.id());
    for number in 0..IDLE {
        let app = server.install(bench.workspace, Kind::Hosted, &format!("idle-{number}"))?;
        server.publish_to(&app.name)?;
        app.wait_for("delivered", 0, TIMEOUT)?;
    }
    std::thread::sleep(LATER);
    let after = machine::alone(server.program.id());
    let helpers = machine::running(server.program.id(), bench.program);
    let each = |sum: f64| [sum / real(u64::from(IDLE))];
    let sum = |part: fn(&machine::Memory) -> f64| helpers.iter().map(part).sum::<f64>();
    section.line("processes of ours around an app", "", &each(real(helpers.len() as u64)));
    section.line("RSS of ours around an app", "MiB", &each(sum(|memory| memory.rss)));
    section.limited(
        "private memory of ours around an app",
        "MiB",
        &each(sum(|memory| memory.private)),
        HELPERS,
    );
    section.limited("growth of the server for an app", "MiB", &each(after.rss - before.rss), GROWTH);
    Ok(())
}
