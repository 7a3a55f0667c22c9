//! Runs a server: starts its threads, answers requests, and drains at the end.

use super::build::{Built, proxies};
use super::console;
use super::error::ServeError;
use super::threads::{self, Running};
use crate::shutdown::Drain;
use footbridge_engine::{Engine, SessionEnd, Started};
use footbridge_server::ServerState;
use footbridge_server::health::Health;
use footbridge_server::listen::{ConnectionSlots, Shard, ShardHandle, ShardOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// The `nice` value of the delivery thread, from 0 to 19. With 5 it gets about a third of a busy processor.
const DELIVERY_NICENESS: i32 = 5;

/// Time limit for connections to close after the work has ended, and for the work of a server whose session is lost.
const LINGER: Duration = Duration::from_secs(1);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to end.
    Drained,
    /// Another server ended its session in the store that they share. It may join again.
    SessionLost,
}

/// Answers requests until `drain` starts or the session is lost. Then it finishes its work and leaves the store. Must run
/// on a current-thread runtime.
///
/// # Errors
/// [`ServeError::Journal`] if the journal stopped after an error, [`ServeError::Thread`] if the system refuses a thread.
pub async fn run(built: Built, drain: Drain) -> Result<Ended, ServeError> {
    let Built { listener, console_server, started, shared, courier, health, config, warnings, .. } = built;
    let (draining, is_draining) = watch::channel(false);
    let (stop, is_stopped) = watch::channel(false);
    let engine = started.engine.clone();
    let Delivering { thread: delivering, finished: delivered, lost } =
        deliver(started, is_draining.clone(), is_stopped.clone())?;
    let (mut threads, mut handles): (Vec<Running>, Vec<ShardHandle>) = (Vec::new(), Vec::new());
    for number in 0..config.server.shards.max(1) {
        let options = ShardOptions { shared: Arc::clone(&shared), courier: Arc::clone(&courier) };
        let (shard, handle) = Shard::new(options);
        let stopped = is_stopped.clone();
        threads.push(threads::spawn(&format!("shard-{number}"), move || Box::pin(shard.run(stopped)))?);
        handles.push(handle);
    }
    engine.boot().await;
    health.set_ready(warnings);
    let most = usize::try_from(config.server.connections).unwrap_or(usize::MAX);
    let places = ConnectionSlots::new(most, proxies(&config), Arc::clone(&shared.metrics));
    threads.extend(console::serve(console_server, &config, &courier, &is_stopped)?);
    let accepting = tokio::spawn(listener.accept(handles, places, is_stopped));
    let summing_up = tokio::spawn(sum_up(Arc::clone(&shared)));
    let ended = wait(&engine, &health, drain, lost).await;
    summing_up.abort();
    engine.drain();
    let is_lost = matches!(ended, Ok(Ended::SessionLost));
    let finished = async {
        if is_lost {
            engine.end_apps().await;
        } else {
            engine.stop_apps().await;
        }
        draining.send_replace(true);
        engine.idle().await;
        // An error means that the thread has panicked; then its work has ended, too.
        let _ = delivered.await;
    };
    let limit = if is_lost { LINGER } else { config.server.drain };
    if tokio::time::timeout(limit, finished).await.is_err() && !is_lost {
        tracing::warn!("the drain time is over; deliveries in flight become pending again");
    }
    draining.send_replace(true);
    stop.send_replace(true);
    let _ = accepting.await;
    let closed = async {
        for thread in threads {
            thread.ended().await;
        }
    };
    let _ = tokio::time::timeout(LINGER, closed).await;
    if let Err(error) = engine.leave().await {
        tracing::debug!(%error, "cannot leave the store; the other servers end the session in some seconds");
    }
    delivering.ended().await;
    if let Err(error) = engine.close_journal().await {
        tracing::warn!(%error, "cannot close the journal");
    }
    ended
}

/// Waits until the drain starts, the session is lost or the journal stops.
async fn wait(
    engine: &Engine,
    health: &Health,
    mut drain: Drain,
    lost: oneshot::Receiver<()>,
) -> Result<Ended, ServeError> {
    tokio::select! {
        () = drain.started() => {
            health.set_draining();
            Ok(Ended::Drained)
        }
        // Fails if the membership ends in another way.
        Ok(()) = lost => {
            tracing::error!(
                "another server has ended the session of this one, which was silent; it stops its work and joins again"
            );
            health.set_draining();
            Ok(Ended::SessionLost)
        }
        reason = engine.journal_stopped() => {
            tracing::error!(reason, "the journal has stopped");
            health.set_stopped(&reason);
            Err(ServeError::Journal(reason))
        }
    }
}

/// Logs the number of refused credentials every minute.
async fn sum_up(shared: Arc<ServerState>) {
    let mut minutes = tokio::time::interval(Duration::from_mins(1));
    loop {
        minutes.tick().await;
        shared.metrics.log_refused_credentials();
    }
}

/// Lowers the priority of the calling thread below that of the threads that answer requests: clients wait for answers,
/// while deliveries are stored on the disk.
fn lower_priority() {
    // On Linux this sets the priority of the calling thread only.
    if let Err(error) = rustix::process::setpriority_process(None, DELIVERY_NICENESS) {
        tracing::debug!(%error, "cannot lower the priority of deliveries");
    }
}

/// The thread that delivers.
struct Delivering {
    thread: Running,
    /// Notifies that all deliveries in flight have ended.
    finished: oneshot::Receiver<()>,
    /// Notifies that another server has ended the session.
    lost: oneshot::Receiver<()>,
}

/// Runs the dispatcher, the retention task, the app monitor, the statistics and the membership on a thread of their own.
fn deliver(
    started: Started,
    draining: watch::Receiver<bool>,
    mut stopped: watch::Receiver<bool>,
) -> Result<Delivering, ServeError> {
    let Started { dispatcher, retention, job_runner, app_monitor, collector, membership, .. } = started;
    let (finish, finished) = oneshot::channel();
    let (lose, lost) = oneshot::channel();
    let thread = threads::spawn("deliver", move || {
        lower_priority();
        Box::pin(async move {
            tokio::task::spawn_local(retention.run(draining.clone()));
            let member = tokio::task::spawn_local(async move {
                if membership.run().await == SessionEnd::Lost {
                    let _ = lose.send(());
                }
            });
            tokio::task::spawn_local(app_monitor.run(draining.clone()));
            tokio::task::spawn_local(collector.run(draining.clone()));
            tokio::task::spawn_local(job_runner.run());
            tokio::select! {
                () = dispatcher.run(draining) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
            let _ = finish.send(());
            // The session lives until nothing is written any more.
            let _ = member.await;
        })
    })?;
    Ok(Delivering { thread, finished, lost })
}
