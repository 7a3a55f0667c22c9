//! What pages load from the server, and what shows that a page is an app's.

mod cookie;
mod files;

pub(crate) use cookie::{NAME, PageKey, is_page};
pub(crate) use files::{File, find, serve};
