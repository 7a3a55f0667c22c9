//! What an app costs that is started when an event needs it, and what it costs while it has nothing to do.

use super::Bench;
use crate::Outcome;
use crate::machine::{self, monotonic};
use crate::report::{Bar, Section};
use crate::stage::Stage;
use crate::stats::real;
use crate::targets::{App, Footbridge, Kind, Setup, free_address};
use std::process::Command;
use std::time::Duration;

/// How many apps run side by side for the figures of memory.
const IDLE: u32 = 10;
/// How long an app may take to say something.
const PATIENCE: Duration = Duration::from_secs(20);
/// When memory is looked at: what a start leaves behind has been given back by then.
const LATER: Duration = Duration::from_secs(3);
const OVERHEAD: Bar = Bar::AtMost(50.0);
/// Both processes of ours that stand around an app.
const HELPERS: Bar = Bar::AtMost(3.0);
const GROWTH: Bar = Bar::AtMost(1.0);

pub(super) fn run(bench: &Bench<'_>) -> Outcome<Section> {
    let starts = bench.plan.pairs * 3;
    let about = format!("{starts} cold starts of each kind; {IDLE} idle apps");
    let mut section = Section::new("apps", about);
    let server = bench.footbridge(&Setup { apps: true, ..Setup::default() })?;
    for kind in [Kind::Command, Kind::Hosted] {
        let app = server.install(bench.stage, kind, kind.name())?;
        let (mut bare, mut cold, mut warm) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..starts {
            let [alone, started, running] = bench.quiet.turn(|| turn(bench.stage, &server, &app))?;
            bare.push(alone);
            cold.push(started);
            warm.push(running);
        }
        let over: Vec<f64> = cold.iter().zip(&bare).map(|(cold, bare)| cold - bare).collect();
        section.line(format!("{kind}: spawn → listening, bare"), "ms", &bare);
        section.line(format!("{kind}: publish → delivered, app down"), "ms", &cold);
        section.judged(format!("{kind}: cold start beyond its own boot"), "ms", &over, OVERHEAD);
        section.line(format!("{kind}: publish → delivered, app up"), "ms", &warm);
    }
    memory(bench, &server, &mut section)?;
    Ok(section)
}

/// The app by itself, then started by an event, then sent another one; milliseconds.
fn turn(stage: &Stage, server: &Footbridge, app: &App) -> Outcome<[f64; 3]> {
    let bare = alone(stage, app)?;
    let delivered = || -> Outcome<f64> {
        let (seen, begun) = (app.times("delivered").len(), monotonic());
        server.publish_to(&app.name)?;
        Ok((app.wait_for("delivered", seen, PATIENCE)? - begun) * 1e3)
    };
    let cold = delivered()?;
    let warm = delivered()?;
    server.stop_app(&app.name)?;
    Ok([bare, cold, warm])
}

fn alone(stage: &Stage, app: &App) -> Outcome<f64> {
    let (seen, begun) = (app.times("listening").len(), monotonic());
    let mut node = Command::new("node");
    node.arg("bare.js").current_dir(&app.dir).env("PORT", free_address()?.port().to_string());
    let running = stage.start(&mut node, &app.dir)?;
    let listening = app.wait_for("listening", seen, PATIENCE)?;
    running.stop();
    Ok((listening - begun) * 1e3)
}

fn memory(bench: &Bench<'_>, server: &Footbridge, section: &mut Section) -> Outcome<()> {
    std::thread::sleep(LATER);
    let before = machine::alone(server.program.id());
    for number in 0..IDLE {
        let app = server.install(bench.stage, Kind::Hosted, &format!("idle-{number}"))?;
        server.publish_to(&app.name)?;
        app.wait_for("delivered", 0, PATIENCE)?;
    }
    std::thread::sleep(LATER);
    let after = machine::alone(server.program.id());
    let helpers = machine::running(server.program.id(), bench.program);
    let each = |sum: f64| [sum / real(u64::from(IDLE))];
    let sum = |part: fn(&machine::Memory) -> f64| helpers.iter().map(part).sum::<f64>();
    section.line("processes of ours around an app", "", &each(real(helpers.len() as u64)));
    section.line("RSS of ours around an app", "MiB", &each(sum(|memory| memory.rss)));
    section.judged(
        "private memory of ours around an app",
        "MiB",
        &each(sum(|memory| memory.private)),
        HELPERS,
    );
    section.judged("growth of the server for an app", "MiB", &each(after.rss - before.rss), GROWTH);
    Ok(())
}
