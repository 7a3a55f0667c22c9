//! Threads with a runtime of their own.

use std::io;
use std::pin::Pin;
use std::thread::JoinHandle;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// Work of one thread.
pub(super) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A thread under way.
#[derive(Debug)]
pub(super) struct Running {
    handle: JoinHandle<()>,
    ended: oneshot::Receiver<()>,
}

/// Runs the work that `make` makes on a thread of its own, with a single-threaded runtime.
///
/// # Errors
/// When the system gives no thread or no runtime.
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
    /// Waits until the work has ended, well or by a panic.
    pub(super) async fn ended(self) {
        // A panic drops the sender, which counts as an end too.
        let _ = self.ended.await;
        let _ = self.handle.join();
    }
}
