//! Changes that are made whole, even when whoever asked for them goes away.

use footbridge_journal::JournalError;

/// Makes a change as a task of its own: a caller that hangs up half-way must not leave the journal and
/// what readers see apart.
pub(crate) async fn whole<T: Send + 'static, E: From<JournalError> + Send + 'static>(
    change: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E> {
    let ended = |_| Err(JournalError::Stopped("the server is ending".to_owned()).into());
    tokio::spawn(change).await.unwrap_or_else(ended)
}
