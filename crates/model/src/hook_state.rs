//! The states that hold back the deliveries of a hook: a pause, and that it is switched off.

use crate::time::Millis;

/// The longest reason that is stored with a pause or a cancelled delivery, in characters.
pub const REASON_MAX: usize = 200;

/// A pause of a hook's lane: no attempt starts until the lane is resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// When the lane was paused.
    pub at: Millis,
    /// The name of whoever paused it.
    pub by: String,
    /// The reason that was given.
    pub reason: Option<String>,
}

/// How a hook came to be switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchedOff {
    /// When it was switched off.
    pub at: Millis,
    /// Who switched it off; `None` if its receiver answered 410.
    pub by: Option<String>,
}

impl SwitchedOff {
    /// Returns true if the hook is off because its receiver answered 410.
    pub const fn is_gone(&self) -> bool {
        self.by.is_none()
    }
}
