//! What pages load from the server, and what shows that a page is an app's.

mod cookie;
pub(crate) mod farewell;
mod files;
mod mask;

pub(crate) use cookie::{NAME, PageKey, asks_for_page, is_page};
pub(crate) use files::{File, find, is_known, plain, serve};
pub(crate) use mask::{Mask, Masked};
