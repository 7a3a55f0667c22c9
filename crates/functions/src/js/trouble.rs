//! How a function does not end well.

use super::console::NO_MODULES;
use super::show;
use super::state::State;
use crate::message::Failed;
use rquickjs::{CaughtError, Ctx, Error};

/// Longer explanations are cut; an exception may hold whatever text it likes.
const MESSAGE: usize = 8 << 10;

/// What went wrong with a call.
#[derive(Debug)]
pub(super) struct Trouble {
    /// In words, with the stack.
    pub(super) message: String,
    /// Whether it took too long.
    pub(super) timed_out: bool,
    /// Whether a limit cut it off, so that the engine's inside is not to be relied on any more.
    pub(super) cut_off: bool,
}

impl Trouble {
    /// The function did something it may not.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), timed_out: false, cut_off: false }
    }

    /// An exception, or a limit that shows as one.
    pub(super) fn from_error(ctx: &Ctx<'_>, state: &State, error: Error) -> Self {
        let caught = CaughtError::from_error(ctx, error);
        // Without room for the exception that says so, the engine throws `null`.
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
                "the function needs more than {memory} bytes of memory, or it threw null: the two look the same"
            )
        } else if text.starts_with("InternalError: out of memory") {
            format!("the function needs more than {memory} bytes of memory\n{text}")
        } else if text.starts_with("ReferenceError: could not load module") {
            return Self::new(format!("{NO_MODULES}\n{text}"));
        } else {
            return Self::new(text);
        };
        Self { message, timed_out: false, cut_off: true }
    }

    /// It took too long; `text` is where it was stopped, if that is known.
    pub(super) fn timed_out(state: &State, text: &str) -> Self {
        let took = state.limits.timeout;
        // The engine's own words for it, before the stack, say no more than ours.
        let stack = text.split_once('\n').map_or("", |(_, stack)| stack);
        let line = if stack.is_empty() { "" } else { "\n" };
        let message = format!("the function took longer than {took:?} and was stopped{line}{stack}");
        Self { message, timed_out: true, cut_off: true }
    }

    /// For the server.
    pub(super) fn into_failed(mut self, state: &State) -> Failed {
        self.message = state.placed(self.message);
        if self.message.len() > MESSAGE {
            self.message.truncate(self.message.floor_char_boundary(MESSAGE));
            self.message.push_str(" …");
        }
        Failed { message: self.message, timed_out: self.timed_out }
    }
}
