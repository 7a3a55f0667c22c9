//! Threads, each with its own single-threaded runtime.

use std::io;
use std::pin::Pin;
use std::thread::JoinHandle;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// The future that a thread runs.
pub(super) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A started thread and the notification of its end.
#[derive(Debug)]
pub(super) struct Running {
    handle: JoinHandle<()>,
    ended: oneshot::Receiver<()>,
}

/// Starts a thread with a single-threaded runtime and runs the work that `make` returns there.
///
/// # Errors
/// The system refuses the thread or the runtime.
pub(super) fn spawn<M>(name: &str, make: M) -> io::Result<Running>
where
    M: FnOnce() -> Work + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (done, ended) = oneshot::channel();
    let handle = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        LocalSet::new().block_on(&runtime, make());
        let _ = done.send(());
    })?;
    Ok(Running { handle, ended })
}

impl Running {
    /// Waits until the work has ended, also after a panic.
    pub(super) async fn ended(self) {
        // A panic drops the sender, which ends the wait too.
        let _ = self.ended.await;
        let _ = self.handle.join();
    }
}
