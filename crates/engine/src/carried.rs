//! Work that is carried on to its end when whoever asked for it leaves.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Runs `work`; if the answer is dropped before it is there, the rest is done in the background. What was
/// handed to the journal is kept whether or not the caller stays, and lanes and pages must hear of it.
pub(crate) const fn carried<F>(work: Pin<Box<F>>) -> Carried<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    Carried(Some(work))
}

/// See [`carried`].
#[must_use = "it begins when it is awaited"]
pub(crate) struct Carried<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send + 'static> Future for Carried<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let done = ready!(work.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(done)
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Carried<F> {
    fn drop(&mut self) {
        // Without a runtime the process ends, and the next start finds it in the journal.
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

    #[tokio::test]
    async fn it_ends_with_its_caller_and_without() {
        assert_eq!(carried(Box::pin(async { 1 })).await, 1);
        let (go, gate) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel::<()>();
        let work = carried(Box::pin(async move {
            gate.await.unwrap();
            done.send(()).unwrap();
        }));
        assert!(tokio::time::timeout(Duration::ZERO, work).await.is_err());
        go.send(()).unwrap();
        ended.await.unwrap();
    }
}
