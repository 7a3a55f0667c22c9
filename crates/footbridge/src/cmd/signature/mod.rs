//! The commands `footbridge sign` and `footbridge verify`, which work offline.

mod check;
mod guess;
mod input;
mod sign;
mod verify;

pub use sign::{SignArgs, sign};
pub use verify::{VerifyArgs, verify};
