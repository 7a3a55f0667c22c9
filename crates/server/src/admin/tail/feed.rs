//! Fills a queue with what happens.

use super::super::AdminState;
use super::audit::AuditPosition;
use super::queue::TailQueue;
use super::rows::{Filter, Kind, LogRow, line, render};
use footbridge_engine::{TailNext, TailWatcher};
use footbridge_model::name::AppName;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often rows that were left out are told, and lines of output are read.
const TICK: Duration = Duration::from_millis(500);
/// The most lines of one app that are read at once.
const LINES: usize = 200;

/// The sources that the rows of a tail come from.
pub(super) struct Sources {
    pub(super) watcher: TailWatcher,
    /// The position from which changes are shown, if they are.
    pub(super) audit: Option<AuditPosition>,
}

/// Fills the queue until nobody reads it any more.
pub(super) async fn run(
    shared: Arc<AdminState>,
    id: u64,
    queue: Arc<TailQueue>,
    filter: Arc<Filter>,
    sources: Sources,
) {
    let Sources { mut watcher, audit } = sources;
    let mut changes = pin!(async {
        match audit {
            Some(position) => position.follow(&shared, &queue, &filter).await,
            None => std::future::pending().await,
        }
    });
    let mut logs = Logs::default();
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            biased;
            _ = tick.tick() => {
                if filter.has(Kind::Log) {
                    logs.read(&shared, &queue, &filter);
                }
                queue.flush();
                if queue.is_abandoned(Instant::now()) {
                    break;
                }
            }
            () = &mut changes => {}
            next = watcher.next() => match next {
                Some(TailNext::Item(item)) => {
                    if let Some(kind) = filter.picks(&item) {
                        queue.row(Instant::now(), kind, || render(&shared, &filter.caller, &item));
                    }
                }
                Some(TailNext::Missed(count)) => queue.leave_out(count),
                None => break,
            },
        }
    }
    shared.tails.remove(id);
    queue.close();
}

/// The positions in the output of apps.
#[derive(Default)]
struct Logs(HashMap<AppName, u64>);

impl Logs {
    /// Adds the lines that apps have written since the last call; the first call finds the ends.
    fn read(&mut self, shared: &AdminState, queue: &TailQueue, filter: &Filter) {
        for running in shared.engine.running_apps() {
            let name = &running.entry.app.name;
            if !filter.caller.may_see(name) {
                continue;
            }
            let known = self.0.get(name).copied();
            let (after, most) = known.map_or((0, usize::MAX), |after| (after, LINES));
            let Ok(lines) = shared.engine.output(name.as_str(), after, most) else { continue };
            if known.is_some() {
                for written in lines.iter().filter(|_| filter.picks_output(name)) {
                    queue.row(Instant::now(), "log", || {
                        line(&LogRow {
                            app: name.as_str(),
                            number: written.number,
                            at: written.at.to_string(),
                            stream: written.stream.as_str(),
                            text: &written.text,
                        })
                    });
                }
            }
            self.0.insert(name.clone(), lines.last().map_or(after, |last| last.number));
        }
    }
}
