//! Failures of a call.

use super::call_state::CallState;
use super::console::NO_MODULES;
use super::show;
use crate::message::FunctionError;
use rquickjs::{CaughtError, Ctx, Error};

/// The longest message of a failure in bytes. Exceptions may have longer texts, which are cut.
const MESSAGE_MAX: usize = 8 << 10;

/// Reason why a call failed.
#[derive(Debug)]
pub(super) struct CallFailure {
    /// The message with the stack.
    pub(super) message: String,
    /// True if the call exceeded its time limit or could never end.
    pub(super) timed_out: bool,
    /// True if a limit interrupted the engine, whose state can then not be relied on.
    pub(super) interrupted: bool,
}

impl CallFailure {
    /// A failure of the function itself.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), timed_out: false, interrupted: false }
    }

    /// Converts an exception, or a limit that appears as one.
    pub(super) fn from_error(ctx: &Ctx<'_>, state: &CallState, error: Error) -> Self {
        let caught = CaughtError::from_error(ctx, error);
        // If there is no memory for the exception either, the engine throws `null`.
        let empty = matches!(&caught, CaughtError::Value(value) if value.is_null());
        let text = match caught {
            CaughtError::Exception(exception) => show::exception(ctx, &exception),
            CaughtError::Value(value) => format!("it threw {}", show::value(ctx, &value)),
            CaughtError::Error(error) => error.to_string(),
        };
        if state.expired() {
            return Self::timed_out(state, &text);
        }
        let memory = state.limits.memory;
        let message = if empty {
            format!(
                "the function needs more than {memory} bytes of memory, or it threw null (these cannot be distinguished)"
            )
        } else if text.starts_with("InternalError: out of memory") {
            format!("the function needs more than {memory} bytes of memory\n{text}")
        } else if text.starts_with("ReferenceError: could not load module") {
            return Self::new(format!("{NO_MODULES}\n{text}"));
        } else {
            return Self::new(text);
        };
        Self { message, timed_out: false, interrupted: true }
    }

    /// A call that exceeded its time limit. `text` has the stack where it was interrupted, if known.
    pub(super) fn timed_out(state: &CallState, text: &str) -> Self {
        let took = state.limits.timeout;
        // Drops the engine's message before the stack, which adds nothing.
        let stack = text.split_once('\n').map_or("", |(_, stack)| stack);
        let line = if stack.is_empty() { "" } else { "\n" };
        let message = format!("the function took longer than {took:?} and was stopped{line}{stack}");
        Self { message, timed_out: true, interrupted: true }
    }

    /// Converts this to the message for the server.
    pub(super) fn into_error(mut self, state: &CallState) -> FunctionError {
        self.message = state.fix_columns(self.message);
        if self.message.len() > MESSAGE_MAX {
            self.message.truncate(self.message.floor_char_boundary(MESSAGE_MAX));
            self.message.push_str(" …");
        }
        FunctionError { message: self.message, timed_out: self.timed_out }
    }
}
