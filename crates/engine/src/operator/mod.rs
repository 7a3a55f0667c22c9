//! Tests of hooks and receivers that an operator sends. They are shown completely and stored nowhere.

mod mask;
mod probes;
mod requests;
mod test_attempt;
mod verdict;

pub use probes::{Probe, Protocol, ReceiverTest, ReceiverTestError, ReceiverToTest};
pub use requests::TestError;
pub use test_attempt::{TestAnswer, TestAttempt};

pub(crate) use probes::{ProbeSetup, ReceiverTests};
pub(crate) use requests::{HookTest, hook_request, receiver_request};
pub(crate) use test_attempt::TestRequest;
