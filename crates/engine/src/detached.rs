//! Work that continues after its caller has gone: the one mechanism for everything that must survive a hang-up.
//!
//! An HTTP connection drops the future of its request when the client disconnects. A publish, a change of the
//! registry or the start of an app must not stop half-way then: storage and the snapshots in memory would disagree.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Runs `work` in the caller's task. If the caller is dropped first, the rest of `work` runs as a task of the runtime.
///
/// Nothing is spawned in the usual case, so this costs one allocation.
pub(crate) fn detached<F>(work: F) -> Detached<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    Detached(Some(Box::pin(work)))
}

/// Runs `work`, which need not be `Send`, as a task of the current `LocalSet`. Returns `None` if the runtime shuts down
/// before `work` has finished.
///
/// The task is spawned at once, because a future cannot be handed to a `LocalSet` while it is dropped.
pub(crate) async fn detached_local<T: 'static>(work: impl Future<Output = T> + 'static) -> Option<T> {
    tokio::task::spawn_local(work).await.ok()
}

/// The future of [`detached`].
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Detached<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send + 'static> Future for Detached<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let output = ready!(work.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(output)
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Detached<F> {
    fn drop(&mut self) {
        // Without a runtime the process is ending; the next start recovers from the journal.
        if let (Some(work), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;
    use tokio::task::LocalSet;

    /// Work that finishes once the first sender is used, and then uses the second one.
    fn gated() -> (oneshot::Sender<()>, oneshot::Receiver<()>, impl Future<Output = ()> + Send) {
        let (go, gate) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel::<()>();
        let work = async move {
            gate.await.unwrap();
            done.send(()).unwrap();
        };
        (go, finished, work)
    }

    #[tokio::test]
    async fn work_finishes_with_its_caller_and_without() {
        assert_eq!(detached(async { 1 }).await, 1);
        let (go, finished, work) = gated();
        assert!(tokio::time::timeout(Duration::ZERO, detached(work)).await.is_err());
        go.send(()).unwrap();
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn local_work_finishes_with_its_caller_and_without() {
        let test = async {
            assert_eq!(detached_local(async { 1 }).await, Some(1));
            let (go, finished, work) = gated();
            assert!(tokio::time::timeout(Duration::ZERO, detached_local(work)).await.is_err());
            go.send(()).unwrap();
            finished.await.unwrap();
        };
        LocalSet::new().run_until(test).await;
    }
}
