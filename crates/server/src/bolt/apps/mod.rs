//! The API of apps: install, start, stop, look at, remove.

mod access;
mod endpoint;
mod logs;
mod parse;
mod route;
mod view;

pub(crate) use route::apps;
