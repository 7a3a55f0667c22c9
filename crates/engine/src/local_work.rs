//! Work for the thread of the dispatcher. A courier belongs to one thread, and callers of the engine may be on any.

use footbridge_courier::Courier;
use std::pin::Pin;
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot};

/// The most work that waits for the thread.
const MAX_WAITING: usize = 64;

type Work = Box<dyn FnOnce(Rc<Courier>) -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Hands work to the dispatcher's thread.
#[derive(Clone)]
pub(crate) struct LocalWork(mpsc::Sender<Work>);

/// The work that waits for the dispatcher's thread.
pub(crate) struct LocalWorkQueue(mpsc::Receiver<Work>);

impl LocalWork {
    /// Makes the sending and the receiving end.
    pub(crate) fn channel() -> (Self, LocalWorkQueue) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        (Self(sender), LocalWorkQueue(receiver))
    }

    /// Runs `work` on the dispatcher's thread and returns its result, or `None` if the server ends first. The work goes on
    /// if the caller hangs up.
    pub(crate) async fn run<T, F>(&self, work: impl FnOnce(Rc<Courier>) -> F + Send + 'static) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
    {
        let (done, result) = oneshot::channel();
        let work: Work = Box::new(move |courier| {
            let work = work(courier);
            Box::pin(async move {
                // The caller may have hung up.
                let _ = done.send(work.await);
            })
        });
        self.0.send(work).await.ok()?;
        result.await.ok()
    }
}

impl LocalWorkQueue {
    /// Starts what arrives. Needs a `LocalSet`.
    pub(crate) async fn serve(mut self, courier: Rc<Courier>) {
        while let Some(work) = self.0.recv().await {
            tokio::task::spawn_local(work(Rc::clone(&courier)));
        }
    }
}
