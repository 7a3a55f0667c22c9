//! Who administers the server: users, roles, tokens, sessions of the console, and the ways to sign in.

mod audit;
mod callers;
mod codes;
mod error;
mod grants;
mod guesses;
mod hand_over;
mod lifetime;
mod passwords;
mod roles;
mod sessions;
mod sign_in;
mod store;
mod tokens;
mod users;
mod visitors;

pub use error::PeopleError;
pub use lifetime::{SESSION_IDLE, SESSION_MAX};
pub use sessions::{Client, NewSession};
pub use sign_in::{LINK_VALID, NewLink, ProvidedUser};
pub use store::People;
pub use tokens::{API_TOKEN_MARK, MadeToken, TokenSpec};
pub use users::{UserChange, UserSpec};
pub use visitors::Visitor;
