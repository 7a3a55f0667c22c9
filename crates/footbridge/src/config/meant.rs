//! What the operator says is meant, where a start would refuse it as a likely mistake.

/// Words of the command line that hold for one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meant {
    /// `--new-database`: begin with an empty database although files of an earlier one are there.
    pub new_database: bool,
    /// `--accept-clock`: take the machine's clock as it is, however far it is from what the database has seen.
    pub accept_clock: bool,
}
