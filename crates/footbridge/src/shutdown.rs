//! The end of the process: the first signal starts the drain, the second ends the process at once.

use std::{io, thread};

use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// Exit codes after these signals, as shells report them: 128 plus the number of the signal.
const BY_HANGUP: i32 = 129;
const BY_INTERRUPT: i32 = 130;
const BY_TERMINATE: i32 = 143;

/// Notifies of the start of the drain. Cheap to clone, usable on every runtime.
#[derive(Debug, Clone)]
pub struct Drain(watch::Receiver<bool>);

impl Drain {
    /// Returns true if the drain has started.
    pub fn has_started(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the drain starts; returns at once if it has.
    pub async fn started(&mut self) {
        // An error means that the trigger was dropped. Then the process ends too.
        let _ = self.0.wait_for(|started| *started).await;
    }
}

/// The handle that starts the drain.
#[derive(Debug, Clone)]
pub struct DrainTrigger(watch::Sender<bool>);

impl DrainTrigger {
    /// Starts the drain; has no effect the second time.
    pub fn start(&self) {
        self.0.send_replace(true);
    }
}

/// Returns a drain that only the trigger starts.
pub fn by_hand() -> (DrainTrigger, Drain) {
    let (sender, receiver) = watch::channel(false);
    (DrainTrigger(sender), Drain(receiver))
}

/// Returns a drain that SIGTERM, SIGINT or SIGHUP starts. The second signal ends the process with exit code 143, 130 or
/// 129.
///
/// A closed terminal sends SIGHUP, whose default would end the server in the middle of its work. SIGHUP does not reload
/// the configuration, which is applied only at a start.
///
/// A separate thread waits for signals, so that the second one works even if every runtime is stuck.
///
/// # Errors
/// The system refuses the signal handlers or the thread.
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
    let on_signal = trigger.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            signals.next().await;
            tracing::info!("draining; a second signal ends the process at once");
            on_signal.start();
            let code = signals.next().await;
            tracing::warn!("the second signal ended the process before the drain was finished");
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
    async fn every_clone_is_notified_of_the_drain() {
        let (trigger, mut drain) = by_hand();
        let mut other = drain.clone();
        assert!(!drain.has_started());
        trigger.start();
        trigger.start();
        drain.started().await;
        other.started().await;
        assert!(other.has_started());
    }
}
