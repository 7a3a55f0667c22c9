//! Randomness from the operating system.

use footbridge_model::time::Entropy;

/// The random source of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Every secret made from now on could be guessed, and no caller could prevent it.
            tracing::error!(%error, "the operating system provides no randomness; the process ends");
            std::process::abort();
        }
    }
}
