//! The API of installed apps: install, start, stop, list, show, remove, logs.

mod access;
mod endpoint;
mod logs;
mod parse;
mod route;
mod view;

pub(crate) use route::apps;
