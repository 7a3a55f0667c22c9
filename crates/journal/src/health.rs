//! The state of a journal, for probes and operators.

/// Problems and warnings. Everybody who may probe the server sees the texts, so they name no paths and no processes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalHealth {
    /// Why nothing new is accepted at the moment; empty when all is well. Reads continue.
    pub problems: Vec<String>,
    /// Things that an operator should look at. The journal works all the same.
    pub warnings: Vec<String>,
}
