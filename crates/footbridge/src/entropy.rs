//! Randomness from the operating system.

use footbridge_model::time::Entropy;

/// The system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Every secret made from here on would be guessable; there is nobody above who could mend that.
            tracing::error!(%error, "the system gives no randomness; stopping");
            std::process::abort();
        }
    }
}
