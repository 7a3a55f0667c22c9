//! How the process is told to end: the first signal drains, the second ends at once.

use std::{io, thread};

use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// Exit codes that shells give a process ended by these signals: 128 and the signal's number.
const BY_HANGUP: i32 = 129;
const BY_INTERRUPT: i32 = 130;
const BY_TERMINATE: i32 = 143;

/// Tells that it is time to drain. Cheap to clone, usable on every runtime.
#[derive(Debug, Clone)]
pub struct Drain(watch::Receiver<bool>);

impl Drain {
    /// Whether draining has begun.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until draining begins; at once when it has.
    pub async fn begun(&mut self) {
        // An error means that whoever could begin it is gone, which ends the work all the same.
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}

/// Begins the draining.
#[derive(Debug, Clone)]
pub struct DrainTrigger(watch::Sender<bool>);

impl DrainTrigger {
    /// Begins it; no effect the second time.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }
}

/// A drain that only its trigger begins.
pub fn by_hand() -> (DrainTrigger, Drain) {
    let (sender, receiver) = watch::channel(false);
    (DrainTrigger(sender), Drain(receiver))
}

/// A drain that SIGTERM, SIGINT or SIGHUP begins; the second signal ends the process with 143, 130 or 129.
///
/// SIGHUP is what a closed terminal sends, and its default would end the server in the middle of its work. Nothing is
/// read again on it: what the configuration says is applied whole, at a start.
///
/// Signals are waited for on a thread of their own, so that the second one counts even when every runtime is stuck.
///
/// # Errors
/// When the system lets us have no handlers or no thread.
pub fn by_signals() -> io::Result<(DrainTrigger, Drain)> {
    let (trigger, drain) = by_hand();
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        }
    };
    let begin = trigger.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            signals.next().await;
            tracing::info!("draining; a second signal ends at once");
            begin.begin();
            let code = signals.next().await;
            tracing::warn!("ended by a second signal before draining was done");
            std::process::exit(code);
        });
    })?;
    Ok((trigger, drain))
}

struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.hangup.recv() => BY_HANGUP,
            _ = self.interrupt.recv() => BY_INTERRUPT,
            _ = self.terminate.recv() => BY_TERMINATE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_is_seen_by_every_clone() {
        let (trigger, mut drain) = by_hand();
        let mut other = drain.clone();
        assert!(!drain.has_begun());
        trigger.begin();
        trigger.begin();
        drain.begun().await;
        other.begun().await;
        assert!(other.has_begun());
    }
}
