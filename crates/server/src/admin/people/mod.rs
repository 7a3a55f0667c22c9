//! Handlers of users, roles, tokens and sessions, and of signing in.

pub(super) mod links;
mod parse;
pub(super) mod roles;
pub(super) mod session;
pub(super) mod sessions;
pub(super) mod tokens;
pub(super) mod users;
