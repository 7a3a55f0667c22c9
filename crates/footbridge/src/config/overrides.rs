//! Options of the command line that allow what a start refuses as a likely mistake.

/// Checks that the operator turned off for one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overrides {
    /// `--new-database`: start with an empty database although files of an earlier one exist.
    pub new_database: bool,
    /// `--accept-clock`: accept the machine's clock even if it is far from the time of the database's last use.
    pub accept_clock: bool,
}
