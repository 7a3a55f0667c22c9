//! Files that pages load from the server, the page cookie, and masking of run tokens.

mod cookie;
mod files;
mod token_mask;
pub(crate) mod worker_removal;

pub(crate) use cookie::{COOKIE_PREFIX, PageKey, asks_for_page, is_page};
pub(crate) use files::{File, find, is_known, plain, serve};
pub(crate) use token_mask::{MaskedBody, TokenMask};
