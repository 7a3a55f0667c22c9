//! Running: threads start, the server answers, and in the end it drains.

use super::build::{Built, ServeError, proxies};
use super::threads::{self, Running};
use crate::shutdown::Drain;
use footbridge_engine::{AppMonitor, Dispatcher, Engine, House};
use footbridge_server::Shared;
use footbridge_server::health::Health;
use footbridge_server::listen::{Places, Shard, ShardHandle, ShardOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How far deliveries stand back, from 0 to 19: about a third of a processor is left to them where all want one.
const DELIVERY_NICENESS: i32 = 5;

/// How long connections may take to end after the work has.
const LINGER: Duration = Duration::from_secs(1);

/// Answers until `drain` begins, then drains. Runs on a current-thread runtime.
///
/// # Errors
/// [`ServeError::Journal`] when the journal stopped by itself, [`ServeError::Thread`] when the system
/// gives no thread.
pub async fn run(built: Built, drain: Drain) -> Result<(), ServeError> {
    let Built { listener, started, shared, courier, health, config, warnings, .. } = built;
    let (draining, is_draining) = watch::channel(false);
    let (stop, is_stopped) = watch::channel(false);
    let engine = started.engine;
    let delivering = deliver(
        (started.dispatcher, started.house, started.app_monitor),
        is_draining.clone(),
        is_stopped.clone(),
    )?;
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
    let places = Places::new(most, proxies(&config), Arc::clone(&shared.metrics));
    let accepting = tokio::spawn(listener.accept(handles, places, is_stopped));
    let summing_up = tokio::spawn(sum_up(Arc::clone(&shared)));
    let ended = wait(&engine, &health, drain).await;
    summing_up.abort();
    engine.drain();
    let finished = async {
        engine.stop_apps().await;
        draining.send_replace(true);
        engine.idle().await;
        delivering.ended().await;
    };
    if tokio::time::timeout(config.server.drain, finished).await.is_err() {
        tracing::warn!("the drain time is over: deliveries under way go back to pending");
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
    if let Err(error) = engine.close_journal().await {
        tracing::warn!(%error, "the journal did not close well");
    }
    ended
}

/// Waits for the order to drain, or for a journal that can no longer keep anything.
async fn wait(engine: &Engine, health: &Health, mut drain: Drain) -> Result<(), ServeError> {
    tokio::select! {
        () = drain.begun() => {
            health.set_draining();
            Ok(())
        }
        reason = engine.journal_stopped() => {
            tracing::error!(reason, "the journal has stopped");
            health.set_stopped(&reason);
            Err(ServeError::Journal(reason))
        }
    }
}

/// Lets the log say every minute how many credentials were refused.
async fn sum_up(shared: Arc<Shared>) {
    let mut minutes = tokio::time::interval(Duration::from_mins(1));
    loop {
        minutes.tick().await;
        shared.metrics.sum_up_refusals();
    }
}

/// Lets the threads that take requests go first where processors are short: somebody waits for those, and what is
/// to be delivered is on disk.
fn give_way() {
    // On Linux this is the calling thread's own.
    if let Err(error) = rustix::process::setpriority_process(None, DELIVERY_NICENESS) {
        tracing::debug!(%error, "deliveries do not give way to requests");
    }
}

/// Runs the dispatcher, the housekeeper and the app monitor on a thread of their own.
fn deliver(
    (dispatcher, house, app_monitor): (Dispatcher, House, AppMonitor),
    draining: watch::Receiver<bool>,
    mut stopped: watch::Receiver<bool>,
) -> Result<Running, ServeError> {
    let running = threads::spawn("deliver", move || {
        give_way();
        Box::pin(async move {
            tokio::task::spawn_local(house.run(draining.clone()));
            tokio::task::spawn_local(app_monitor.run(draining.clone()));
            tokio::select! {
                () = dispatcher.run(draining) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        })
    })?;
    Ok(running)
}
