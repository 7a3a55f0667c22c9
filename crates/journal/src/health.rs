//! How a journal is doing, for probes and operators.

/// What keeps a journal from its work at the moment, and what an operator should know of it. The texts are shown to
/// everybody who may probe the server, so they name no paths and no processes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalHealth {
    /// Why nothing is accepted at the moment; empty when all is well. Reads go on.
    pub problems: Vec<String>,
    /// What an operator should look at; the journal works all the same.
    pub warnings: Vec<String>,
}
